"""Payments as they were counted in a month: one row for each entry and account, with what the money went to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.period import Month
from core.storage.sql import queries

__all__ = ["CountedPayment", "counted_payments"]


@dataclass(frozen=True, slots=True)
class CountedPayment:
    """A payment, or its reversal (negative), kopecks."""

    entry_id: int
    entry_key: str
    account_id: EntityId
    paid_on: date
    debt: int
    advance: int
    penalty: int
    reason: str

    @property
    def amount(self) -> int:
        """The whole of it."""
        return self.debt + self.advance + self.penalty


def counted_payments(connection: Connection, *, provider_id: ProviderId, month: Month) -> Iterator[CountedPayment]:
    """Payments and reversals posted in a month, in the order of the days and keys."""
    names = {"provider_id": provider_id, "month": month.first}
    for row in connection.execute(queries("core.ledger").counted_payments, names, execution_options={"yield_per": 5000}):
        yield CountedPayment(
            row.entry_id, row.entry_key, EntityId(row.account_id), row.occurred_on, row.debt, row.advance, row.penalty, row.reason
        )
