"""Which debts a payment covers: named month, then the oldest; pro rata inside a month; penalties last; the rest is an advance.

Rule of charging-rules section 3 with the profile of uk-exchange 6.3. The same input gives the same parts, to the kopeck; the version of the
rule is kept with the result, because a reversal mirrors what was decided, not what would be decided today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from core.ids import EntityId
from core.model.ledger import OpenItem, Posting
from core.model.lines import Chart, Component
from core.money import split
from core.payments.rules import AllocationRules
from core.period import Month

__all__ = [
    "RULE_VERSION",
    "THE_METHOD",
    "Allocation",
    "BillShare",
    "Part",
    "PenaltyDue",
    "Receipt",
    "Standing",
    "allocate",
    "allocate_in_order",
    "mirror",
    "postings",
    "rule_name",
]

RULE_VERSION = "2026-11-01"
THE_METHOD = AllocationRules()


@dataclass(frozen=True, slots=True)
class PenaltyDue:
    """Penalty posted in earlier months and not paid. ``component`` is the group: housing and utilities, or capital repair."""

    creditor_id: EntityId
    origin_month: Month | None
    component: Component
    amount: int


@dataclass(frozen=True, slots=True)
class BillShare:
    """A line of a bill with a positive total: its part of an advance."""

    service_id: EntityId
    creditor_id: EntityId
    total: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment of one account, kopecks."""

    key: str
    amount: int
    named_month: Month | None = None
    """Month of the bill that the payment names, or the month it names by itself."""
    bill: tuple[BillShare, ...] = ()
    """Lines of the named bill, else of the last bill issued before the payment; empty: no bill yet."""
    penalties_first: bool = False
    """The payer said that it is a penalty that he pays."""
    before: Month | None = None
    """Debts of this month and later ones are not asked for yet: their bill comes later, what is paid for them is an advance."""
    creditors: frozenset[EntityId] | None = None
    """Recipients that the money came to; None: the collecting account, which covers all recipients of the bill."""

    def takes(self, creditor: EntityId) -> bool:
        """Whether money of this payment may go to a recipient."""
        return self.creditors is None or creditor in self.creditors


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account owes at one moment, and the fixed order of services and recipients for ties."""

    items: tuple[OpenItem, ...] = ()
    penalties: tuple[PenaltyDue, ...] = ()
    order: Mapping[EntityId, int] | None = None
    """Rank of services and recipients; without it their numbers are the order."""
    groups: Mapping[EntityId, str] = field(default_factory=dict)
    """Of services that the region's order inside a month may name: ``rso``, ``maintenance``, ``capital_repair``."""

    def rank(self, entity: EntityId) -> int:
        """Place in the fixed order."""
        return int(entity) if self.order is None else self.order.get(entity, len(self.order) + int(entity))


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a payment, kopecks: a debt of a month, a penalty, or an advance (undivided when it names no service)."""

    kind: Literal["debt", "penalty", "advance"]
    amount: int
    component: Component
    service_id: EntityId | None = None
    creditor_id: EntityId | None = None
    origin_month: Month | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Where a payment went. The parts are positive and sum to the payment."""

    key: str
    rule: str
    parts: tuple[Part, ...]

    @property
    def amount(self) -> int:
        """The payment."""
        return sum(part.amount for part in self.parts)


def allocate(receipt: Receipt, standing: Standing, rules: AllocationRules = THE_METHOD) -> Allocation:
    """Share one payment out; ``ValueError`` unless it is positive."""
    if receipt.amount <= 0:
        raise ValueError(f"payment {receipt.key} is not positive: {receipt.amount}")
    parts: list[Part] = []
    for step in _steps(receipt, standing, rules):
        for group in step:
            rest = receipt.amount - sum(part.amount for part in parts)
            parts += _cover(rest, group, rules)
    rest = receipt.amount - sum(part.amount for part in parts)
    parts += _advance(rest, receipt, standing, rules)
    return Allocation(receipt.key, rule_name(rules), tuple(parts))


def rule_name(rules: AllocationRules) -> str:
    """The version of the rule, with what of it the region has otherwise: kept with each payment."""
    return f"{RULE_VERSION} ({rules.differs})" if rules.differs else RULE_VERSION


def _steps(receipt: Receipt, standing: Standing, rules: AllocationRules) -> list[Iterable[list[Part]]]:
    """Debts and penalties in the order in which they are covered; a payment marked as penalty covers penalties first by any rules."""
    debts, penalties = _debts(receipt, standing, rules), _penalties(receipt, standing)
    if receipt.penalties_first or rules.penalties == "first":
        return [penalties, debts]
    if rules.penalties == "after_principal":
        return [debts, penalties]
    waiting = list(penalties)
    together = list(debts)
    for place, group in enumerate(together):
        month = group[0].origin_month
        if any(later[0].origin_month == month for later in together[place + 1 :]):
            continue  # with the last group of the month, where a region pays one before another
        of_month = [part for due in waiting for part in due if part.origin_month == month]
        waiting = [due for due in waiting if due[0].origin_month != month]
        together[place] = [*group, *of_month]
    return [together, waiting]


def allocate_in_order(receipts: Iterable[Receipt], standing: Standing, rules: AllocationRules = THE_METHOD) -> list[Allocation]:
    """Share out the payments of one account one after another: each finds the debts that those before it left."""
    result: list[Allocation] = []
    for receipt in receipts:
        if result:
            standing = _after(standing, result[-1])
        result.append(allocate(receipt, standing, rules))
    return result


