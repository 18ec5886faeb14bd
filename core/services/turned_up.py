"""Debts that turn up after the money: what stands ahead of a payment covers them as the payment itself would have (charging rules, 3).

A corrected archive may bring debts after the payments of its month were shared out, a payment taken back opens others, a recalculation adds
to a closed month. Money that lies ahead beside a debt to the same recipient would let the debt bear penalties. It is used on the oldest
debts first, as of the day it was paid on, before anything of it goes to a new bill. Advances that a sender states as opening balances are
not touched: beside which debts they stand, its own books have decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection

from core.ids import EntityId
from core.ledger.advances import PaidAhead, accounts_in_credit, paid_ahead, standing_advances
from core.ledger.balances import open_items
from core.ledger.post import Posted, post
from core.model.ledger import Entry, OpenItem, Posting
from core.model.lines import Chart, Component
from core.payments.advances import Ahead, cover_debts
from core.payments.rules import AllocationRules
from core.period import Month
from core.records.providers import Provider
from core.services.standings import Books

__all__ = ["cover_turned_up"]

_ACCOUNTS_AT_ONCE = 5000


def cover_turned_up(
    connection: Connection,
    *,
    provider: Provider,
    month: Month,
    cause: str,
    at: datetime,
    only: Collection[EntityId] | None = None,
    freed: bool = False,
) -> Posted:
    """Use what payments have left ahead on debts of months before ``month``, inside the caller's transaction, in that month's books.

    ``cause`` stands in the keys of the entries beside the payment: the message that brought the debts, or the month that is posted.
    ``freed``: what payments have put on debts that are no more, too (else that is a credit, :mod:`core.services.credits`).
    """
    standing: dict[EntityId, list[_Place]] = defaultdict(list)
    for item in standing_advances(connection, provider_id=provider.provider_id, month=month):
        standing[item.account_id].append(_Place(item.service_id, item.creditor_id, item.amount))
    wanted = {*standing, *(accounts_in_credit(connection, provider_id=provider.provider_id, month=month) if freed else ())}
    found = iter(sorted(account for account in wanted if only is None or account in only))
    posted = Posted()
    books = Books(connection)

    def by(account: EntityId) -> _By:
        owner = provider.provider_id
        return _By(books.order(owner), books.groups(owner), books.rules(owner, month, account))

    while batch := list(islice(found, _ACCOUNTS_AT_ONCE)):
        debts: dict[EntityId, list[OpenItem]] = defaultdict(list)
        for debt in open_items(connection, batch, through=month):
            if debt.origin_month < month and debt.amount > 0:
                debts[debt.account_id].append(debt)
            elif freed and debt.amount < 0:
                place = _Place(debt.service_id, debt.creditor_id, -debt.amount, debt.origin_month, debt.surcharge)
                standing[debt.account_id].append(place)
        paid: dict[EntityId, list[PaidAhead]] = defaultdict(list)
        for part in paid_ahead(connection, sorted(debts), through=month):
            paid[part.account_id].append(part)
        entries = (
            entry
            for account, parts in paid.items()
            for entry in _Account(provider, month, cause, by(account)).entries(standing[account], parts, debts[account])
        )
        posted += post(connection, entries, at=at)
    return posted


@dataclass(frozen=True, slots=True)
class _Place:
    """Money that stands ahead (no origin month), or beyond a debt of a month, kopecks; negative: an overdrawn advance."""

    service_id: EntityId | None
    creditor_id: EntityId | None
    amount: int
    origin_month: Month | None = None
    surcharge: bool = False

    def may_be_of(self, part: PaidAhead) -> bool:
        """Whether a payment's part has come to stand here: an undivided one may have been shared by a bill since."""
        if self.origin_month is None:
            return part.origin_month is None and part.creditor_id in (None, self.creditor_id)
        mine = (self.origin_month, self.service_id, self.creditor_id, self.surcharge)
        return mine == (part.origin_month, part.service_id, part.creditor_id, part.surcharge)


@dataclass(frozen=True, slots=True)
class _By:
    """By what the money of a provider's accounts is shared out."""

    order: Mapping[EntityId, int]
    groups: Mapping[EntityId, str]
    rules: AllocationRules


@dataclass(frozen=True, slots=True)
class _Account:
    provider: Provider
    month: Month
    cause: str
    by: _By

    def entries(self, standing: Sequence[_Place], parts: Sequence[PaidAhead], debts: Sequence[OpenItem]) -> Iterator[Entry]:
        """One entry for each payment: that it was divided otherwise."""
        listed = sorted(
            debts, key=lambda item: (item.origin_month, self._rank(item.service_id), item.surcharge, self._rank(item.creditor_id))
        )
        divided: dict[tuple[date, str], list[Posting]] = defaultdict(list)
        for money, debt, amount in cover_debts(_left_of_payments(standing, parts), listed, self.by.rules, self.by.groups):
            debit, component = Chart.ADVANCE, Component.ADVANCE
            if money.origin_month is not None:
                debit, component = Chart.RECEIVABLE, _component(money.surcharge)
            where = (debt.account_id, money.service_id, money.creditor_id, money.origin_month, component)
            place = (debt.account_id, debt.service_id, debt.creditor_id, debt.origin_month, _component(debt.surcharge))
            postings = divided[money.day, money.payment]
            postings += [Posting(debit, Chart.OFFSET, amount, *where), Posting(Chart.OFFSET, Chart.RECEIVABLE, amount, *place)]
        for (day, payment), postings in sorted(divided.items()):
            yield Entry(
                key=f"payment_division/{self.cause}/{payment.partition('/')[2]}",
                kind="payment_division",
                provider_id=self.provider.provider_id,
                month=self.month,
                occurred_on=day,
                reason=f"Платёж от {day:%d.%m.%Y} зачтён в счёт долга, который появился после него",
                postings=tuple(postings),
            )

    def _rank(self, entity: EntityId) -> int:
        return self.by.order.get(entity, len(self.by.order) + int(entity))


def _component(surcharge: bool) -> Component:
    return Component.SURCHARGE if surcharge else Component.BASE


def _left_of_payments(standing: Sequence[_Place], parts: Sequence[PaidAhead]) -> list[Ahead]:
    """Which payments the money that stands ahead is of, the earliest first: what was used of it was used in that order.

    Of a recipient whose advance is overdrawn nothing is used: a payment was taken back, and its uses are taken back first.
    """
    overdrawn = {item.creditor_id for item in standing if item.amount < 0}
    left = {part: part.amount for part in parts}
    found: list[Ahead] = []
    for item in standing:
        if item.creditor_id in overdrawn:
            continue
        missing = item.amount
        for part in sorted(left, key=lambda part: (part.service_id == item.service_id, part.day), reverse=True):
            taken = min(missing, left[part]) if item.may_be_of(part) else 0
            if taken > 0:
                left[part] -= taken
                missing -= taken
                found.append(Ahead(part.payment, part.day, item.service_id, item.creditor_id, taken, item.origin_month, item.surcharge))
    return sorted(found, key=lambda money: (money.day, money.payment, money.creditor_id is None))
