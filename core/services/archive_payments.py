"""Payments that a settlement centre's archive brings (Формат 4.0, OPLATA): money that is already at the sender.

Called inside the transaction that takes the archive, after its opening balances. All payments of the archive are posted or in suspense.
A corrected archive releases what stood in suspense: a row that is certain now becomes a payment out of suspense, and a row that its pack,
sent again and found right, no longer has is taken out of suspense as withdrawn. So does an archive that brings the account that a row of an
earlier one waited for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.ledger.entries import known_keys
from core.ledger.post import post
from core.model.ledger import Entry
from core.model.lines import Chart
from core.money import format_roubles
from core.payments.allocate import BillShare
from core.period import Month
from core.records.latest import read_balances, read_payments, read_stated_bills, read_stated_lines
from core.records.payments import payment_versions
from core.records.providers import Provider
from core.records.rows import PaymentRow
from core.services.receipts import Money, Receipts, Suspended
from core.services.reversing import Moved
from core.services.suspense import (
    RowInSuspense,
    payment_key,
    rows_ever_suspended,
    rows_in_suspense,
    suspense_key,
    withdrawal_key,
)

__all__ = ["ArchivePayments", "SentPayments", "post_archive_payments"]

_BATCH = 5000
_LOADED = frozenset(("accepted", "flagged"))
_PAYMENT = 1


@dataclass(frozen=True, slots=True)
class SentPayments:
    """What an archive says of its payments as a whole, repeated rows too."""

    keys: Collection[str]
    """All rows."""
    packs: Collection[str]
    """Packs that were found right: their rows are all there, and their sum is that of the pack."""


@dataclass(frozen=True, slots=True)
class ArchivePayments:
    """Payments of an archive that are new, kopecks: all = posted + suspended. ``repeated`` are those that earlier archives brought."""

    posted: int = 0
    posted_count: int = 0
    suspended: int = 0
    suspended_count: int = 0
    repeated_count: int = 0
    released_count: int = 0
    """Of the posted ones those that stood in suspense."""
    withdrawn_count: int = 0
    """Rows of earlier archives that were taken out of suspense because their pack does not have them any more."""


def post_archive_payments(
    connection: Connection, *, provider: Provider, month: Month, message_id: MessageId, sent: SentPayments, at: datetime
) -> ArchivePayments:
    """Post the payments of an archive's message inside the caller's transaction, after its opening balances.

    Their money is already at the sender, so it comes from cash. A refund takes back the payment that it names (OPLATA 7); a row that takes
    money out and names none (or is negative) takes it out of suspense.
    """
    receipts = Receipts(connection, Chart.CASH, at, _StatedBills(connection, provider, month, message_id).lines_for)
    total = ArchivePayments()
    back: list[PaymentRow] = []
    rows = read_payments(connection, provider_id=provider.provider_id, message_id=message_id, and_released=True)
    while batch := list(islice(rows, _BATCH)):
        wanted = [row for row in batch if row.amount and row.active]
        posted = known_keys(connection, [payment_key(row.uip) for row in wanted])
        waiting = rows_in_suspense(connection, provider, [row.key for row in wanted])
        open_rows = [row for row in wanted if payment_key(row.uip) not in posted]
        certain = [row for row in open_rows if _is_certain(row) and not _is_released(waiting.get(row.key))]
        payments = [_archive_money(row, provider, waiting.get(row.key)) for row in certain]
        back += [row for row in open_rows if _names_original(row) and row.key not in waiting]
        apart = [
            _archive_suspended(row, provider, month)
            for row in open_rows
            if not _is_certain(row) and not _names_original(row) and row.key not in waiting
        ]
        receipts.take(payments, apart)
        released = sum(1 for payment in payments if payment.suspended is not None)
        total = ArchivePayments(
            total.posted + sum(payment.amount for payment in payments),
            total.posted_count + len(payments),
            total.suspended + sum(item.amount for item in apart),
            total.suspended_count + len(apart),
            total.repeated_count + len(wanted) - len(payments) - len(apart),
            total.released_count + released,
        )
    total = _take_back(receipts, provider, month, back, total)
    withdrawn = _withdrawn(connection, provider, month, message_id, sent)
    receipts.take((), withdrawn)
    return replace(total, withdrawn_count=len(withdrawn))


def _take_back(receipts: Receipts, provider: Provider, month: Month, rows: Sequence[PaymentRow], total: ArchivePayments) -> ArchivePayments:
    """Refunds that name the payment: what it was divided into is mirrored. One of which so much is not left goes to suspense."""
    if not rows:
        return total
    moved = Moved.read(receipts.connection, [row.reverses for row in rows])
    entries: list[Entry] = []
    apart: list[Suspended] = []
    taken = 0
    for row in rows:
        amount = row.amount or 0
        if row.reverses not in moved.arrived or row.paid_on is None or not 0 < amount <= moved.left(row.reverses):
            apart.append(_archive_suspended(row, provider, month))
            continue
        taken += amount
        entries.append(
            Entry(
                key=payment_key(row.uip),
                kind="payment_reversal",
                provider_id=provider.provider_id,
                month=receipts.books.open_month(provider.provider_id, row.accounted_on or row.paid_on),
                occurred_on=row.paid_on,
                reason=f"Возврат {format_roubles(amount)} по платежу {row.reverses}",
                postings=moved.take_back(row.reverses, amount),
                message_id=row.message_id,
            )
        )
    receipts.posted += post(receipts.connection, entries, at=receipts.at)
    receipts.take((), apart)
    return replace(
        total,
        posted=total.posted - taken,
        posted_count=total.posted_count + len(entries),
        suspended=total.suspended + sum(item.amount for item in apart),
        suspended_count=total.suspended_count + len(apart),
        repeated_count=total.repeated_count - len(rows),
    )


def _names_original(row: PaymentRow) -> bool:
    """Whether a row is a whole refund of a known account that says which payment it takes back."""
    whole = row.operation != _PAYMENT and (row.amount or 0) > 0 and row.paid_on is not None and bool(row.uip) and bool(row.reverses)
    return whole and row.state in _LOADED and row.account_id is not None


def _is_released(row: RowInSuspense | None) -> bool:
    return row is not None and row.released


def _withdrawn(connection: Connection, provider: Provider, month: Month, message_id: MessageId, sent: SentPayments) -> list[Suspended]:
    """Rows in suspense that their pack, sent again and found right, does not have: the sender says that there is no such money."""
    absent = [key for key in rows_ever_suspended(connection, provider) if key not in sent.keys]
    if not absent or not sent.packs:
        return []
    waiting = rows_in_suspense(connection, provider, absent)
    latest = {version.key: version for version in payment_versions(connection, provider_id=provider.provider_id, keys=absent)}
    return [
        Suspended(
            key=withdrawal_key(provider, key),
            amount=-row.amount,
            paid_on=latest[key].paid_on or month.first,
            provider_id=provider.provider_id,
            why=f"строки {key} раздела OPLATA нет в исправленной пачке {latest[key].pack}, поставщик её отозвал",
            record_id=latest[key].record_id,
            message_id=message_id,
        )
        for key, row in waiting.items()
        if row.amount and not row.released and latest[key].pack in sent.packs
    ]


def _is_certain(row: PaymentRow) -> bool:
    """Whether a row is a whole payment of a known account that nothing sends to suspense."""
    whole = row.operation == _PAYMENT and (row.amount or 0) > 0 and row.paid_on is not None and bool(row.uip)
    return whole and row.state in _LOADED and row.account_id is not None


def _archive_money(row: PaymentRow, provider: Provider, waiting: RowInSuspense | None) -> Money:
    if row.account_id is None or row.paid_on is None or row.amount is None:
        raise ValueError(f"payment {row.key} is not certain")
    named = row.bill_month or row.for_month
    return Money(
        key=payment_key(row.uip),
        amount=row.amount,
        paid_on=row.paid_on,
        account_id=row.account_id,
        provider_id=provider.provider_id,
        named_month=None if named is None else Month.of(named),
        source=f"УИП {row.uip}",
        record_id=row.record_id,
        message_id=row.message_id,
        accounted_on=row.accounted_on or row.paid_on,
        bill=row.bill if row.bill_month else None,
        suspended=waiting.amount if waiting is not None and waiting.amount else None,
    )


def _archive_suspended(row: PaymentRow, provider: Provider, month: Month) -> Suspended:
    amount = row.amount or 0
    return Suspended(
        key=suspense_key(provider, row.key),
        amount=amount if row.operation == _PAYMENT else -amount,
        paid_on=row.paid_on or row.accounted_on or month.first,
        provider_id=provider.provider_id,
        why=f"строка {row.key} раздела OPLATA, лицевой счёт {row.account or 'не указан'}",
        record_id=row.record_id,
        message_id=row.message_id,
    )


@dataclass(slots=True)
class _StatedBills:
    """Lines of the sender's documents, by which an advance is shared; read when the first one is met.

    Documents in force of the month, of the one before it, and of whatever other months the message brings documents of: a corrected archive
    repeats most documents, and only the changed ones are records of its own.
    """

    connection: Connection
    provider: Provider
    month: Month
    message_id: MessageId
    _lines: dict[str, tuple[BillShare, ...]] | None = None
    _bills: dict[EntityId, list[tuple[date, str]]] = field(default_factory=lambda: defaultdict(list))

    def lines_for(self, payment: Money) -> tuple[BillShare, ...]:
        """Of the named document, else of the latest one issued before the payment."""
        if self._lines is None:
            self._lines = self._read()
        if payment.bill is not None and payment.bill in self._lines:
            return self._lines[payment.bill]
        earlier = [bill for bill in self._bills.get(payment.account_id, ()) if bill[0] < payment.paid_on]
        return self._lines.get(max(earlier)[1], ()) if earlier else ()

    def _read(self) -> dict[str, tuple[BillShare, ...]]:
        owner = self.provider.provider_id
        brought = read_stated_bills(self.connection, provider_id=owner, message_id=self.message_id)
        months = {Month.of(bill.month) for bill in brought if bill.state in _LOADED} | {self.month, self.month.previous()}
        creditors = {
            (row.account_id, row.service_id): row.creditor_id
            for month in sorted(months)
            for row in read_balances(self.connection, provider_id=owner, month=month)
            if row.creditor_id is not None
        }
        lines: dict[str, list[BillShare]] = defaultdict(list)
        for month in sorted(months):
            for bill in read_stated_bills(self.connection, provider_id=owner, month=month):
                if bill.account_id is not None and bill.formed_on is not None:
                    self._bills[bill.account_id].append((bill.formed_on, bill.key))
            for line in read_stated_lines(self.connection, provider_id=owner, month=month):
                creditor = line.creditor_id or creditors.get((line.account_id, line.service_id))
                if line.service_id is not None and creditor is not None:
                    lines[line.bill].append(BillShare(line.service_id, creditor, line.total))
        return {bill: tuple(those) for bill, those in lines.items()}
