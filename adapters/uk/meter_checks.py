"""Readings of one archive: dated after its month (F4-063), below the previous one (F4-061), implausible (F4-062).

The judgement itself is :mod:`core.validate.readings`; here rows become chains, one for each meter and tariff zone, sorted outside memory.
House meters are not judged, and neither are meters whose row is not in this archive and that the hub does not know either: their digits
are nowhere said. Of meters that the hub knows, the readings in use stand before those that come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from adapters.format4.cells import Row
from adapters.format4.findings import finding
from adapters.format4.keyed import SortedRows
from core.model.finding import Finding
from core.period import Month
from core.validate.readings import Judged, Taken, judge, limit_for

__all__ = ["KnownMeter", "MeterChecks"]

_HOUSE_METER = 1
_METER, _READING = 0, 1
_UNSAID = -(1 << 63)


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """A meter that the hub knows, with its readings in use: key, day, thousandths, zone; in the order of days."""

    kind: int
    digits: int | None
    resource_kind: int | None
    readings: tuple[tuple[str, date, int, int | None], ...]


class MeterChecks:
    """Remembers meters and readings of an archive."""

    def __init__(self, month: Month, refused: frozenset[str], known: Mapping[str, KnownMeter]) -> None:
        self._month = month
        self._refused = refused
        self._known = known
        self._keys: set[str] = set()
        """Readings of this archive, where others are known."""
        self._resources: dict[str, int | None] = {}
        self._rows = SortedRows(7)
        """By meter: its own row, then its readings by zone, day and row."""

    def handlers(self) -> Mapping[str, Callable[[Row], Iterator[Finding]]]:
        """What to do with a row of each section."""
        return {"dictusluga": self._service, "pu": self._meter, "puval": self._reading}

    def _service(self, row: Row) -> Iterator[Finding]:
        key = row.key("id")
        if key is not None:
            self._resources.setdefault(key, row.number_of("resource_kind"))
        return iter(())

    def _meter(self, row: Row) -> Iterator[Finding]:
        key, service = row.key("id"), row.key("service")
        if key is not None:
            numbers = (row.number_of("kind"), row.number_of("digits"), None if service is None else int(service))
            self._rows.add(int(key), _METER, row.number, *(_UNSAID if one is None else one for one in numbers), 0)
        return iter(())

    def _reading(self, row: Row) -> Iterator[Finding]:
        taken_on = row.day("taken_on")
        if taken_on is not None and taken_on > self._month.last:
            yield finding("F4-063", "puval.csv", row=row.number, field=3, value=row.raw("taken_on"))

    def accept(self, row: Row) -> None:
        """Take a reading that no check of its row refused into its chain."""
        meter, taken_on, value = row.key("meter"), row.day("taken_on"), row.number_of("value")
        if meter is not None and taken_on is not None and value is not None:
            if self._known:
                self._keys.add(row.key("id") or "")
            self._rows.add(int(meter), _READING, row.number_of("zone") or 1, taken_on.toordinal(), row.number, value, 0)

    def finish(self) -> Iterator[Finding]:
        """Judge every chain."""
        if self._refused.intersection(("pu", "puval")):
            return
        for rows in self._rows.groups():
            yield from self._of_meter(str(rows[0][0]), rows)

    def _of_meter(self, meter: str, rows: list[tuple[int, ...]]) -> Iterator[Finding]:
        known = self._known.get(meter)
        kind, digits, service = (
            (None if one == _UNSAID else one for one in rows[0][3:6]) if rows[0][1] == _METER else (known and known.kind, None, None)
        )
        if kind == _HOUSE_METER or (rows[0][1] != _METER and known is None):
            return
        resource = None if "dictusluga" in self._refused else self._resources.get("" if service is None else str(service))
        if known is not None:
            digits, resource = digits or known.digits, resource or known.resource_kind
        readings = (row for row in rows if row[1] == _READING)
        for zone, those in groupby(readings, key=lambda row: row[2]):
            chain = [Taken(date.fromordinal(row[3]), row[5], row[4]) for row in those]
            if known is not None:
                chain += [
                    Taken(day, value, -1) for key, day, value, of_zone in known.readings if (of_zone or 1) == zone and key not in self._keys
                ]
                chain.sort(key=lambda reading: (reading.taken_on, reading.reference))
            for judged in judge(chain, digits=digits, limit_e3=limit_for(resource)):
                if judged.verdict != "accepted" and judged.reading.reference > 0:
                    yield _held(judged)


def _held(judged: Judged) -> Finding:
    reading = judged.reading
    if judged.verdict == "below_previous":
        code, detail = "F4-061", f"прежнее {_plain(judged.previous_e3)}"
    else:
        code, detail = "F4-062", f"{_plain(judged.volume_e3)} за месяц при среднем {_plain(judged.mean_e3)}"
    return finding(code, "puval.csv", row=reading.reference, field=4, value=_plain(reading.value_e3), detail=detail)


def _plain(value_e3: int | None) -> str:
    if value_e3 is None:
        return "—"
    sign = "-" if value_e3 < 0 else ""
    return f"{sign}{abs(value_e3) // 1000}.{abs(value_e3) % 1000:03d}"
