"""What the ledger froze of a year: volumes of houses and base lines of accounts in the posted months, for the corrections of the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import CalculationId, EntityId, ProviderId, RecordId
from core.period import Month
from core.storage.sql import queries

__all__ = ["PostedYear", "charges_of_year", "posted_year", "volumes_of_year"]


@dataclass(frozen=True, slots=True)
class PostedYear:
    """The posted months of a provider's year, with the calculation of each."""

    year: int
    calculations: Mapping[Month, CalculationId]


def posted_year(connection: Connection, *, provider_id: ProviderId, year: int, known_until: RecordId) -> PostedYear:
    """Months charged by the law and posted, of which a calculation with this ``known_until`` could know."""
    names = {"provider_id": provider_id, "first": Month(year, 1).first, "last": Month(year, 12).first, "known_until": known_until}
    rows = connection.execute(queries("core.ledger").posted_of_year, names)
    return PostedYear(year, {Month.of(row.month): CalculationId(row.calculation_id) for row in rows})


def volumes_of_year(
    connection: Connection, posted: PostedYear, houses: Sequence[EntityId]
) -> dict[tuple[EntityId, str], dict[tuple[str, Month], int]]:
    """Millionths by house and kind (``meter``, ``individual``), then by service key and month."""
    names = {"calculations": list(posted.calculations.values()), "houses": list(houses)}
    found: dict[tuple[EntityId, str], dict[tuple[str, Month], int]] = {}
    for row in connection.execute(queries("core.ledger").volumes_of_year, names):
        found.setdefault((EntityId(row.house_id), row.what), {})[row.service, Month.of(row.month)] = row.volume_e6
    return found


def charges_of_year(
    connection: Connection, posted: PostedYear, accounts: Sequence[EntityId]
) -> dict[tuple[EntityId, EntityId, Month], int]:
    """Base lines, kopecks, by account, service and month."""
    names = {
        "calculations": list(posted.calculations.values()), "accounts": list(accounts), "first": Month(posted.year, 1).first,
        "last": Month(posted.year, 12).first,
    }  # fmt: skip
    rows = connection.execute(queries("core.ledger").charges_of_year, names)
    return {(EntityId(row.account_id), EntityId(row.service_id), Month.of(row.month)): row.base for row in rows}
