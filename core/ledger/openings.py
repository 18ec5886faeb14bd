"""Opening balances as the ledger holds them: what their entries, first and corrected ones, moved together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.model.lines import Chart, Component
from core.period import Month
from core.storage.sql import queries

__all__ = ["OpeningPlace", "opening_positions"]


@dataclass(frozen=True, slots=True)
class OpeningPlace:
    """Where an opening balance of an account stands: ledger account, service, creditor, month of origin and component."""

    chart: Chart
    service_id: EntityId | None
    creditor_id: EntityId | None
    origin_month: Month | None
    component: Component | None


def opening_positions(
    connection: Connection, *, provider_id: ProviderId, accounts: Collection[EntityId] | None = None
) -> dict[tuple[str, EntityId], dict[OpeningPlace, int]]:
    """By kind of entry (``opening``, ``opening_penalty``) and account: kopecks at each place, a debt positive, an advance negative.
    ``accounts``: of these only.

    An account that has an entry is there even when later ones took everything back.
    """
    found: dict[tuple[str, EntityId], dict[OpeningPlace, int]] = {}
    for row in connection.execute(
        queries("core.ledger").opening_positions, {"provider_id": provider_id, "accounts": None if accounts is None else sorted(accounts)}
    ):
        place = OpeningPlace(
            Chart(row.chart),
            None if row.service_id is None else EntityId(row.service_id),
            None if row.creditor_id is None else EntityId(row.creditor_id),
            None if row.origin_month is None else Month.of(row.origin_month),
            None if row.component is None else Component(row.component),
        )
        found.setdefault((row.kind, EntityId(row.account_id)), {})[place] = row.amount
    return found
