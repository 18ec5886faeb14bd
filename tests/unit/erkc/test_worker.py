from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from core import archive, events, jobs
from core.clock import FixedClock
from core.errors import InvariantError, TransientError
from core.events import EventKind
from core.ids import CENTRE
from core.jobs import Job, Slot
from core.storage.engine import transaction
from erkc import worker
from erkc.worker import JOBS, JobContext
from tests.conftest import Database

NOW = datetime(2026, 10, 5, 12, 0, 7, tzinfo=UTC)
LEASES = dict.fromkeys(("good", "bad", "seal_archive", "sweep"), timedelta(seconds=60))


def _schedule(*kinds: str) -> tuple[Job, ...]:
    table = {"title": "т", "cron": "* * * * *", "catch_up": "latest", "lease_s": 60}
    return jobs.parse_schedule({"timezone": "UTC", "jobs": dict.fromkeys(kinds, table)}, source="test")


def _open(engine: Engine, *kinds: str) -> list[Slot]:
    with transaction(engine) as connection:
        return jobs.open_slots(connection, _schedule(*kinds), NOW, "test")


def _outcome(engine: Engine) -> tuple[str, str]:
    with engine.connect() as connection:
        row = connection.execute(text("SELECT state, note FROM schedule_slot")).one()
        return row.state, row.note


def _transient(context: JobContext) -> str:
    raise TransientError("GIS-0503", "ГИС ЖКХ не отвечает.", hint="Повторится по расписанию.")


def _crash(context: JobContext) -> str:
    return str(1 // 0)


def _broken(context: JobContext) -> str:
    raise InvariantError("LED-0001", "Проводка не сходится.")


@pytest.mark.parametrize(
    ("job", "note", "level"),
    [
        (_transient, "GIS-0503: ГИС ЖКХ не отвечает. Повторится по расписанию.", logging.WARNING),
        (_crash, "ZeroDivisionError: integer division or modulo by zero", logging.ERROR),
        (_broken, "LED-0001: Проводка не сходится.", logging.CRITICAL),
    ],
)
def test_a_failed_job_leaves_its_reason_and_the_worker_alive(
    engine: Engine, caplog: pytest.LogCaptureFixture, job: worker.JobFunction, note: str, level: int
) -> None:
    (slot,) = _open(engine, "bad")
    assert worker.run_slot(engine, slot, registry={"bad": job}, leases=LEASES, clock=FixedClock(NOW))
    assert _outcome(engine) == ("failed", note)
    assert level in [record.levelno for record in caplog.records]
    assert not worker.run_slot(engine, slot, registry={"bad": job}, leases=LEASES, clock=FixedClock(NOW))


def test_a_kind_that_this_version_does_not_know_is_left_to_others(engine: Engine) -> None:
    (slot,) = _open(engine, "bad")
    assert not worker.run_slot(engine, slot, registry={}, leases=LEASES, clock=FixedClock(NOW))
    assert _outcome(engine) == ("open", "")


def test_a_long_job_keeps_its_claim_and_stops_when_it_lost_it(engine: Engine) -> None:
    (slot,) = _open(engine, "good")
    clock = FixedClock(NOW)
    seen = []

    def long(context: JobContext) -> str:
        clock.advance(timedelta(seconds=50))
        context.keep()
        clock.advance(timedelta(seconds=50))
        with transaction(engine) as connection:
            seen.append(jobs.sweep(connection, clock.now()))  # kept: not swept though the first lease is over
        clock.advance(timedelta(seconds=50))
        with transaction(engine) as connection:
            seen.append(jobs.claim_slot(connection, slot, now=clock.now(), lease=timedelta(seconds=60)))
        context.keep()
        return "не должно быть"

    assert not worker.run_slot(engine, slot, registry={"good": long}, leases=LEASES, clock=clock)
    assert seen == [[], 2]
    assert _outcome(engine) == ("claimed", "")


def test_sealing_as_a_job_seals_the_past_days_and_says_so(engine: Engine) -> None:
    for days in (3, 1, 0):
        with transaction(engine) as connection:
            at = NOW - timedelta(days=days)
            archive.store(connection, data=bytes([days]), name="n", channel="c", direction="in", provider_id=CENTRE, at=at)
    (slot,) = _open(engine, "seal_archive")
    assert worker.run_slot(engine, slot, registry=JOBS, leases=LEASES, clock=FixedClock(NOW))
    assert _outcome(engine) == ("done", "Запечатано дней: 3, сообщений: 2.")
    with engine.connect() as connection:
        told = events.read(connection, kinds=[EventKind.ARCHIVE_SEALED])
        assert [event.data["messages"] for event in told] == [1, 0, 1]
        assert list(archive.broken(connection)) == []


def test_the_worker_takes_what_waits_and_what_the_sweep_wakes(engine: Engine, database: Database) -> None:
    opened = _open(engine, "good", "sweep")
    with transaction(engine) as connection:  # the wake-up of one is lost
        connection.execute(text("DELETE FROM procrastinate_jobs WHERE queueing_lock = :key"), {"key": opened[0].key})
        assert jobs.sweep(connection, NOW) == [opened[0]]
    ran = []

    def good(context: JobContext) -> str:
        ran.append((context.slot, context.fence))
        return "Сделано."

    def work() -> None:
        registry = {**JOBS, "good": good}
        worker.run(database.url, schedule=_schedule("good", "sweep"), registry=registry, clock=FixedClock(NOW), until_idle=True)

    work()
    work()  # the sweep may have woken a slot once more just before it was claimed: such a wake-up is taken and does nothing
    assert ran == [(opened[0], 1)]
    with engine.connect() as connection:
        good_row, sweep_row = connection.execute(text("SELECT kind, state, note FROM schedule_slot ORDER BY kind")).all()
        assert good_row == ("good", "done", "Сделано.")
        assert sweep_row[:2] == ("sweep", "done") and sweep_row.note.startswith("Возвращено в работу задач:")  # how many is a race
        assert connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar() == 0
