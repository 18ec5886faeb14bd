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
from core.ledger.advances import AdvanceUse, OwnPenalty, Standing, advance_uses, own_penalties, standing_advances
from core.ledger.balances import open_items
from core.ledger.post import Posted, post
from core.model.ledger import UNKNOWN_ORIGIN, Entry, OpenItem, Posting
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

__all__ = ["use_advances", "use_advances_on_penalties"]

_ACCOUNTS_AT_ONCE = 5000
_PENALTIES = "penalty/"
"""Stands in the keys of entries between advances and penalties, which a bill counts with the payments."""


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


def use_advances_on_penalties(
    connection: Connection,
    *,
    provider: Provider,
    month: Month,
    at: datetime,
    only: Collection[EntityId] | None = None,
    without: Collection[EntityId] = (),
) -> Posted:
    """Use what the bill of the month has left of the advances on penalties of the same recipient, inside the caller's transaction.

    Penalties come after all principal (charging rules, section 3 steps 5 and 6): a payment of today would cover them, so money that stands
    ahead does. Penalties that a sender stated as opening balances stand beside the advances that it stated, as its own books have them.
    ``without``: accounts whose bill is held: their advance waits for it.
    """
    keys = {entity: key for key, entity in entity_ids(connection, provider.provider_id, "account").items()}
    books = Books(connection)
    advances: dict[EntityId, list[Standing]] = defaultdict(list)
    for item in standing_advances(connection, provider_id=provider.provider_id, month=month):
        if item.account_id not in without and (only is None or item.account_id in only):
            advances[item.account_id].append(item)
    posted = Posted()
    accounts = iter(sorted(advances))
    while batch := list(islice(accounts, _ACCOUNTS_AT_ONCE)):
        penalties: dict[EntityId, list[OwnPenalty]] = defaultdict(list)
        for penalty in own_penalties(connection, batch, through=month):
            penalties[penalty.account_id].append(penalty)
        order = books.order(provider.provider_id)
        entries = (
            entry
            for account, due in penalties.items()
            for entry in _Account(
                provider, month, account, keys[account], order, books.rules(provider.provider_id, month, account)
            ).on_penalties(advances[account], due)
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
        for what, postings in back.items():
            yield self._entry("advance_reversal", "Зачёт аванса отменён: платёж возвращён", postings, what=what)
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

    def on_penalties(self, advances: Sequence[Standing], penalties: Sequence[OwnPenalty]) -> Iterator[Entry]:
        """What is left ahead on penalties to the same recipient, the oldest first; what is undivided goes to any of them."""
        net: dict[EntityId | None, int] = defaultdict(int)
        for item in advances:
            net[item.creditor_id] += item.amount
        left = {item: item.amount for item in advances if item.amount > 0}
        postings: list[Posting] = []
        for due in penalties:
            missing = due.amount
            for item in sorted(left, key=lambda item: item.creditor_id is None):
                taken = min(missing, left[item], max(net[item.creditor_id], 0)) if item.creditor_id in (None, due.creditor_id) else 0
                if not taken:
                    continue
                missing -= taken
                left[item] -= taken
                net[item.creditor_id] -= taken
                postings.append(self._out(item, taken))
                if item.creditor_id is None:
                    mine = Standing(self.account, None, due.creditor_id, taken)
                    postings += [self._in(mine, taken), self._out(mine, taken)]
                of = (due.creditor_id, due.origin_month, due.component)
                postings.append(Posting(Chart.OFFSET, Chart.PENALTY, taken, self.account, None, *of))
        if postings:
            yield self._entry("advance_use", "Остаток аванса зачтён в счёт пеней", postings, what=_PENALTIES)

    def _taken_back(
        self, overdrawn: Sequence[Standing], uses: Sequence[AdvanceUse], net: Mapping[EntityId | None, int]
    ) -> dict[str, list[Posting]]:
        """The latest uses of the same recipient, as much as the advance is overdrawn by; what penalties had of it comes first."""
        left = {use: use.amount for use in uses}
        owed = {creditor: max(-amount, 0) for creditor, amount in net.items()}
        back: dict[str, list[Posting]] = defaultdict(list)
        for advance in overdrawn:
            missing = min(-advance.amount, owed[advance.creditor_id])
            owed[advance.creditor_id] -= missing
            for use in sorted(left, key=lambda use: (use.service_id is None, use.origin_month or UNKNOWN_ORIGIN), reverse=True):
                taken = min(missing, left[use]) if advance.creditor_id in (None, use.creditor_id) else 0
                if not taken:
                    continue
                missing -= taken
                left[use] -= taken
                postings = back[_PENALTIES if use.service_id is None else ""]
                postings.append(self._in(advance, taken))
                postings.append(
                    Posting(
                        Chart.PENALTY if use.service_id is None else Chart.RECEIVABLE,
                        Chart.OFFSET,
                        taken,
                        self.account,
                        use.service_id,
                        use.creditor_id,
                        use.origin_month,
                        use.component,
                    )
                )
        return back

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

    def _entry(self, kind: str, reason: str, postings: Sequence[Posting], *, what: str = "") -> Entry:
        return Entry(
            key=f"{kind}/{what}{self.provider.inn}/{self.month}/{self.key}",
            kind=kind,
            provider_id=self.provider.provider_id,
            month=self.month,
            occurred_on=self.month.last,
            reason=reason,
            postings=tuple(postings),
        )
