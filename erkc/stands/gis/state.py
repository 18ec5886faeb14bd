"""Everything the stand remembers: one SQLite file, so that a killed stand comes up again with what it had confirmed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from adapters.signing import SignatureError, read_certificate
from erkc.stands.gis.seed import SIGNATURES

__all__ = ["BadSeed", "SeedMissing", "Seeded", "State"]

_TABLES = """
CREATE TABLE IF NOT EXISTS seed (one INTEGER PRIMARY KEY CHECK (one = 1), content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS message (
  guid TEXT PRIMARY KEY, requester_guid TEXT NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL,
  sender TEXT NOT NULL, body BLOB NOT NULL,
  received_at TEXT NOT NULL, due_at TEXT NOT NULL, state INTEGER NOT NULL, result BLOB, fault TEXT,
  polls INTEGER NOT NULL DEFAULT 0, signer TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS message_due ON message (state, due_at);
CREATE TABLE IF NOT EXISTS account (
  guid TEXT PRIMARY KEY, sender TEXT NOT NULL, number TEXT NOT NULL, kind TEXT NOT NULL, els TEXT NOT NULL,
  izku TEXT NOT NULL, fias TEXT NOT NULL,
  place TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS account_house ON account (fias);
CREATE TABLE IF NOT EXISTS bill (
  guid TEXT PRIMARY KEY, sender TEXT NOT NULL, account TEXT NOT NULL REFERENCES account,
  number TEXT NOT NULL, year INTEGER NOT NULL, month INTEGER NOT NULL,
  ipd TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, withdrawn INTEGER NOT NULL DEFAULT 0,
  total TEXT NOT NULL, requisites TEXT NOT NULL, body BLOB NOT NULL,
  placed_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bill_account ON bill (account, year, month);
CREATE INDEX IF NOT EXISTS bill_number ON bill (sender, number, year, month);
CREATE TABLE IF NOT EXISTS acknowledgment (
  guid TEXT PRIMARY KEY, sender TEXT NOT NULL, notification TEXT NOT NULL, ipd TEXT NOT NULL,
  service TEXT NOT NULL, amount INTEGER NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS payment_order (order_id TEXT PRIMARY KEY, acceptor TEXT NOT NULL, amount INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS object (
  guid TEXT PRIMARY KEY, kind TEXT NOT NULL, sender TEXT NOT NULL, key TEXT NOT NULL, parent TEXT NOT NULL,
  content TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, parent, key);
CREATE TABLE IF NOT EXISTS rule (
  id INTEGER PRIMARY KEY, operation TEXT NOT NULL, fault TEXT NOT NULL, after INTEGER NOT NULL,
  times INTEGER NOT NULL, chance REAL NOT NULL, sender TEXT NOT NULL, seed INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 0, struck INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS refused (digest TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS journal (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, operation TEXT NOT NULL, sender TEXT NOT NULL, verdict TEXT NOT NULL);
"""


class SeedMissing(ValueError):
    """The stand has never been told what it knows."""


class BadSeed(ValueError):
    """The seed is not what :func:`erkc.stands.gis.seed.build_seed` writes; the text says what is wrong with it."""


class Seeded:
    """The seed, indexed for questions."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.organisations: list[dict[str, Any]] = content["organisations"]
        self.by_ppa = {item["ppa_guid"]: item for item in self.organisations}
        self.houses = {house["fias"]: house for house in content["houses"]}
        self.places: dict[str, str] = {}
        for fias, house in self.houses.items():
            for flat in house["premises"]:
                self.places[flat["guid"]] = fias
                self.places.update((room["guid"], fias) for room in flat["rooms"])
        self.books = {(book["owner"], book["number"]): book for book in content["books"]}

    @classmethod
    def checked(cls, content: Any) -> Seeded:
        """The same of what a file held; ``BadSeed`` when it lacks something."""
        try:
            seeded = cls(content)
            float(content["delay_s"])
            profile, authorities = content["signature"], list(content["authorities"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadSeed(f"{type(error).__name__}: {error}") from error
        if profile not in SIGNATURES:
            raise BadSeed(f"signature {profile!r}")
        try:
            for authority in authorities:
                read_certificate(authority.encode())
        except (SignatureError, ValueError, AttributeError) as error:
            raise BadSeed(f"authorities: {error}") from error
        return seeded

    def elements_for(self, sender: str) -> dict[str, str]:
        """Codes by GUID of every reference element that an organisation may use: the common books' and its own."""
        owner = self.by_ppa[sender]["ogrn"] if sender in self.by_ppa else None
        return {
            item["guid"]: item["code"]
            for book in self.content["books"]
            if book["owner"] in ("", owner)
            for item in book["elements"]
            if not item.get("gone")
        }

    def serves(self, sender: str, fias: str) -> bool:
        """Whether an organisation works with a house."""
        served_by = self.houses[fias]["served_by"]
        return not served_by or self.by_ppa[sender]["ogrn"] in served_by


class State:
    """The file, one writer at a time."""

    def __init__(self, folder: Path, seed: dict[str, Any] | None) -> None:
        if seed is not None:
            Seeded.checked(seed)  # before it replaces one that works
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "stand.sqlite", check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # What was committed survives a kill of the process; only a power cut may take the last seconds, and a stand need not survive that.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(f"BEGIN;{_TABLES}COMMIT;")
        self._lock = RLock()
        if seed is not None:
            text = json.dumps(seed, ensure_ascii=False)
            self._connection.execute("INSERT INTO seed VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET content = excluded.content", (text,))
        if self._connection.execute("SELECT 1 FROM seed").fetchone() is None:
            self.close()
            raise SeedMissing("the stand has no seed: give one at its first start")
        self.seeded = self._read_seed()

    def _read_seed(self) -> Seeded:
        return Seeded(json.loads(self._connection.execute("SELECT content FROM seed").fetchone()["content"]))

    def reseed(self, connection: sqlite3.Connection, content: dict[str, Any]) -> None:
        """What clients have added to what the stand knows (houses, elements of their books), as part of the open transaction."""
        connection.execute("UPDATE seed SET content = ?", (json.dumps(content, ensure_ascii=False),))
        self.seeded = Seeded({**content, "organisations": self.seeded.organisations})

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk before the block ends."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            before = self.seeded
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                self.seeded = before
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def next_number(connection: sqlite3.Connection, name: str) -> int:
    """The next number of a counter, from 1, without gaps among what was committed."""
    statement = "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
    return int(connection.execute(statement, (name,)).fetchone()[0])
