"""A provider's month computed by several processes: batches of houses go out, lines as COPY takes them come back, in the order of houses.

One process writes: it holds the transaction that stores the draft whole or not at all, and stores what comes in. The others only read,
each through a connection of its own, in the very snapshot of the writer's transaction, so that what others store meanwhile changes
nothing. What comes out does not depend on the number of processes; with one, everything is done in the process at hand.

Workers are spawned, never forked, and end with the process that started them. When one dies, the computation ends with ``CH-0121``
and nothing of it is stored.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from types import ModuleType

from sqlalchemy import Connection, text

from core.charges.law import Law
from core.errors import TransientError
from core.ids import EntityId, ProviderId, RecordId
from core.ledger.calculations import rows_of
from core.model.finding import Finding
from core.model.lines import HouseVolume
from core.period import Month
from core.services.bounds import Bounds, once
from core.services.rebuild import Charger
from core.services.recalculation import Adjustments
from core.storage.engine import application_engine
from core.uncollected import uncollected

__all__ = ["Computed", "Task", "computed"]

_AHEAD = 2
"""Batches that wait for each process, so that none is idle, and no more, so that memory stays flat."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a process must know to compute houses of a month."""

    provider_id: ProviderId
    month: Month
    known_until: RecordId
    law: Law
    adjustments: Adjustments


@dataclass(frozen=True, slots=True)
class Computed:
    """A batch of houses, ready to be stored."""

    houses: int
    rows: bytes
    """The lines, see :func:`core.ledger.calculations.rows_of`."""
    volumes: tuple[HouseVolume, ...]
    findings: tuple[Finding, ...]


def computed(connection: Connection, task: Task, batches: Sequence[Sequence[EntityId]], *, workers: int) -> Iterator[Computed]:
    """The batches in their order, computed by so many processes; ``TransientError`` CH-0121 when one of them died."""
    if min(workers, len(batches)) <= 1:
        computer = _Computer(connection, task)
        for houses in batches:
            yield computer.compute(houses)
        return
    url = connection.engine.url.render_as_string(hide_password=False)
    snapshot = str(connection.execute(text("SELECT pg_export_snapshot()")).scalar_one())
    crew = ProcessPoolExecutor(
        min(workers, len(batches)), mp_context=get_context("spawn"), initializer=_begin, initargs=(url, snapshot, task)
    )
    waiting: deque[Future[Computed]] = deque()
    left = iter(batches)
    try:
        for houses in left:
            with _nothing_of_main():  # the first batch starts the processes
                waiting.append(crew.submit(_compute, list(houses)))
            if len(waiting) >= workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as died:
        raise TransientError(
            "CH-0121",
            "Один из процессов расчёта прерван извне (например, системе не хватило памяти); расчёт не сохранён.",
            hint="Повторите команду; если повторится, уменьшите charges.workers в настройках.",
        ) from died
    finally:
        crew.shutdown(wait=True, cancel_futures=True)


_starting = threading.Lock()
"""One calculation at a time starts its processes: what they take for the program belongs to the whole process."""


@contextmanager
def _nothing_of_main() -> Iterator[None]:
    """Processes that are started here do not import the program that people started, with its commands, screens and adapters: that would
    take each of them two seconds of processor time, and what they compute with is in this module."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class _Computer:
    """Computes batches through one connection."""

    def __init__(self, connection: Connection, task: Task) -> None:
        self._charger = Charger(
            connection, provider_id=task.provider_id, month=task.month, known_until=task.known_until, law=task.law,
            adjustments=task.adjustments,
        )  # fmt: skip
        self._bounds = Bounds(connection, task.provider_id, task.month, task.law)

    def compute(self, houses: Sequence[EntityId]) -> Computed:
        """Charge the houses and look whether anything of them is out of bounds."""
        with uncollected():
            return self._compute(houses)

    def _compute(self, houses: Sequence[EntityId]) -> Computed:
        batch = self._charger.charge(houses)
        findings: list[Finding] = [item for house in batch.charged for item in house.findings]
        findings.extend(self._bounds.findings(batch))
        rows = rows_of(once(line for house in batch.charged for line in house.lines))
        volumes = tuple(volume for house in batch.charged for volume in house.volumes)
        return Computed(len(houses), rows, volumes, tuple(findings))


class _Worker:
    """What a worker process is: its task, and from the first batch on its connection."""

    def __init__(self, url: str, snapshot: str, task: Task) -> None:
        self._url, self._snapshot, self._task = url, snapshot, task
        self._open = ExitStack()
        self._computer: _Computer | None = None

    def compute(self, houses: Sequence[EntityId]) -> Computed:
        """A batch in the snapshot of the writer."""
        if self._computer is None:
            engine = application_engine(self._url, name="erkc-charges")
            connection = self._open.enter_context(engine.connect())
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{self._snapshot}'")
            connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")  # the crew itself is what works in parallel
            self._computer = _Computer(connection, self._task)
        return self._computer.compute(houses)


_worker: _Worker | None = None
"""Set in worker processes."""


def _begin(url: str, snapshot: str, task: Task) -> None:
    global _worker  # noqa: PLW0603  # a worker process has one task for its whole life
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that people talk to; it ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(url, snapshot, task)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _compute(houses: list[EntityId]) -> Computed:
    assert _worker is not None
    return _worker.compute(houses)
