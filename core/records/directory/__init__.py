"""The directory of a register: accounts and houses of a provider in the order in which people look for them, as temporary tables.

The ledger knows numbers of ours only. Its registers are grouped, ordered and named by tables that this room fills and the ledger reads
inside one transaction: a million names never pass through the program.

    register_house    house_id · fias · address · place (streets by name, house numbers by value)
    register_account  account_id · account_key · number · house_id · flat · residents_stated · place (inside the house)
    register_channel  entry_id · channel (by whom the money of an entry of ``register_payment`` was taken)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import ProviderId
from core.model.records import (
    Absence,
    Account,
    AccountPlace,
    Payment,
    PaymentRegistry,
    Person,
    Premises,
    RegistryPayment,
    Residence,
    Room,
    StatementLine,
)
from core.period import Month
from core.records.latest import read_houses_list
from core.records.tables import table_name
from core.records.versions import in_force, scope, with_tables
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["Resident", "address_order", "residents", "stage_channels", "stage_directory"]

_ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Resident:
    """A person registered on an account in a month; without a name: an account where nobody is."""

    fias: str
    address: str
    flat: str
    account: str
    person: str
    kind: int | None
    """1 permanent, 2 temporary."""
    first: date | None
    last: date | None
    days: int
    """Days of the month that the registration covers."""
    absent: str
    stated: int | None
    """How many people the sender says live there."""


def address_order(address: str) -> tuple[tuple[int, int, str], ...]:
    """Key by which addresses stand as people look for them: ``д. 3`` before ``д. 12``.

    >>> sorted(["Лесная, д. 12", "Лесная, д. 3"], key=address_order)
    ['Лесная, д. 3', 'Лесная, д. 12']
    """
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", address) if part)


def stage_directory(connection: Connection, *, provider_id: ProviderId, month: Month) -> None:
    """Fill ``register_house`` and ``register_account`` with a provider's houses and accounts as they stand in a month."""
    houses = sorted(read_houses_list(connection, provider_id=provider_id, month=month), key=lambda house: address_order(house.address))
    stage(
        connection,
        "register_house",
        (("house_id", "bigint"), ("fias", "text"), ("address", "text"), ("place", "integer")),
        ((house.entity_id, house.fias, house.address, place) for place, house in enumerate(houses)),
    )
    sql = queries("core.records.directory")
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.register_account"))
    connection.execute(sql.create_accounts)
    tables = {
        "account_now": in_force(Account),
        "place_now": in_force(AccountPlace),
        "room_now": in_force(Room),
        "premises_now": in_force(Premises),
    }
    connection.execute(text(with_tables(sql.raw["fill_accounts"], **tables)), scope(provider_id, until=month.last, known_until=None))
    connection.execute(text("ANALYZE register_account"))


def stage_channels(connection: Connection, *, provider_id: ProviderId) -> None:
    """Fill ``register_channel`` for the entries of ``register_payment`` (the ledger fills it): payment channel or agent of each."""
    sql = queries("core.records.directory")
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.register_channel"))
    connection.execute(sql.create_channels)
    names = {
        "payment_table": table_name(Payment),
        "registry_table": table_name(PaymentRegistry),
        "operation_table": table_name(RegistryPayment),
        "line_table": table_name(StatementLine),
    }
    connection.execute(text(sql.raw["fill_channels"].format(**names)), {"provider": provider_id})
    connection.execute(text("ANALYZE register_channel"))


def residents(connection: Connection, *, provider_id: ProviderId, month: Month) -> Iterator[Resident]:
    """Everybody registered in a month on the accounts of the directory, in its order; accounts open in it without anybody too."""
    tables = {"residence_now": in_force(Residence), "absence_now": in_force(Absence), "person_now": in_force(Person)}
    statement = text(with_tables(queries("core.records.directory").raw["residents"], **tables))
    names = scope(provider_id, until=month.last, known_until=None) | {"first": month.first, "last": month.last}
    for row in connection.execute(statement, names, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield Resident(*row)
