"""Three schedulers whose clocks differ, one of them killed, a worker running: each slot once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from tests.conftest import Database
from tests.durability.conftest import Program, rows, wait_until


def test_every_slot_runs_exactly_once(effects: Database, start: Callable[..., Program]) -> None:
    schedulers = [start("scheduler", effects.url, skew, name) for skew, name in (("0", "a"), ("0.2", "b"), ("2", "c"))]
    start("worker", effects.url, "count", "30")
    wait_until(lambda: len(rows(effects, "SELECT 1 FROM effect")) >= 4)
    schedulers[2].kill()  # the one that is ahead, as kill -9, at whatever it was doing
    wait_until(lambda: len(rows(effects, "SELECT 1 FROM effect")) >= 9)
    schedulers[0].kill()
    late = start("scheduler", effects.url, "-0.5", "d")
    opened = len(rows(effects, "SELECT 1 FROM schedule_slot"))
    wait_until(lambda: len(rows(effects, "SELECT 1 FROM schedule_slot")) >= opened + 3)
    for program in (schedulers[1], late):
        program.stop()
    wait_until(lambda: not rows(effects, "SELECT 1 FROM schedule_slot WHERE state IN ('open', 'claimed')"))
    time.sleep(0.5)  # were anything to run twice, its wake-up would be taken now

    planned = [row[0] for row in rows(effects, "SELECT planned_at FROM schedule_slot ORDER BY planned_at")]
    done = [row[0] for row in rows(effects, "SELECT planned_at FROM effect ORDER BY planned_at")]
    assert done == planned
    assert [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(planned)] == [1.0] * (len(planned) - 1)
    assert rows(effects, "SELECT DISTINCT state, fence FROM schedule_slot") == [("done", 1)]
    assert len(rows(effects, "SELECT DISTINCT opened_by FROM schedule_slot")) > 1
