"""Where accounts stand: the house that an account is in, and the number and premises that people find it by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import EntityId
from core.storage.sql import queries

__all__ = ["PlacedAccount", "house_addresses", "houses_of_accounts", "placed_accounts"]


@dataclass(frozen=True, slots=True)
class PlacedAccount:
    """An account with its house and premises, as they stand now."""

    account_id: EntityId
    number: str
    house_id: EntityId | None
    premises: str
    room: str

    @property
    def flat(self) -> str:
        """The premises inside the house as people write them: ``кв. 12``, ``кв. 12, ком. 3``; empty where they are not known."""
        parts = (f"кв. {self.premises}" if self.premises else "", f"ком. {self.room}" if self.room else "")
        return ", ".join(part for part in parts if part)


def placed_accounts(connection: Connection, accounts: Collection[EntityId]) -> dict[EntityId, PlacedAccount]:
    """Accounts by our own numbers of them; what is no account is left out."""
    rows = connection.execute(queries("core.records").placed_accounts, {"ids": list(accounts), "placed": True})
    return {EntityId(row.entity_id): PlacedAccount(*row) for row in rows}


def houses_of_accounts(connection: Connection, accounts: Collection[EntityId]) -> dict[EntityId, EntityId | None]:
    """The house of each account, without its premises: for many accounts at a time."""
    rows = connection.execute(queries("core.records").placed_accounts, {"ids": list(accounts), "placed": False})
    return {EntityId(row.entity_id): row.house_id for row in rows}


def house_addresses(connection: Connection, houses: Collection[EntityId]) -> dict[EntityId, str]:
    """Addresses of houses as printed, by our own numbers of them."""
    rows = connection.execute(queries("core.records").house_addresses, {"ids": list(houses)})
    return {EntityId(row.entity_id): row.address for row in rows}
