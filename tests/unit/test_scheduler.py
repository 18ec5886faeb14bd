from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

import scheduler
from core import jobs
from core.clock import FixedClock


def test_a_tick_opens_what_is_due_once(engine: Engine) -> None:
    table = {"title": "т", "cron": "* * * * *", "catch_up": "each", "lease_s": 60}
    schedule = jobs.parse_schedule({"timezone": "UTC", "jobs": {"poll": table}}, source="test")
    clock = FixedClock(datetime(2026, 10, 5, 12, 0, 30, tzinfo=UTC))
    assert [slot.planned_at.minute for slot in scheduler.tick(engine, schedule, clock=clock, by="a")] == [0]
    assert scheduler.tick(engine, schedule, clock=clock, by="b") == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT opened_by, opened_at FROM schedule_slot")).one() == ("a", clock.now())


def test_the_scheduler_runs_no_business_code() -> None:
    """Of ours it imports the schedule, the jobs, the clock and the database's engine: import-linter can not look at a single module."""
    tree = ast.parse(Path(scheduler.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "core" for name in node.names}
    ours = {module for module in imported if module and module.split(".")[0] in ("adapters", "config", "core", "erkc", "xsd")}
    assert ours == {"config.log_lines", "config.schedules", "core", "core.clock", "core.storage.engine"}
    assert names == {"jobs"}
