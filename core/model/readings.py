"""Readings of a meter as columns: most are only counted with, so a reading becomes a value of its own when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import overload

from core.ids import RecordId
from core.model.facts import ReadingFacts

__all__ = ["Readings", "in_columns", "month_number"]


class _MonthNumbers(dict[date, int]):
    """Numbers of the months of days, worked out once for each day."""

    def __missing__(self, day: date) -> int:
        number = self[day] = day.year * 12 + day.month - 1
        return number


month_number = _MonthNumbers().__getitem__
"""The number of the month of a day: numbers of months in a row are in a row."""


class Readings(Sequence[ReadingFacts]):
    """The readings of a meter in the order of days, one column for each of their fields; equal to a tuple of the same readings."""

    __slots__ = ("_rows", "days", "months", "sources", "values_e3", "zones")

    def __init__(self, days: list[date], values_e3: list[int], sources: list[RecordId], zones: list[int | None]) -> None:
        self.days = days
        self.values_e3 = values_e3
        self.sources = sources
        self.zones = zones
        self.months = list(map(month_number, days))
        """See :func:`month_number`."""
        self._rows: tuple[ReadingFacts, ...] | None = None

    def rows(self) -> tuple[ReadingFacts, ...]:
        """The readings one by one."""
        if self._rows is None:
            self._rows = tuple(map(ReadingFacts, self.days, self.values_e3, self.sources, self.zones))
        return self._rows

    @overload
    def __getitem__(self, index: int) -> ReadingFacts: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[ReadingFacts, ...]: ...

    def __getitem__(self, index: int | slice) -> ReadingFacts | tuple[ReadingFacts, ...]:
        if self._rows is None and isinstance(index, int):
            return ReadingFacts(self.days[index], self.values_e3[index], self.sources[index], self.zones[index])
        return self.rows()[index]

    def __iter__(self) -> Iterator[ReadingFacts]:
        return iter(self.rows())

    def __reversed__(self) -> Iterator[ReadingFacts]:
        return reversed(self.rows())

    def __len__(self) -> int:
        return len(self.days)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Readings):
            return self.rows() == other.rows()
        return self.rows() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.rows())

    def __repr__(self) -> str:
        return repr(self.rows())


def in_columns(readings: Sequence[ReadingFacts]) -> Readings:
    """The readings of a meter as columns, whatever way they are kept."""
    if isinstance(readings, Readings):
        return readings
    return Readings(
        [one.taken_on for one in readings], [one.value_e3 for one in readings], [one.source for one in readings],
        [one.zone for one in readings],
    )  # fmt: skip
