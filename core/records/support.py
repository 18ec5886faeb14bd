"""Measures of support of a month, one row each: what the sender says of a price reduction, a compensation in cash, a subsidy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import EntityId, ProviderId, RecordId
from core.model.records import Account, Relief
from core.period import Month
from core.records.versions import in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["MeasureRow", "read_measures"]


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure that holds on some day of the month."""

    record_id: RecordId
    account_id: EntityId
    number: str
    account: str
    """The sender's key of the account."""
    kind: int
    """1 price reduction on the bill, 2 compensation in cash, 3 subsidy."""
    service: str | None
    share_e4: int | None
    entitled: int | None
    starts_on: date
    ends_on: date | None
    amount: int | None
    """Kopecks a month as stated."""


def read_measures(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    known_until: RecordId | None,
    accounts: Sequence[EntityId] | None = None,
) -> list[MeasureRow]:
    """Measures of some accounts, or of all, as known up to a record."""
    statement = with_tables(queries("core.records").raw["measures_of_support"], relief_now=in_force(Relief), account_now=in_force(Account))
    names = scope(provider_id, until=month.last, known_until=known_until)
    found = connection.execute(text(statement), names | {"since": month.first, "account_ids": None if accounts is None else list(accounts)})
    return [MeasureRow(*row) for row in found]
