"""Posting a month's charge lines through the ledger against COPY of the very same rows into the very same keyed tables; and its growth.

``LINES`` lines, ten an account. Settings of the server are its defaults (fsync and WAL on). Before timing, both ways are shown to leave
equal entries and postings.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import Engine, create_engine, text

from core.ids import CENTRE, EntityId, RecordId
from core.ledger.calculations import Calculation, add_lines, open_calculation, post_calculation
from core.model.lines import ChargeLine
from core.period import Month
from core.storage import embedded
from core.storage.engine import application_engine, owner_engine
from core.storage.migrate import create_roles, upgrade
from tests.perf.measure import Pair, compare, seconds

__all__ = ["run"]

NOW = datetime(2026, 11, 1, tzinfo=UTC)
_ENTRY = (
    "entry_id, entry_key, content_sha256, kind, provider_id, month, occurred_on, corrects_month, reason, message_id, calculation_id, "
    "posted_at"
)


def run(lines: int, rounds: int, growth: tuple[int, int]) -> Iterator[Pair | str]:
    """Yield the measured pairs and sentences."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder))
        superuser = create_engine(server.superuser_url)
        create_roles(superuser, "erkc")
        upgrade(owner_engine(server.owner_url))
        application = application_engine(server.url())
        yield from _pair(application, superuser, lines, rounds, Path(folder))
        yield from _growth(application, superuser, lines, growth)
        superuser.dispose()
        application.dispose()
        server.release()


def _lines(accounts: int, seed: int) -> Iterator[ChargeLine]:
    rng = random.Random(seed)
    for account in range(1, accounts + 1):
        for service in range(1, 11):
            surcharge = rng.randrange(1, 90_000) if rng.random() < 0.05 else 0
            yield ChargeLine(
                account_id=EntityId(account),
                service_id=EntityId(service),
                creditor_id=EntityId(service % 4 + 1),
                method="norm",
                clause="formula_4",
                rules="2026-03-01",
                volume_e6=rng.randrange(10**8),
                tariff_e6=41_870_000,
                base=rng.randrange(1, 400_000),
                surcharge=surcharge,
                recalculation=0,
                underdelivery=0,
                benefit=0,
                inputs={"n": "2", "N": "21/5"},
                sources=(RecordId(account), RecordId(service)),
            )


def _prepare(application: Engine, accounts: int, month: Month, seed: int) -> Calculation:
    with application.begin() as connection:
        connection.execute(
            text("""INSERT INTO entity (provider_id, kind, entity_key) SELECT 0, 'account', to_char(n, 'FM000000000')
                    FROM generate_series(1, :n) n ON CONFLICT DO NOTHING"""),
            {"n": accounts},
        )
        calculation = open_calculation(
            connection, provider_id=CENTRE, month=month, mode="charge", rules="r", code_version="0", known_until=RecordId(1), at=NOW
        )
        add_lines(connection, calculation, _lines(accounts, seed))
    return calculation


def _post(application: Engine, calculation: Calculation) -> None:
    with application.begin() as connection:
        post_calculation(connection, calculation, at=NOW)


def _content(superuser: Engine) -> object:
    with superuser.connect() as connection:
        statement = """SELECT count(*), sum(amount), md5(string_agg(md5(p::text), '' ORDER BY entry_id, n)) FROM posting p"""
        return tuple(connection.execute(text(statement)).one())


def _pair(application: Engine, superuser: Engine, lines: int, rounds: int, folder: Path) -> Iterator[Pair | str]:
    calculation = _prepare(application, lines // 10, Month(2026, 10), seed=1)
    _post(application, calculation)
    expected = _content(superuser)
    files = {"entry": folder / "entry.copy", "posting": folder / "posting.copy"}
    columns = {"entry": f"({_ENTRY})", "posting": ""}
    with superuser.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        for table, path in files.items():
            source = (
                f"(SELECT {_ENTRY} FROM entry ORDER BY entry_id)" if table == "entry" else "(SELECT * FROM posting ORDER BY entry_id, n)"
            )
            with raw.cursor().copy(f"COPY {source} TO STDOUT") as copy, path.open("wb") as file:
                for block in copy:
                    file.write(block)

    def clear() -> None:
        with superuser.begin() as connection:
            connection.execute(text("TRUNCATE posting, entry RESTART IDENTITY"))
        with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))

    def reference() -> None:
        with superuser.begin() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            for table, path in files.items():
                with raw.cursor().copy(f"COPY {table} {columns[table]} FROM STDIN") as copy, path.open("rb") as file:
                    while block := file.read(1 << 20):
                        copy.write(block)

    clear()
    reference()
    if _content(superuser) != expected:
        raise AssertionError("reference and candidate do not store the same rows")
    yield compare(
        f"post {lines:,} charge lines / COPY of the same rows, same keys",
        reference=reference,
        candidate=lambda: _post(application, calculation),
        prepare=clear,
        goal=">= 0.6",
        rounds=rounds,
        note=f"{expected[0]:,} postings",  # type: ignore[index]
    )


def _growth(application: Engine, superuser: Engine, lines: int, growth: tuple[int, int]) -> Iterator[str]:
    """The same batch with few and with many postings stored: posting must not slow down."""
    with superuser.begin() as connection:
        connection.execute(text("TRUNCATE posting, entry, charge_line"))
    speeds: dict[int, float] = {}
    stored, month = 0, Month(2025, 1)
    while stored <= growth[1]:
        calculation = _prepare(application, lines // 10, month, seed=stored)
        taken = seconds(lambda calculation=calculation: _post(application, calculation))  # type: ignore[misc]
        speeds[stored] = lines / taken
        stored, month = stored + lines, month.next()
    near = [speed for before, speed in speeds.items() if before <= growth[0]]
    far = [speed for before, speed in speeds.items() if before >= growth[1] - lines]
    yield (
        f"posting the same batch with {growth[0]:,} and {growth[1]:,} lines stored: speed ratio "
        f"{statistics.mean(far) / statistics.mean(near):.2f} (goal >= 0.7)"
    )
