"""The sender's keys of what the ledger knows by our numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from core.ids import EntityId
from core.model.records import BankAccount, Organisation
from core.period import Month
from core.records.bodies import read_records
from core.records.latest import read_organisations, read_services
from core.records.providers import Provider
from core.records.rows import ServiceRow

__all__ = ["Names"]

_CAPITAL_REPAIR = 2


class Names:
    """The sender's keys of what the ledger knows by our numbers, and its own collecting account."""

    def __init__(self, connection: Connection, provider: Provider, month: Month) -> None:
        owner = provider.provider_id
        inns = {row.entity_id: row.inn for row in read_organisations(connection, provider_id=owner, month=month)}
        by_inn = {one.body.inn: one.key for one in reversed(list(read_records(connection, Organisation, provider_id=owner)))}
        self.creditors: Mapping[EntityId, str] = {number: by_inn[inn] for number, inn in inns.items() if inn in by_inn}
        self.services: Mapping[EntityId, ServiceRow] = {
            row.entity_id: row for row in read_services(connection, provider_id=owner, month=month)
        }
        own = by_inn.get(provider.inn)
        self.bank_account = next(
            (
                one.key
                for one in read_records(connection, BankAccount, provider_id=owner)
                if one.body.organisation == own and (one.body.closed_on is None or one.body.closed_on > month.last)
            ),
            None,
        )
        """An open account of the sender itself: where it collects; None where it has told of none."""

    def is_contribution(self, service: EntityId) -> bool:
        """Whether a service is the contribution for capital repair."""
        row = self.services[service]
        return row.kind == 2 and row.housing_kind == _CAPITAL_REPAIR
