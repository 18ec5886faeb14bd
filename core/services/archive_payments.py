"""Payments that a settlement centre's archive brings (Формат 4.0, OPLATA): money that is already at the sender.

Called inside the transaction that takes the archive, after its opening balances. All payments of the archive are posted or in suspense.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.ledger.entries import known_keys
from core.model.lines import Chart
from core.payments.allocate import BillShare
from core.period import Month
from core.records.latest import read_balances, read_payments, read_stated_bills, read_stated_lines
from core.records.providers import Provider
from core.records.rows import PaymentRow
from core.services.receipts import Money, Receipts, Suspended

__all__ = ["ArchivePayments", "post_archive_payments"]

_BATCH = 5000
_LOADED = frozenset(("accepted", "flagged"))
_PAYMENT = 1


@dataclass(frozen=True, slots=True)
class ArchivePayments:
    """Payments of an archive, kopecks: all = posted + suspended. ``repeated`` are those that earlier archives brought."""

    posted: int = 0
    posted_count: int = 0
    suspended: int = 0
    suspended_count: int = 0
    repeated_count: int = 0


def post_archive_payments(
    connection: Connection, *, provider: Provider, month: Month, message_id: MessageId, suspended: Mapping[str, str], at: datetime
) -> ArchivePayments:
    """Post the payments of an archive's message inside the caller's transaction, after its opening balances.

    Their money is already at the sender, so it comes from cash. ``suspended`` names the rows (by record key) that a finding sends to
    suspense, with its code; a row that takes money out (negative, or a refund that names no original) takes it out of suspense.
    """
    receipts = Receipts(connection, Chart.CASH, at, _StatedBills(connection, provider, message_id).lines_for)
    total = ArchivePayments()
    rows = read_payments(connection, provider_id=provider.provider_id, message_id=message_id)
    while batch := list(islice(rows, _BATCH)):
        wanted = [row for row in batch if row.amount and row.active]
        posted = known_keys(connection, [key for row in wanted for key in (_key(row), _suspense_key(row, provider))])
        fresh = [row for row in wanted if _key(row) not in posted and _suspense_key(row, provider) not in posted]
        payments = [_archive_money(row, provider) for row in fresh if _is_certain(row, suspended)]
        apart = [_archive_suspended(row, provider, month) for row in fresh if not _is_certain(row, suspended)]
        receipts.take(payments, apart)
        total = ArchivePayments(
            total.posted + sum(payment.amount for payment in payments),
            total.posted_count + len(payments),
            total.suspended + sum(item.amount for item in apart),
            total.suspended_count + len(apart),
            total.repeated_count + len(wanted) - len(fresh),
        )
    return total


def _is_certain(row: PaymentRow, suspended: Mapping[str, str]) -> bool:
    """Whether a row is a whole payment of a known account that no finding sends to suspense."""
    whole = row.operation == _PAYMENT and (row.amount or 0) > 0 and row.paid_on is not None and bool(row.uip)
    return whole and row.key not in suspended and row.account_id is not None


def _key(row: PaymentRow) -> str:
    return f"payment/{row.uip}"


def _suspense_key(row: PaymentRow, provider: Provider) -> str:
    return f"payment_suspense/{provider.inn}/{row.key}"


def _archive_money(row: PaymentRow, provider: Provider) -> Money:
    if row.account_id is None or row.paid_on is None or row.amount is None:
        raise ValueError(f"payment {row.key} is not certain")
    named = row.bill_month or row.for_month
    return Money(
        key=_key(row),
        amount=row.amount,
        paid_on=row.paid_on,
        account_id=row.account_id,
        provider_id=provider.provider_id,
        named_month=None if named is None else Month.of(named),
        source=f"УИП {row.uip}",
        record_id=row.record_id,
        message_id=row.message_id,
        accounted_on=row.accounted_on,
        bill=row.bill if row.bill_month else None,
    )


def _archive_suspended(row: PaymentRow, provider: Provider, month: Month) -> Suspended:
    amount = row.amount or 0
    return Suspended(
        key=_suspense_key(row, provider),
        amount=amount if row.operation == _PAYMENT else -amount,
        paid_on=row.paid_on or row.accounted_on or month.first,
        provider_id=provider.provider_id,
        why=f"строка {row.key} раздела OPLATA, лицевой счёт {row.account or 'не указан'}",
        record_id=row.record_id,
        message_id=row.message_id,
    )


@dataclass(slots=True)
class _StatedBills:
    """Lines of the sender's documents, by which an advance is shared; read when the first one is met."""

    connection: Connection
    provider: Provider
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
        owner, message = self.provider.provider_id, self.message_id
        for bill in read_stated_bills(self.connection, provider_id=owner, message_id=message):
            if bill.account_id is not None and bill.formed_on is not None and bill.state in _LOADED:
                self._bills[bill.account_id].append((bill.formed_on, bill.key))
        creditors = {
            (row.account_id, row.service_id): row.creditor_id
            for row in read_balances(self.connection, provider_id=owner, message_id=message)
            if row.creditor_id is not None
        }
        lines: dict[str, list[BillShare]] = defaultdict(list)
        for line in read_stated_lines(self.connection, provider_id=owner, message_id=message):
            creditor = line.creditor_id or creditors.get((line.account_id, line.service_id))
            if line.service_id is not None and creditor is not None:
                lines[line.bill].append(BillShare(line.service_id, creditor, line.total))
        return {bill: tuple(those) for bill, those in lines.items()}
