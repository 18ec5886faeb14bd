"""Workers that are paused or killed in the middle of a job: it is taken over, and whoever comes back late changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from core import jobs
from core.storage.engine import application_engine, transaction
from tests.conftest import Database
from tests.durability.conftest import Program, rows, wait_until
from tests.durability.processes import schedule

LEASE_S = "2"


def _open_one(database: Database) -> None:
    engine = application_engine(database.url)
    with transaction(engine) as connection:
        assert len(jobs.open_slots(connection, schedule("slow", int(LEASE_S)), datetime.now(UTC).replace(microsecond=0), "test")) == 1
    engine.dispose()


def _has_begun(database: Database, fence: int) -> bool:
    return bool(rows(database, f"SELECT 1 FROM effect WHERE what = 'begun' AND fence = {fence}"))


def _done(database: Database) -> list[tuple[object, ...]]:
    return rows(database, "SELECT fence FROM schedule_slot WHERE state = 'done'")


def test_a_paused_worker_loses_its_claim_and_its_late_finish_is_refused(effects: Database, start: Callable[..., Program]) -> None:
    paused = start("worker", effects.url, "slow", LEASE_S)
    _open_one(effects)
    wait_until(lambda: _has_begun(effects, 1))
    paused.pause()
    start("worker", effects.url, "slow", LEASE_S)
    wait_until(lambda: _done(effects) == [(2,)])
    paused.resume()
    wait_until(lambda: "job.finish_refused" in paused.text())
    assert rows(effects, "SELECT fence FROM effect WHERE what = 'effect'") == [(2,)]
    assert rows(effects, "SELECT state, fence, note FROM schedule_slot") == [("done", 2, "Сделано.")]
    paused.stop()  # it lives on after the refusal, and ends in peace


def test_the_job_of_a_killed_worker_is_taken_over(effects: Database, start: Callable[..., Program]) -> None:
    killed = start("worker", effects.url, "slow", LEASE_S)
    _open_one(effects)
    wait_until(lambda: _has_begun(effects, 1))
    killed.kill()
    start("worker", effects.url, "slow", LEASE_S)
    wait_until(lambda: _done(effects) == [(2,)])
    assert rows(effects, "SELECT fence FROM effect WHERE what = 'effect'") == [(2,)]


def test_a_worker_that_is_told_to_stop_finishes_what_it_has(effects: Database, start: Callable[..., Program]) -> None:
    stopped = start("worker", effects.url, "slow", LEASE_S)
    _open_one(effects)
    wait_until(lambda: _has_begun(effects, 1))
    stopped.stop()
    assert _done(effects) == [(1,)]
