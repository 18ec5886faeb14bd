"""Money that came for accounts: from payments with their accounts to entries of the ledger, batch by batch.

One rule for all channels (registry, statement, archive): a payment whose account is known is shared out over its debts; any other goes to
suspense whole. The place it comes from (``source``) is all that differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from core import events
from core.errors import InvariantError
from core.events import EventKind, NewEvent
from core.ids import CENTRE, EntityId, MessageId, ProviderId, RecordId
from core.ledger.post import Posted, post
from core.model.ledger import Entry, Posting
from core.model.lines import Chart
from core.money import format_roubles
from core.payments.allocate import Allocation, BillShare, Receipt, allocate_in_order, postings
from core.period import Month
from core.services.standings import Books

__all__ = ["Money", "Receipts", "Suspended"]

BillOf = Callable[["Money"], tuple[BillShare, ...]]


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
        entries = self._entries(payments)
        entries += [self._suspense(item) for item in suspended]
        if not entries:
            return
        posted = post(self.connection, entries, at=self.at)
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

    def _entries(self, payments: Sequence[Money]) -> list[Entry]:
        by_provider: dict[ProviderId, dict[EntityId, list[Money]]] = defaultdict(lambda: defaultdict(list))
        for payment in payments:
            by_provider[payment.provider_id][payment.account_id].append(payment)
        entries: dict[str, Entry] = {}
        for provider_id, by_account in by_provider.items():
            for payment, month, allocation in self._allocations(provider_id, by_account):
                entries[payment.key] = self._entry(payment, month, allocation)
        return [entries[payment.key] for payment in payments]

    def _allocations(self, provider_id: ProviderId, by_account: Mapping[EntityId, list[Money]]) -> list[tuple[Money, Month, Allocation]]:
        """Share out without bills first: only what remains as an advance needs the lines of a bill."""
        standings = self.books.standings(by_account, provider_id)
        months = {p.key: self._day(p)[1] for those in by_account.values() for p in those}

        def share_out(account: EntityId, bills: Mapping[str, tuple[BillShare, ...]]) -> list[Allocation]:
            receipts = [Receipt(p.key, p.amount, p.named_month, bills.get(p.key, ()), before=months[p.key]) for p in by_account[account]]
            rules = self.books.rules(provider_id, max(months[p.key] for p in by_account[account]), account)
            return allocate_in_order(receipts, standings[account], rules)

        done = {account: share_out(account, {}) for account in by_account}
        ahead = [
            payment
            for account, those in by_account.items()
            for payment, allocation in zip(those, done[account], strict=True)
            if any(part.kind == "advance" for part in allocation.parts)
        ]
        bills = self._bills(provider_id, ahead, months)
        done |= {account: share_out(account, bills) for account in {payment.account_id for payment in ahead if bills.get(payment.key)}}
        return [
            (payment, months[payment.key], allocation)
            for account, those in by_account.items()
            for payment, allocation in zip(those, done[account], strict=True)
        ]

    def _day(self, payment: Money) -> tuple[date | None, Month]:
        """Operational day and month: the sender's own day where he keeps the books of days, else the centre's."""
        if payment.accounted_on is not None:
            return None, self.books.open_month(payment.provider_id, payment.accounted_on)
        return self.books.accounted(payment.provider_id, max(payment.paid_on, payment.not_before or payment.paid_on))

    def _bills(self, provider_id: ProviderId, ahead: Sequence[Money], months: Mapping[str, Month]) -> dict[str, tuple[BillShare, ...]]:
        """Lines that an advance of each payment is shared by."""
        if self.bills is not None:
            return {payment.key: self.bills(payment) for payment in ahead}
        found: dict[str, tuple[BillShare, ...]] = {}
        for month in {months[payment.key] for payment in ahead}:
            those = [payment for payment in ahead if months[payment.key] == month]
            lines = self.books.last_bill({payment.account_id for payment in those}, provider_id, month)
            found |= {payment.key: lines.get(payment.account_id, ()) for payment in those}
        return found

    def _entry(self, payment: Money, month: Month, allocation: Allocation) -> Entry:
        """From the source, or out of suspense; where another amount stood there, the source gives or gets the difference."""
        source, released = self.source, ""
        rest: tuple[Posting, ...] = ()
        if payment.suspended is not None:
            source, released = Chart.SUSPENSE, ", из невыясненных"
            missing = payment.amount - payment.suspended
            if missing:
                debit, credit = (self.source, source) if missing > 0 else (source, self.source)
                rest = (Posting(debit, credit, abs(missing)),)
        return Entry(
            key=payment.key,
            kind="payment",
            provider_id=payment.provider_id,
            month=month,
            occurred_on=payment.paid_on,
            reason=(
                f"Оплата {format_roubles(payment.amount)} от {payment.paid_on:%d.%m.%Y}, {payment.source}{released};"
                f" распределение по правилу {allocation.rule}"
            ),
            postings=(*postings(allocation, payment.account_id, source=source), *rest),
            message_id=payment.message_id,
            accounted_on=self._day(payment)[0],
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
