"""The month of a synthetic town: charging it against COPY of the very lines that come out; memory and time as the town grows.

Ten services on every account, houses of 20 to 400 premises, mixed meters (``erkc town``). PostgreSQL runs with its defaults (fsync and WAL
on). Before timing: one process and several give the same lines to the last byte, and what the reference stores is what the month stores.

    .venv/bin/python -m tests.perf.bench_charges --accounts 100000 --growth 10000,100000,1000000
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, create_engine, make_url, text

from config.law import tables
from config.settings import load
from core.charges import clauses
from core.charges.law import Law
from core.clock import SystemClock
from core.exact import Exact
from core.ids import ProviderId
from core.money import kopecks_column
from core.period import Month
from core.records.store import last_record_of_all
from core.services.charge import Draft, approve_month, draft_month, post_month
from core.services.crew import Task, computed
from core.services.rebuild import house_batches
from core.services.recalculation import Adjustments
from core.storage import embedded
from core.storage.engine import application_engine, driver, owner_engine
from core.storage.migrate import OWNER, create_roles, upgrade
from erkc.application import CODE_VERSION, Application
from erkc.town.load import load_town
from tests.perf.measure import Pair, compare, seconds

__all__ = ["run"]

MONTH = Month(2026, 10)
SEED = 1
PROCESSES = 2
"""As many as the goals of the page on performance name."""

_Column = np.ndarray[tuple[int], np.dtype[np.int64]]

_DERIVED = (
    "charge_line", "house_volume", "charge_difference", "recalculated_month", "finding", "month_state", "entry", "posting", "balance",
    "calculation",
)  # fmt: skip
_LINES = """SELECT account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6, base, surcharge, recalculation,
 underdelivery, benefit, inputs, sources FROM charge_line ORDER BY account_id, service_id, creditor_id"""


@dataclass(frozen=True)
class _Town:
    """A loaded town: the working role's engine, a superuser's, and whose month it is."""

    engine: Engine
    superuser: Engine
    provider: ProviderId
    lines: int
    loading_s: float
    server: int
    """The server's first process, which knows the processor time of sessions that have ended."""


def run(accounts: int, rounds: int, growth: Sequence[int], columns: int) -> Iterator[Pair | str]:
    """Yield the measured pairs and sentences; ``columns``: rows of the comparison with bare numpy."""
    yield from _columns(columns, rounds)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = embedded.start(Path(folder))
        stack.callback(server.release)
        create_roles(create_engine(server.superuser_url), "erkc")
        with _town(server, accounts, Path(folder)) as town:
            yield from _pairs(town, rounds, Path(folder))
        first: tuple[float, float] | None = None
        for size in growth:
            with _town(server, size, Path(folder)) as town:
                drafted, posted = _whole(town)
                memory = _peak(town, PROCESSES)
                per_line = (drafted / town.lines, (drafted + posted) / town.lines)
                first = first or per_line
                yield (
                    f"{size:>9,} accounts, {town.lines:>10,} lines: draft {drafted:.0f} s (per line {per_line[0] / first[0]:.2f} of the "
                    f"smallest), with posting {drafted + posted:.0f} s ({per_line[1] / first[1]:.2f}); loading {town.loading_s:.0f} s; "
                    f"peak of the largest process over its imports {memory} MB"
                )


