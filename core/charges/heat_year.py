"""Heat of a whole calendar year by the house meters: what even payment of the next year is a twelfth of (п. 42(1)).

Read straight from the counters at the ends of the year, since meters of heat are often read in the season alone. A year that the
readings do not cover to both ends has no volume: the norm is charged then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from core.charges.devices import reading_in, start_of, valid_until
from core.charges.house_meters import Counted
from core.charges.metering import metering_points
from core.ids import RecordId
from core.model.facts import MeterFacts, ReadingFacts
from core.period import Month

__all__ = ["counted_in_year"]

_LONGEST_GAP = timedelta(days=31)
"""Between a meter and the one that continues it; a longer time nobody measured makes the year incomplete."""


def counted_in_year(meters: Sequence[MeterFacts], year: int) -> Counted | None:
    """What the meters of a service counted in the year, with the readings; None where the year is not covered."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    total, sources = Fraction(0), list[RecordId]()
    for point in metering_points(meters, lambda _: Fraction(0)):
        covered: date | None = None
        for meter in point.meters:
            end = min(valid_until(meter) or last, last)
            if end < first or (meter.commissioned_on or first) > last:
                continue
            opening = _opening(meter, first)
            closing = reading_in(meter, Month.of(end), until=end)
            if opening is None or closing is None or not _follows(covered, meter, first):
                return None
            growth = closing.value_e3 - opening.value_e3
            if growth < 0:
                growth += 10 ** (meter.digits or 0) * 1000
                if meter.digits is None or growth * 2 >= 10**meter.digits * 1000:
                    return None
            total += Fraction(growth, 1000)
            sources += [opening.source, closing.source]
            covered = end
        if covered is not None and last - covered > _LONGEST_GAP:
            return None
    return (total, tuple(dict.fromkeys(sources))) if sources else None


def _opening(meter: MeterFacts, first: date) -> ReadingFacts | None:
    """Where the year begins on the meter: the reading that closes the December before, or its own start."""
    if meter.commissioned_on is not None and meter.commissioned_on >= first:
        return start_of(meter)
    december = Month.of(first).previous()
    return reading_in(meter, december, until=december.last)


def _follows(covered: date | None, meter: MeterFacts, first: date) -> bool:
    """Whether the meter begins where the one before it ended, or where the year does."""
    start = meter.commissioned_on
    if start is None or start <= first:
        return True
    return start - (covered or first) <= _LONGEST_GAP
