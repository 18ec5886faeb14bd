"""Heat of a year from readings, and even payment that is a twelfth of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from core.charges.heat_year import counted_in_year
from core.model.facts import MeterFacts, ReadingFacts
from core.money import kopecks
from tests.unit.core.charges.house import OCTOBER, account, charge, house, line_of, meter, record, region


def readings(*pairs: tuple[date, str]) -> tuple[ReadingFacts, ...]:
    return tuple(ReadingFacts(day, int(Fraction(value) * 1000), record()) for day, value in pairs)


HEAT = meter(
    "6", kind=1, account=None, readings=readings((date(2024, 12, 25), "100"), (date(2025, 3, 25), "300"), (date(2025, 12, 24), "580.5"))
)


def test_heat_of_a_year_is_what_the_counters_grew_by() -> None:
    counted = counted_in_year([HEAT], 2025)
    assert counted is not None and counted[0] == Fraction("480.5")
    assert counted[1] == (HEAT.readings[0].source, HEAT.readings[2].source)


@pytest.mark.parametrize(
    "meters",
    [
        [],
        [replace(HEAT, readings=HEAT.readings[1:])],
        [replace(HEAT, readings=HEAT.readings[:2])],
        [replace(HEAT, closed_on=date(2025, 3, 25))],
        [replace(HEAT, commissioned_on=date(2025, 6, 1), start_e3=0)],
    ],
)
def test_a_year_that_is_not_covered_has_no_heat(meters: list[MeterFacts]) -> None:
    assert counted_in_year(meters, 2025) is None


def test_a_replaced_house_meter_covers_the_year_with_its_successor() -> None:
    old = replace(HEAT, closed_on=date(2025, 3, 25))
    new = meter(
        "6", kind=1, account=None, commissioned_on=date(2025, 3, 26), start_e3=5_000, readings=readings((date(2025, 12, 24), "150"))
    )
    counted = counted_in_year([old, new], 2025)
    assert counted is not None and counted[0] == 200 + 145


def test_even_payment_takes_a_twelfth_of_the_readings_of_last_year() -> None:
    facts = region(heating_payment="evenly")
    result = charge(house(account(), meters=(HEAT,)), facts, OCTOBER)
    assert line_of(result, "6").base == kopecks(Fraction("480.5") / 12 * Fraction(50, 100) * 2000)
    assert line_of(result, "6").method == "odpu"