@contextmanager
def _town(server: embedded.EmbeddedServer, accounts: int, folder: Path) -> Iterator[_Town]:
    """A town in a database of its own, dropped at the end."""
    name = f"town_{accounts}"
    with create_engine(server.superuser_url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {OWNER}"))

    def at(url: str) -> str:
        return make_url(url).set(database=name).render_as_string(hide_password=False)

    superuser, owner, engine = (
        create_engine(at(server.superuser_url)),
        owner_engine(at(server.owner_url)),
        application_engine(at(server.url())),
    )
    create_roles(superuser, name)
    upgrade(owner)
    application = Application(load(home=folder / name, environment={}), engine, SystemClock(), at(server.url()))
    loaded: list[ProviderId] = []
    taken = seconds(lambda: loaded.append(load_town(application, accounts=accounts, seed=SEED, month=MONTH).provider_id))
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    first_line = (server.folder / "pgdata" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
    yield _Town(engine, superuser, loaded[0], accounts * 10, taken, int(first_line))
    for one in (superuser, owner, engine):
        one.dispose()
    with create_engine(server.superuser_url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _law() -> Law:
    return Law.from_tables(tables())


def _draft(town: _Town, workers: int, *, dry_run: bool = False) -> Draft:
    scope = {"provider_id": town.provider, "month": MONTH, "actor": "bench", "clock": SystemClock()}
    return draft_month(
        town.engine, mode="charge", law=_law(), code_version=CODE_VERSION, again=True, dry_run=dry_run, workers=workers, **scope
    )


def _whole(town: _Town) -> tuple[float, float]:
    """Seconds of the draft, and of approving and posting it."""

    def post() -> None:
        scope = {"provider_id": town.provider, "month": MONTH, "actor": "bench", "clock": SystemClock()}
        approve_month(town.engine, reason="bench", **scope)
        post_month(town.engine, law=_law(), **scope)

    return seconds(lambda: _draft(town, PROCESSES)), seconds(post)


def _digest(town: _Town) -> str:
    found = hashlib.sha256()
    with town.superuser.begin() as connection, driver(connection).cursor().copy(f"COPY ({_LINES}) TO STDOUT") as copy:
        for block in copy:
            found.update(block)
    return found.hexdigest()


def _clear(town: _Town) -> None:
    with town.superuser.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(_DERIVED)} CASCADE"))
    with town.superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))


def _before_writing(town: _Town) -> int:
    """Read, decide, evaluate and make ready, by several processes; nothing is stored."""
    with town.engine.connect() as connection:
        known = last_record_of_all(connection)
        task = Task(town.provider, MONTH, known, _law(), Adjustments({}, frozenset(), ()))
        batches = house_batches(connection, provider_id=town.provider, month=MONTH, known_until=known)
        return sum(batch.rows.count(b"\n") for batch in computed(connection, task, batches, workers=PROCESSES))


def _pairs(town: _Town, rounds: int, folder: Path) -> Iterator[Pair | str]:
    _draft(town, 1)
    alone = _digest(town)
    _clear(town)
    _draft(town, PROCESSES)
    expected = _digest(town)
    if alone != expected:
        raise AssertionError("one process and several do not store the same lines")
    ready = folder / "charge_line.copy"
    with ExitStack() as stack:
        connection = stack.enter_context(town.superuser.begin())
        copy = stack.enter_context(driver(connection).cursor().copy("COPY (SELECT * FROM charge_line) TO STDOUT"))
        file = stack.enter_context(ready.open("wb"))
        for block in copy:
            file.write(block)

    def reference() -> None:
        with ExitStack() as stack:
            connection = stack.enter_context(town.superuser.begin())
            copy = stack.enter_context(driver(connection).cursor().copy("COPY charge_line FROM STDIN"))
            file = stack.enter_context(ready.open("rb"))
            while block := file.read(1 << 20):
                copy.write(block)

    def prepare() -> None:
        _clear(town)

    def ready_lines() -> None:
        if _before_writing(town) != town.lines:
            raise AssertionError("lines are missing")

    prepare()
    reference()
    if _digest(town) != expected:
        raise AssertionError("reference and candidate do not store the same lines")
    what = f"{town.lines:,} lines on {PROCESSES} processes"
    yield compare(
        f"read, decide, evaluate, before writing: {what} / COPY into the line table",
        reference=reference, candidate=ready_lines, prepare=prepare, goal=">= 0.5", rounds=rounds,
    )  # fmt: skip
    yield compare(
        f"the month into the line table: {what} / COPY of the ready lines",
        reference=reference, candidate=lambda: _draft(town, PROCESSES) and None, prepare=prepare, goal=">= 0.6", rounds=rounds,
    )  # fmt: skip
    copied, computed_s, stored = (
        _processor_s(town, action, prepare) for action in (reference, ready_lines, lambda: _draft(town, PROCESSES))
    )
    yield (
        "processor time of all processes, the server's sessions too, median of 3 runs: COPY 1.00, read, decide, evaluate "
        f"{computed_s / copied:.1f}, the month into the line table {stored / copied:.1f}; "
        f"COPY took {copied / town.lines * 10**6:.0f} µs a line"
    )
    prepare()


