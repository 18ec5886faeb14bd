"""Use of advances at closing (charging rules, section 3 step 7): what is paid ahead to a recipient covers that recipient's new bill.

Per recipient, and never across recipients: moving an advance to another recipient takes the payer's application. An advance that was paid
before any bill stands undivided (without a recipient); it is first shared by the lines of the first bill, then used like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.ids import EntityId
from core.model.ledger import OpenItem
from core.money import split
from core.payments.allocate import BillShare

__all__ = ["Covered", "Offset", "Used", "cover_by_credit", "offset_advances", "share_undivided"]


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
class Offset:
    """What became of an account's advances."""

    used: tuple[Used, ...]
    left: Mapping[EntityId, int]
    """By recipient; zero where the whole advance was used."""


def offset_advances(advances: Mapping[EntityId, int], bill: Iterable[BillShare]) -> Offset:
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
            shares = split(taken, [line.total for line in mine])
            used += [Used(line.service_id, creditor, share) for line, share in zip(mine, shares, strict=True) if share]
    return Offset(tuple(used), left)


def share_undivided(advance: int, bill: Iterable[BillShare]) -> dict[EntityId, int]:
    """An advance without a recipient shared among the recipients of the first bill, by its positive lines."""
    lines = [line for line in bill if line.total > 0]
    if not lines or advance <= 0:
        return {}
    shared: dict[EntityId, int] = defaultdict(int)
    for line, share in zip(lines, split(advance, [line.total for line in lines]), strict=True):
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
