"""Use of advances at closing (charging rules, section 3 step 7): what is paid ahead to a recipient covers that recipient's new bill.

Per recipient, and never across recipients: moving an advance to another recipient takes the payer's application. An advance that was paid
before any bill stands undivided (without a recipient); it is first shared by the lines of the first bill, then used like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from core.ids import EntityId
from core.model.ledger import OpenItem
from core.money import Remainder, split
from core.payments.allocate import THE_METHOD, BillShare
from core.payments.rules import AllocationRules
from core.period import Month

__all__ = ["Ahead", "Covered", "Offset", "Used", "cover_by_credit", "cover_debts", "offset_advances", "share_undivided"]


@dataclass(frozen=True, slots=True)
class Used:
    """A part of an advance that covers a line of the new bill, kopecks."""

    service_id: EntityId
    creditor_id: EntityId
    amount: int


@dataclass(frozen=True, slots=True)
class Covered:
    """A part of a credit that covers a debt, kopecks."""

    debt: OpenItem
    amount: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """Money of a payment that stands ahead, or beyond a debt that is no more; kopecks. Without a recipient it is for all of them."""

    payment: str
    day: date
    service_id: EntityId | None
    creditor_id: EntityId | None
    amount: int
    origin_month: Month | None = None
    """Of the debt that it went to."""
    surcharge: bool = False


@dataclass(frozen=True, slots=True)
class Offset:
    """What became of an account's advances."""

    used: tuple[Used, ...]
    left: Mapping[EntityId, int]
    """By recipient; zero where the whole advance was used."""


def offset_advances(advances: Mapping[EntityId, int], bill: Iterable[BillShare], remainder: Remainder = "largest_remainder") -> Offset:
    """Use advances (by recipient, not negative) on the positive lines of a new bill, pro rata; the order of the lines breaks ties."""
    lines: dict[EntityId, list[BillShare]] = defaultdict(list)
    for line in bill:
        if line.total > 0:
            lines[line.creditor_id].append(line)
    used: list[Used] = []
    left: dict[EntityId, int] = {}
    for creditor, advance in advances.items():
        if advance < 0:
            raise ValueError(f"advance to recipient {creditor} is negative: {advance}")
        mine = lines[creditor]
        taken = min(advance, sum(line.total for line in mine))
        left[creditor] = advance - taken
        if taken:
            shares = split(taken, [line.total for line in mine], remainder=remainder)
            used += [Used(line.service_id, creditor, share) for line, share in zip(mine, shares, strict=True) if share]
    return Offset(tuple(used), left)


def cover_debts(
    ahead: Iterable[Ahead], debts: Iterable[OpenItem], rules: AllocationRules = THE_METHOD, groups: Mapping[EntityId, str] | None = None
) -> list[tuple[Ahead, OpenItem, int]]:
    """What money that stands ahead covers of older debts: in the order of the money, the oldest month first, inside it pro rata.

    Section 3, steps 3 and 4, as if the debts had been there on the day of the payment; ``debts``: above zero, in the fixed order;
    ``groups``: of services, where the region pays one before another inside a month.
    """
    left = {debt: debt.amount for debt in debts}
    known = groups or {}
    turn = {debt: (debt.origin_month, rules.place(known.get(debt.service_id, "other"))) for debt in left}
    turns = sorted(set(turn.values()))
    covered: list[tuple[Ahead, OpenItem, int]] = []
    for money in ahead:
        free = money.amount
        for place in turns:
            mine = [debt for debt in left if turn[debt] == place and money.creditor_id in (None, debt.creditor_id) and left[debt]]
            taken = min(free, sum(left[debt] for debt in mine))
            if not taken:
                continue
            free -= taken
            for debt, share in zip(mine, split(taken, [left[debt] for debt in mine], remainder=rules.remainder), strict=True):
                if share:
                    left[debt] -= share
                    covered.append((money, debt, share))
    return covered


def share_undivided(advance: int, bill: Iterable[BillShare], remainder: Remainder = "largest_remainder") -> dict[EntityId, int]:
    """An advance without a recipient shared among the recipients of the first bill, by its positive lines."""
    lines = [line for line in bill if line.total > 0]
    if not lines or advance <= 0:
        return {}
    shared: dict[EntityId, int] = defaultdict(int)
    for line, share in zip(lines, split(advance, [line.total for line in lines], remainder=remainder), strict=True):
        shared[line.creditor_id] += share
    return dict(shared)


def cover_by_credit(credit: OpenItem, debts: Iterable[OpenItem]) -> list[Covered]:
    """What a credit (an open item below zero) covers: debts to its recipient, of the same service first, then the oldest.

    354 section 17, rule 3: what a recalculation took off beyond the fee of its month; what remains of it is an advance.
    """
    left = -credit.amount
    covered: list[Covered] = []
    for debt in sorted(debts, key=lambda item: (item.service_id != credit.service_id, item.origin_month, item.service_id, item.surcharge)):
        taken = min(left, debt.amount) if debt.creditor_id == credit.creditor_id else 0
        if taken > 0:
            left -= taken
            covered.append(Covered(debt, taken))
    return covered
