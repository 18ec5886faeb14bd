"""What the growth of citizens' payments is judged by: approved limits by municipality, and the payers of a sender in a month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import CENTRE, EntityId, ProviderId, RecordId
from core.model.records import Account, AccountPlace, ApprovedLimit, House, Premises, Room, UnifiedAccount
from core.period import Month
from core.records.versions import in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["Limit", "PayerAccount", "read_limits", "read_payer_accounts"]

_ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Limit:
    """An approved limit of growth of a municipality."""

    oktmo: str
    first: date
    last: date | None
    percent_e2: int
    act: str
    source: RecordId


@dataclass(frozen=True, slots=True)
class PayerAccount:
    """An account of a sender that is open in the month, with the payer that it belongs to and its place."""

    payer: str
    """Accounts of all senders with one of these are one payer: the ЕЛС, else the account itself."""
    account_id: EntityId
    number: str
    els: str | None
    oktmo: str
    address: str
    premises: str
    house_kind: int
    """1 apartment house, 2 dwelling house, 3 terraced house."""
    residential: bool
    by_organisation: bool
    """An organisation pays: its growth is not limited."""


def read_limits(connection: Connection, *, month: Month, known_until: RecordId | None = None) -> tuple[Limit, ...]:
    """Limits that are in force on the last day of the month."""
    statement = with_tables(queries("core.records").raw["region_limits"], limit_now=in_force(ApprovedLimit))
    rows = connection.execute(text(statement), scope(CENTRE, until=month.last, known_until=known_until))
    found = (Limit(*row) for row in rows)
    return tuple(limit for limit in found if limit.last is None or limit.last >= month.last)


def read_payer_accounts(connection: Connection, *, provider_id: ProviderId, month: Month) -> Iterator[PayerAccount]:
    """Accounts of a sender that are open in the month, in the order of their payers (by code points)."""
    tables = {
        "account_now": in_force(Account),
        "house_now": in_force(House),
        "place_now": in_force(AccountPlace),
        "room_now": in_force(Room),
        "premises_now": in_force(Premises),
        "unified_account_now": in_force(UnifiedAccount),
    }
    statement = text(with_tables(queries("core.records").raw["payer_accounts"], **tables))
    names = scope(provider_id, until=month.last, known_until=None) | {"since": month.first}
    for row in connection.execute(statement, names, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield PayerAccount(*row)
