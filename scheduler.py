"""The scheduler: turns the schedule into due slots and wake-ups. It runs no business code, and any number of them may run at once.

APScheduler's blocking scheduler gives the tick; each tick is one transaction of :func:`core.jobs.open_slots`. What a scheduler missed
while it was down, any other or its own next start opens; which of several opens a slot is the database's decision.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from types import FrameType

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from config.log_lines import log_to_stderr
from config.schedules import load_schedule
from core import jobs
from core.clock import Clock, SystemClock
from core.storage.engine import application_engine, transaction

__all__ = ["main", "run", "tick"]

_log = logging.getLogger("erkc.scheduler")


def tick(engine: Engine, schedule: Sequence[jobs.Job], *, clock: Clock, by: str) -> list[jobs.Slot]:
    """Open what is due now, in one transaction; the slots that this scheduler opened."""
    with transaction(engine) as connection:
        opened = jobs.open_slots(connection, schedule, clock.now(), by)
    for slot in opened:
        _log.info(
            "schedule.slot.opened", extra={"kind": slot.kind, "provider": slot.provider_id, "planned_at": slot.planned_at.isoformat()}
        )
    return opened


def run(url: str, *, schedule: Sequence[jobs.Job], clock: Clock | None = None, by: str | None = None, tick_s: float = 5.0) -> None:
    """Tick until SIGTERM or SIGINT. A tick that fails for want of the database is logged; the next one opens what it left."""
    present = clock or SystemClock()
    name = by or f"{socket.gethostname()}:{os.getpid()}"
    engine = application_engine(url, name="erkc-scheduler")
    scheduler = BlockingScheduler(timezone=UTC)

    def one_tick() -> None:
        try:
            tick(engine, schedule, clock=present, by=name)
        except DBAPIError:
            _log.warning("schedule.tick.failed", exc_info=True)

    trigger = IntervalTrigger(seconds=tick_s, timezone=UTC)
    scheduler.add_job(one_tick, trigger, max_instances=1, coalesce=True, misfire_grace_time=None, next_run_time=present.now())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        scheduler.start()
    except SystemExit:
        scheduler.shutdown(wait=True)
    finally:
        engine.dispose()


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def main(arguments: Sequence[str]) -> None:
    """``python -m scheduler DATABASE_URL [SCHEDULE.toml]``: the process alone; ``erkc schedule`` takes both from the settings."""
    if not 1 <= len(arguments) <= 2:
        sys.exit(main.__doc__)
    log_to_stderr()
    run(arguments[0], schedule=load_schedule(Path(arguments[1]) if len(arguments) == 2 else None))


if __name__ == "__main__":
    main(sys.argv[1:])
