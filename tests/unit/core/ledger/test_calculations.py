from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from core.ids import CENTRE, CalculationId, EntityId, RecordId
from core.ledger.balances import open_items, turnovers
from core.ledger.calculations import (
    Calculation,
    add_lines,
    add_volumes,
    open_calculation,
    post_calculation,
    read_calculation,
    read_lines,
    read_volumes,
    totals,
)
from core.ledger.verify import broken
from core.model.lines import ChargeLine, HouseVolume
from core.period import Month

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10)


def _line(account: int, **changes: object) -> ChargeLine:
    line = ChargeLine(
        account_id=EntityId(account),
        service_id=EntityId(7),
        creditor_id=EntityId(3),
        method="norm",
        clause="formula_4_1",
        rules="2026-03-01",
        volume_e6=4_200_000,
        tariff_e6=41_870_000,
        base=175_85,
        surcharge=351_71,
        recalculation=-10_00,
        underdelivery=5_00,
        benefit=1_00,
        inputs={"n": "1", "N": "21/5"},
        sources=(RecordId(11), RecordId(12)),
    )
    return replace(line, **changes)  # type: ignore[arg-type]


@pytest.fixture
def calculation(connection: Connection) -> Calculation:
    for key in ("1001", "1002"):
        connection.execute(text("INSERT INTO entity (provider_id, kind, entity_key) VALUES (0, 'account', :key)"), {"key": key})
    return open_calculation(
        connection, provider_id=CENTRE, month=OCTOBER, mode="charge", rules="2026-03-01", code_version="0", known_until=RecordId(9), at=NOW
    )


def _accounts(connection: Connection) -> list[int]:
    return list(connection.execute(text("SELECT entity_id FROM entity ORDER BY entity_key")).scalars())


def test_lines_and_volumes_are_read_as_they_were_stored(connection: Connection, calculation: Calculation) -> None:
    lines = [_line(account) for account in _accounts(connection)]
    assert add_lines(connection, calculation, lines) == 2
    volumes = [HouseVolume(EntityId(5), "2", "2026-10", "soi", 15_221_250, "odpu")]
    add_volumes(connection, calculation, volumes)
    assert list(read_lines(connection, calculation)) == lines
    assert list(read_volumes(connection, calculation)) == volumes
    assert read_calculation(connection, calculation.calculation_id) == calculation
    assert totals(connection, calculation).total == 2 * lines[0].total
    with pytest.raises(LookupError):
        read_calculation(connection, CalculationId(999))


def test_posting_puts_the_surcharge_apart_and_sums_to_the_lines(connection: Connection, calculation: Calculation) -> None:
    first, second = _accounts(connection)
    add_lines(connection, calculation, [_line(first), _line(second, base=0, surcharge=0, recalculation=0, underdelivery=0, benefit=0)])
    posted = post_calculation(connection, calculation, at=NOW)
    assert posted.new == 1, "an account whose lines are all zero posts nothing"
    items = {item.surcharge: item.amount for item in open_items(connection, [EntityId(first)])}
    assert items == {False: 175_85 - 10_00 - 5_00 - 1_00, True: 351_71}
    assert post_calculation(connection, calculation, at=NOW).new == 0
    assert sum(row.charged for row in turnovers(connection, provider_id=CENTRE, month=OCTOBER)) == _line(first).total
    assert list(broken(connection)) == []
    key = connection.execute(text("SELECT entry_key FROM entry")).scalar()
    assert key == "charge//2026-10/v1/1001", "keys are made of the sender's identifiers, not of our numbers"


def test_versions_of_a_month_are_numbered(connection: Connection, calculation: Calculation) -> None:
    again = open_calculation(
        connection, provider_id=CENTRE, month=OCTOBER, mode="charge", rules="r", code_version="0", known_until=RecordId(9), at=NOW
    )
    assert (calculation.version, again.version) == (1, 2)
