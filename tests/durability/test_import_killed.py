"""An import that dies at any write, or is killed with −9 at any moment, and is run again: the same state as one that nobody disturbed."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from adapters.banks.adapter import BankFiles
from adapters.contract import RawMessage
from core.clock import FixedClock
from core.ledger.verify import broken, fingerprint
from core.services.payments import import_bank_file
from core.storage.engine import application_engine, transaction
from tests.conftest import ROOT, Database, fresh_database
from tests.paying.town import AT, fill, registry

ACCOUNTS = 20
SEED = 20261124
_WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|COPY|CREATE|DROP|ANALYZE|WITH|SELECT\s+erkc_)", re.IGNORECASE)
COUNTED = {
    "registries": "SELECT count(*), sum(amount) FROM record_payment_registry",
    "payments": "SELECT count(*), sum(amount) FROM record_registry_payment",
    "findings": "SELECT count(*), string_agg(DISTINCT code, ' ' ORDER BY code) FROM finding",
    "messages": "SELECT count(*), string_agg(encode(sha256, 'hex'), ' ' ORDER BY sha256) FROM message",
    "outcomes": "SELECT count(*), string_agg(status || counts::text, ' ' ORDER BY counts::text) FROM intake",
    "events": "SELECT kind, count(*) FROM event GROUP BY kind ORDER BY kind",
}


class Crash(BaseException):
    """The process is gone: nothing catches it."""


@dataclass
class Failpoints:
    """Counts writes (statements, COPY, commits before and after) and crashes at one of them."""

    at: int = 0
    """0: never."""
    passed: int = 0
    names: list[str] = field(default_factory=list)

    def reached(self, name: str) -> None:
        self.passed += 1
        self.names.append(name)
        if self.passed == self.at:
            raise Crash(name)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, points: Failpoints) -> Iterator[None]:
    """Every cursor and connection of the driver asks the failpoints first."""
    execute, copy, commit = psycopg.Cursor.execute, psycopg.Cursor.copy, psycopg.Connection.commit

    def words(statement: object, cursor: psycopg.Cursor[object]) -> str:
        return statement.as_string(cursor) if isinstance(statement, psycopg.sql.Composable) else str(statement)

    def execute_or_crash(self: psycopg.Cursor[object], query: object, *arguments: object, **named: object) -> object:
        statement = words(query, self)
        if _WRITE.match(statement):
            points.reached(statement[:60])
        return execute(self, query, *arguments, **named)  # type: ignore[arg-type]  # passed on as it came

    def copy_or_crash(self: psycopg.Cursor[object], statement: object, *arguments: object, **named: object) -> object:
        points.reached(words(statement, self)[:60])
        return copy(self, statement, *arguments, **named)  # type: ignore[arg-type]  # passed on as it came

    def commit_or_crash(self: psycopg.Connection[object]) -> None:
        points.reached("before commit")
        commit(self)
        points.reached("after commit")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", execute_or_crash)
        patch.setattr(psycopg.Cursor, "copy", copy_or_crash)
        patch.setattr(psycopg.Connection, "commit", commit_or_crash)
        yield


def state(engine: Engine) -> dict[str, object]:
    """Everything that an import leaves, by content."""
    with transaction(engine) as connection:
        assert list(broken(connection)) == []
        told: dict[str, object] = {name: [tuple(row) for row in connection.execute(text(sql))] for name, sql in COUNTED.items()}
        return told | {"ledger": fingerprint(connection)}


def take(engine: Engine, name: str, data: bytes) -> None:
    import_bank_file(engine, reader=BankFiles(), message=RawMessage(name, data), clock=FixedClock(AT))


def small(number: int) -> bytes:
    return b"".join(registry(6, ACCOUNTS, seed=number, order=number))


@pytest.fixture
def second_database(server_url: str, template_database: str) -> Iterator[Database]:
    """One more database like ``database``."""
    with fresh_database(server_url, template_database) as made:
        yield made


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.long)])
def test_an_import_that_dies_at_any_write_is_done_by_the_next_run(
    stride: int, engine: Engine, second_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine, ACCOUNTS, services=2)
    undisturbed = application_engine(second_database.url)
    fill(undisturbed, ACCOUNTS, services=2)
    points = Failpoints()
    with failing(monkeypatch, points):
        take(undisturbed, "1.txt", small(1))
    writes = points.passed
    assert writes > 20 and points.names.count("before commit") >= 2, points.names
    commits = [place for place, name in enumerate(points.names, 1) if name.endswith("commit")]
    for at in sorted({1, *range(stride, writes + 1, stride), *commits}):
        name, data = f"{at}.txt", small(at)
        with pytest.raises(Crash), failing(monkeypatch, Failpoints(at)):
            take(engine, name, data)
        take(engine, name, data)
        if at > 1:
            take(undisturbed, name, data)
    assert state(engine) == state(undisturbed)
    undisturbed.dispose()


def kill_at_random(database: Database, file: Path, rounds: int, longest_s: float) -> list[float]:
    """Start an import and kill it −9, so many times; the moments at which it was alive."""
    chance = random.Random(SEED)
    killed = []
    for _ in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.import_process", database.url, str(file)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        moment = longest_s * chance.uniform(0.02, 0.9)
        time.sleep(moment)
        if process.poll() is None:
            killed.append(moment)
        process.kill()
        process.wait()
        process.stdout.close()
    return killed


@pytest.mark.parametrize(("rows", "rounds"), [(600, 2), pytest.param(20_000, 5, marks=pytest.mark.long)])
def test_an_import_killed_again_and_again_ends_in_the_same_state(
    rows: int, rounds: int, database: Database, engine: Engine, second_database: Database, tmp_path: Path
) -> None:
    accounts = rows // 2
    file = tmp_path / "registry.txt"
    file.write_bytes(b"".join(registry(rows, accounts)))
    undisturbed = application_engine(second_database.url)
    for each in (engine, undisturbed):
        fill(each, accounts, services=2)
    started = time.monotonic()
    take(undisturbed, file.name, file.read_bytes())
    killed = kill_at_random(database, file, rounds, time.monotonic() - started)
    assert killed, "it was never killed while it worked"
    take(engine, file.name, file.read_bytes())
    whole = state(engine)
    assert whole == state(undisturbed), f"seed {SEED}, killed at {killed}"
    assert whole["payments"] != [(0, None)]
    take(engine, file.name, file.read_bytes())
    assert state(engine) == whole
    undisturbed.dispose()
