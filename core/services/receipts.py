"""Money that came for accounts: from payments with their accounts to entries of the ledger, batch by batch.

One rule for all channels (registry, statement, archive): a payment whose account is known is shared out over its debts; any other goes to
suspense whole. The place it comes from (``source``) is all that differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from core import events
from core.errors import InvariantError
from core.events import EventKind, NewEvent
from core.ids import CENTRE, EntityId, MessageId, ProviderId, RecordId
from core.ledger.post import Posted, post
from core.model.checked import frozen_when_checked
from core.model.columns import NULL, PostingColumns, column, day_number, joined_columns
from core.model.ledger import Entry, Posting
from core.model.lines import Chart
from core.money import format_roubles
from core.payments.allocate import Allocation, BillShare, Receipt, allocate_in_order, postings, rule_name
from core.payments.columns import PaidColumns, posting_columns
from core.payments.columns import share_out as share_out_columns
from core.payments.rules import AllocationRules
from core.period import Month
from core.services.standings import Books

__all__ = ["Money", "Receipts", "Suspended"]

BillOf = Callable[["Money"], tuple[BillShare, ...]]


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Money:
    """A payment with its account, kopecks, ready to be shared out."""

    key: str
    """Key of the entry."""
    amount: int
    paid_on: date
    account_id: EntityId
    provider_id: ProviderId
    named_month: Month | None
    source: str
    """Where it was paid, for the accountant."""
    record_id: RecordId
    message_id: MessageId
    accounted_on: date | None = None
    """The operational day, where the sender has set it; it decides the month, while ``paid_on`` decides everything else."""
    not_before: date | None = None
    """It is accounted on no earlier day: that of the statement line by which its money came."""
    bill: str | None = None
    """The sender's document that the payment names."""
    suspended: int | None = None
    """What stood in suspense for it until now and is released; None: it comes from the source."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Suspended:
    """A payment whose account is not known for certain; negative takes money out again."""

    key: str
    amount: int
    paid_on: date
    provider_id: ProviderId
    why: str
    record_id: RecordId
    message_id: MessageId
    proposals: tuple[Mapping[str, object], ...] = ()


class _Waiting(NamedTuple):
    """A payment on its way to the ledger: its place in the batch, its operational day and month."""

    seq: int
    payment: Money
    day: date | None
    month: Month


_NO_POSTINGS = PostingColumns(*(column(()) for _ in fields(PostingColumns)))


@dataclass(slots=True)
class Receipts:
    """Posts money of one message; ``posted`` adds up what the ledger said."""

    connection: Connection
    source: Chart
    at: datetime
    bills: BillOf | None = None
    """Lines of the document that a payment names, else of the last one before it; None: those of the last posted month."""
    posted: Posted = field(default_factory=Posted)
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        self.books = Books(self.connection)

    def take(self, payments: Sequence[Money], suspended: Sequence[Suspended] = ()) -> None:
        """Share out and post a batch in the order given; events in the same transaction."""
        entries, columns = self._entries(payments)
        entries += [self._suspense(item) for item in suspended]
        if not entries:
            return
        posted = post(self.connection, entries, at=self.at, columns=columns)
        if posted.conflicts:
            keys = ", ".join(conflict.key for conflict in posted.conflicts[:5])
            raise InvariantError("BANK-0204", f"Платежи уже проведены иначе: {keys}.", hint="Сообщите разработчику.", keys=keys)
        self.posted += posted
        told = [
            NewEvent(EventKind.PAYMENT_POSTED, p.provider_id, "account", p.account_id, {"key": p.key, "amount": p.amount}) for p in payments
        ]
        told += [
            NewEvent(
                EventKind.PAYMENT_SUSPENDED,
                s.provider_id,
                "record",
                s.record_id,
                {"key": s.key, "amount": s.amount, "proposals": list(s.proposals)},
            )
            for s in suspended
        ]
        events.record_many(self.connection, told, at=self.at)

    def _entries(self, payments: Sequence[Money]) -> tuple[list[Entry], PostingColumns]:
        """Entries in the order of the payments; postings of most of them in columns."""
        by_provider: dict[ProviderId, list[_Waiting]] = defaultdict(list)
        for seq, payment in enumerate(payments):
            day, month = self._day(payment)
            by_provider[payment.provider_id].append(_Waiting(seq, payment, day, month))
        entries: dict[int, Entry] = {}
        pieces = [_NO_POSTINGS]
        for provider_id, those in by_provider.items():
            shared, one_by_one = self._shared(provider_id, those)
            pieces.append(shared)
            for waiting, rule, parts in one_by_one:
                entries[waiting.seq] = self._entry(waiting, rule, parts)
        return [entries[seq] for seq in range(len(payments))], joined_columns(pieces)

    def _shared(
        self, provider_id: ProviderId, those: Sequence[_Waiting]
    ) -> tuple[PostingColumns, list[tuple[_Waiting, str, tuple[Posting, ...]]]]:
        """Share out without bills first: only what remains as an advance needs the lines of a bill.

        In columns what has no penalty to be paid, no bill to share an advance by, comes from the source and is divided inside a month as by
        the method; the rest one by one.
        """
        by_account: dict[EntityId, list[_Waiting]] = defaultdict(list)
        for waiting in those:
            by_account[waiting.payment.account_id].append(waiting)
        standings = self.books.standings(by_account, provider_id)
        apart = {account for account in by_account if standings.has_penalties(account)}
        apart |= {waiting.payment.account_id for waiting in those if waiting.payment.suspended is not None}
        rules = {account: self.books.rules(provider_id, max(each.month for each in mine), account) for account, mine in by_account.items()}
        apart |= {account for account, mine in rules.items() if not mine.pro_rata}

        def share_out(account: EntityId, bills: Mapping[str, tuple[BillShare, ...]]) -> list[Allocation]:
            receipts = [
                Receipt(p.key, p.amount, p.named_month, bills.get(p.key, ()), before=month) for _, p, _, month in by_account[account]
            ]
            return allocate_in_order(receipts, standings.of(account), rules[account])

        together = [waiting for waiting in those if waiting.payment.account_id not in apart]
        paid = self._paid(together, rules)
        shares = share_out_columns(standings.owed, paid, standings.rank)
        done = {account: share_out(account, {}) for account in apart}
        ahead = [waiting for waiting, rest in zip(together, shares.rest.tolist(), strict=True) if rest]
        ahead += [
            waiting
            for account, allocations in done.items()
            for waiting, allocation in zip(by_account[account], allocations, strict=True)
            if any(part.kind == "advance" for part in allocation.parts)
        ]
        bills = self._bills(provider_id, ahead)
        done |= {
            account: share_out(account, bills) for account in {each.payment.account_id for each in ahead if bills.get(each.payment.key)}
        }
        ready: list[tuple[_Waiting, str, tuple[Posting, ...]]] = [
            (waiting, rule_name(rules[waiting.payment.account_id]), ()) for waiting in together if waiting.payment.account_id not in done
        ]
        ready += [
            (waiting, allocation.rule, postings(allocation, account, source=self._source(waiting.payment)))
            for account, allocations in done.items()
            for waiting, allocation in zip(by_account[account], allocations, strict=True)
        ]
        columns = posting_columns(shares, paid, column(waiting.seq for waiting in together), self.source)
        return columns.at(~np.isin(columns.account_id, column(done))), ready

    def _paid(self, together: Sequence[_Waiting], rules: Mapping[EntityId, AllocationRules]) -> PaidColumns:
        """Payments as columns; each of them must be positive."""
        for waiting in together:
            if waiting.payment.amount <= 0:
                raise ValueError(f"payment {waiting.payment.key} is not positive: {waiting.payment.amount}")
        return PaidColumns(
            account_id=column(p.account_id for _, p, _, _ in together),
            amount=column(p.amount for _, p, _, _ in together),
            named_month=column(_number(p.named_month if rules[p.account_id].named_period_first else None) for _, p, _, _ in together),
            before=column(_number(month) for *_, month in together),
        )

    def _day(self, payment: Money) -> tuple[date | None, Month]:
        """Operational day and month: the sender's own day where he keeps the books of days, else the centre's."""
        if payment.accounted_on is not None:
            return None, self.books.open_month(payment.provider_id, payment.accounted_on)
        return self.books.accounted(payment.provider_id, max(payment.paid_on, payment.not_before or payment.paid_on))

    def _bills(self, provider_id: ProviderId, ahead: Sequence[_Waiting]) -> dict[str, tuple[BillShare, ...]]:
        """Lines that an advance of each payment is shared by."""
        if self.bills is not None:
            return {waiting.payment.key: self.bills(waiting.payment) for waiting in ahead}
        found: dict[str, tuple[BillShare, ...]] = {}
        for month in {waiting.month for waiting in ahead}:
            those = [waiting.payment for waiting in ahead if waiting.month == month]
            lines = self.books.last_bill({payment.account_id for payment in those}, provider_id, month)
            found |= {payment.key: lines.get(payment.account_id, ()) for payment in those}
        return found

    def _source(self, payment: Money) -> Chart:
        return self.source if payment.suspended is None else Chart.SUSPENSE

    def _entry(self, waiting: _Waiting, rule: str, parts: tuple[Posting, ...]) -> Entry:
        """From the source, or out of suspense; where another amount stood there, the source gives or gets the difference."""
        payment, released = waiting.payment, ""
        if payment.suspended is not None:
            source, released = Chart.SUSPENSE, ", из невыясненных"
            missing = payment.amount - payment.suspended
            if missing:
                debit, credit = (self.source, source) if missing > 0 else (source, self.source)
                parts = (*parts, Posting(debit, credit, abs(missing)))
        return Entry(
            key=payment.key,
            kind="payment",
            provider_id=payment.provider_id,
            month=waiting.month,
            occurred_on=payment.paid_on,
            reason=(
                f"Оплата {format_roubles(payment.amount)} от {_written(payment.paid_on)}, {payment.source}{released};"
                f" распределение по правилу {rule}"
            ),
            postings=parts,
            message_id=payment.message_id,
            accounted_on=waiting.day,
        )

    def _suspense(self, item: Suspended) -> Entry:
        debit, credit = (self.source, Chart.SUSPENSE) if item.amount > 0 else (Chart.SUSPENSE, self.source)
        day, month = self.books.accounted(item.provider_id, item.paid_on) if item.provider_id == CENTRE else (None, None)
        return Entry(
            key=item.key,
            kind="payment_suspense",
            provider_id=item.provider_id,
            month=month or self.books.open_month(item.provider_id, item.paid_on),
            occurred_on=item.paid_on,
            reason=f"Невыясненный платёж {format_roubles(item.amount)} от {item.paid_on:%d.%m.%Y}: {item.why}",
            postings=(Posting(debit, credit, abs(item.amount)),),
            message_id=item.message_id,
            accounted_on=day,
        )


@lru_cache(maxsize=4096)
def _written(day: date) -> str:
    return f"{day:%d.%m.%Y}"


@lru_cache(maxsize=4096)
def _number(month: Month | None) -> int:
    return NULL if month is None else day_number(month.first)
