"""Days and readings of one device: how long it counts, where it starts, which reading closes a month."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta

from core.charges.persons import days_between
from core.model.facts import MeterFacts, ReadingFacts
from core.model.readings import in_columns, month_number
from core.period import Month

__all__ = ["continues_to", "reading_before", "reading_in", "start_of", "started_in", "valid_days", "valid_until"]


def valid_until(meter: MeterFacts) -> date | None:
    """The last day the meter counts on: removal, end of verification, refusal of access, or the day before it failed."""
    ends = [day for day in (meter.closed_on, meter.next_verification_on, meter.access_refused_on) if day is not None]
    if meter.failed_on is not None:
        ends.append(meter.failed_on - timedelta(days=1))
    return min(ends, default=None)


def valid_days(meter: MeterFacts, first: date, last: date) -> int:
    """Days from first to last on which the meter counts."""
    return days_between(max(meter.commissioned_on or first, first), min(valid_until(meter) or last, last))


def started_in(meter: MeterFacts, month: Month) -> bool:
    """Whether the meter was installed in the month."""
    return meter.commissioned_on is not None and meter.commissioned_on in month


def start_of(meter: MeterFacts) -> ReadingFacts:
    """Where a meter begins to count: its first reading on the day it was commissioned."""
    start = meter.start_e3 if meter.start_e3 is not None else meter.readings[0].value_e3 if meter.readings else 0
    return ReadingFacts(meter.commissioned_on or date.min, start, meter.source)


def continues_to(meter: MeterFacts, last: date) -> bool:
    """Whether the meter is valid to the last day."""
    end = valid_until(meter)
    return end is None or end >= last


def reading_in(meter: MeterFacts, month: Month, *, until: date) -> ReadingFacts | None:
    """The last reading of the month that the meter was still valid on."""
    read, number = in_columns(meter.readings), month_number(month.first)
    place = bisect_right(read.months, number) - 1
    while place >= 0 and read.months[place] == number:
        if read.days[place] <= until:
            return read[place]
        place -= 1
    return None


def reading_before(meter: MeterFacts, first: date) -> ReadingFacts | None:
    """The last reading of days before the first that the meter was still valid on."""
    read, until = in_columns(meter.readings), valid_until(meter)
    place = bisect_left(read.days, first)
    if until is not None and until < first:
        place = bisect_right(read.days, until)
    return read[place - 1] if place else None
