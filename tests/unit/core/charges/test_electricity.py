"""Ranges of consumption: zones are cut together, the sum of the parts is the whole; and heat of a year from readings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from core.charges.heat_year import counted_in_year
from core.model.facts import MeterFacts, ReadingFacts
from core.money import kopecks
from tests.unit.core.charges.house import OCTOBER, SERVICES, account, charge, house, line_of, meter, record, region, service, tariff

DAY = service("51", "Электроэнергия, день", utility_kind=4, resource_kind=3, zone=2)
NIGHT = service("52", "Электроэнергия, ночь", utility_kind=4, resource_kind=3, zone=3)
ZONED = (*(one for one in SERVICES if one.key != "5"), DAY, NIGHT)


def zoned_meter(*values: tuple[str, str]) -> MeterFacts:
    """A meter of two zones: day and night of each month up to October."""
    day, night = (meter("51", *(pair[zone] for pair in values)).readings for zone in (0, 1))
    both = [reading for pair in zip(day, night, strict=True) for reading in (replace(pair[0], zone=1), replace(pair[1], zone=2))]
    return meter("51", readings=tuple(both), start_e3=None)


def test_zones_are_cut_by_the_shares_of_ranges() -> None:
    tariffs = [
        tariff(4, 0, zone=zone, range_number=number, value_e6=value)
        for zone, values in ((2, (5_000_000, 7_000_000)), (3, (3_000_000, 4_000_000)))
        for number, value in enumerate(values, start=1)
    ]
    others = tuple(tariff(*pair) for pair in ((1, 40), (2, 200), (3, 30), (6, 2000), (None, 10)))
    facts = region((*others, *tariffs), electricity_ranges=["300"])
    one = account(meters=(zoned_meter(("1000", "500"), ("1300", "700"), ("1600", "800")),), no_meter=False)
    result = charge(house(one, services=ZONED), facts)
    # October: 300 by day and 100 by night are 400, of which 300 stand in the first range and 100 in the second.
    assert line_of(result, "51").base == kopecks(300 * Fraction(300, 400) * 5) + kopecks(300 * Fraction(100, 400) * 7)
    assert line_of(result, "52").base == kopecks(100 * Fraction(300, 400) * 3) + kopecks(100 * Fraction(100, 400) * 4)
    assert (line_of(result, "51").volume_e6, line_of(result, "52").volume_e6) == (300_000_000, 100_000_000)


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
