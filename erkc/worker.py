"""The worker: takes wake-ups from Procrastinate's queue on the same PostgreSQL, claims the slot a wake-up names, runs its job, finishes
it.

Any number of workers on any number of machines. A wake-up is only a hint: the slot's row decides who runs (see :mod:`core.jobs`), so a
repeated, lost or late one does no harm. Every worker also sweeps, in a thread of its own, so that work survives whoever held it.

A job is a function of a :class:`JobContext` that returns one Russian sentence for the operator; the registry says which kinds exist. Jobs
of the assembly are added by passing a wider registry to :func:`run`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import procrastinate
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from core import jobs
from core.clock import Clock, SystemClock
from core.errors import ErkcError, InvariantError, TransientError
from core.ids import ProviderId
from core.jobs import Slot
from core.services.seal import seal_past_days
from core.storage.engine import application_engine, transaction

__all__ = ["JOBS", "JobContext", "JobFunction", "run", "run_slot"]

_log = logging.getLogger("erkc.worker")


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job is given: the engine for its own transactions, the time, and the claim that it works under."""

    engine: Engine
    clock: Clock
    slot: Slot
    fence: int
    lease: timedelta

    def require(self, connection: Connection) -> None:
        """Bind an effect to the claim: locks the slot, and stops the job with :class:`TransientError` JOB-0201 when the claim was lost."""
        if not jobs.hold_slot(connection, self.slot, self.fence):
            raise TransientError("JOB-0201", "Задача перешла к другому исполнителю.", hint="Ничего делать не нужно: её завершит он.")

    def keep(self) -> None:
        """Keep the claim for another lease: to be called by long jobs between their steps. Stops the job when the claim was lost."""
        with transaction(self.engine) as connection:
            if not jobs.extend_slot(connection, self.slot, self.fence, until=self.clock.now() + self.lease):
                raise TransientError("JOB-0201", "Задача перешла к другому исполнителю.", hint="Ничего делать не нужно: её завершит он.")


JobFunction = Callable[[JobContext], str]


def _seal_archive(context: JobContext) -> str:
    """Seal every day that is over (in UTC), in the order of days."""
    now = context.clock.now()
    with transaction(context.engine) as connection:
        context.require(connection)
        seals = seal_past_days(connection, now)
    return f"Запечатано дней: {len(seals)}, сообщений: {sum(seal.count for seal in seals)}."


def _sweep(context: JobContext) -> str:
    """The sweep as a planned job: leaves a trace in the schedule that it works."""
    with transaction(context.engine) as connection:
        woken = jobs.sweep(connection, context.clock.now())
    return f"Возвращено в работу задач: {len(woken)}."


JOBS: Mapping[str, JobFunction] = {"seal_archive": _seal_archive, "sweep": _sweep}
"""The jobs that need nothing but the database; those that need settings or adapters are added where the program is assembled."""


def run_slot(engine: Engine, slot: Slot, *, registry: Mapping[str, JobFunction], leases: Mapping[str, timedelta], clock: Clock) -> bool:
    """Claim a slot, run its job and finish it; False when somebody else has it, had it, or took it over meanwhile.

    A job that fails leaves its slot failed with the reason; the next planned moment tries again. A broken promise is logged as critical.
    """
    lease = leases.get(slot.kind)
    job = registry.get(slot.kind)
    if lease is None or job is None:
        _log.error("job.unknown", extra={"kind": slot.kind})  # another version's schedule: its own workers will take the slot
        return False
    with transaction(engine) as connection:
        fence = jobs.claim_slot(connection, slot, now=clock.now(), lease=lease)
    if fence is None:
        return False
    fields = {"kind": slot.kind, "provider": slot.provider_id, "planned_at": slot.planned_at.isoformat(), "fence": fence}
    failed = False
    try:
        note = job(JobContext(engine, clock, slot, fence, lease))
    except ErkcError as error:
        failed, note = True, str(error)
        _log.log(
            logging.CRITICAL if isinstance(error, InvariantError) else logging.WARNING, "job.failed", extra=fields | {"code": error.code}
        )
    except Exception as error:  # noqa: BLE001 - whatever it was, the slot must not stay claimed and the worker must live
        failed, note = True, f"{type(error).__name__}: {error}"
        _log.exception("job.crashed", extra=fields)
    with transaction(engine) as connection:
        state: Literal["done", "failed"] = "failed" if failed else "done"
        finished = jobs.finish_slot(connection, slot, fence, now=clock.now(), state=state, note=note)
    event, level = ("job.finished", logging.INFO) if finished else ("job.finish_refused", logging.WARNING)
    _log.log(level, event, extra=fields | {"state": state, "note": note})
    return finished


def run(
    url: str, *, schedule: Sequence[jobs.Job], registry: Mapping[str, JobFunction] = JOBS, clock: Clock | None = None, concurrency: int = 2,
    sweep_s: float = 20.0, until_idle: bool = False,
) -> None:  # fmt: skip
    """Work until SIGTERM or SIGINT (a job under way is finished first); with ``until_idle`` only until nothing is waiting."""
    present = clock or SystemClock()
    engine = application_engine(url, name="erkc-worker")
    leases = {job.kind: job.lease for job in schedule}
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(kwargs=dict(_connect_arguments(url)), min_size=1, max_size=concurrency + 2)
    )

    @app.task(name=jobs.TASK, queue=jobs.QUEUE)
    def wake(kind: str, provider_id: int, planned_at: str) -> None:
        slot = Slot(kind, ProviderId(provider_id), datetime.fromisoformat(planned_at))
        run_slot(engine, slot, registry=registry, leases=leases, clock=present)

    stopping = threading.Event()
    sweeper = threading.Thread(target=_sweep_until, args=(stopping, engine, present, sweep_s), name="sweep", daemon=True)
    sweeper.start()
    try:
        app.run_worker(
            queues=[jobs.QUEUE], concurrency=concurrency, wait=not until_idle, delete_jobs="always", fetch_job_polling_interval=2.0,
            listen_notify=not until_idle,
        )  # fmt: skip
    finally:
        stopping.set()
        sweeper.join(timeout=10)
        engine.dispose()


def _sweep_until(stopping: threading.Event, engine: Engine, clock: Clock, pause_s: float) -> None:
    while True:
        try:
            with transaction(engine) as connection:
                woken = jobs.sweep(connection, clock.now())
            if woken:
                _log.info("sweep.woken", extra={"slots": len(woken)})
        except DBAPIError:
            _log.warning("sweep.failed", exc_info=True)  # the database is away; the next round tries again
        if stopping.wait(pause_s):
            return


def _connect_arguments(url: str) -> Mapping[str, object]:
    """A SQLAlchemy address as libpq's keywords."""
    parts = make_url(url)
    keywords = {"host": parts.host, "port": parts.port, "user": parts.username, "password": parts.password, "dbname": parts.database}
    return {name: value for name, value in (keywords | dict(parts.query)).items() if value is not None} | {"application_name": "erkc-queue"}