def mirror(allocation: Allocation, *, key: str, amount: int | None = None) -> Allocation:
    """What a reversal takes back: exactly the stored parts, or each in proportion when it is partial (largest remainder)."""
    whole = allocation.amount
    taken = whole if amount is None else amount
    if not 0 < taken <= whole:
        raise ValueError(f"reversal of {taken} does not fit into a payment of {whole}")
    shares = split(taken, [part.amount for part in allocation.parts])
    parts = tuple(replace(part, amount=share) for part, share in zip(allocation.parts, shares, strict=True) if share)
    return Allocation(key, allocation.rule, parts)


def postings(
    allocation: Allocation, account_id: EntityId, *, source: Chart, place_id: EntityId | None = None, back: bool = False
) -> tuple[Posting, ...]:
    """Postings of an allocation: from ``source`` (cash, transit, suspense) to what is covered; ``back`` turns them round."""
    charts = {"debt": Chart.RECEIVABLE, "penalty": Chart.PENALTY, "advance": Chart.ADVANCE}
    result = []
    for part in allocation.parts:
        debit, credit = source, charts[part.kind]
        if back:
            debit, credit = credit, debit
        result.append(
            Posting(debit, credit, part.amount, account_id, part.service_id, part.creditor_id, part.origin_month, part.component, place_id)
        )
    return tuple(result)


def _debts(receipt: Receipt, standing: Standing, rules: AllocationRules) -> Iterator[list[Part]]:
    """Months in the order in which they are covered, each whole or by groups; inside them services and recipients in the fixed order."""
    months: dict[tuple[Month, int], list[OpenItem]] = {}
    for item in standing.items:
        asked = receipt.before is None or item.origin_month < receipt.before
        if item.amount > 0 and asked and receipt.takes(item.creditor_id):
            months.setdefault((item.origin_month, rules.place(standing.groups.get(item.service_id, "other"))), []).append(item)
    named = receipt.named_month if rules.named_period_first else None
    for month, place in sorted(months, key=lambda group: (group[0] != named, *group)):
        items = sorted(
            months[month, place], key=lambda item: (standing.rank(item.service_id), item.surcharge, standing.rank(item.creditor_id))
        )
        yield [
            Part(
                "debt",
                item.amount,
                Component.SURCHARGE if item.surcharge else Component.BASE,
                item.service_id,
                item.creditor_id,
                month,
            )
            for item in items
        ]


def _penalties(receipt: Receipt, standing: Standing) -> Iterator[list[Part]]:
    """Oldest origin month first, capital repair after the rest of its month; a penalty without a month (court costs) is oldest."""
    groups: dict[tuple[bool, Month | None, bool], list[PenaltyDue]] = {}
    for due in standing.penalties:
        if due.amount > 0 and receipt.takes(due.creditor_id):
            key = (due.origin_month is not None, due.origin_month, due.component == Component.PENALTY_CAPITAL_REPAIR)
            groups.setdefault(key, []).append(due)
    for key in sorted(groups, key=lambda key: (key[0], key[1] or Month(1900, 1), key[2])):
        dues = sorted(groups[key], key=lambda due: standing.rank(due.creditor_id))
        yield [Part("penalty", due.amount, due.component, None, due.creditor_id, due.origin_month) for due in dues]


def _cover(money: int, owed: Sequence[Part], rules: AllocationRules) -> list[Part]:
    """As much of a group as the money covers, pro rata to what is unpaid."""
    taken = min(money, sum(part.amount for part in owed))
    if taken <= 0:
        return []
    shares = split(taken, [part.amount for part in owed], remainder=rules.remainder)
    return [
        Part(part.kind, share, part.component, part.service_id, part.creditor_id, part.origin_month)
        for part, share in zip(owed, shares, strict=True)
        if share
    ]


def _advance(rest: int, receipt: Receipt, standing: Standing, rules: AllocationRules) -> list[Part]:
    if rest <= 0:
        return []
    lines = [line for line in receipt.bill if line.total > 0 and receipt.takes(line.creditor_id)]
    if not lines or rules.holds_advance:
        only = next(iter(receipt.creditors)) if receipt.creditors is not None and len(receipt.creditors) == 1 else None
        return [Part("advance", rest, Component.ADVANCE, None, only)]
    lines.sort(key=lambda line: (standing.rank(line.service_id), standing.rank(line.creditor_id)))
    shares = split(rest, [line.total for line in lines], remainder=rules.remainder)
    return [
        Part("advance", share, Component.ADVANCE, line.service_id, line.creditor_id)
        for line, share in zip(lines, shares, strict=True)
        if share
    ]


def _after(standing: Standing, allocation: Allocation) -> Standing:
    """What is owed once a payment has covered its parts."""
    paid: dict[object, int] = {}
    for part in allocation.parts:
        key = (part.kind, part.service_id, part.creditor_id, part.origin_month, part.component)
        paid[key] = paid.get(key, 0) + part.amount

    def debt(item: OpenItem) -> int:
        component = Component.SURCHARGE if item.surcharge else Component.BASE
        return item.amount - paid.get(("debt", item.service_id, item.creditor_id, item.origin_month, component), 0)

    def penalty(due: PenaltyDue) -> int:
        return due.amount - paid.get(("penalty", None, due.creditor_id, due.origin_month, due.component), 0)

    return replace(
        standing,
        items=tuple(replace(item, amount=debt(item)) for item in standing.items),
        penalties=tuple(replace(due, amount=penalty(due)) for due in standing.penalties),
    )
