"""Organisations that pay for premises, with the accounts of each: non-residential premises, flats of a municipality or an employer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.ids import EntityId, ProviderId
from core.model.organisation_bill import OrganisationPayer
from core.model.records import Account, Organisation
from core.period import Month
from core.records.versions import PARTIES, in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["PayingOrganisation", "organisations_paying"]


@dataclass(frozen=True, slots=True)
class PayingOrganisation:
    """An organisation and the accounts that a sender says it pays for."""

    organisation_id: EntityId
    payer: OrganisationPayer
    accounts: tuple[EntityId, ...]


def organisations_paying(connection: Connection, *, provider_id: ProviderId, month: Month) -> list[PayingOrganisation]:
    """As a month sees them, in the order of ИНН; organisations that pay for nothing are not there."""
    tables = {
        "account_now": in_force(Account, "r.payer_organisation IS NOT NULL"),
        "organisation_now": in_force(Organisation),
        "party": PARTIES,
    }
    statement = with_tables(queries("core.records").raw["organisation_payers"], **tables)
    rows = connection.execute(text(statement), scope(provider_id, until=month.last, known_until=None))
    return [
        PayingOrganisation(
            EntityId(row.entity_id),
            OrganisationPayer(row.name, row.inn, row.kpp, row.address),
            tuple(EntityId(account) for account in row.accounts),
        )
        for row in rows
    ]
