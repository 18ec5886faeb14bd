"""A registry of payments from bytes to ledger against COPY of the ready rows into the same keyed tables; its reading; its memory by size.

``rows`` payments of as many accounts that owe ten services each; one row in a hundred names an unknown account, one in two hundred repeats
another. Both ways start from a copy of the same filled database, and are shown to leave the same rows before anything is timed.
Run alone: ``python -m tests.perf.bench_payments --rows 100000 --rounds 3 --memory 10000,100000``.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Engine, create_engine, make_url, text

from adapters.banks.adapter import BankFiles
from adapters.banks.detect import detect, parse_file
from adapters.banks.result import KnownAccounts
from adapters.contract import RawMessage
from core.clock import FixedClock
from core.services.payments import import_bank_file
from core.storage import embedded
from core.storage.engine import application_engine, owner_engine
from core.storage.migrate import APP, OWNER, create_roles, upgrade
from tests.paying.town import AT, OPEN_MONTH, fill, registry
from tests.perf.measure import Pair, compare

__all__ = ["run"]

_FILLED = "payments_filled"
_LEAVES = """
SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1
"""
_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
_FIRST = ("message", "message_chunk", "entity", "record", "entry")
"""Tables that others refer to, in this order; the rest follows."""


@dataclass(frozen=True, slots=True)
class _Server:
    """Addresses of one server; databases are made from templates on it."""

    superuser_url: str

    def address(self, database: str, role: str | None = None) -> str:
        url = make_url(self.superuser_url).set(database=database)
        return (url if role is None else url.set(username=role)).render_as_string(hide_password=False)

    def copy(self, template: str, name: str) -> None:
        admin = create_engine(self.superuser_url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}"))
            connection.execute(text("CHECKPOINT"))
        admin.dispose()


def run(rows: int, rounds: int, memory: tuple[int, int]) -> Iterator[Pair | str]:
    """Yield the measured pair and sentences."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder))
        try:
            yield from _measured(_Server(server.superuser_url), rows, rounds, memory, Path(folder))
        finally:
            server.release()


def _measured(server: _Server, rows: int, rounds: int, memory: tuple[int, int], folder: Path) -> Iterator[Pair | str]:
    _filled(server, _FILLED, rows)
    data = b"".join(registry(rows, rows))
    yield _reading(data)
    server.copy(_FILLED, "payments_first")
    _take(server, "payments_first", data)
    start = time.perf_counter()
    _take(server, "payments_first", data)
    again = time.perf_counter() - start
    loads = _dump(server, folder)
    server.copy(_FILLED, "payments_loaded")
    _load(server, "payments_loaded", loads)
    if _content(server, "payments_first", loads) != _content(server, "payments_loaded", loads):
        raise AssertionError("reference and candidate do not store the same rows")
    ratios, references, candidates, work = [], [], [], []
    for number in range(rounds):
        for which in ("reference", "candidate") if number % 2 else ("candidate", "reference"):
            server.copy(_FILLED, "payments_round")
            start = time.perf_counter()
            if which == "reference":
                loaded = _load(server, "payments_round", loads)
                references.append(time.perf_counter() - start)
            else:
                taken = _take(server, "payments_round", data)
                candidates.append(time.perf_counter() - start)
        ratios.append(references[-1] / candidates[-1])
        work.append((sum(loaded) / sum(taken), *taken, sum(loaded)))
    stored = ", ".join(f"{load.table} {load.rows:,}" for load in loads if load.rows >= rows)
    yield Pair(
        f"registry of {rows:,} payments, bytes to ledger / COPY of the ready rows",
        ">= 0.5",
        tuple(ratios),
        statistics.median(references),
        statistics.median(candidates),
        stored,
    )
    ratio, here, there, copied = (statistics.median(column) * 1e6 / rows for column in zip(*work, strict=True))
    yield (
        f"processor time a payment: {here:.0f} us in the importer and {there:.0f} us in its session of the server, {copied:.0f} us for COPY"
        f" in both: {ratio * rows / 1e6:.2f}"
    )
    first = statistics.median(candidates)
    yield f"the same registry again: {again:.2f} s, nothing posted (goal: no slower than the first time, {first:.2f} s)"
    yield from _memory(server, memory, rows)


def _filled(server: _Server, name: str, accounts: int) -> None:
    admin = create_engine(server.superuser_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    superuser = create_engine(server.address(name))
    create_roles(superuser, name)
    owner = owner_engine(server.address(name, OWNER))
    upgrade(owner)
    owner.dispose()
    application = application_engine(server.address(name, APP))
    fill(application, accounts)
    with application.begin() as connection:
        connection.execute(text("SELECT erkc_ensure_month('posting', :month)"), {"month": OPEN_MONTH.first})
    application.dispose()
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    superuser.dispose()


def _reading(data: bytes) -> Pair:
    """A registry read with all checks against the bare reader of the standard library that builds the same tuples; in processor time."""
    profile = detect("registry.txt", data)
    assert profile is not None

    def checked() -> Iterator[tuple[object, ...]]:
        for record in parse_file("registry.txt", data, profile, KnownAccounts()).records:
            yield tuple(record.values())

    def bare() -> Iterator[tuple[object, ...]]:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="cp1251", newline="")
        for n, row in enumerate(csv.reader(text, delimiter=";"), start=1):
            if len(row) == 12:  # the trailer is no row
                day, at, branch, cashier, operation, account, name, address, month, amount, transfer, fee = row
                yield (
                    n, "payment", "accepted", f"{day[6:]}-{day[3:5]}-{day[:2]}", at.replace("-", ":"), branch, cashier, operation, account,
                    name, address or None, f"20{month[2:]}-{month[:2]}", int(amount.replace(".", "")), int(transfer.replace(".", "")),
                    int(fee.replace(".", "")),
                )  # fmt: skip

    pairs = list(zip(checked(), bare(), strict=True))
    assert all(found[:2] + found[3:] == expected[:2] + expected[3:] for found, expected in pairs), "both read the same"
    return compare(
        "reading a registry with all checks / bare csv reader of the same tuples, processor time",
        reference=lambda: _exhaust(bare()),
        candidate=lambda: _exhaust(checked()),
        prepare=lambda: None,
        goal=">= 0.7",
        clock=time.process_time,
    )


