"""Penalties for late payment (ЖК ст. 155 ч. 14, 14.1): a step function of principal, days of delay, the rate that each part bears.

One debt is the principal of one billing month to one recipient, with its own due day D and its own count of days: day n is D + n. Days 1–30
cost nothing, 31–90 cost 1/300 of the rate a day, later ones 1/130; a contribution for capital repair stays at 1/300. By the statute the
rate of the day on which a part is paid holds for the whole of its delay, so the step function is first cut into parts: how much, from when,
until when, and the day whose rate it bears. Everything is exact here; the one rounding of a debt is :func:`to_post`: a month posts what has
accrued since the hub took over less what was posted, so rounding never drifts and what is learnt late corrects the next month. A region
may have what accrues on each day, or in each calendar month, rounded to kopecks (``penalty_rounding``): the sum of these is posted so, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from core.charges.penalty_rules import Group, PenaltyRounding, PenaltyRules, Stop
from core.money import Kopecks, kopecks
from core.period import Month

__all__ = ["Accrual", "Change", "Debt", "Segment", "accruals", "accrued", "added_up", "segments", "to_post"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of principal, kopecks with sign, from the first day on which the new principal bears penalties."""

    first: date
    amount: int
    rate_day: date
    """The day on which the part was paid, or taken off: whose rate it bears."""

    @classmethod
    def charged(cls, on: date, amount: int) -> Change:
        """Principal that stands from a day on: an opening balance, a bill."""
        return cls(on, amount, on)

    @classmethod
    def paid(cls, on: date, amount: int, rules: PenaltyRules) -> Change:
        """A payment: the day of payment still bears the old principal unless the rules say otherwise."""
        return cls(on + _DAY if rules.payment_day_counts else on, -amount, on)

    @classmethod
    def recalculated(cls, on: date, amount: int, rules: PenaltyRules) -> Change:
        """A recalculation that a bill of the day shows; in the payer's favour it may go back to the due day."""
        back = amount < 0 and rules.recalculation_from_original
        return cls(date.min if back else on + _DAY, amount, on)


