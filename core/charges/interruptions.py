"""Hours of interruptions that lower the charge (раздел IX, Annex 1).

An hour counts once when it is beyond the time allowed at once **or** beyond the time allowed in the month; the hours beyond a limit are the
last ones. A single interruption keeps its own elapsed time over midnight of the month, the monthly sum restarts. Fractions are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from fractions import Fraction

from core.charges.rules import Resource, Rules, Sourced
from core.ids import RecordId
from core.model.facts import InterruptionFacts
from core.period import Month

__all__ = ["Limits", "Reduction", "beyond_stated", "hours_beyond", "lasted", "limits_of", "reduction_of"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Allowed hours, at once and in a month; None where there is no such limit."""

    single: Fraction | None
    monthly: Fraction | None


@dataclass(frozen=True, slots=True)
class Reduction:
    """Hours beyond the limits and the percent for each, with where they come from."""

    hours: Fraction
    percent: Sourced
    records: tuple[RecordId, ...]


def reduction_of(interruptions: Sequence[InterruptionFacts], resource: Resource, month: Month, rules: Rules) -> Reduction | None:
    """The reduction of a service for its interruptions in the month; None when no hour is beyond the limits."""
    touching = [item for item in interruptions if _clipped(item, month) is not None]
    if not touching:
        return None
    if rules.choice("interruption_limits", month.last) == "stated":
        hours = sum((beyond_stated(item, month) for item in _apart(touching)), Fraction(0))
    else:
        hours = hours_beyond(touching, limits_of(resource, month, rules), month)
    if not hours:
        return None
    percent = rules.number(f"interruption.{resource}.percent_per_hour", month.last)
    return Reduction(hours, percent, tuple(item.source for item in touching))


def limits_of(resource: Resource, month: Month, rules: Rules) -> Limits:
    """The allowed hours of a utility. What depends on a fact of the house (heat: room temperature; power: sources) the region states."""
    clause = rules.law.parameters[f"interruption.{resource}.percent_per_hour"].clause
    known = rules.law.parameters
    monthly = f"interruption.{resource}.month_hours"
    single = f"interruption.{resource}.single_hours"
    limits = Limits(
        single=rules.number(single, month.last).value if single in known else _own_single(resource, rules, clause),
        monthly=rules.number(monthly, month.last).value if monthly in known else None,
    )
    how = rules.choice("interruption_hours", month.last)
    return Limits(None if how == "monthly" else limits.single, None if how == "single" else limits.monthly)


def hours_beyond(interruptions: Sequence[InterruptionFacts], limits: Limits, month: Month) -> Fraction:
    """Hours of the month that break a limit.

    Of one interruption the hours beyond either limit are its last ones, so both together are the longer of the two tails.
    """
    total, used = timedelta(0), timedelta(0)
    for item in _apart(interruptions):
        clipped = _clipped(item, month)
        if clipped is None:
            continue
        first, last = clipped
        starts = [last]
        if limits.single is not None:
            starts.append(max(first, item.starts_at + _span(limits.single)))
        if limits.monthly is not None:
            starts.append(first + max(_span(limits.monthly) - used, timedelta(0)))
        total += max(last - min(starts), timedelta(0))
        used += last - first
    return _hours(total)


def _apart(interruptions: Sequence[InterruptionFacts]) -> list[InterruptionFacts]:
    """In their order; those that overlap or follow at once are one: an hour without the service counts once, however often it is told."""
    found: list[InterruptionFacts] = []
    for item in sorted(interruptions, key=lambda one: (one.starts_at, one.source)):
        before = found[-1] if found else None
        if before is None or before.ends_at < item.starts_at:
            found.append(item)
            continue
        claims = [one.claimed_hours_e2 for one in (before, item) if one.claimed_hours_e2 is not None]
        found[-1] = replace(before, ends_at=max(before.ends_at, item.ends_at), claimed_hours_e2=max(claims, default=None))
    return found


def lasted(interruptions: Sequence[InterruptionFacts], month: Month) -> Fraction:
    """Hours of the month on which the service was not provided at all, whatever is allowed (п. 100)."""
    return hours_beyond(interruptions, Limits(Fraction(0), None), month)


def _own_single(resource: Resource, rules: Rules, clause: str) -> Fraction | None:
    if resource == "gas":
        return None
    return rules.own_number(f"{resource}_single_limit_hours", clause=clause).value


def beyond_stated(item: InterruptionFacts, month: Month) -> Fraction:
    """Hours beyond the sender's own allowance, the only limit where the region takes it."""
    clipped = _clipped(item, month)
    if clipped is None:
        return Fraction(0)
    first, last = clipped
    allowed_until = item.starts_at + _span(Fraction(item.claimed_hours_e2 or 0, 100))
    return _hours(max(last - max(first, allowed_until), timedelta(0)))


def _clipped(item: InterruptionFacts, month: Month) -> tuple[datetime, datetime] | None:
    first = max(item.starts_at, datetime.combine(month.first, time.min, item.starts_at.tzinfo))
    last = min(item.ends_at, datetime.combine(month.next().first, time.min, item.ends_at.tzinfo))
    return (first, last) if first < last else None


def _span(hours: Fraction) -> timedelta:
    return timedelta(microseconds=int(hours * 3_600_000_000))


def _hours(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 3_600_000_000)
