"""Calculations: the lines of one computation of a provider's month. Drafts live here, outside the ledger; approval posts them.

A calculation is never changed: computing again makes the next version, and the month's state says which one is approved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, text

from core.ids import CalculationId, EntityId, ProviderId, RecordId
from core.ledger.post import Posted, insert_staged
from core.model.inputs import LikeInputs
from core.model.lines import ChargeLine, HouseVolume
from core.period import Month
from core.storage.bulk import escaped, stage, stage_text
from core.storage.sql import queries

__all__ = [
    "Calculation",
    "Totals",
    "add_lines",
    "add_rows",
    "add_volumes",
    "copy_houses",
    "last_computed_month",
    "latest_calculation",
    "open_calculation",
    "post_calculation",
    "read_calculation",
    "read_lines",
    "read_volumes",
    "rows_of",
    "totals",
]

_LINES_AT_ONCE = 10_000
_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_LINE_COLUMNS = (
    ("account_id", "bigint"),
    ("service_id", "bigint"),
    ("creditor_id", "bigint"),
    ("method", "text"),
    ("clause", "text"),
    ("rules", "text"),
    ("volume_e6", "bigint"),
    ("tariff_e6", "bigint"),
    ("base", "bigint"),
    ("surcharge", "bigint"),
    ("recalculation", "bigint"),
    ("underdelivery", "bigint"),
    ("benefit", "bigint"),
    ("inputs", "jsonb"),
    ("sources", "bigint[]"),
)
_VOLUME_COLUMNS = (
    ("house_id", "bigint"),
    ("service", "text"),
    ("month", "date"),
    ("what", "text"),
    ("volume_e6", "bigint"),
    ("method", "text"),
)


@dataclass(frozen=True, slots=True)
class Calculation:
    """One computation of a provider's month: mode, version, rules, and the last record it could see."""

    calculation_id: CalculationId
    provider_id: ProviderId
    month: Month
    version: int
    mode: str
    rules: str
    code_version: str
    known_until: RecordId


@dataclass(frozen=True, slots=True)
class Totals:
    """Size and sum of a calculation, kopecks."""

    lines: int
    accounts: int
    total: int
    surcharge: int


def open_calculation(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    mode: str,
    rules: str,
    code_version: str,
    known_until: RecordId,
    at: datetime,
) -> Calculation:
    """Begin the next version of a provider's month."""
    connection.execute(text("SELECT erkc_ensure_month('charge_line', :month)"), {"month": month.first})
    row = connection.execute(
        queries("core.ledger").new_calculation,
        {
            "provider_id": provider_id,
            "month": month.first,
            "mode": mode,
            "rules": rules,
            "code_version": code_version,
            "known_until": known_until,
            "at": at,
        },
    ).one()
    return Calculation(CalculationId(row.calculation_id), provider_id, month, row.version, mode, rules, code_version, known_until)


def add_lines(connection: Connection, calculation: Calculation, lines: Iterable[ChargeLine]) -> int:
    """Store lines as a stream (one COPY, one insert); returns their number."""
    count = 0

    def blocks() -> Iterator[bytes]:
        nonlocal count
        stream = iter(lines)
        while block := list(islice(stream, _LINES_AT_ONCE)):
            count += len(block)
            yield rows_of(block)

    add_rows(connection, calculation, blocks())
    return count


def add_rows(connection: Connection, calculation: Calculation, blocks: Iterable[bytes]) -> None:
    """Store lines that :func:`rows_of` has made ready, perhaps in another process."""
    stage_text(connection, "staged_line", _LINE_COLUMNS, blocks)
    connection.execute(queries("core.ledger").insert_lines, _names(calculation) | {"provider_id": calculation.provider_id})


def rows_of(lines: Iterable[ChargeLine]) -> bytes:
    """Lines as the text that COPY takes."""
    return "".join([_row_of_alike(line, line.inputs) if isinstance(line.inputs, LikeInputs) else _row(line) for line in lines]).encode()


def _row(line: ChargeLine) -> str:
    inputs = _json(line.inputs)
    if "\\" in inputs:  # the one special character that JSON leaves in a text
        inputs = escaped(inputs)
    tariff = "\\N" if line.tariff_e6 is None else line.tariff_e6
    return (
        f"{line.account_id}\t{line.service_id}\t{line.creditor_id}\t{line.method}\t{line.clause}\t{escaped(line.rules)}\t"
        f"{line.volume_e6}\t{tariff}\t{line.base}\t{line.surcharge}\t{line.recalculation}\t{line.underdelivery}\t{line.benefit}\t"
        f"{inputs}\t{{{','.join(map(str, line.sources))}}}\n"
    )


def _row_of_alike(line: ChargeLine, inputs: LikeInputs) -> str:
    """A line by the text that all with its template have in common, with places for the numbers of its own."""
    sources = line.sources
    key = (
        len(sources), line.service_id, line.creditor_id, line.tariff_e6, line.method, line.clause, line.rules, line.recalculation,
        line.underdelivery, line.benefit,
    )  # fmt: skip

    def begun(holes: str) -> str:
        tariff = "\\N" if line.tariff_e6 is None else line.tariff_e6
        said = f"{line.service_id}\t{line.creditor_id}\t{line.method}\t{line.clause}\t{escaped(line.rules)}".replace("%", "%%")
        places = ",".join(["%d"] * len(sources))
        return (
            f"%d\t{said}\t%d\t{tariff}\t%d\t%d\t{line.recalculation}\t{line.underdelivery}\t{line.benefit}\t"
            f"{escaped(holes)}\t{{{places}}}\n"
        )

    template = inputs.template
    text_of = template.format(key, begun)
    return text_of % (line.account_id, line.volume_e6, line.base, line.surcharge, *template.numbers(inputs.brought), *sources)


