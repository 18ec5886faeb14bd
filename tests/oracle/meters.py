"""What a metering point counted in each month, written from sections 4 and 7 of the description of the law; imports nothing of ours.

A device is a mapping: ``start`` (where it begins), ``installed`` (None: long ago), ``last_valid`` (None: still valid), ``digits``,
``readings`` (list of (day, value)). A month of the result is a mapping: ``how`` (``meter``, ``average``, ``norm``), ``volume`` (None for
``norm``), ``raised`` (norm × K), ``kind`` for the histogram.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Month = tuple[int, int]


def days_of(month: Month) -> int:
    return calendar.monthrange(*month)[1]


def bounds(month: Month) -> tuple[date, date]:
    return date(*month, 1), date(*month, days_of(month))


def months_between(first: Month, last: Month) -> list[Month]:
    found = []
    year, number = first
    while (year, number) <= last:
        found.append((year, number))
        year, number = (year + 1, 1) if number == 12 else (year, number + 1)
    return found


def span(first: date, last: date) -> int:
    """Days from first to last, both counting."""
    return max((last - first).days + 1, 0)


class Point:
    """Walks one chain of devices; ``norm`` is a function month → volume by the norm without K."""

    def __init__(self, devices: list[dict[str, Any]], norm: Any, settings: dict[str, Any], opened: date, closed: date | None) -> None:
        self.devices = devices
        self.norm = norm
        self.late_reading = settings["late_reading"]
        self.window = int(settings["average_window"].split()[1])
        self.rollover_factor = Fraction(settings["rollover_factor"])
        self.opened, self.closed = opened, closed
        self.last: Fraction | None = None
        self.history: list[Fraction] = []
        self.in_a_row = 0
        self.owed = Fraction(0)
        self.open_months: list[tuple[Month, Fraction]] = []

    def begin(self, first: date) -> None:
        for device in self.devices:
            for day, value in device["readings"]:
                if day < first and (device["last_valid"] is None or day <= device["last_valid"]):
                    self.last = value

    def average(self) -> Fraction | None:
        window = self.history[-self.window :]
        return sum(window, Fraction(0)) / len(window) if len(window) >= 3 else None

    def month(self, month: Month) -> dict[str, Any] | None:
        first, last = bounds(month)
        first, last = max(first, self.opened), min(last, self.closed or last)
        if first > last:
            return None
        present = [d for d in self.devices if (d["installed"] or first) <= last]
        if not present:
            return None
        working = [d for d in present if d["last_valid"] is None or d["last_valid"] >= first]
        if not working:
            return self._missing(month, valid=False)
        fresh = [d for d in working if d["installed"] is not None and d["installed"] >= bounds(month)[0]]
        if len(working) == 1 and fresh and fresh[0]["installed"] == self.opened:
            self.last = fresh[0]["start"]
            return self._ordinary(month, fresh[0], after=self.opened)
        if fresh:
            return self._changed(month, working, fresh[0], first, last)
        (device,) = working
        if device["last_valid"] is not None and device["last_valid"] < last:
            return self._event(month, device, span(device["last_valid"] + timedelta(days=1), last))
        return self._ordinary(month, device)

    def _reading(self, device: dict[str, Any], month: Month, after: date | None = None) -> tuple[date, Fraction] | None:
        first, last = bounds(month)
        until = min(last, device["last_valid"] or last)
        found = [(day, value) for day, value in device["readings"] if first <= day <= until and (after is None or day > after)]
        return found[-1] if found else None

    def _growth(self, device: dict[str, Any], value: Fraction) -> Any:
        assert self.last is not None
        if value >= self.last:
            return value - self.last
        if device["digits"] is None:
            return None
        turn = Fraction(10) ** device["digits"]
        growth = value + turn - self.last
        if growth >= turn / 2:
            return None
        if len(self.history) >= 3 and growth > self.rollover_factor * sum(self.history, Fraction(0)) / len(self.history):
            return None
        return growth

    def _ordinary(self, month: Month, device: dict[str, Any], after: date | None = None) -> dict[str, Any]:
        reading = self._reading(device, month, after)
        if reading is None:
            return self._missing(month, valid=True)
        growth = self._growth(device, reading[1])
        if growth is None:
            return self._missing(month, valid=True)
        self.last = reading[1]
        if self.open_months and self.late_reading == "rebuild":
            months = [*self.open_months, (month, Fraction(0))]
            days = sum(days_of(one) for one, _ in months)
            rebuilt = [(one, growth * days_of(one) / days, charged) for one, charged in self.open_months]
            self.in_a_row, self.owed, self.open_months = 0, Fraction(0), []
            return {"how": "meter", "kind": "late", "volume": growth * days_of(month) / days, "rebuilt": rebuilt}
        charged = max(growth - self.owed, Fraction(0))
        self.owed = max(self.owed - growth, Fraction(0))
        late = self.in_a_row > 0
        if not late:
            self.history.append(growth)
        self.in_a_row, self.open_months = 0, []
        return {"how": "meter", "kind": "late" if late else "read", "volume": charged}

    def _missing(self, month: Month, *, valid: bool) -> dict[str, Any]:
        self.in_a_row += 1
        average = self.average()
        if average is not None and self.in_a_row <= 3:
            if valid:
                self.owed += average
                self.open_months.append((month, average))
            return {"how": "average", "kind": "average", "volume": average}
        if valid and self.late_reading != "keep_norm":
            self.owed += self.norm(month)
            self.open_months.append((month, self.norm(month)))
        return {"how": "norm", "kind": "norm", "volume": None, "raised": not valid}

    def _event(self, month: Month, device: dict[str, Any], rest: int) -> dict[str, Any]:
        reading = self._reading(device, month)
        average = self.average()
        if reading is None or reading[0] != device["last_valid"] or average is None:
            return self._missing(month, valid=False)
        growth = self._growth(device, reading[1])
        if growth is None:
            return self._missing(month, valid=False)
        counted = max(growth - self.owed, Fraction(0))
        self.owed = max(self.owed - growth, Fraction(0))
        self.in_a_row, self.last = 1, reading[1]
        return {"how": "average", "kind": "lapse", "volume": counted + average * rest / days_of(month)}

    def _changed(self, month: Month, working: list[dict[str, Any]], new: dict[str, Any], first: date, last: date) -> dict[str, Any]:
        """Old part, new part, and the days between them by the average, or by the norm where fewer than three months are known."""
        old = [d for d in working if d is not new]
        before = Fraction(0)
        for device in old:
            reading = self._reading(device, month)
            assert reading is not None
            growth = self._growth(device, reading[1])
            assert growth is not None
            before += growth
        covered = sum(span(first, d["last_valid"]) for d in old) + span(new["installed"], last)
        gap = max(span(first, last) - covered, 0)
        reading = self._reading(new, month)
        assert reading is not None
        after = reading[1] - new["start"]
        before, self.owed = max(before - self.owed, Fraction(0)), max(self.owed - before, Fraction(0))
        self.last, self.in_a_row = reading[1], 0
        average = self.average()
        if not gap:
            self.history.append(before + after)
            return {"how": "meter", "kind": "replaced", "volume": before + after}
        between = average if average is not None else self.norm(month)
        return {"how": "meter", "kind": "replaced with a gap", "volume": before + after + between * gap / days_of(month)}
