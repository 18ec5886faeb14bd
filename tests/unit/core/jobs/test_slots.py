from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from core import jobs
from core.ids import CENTRE
from core.jobs import Job, Slot
from core.storage.engine import transaction

NOW = datetime(2026, 10, 5, 12, 0, 7, tzinfo=UTC)
LEASE = timedelta(seconds=60)


def _job(kind: str = "poll", cron: str = "* * * * *", catch_up: str = "latest", scope: str = "centre") -> Job:
    table = {"title": "т", "cron": cron, "catch_up": catch_up, "lease_s": 60, "scope": scope}
    return jobs.parse_schedule({"timezone": "UTC", "jobs": {kind: table}}, source="test")[0]


def _states(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(text("SELECT planned_at, state FROM schedule_slot ORDER BY kind, provider_id, planned_at"))
    return [(f"{row.planned_at:%H:%M}", row.state) for row in rows]


def _waiting(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")).scalars())


def test_a_new_job_begins_with_its_latest_moment_and_goes_on_from_there(connection: Connection) -> None:
    schedule = [_job()]
    first = jobs.open_slots(connection, schedule, NOW, "a")
    assert first == [Slot("poll", CENTRE, NOW.replace(second=0))]
    assert jobs.open_slots(connection, schedule, NOW + timedelta(seconds=40), "a") == []
    assert jobs.open_slots(connection, schedule, NOW - timedelta(hours=1), "a clock that is behind") == []
    second = jobs.open_slots(connection, schedule, NOW + timedelta(minutes=1), "b")
    assert [slot.planned_at.minute for slot in second] == [1]
    assert _waiting(connection) == [slot.key for slot in first + second]


def test_of_moments_slept_through_the_catch_up_rule_says_which_run(connection: Connection) -> None:
    for catch_up in ("latest", "each"):
        job = _job(catch_up, catch_up=catch_up)
        jobs.open_slots(connection, [job], NOW, "a")
        opened = jobs.open_slots(connection, [job], NOW + timedelta(minutes=3), "a")
        assert [slot.planned_at.minute for slot in opened] == ([3] if catch_up == "latest" else [1, 2, 3])
    each, latest = _states(connection)[:4], _states(connection)[4:]
    assert each == [("12:00", "open"), ("12:01", "open"), ("12:02", "open"), ("12:03", "open")]
    assert latest == [("12:00", "open"), ("12:01", "missed"), ("12:02", "missed"), ("12:03", "open")]


def test_after_a_long_sleep_a_month_of_missed_moments_is_stored_at_most(connection: Connection) -> None:
    job = _job(cron="0 * * * *")
    jobs.open_slots(connection, [job], NOW, "a")
    jobs.open_slots(connection, [job], NOW + timedelta(days=300), "a")
    assert connection.execute(text("SELECT count(*) FROM schedule_slot WHERE state = 'missed'")).scalar() == 31 * 24 - 1


def test_a_job_of_providers_has_a_slot_for_each(connection: Connection) -> None:
    for number in (1, 2):
        connection.execute(
            text("INSERT INTO provider (provider_id, inn, kpp, ogrn, name, kind) VALUES (:n, :inn, '', '', 'УК', 1)"),
            {"n": number, "inn": str(number)},
        )
    opened = jobs.open_slots(connection, [_job(scope="provider")], NOW, "a")
    assert [slot.provider_id for slot in opened] == [1, 2]


def test_of_many_schedulers_at_once_one_opens_each_slot(engine: Engine) -> None:
    schedule = [_job("a"), _job("b", catch_up="each"), _job("c")]
    with transaction(engine) as connection:
        jobs.open_slots(connection, schedule, NOW, "first")
    barrier, opened = threading.Barrier(6), []

    def one(number: int) -> None:
        barrier.wait()
        for minute in range(1, 8):
            with transaction(engine) as connection:  # clocks 0.4 s apart, all around the full minute
                opened.extend(
                    jobs.open_slots(connection, schedule, NOW + timedelta(minutes=minute, seconds=-8 + 0.4 * number), str(number))
                )

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == len(set(opened))
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT kind, planned_at FROM schedule_slot WHERE state = 'open'")).all()
        assert len(stored) == len(opened) + 3
        assert len(_waiting(connection)) == len(stored)
        missed = connection.execute(text("SELECT count(*) FROM schedule_slot WHERE state = 'missed' AND kind = 'b'")).scalar()
    assert missed == 0


def test_slots_and_wake_ups_live_and_die_together(engine: Engine) -> None:
    with engine.connect() as connection:
        assert jobs.open_slots(connection, [_job()], NOW, "a")
        connection.rollback()
    with engine.connect() as connection:
        assert _states(connection) == []
        assert _waiting(connection) == []


@pytest.fixture
def slot(connection: Connection) -> Slot:
    return jobs.open_slots(connection, [_job()], NOW, "a")[0]


def test_a_slot_is_claimed_once_and_finished_with_its_fence(connection: Connection, slot: Slot) -> None:
    assert jobs.claim_slot(connection, Slot("poll", CENTRE, NOW), now=NOW, lease=LEASE) is None
    fence = jobs.claim_slot(connection, slot, now=NOW, lease=LEASE)
    assert fence == 1
    assert jobs.claim_slot(connection, slot, now=NOW + LEASE, lease=LEASE) is None
    assert not jobs.finish_slot(connection, slot, 2, now=NOW)
    assert jobs.hold_slot(connection, slot, 1)
    assert jobs.finish_slot(connection, slot, 1, now=NOW, note="Сделано\x00.")
    assert not jobs.finish_slot(connection, slot, 1, now=NOW, state="failed")
    assert not jobs.hold_slot(connection, slot, 1)
    assert jobs.claim_slot(connection, slot, now=NOW + timedelta(days=1), lease=LEASE) is None
    assert connection.execute(text("SELECT state, note FROM schedule_slot")).one() == ("done", "Сделано.")


def test_an_expired_claim_moves_on_and_the_late_finisher_is_refused(connection: Connection, slot: Slot) -> None:
    first = jobs.claim_slot(connection, slot, now=NOW, lease=LEASE)
    later = NOW + LEASE + timedelta(seconds=1)
    second = jobs.claim_slot(connection, slot, now=later, lease=LEASE)
    assert (first, second) == (1, 2)
    assert not jobs.finish_slot(connection, slot, 1, now=later)
    assert not jobs.extend_slot(connection, slot, 1, until=later + LEASE)
    assert jobs.finish_slot(connection, slot, 2, now=later, state="failed", note="Нет связи.")


def test_the_sweep_wakes_expired_claims_and_lost_wake_ups_and_nothing_else(connection: Connection, slot: Slot) -> None:
    assert jobs.sweep(connection, NOW) == []  # open, its wake-up waits
    fence = jobs.claim_slot(connection, slot, now=NOW, lease=LEASE)
    connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    assert jobs.sweep(connection, NOW + LEASE / 2) == []  # in somebody's hands
    assert fence is not None
    assert jobs.extend_slot(connection, slot, fence, until=NOW + LEASE * 2)
    assert jobs.sweep(connection, NOW + LEASE * 1.5) == []  # kept longer
    assert jobs.sweep(connection, NOW + LEASE * 3) == [slot]
    assert jobs.sweep(connection, NOW + LEASE * 3) == []  # already woken
    assert not jobs.finish_slot(connection, slot, fence, now=NOW + LEASE * 3)  # swept, though nobody has claimed it yet
    connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert jobs.sweep(connection, NOW + LEASE * 3) == [slot]
    assert jobs.claim_slot(connection, slot, now=NOW + LEASE * 3, lease=LEASE) == 2


def test_two_sweeps_at_once_wake_once(engine: Engine) -> None:
    with transaction(engine) as connection:
        slot = jobs.open_slots(connection, [_job()], NOW, "a")[0]
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    with engine.connect() as one, engine.connect() as other:
        assert jobs.sweep(one, NOW) == [slot]
        assert jobs.sweep(other, NOW) == []
        one.commit()
        other.commit()
        assert jobs.sweep(other, NOW) == []