@dataclass(frozen=True, slots=True)
class Debt:
    """Principal of one origin month to one recipient in one group, through time."""

    due: date
    changes: tuple[Change, ...]
    group: Group = "citizen"
    stops: tuple[Stop, ...] = ()
    """Of the account: an instalment plan that is kept, mobilisation, a court's stay."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Days of delay with one principal (kopecks) and one divisor, both ends counting."""

    first: date
    last: date
    principal: int
    divisor: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the principal with the days it was owed on."""

    amount: int
    first: date
    last: date
    rate_day: date


@dataclass(frozen=True, slots=True)
class Accrual:
    """Days on which a part of a debt costs the same, both ends counting: principal × rate / 100 / divisor a day."""

    first: date
    last: date
    principal: int
    """Kopecks."""
    divisor: int
    rate: Fraction
    """Per cent a year."""

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

    @property
    def a_day(self) -> Fraction:
        """Roubles a day, exact."""
        return Fraction(self.principal, 10_000 * self.divisor) * self.rate

    @property
    def amount(self) -> Fraction:
        """Roubles of all days, exact."""
        return self.a_day * self.days


def accrued(debt: Debt, rules: PenaltyRules, *, first: date, as_of: date) -> Fraction:
    """Penalty in roubles on the days from ``first`` to ``as_of``, both counting; what is unpaid bears the rate of ``as_of``.

    Exact, or the sum of the days or months rounded to kopecks where the rules say so.
    """
    return added_up(accruals(debt, rules, first=first, as_of=as_of), rules.rounding)


def added_up(found: Sequence[Accrual], rounding: PenaltyRounding) -> Fraction:
    """What accruals of one debt come to, roubles."""
    if rounding == "daily":
        return _rounded_by_day(found)
    if rounding == "monthly":
        return _rounded_by_month(found)
    return sum((one.amount for one in found), Fraction(0))


def accruals(debt: Debt, rules: PenaltyRules, *, first: date, as_of: date) -> list[Accrual]:
    """The days on which a debt bore a penalty, with the principal that bore it at one share of one rate; ordered by days."""
    found: dict[tuple[date, date, int, Fraction], int] = defaultdict(int)
    for part in _parts(debt, as_of):
        start, end = max(part.first, first, debt.due + _DAY), min(part.last, as_of)
        for here, until, divisor in _spans(debt, rules, start, end, rates=True):
            found[here, until, divisor, rules.rate(here, part.rate_day)] += part.amount
    return [Accrual(here, until, amount, divisor, rate) for (here, until, divisor, rate), amount in sorted(found.items())]


def _rounded_by_day(found: Sequence[Accrual]) -> Fraction:
    """Each day of the debt, whatever parts it is of, rounded to kopecks."""
    total = 0
    cuts = sorted({one.first for one in found} | {one.last + _DAY for one in found})
    for here, after in pairwise(cuts):
        a_day = sum((one.a_day for one in found if one.first <= here <= one.last), Fraction(0))
        total += kopecks(a_day) * (after - here).days
    return Fraction(total, 100)


def _rounded_by_month(found: Sequence[Accrual]) -> Fraction:
    """Each calendar month of the debt rounded to kopecks."""
    months: dict[Month, Fraction] = defaultdict(Fraction)
    for one in found:
        here = one.first
        while here <= one.last:
            month = Month.of(here)
            until = min(one.last, month.last)
            months[month] += replace(one, first=here, last=until).amount
            here = until + _DAY
    return Fraction(sum(kopecks(amount) for amount in months.values()), 100)


def segments(debt: Debt, rules: PenaltyRules, *, first: date, last: date) -> list[Segment]:
    """The days from ``first`` to ``last`` that bear a penalty, cut where the principal or the divisor changes."""
    steps = sorted({change.first for change in debt.changes if first < change.first <= last})
    found: list[Segment] = []
    for start, after in pairwise([first, *steps, last + _DAY]):
        principal = sum(change.amount for change in debt.changes if change.first <= start)
        if principal <= 0:
            continue
        for here, until, divisor in _spans(debt, rules, max(start, debt.due + _DAY), after - _DAY, rates=False):
            before = found[-1] if found else None
            if before is not None and before.last + _DAY == here and (before.principal, before.divisor) == (principal, divisor):
                found[-1] = Segment(before.first, until, principal, divisor)
            else:
                found.append(Segment(here, until, principal, divisor))
    return found


def to_post(cumulative: Fraction, *, posted: int) -> Kopecks:
    """What a month posts of a debt: all that has accrued, rounded once, less what earlier months posted; negative is a correction."""
    return Kopecks(kopecks(cumulative) - posted)


def _parts(debt: Debt, as_of: date) -> list[_Part]:
    """The principal as parts: what lowers it takes the oldest part first; money that came before the debt waits for it."""
    owed: list[tuple[int, date]] = []
    ahead = 0
    parts: list[_Part] = []
    for change in sorted(debt.changes, key=lambda change: (change.first, -change.amount)):
        if change.first > as_of:
            break
        left = abs(change.amount)
        if change.amount > 0:
            used = min(ahead, left)
            ahead -= used
            if left > used:
                owed.append((left - used, change.first))
            continue
        while left and owed:
            amount, first = owed.pop(0)
            taken = min(amount, left)
            left -= taken
            if change.first > first:
                parts.append(_Part(taken, first, change.first - _DAY, change.rate_day))
            if amount > taken:
                owed.insert(0, (amount - taken, first))
        ahead += left
    return parts + [_Part(amount, first, as_of, as_of) for amount, first in owed]


def _spans(debt: Debt, rules: PenaltyRules, first: date, last: date, *, rates: bool) -> Iterator[tuple[date, date, int]]:
    """Days from first to last that bear a penalty, cut wherever the divisor, a stop or (``rates``) the rate may change."""
    if first > last:
        return
    scales = rules.scales[debt.group]
    stops = [stop for stop in (*rules.stops, *debt.stops) if not stop.existing or debt.due < stop.first]
    cuts = {debt.due + timedelta(days=start) for scale in scales for start, _ in scale.steps}
    cuts.update(scale.first for scale in scales)
    for stop in stops:
        cuts.add(stop.first)
        if stop.last != date.max:
            cuts.add(stop.last + _DAY)
    if rates:
        cuts.update(rules.changes())
    for here, after in pairwise([first, *sorted(cut for cut in cuts if first < cut <= last), last + _DAY]):
        if any(stop.first <= here <= stop.last for stop in stops):
            continue
        scale = next((scale for scale in scales if scale.first <= here and (scale.last is None or here <= scale.last)), None)
        divisor = None if scale is None else scale.divisor((here - debt.due).days)
        if divisor is not None:
            yield here, after - _DAY, divisor
