"""Payments of a month as the ledger holds them: one row an entry and account, on the day the money was really paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.period import Month
from core.storage.sql import queries

__all__ = ["EqualPayments", "PaymentEntry", "equal_payments", "payment_entries", "suspense_of_provider"]


@dataclass(frozen=True, slots=True)
class PaymentEntry:
    """What a payment brought to an account, kopecks; negative: a refund or cancellation took it back."""

    key: str
    kind: str
    paid_on: date
    account_id: EntityId
    amount: int


def payment_entries(
    connection: Connection, *, provider_id: ProviderId, month: Month, keys: Sequence[str] | None = None
) -> Iterator[PaymentEntry]:
    """Payments that a month accounts, in the order of posting; ``keys``: of these entries only."""
    names = {"provider_id": provider_id, "month": month.first, "keys": None if keys is None else list(keys)}
    for row in connection.execute(queries("core.ledger").payment_entries, names, execution_options={"yield_per": 5000}):
        yield PaymentEntry(row.entry_key, row.kind, row.occurred_on, row.account_id, row.amount)


def suspense_of_provider(connection: Connection, *, provider_id: ProviderId, month: Month) -> int:
    """Kopecks in suspense in a provider's books at the end of a month: money whose account is not known."""
    return int(
        connection.execute(queries("core.ledger").suspense_of_provider, {"provider_id": provider_id, "month": month.first}).scalar_one()
    )


@dataclass(frozen=True, slots=True)
class EqualPayments:
    """Two payments of one account with one sum (kopecks), at most a day apart, by the keys of their entries; the earlier is first."""

    account_id: EntityId
    amount: int
    keys: tuple[str, str]
    days: tuple[date, date]


def equal_payments(connection: Connection, *, providers: Sequence[ProviderId], since: Month) -> Iterator[EqualPayments]:
    """Such pairs by two ways among what is accounted in a month and later, in the order of the day, as a stream."""
    names = {"providers": list(providers), "since": since.first}
    for row in connection.execute(queries("core.ledger").equal_payments, names, execution_options={"yield_per": 500}):
        yield EqualPayments(row.account_id, row.amount, (row.one, row.other), (row.one_on, row.other_on))
