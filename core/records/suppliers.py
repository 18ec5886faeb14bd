"""Suppliers by ИНН as the tariffs of a provider's month mean them: its own organisation of that ИНН, else the one that goes by it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

from core.ids import EntityId, ProviderId
from core.model.records import Organisation
from core.period import Month
from core.records.versions import PARTIES, in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["suppliers_of_inns"]


def suppliers_of_inns(
    connection: Connection, inns: Collection[str], *, provider_id: ProviderId, month: Month
) -> dict[str, EntityId | None]:
    """The organisation of each ИНН; None where nobody has named one of it yet."""
    named = queries("core.records").raw
    tables = {"organisation_now": in_force(Organisation), "party": PARTIES, "supplier_now": named["region_suppliers"]}
    statement = text(with_tables(named["suppliers_of_inns"], **tables))
    parameters = scope(provider_id, until=month.last, known_until=None) | {"inns": sorted(inns)}
    return {row.inn: row.supplier_id for row in connection.execute(statement, parameters)}
