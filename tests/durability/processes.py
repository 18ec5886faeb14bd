"""The programs that the durability tests start, pause and kill: real schedulers and workers on a test database.

Run as ``python -m tests.durability.processes scheduler|worker URL …``; the jobs write what they did into the table ``effect``.
"""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta

from sqlalchemy import text

import scheduler
from core import jobs
from core.clock import SystemClock
from core.storage.engine import transaction
from erkc import worker


def schedule(kind: str, lease_s: int) -> tuple[jobs.Job, ...]:
    """A job every second."""
    table = {"title": "Каждую секунду", "cron": "* * * * * *", "catch_up": "each", "lease_s": lease_s}
    return jobs.parse_schedule({"timezone": "UTC", "jobs": {kind: table}}, source="test")


def _note(context: worker.JobContext, what: str, *, require: bool) -> None:
    with transaction(context.engine) as connection:
        if require:
            context.require(connection)
        values = {"planned_at": context.slot.planned_at, "fence": context.fence, "what": what}
        connection.execute(text("INSERT INTO effect (planned_at, fence, what) VALUES (:planned_at, :fence, :what)"), values)


def count(context: worker.JobContext) -> str:
    """Leave one row."""
    _note(context, "effect", require=False)
    return "Сделано."


def slow(context: worker.JobContext) -> str:
    """Say that it began, take a second, leave one row bound to the claim."""
    _note(context, "begun", require=False)
    time.sleep(1)
    _note(context, "effect", require=True)
    return "Сделано."


def main(program: str, url: str, *rest: str) -> None:
    """Start one program."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s %(message)s")
    if program == "scheduler":
        skew_s, name = float(rest[0]), rest[1]
        scheduler.run(url, schedule=schedule("count", 30), clock=SystemClock(timedelta(seconds=skew_s)), by=name, tick_s=0.2)
    else:
        kind, lease_s = rest[0], int(rest[1])
        worker.run(url, schedule=schedule(kind, lease_s), registry={"count": count, "slow": slow}, concurrency=2, sweep_s=0.3)


if __name__ == "__main__":
    main(*sys.argv[1:])
