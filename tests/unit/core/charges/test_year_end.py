"""Corrections of the year before, as groups of the month in which they are due; sums by hand, «charged» as the ledger froze it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from core.charges import HouseCharges
from core.charges.explain import explain_line
from core.ids import EntityId
from core.model.facts import AccountFacts, ContainerFacts, DeliveryFacts, HouseFacts, YearFacts
from core.money import kopecks
from core.period import Month
from tests.unit.core.charges.house import NORMS, SERVICES, charge, house, line_of, meter, norm, record, region, service, tariff
from tests.unit.core.charges.house import account as house_account

MARCH = Month(2026, 3)
YEAR = tuple(Month(2025, n) for n in range(1, 13))
WASTE = service("11", "Отходы", utility_kind=8, resource_kind=9)


def tariffs(*changes: tuple[int, int, int]) -> tuple[object, ...]:
    """Tariffs of two years: (utility, roubles in 2025, roubles in 2026)."""
    found = []
    for utility, before, now in changes:
        found += [tariff(utility, before, first=date(2025, 1, 1), last=date(2025, 12, 31)), tariff(utility, now)]
    return tuple(found)


ALL = (*tariffs((1, 30, 40), (2, 150, 200), (3, 25, 30), (4, 4, 5), (6, 1500, 2000), (8, 600, 700)), tariff(None, 10))


def facts(**settings: object) -> object:
    old = tuple(replace(one, first=date(2020, 1, 1)) for one in (*NORMS, norm(8, 9, "per_person_year", 2_400_000)))
    return region(ALL, old, **settings)  # type: ignore[arg-type]  # the helper's tuples are TariffFacts


def account(key: str = "a", **changes: Any) -> AccountFacts:
    """A flat that was there all the year."""
    return house_account(key, **{"opened_on": date(2020, 1, 1), **changes})


def year(of: HouseFacts, key: str, *, meter_e6: int = 0, individual_e6: int = 0, charged: int = 0) -> YearFacts:
    """The same volumes in each month, and so much charged to the first account in each."""
    return YearFacts(
        YEAR,
        {(key, month): meter_e6 for month in YEAR},
        {(key, month): individual_e6 for month in YEAR},
        {(of.accounts[0].account_id, service_of(of, key), month): charged for month in YEAR},
    )


def service_of(of: HouseFacts, key: str) -> EntityId:
    """The line that is corrected: of common property its own service, else the service of the volume."""
    found = next((one for one in of.services if one.base_service == key), None) or next(one for one in of.services if one.key == key)
    return found.service_id


def march(of: HouseFacts, **settings: object) -> HouseCharges:
    return charge(of, facts(**settings), MARCH)  # type: ignore[arg-type]


def codes(result: HouseCharges) -> set[str]:
    return {item.code for item in result.findings}


def test_common_property_by_the_norm_is_corrected_by_the_house_meter() -> None:
    """12 × (100 − 80) = 240 m³ over 50 of 100 m² at 30 ₽, less 12 × 6.00."""
    one = house(account(), soi_mode=4, meters=(meter("2", kind=1, account=None, readings=()),))
    line = line_of(march(replace(one, last_year=year(one, "2", meter_e6=100_000_000, individual_e6=80_000_000, charged=600))), "7")
    assert line.recalculation == 240 * 30 * 100 // 2 - 12 * 600
    assert explain_line(line).total == line.total


def test_a_negative_year_gives_back_what_was_charged_and_no_more() -> None:
    one = house(account(), soi_mode=4, meters=(meter("2", kind=1, account=None, readings=()),))
    line = line_of(march(replace(one, last_year=year(one, "2", meter_e6=80_000_000, individual_e6=100_000_000, charged=600))), "7")
    assert line.recalculation == -12 * 600


@pytest.mark.parametrize("changes", [{"soi_mode": 1}, {"soi_mode": 2}, {"meters": ()}])
def test_other_regimes_have_nothing_to_correct(changes: dict[str, object]) -> None:
    values = tuple("0" for _ in range(15))
    one = replace(house(account(), soi_mode=4, meters=(meter("2", *values, kind=1, account=None),)), **changes)  # type: ignore[arg-type]
    result = march(replace(one, last_year=year(one, "2", meter_e6=100_000_000, charged=600)))
    assert not any(line.recalculation for line in result.lines)


def test_only_the_month_that_is_due_and_the_days_of_the_account_count() -> None:
    one = house(account(opened_on=date(2025, 7, 1)), soi_mode=4, meters=(meter("2", kind=1, account=None, readings=()),))
    one = replace(one, last_year=year(one, "2", meter_e6=100_000_000, individual_e6=80_000_000, charged=600))
    assert line_of(march(one), "7").recalculation == 6 * 20 * 30 * 100 // 2 - 6 * 600
    assert line_of(charge(one, facts(), Month(2026, 2)), "7").recalculation == 0  # type: ignore[arg-type]
    assert line_of(charge(one, facts(yearly_month=2), Month(2026, 2)), "7").recalculation != 0  # type: ignore[arg-type]


def heated(**changes: object) -> HouseFacts:
    one = house(account(), meters=(meter("6", kind=1, account=None, readings=()),), heat_last_year_e6=120_000_000)
    one = replace(one, **changes)  # type: ignore[arg-type]
    return replace(one, last_year=year(one, "6", meter_e6=10_000_000, charged=700_000))


def test_heating_paid_evenly_is_corrected_whole() -> None:
    """120 Гкал × 50/100 × 1500 less 12 × 7000."""
    line = line_of(march(heated(), heating_payment="evenly"), "6")
    assert line.recalculation == 60 * 1500 * 100 - 12 * 700_000
    assert explain_line(line).total == line.total


def test_a_year_that_is_not_whole_is_told_and_not_corrected() -> None:
    one = heated()
    assert one.last_year is not None
    for broken in (
        replace(one, last_year=replace(one.last_year, months=YEAR[3:])),
        replace(one, last_year=replace(one.last_year, meter={})),
        replace(one, heated_common_area_e2=500),
    ):
        result = march(broken, heating_payment="evenly")
        assert "CH-053" in codes(result) and line_of(result, "6").recalculation == 0
    assert "CH-053" not in codes(march(replace(one, last_year=replace(one.last_year, months=())), heating_payment="evenly"))


def test_allocators_share_the_cost_of_their_premises() -> None:
    """Two of three flats, 80 of 100 m²: 120 Гкал × 1500 × 0.8, of which 1200 of 2000 units, less 12 × 7000."""
    flats = [
        account("a", area_e2=5000, allocator_e3=1_200_000, allocator_source=record()),
        account("b", area_e2=3000, allocator_e3=800_000, premises_number="2"),
        account("c", area_e2=2000, premises_number="3"),
    ]
    result = march(heated(accounts=tuple(flats)), heating_payment="evenly")
    by_account = {line.account_id: line for line in result.lines if line.service_id == 6}
    first = by_account[flats[0].account_id]
    assert first.recalculation == kopecks(Fraction(120 * 1500 * 8, 10) * Fraction(1200, 2000)) - 12 * 700_000
    assert explain_line(first).total == first.total
    assert by_account[flats[2].account_id].recalculation == 120 * 1500 * 20
    few = [replace(flats[0], allocator_e3=None), flats[1], flats[2]]
    lines = march(heated(accounts=tuple(few)), heating_payment="evenly").lines
    of_b = next(line for line in lines if line.service_id == 6 and line.account_id == flats[1].account_id)
    assert of_b.recalculation == 120 * 1500 * 30


def test_waste_is_corrected_by_the_containers() -> None:
    """6 m³ a month for two months, two persons of four at the site: 6 × 600, less 2 × 15.00; other months are left as charged."""
    one = house(account(), services=(*SERVICES, WASTE), waste_basis=1)
    taken = tuple((month, ContainerFacts(6_000, record(), 400)) for month in YEAR[:2])
    one = replace(one, containers_of_year=taken, last_year=year(one, "11", charged=1500))
    line = line_of(march(one, waste_yearly_recalc="true"), "11")
    assert line.recalculation == 2 * 3 * 600 * 100 - 2 * 1500
    assert explain_line(line).total == line.total
    assert line_of(march(one), "11").recalculation == 0


def test_waste_by_the_removed_volume_of_the_month() -> None:
    """Formula 9(3): 18 m³ at 700, two of six persons of the house; of a wider site two of twelve; 9(4): 50 of 100 m²."""
    two, four = account(), account("b", premises_number="2", residences=(*account("b").residences, *account("c").residences))
    one = house(two, four, services=(*SERVICES, WASTE), waste_basis=1, containers=(ContainerFacts(18_000, record()),))

    def base(of: HouseFacts) -> int:
        (line,) = [line for line in march(of).lines if line.service_id == 11 and line.account_id == two.account_id]
        return line.base

    assert base(one) == 18 * 700 * 100 // 3
    assert base(replace(one, containers=(ContainerFacts(18_000, record(), 1200),))) == 18 * 700 * 100 // 6
    assert base(replace(one, waste_basis=2)) == 18 * 700 * 100 // 2


def test_solid_fuel_is_paid_by_delivery_where_it_is_delivered() -> None:
    fuel = service("12", "Дрова", utility_kind=7, resource_kind=7)
    priced = region((*ALL, tariff(7, 900)), (*NORMS, norm(7, 7, "per_m2", 10_000)))  # type: ignore[arg-type]
    by_norm = house(account(), services=(fuel,))
    assert line_of(charge(by_norm, priced, MARCH), "12").base == kopecks(Fraction(50 * 900, 100))
    delivered = (DeliveryFacts(date(2026, 3, 5), 2_500, record()), DeliveryFacts(date(2026, 2, 5), 9_000, record()))
    by_delivery = house(account(deliveries=delivered), services=(fuel,))
    assert line_of(charge(by_delivery, priced, MARCH), "12").base == kopecks(Fraction(5, 2) * 900)
    assert [line for line in charge(by_delivery, priced, Month(2026, 4)).lines if line.service_id == 12] == []