def add_volumes(connection: Connection, calculation: Calculation, volumes: Iterable[HouseVolume]) -> int:
    """Freeze the houses' volumes with the calculation."""
    rows = ((v.house_id, v.service, Month.parse(v.month).first, v.what, v.volume_e6, v.method) for v in volumes)
    count = stage(connection, "staged_volume", _VOLUME_COLUMNS, rows)
    connection.execute(
        queries("core.ledger").insert_volumes,
        {"calculation_id": calculation.calculation_id, "provider_id": calculation.provider_id},
    )
    return count


def copy_houses(
    connection: Connection, source: Calculation, target: Calculation, *, houses: Sequence[EntityId], accounts: Sequence[EntityId]
) -> None:
    """Give one calculation of a month the lines of some accounts, and the volumes of their houses, as another has them."""
    names = _names(target) | {"source": source.calculation_id, "houses": list(houses), "accounts": list(accounts)}
    connection.execute(queries("core.ledger").copy_lines, names)
    connection.execute(queries("core.ledger").copy_volumes, names)


def read_calculation(connection: Connection, calculation_id: CalculationId) -> Calculation:
    """The calculation of a number; ``LookupError`` when there is none."""
    row = connection.execute(queries("core.ledger").calculation_by_id, {"calculation_id": calculation_id}).one_or_none()
    if row is None:
        raise LookupError(f"no calculation {calculation_id}")
    return Calculation(
        CalculationId(row.calculation_id),
        ProviderId(row.provider_id),
        Month.of(row.month),
        row.version,
        row.mode,
        row.rules,
        row.code_version,
        RecordId(row.known_until),
    )


def latest_calculation(connection: Connection, *, provider_id: ProviderId, month: Month, mode: str) -> Calculation | None:
    """The last calculation of a month in a mode, posted or not; None when there is none."""
    names = {"provider_id": provider_id, "month": month.first, "mode": mode}
    found = connection.execute(queries("core.ledger").latest_calculation, names).scalar()
    return None if found is None else read_calculation(connection, CalculationId(found))


def last_computed_month(connection: Connection, provider_ids: Sequence[ProviderId]) -> Month | None:
    """The last month that was computed for any of the providers; None when none was."""
    found = connection.execute(queries("core.ledger").last_computed_month, {"provider_ids": list(provider_ids)}).scalar()
    return None if found is None else Month.of(found)


def read_lines(connection: Connection, calculation: Calculation, accounts: Sequence[EntityId] | None = None) -> Iterator[ChargeLine]:
    """Lines in the order of account and service, of some accounts or of all."""
    rows = connection.execute(
        queries("core.ledger").lines_of_calculation,
        _names(calculation) | {"account_ids": None if accounts is None else list(accounts)},
        execution_options={"yield_per": 5000},
    )
    for row in rows:
        yield ChargeLine(
            account_id=row.account_id,
            service_id=row.service_id,
            creditor_id=row.creditor_id,
            method=row.method,
            clause=row.clause,
            rules=row.rules,
            volume_e6=row.volume_e6,
            tariff_e6=row.tariff_e6,
            base=row.base,
            surcharge=row.surcharge,
            recalculation=row.recalculation,
            underdelivery=row.underdelivery,
            benefit=row.benefit,
            inputs=row.inputs,
            sources=tuple(row.sources),
        )


def read_volumes(connection: Connection, calculation: Calculation, houses: Sequence[EntityId] | None = None) -> Iterator[HouseVolume]:
    """Volumes frozen with the calculation."""
    rows = connection.execute(
        queries("core.ledger").volumes_of_calculation,
        {"calculation_id": calculation.calculation_id, "house_ids": None if houses is None else list(houses)},
    )
    for row in rows:
        yield HouseVolume(row.house_id, row.service, str(Month.of(row.month)), row.what, row.volume_e6, row.method)


def totals(connection: Connection, calculation: Calculation, *, without: Sequence[EntityId] = ()) -> Totals:
    """Size and sum; ``without``: accounts that do not count."""
    row = connection.execute(queries("core.ledger").calculation_totals, _names(calculation) | {"without": list(without)}).one()
    return Totals(row.lines, row.accounts, row.total, row.surcharge)


def post_calculation(
    connection: Connection,
    calculation: Calculation,
    *,
    at: datetime,
    without: Sequence[EntityId] = (),
    only: Sequence[EntityId] | None = None,
) -> Posted:
    """Post lines: one entry an account, one posting a component; set-based, and idempotent like every posting.

    ``without``: accounts of stopped houses; ``only``: those whose houses are let through later.
    """
    sql = queries("core.ledger")
    for name in ("staged_entry", "staged_posting"):
        connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    connection.execute(text("SET LOCAL work_mem = '256MB'"))
    chosen = {"without": list(without), "only": None if only is None else list(only)}
    connection.execute(sql.stage_calculation_entries, _names(calculation) | chosen)
    connection.execute(text("ANALYZE staged_entry"))
    connection.execute(sql.stage_calculation_postings, _names(calculation))
    connection.execute(text("ANALYZE staged_posting"))
    return insert_staged(connection, at=at)


def _names(calculation: Calculation) -> dict[str, object]:
    return {"month": calculation.month.first, "calculation_id": calculation.calculation_id}
