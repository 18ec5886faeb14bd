"""The calendar month, the unit in which the law charges (расчётный период, п. 37)."""

from __future__ import annotations

import calendar
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Month", "overlap_days"]

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_NAMES = ["январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"]


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month; months compare and subtract as numbers do.

    >>> Month.parse("2026-10").next(3), Month(2026, 10).last, Month(2026, 10) - Month(2025, 12)
    (Month(year=2027, month=1), datetime.date(2026, 10, 31), 10)
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1900 <= self.year <= 9999 and 1 <= self.month <= 12):
            raise ValueError(f"not a month: {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``YYYY-MM``."""
        match = _MONTH.fullmatch(text)
        if match is None:
            raise ValueError(f"not a month of the form YYYY-MM: {text!r}")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month of a day."""
        return _month(day.year, day.month)

    @property
    def first(self) -> date:
        """The first day."""
        return _bounds(self.year, self.month)[0]

    @property
    def last(self) -> date:
        """The last day."""
        return _bounds(self.year, self.month)[1]

    @property
    def bounds(self) -> tuple[date, date]:
        """The first and the last day."""
        return _bounds(self.year, self.month)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return _days(self.year, self.month)

    @property
    def title(self) -> str:
        """As people read it: ``октябрь 2026``."""
        return f"{_NAMES[self.month - 1]} {self.year}"

    def next(self, months: int = 1) -> Month:
        """The month so many months later."""
        number = self.year * 12 + self.month - 1 + months
        return Month(number // 12, number % 12 + 1)

    def previous(self, months: int = 1) -> Month:
        """The month so many months earlier."""
        return self.next(-months)

    def until(self, last: Month) -> Iterator[Month]:
        """This month and those after it, up to ``last`` inclusive."""
        month = self
        while month <= last:
            yield month
            month = month.next()

    def __sub__(self, other: Month) -> int:
        return (self.year - other.year) * 12 + self.month - other.month

    def __contains__(self, day: date) -> bool:
        return day.month == self.month and day.year == self.year

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@functools.cache
def _month(year: int, month: int) -> Month:
    return Month(year, month)


@functools.cache
def _bounds(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, _days(year, month))


@functools.cache
def _days(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def overlap_days(month: Month, first: date | None, last: date | None) -> int:
    """Days of the month inside an interval whose both ends count; an open end is ``None``.

    >>> overlap_days(Month(2026, 10), date(2026, 10, 20), None)
    12
    """
    start = max(first or month.first, month.first)
    end = min(last or month.last, month.last)
    return max((end - start + timedelta(days=1)).days, 0)
