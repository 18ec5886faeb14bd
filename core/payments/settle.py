"""When suppliers get what citizens paid for their resources (ПП РФ № 253), and the centre's own fee.

A day's receipts of one supplier go on the working day after them. A day with little money may wait: what waits goes on the working day
after it has grown beyond the small sum, with the next day that is not small, or at the latest on the fifth working day after its first
receipt. The surcharge by the raising coefficient and common property stay with the provider. Nothing that came in is left out.
What is taken back lowers what waits; more than that is owed back, and later receipts make it good before anything goes out again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from core.calendar import WorkCalendar
from core.ids import EntityId
from core.money import Kopecks, kopecks

__all__ = ["Kind", "Received", "Settlement", "SettlementRules", "Transfer", "agent_fee", "schedule", "settle"]

Kind = Literal["utility", "k_surcharge", "soi"]


@dataclass(frozen=True, slots=True)
class SettlementRules:
    """Limits of the decree: kopecks and working days; ``accumulates`` False sends every day's money the next working day."""

    small_sum: int
    longest_days: int
    accumulates: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """Money that a bank statement brought on a day for a supplier's resource, kopecks; negative: it was taken back on that day."""

    on: date
    supplier_id: EntityId
    kind: Kind
    amount: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """What goes to a supplier on a day, kopecks."""

    on: date
    supplier_id: EntityId
    amount: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where receipts go."""

    transfers: tuple[Transfer, ...]
    kept_by_provider: int
    owed_back: Mapping[EntityId, int] = field(default_factory=dict)
    """By supplier what was taken back after it had been passed on, kopecks: the next receipts are kept for it."""


def settle(receipts: Iterable[Received], rules: SettlementRules, calendar: WorkCalendar) -> Settlement:
    """Transfers of all receipts, in the order of days and suppliers; a year that the calendar does not know is a ``ConfigError``."""
    kept = 0
    daily: dict[EntityId, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for item in receipts:
        if item.kind == "utility":
            daily[item.supplier_id][item.on] += item.amount
        else:
            kept += item.amount
    due: dict[tuple[date, EntityId], int] = defaultdict(int)
    back: dict[EntityId, int] = {}
    for supplier, days in daily.items():
        found, owed = schedule(sorted(days.items()), rules, calendar)
        for on, amount in found:
            due[on, supplier] += amount
        if owed:
            back[supplier] = owed
    transfers = tuple(Transfer(on, supplier, amount) for (on, supplier), amount in sorted(due.items()) if amount)
    return Settlement(transfers, kept, back)


def agent_fee(amount: int, *, percent: Fraction) -> Kopecks:
    """The centre's fee of one registry, rounded once; it never lowers the debt credited to the payer."""
    return kopecks(Fraction(amount, 100) * percent / 100)


def schedule(days: Sequence[tuple[date, int]], rules: SettlementRules, calendar: WorkCalendar) -> tuple[list[tuple[date, int]], int]:
    """One supplier's net receipts by day, in order → what goes on which day, and what it owes back; together the receipts."""
    found: list[tuple[date, int]] = []
    waiting, latest = 0, date.max
    for day, amount in days:
        if waiting > 0 and latest <= day:
            found.append((latest, waiting))
            waiting = 0
        is_first = waiting <= 0
        waiting += amount
        if waiting <= 0:
            continue
        if not rules.accumulates or amount >= rules.small_sum or waiting > rules.small_sum:
            found.append((calendar.working_day_after(day), waiting))
            waiting = 0
        elif is_first:
            latest = calendar.working_day_after(day, rules.longest_days)
    if waiting > 0:
        found.append((latest, waiting))
    return found, max(-waiting, 0)
