"""Charges of earlier months, for what compares a month with them: of posted months only, by the calculation that each ended with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import CalculationId, EntityId, ProviderId
from core.period import Month
from core.storage.sql import queries

__all__ = ["EarlierLine", "earlier_lines", "posted_calculations"]


@dataclass(frozen=True, slots=True)
class EarlierLine:
    """What an account was charged for a service in an earlier month, all recipients together; kopecks, millionths."""

    month: Month
    account_id: EntityId
    service_id: EntityId
    total: int
    volume_e6: int
    tariff_e6: int | None
    """None where the month had several tariffs."""


def posted_calculations(connection: Connection, *, provider_id: ProviderId, months: Sequence[Month]) -> dict[Month, CalculationId]:
    """The calculation of each of the months that is posted or closed; others are not there."""
    names = {"provider_id": provider_id, "months": [month.first for month in months]}
    rows = connection.execute(queries("core.ledger").posted_calculations, names)
    return {Month.of(row.month): CalculationId(row.calculation_id) for row in rows}


def earlier_lines(
    connection: Connection, calculations: Mapping[Month, CalculationId], accounts: Sequence[EntityId]
) -> Iterator[EarlierLine]:
    """Lines of some accounts in those calculations, one statement."""
    if not calculations or not accounts:
        return
    names = {
        "months": [month.first for month in calculations],
        "calculation_ids": list(calculations.values()),
        "account_ids": list(accounts),
    }
    for r in connection.execute(queries("core.ledger").earlier_lines, names):
        yield EarlierLine(Month.of(r.month), r.account_id, r.service_id, r.total, r.volume_e6, r.tariff_e6)