def _processor_s(town: _Town, action: Callable[[], object], prepare: Callable[[], None], runs: int = 3) -> float:
    """Processor seconds of a run: what is left of a comparison when others use the machine too. Median of some runs."""

    def spent() -> float:
        for engine in (town.engine, town.superuser):
            engine.dispose()
        time.sleep(0.5)  # until the server has counted the sessions that have just ended
        fields = Path(f"/proc/{town.server}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return sum(os.times()[:4]) + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    found = []
    for _ in range(runs):
        prepare()
        before = spent()
        action()
        found.append(spent() - before)
    return statistics.median(found)


def _columns(rows: int, rounds: int) -> Iterator[Pair]:
    """Clauses over columns against bare numpy int64 of the same formulas; columns are ready on both sides."""
    rng = np.random.default_rng(SEED)
    people, volume = rng.integers(0, 6, rows), rng.integers(0, 20_000, rows)
    area = rng.integers(2_800, 9_500, rows)
    days = np.full(rows, 31)

    def rounded(num: _Column, den: int) -> _Column:
        whole = (2 * np.abs(num) + den) // (2 * den)
        return np.where(num < 0, -whole, whole)

    def bare() -> list[_Column]:
        """Kopecks at a tariff of 41.87, a norm of 4.2 and a price of 28.45."""
        return [
            rounded(volume * 4_187 * days, 1000 * 31),
            rounded(people * 42 * 4_187 * days, 10 * 31),
            rounded(area * 2_845 * days, 100 * 31),
        ]

    one = {"d": Exact(days), "D": Exact.of(31)}
    law = {"T": Exact(4187, 100), **one}

    def ours() -> list[_Column]:
        return [
            kopecks_column(clauses.formula_1(V=Exact(volume, 1000), **law)),
            kopecks_column(clauses.formula_4(n=Exact(people), N=Exact(42, 10), **law)),
            kopecks_column(clauses.maintenance(S=Exact(area, 100), T=Exact(2845, 100), **one)),
        ]

    for bare_column, our_column in zip(bare(), ours(), strict=True):
        if not np.array_equal(bare_column, our_column):
            raise AssertionError("columns of clauses and of bare numpy differ")
    yield compare(
        f"clauses over columns, 3 × {rows:,} lines / bare numpy int64 of the same formulas",
        reference=lambda: bare() and None, candidate=lambda: ours() and None, prepare=lambda: None, goal=">= 0.2", rounds=rounds,
    )  # fmt: skip


def _peak(town: _Town, workers: int) -> int:
    """Megabytes that the month takes in the largest process of a fresh run, over what its imports take; nothing is stored."""
    url = town.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-m", "tests.perf.charge_memory", str(town.provider), str(workers)],
        env={**os.environ, "ERKC_BENCH_URL": url}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(done.stdout)


def main() -> None:
    """Run this benchmark alone, at sizes of one's own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--growth", default="10000,100000")
    chosen = parser.parse_args()
    growth = [int(size) for size in chosen.growth.split(",") if size]
    for result in run(chosen.accounts, chosen.rounds, growth, 1_000_000):
        print(result, flush=True)


if __name__ == "__main__":
    main()
