from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.schedules import load_schedule
from core.errors import ConfigError
from core.jobs import CatchUp, Job, Scope, parse_schedule

GOOD = """
timezone = "Europe/Moscow"
[jobs.seal]
title = "Печать"
cron = "15 3 * * *"
catch_up = "latest"
lease_s = 60
"""


def _job(cron: str, zone: str = "Europe/Moscow") -> Job:
    document = {"timezone": zone, "jobs": {"j": {"title": "т", "cron": cron, "catch_up": "each", "lease_s": 1}}}
    return parse_schedule(document, source="s.toml")[0]


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_the_schedule_of_the_month_is_complete_and_readable() -> None:
    schedule = {job.kind: job for job in load_schedule()}
    assert set(schedule) == {
        "take_inbox", "gis_synchronise", "gis_send", "gis_poll", "rgis_deliver", "rgis_compare", "reconcile", "close_day",
        "seal_archive", "sweep",
    }  # fmt: skip
    assert all(job.title for job in schedule.values())
    assert schedule["seal_archive"].catch_up is CatchUp.LATEST
    assert schedule["seal_archive"].scope is Scope.CENTRE
    assert schedule["seal_archive"].latest(_utc(2026, 10, 5, 12)) == _utc(2026, 10, 5, 0, 15)


def test_moments_are_after_the_first_and_up_to_the_second() -> None:
    job = _job("*/10 * * * *")
    assert list(job.moments(_utc(2026, 10, 5, 12), _utc(2026, 10, 5, 12, 20))) == [_utc(2026, 10, 5, 12, 10), _utc(2026, 10, 5, 12, 20)]
    assert list(job.moments(_utc(2026, 10, 5, 12, 0, 0), _utc(2026, 10, 5, 12, 9, 59))) == []
    assert list(job.moments(_utc(2026, 10, 5, 12), _utc(2026, 10, 5, 11))) == []


def test_seconds_stand_first_when_there_are_six_fields() -> None:
    job = _job("*/20 * * * * *")
    found = list(job.moments(_utc(2026, 10, 5, 12), _utc(2026, 10, 5, 12, 1)))
    assert found == [_utc(2026, 10, 5, 12, 0, 20), _utc(2026, 10, 5, 12, 0, 40), _utc(2026, 10, 5, 12, 1)]


def test_days_of_the_week_by_name_and_the_last_day_of_the_month() -> None:
    assert _job("0 9 * * mon").latest(_utc(2026, 10, 8)) == _utc(2026, 10, 5, 6)  # 5 October 2026 is a Monday
    assert _job("0 9 last * *").latest(_utc(2026, 11, 20)) == _utc(2026, 10, 31, 6)


def test_latest_looks_back_a_year_and_no_further() -> None:
    assert _job("0 0 29 2 *").latest(_utc(2026, 10, 1)) is None
    assert _job("0 0 1 1 *").latest(_utc(2026, 10, 1)) == _utc(2025, 12, 31, 21)


def _changed(**changes: object) -> dict[str, Any]:  # Any: a document of any shape
    document = tomllib.loads(GOOD)
    document["jobs"]["seal"] |= changes
    return document


def _wrong() -> Iterator[tuple[dict[str, Any], str, str]]:
    yield {**tomllib.loads(GOOD), "timzone": "x"}, "timzone", "Возможно, timezone"
    yield {**tomllib.loads(GOOD), "timezone": "Europe/Zarechinsk"}, "timezone", "Europe/Moscow"
    yield {**tomllib.loads(GOOD), "timezone": "../../etc/passwd"}, "timezone", "Europe/Moscow"
    yield {"timezone": "UTC"}, "jobs", "ни одной задачи"
    yield {"timezone": "UTC", "jobs": {"Печать": {}}}, "jobs.Печать", "имя задачи"
    yield _changed(cronn="* * * * *"), "jobs.seal.cronn", "jobs.seal.cron"
    yield _changed(cron="* * * *"), "jobs.seal.cron", "не пять"
    yield _changed(cron="61 * * * *"), "jobs.seal.cron", "61"
    yield _changed(cron="* * * * 0"), "jobs.seal.cron", "числом"
    yield _changed(cron="* * * * mon-5"), "jobs.seal.cron", "числом"
    yield _changed(cron="x * * * *"), "jobs.seal.cron", "не читается"
    yield _changed(cron=5), "jobs.seal.cron", "недопустимое"
    yield _changed(catch_up="all"), "jobs.seal.catch_up", "latest, each"
    yield _changed(scope="house"), "jobs.seal.scope", "centre, provider"
    yield _changed(lease_s=0), "jobs.seal.lease_s", "86400"
    yield _changed(lease_s=True), "jobs.seal.lease_s", "целое число"
    yield _changed(title=" "), "jobs.seal.title", "пусто"
    without = tomllib.loads(GOOD)
    del without["jobs"]["seal"]["lease_s"]
    yield without, "jobs.seal.lease_s", "обязателен"


@pytest.mark.parametrize(("document", "key", "words"), list(_wrong()))
def test_a_wrong_schedule_names_file_and_key(document: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_schedule(document, source="site/schedules.toml")
    assert caught.value.fields == {"file": "site/schedules.toml", "option": key}
    assert "site/schedules.toml" in str(caught.value)
    assert words in str(caught.value)


def test_a_sites_own_file_and_an_unreadable_one(tmp_path: Path) -> None:
    good = tmp_path / "расписание.toml"
    good.write_text(GOOD, encoding="utf-8")
    assert load_schedule(good)[0].lease == timedelta(minutes=1)
    good.write_bytes(b"\xff = ")
    with pytest.raises(ConfigError, match="JOB-0103"):
        load_schedule(good)
    with pytest.raises(ConfigError, match="JOB-0103"):
        load_schedule(tmp_path / "absent.toml")
