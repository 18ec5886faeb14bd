"""What the stand keeps and decides: volumes by checksum, tasks by ``Idempotency-Key``, rows by section and key, faults on request.

Everything is in one SQLite file and a folder of volumes, so a killed stand comes up again with what it had confirmed. An archive is joined,
opened and checked here with zipfile and csv only: the list of files, counts, MD5, widths of rows, sums of documents and packs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import threading
import time
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_args

from adapters.signing import Certificate
from erkc.stands.rgis import rkc

__all__ = ["FAULTS", "Answer", "Fault", "Rule", "Stand"]

Fault = Literal["delay", "lost_answer", "http_502", "http_502_after", "cut", "refuse", "federal", "busy"]
"""delay: the import takes ten seconds more · lost_answer: done, and the connection is cut before the answer · http_502: not done, a page of
HTML · http_502_after: done, and the page · cut: the connection is cut when half of the body has come, which is kept · refuse: the import
ends with 40 · federal: it ends with 30, and ГИС ЖКХ refuses a row · busy: 429."""
FAULTS: tuple[str, ...] = get_args(Fault)
_QUEUED, _SUCCESS, _ERROR = 10, 30, 40
_KEYED_FROM = {"contragentrole", "contragentarea", "tarifoktmo", "tarifres", "tarifrso", "tarifusluga", "duouusluga", "kvaraccom", "pukvar",
               "kvaropenreason", "uo", "rso", "bank", "regop", "kvarels"}  # fmt: skip
"""Sections whose first field is no key."""
_TABLES = """
CREATE TABLE IF NOT EXISTS volume (
  checksum TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, size INTEGER NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS task (
  id TEXT PRIMARY KEY, key TEXT UNIQUE, file TEXT NOT NULL, due REAL NOT NULL, status INTEGER NOT NULL, log TEXT, outcome TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS row (sender TEXT NOT NULL, section TEXT NOT NULL, key TEXT NOT NULL, cells TEXT NOT NULL,
  PRIMARY KEY (sender, section, key));
CREATE TABLE IF NOT EXISTS soap (id TEXT PRIMARY KEY, operation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS charge (
  inn TEXT NOT NULL, number TEXT NOT NULL, year INTEGER NOT NULL, month INTEGER NOT NULL, row TEXT NOT NULL,
  PRIMARY KEY (inn, number, year, month));
CREATE TABLE IF NOT EXISTS agent_payment (message TEXT NOT NULL, inn TEXT NOT NULL, number TEXT NOT NULL, row TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account (inn TEXT NOT NULL, number TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (inn, number));
CREATE TABLE IF NOT EXISTS call (n INTEGER PRIMARY KEY, operation TEXT NOT NULL, status INTEGER NOT NULL);
"""


@dataclass(slots=True)
class Rule:
    """One fault: on which operation (``upload``, ``known``, ``start``, ``status``, ``download``; ``*``: any), after how many, how often."""

    operation: str
    fault: str
    after: int = 0
    times: int = 1
    seen: int = 0
    struck: int = 0

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"unknown fault {self.fault}; one of {', '.join(FAULTS)}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; ``cut``: nothing does."""

    status: int
    body: bytes
    content_type: str = "application/json"
    cut: bool = False


@dataclass(slots=True)
class Stand:
    """One region."""

    folder: Path
    token: str = "stand"
    delay_s: float = 0.2
    rules: list[Rule] = field(default_factory=list)
    authorities: Sequence[Certificate] | None = None
    """Of whom signers of the service's messages must be; None: no signature is asked for."""
    clock: Callable[[], float] = time.time
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        (self.folder / "volumes").mkdir(parents=True, exist_ok=True)
        with self._open() as base:
            base.executescript(_TABLES)

    def play(self, rules: Sequence[Rule]) -> None:
        """Set faults."""
        with self._lock:
            self.rules = list(rules)

    # the four steps ------------------------------------------------------------------------------------------------------------------

    def known(self, checksum: str) -> Answer:
        """How much of a volume is here."""
        return self._answered("known", lambda: self._volume(checksum))

    def upload(self, name: str, checksum: str, data: bytes, content_range: str) -> Answer:
        """A volume, or the next part of one."""

        def keep(data: bytes) -> Answer:
            if not checksum or not name.lower().endswith((".zip", *(f".z{n:02d}" for n in range(1, 100)))):
                return _refused(400, "Нет контрольной суммы или имя файла не подходит.")
            first, size = 0, len(data)
            if content_range:
                span, _, whole = content_range.removeprefix("bytes ").partition("/")
                first, size = int(span.partition("-")[0]), int(whole)
            path = self._path(checksum)
            have = path.stat().st_size if path.exists() else 0
            if first > have:
                return _refused(409, f"Есть только {have} байт.")
            with path.open("r+b" if path.exists() else "wb") as file:
                file.seek(first)
                file.write(data)
                file.truncate()
            with self._open() as base:
                base.execute(
                    "INSERT INTO volume VALUES (?, ?, ?, ?, ?) ON CONFLICT (checksum) DO UPDATE SET at = excluded.at",
                    (checksum, str(uuid.uuid4()), name, size, self.clock()),
                )
            if path.stat().st_size == size and not _matches(path.read_bytes(), checksum):
                path.unlink()
                return _refused(400, "Контрольная сумма не сходится.")
            return self._volume(checksum)

        return self._answered("upload", lambda: keep(data), part=lambda: keep(data[: len(data) // 2]) if content_range else None)

    def start(self, file: str, key: str) -> Answer:
        """Begin an import; the same key is the same task."""

        def begin(outcome: str = "") -> Answer:
            with self._open() as base:
                found = base.execute("SELECT id FROM task WHERE key = ?", (key,)).fetchone() if key else None
                if found is None and base.execute("SELECT 1 FROM volume WHERE id = ?", (file,)).fetchone() is None:
                    return _refused(404, "Такого файла нет.")
                task = found["id"] if found else str(uuid.uuid4())
                if found is None:
                    due = self.clock() + self.delay_s + (10 if outcome == "delay" else 0)
                    base.execute(
                        "INSERT INTO task (id, key, file, due, status, outcome) VALUES (?, ?, ?, ?, ?, ?)",
                        (task, key or None, file, due, _QUEUED, outcome),
                    )
            return self._task(task)

        return self._answered("start", begin, marked=begin)

    def status(self, task: str) -> Answer:
        """Where an import stands."""
        return self._answered("status", lambda: self._task(task))

    def download(self, file: str) -> Answer:
        """A log, as JSON or (``….csv``) as a table for an accountant."""

        def read() -> Answer:
            with self._open() as base:
                row = base.execute("SELECT log FROM task WHERE id = ?", (file.removesuffix(".csv"),)).fetchone()
            if row is None or row["log"] is None:
                return _refused(404, "Такого журнала нет.")
            if not file.endswith(".csv"):
                return Answer(200, row["log"].encode())
            out = io.StringIO(newline="")
            table = csv.writer(out, delimiter=";", lineterminator="\r\n")
            table.writerow(("Система", "Раздел", "Строка", "Код", "Что не так"))
            for item in json.loads(row["log"])["errors"]:
                table.writerow((item["system"], item["section"], item["row"], item["code"], item["message"]))
            return Answer(200, out.getvalue().encode("utf-8-sig"), "text/csv")

        return self._answered("download", read)

    def soap(self, data: bytes) -> Answer:
        """One message of the service for settlement centres; each operation is a fault's operation too."""
        try:
            body = rkc.body_of(data, self.authorities, datetime.fromtimestamp(self.clock(), UTC))
        except rkc.BadMessage as error:
            return Answer(500, rkc.fault(str(error)), "text/xml")
        operation = rkc.operation_of(body)

        def act() -> Answer:
            with self._open() as base:
                return Answer(200, rkc.answer(base, body), "text/xml")

        return self._answered(operation, act, marked=lambda fault: Answer(200, rkc.refusal(operation), "text/xml"))

    def contents(self) -> dict[str, Any]:
        """What the stand has taken, for pages and tests."""
        with self._open() as base:
            counts = base.execute("SELECT sender, section, count(*) AS n FROM row GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
            tasks = base.execute("SELECT id, key, status, outcome FROM task ORDER BY due").fetchall()
            accounts = base.execute("SELECT count(*) AS n FROM account").fetchone()["n"]
            charges = base.execute("SELECT count(*) AS n FROM charge").fetchone()["n"]
            agents = base.execute("SELECT count(*) AS n FROM agent_payment").fetchone()["n"]
            messages = base.execute("SELECT count(*) AS n FROM soap").fetchone()["n"]
            calls = base.execute("SELECT operation, count(*) AS n FROM call GROUP BY 1").fetchall()
        rows: dict[str, dict[str, int]] = defaultdict(dict)
        for row in counts:
            rows[row["sender"]][row["section"]] = row["n"]
        return {"rows": rows, "tasks": [dict(row) for row in tasks], "calls": {row["operation"]: row["n"] for row in calls},
                "soap": {"accounts": accounts, "charges": charges, "agent_payments": agents, "messages": messages}}  # fmt: skip

    def agent_sum(self, inn: str) -> Decimal:
        """What an agent's payments come to, roubles."""
        with self._open() as base:
            rows = [json.loads(row["row"]) for row in base.execute("SELECT row FROM agent_payment WHERE inn = ?", (inn,))]
        return sum((Decimal(row["PAID_SUM"]) + Decimal(row["PAID_PENALTY"]) for row in rows), Decimal(0))

    # inside --------------------------------------------------------------------------------------------------------------------------

    def _answered(
        self, operation: str, act: Callable[[], Answer], *, part: Callable[[], Answer | None] | None = None,
        marked: Callable[[str], Answer] | None = None,
    ) -> Answer:  # fmt: skip
        with self._lock:
            fault = self._struck(operation)
            if fault == "http_502":
                answer = Answer(502, b"<html>502 Bad Gateway</html>", "text/html")
            elif fault == "busy":
                answer = _refused(429, "Слишком много запросов.")
            elif fault == "cut":
                if part is not None:
                    part()
                answer = Answer(0, b"", cut=True)
            else:
                answer = marked(fault) if marked is not None and fault in ("delay", "refuse", "federal") else act()
                if fault == "lost_answer":
                    answer = Answer(0, b"", cut=True)
                elif fault == "http_502_after":
                    answer = Answer(502, b"<html>502 Bad Gateway</html>", "text/html")
            with self._open() as base:
                base.execute("INSERT INTO call (operation, status) VALUES (?, ?)", (operation, answer.status))
            return answer

    def _struck(self, operation: str) -> str:
        for rule in self.rules:
            if rule.operation in (operation, "*"):
                rule.seen += 1
                if rule.seen > rule.after and rule.struck < rule.times:
                    rule.struck += 1
                    return rule.fault
        return ""

    def _volume(self, checksum: str) -> Answer:
        path = self._path(checksum)
        with self._open() as base:
            row = base.execute("SELECT * FROM volume WHERE checksum = ?", (checksum,)).fetchone()
        if row is None or not path.exists():
            return _refused(404, "Такого файла нет.")
        said = {"id": row["id"], "originalName": row["name"], "storedName": checksum, "size": row["size"], "lastAccess": row["at"],
                "received": path.stat().st_size}  # fmt: skip
        return _json(said)

    def _task(self, task: str) -> Answer:
        with self._open() as base:
            row = base.execute("SELECT * FROM task WHERE id = ?", (task,)).fetchone()
            if row is None:
                return _refused(404, "Такой задачи нет.")
            if row["status"] == _QUEUED and self.clock() >= row["due"]:
                errors = self._import(base, row["file"], row["outcome"])
                refused = any(item["system"] == "region" for item in errors)
                base.execute(
                    "UPDATE task SET status = ?, log = ? WHERE id = ?",
                    (_ERROR if refused else _SUCCESS, json.dumps({"errors": errors}, ensure_ascii=False), task),
                )
                row = base.execute("SELECT * FROM task WHERE id = ?", (task,)).fetchone()
        log = task if row["log"] is not None else None
        return _json({"id": task, "status": row["status"], "resultFileId": log, "logFileId": log})

    def _import(self, base: sqlite3.Connection, file: str, outcome: str) -> list[dict[str, Any]]:
        if outcome == "refuse":
            return [_error("region", "HOUSE", 1, "2502", "Ссылка на объект, которого нет")]
        last = base.execute("SELECT name, checksum FROM volume WHERE id = ?", (file,)).fetchone()
        stem = last["name"].rsplit(".", 1)[0]
        parts = base.execute("SELECT name, checksum FROM volume WHERE name LIKE ? AND name NOT LIKE '%.zip' ORDER BY name", (f"{stem}.z%",))
        data = b"".join(self._path(row["checksum"]).read_bytes() for row in [*parts.fetchall(), last])
        try:
            errors, sender, rows = _checked(data)
        except (zipfile.BadZipFile, KeyError, ValueError, IndexError, UnicodeDecodeError) as error:
            return [_error("region", "", None, "1502", f"Архив не читается: {error}")]
        if errors:
            return errors
        for section, listed in rows.items():
            base.executemany(
                "INSERT INTO row VALUES (?, ?, ?, ?) ON CONFLICT (sender, section, key) DO UPDATE SET cells = excluded.cells",
                [(sender, section, "\x00".join(cells) if section in _KEYED_FROM else cells[0], "\x00".join(cells)) for cells in listed],
            )
        return [_error("gis", "EPD", 1, "INT016041", "Лицевой счёт не найден в ГИС ЖКХ")] if outcome == "federal" else []

    def _path(self, checksum: str) -> Path:
        return self.folder / "volumes" / hashlib.sha256(checksum.encode()).hexdigest()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            base = sqlite3.connect(self.folder / "stand.sqlite")
            base.row_factory = sqlite3.Row
            try:
                with base:
                    yield base
            finally:
                base.close()


def _checked(data: bytes) -> tuple[list[dict[str, Any]], str, Mapping[str, list[list[str]]]]:
    """What is wrong with an archive, whose it is, and its rows by section."""
    errors: list[dict[str, Any]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        raw = {name: archive.read(name) for name in archive.namelist() if name.endswith(".csv") and "/" not in name}
    tables = {name: list(csv.reader(io.StringIO(content.decode("cp1251"), newline=""), delimiter=";")) for name, content in raw.items()}
    for name, count, control in tables["_filelist.csv"][1:]:
        if name not in raw:
            errors.append(_error("region", name, None, "1501", "Файла нет в архиве"))
        elif int(count) != len(tables[name]) - 1 or control != hashlib.md5(raw[name], usedforsecurity=False).hexdigest():
            errors.append(_error("region", name, None, "1501", "Число строк или контрольная строка не сходится"))
    for name, (header, *listed) in tables.items():
        errors += [_error("region", name, n, "2001", "Число полей") for n, row in enumerate(listed, 1) if len(row) != len(header)]
    info = tables["_info.csv"][1]
    rows = {name.removesuffix(".csv"): table[1:] for name, table in tables.items() if not name.startswith("_")}
    if info[13] == "1" and not errors:
        errors += _sums(rows)
    return errors, info[1], rows


def _sums(rows: Mapping[str, list[list[str]]]) -> Iterator[dict[str, Any]]:
    lines: dict[str, Decimal] = defaultdict(Decimal)
    try:
        for row in rows.get("epdcharge", []):
            lines[row[1]] += Decimal(row[4])
        for row in rows.get("epdcapital", []):
            lines[row[1]] += Decimal(row[6])
        for n, row in enumerate(rows.get("epd", []), 1):
            if row[12] and Decimal(row[12]) != lines[row[0]]:
                yield _error("region", "EPD", n, "3003", "Сумма документа не равна сумме строк")
        packs: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows.get("oplata", []):
            packs[row[10]] += Decimal(row[7]) * (1 if row[2] == "1" else -1)
        for n, row in enumerate(rows.get("oplatapack", []), 1):
            if Decimal(row[3]) != packs[row[0]]:
                yield _error("region", "OPLATAPACK", n, "3003", "Сумма пачки не равна сумме платежей")
    except InvalidOperation:
        yield _error("region", "", None, "2003", "Не число")


def _matches(data: bytes, checksum: str) -> bool:
    return checksum in (hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest())


def _error(system: str, section: str, row: int | None, code: str, message: str) -> dict[str, Any]:
    return {"system": system, "section": section, "row": row, "code": code, "message": message}


def _json(said: Mapping[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(said, ensure_ascii=False).encode())


def _refused(status: int, message: str) -> Answer:
    return _json({"code": status, "message": message, "details": ""}, status)
