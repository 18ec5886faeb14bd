"""Readings of one archive: dated after its month (F4-063), below the previous one (F4-061), implausible (F4-062).

The judgement itself is :mod:`core.validate.readings`; here rows become chains, one for each meter and tariff zone. House meters are not
judged, and neither are meters whose row is not in this archive: their digits and their service are not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from adapters.format4.cells import Row
from adapters.format4.findings import finding
from core.model.finding import Finding
from core.period import Month
from core.validate.readings import Judged, Taken, judge, limit_for

__all__ = ["MeterChecks"]

_HOUSE_METER = 1


class MeterChecks:
    """Remembers meters and readings of an archive."""

    def __init__(self, month: Month, refused: frozenset[str]) -> None:
        self._month = month
        self._refused = refused
        self._resources: dict[str, int | None] = {}
        self._meters: dict[str, tuple[int | None, int | None, str | None]] = {}
        self._chains: dict[tuple[str, int], list[Taken]] = defaultdict(list)

    def handlers(self) -> Mapping[str, Callable[[Row], Iterator[Finding]]]:
        """What to do with a row of each section."""
        return {"dictusluga": self._service, "pu": self._meter, "puval": self._reading}

    def _service(self, row: Row) -> Iterator[Finding]:
        key = row.key("id")
        if key is not None:
            self._resources.setdefault(key, row.number_of("resource_kind"))
        return iter(())

    def _meter(self, row: Row) -> Iterator[Finding]:
        key = row.key("id")
        if key is not None:
            self._meters.setdefault(key, (row.number_of("kind"), row.number_of("digits"), row.key("service")))
        return iter(())

    def _reading(self, row: Row) -> Iterator[Finding]:
        taken_on = row.day("taken_on")
        if taken_on is not None and taken_on > self._month.last:
            yield finding("F4-063", "puval.csv", row=row.number, field=3, value=row.raw("taken_on"))

    def accept(self, row: Row) -> None:
        """Take a reading that no check of its row refused into its chain."""
        meter, taken_on, value = row.key("meter"), row.day("taken_on"), row.number_of("value")
        if meter in self._meters and taken_on is not None and value is not None:
            self._chains[(meter, row.number_of("zone") or 1)].append(Taken(taken_on, value, row.number))

    def finish(self) -> Iterator[Finding]:
        """Judge every chain."""
        if self._refused.intersection(("pu", "puval")):
            return
        for (meter, _zone), chain in self._chains.items():
            kind, digits, service = self._meters[meter]
            if kind == _HOUSE_METER:
                continue
            chain.sort(key=lambda reading: (reading.taken_on, reading.reference))
            limit_e3 = None if "dictusluga" in self._refused else limit_for(self._resources.get(service or ""))
            for judged in judge(chain, digits=digits, limit_e3=limit_e3):
                if judged.verdict != "accepted":
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
