"""Deadlines of a region: the law's day and calendar, the region's own in their place, and nothing guessed."""

from __future__ import annotations

from datetime import date

import pytest

from config.law import tables
from core.charges.deadlines import Deadlines, deadlines
from core.charges.law import Law
from core.errors import ConfigError
from core.period import Month

LAW = Law.from_tables(tables())
TODAY = date(2026, 10, 31)


def of(**settings: object) -> Deadlines:
    return deadlines(LAW, settings, day=TODAY)


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ("2022-02", "2022-03-10"),
        ("2024-10", "2024-11-11"),  # the 10th is a Sunday
        ("2025-12", "2026-01-12"),  # New Year's days off and a Saturday
        ("2026-01", "2026-02-10"),
        ("2026-02", "2026-03-16"),  # the first bill under the new law, the 15th is a Sunday
        ("2026-10", "2026-11-16"),
        ("2026-12", "2027-01-15"),
        ("2027-04", "2027-05-17"),  # a Saturday
    ],
)
def test_the_law_alone(month: str, due: str) -> None:
    assert of().due_day(Month.parse(month)) == date.fromisoformat(due)


def test_a_year_without_a_calendar_is_an_error() -> None:
    with pytest.raises(ConfigError) as error:
        of().due_day(Month(2027, 12))
    assert error.value.code == "EPD-0001"
    assert of(days_off=["2028-01-17"]).due_day(Month(2027, 12)) == date(2028, 1, 18)


def test_a_year_whose_decree_is_not_at_hand_is_told() -> None:
    """The labour code alone makes its days; a region that states the year, and one that moves nothing, need no decree."""
    assert of().is_pending(date(2027, 1, 15)) and not of().is_pending(date(2026, 12, 15))
    assert not of(days_off=["2027-01-01"]).is_pending(date(2027, 1, 15))
    assert not of(due_shift="none").is_pending(date(2027, 1, 15))
    assert of(days_off=["2027-01-15"]).due_day(Month(2026, 12)) == date(2027, 1, 18)


def test_a_year_that_the_region_states_is_wholly_the_regions() -> None:
    assert of(days_off=["2026-01-13"]).due_day(Month(2025, 12)) == date(2026, 1, 12)
    assert of(days_off=[date(2026, 1, 12)]).due_day(Month(2025, 12)) == date(2026, 1, 13)


def test_settings_change_the_day() -> None:
    assert of(due_day_rule=[{"from_month": "2000-01", "day": 20}]).due_day(Month(2026, 9)) == date(2026, 10, 20)
    assert of(due_shift="none").due_day(Month(2026, 10)) == date(2026, 11, 15)
    assert of(february_2026_due="2026-03-10").due_day(Month(2026, 2)) == date(2026, 3, 10)
    assert of(february_2026_due="2026-03-10").due_day(Month(2026, 3)) == date(2026, 4, 15)


def test_a_late_bill_gives_ten_days() -> None:
    assert of().due_day(Month(2026, 4), presented_on=date(2026, 5, 5)) == date(2026, 5, 15)
    assert of().due_day(Month(2026, 4), presented_on=date(2026, 5, 9)) == date(2026, 5, 19)
    assert of(late_bill_due="unchanged").due_day(Month(2026, 4), presented_on=date(2026, 5, 9)) == date(2026, 5, 15)
    assert of().presentation_day(Month(2026, 1)) == date(2026, 2, 1)
    assert of().presentation_day(Month(2026, 2)) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "settings",
    [
        {"due_day_rule": "15"},
        {"due_day_rule": [{"day": 15}]},
        {"days_off": "2026-01-01"},
        {"due_shift": "earlier"},
        {"regional_holidays": "apply"},
    ],
)
def test_what_is_not_understood_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        deadlines(LAW, settings, day=TODAY)
