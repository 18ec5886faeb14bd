"""When a bill is presented and until when it is to be paid (ЖК ст. 155 ч. 1 and 2.1; ГК ст. 193).

The days are data: dated rules and a production calendar come as arguments (``core.charges.deadlines`` takes them from the law). A year
that the calendar does not know is an error, never a guess. Instants and time zones are not here: a bill knows days only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core.errors import ConfigError
from core.period import Month

__all__ = ["DUE_DAYS", "PRESENTATION_DAYS", "DayRule", "LateRule", "ShiftRule", "WorkCalendar", "due_day", "presentation_day"]

LateRule = Literal["plus_10_days", "unchanged"]
ShiftRule = Literal["next_working_day", "none"]
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class DayRule:
    """From the bills of which month the day of the next month holds."""

    from_month: Month
    day: int


LATE_DAYS = 10
"""Days from a bill that is presented late to its due day, where no law is at hand (``due.late_bill_days``)."""

DUE_DAYS = (DayRule(Month(1900, 1), 10), DayRule(Month(2026, 2), 15))
"""ФЗ № 177-ФЗ of 24.06.2025: the 15th from the bills of February 2026, the 10th before."""
PRESENTATION_DAYS = (DayRule(Month(1900, 1), 1), DayRule(Month(2026, 2), 5))
"""The same law: the bill is presented by the 5th; by the 1st before."""


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Production calendar: which weekdays are days off, which Saturdays and Sundays are worked, and which years it covers.

    >>> WorkCalendar.of([date(2026, 11, 4)]).working_day_from(date(2026, 11, 15))
    datetime.date(2026, 11, 16)
    """

    years: frozenset[int]
    days_off: frozenset[date]
    worked: frozenset[date]

    @classmethod
    def of(cls, days_off: Iterable[date], *, worked: Iterable[date] = (), years: Iterable[int] = ()) -> WorkCalendar:
        """A calendar that covers the years named and those that have a day in it."""
        off, work = frozenset(days_off), frozenset(worked)
        return cls(frozenset(years) | {day.year for day in off | work}, off, work)

    def is_working(self, day: date) -> bool:
        """Whether the day is worked. An unknown year is a :class:`ConfigError` (EPD-0001)."""
        if day.year not in self.years:
            raise ConfigError(
                "EPD-0001",
                f"В производственном календаре нет {day.year} года, срок оплаты не определить.",
                hint="Добавьте выходные и праздничные дни этого года в настройку days_off региона.",
                year=day.year,
            )
        return day in self.worked or (day not in self.days_off and day.weekday() < _SATURDAY)

    def working_day_from(self, day: date) -> date:
        """The day itself when it is worked, else the next one that is (ГК ст. 193)."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def working_day_after(self, day: date, count: int = 1) -> date:
        """The so-manieth working day after the day, which itself does not count."""
        for _ in range(count):
            day = self.working_day_from(day + timedelta(days=1))
        return day


def due_day(
    month: Month,
    calendar: WorkCalendar,
    *,
    rules: Sequence[DayRule] = DUE_DAYS,
    presented_on: date | None = None,
    presented_by: date | None = None,
    late: LateRule = "plus_10_days",
    late_days: int = LATE_DAYS,
    shift: ShiftRule = "next_working_day",
) -> date:
    """Last day to pay the bill of ``month``.

    A bill presented later than ``presented_by`` (default: by the law) is due ``late_days`` after it at the earliest when ``late`` says so.
    A day off moves the day to the next working one unless ``shift`` is ``none``.
    """

    def shifted(day: date) -> date:
        return day if shift == "none" else calendar.working_day_from(day)

    day = shifted(_of_next_month(month, rules))
    if presented_on is None or late == "unchanged" or presented_on <= (presented_by or presentation_day(month)):
        return day
    return max(day, shifted(presented_on + timedelta(days=late_days)))


def presentation_day(month: Month, *, rules: Sequence[DayRule] = PRESENTATION_DAYS) -> date:
    """Last day to present the bill of ``month``; a day off does not move it."""
    return _of_next_month(month, rules)


def _of_next_month(month: Month, rules: Sequence[DayRule]) -> date:
    known = [rule for rule in rules if rule.from_month <= month]
    if not known:
        raise ConfigError(
            "EPD-0002",
            f"Нет правила срока оплаты для месяца {month.title}.",
            hint="Дополните настройку due_day_rule региона более ранним месяцем.",
            month=str(month),
        )
    holding = max(known, key=lambda rule: rule.from_month)
    following = month.next()
    return date(following.year, following.month, holding.day)
