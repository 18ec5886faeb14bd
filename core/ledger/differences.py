"""Differences of closed months: what a calculation of the open month found them to come to more or less, by account, service and cause.

They belong to the calculation, as its lines do: a draft keeps them outside the ledger, posting makes one entry of each account and
corrected month, in the open month. What a court or a plan has blocked is kept and told, and not posted. ``recalculated_month`` says which
closed months a calculation looked back at, so that nothing learned is taken twice and nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from core.ids import CalculationId, EntityId, ProviderId, RecordId
from core.ledger.calculations import Calculation
from core.ledger.post import Posted, insert_staged
from core.model.lines import ChargeLine
from core.period import Month
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = [
    "ClosedMonth",
    "DifferenceRow",
    "DifferenceTotal",
    "add_differences",
    "add_recalculated_months",
    "blocked_before",
    "closed_months",
    "copy_differences",
    "corrected_houses",
    "difference_totals",
    "difference_volumes",
    "houses_first_charged",
    "is_first_charged_since",
    "lines_computed_anew",
    "post_differences",
    "posted_differences",
    "read_differences",
    "recalculated_months",
]

_AMOUNTS = ("base", "surcharge", "recalculation", "underdelivery", "benefit")
_COLUMNS = (
    *((name, "bigint") for name in ("house_id", "account_id", "service_id", "creditor_id")),
    ("month", "date"),
    ("cause", "text"),
    *((name, "bigint") for name in (*_AMOUNTS, "volume_e6", "blocked_by", "known_from")),
    ("records", "bigint[]"),
    ("before", "jsonb"),
    ("after", "jsonb"),
)


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A posted or closed month, and the last record that the amounts posted for it rest on."""

    month: Month
    calculation_id: CalculationId
    known_from: RecordId


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One difference; amounts are kopecks with their signs, positive is to be paid more, whatever the component."""

    house_id: EntityId
    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    month: Month
    """The closed month that is corrected."""
    cause: str
    base: int
    surcharge: int
    recalculation: int
    underdelivery: int
    benefit: int
    volume_e6: int
    blocked_by: RecordId | None
    """The record of the block: told, not posted."""
    known_from: RecordId
    records: tuple[RecordId, ...]
    """What was learned."""
    before: ChargeLine | None
    after: ChargeLine | None

    @property
    def total(self) -> int:
        """To pay more (positive) or less."""
        return self.base + self.surcharge + self.recalculation + self.underdelivery + self.benefit


@dataclass(frozen=True, slots=True)
class DifferenceTotal:
    """Differences of one corrected month and cause together."""

    month: Month
    cause: str
    blocked: bool
    accounts: int
    total: int


def copy_differences(connection: Connection, source: Calculation, target: Calculation, *, houses: Sequence[EntityId]) -> None:
    """Give one calculation of a month the differences of some houses as another has them, and the months that it looked back at."""
    add_recalculated_months(connection, target, recalculated_months(connection, source))
    names = {"calculation_id": target.calculation_id, "source": source.calculation_id, "houses": list(houses)}
    connection.execute(queries("core.ledger").copy_differences, names)


def closed_months(connection: Connection, *, provider_id: ProviderId, before: Month) -> list[ClosedMonth]:
    """Posted and closed months of a provider before a month, oldest first."""
    rows = connection.execute(queries("core.ledger").posted_months, {"provider_id": provider_id, "month": before.first})
    return [ClosedMonth(Month.of(row.month), CalculationId(row.calculation_id), RecordId(row.known_from)) for row in rows]


def add_recalculated_months(connection: Connection, calculation: Calculation, months: Mapping[Month, RecordId]) -> None:
    """Say which closed months the calculation looks back at, and after which record."""
    names = {"months": [month.first for month in months], "known_from": list(months.values()), "provider_id": calculation.provider_id}
    connection.execute(queries("core.ledger").insert_recalculated_months, names | {"calculation_id": calculation.calculation_id})


def recalculated_months(connection: Connection, calculation: Calculation) -> dict[Month, RecordId]:
    """The closed months that a calculation looked back at."""
    rows = connection.execute(queries("core.ledger").recalculated_months, {"calculation_id": calculation.calculation_id})
    return {Month.of(row.month): RecordId(row.known_from) for row in rows}


def add_differences(connection: Connection, calculation: Calculation, differences: Iterable[DifferenceRow]) -> int:
    """Store differences as a stream; returns their number."""
    rows = (
        (
            *(row.house_id, row.account_id, row.service_id, row.creditor_id, row.month.first, row.cause),
            *(getattr(row, name) for name in (*_AMOUNTS, "volume_e6", "blocked_by", "known_from")),
            list(row.records),
            _line_json(row.before),
            _line_json(row.after),
        )
        for row in differences
    )
    count = stage(connection, "staged_difference", _COLUMNS, rows)
    names = {"calculation_id": calculation.calculation_id, "provider_id": calculation.provider_id}
    connection.execute(queries("core.ledger").insert_differences, names)
    return count


def read_differences(
    connection: Connection, calculation: Calculation, accounts: Sequence[EntityId] | None = None, *, blocked_only: bool = False
) -> Iterator[DifferenceRow]:
    """Differences in the order of accounts and corrected months, of some accounts or of all."""
    rows = connection.execute(
        queries("core.ledger").differences,
        {
            "calculation_id": calculation.calculation_id,
            "account_ids": None if accounts is None else list(accounts),
            "blocked_only": blocked_only,
        },
        execution_options={"yield_per": 5000},
    )
    for row in rows:
        yield DifferenceRow(
            *(row.house_id, row.account_id, row.service_id, row.creditor_id, Month.of(row.month), row.cause),
            *(row.base, row.surcharge, row.recalculation, row.underdelivery, row.benefit, row.volume_e6, row.blocked_by, row.known_from),
            records=tuple(row.records),
            before=_line(row.before),
            after=_line(row.after),
        )


def difference_totals(connection: Connection, calculation: Calculation) -> list[DifferenceTotal]:
    """Sums by corrected month and cause, what is blocked apart."""
    rows = connection.execute(queries("core.ledger").difference_totals, {"calculation_id": calculation.calculation_id})
    return [DifferenceTotal(Month.of(row.month), row.cause, row.blocked, row.accounts, row.total) for row in rows]


def difference_volumes(
    connection: Connection, calculation: Calculation, whole_house: Collection[str]
) -> dict[EntityId, tuple[tuple[str, int], ...]]:
    """Corrections of own volumes that are posted with the calculation, millionths, by house and service key.

    ``whole_house``: causes by which the house's totals were computed anew: their volumes are in their own month.
    """
    found: dict[EntityId, list[tuple[str, int]]] = {}
    names = {"calculation_id": calculation.calculation_id, "whole_house": list(whole_house)}
    for row in connection.execute(queries("core.ledger").difference_volumes, names):
        found.setdefault(EntityId(row.house_id), []).append((row.service, row.volume_e6))
    return {house: tuple(volumes) for house, volumes in found.items()}


def corrected_houses(connection: Connection, calculation: Calculation, whole_house: Collection[str]) -> set[EntityId]:
    """Houses in which own volumes of closed months were corrected, by this calculation or by a posted one before it."""
    names = {
        "provider_id": calculation.provider_id,
        "calculation_id": calculation.calculation_id,
        "month": calculation.month.first,
        "whole_house": list(whole_house),
    }
    return {EntityId(house) for house in connection.execute(queries("core.ledger").houses_corrected, names).scalars()}


def blocked_before(connection: Connection, *, provider_id: ProviderId, month: Month) -> list[int]:
    """The number of the last posted calculation that looked back at closed months: what it held blocked waits still; empty: none did."""
    names = {"provider_id": provider_id, "month": month.first}
    return list(connection.execute(queries("core.ledger").last_posted_recalculation, names).scalars())


def posted_differences(
    connection: Connection, *, provider_id: ProviderId, month: Month, accounts: Sequence[EntityId], before: Month
) -> dict[tuple[EntityId, EntityId, EntityId], int]:
    """What months before ``before`` posted as corrections of a month, by account, service and creditor; kopecks."""
    names = {"provider_id": provider_id, "month": month.first, "account_ids": list(accounts), "before": before.first}
    rows = connection.execute(queries("core.ledger").differences_posted, names)
    return {(EntityId(row.account_id), EntityId(row.service_id), EntityId(row.creditor_id)): row.total for row in rows}


def lines_computed_anew(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    accounts: Sequence[EntityId],
    before: Month,
    whole_house: Collection[str],
) -> dict[tuple[EntityId, EntityId], ChargeLine | None]:
    """Lines of a month that posted calculations before ``before`` computed anew with the totals of their house, by account and service."""
    names = {
        "provider_id": provider_id, "month": month.first, "account_ids": list(accounts), "before": before.first,
        "whole_house": list(whole_house),
    }  # fmt: skip
    rows = connection.execute(queries("core.ledger").lines_computed_anew, names)
    return {(EntityId(row.account_id), EntityId(row.service_id)): _line(row.after) for row in rows}


def houses_first_charged(
    connection: Connection, *, provider_id: ProviderId, month: Month, houses: Sequence[EntityId], cause: str
) -> set[EntityId]:
    """Of some houses those that later posted months charged for this one by ``cause``, since they were held or stopped in it."""
    names = {"provider_id": provider_id, "month": month.first, "house_ids": list(houses), "cause": cause}
    return {EntityId(house) for house in connection.execute(queries("core.ledger").houses_first_charged, names).scalars()}


def is_first_charged_since(connection: Connection, calculation: Calculation, cause: str) -> bool:
    """Whether what a draft charges by ``cause`` for an earlier month has come into that month itself since the draft was made."""
    names = {"calculation_id": calculation.calculation_id, "cause": cause}
    return bool(connection.execute(queries("core.ledger").is_first_charged_since, names).scalar_one())


def post_differences(connection: Connection, calculation: Calculation, titles: Mapping[str, str], *, at: datetime) -> Posted:
    """Post what is not blocked: one entry an account and corrected month, set-based and idempotent like every posting.

    ``titles``: causes as people read them, in the order of the split.
    """
    sql = queries("core.ledger")
    for name in ("staged_entry", "staged_posting", "difference_part"):
        connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    names = {"calculation_id": calculation.calculation_id}
    connection.execute(sql.stage_difference_parts, names)
    connection.execute(sql.stage_difference_entries, names | {"causes": list(titles), "titles": list(titles.values())})
    connection.execute(sql.stage_difference_postings)
    return insert_staged(connection, at=at)


def _line_json(line: ChargeLine | None) -> str | None:
    if line is None:
        return None
    shown = {item.name: getattr(line, item.name) for item in fields(ChargeLine)}
    return json.dumps(shown | {"inputs": dict(line.inputs), "sources": list(line.sources)}, ensure_ascii=False)


def _line(stored: dict[str, Any] | None) -> ChargeLine | None:
    """A line back from its JSON (``Any``: JSON values)."""
    return None if stored is None else ChargeLine(**stored | {"sources": tuple(stored["sources"])})
