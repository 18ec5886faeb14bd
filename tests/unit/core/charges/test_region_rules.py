"""What a region approves in tables of its own: norms by rooms and persons, tariffs by ranges of consumption; amounts by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from core.charges import explain_line
from core.model.facts import AbsenceFacts, NormFacts, ResidenceFacts, TariffFacts
from core.money import kopecks
from tests.unit.core.charges.house import (
    NORMS,
    SERVICES,
    TARIFFS,
    account,
    charge,
    house,
    line_of,
    meter,
    record,
    region,
    service,
    tariff,
)

MATRIX = {1: (135, 84, 65), 2: (174, 108, 84), 3: (197, 122, 95)}
POWER = tariff(4, 5)
DAY = service("21", "День", utility_kind=4, resource_kind=3, zone=2)
NIGHT = service("22", "Ночь", utility_kind=4, resource_kind=3, zone=3)


def cells(table: dict[int, tuple[int, ...]], **changes: object) -> tuple[NormFacts, ...]:
    return tuple(
        replace(
            NormFacts(4, 3, "per_person", "245", date(2026, 1, 1), value * 10**6, record(), rooms=rooms, persons=persons),
            **changes,  # type: ignore[arg-type]
        )
        for rooms, row in table.items()
        for persons, value in enumerate(row, start=1)
    )


def with_matrix(*tables: tuple[NormFacts, ...]) -> tuple[NormFacts, ...]:
    return (*(norm for norm in NORMS if norm.utility_kind != 4), *(cell for table in tables for cell in table))


PEOPLE = tuple(ResidenceFacts(f"p{i}", date(2020, 1, 1), None, record()) for i in range(5))
LATER = ResidenceFacts("later", date(2026, 10, 17), None, record())


@pytest.mark.parametrize(
    ("rooms", "living", "roubles"),
    [
        (2, PEOPLE[:2], "1080.00"),  # 2 × 108 × 5
        (1, PEOPLE[:1], "675.00"),  # 1 × 135 × 5
        (3, PEOPLE[:3], "1425.00"),  # 3 × 95 × 5
        (9, PEOPLE[:5], "2375.00"),  # last row, last column: 5 × 95 × 5
        (2, (PEOPLE[0], LATER), "801.29"),  # 46 of 31 days: two persons' column, 46/31 × 108 × 5 = 801,290…
        (2, (), "870.00"),  # nobody lives there: one owner, 1 × 174 × 5
    ],
)
def test_the_norm_of_electricity_is_looked_up_by_rooms_and_persons(rooms: int, living: tuple[ResidenceFacts, ...], roubles: str) -> None:
    flat = account(rooms=rooms, residences=living)
    result = charge(house(flat), region(norms=with_matrix(cells(MATRIX)), k_electricity_basis="never"))
    line = line_of(result, "5")
    assert line.base == kopecks(Fraction(roubles)) and line.method == "norm"
    norm = next(argument for step in explain_line(line).steps for argument in step.arguments if argument.symbol == "N")
    assert flat.source in norm.records and len(norm.records) == 2


def test_without_the_number_of_rooms_the_line_is_held_and_says_who_sends_it() -> None:
    result = charge(house(account(rooms=None)), region(norms=with_matrix(cells(MATRIX))))
    assert not [line for line in result.lines if line.service_id == 5]
    (finding,) = [finding for finding in result.findings if finding.code == "CH-045"]
    assert finding.effect == "hold_line" and "KVAR, поле 15" in finding.hint
    assert line_of(result, "2").base > 0, "the other services go on"


def test_a_matrix_that_changes_inside_the_month_is_taken_by_days() -> None:
    old, new = cells(MATRIX, last=date(2026, 10, 15)), cells({2: (200, 120)}, first=date(2026, 10, 16))
    line = line_of(charge(house(account(rooms=2)), region(norms=with_matrix(old, new), k_electricity_basis="never")), "5")
    # 2 persons: 108 for 15 days, 120 for 16: (2 × 15/31 × 108 + 2 × 16/31 × 120) × 5 = 522,58… + 619,35… = 1141,935…
    assert line.base == 114194


def test_days_without_any_norm_hold_the_line() -> None:
    result = charge(house(account(rooms=2)), region(norms=with_matrix(cells(MATRIX, last=date(2026, 10, 15)))))
    assert "CH-002" in {finding.code for finding in result.findings} and not [line for line in result.lines if line.service_id == 5]


def test_absence_goes_by_the_same_cell() -> None:
    away = AbsenceFacts("p0", date(2026, 10, 1), date(2026, 10, 12), record())
    flat = account(rooms=2, residences=PEOPLE[:2], absences=(away,), no_meter_reason=1)
    line = line_of(charge(house(flat), region(norms=with_matrix(cells(MATRIX)))), "5")
    assert line.recalculation == -kopecks(Fraction(108 * 5 * 10, 31))  # 10 full days of one person


def ranges(*roubles: int, zone: int | None = None) -> tuple[TariffFacts, ...]:
    return tuple(tariff(4, price, zone=zone, range_number=number) for number, price in enumerate(roubles, start=1))


WITHOUT_POWER = tuple(one for one in TARIFFS if one.utility_kind != 4)


@pytest.mark.parametrize(
    ("read", "settings", "roubles"),
    [
        ("3900", {}, "19500.00"),  # equal to the bound: all in the first, 3900 × 5
        ("5000", {}, "26100.00"),  # 3900 × 5 + 1100 × 6
        ("7000", {}, "41100.00"),  # 3900 × 5 + 2100 × 6 + 1000 × 9
        ("7000", {"range_factor": "1.8"}, "41100.00"),  # nobody says that the house is heated by electricity
        ("5000", {"range_bounds": ["1000", "2000"]}, "38000.00"),  # 1000 × 5 + 1000 × 6 + 3000 × 9
        ("0", {}, "0.00"),
    ],
)
def test_a_months_volume_is_cut_by_the_bounds(read: str, settings: dict[str, object], roubles: str) -> None:
    facts = region((*WITHOUT_POWER, *ranges(5, 6, 9)), **settings)
    line = line_of(charge(house(account(meters=(meter("5", "0", read),))), facts), "5")
    assert line.base == kopecks(Fraction(roubles))
    assert explain_line(line).base == line.base and Fraction(line.volume_e6, 10**6) == int(read)


@pytest.mark.parametrize(
    ("months", "roubles"),
    [([10, 11], "35000.00"), ([11, 12], "41100.00")],  # first bound 3900 × 1.8 = 7020, in the heating season alone
)
def test_bounds_are_wider_in_the_season_of_a_house_heated_by_electricity(months: list[int], roubles: str) -> None:
    said = record()
    facts = region((*WITHOUT_POWER, *ranges(5, 6, 9)), range_factor="1.8", heating_months=months)
    flat = account(meters=(meter("5", "0", "7000"),))
    line = line_of(charge(house(flat, electric_heating=True, electric_heating_sources=(said,)), facts), "5")
    assert line.base == kopecks(Fraction(roubles))
    assert (said in line.sources) is (10 in months), "the act is what the wider bounds rest on"


def test_zones_are_split_in_the_proportion_of_the_ranges() -> None:
    facts = region((*WITHOUT_POWER, *ranges(6, 8, zone=2), *ranges(3, 4, zone=3)))
    services = (*(one for one in SERVICES if one.key != "5"), DAY, NIGHT)
    flat = account(meters=(meter("21", "0", "4000"), meter("22", "0", "1000")))
    result = charge(house(flat, services=services), facts)
    # of 5000 kWh 3900 are in the first range: day 4000 × 0,78 × 6 + 4000 × 0,22 × 8 = 18720 + 7040; night 1000 × (0,78 × 3 + 0,22 × 4)
    assert (line_of(result, "21").base, line_of(result, "22").base) == (2576000, 322000)


def test_what_would_need_the_range_of_a_volume_is_held_beyond_the_first() -> None:
    facts = region((*WITHOUT_POWER, *ranges(5, 6, 9)), range_bounds=["100", "200"], k_electricity_basis="never")
    away = AbsenceFacts("a0", date(2026, 10, 1), date(2026, 10, 12), record())
    flat = account(absences=(away,), no_meter_reason=1)
    assert "CH-046" in {finding.code for finding in charge(house(flat), facts).findings}
    within = charge(house(flat), region((*WITHOUT_POWER, *ranges(5, 6, 9))))
    assert line_of(within, "5").recalculation == -kopecks(Fraction(90 * 5 * 10, 31))
    raised = region((*WITHOUT_POWER, *ranges(5, 6, 9)), k_electricity_basis="no_meter")
    assert "CH-046" in {finding.code for finding in charge(house(), raised).findings}