def _exhaust(items: Iterator[object]) -> None:
    for _ in items:
        pass


def _take(server: _Server, database: str, data: bytes) -> tuple[float, float]:
    """Archive, parse, match, allocate, post; seconds of processor time here and in the server's session."""
    engine = application_engine(server.address(database, APP))
    session, start = _session(engine), time.process_time()
    there = _processor_seconds(session)
    done = import_bank_file(engine, reader=BankFiles(), message=RawMessage("registry.txt", data), clock=FixedClock(AT))
    spent = time.process_time() - start, _processor_seconds(session) - there
    engine.dispose()
    if done.status not in ("ok", "partial"):
        raise AssertionError(done)
    return spent


def _session(engine: Engine) -> int:
    """The process of the server that works for the engine, which holds one connection."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _processor_seconds(process: int) -> float:
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


@dataclass(frozen=True, slots=True)
class _Load:
    """The rows that the import added to one table, as COPY takes them."""

    table: str
    columns: str
    path: Path
    rows: int


def _dump(server: _Server, folder: Path) -> list[_Load]:
    """Rows of every table that grew: tables are only added to, so new rows stand behind the last of the filled database."""
    filled, first = create_engine(server.address(_FILLED)), create_engine(server.address("payments_first"))
    loads = []
    with filled.connect() as before, first.connect() as after:
        known = set(before.execute(text(_LEAVES)).scalars())
        for table in after.execute(text(_LEAVES)).scalars().all():
            if table not in known:
                raise AssertionError(f"the import made the table {table}: the filled database must have it")
            last = before.execute(text(f"SELECT coalesce(max(ctid), '(0,0)')::text FROM {table}")).scalar_one()
            kept = before.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            grown = after.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() - kept
            rows = after.execute(text(f"SELECT count(*) FROM {table} WHERE ctid > '{last}'")).scalar_one()
            if not grown or rows != grown:  # a row that was changed, not added, is no row of the reference
                continue
            columns = after.execute(text(_COLUMNS), {"name": table}).scalar_one()
            path = folder / f"{table}.copy"
            with (
                _driver(after).cursor().copy(f"COPY (SELECT {columns} FROM {table} WHERE ctid > '{last}') TO STDOUT") as copy,
                path.open("wb") as file,
            ):
                for block in copy:
                    file.write(block)
            loads.append(_Load(table, columns, path, rows))
    filled.dispose()
    first.dispose()
    order = {name: place for place, name in enumerate(_FIRST)}
    return sorted(loads, key=lambda load: order.get(load.table.split("_2")[0], len(order)))


def _load(server: _Server, database: str, loads: list[_Load]) -> tuple[float, float]:
    """The ready rows by COPY, in one transaction, into the same tables with the same keys; seconds of processor time as of an import."""
    superuser = create_engine(server.address(database))
    session, start = _session(superuser), time.process_time()
    there = _processor_seconds(session)
    with superuser.begin() as connection:
        for load in loads:
            with _driver(connection).cursor().copy(f"COPY {load.table} ({load.columns}) FROM STDIN") as copy, load.path.open("rb") as file:
                while block := file.read(1 << 20):
                    copy.write(block)
    spent = time.process_time() - start, _processor_seconds(session) - there
    superuser.dispose()
    return spent


def _content(server: _Server, database: str, loads: list[_Load]) -> list[object]:
    superuser: Engine = create_engine(server.address(database))
    with superuser.connect() as connection:
        found: list[object] = [
            tuple(
                connection.execute(text(f"SELECT count(*), sum(('x' || left(md5(t::text), 8))::bit(32)::bigint) FROM {load.table} t")).one()
            )
            for load in loads
        ]
    superuser.dispose()
    return found


def _driver(connection: object) -> psycopg.Connection[tuple[object, ...]]:
    raw = connection.connection.driver_connection  # type: ignore[attr-defined]  # a SQLAlchemy connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _memory(server: _Server, sizes: tuple[int, int], accounts: int) -> Iterator[str]:
    """Peak memory of a fresh process that imports payments of the accounts, over what it has once everything is loaded."""
    peaks = []
    for size in sizes:
        server.copy(_FILLED, "payments_round")
        command = [sys.executable, "-m", "tests.perf.payment_memory", server.address("payments_round", APP), str(size), str(accounts)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    least, most = sizes
    yield (
        f"memory over imports and input: {peaks[0] / 1024:.0f} MB for {least:,} payments, {peaks[1] / 1024:.0f} MB for {most:,}: "
        f"ratio {peaks[1] / max(peaks[0], 1):.2f} (goal: flat)"
    )


def main() -> None:
    """Measure at sizes of one's own."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--memory", default="10000,100000")
    given = options.parse_args()
    least, most = (int(size) for size in given.memory.split(","))
    for found in run(given.rows, given.rounds, (least, most)):
        print(found, flush=True)


if __name__ == "__main__":
    main()
