"""Use of advances when a month is posted: what accounts have paid ahead covers the new bill of the same recipient.

Without it a new bill would stand open, and bear penalties, beside money that was paid for it. The advance goes down under its own service
and the debt under the service of the line, so an entry passes through the counter-account ``OFFSET``, which is zero after every entry. If a
payment is taken back after its advance was used, the use is taken back first: those debts are open again from their own due days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from core.ids import EntityId
from core.ledger.advances import AdvanceUse, Standing, advance_uses, standing_advances
from core.ledger.balances import open_items
from core.ledger.post import Posted, post
from core.model.ledger import Entry, OpenItem, Posting
from core.model.lines import Chart, Component
from core.money import split
from core.payments.advances import offset_advances, share_undivided
from core.payments.allocate import BillShare
from core.payments.rules import AllocationRules
from core.period import Month
from core.records.entities import entity_ids
from core.records.providers import Provider
from core.services.standings import Books
from core.services.turned_up import cover_turned_up

__all__ = ["use_advances"]

_ACCOUNTS_AT_ONCE = 5000


def use_advances(
    connection: Connection, *, provider: Provider, month: Month, at: datetime, only: Collection[EntityId] | None = None
) -> Posted:
    """Use the advances of a provider's accounts on debts that turned up since (:mod:`core.services.turned_up`), then on the bill of the
    month, inside the caller's transaction, after its charges.

    ``only``: accounts of houses that are let through after the others.
    """
    posted = cover_turned_up(connection, provider=provider, month=month, cause=str(month), at=at, only=only)
    keys = {entity: key for key, entity in entity_ids(connection, provider.provider_id, "account").items()}
    books = Books(connection)
    order = books.order(provider.provider_id)
    advances: dict[EntityId, list[Standing]] = defaultdict(list)
    for item in standing_advances(connection, provider_id=provider.provider_id, month=month):
        advances[item.account_id].append(item)
    accounts = iter(sorted(advances if only is None else advances.keys() & only))
    while batch := list(islice(accounts, _ACCOUNTS_AT_ONCE)):
        items: dict[EntityId, list[OpenItem]] = defaultdict(list)
        for debt in open_items(connection, batch, through=month):
            if debt.origin_month == month and debt.amount > 0:
                items[debt.account_id].append(debt)
        uses: dict[EntityId, list[AdvanceUse]] = defaultdict(list)
        overdrawn = [account for account in batch if any(item.amount < 0 for item in advances[account])]
        for use in advance_uses(connection, overdrawn):
            uses[use.account_id].append(use)
        entries = (
            entry
            for account in batch
            for entry in _Account(
                provider, month, account, keys[account], order, books.rules(provider.provider_id, month, account)
            ).entries(advances[account], items[account], uses[account])
        )
        posted += post(connection, entries, at=at)
    return posted


@dataclass(frozen=True, slots=True)
class _Account:
    """One account whose advances are used, or whose uses are taken back."""

    provider: Provider
    month: Month
    account: EntityId
    key: str
    order: Mapping[EntityId, int]
    rules: AllocationRules
    """Where an undivided advance stays undivided (``advance_split = hold``), only what the bill needs of it is used."""

    def entries(self, advances: Sequence[Standing], items: Sequence[OpenItem], uses: Sequence[AdvanceUse]) -> Iterator[Entry]:
        """The entries of the account in the month; none where nothing can be used."""
        net: dict[EntityId | None, int] = defaultdict(int)
        for item in advances:
            net[item.creditor_id] += item.amount
        back = self._taken_back([item for item in advances if item.amount < 0], uses, net)
        if back:
            yield self._entry("advance_reversal", "Зачёт аванса отменён: платёж возвращён", back)
        used = self._used([item for item in advances if item.amount > 0], items, net)
        if used:
            yield self._entry("advance_use", f"Аванс зачтён в счёт {self.month.first:%m.%Y}", used)

    def _used(self, advances: Sequence[Standing], items: Sequence[OpenItem], net: Mapping[EntityId | None, int]) -> list[Posting]:
        """What is ahead to each recipient, net of what is overdrawn, on its lines; an undivided advance is first shared by the bill."""
        lines = sorted(items, key=lambda item: (self._rank(item.service_id), item.surcharge, self._rank(item.creditor_id)))
        bill = [BillShare(EntityId(place), item.creditor_id, item.amount) for place, item in enumerate(lines)]  # its place names a line
        postings: list[Posting] = []
        ahead: dict[EntityId, list[Standing]] = defaultdict(list)
        available: dict[EntityId, int] = defaultdict(int)
        for advance in advances:
            if advance.creditor_id is not None:
                ahead[advance.creditor_id].append(advance)
                available[advance.creditor_id] = max(net[advance.creditor_id], 0)
        needed = sum(share.total for share in bill) - sum(
            part.amount for part in offset_advances(available, bill, self.rules.remainder).used
        )
        for advance in [item for item in advances if item.creditor_id is None and bill]:
            taken = min(advance.amount, needed) if self.rules.holds_advance else advance.amount
            needed -= taken
            left = bill if not self.rules.holds_advance else self._left(bill, available)
            postings += [self._out(advance, taken)] if taken else []
            for creditor, share in share_undivided(taken, left, self.rules.remainder).items():
                mine = Standing(self.account, None, creditor, share)
                ahead[creditor].append(mine)
                available[creditor] += share
                postings.append(self._in(mine, share))
        offset = offset_advances(available, bill, self.rules.remainder)
        for creditor, standing in ahead.items():
            taken = available[creditor] - offset.left[creditor]
            shares = split(taken, [item.amount for item in standing]) if taken else []
            postings += [self._out(item, share) for item, share in zip(standing, shares, strict=False) if share]
        for part in offset.used:
            item = lines[part.service_id]
            component = Component.SURCHARGE if item.surcharge else Component.BASE
            postings.append(
                Posting(
                    Chart.OFFSET,
                    Chart.RECEIVABLE,
                    part.amount,
                    self.account,
                    item.service_id,
                    item.creditor_id,
                    item.origin_month,
                    component,
                )
            )
        return postings

    def _left(self, bill: Sequence[BillShare], available: Mapping[EntityId, int]) -> list[BillShare]:
        """Lines of the bill less what the recipients' own advances cover."""
        covered: dict[EntityId, int] = defaultdict(int)
        for part in offset_advances(available, bill, self.rules.remainder).used:
            covered[part.service_id] += part.amount
        return [replace(share, total=share.total - covered[share.service_id]) for share in bill]

    def _taken_back(self, overdrawn: Sequence[Standing], uses: Sequence[AdvanceUse], net: Mapping[EntityId | None, int]) -> list[Posting]:
        """The latest uses of the same recipient, as much as the advance is overdrawn by."""
        left = {use: use.amount for use in uses}
        owed = {creditor: max(-amount, 0) for creditor, amount in net.items()}
        postings: list[Posting] = []
        for advance in overdrawn:
            missing = min(-advance.amount, owed[advance.creditor_id])
            owed[advance.creditor_id] -= missing
            for use in sorted(left, key=lambda use: use.origin_month, reverse=True):
                taken = min(missing, left[use]) if advance.creditor_id in (None, use.creditor_id) else 0
                if not taken:
                    continue
                missing -= taken
                left[use] -= taken
                postings.append(self._in(advance, taken))
                postings.append(
                    Posting(
                        Chart.RECEIVABLE,
                        Chart.OFFSET,
                        taken,
                        self.account,
                        use.service_id,
                        use.creditor_id,
                        use.origin_month,
                        use.component,
                    )
                )
        return postings

    def _out(self, advance: Standing, amount: int) -> Posting:
        return Posting(
            Chart.ADVANCE, Chart.OFFSET, amount, self.account, advance.service_id, advance.creditor_id, component=Component.ADVANCE
        )

    def _in(self, advance: Standing, amount: int) -> Posting:
        return Posting(
            Chart.OFFSET, Chart.ADVANCE, amount, self.account, advance.service_id, advance.creditor_id, component=Component.ADVANCE
        )

    def _rank(self, entity: EntityId) -> int:
        return self.order.get(entity, len(self.order) + int(entity))

    def _entry(self, kind: str, reason: str, postings: Sequence[Posting]) -> Entry:
        return Entry(
            key=f"{kind}/{self.provider.inn}/{self.month}/{self.key}",
            kind=kind,
            provider_id=self.provider.provider_id,
            month=self.month,
            occurred_on=self.month.last,
            reason=reason,
            postings=tuple(postings),
        )
