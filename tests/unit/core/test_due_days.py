"""Due days around the change of the law, weekends and holidays (cases P-04, P-16, P-17 by meaning)."""

from __future__ import annotations

from datetime import date

import pytest

from core.calendar import DayRule, WorkCalendar, due_day, presentation_day
from core.errors import ConfigError
from core.period import Month

PLAIN = WorkCalendar.of([], years=[2025, 2026, 2027])


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2025-12", "2026-01-12"),
        ("2026-01", "2026-02-10"),
        ("2026-02", "2026-03-16"),
        ("2026-03", "2026-04-15"),
        ("2026-07", "2026-08-17"),
        ("2026-10", "2026-11-16"),
        ("2027-01", "2027-02-15"),
    ],
)
def test_due_day_moves_from_days_off(month: str, day: str) -> None:
    assert due_day(Month.parse(month), PLAIN) == date.fromisoformat(day)


def test_holidays_and_worked_saturdays() -> None:
    calendar = WorkCalendar.of([date(2026, 6, 15), date(2026, 6, 16)])
    assert due_day(Month(2026, 5), calendar) == date(2026, 6, 17)
    worked = WorkCalendar.of([], worked=[date(2026, 8, 15)])
    assert due_day(Month(2026, 7), worked) == date(2026, 8, 15)


def test_a_bill_presented_late_is_due_ten_days_after() -> None:
    assert due_day(Month(2026, 4), PLAIN, presented_on=date(2026, 5, 9)) == date(2026, 5, 19)
    assert due_day(Month(2026, 6), PLAIN, presented_on=date(2026, 7, 3)) == date(2026, 7, 15)
    assert due_day(Month(2026, 4), PLAIN, presented_on=date(2026, 5, 9), late="unchanged") == date(2026, 5, 15)


def test_presentation_day() -> None:
    assert [presentation_day(month) for month in (Month(2026, 1), Month(2026, 2), Month(2026, 12))] == [
        date(2026, 2, 1),
        date(2026, 3, 5),
        date(2027, 1, 5),
    ]


def test_what_is_not_known_is_an_error() -> None:
    with pytest.raises(ConfigError, match="EPD-0001"):
        due_day(Month(2026, 12), WorkCalendar.of([date(2026, 1, 1)]))
    with pytest.raises(ConfigError, match="EPD-0002"):
        due_day(Month(2025, 12), PLAIN, rules=[DayRule(Month(2026, 2), 15)])
