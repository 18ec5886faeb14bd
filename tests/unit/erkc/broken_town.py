"""The town with one thing wrong in each of several houses, each what a bound must notice; and earlier months to compare with."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId, RecordId
from core.ledger import months
from core.ledger.calculations import add_lines, open_calculation, post_calculation
from core.ledger.months import MonthState
from core.model.lines import ChargeLine
from core.period import Month
from tests.unit.erkc.archives import edited, sections
from tests.unit.erkc.conftest import NOW

OWNER = ProviderId(1)

HOUSE_METER, AREA, FLAT, EMPTY, TWICE = "1002", "1003", "1005", "1009", "1012"
"""Houses by what is wrong in them: the house meter runs away, the shares do not add up, a flat of 500 m³, an account of nothing, a service
twice."""


_COLD = "2"
_FLAT_METER, _EMPTY_METER = "1362", "1650"
"""Cold-water meters of a flat of the house FLAT and of one of the house EMPTY."""


def broken_archive(path: Path) -> bytes:
    """The archive of October with all of it."""
    house_meter = next(row[0] for row in sections(path)["pu"] if row[2] == "1" and row[1] == HOUSE_METER and row[5] == _COLD)

    def change(section: str, _: int, cells: list[str]) -> list[list[str]]:
        if section == "puval":
            return _readings(cells, house_meter)
        if section == "house" and cells[0] == AREA:
            return [[*cells[:24], str(Decimal(cells[24]) + 100), *cells[25:]]]
        if section == "duouusluga" and cells[0] == EMPTY and cells[1] != _COLD:
            return []
        if section == "kapremdecisions" and cells[1] == EMPTY:
            return []
        if section == "duouusluga" and cells[0] == TWICE and cells[1] == _COLD:
            return [cells, [*cells[:2], "01.09.2026", *cells[3:]]]
        return [cells]

    return edited(path, change)


def _readings(cells: list[str], house_meter: str) -> list[list[str]]:
    meter, day, value = cells[1], cells[2], Decimal(cells[3])
    if meter == house_meter and day.endswith(".10.2026"):
        value += 500
    if meter == _FLAT_METER:  # 300 m³ every month: nothing that the intake would find unlike the months before
        value += 300 * (int(day[3:5]) - 4)
    if meter == _EMPTY_METER and day.endswith(".10.2026"):
        value = Decimal("685.191")  # as in September
    return [[*cells[:3], str(value), *cells[4:]]]


def earlier_month(connection: Connection, month: Month, lines: Iterable[ChargeLine]) -> None:
    """A posted month of these lines."""
    calculation = open_calculation(
        connection, provider_id=OWNER, month=month, mode="charge", rules="r", code_version="c", known_until=RecordId(0), at=NOW
    )
    add_lines(connection, calculation, lines)
    post_calculation(connection, calculation, at=NOW)
    for state in (MonthState.DRAFT, MonthState.APPROVED, MonthState.POSTED, MonthState.CLOSED):
        months.move(
            connection, provider_id=OWNER, month=month, to=state, calculation_id=calculation.calculation_id, actor="тест", reason="тест",
            at=NOW,
        )  # fmt: skip


def earlier_line(
    account: EntityId, service: EntityId, creditor: EntityId, total: int, *, volume_e6: int = 0, tariff_e6: int = 0
) -> ChargeLine:
    """A line of an earlier month."""
    return ChargeLine(account, service, creditor, "norm", "formula_4", "r", volume_e6, tariff_e6, total, 0, 0, 0, 0, {}, (RecordId(1),))
