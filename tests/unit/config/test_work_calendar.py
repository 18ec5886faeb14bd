"""The production calendars of ``config/law/calendar.toml``, day by day, from ТК ст. 112 and each year's decree on transferred days off.

A holiday on a Saturday or Sunday (those of January apart) moves to the next working day unless the decree says where to; the first day of a
transfer is worked when it is an ordinary Saturday or Sunday.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from config.law import tables
from core.charges.deadlines import deadlines
from core.charges.law import Law

LAW = Law.from_tables(tables())
_DAY = timedelta(days=1)
_HOLIDAYS = (*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4))

DECREES: dict[int, tuple[str, dict[str, str]]] = {
    2022: ("ПП РФ № 1564 от 16.09.2021", {"01-01": "05-03", "01-02": "05-10", "03-05": "03-07"}),
    2023: ("ПП РФ № 1505 от 29.08.2022", {"01-01": "02-24", "01-08": "05-08"}),
    2024: (
        "ПП РФ № 1314 от 10.08.2023",
        {"01-06": "05-10", "01-07": "12-31", "04-27": "04-29", "11-02": "04-30", "12-28": "12-30"},
    ),
    2025: (
        "ПП РФ № 1335 от 04.10.2024",
        {"01-04": "05-02", "01-05": "12-31", "02-23": "05-08", "03-08": "06-13", "11-01": "11-03"},
    ),
    2026: ("ПП РФ № 1466 от 24.09.2025", {"01-03": "01-09", "01-04": "12-31"}),
    2027: ("ТК РФ ст. 112", {}),
}  # fmt: skip
"""From which day to which, as the decrees have it."""


def _off(year: int) -> set[date]:
    """Days of a year that nobody works."""
    moved = {date.fromisoformat(f"{year}-{one}"): date.fromisoformat(f"{year}-{other}") for one, other in DECREES[year][1].items()}
    holidays = {date(year, month, day) for month, day in _HOLIDAYS}
    days = [date(year, 1, 1) + _DAY * n for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    off = {day for day in days if day.weekday() >= 5} - (moved.keys() - holidays)
    off |= holidays | set(moved.values())
    for holiday in sorted(holidays - moved.keys()):
        if holiday.weekday() >= 5 and holiday.month != 1:
            day = holiday
            while day in off:
                day += _DAY
            off.add(day)
    return off


@pytest.mark.parametrize("year", DECREES)
def test_every_day_of_the_year(year: int) -> None:
    calendar = deadlines(LAW, {}, day=date(2026, 11, 24)).calendar
    off, day = _off(year), date(year, 1, 1)
    while day.year == year:
        assert calendar.is_working(day) == (day not in off), day
        day += _DAY


@pytest.mark.parametrize("year", DECREES)
def test_the_act_of_the_year_is_named(year: int) -> None:
    for name in ("calendar.days_off", "calendar.worked"):
        assert LAW.parameters[name].on(date(year, 6, 1)).act == DECREES[year][0]


@pytest.mark.parametrize(("year", "working"), [(2022, 247), (2023, 247), (2024, 248), (2025, 247), (2026, 247)])
def test_working_days_of_the_year(year: int, working: int) -> None:
    """As the production calendars of these years are published."""
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    assert days - len(_off(year)) == working
