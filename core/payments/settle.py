"""When suppliers get what citizens paid for their resources (ПП РФ № 253), and the centre's own fee.

A day's receipts of one supplier go on the working day after them. A day with little money may wait: what waits goes on the working day
after it has grown beyond the small sum, with the next day that is not small, or at the latest on the fifth working day after its first
receipt. The surcharge by the raising coefficient and common property stay with the provider. Nothing that came in is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from core.calendar import WorkCalendar
from core.ids import EntityId
from core.money import Kopecks, kopecks

__all__ = ["Kind", "Received", "Settlement", "SettlementRules", "Transfer", "agent_fee", "settle"]

Kind = Literal["utility", "k_surcharge", "soi"]


@dataclass(frozen=True, slots=True)
class SettlementRules:
    """Limits of the decree: kopecks and working days; ``accumulates`` False sends every day's money the next working day."""

    small_sum: int
    longest_days: int
    accumulates: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """Money that a bank statement brought on a day for a supplier's resource, kopecks."""

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
    for supplier, days in daily.items():
        for on, amount in _of_supplier(sorted(days.items()), rules, calendar):
            due[on, supplier] += amount
    transfers = tuple(Transfer(on, supplier, amount) for (on, supplier), amount in sorted(due.items()) if amount)
    return Settlement(transfers, kept)


def agent_fee(amount: int, *, percent: Fraction) -> Kopecks:
    """The centre's fee of one registry, rounded once; it never lowers the debt credited to the payer."""
    return kopecks(Fraction(amount, 100) * percent / 100)


def _of_supplier(days: Sequence[tuple[date, int]], rules: SettlementRules, calendar: WorkCalendar) -> list[tuple[date, int]]:
    found: list[tuple[date, int]] = []
    waiting, latest = 0, date.max
    for day, amount in days:
        if waiting and latest <= day:
            found.append((latest, waiting))
            waiting = 0
        following = calendar.working_day_after(day)
        if not rules.accumulates or amount >= rules.small_sum or waiting + amount > rules.small_sum:
            found.append((following, waiting + amount))
            waiting = 0
            continue
        if not waiting:
            latest = calendar.working_day_after(day, rules.longest_days)
        waiting += amount
    return [*found, (latest, waiting)] if waiting else found
