"""Ways of charging beyond the ordinary: each a small house, the amounts by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest

from core.charges import HouseCharges, explain_line
from core.charges.engine import evaluate
from core.charges.recalculate import Event, months_of_event, recalculate
from core.charges.yearly import YearSlice, common_correction, correction_plan, heating_correction, waste_correction
from core.ids import EntityId
from core.model.facts import (
    AbsenceFacts,
    AccountFacts,
    ActFacts,
    BoilerFacts,
    DeviationFacts,
    HouseFacts,
    MeterFacts,
    ReadingFacts,
    ReliefFacts,
    ResidenceFacts,
)
from core.model.lines import ChargeLine
from core.period import Month
from tests.unit.core.charges.house import (
    NORMS,
    OCTOBER,
    SERVICES,
    TARIFFS,
    account,
    charge,
    house,
    law,
    line_of,
    meter,
    norm,
    readings,
    record,
    region,
    service,
    tariff,
)

GAS = service("9", "Газ", utility_kind=5, resource_kind=4)
WASTE = service("11", "Отходы", utility_kind=8, resource_kind=9)
DAY = service("21", "День", utility_kind=4, resource_kind=3, zone=2)
NIGHT = service("22", "Ночь", utility_kind=4, resource_kind=3, zone=3)
CARRIER = service("24", "Носитель", utility_kind=2, resource_kind=1)
HEAT_OF_WATER = service("25", "Тепло воды", utility_kind=2, resource_kind=5)
MORE_TARIFFS = (
    *TARIFFS, tariff(5, 9), tariff(8, 600), tariff(2, 40, resource_kind=1), tariff(2, 2000, resource_kind=5),
    tariff(4, 6, zone=2), tariff(4, 3, zone=3),
)  # fmt: skip
MORE_NORMS = (
    *NORMS, norm(5, 4, "per_person_cooking", 10_000_000), norm(5, 4, "per_person_heater", 15_000_000),
    norm(8, 9, "per_person_year", 2_400_000), norm(8, 9, "per_m2_year", 120_000), norm(2, 1, "per_person", 3_000_000),
    norm(2, 5, "heat_per_m3", 60_000),
)  # fmt: skip


def _charge(facts: HouseFacts, month: Month = OCTOBER, **settings: object) -> HouseCharges:
    return charge(facts, region(MORE_TARIFFS, MORE_NORMS, **settings), month)


def _lines(result: HouseCharges, key: str) -> dict[int, ChargeLine]:
    return {int(line.account_id): line for line in result.lines if line.service_id == int(key)}


def _forgotten(*values: str) -> HouseFacts:
    """Four measured months of 6 m³, three without a reading, then one in October."""
    flat = account(meters=(meter("2", *values),))
    return house(flat, services=(SERVICES[1],))


LATE = ("0", "6", "12", "18", "24", "-", "-", "-", "54")


def test_a_late_reading_by_difference_and_with_norm_months_kept() -> None:
    """June–August by the average 6; October: 54 − 24 = 30 less 18 = 12 m³ × 40."""
    line = line_of(_charge(_forgotten(*LATE)), "2")
    assert (line.method, line.base, line.recalculation) == ("ipu_after_average", 48000, 0)
    four = ("0", "6", "12", "18", "24", "-", "-", "-", "-", "60")  # the fourth month goes by the norm of 8
    assert line_of(_charge(_forgotten(*four)), "2").base == 40000  # 36 − 18 − 8 = 10
    assert line_of(_charge(_forgotten(*four), late_reading="keep_norm"), "2").base == 72000  # 36 − 18 = 18


def test_a_late_reading_rebuilds_its_months_by_days() -> None:
    """30 m³ over July–October (31 + 31 + 30 + 31 = 123 days); each closed month had 6 m³."""
    line = line_of(_charge(_forgotten(*LATE), late_reading="rebuild"), "2")
    assert line.base == 30244  # 30 × 31 / 123 × 40 = 302,439
    assert line.recalculation == 2 * (30244 - 24000) + (29268 - 24000)
    assert explain_line(line).total == line.total
    assert {step.clause for step in explain_line(line).steps} == {"formula_1", "charged_before"}


def test_volume_is_rounded_before_the_tariff_where_the_region_says_so() -> None:
    flat = account(meters=(meter("2", "0", "5.678"),))
    assert line_of(_charge(house(flat)), "2").base == 22712
    line = line_of(_charge(house(flat), volume_rounding="2"), "2")
    assert (line.base, line.volume_e6) == (22720, 5_680_000)
    by_norm = line_of(
        _charge(house(account(residences=(ResidenceFacts("r", date(2026, 10, 20), None, record()),))), volume_rounding="2"), "2"
    )
    assert (by_norm.base, by_norm.surcharge) == (6200, 12400)  # 12 / 31 × 4 = 1,548… → 1,55; × 40; × 3


def test_wastewater_is_raised_only_where_the_region_says_so() -> None:
    assert line_of(_charge(house()), "4").surcharge == 0
    line = line_of(_charge(house(), wastewater_k="1.5"), "4")
    assert (line.base, line.surcharge) == (42000, 21000)  # both waters by the raised norm: 14 × 30; × 1,5
    half = house(account(meters=(meter("2", "0", "8"),)))
    assert line_of(_charge(half, coefficient_sewerage="1.5"), "4").surcharge == 9000  # hot water only: 6 × 30 × 0,5


def test_owners_count_in_vacant_premises() -> None:
    line = line_of(_charge(house(account(residences=(), owners=3))), "2")
    assert (line.base, line.volume_e6) == (48000, 12_000_000)
    unknown = house(account(residences=()))
    assert line_of(_charge(unknown, owners_when_unknown=2), "2").base == 32000
    held = _charge(unknown, owners_when_unknown="hold")
    assert ("CH-027", 2) in [(f.code, f.service_id) for f in held.findings]


def test_electricity_is_raised_by_an_act_of_refused_access() -> None:
    refused = house(account(access_refused=("5",)))
    assert line_of(_charge(refused, k_electricity_basis="access_refused"), "5").surcharge == 45000
    assert line_of(_charge(house(), k_electricity_basis="access_refused"), "5").surcharge == 0


def test_a_failed_meter_goes_by_the_average_then_by_the_raised_norm() -> None:
    """Failed in July; July–September by the average of 6, October by the norm × 3."""
    values = ("0", "6", "12", "18", "24", "30", "-", "-", "-", "-")
    failed = replace(meter("2", *values), failed_on=date(2026, 7, 10))
    facts = house(account(meters=(failed,)), services=(SERVICES[1],))
    assert line_of(_charge(facts, Month(2026, 9)), "2").base == 24000
    line = line_of(_charge(facts), "2")
    assert (line.method, line.base, line.surcharge) == ("norm", 32000, 64000)
    refused = replace(meter("2", *values), access_refused_on=date(2026, 7, 10))
    assert line_of(_charge(house(account(meters=(refused,)), services=(SERVICES[1],))), "2").surcharge == 64000


def test_gas_by_what_the_premises_have() -> None:
    both = house(account(gas_stove=True, gas_heater=True), services=(GAS,))
    assert line_of(_charge(both), "9").base == 45000  # 2 × 25 × 9
    assert line_of(_charge(house(account(gas_stove=True), services=(GAS,))), "9").base == 18000
    assert _charge(house(account(), services=(GAS,))).lines == ()
    metered = house(account(gas_stove=True, meters=(meter("9", "1", "13"),)), services=(GAS,))
    assert line_of(_charge(metered), "9").base == 10800


def test_waste_by_persons_and_by_area_with_absence() -> None:
    away = (AbsenceFacts("a0", date(2026, 10, 1), date(2026, 10, 17), record()),)  # 15 full days
    flat = account(absences=away)
    persons = line_of(_charge(house(flat, services=(WASTE,), waste_basis=1)), "11")
    assert (persons.method, persons.base, persons.recalculation) == ("residents", 24000, -5806)  # 0,2 × 600 × 15 / 31
    area = line_of(_charge(house(flat, services=(WASTE,), waste_basis=2)), "11")
    assert (area.method, area.base, area.recalculation) == ("area", 30000, -7258)  # 300 × 1 / 2 × 15 / 31
    assert _charge(house(account(residential=False), services=(WASTE,), waste_basis=1)).lines == ()


def test_two_component_hot_water_has_the_coefficient_on_both() -> None:
    facts = house(account(), services=(CARRIER, HEAT_OF_WATER))
    result = _charge(facts)
    assert (line_of(result, "24").base, line_of(result, "24").surcharge) == (24000, 12000)  # 6 × 40
    assert (line_of(result, "25").base, line_of(result, "25").surcharge) == (72000, 36000)  # 6 × 0,06 × 2000
    metered = _charge(house(account(meters=(meter("24", "1", "6"),)), services=(CARRIER, HEAT_OF_WATER)))
    assert (line_of(metered, "25").base, line_of(metered, "25").volume_e6) == (60000, 300_000)


def _zones(*values: tuple[str, str]) -> MeterFacts:
    both = [reading for zone in (0, 1) for reading in (replace(r, zone=zone + 1) for r in readings(*(v[zone] for v in values)))]
    return meter("21", readings=tuple(sorted(both, key=lambda item: item.taken_on)))


def test_two_zones_of_one_device() -> None:
    result = _charge(house(account(meters=(_zones(("100", "10"), ("150", "40")),)), services=(DAY, NIGHT)))
    assert (line_of(result, "21").base, line_of(result, "22").base) == (30000, 9000)  # 50 × 6; 30 × 3


def test_readings_of_zones_for_a_service_of_one_tariff_are_held() -> None:
    device = replace(_zones(("100", "10"), ("150", "40")), service="5")
    assert [(f.code, f.service_id) for f in _charge(house(account(meters=(device,)))).findings] == [("CH-020", 5)]


def _flat(*rooms: AccountFacts, wide: MeterFacts, **facts: Any) -> HouseFacts:
    shared = replace(wide, kind=4)
    return house(*(replace(room, meters=(*room.meters, shared)) for room in rooms), services=(SERVICES[1],), **facts)


def test_a_flat_wide_meter_is_shared_by_persons() -> None:
    """Two, none (its owner) and two of 10 m³: 4, 2, 4."""
    rooms = (account("a", room_number="1"), account("b", room_number="2", residences=()), account("c", room_number="3"))
    result = _charge(_flat(*rooms, wide=meter("2", "0", "10")))
    assert [line.base for line in result.lines] == [16000, 8000, 16000]
    assert {line.method for line in result.lines} == {"ipu_flat"}


def test_rooms_with_meters_of_their_own_share_the_rest() -> None:
    """Room a 3 m³, the flat 11: the rest 8 by persons: 3 + 4 and 4."""
    rooms = (account("a", room_number="1", meters=(meter("2", "0", "3"),)), account("b", room_number="2"))
    result = _charge(_flat(*rooms, wide=meter("2", "0", "11")))
    assert [line.base for line in result.lines] == [28000, 16000]
    assert {line.clause for line in result.lines} == {"formula_9"}


HEAT = SERVICES[5]


def _heated(*accounts: AccountFacts, volume: str = "4", **facts: Any) -> HouseFacts:
    device = meter("6", "0", volume, account=None, kind=1, digits=8)
    return house(*accounts, services=(HEAT,), meters=(device,), **facts)


def test_own_heating_pays_the_heated_common_part_only() -> None:
    """100 m², one flat of 50 with own heating, 30 m² of heated common premises: 4 / (100 − 50 + 30) = 0,05 a m²."""
    facts = _heated(account("a"), account("b", premises_number="2", own_heating_e2=5000), heated_common_area_e2=3000)
    found = [line.base for line in _charge(facts).lines]
    assert found == [650000, 150000]  # 2,5 + 1,5 / 2 = 3,25 and 0,75 Гкал × 2000
    none = _heated(account("a"), account("b", premises_number="2", own_heating_e2=5000))
    assert [line.base for line in _charge(none).lines] == [800000, 0]


def test_rooms_on_own_heating_count_only_by_the_setting() -> None:
    facts = _heated(account("a"), account("b", premises_number="2", own_heating_e2=2000))
    assert [line.base for line in _charge(facts).lines] == [400000, 400000]
    assert [line.base for line in _charge(facts, own_heating_unit="room").lines] == [500000, 300000]  # 4 / 80 = 0,05: 50 and 30 m²


def test_flats_with_heat_meters() -> None:
    """A counted 1; B by its mean, 1 too; the house 4: the rest 2 by area."""
    facts = _heated(account("a", meters=(meter("6", "0", "1"),)), account("b"))
    result = _charge(facts)
    assert [(line.method, line.base) for line in result.lines] == [("ipu_odpu", 400000), ("odpu_part_metered", 400000)]
    cold = _charge(_heated(account("a", meters=(meter("6", "0", "3"),)), account("b")))
    assert [line.base for line in cold.lines] == [400000, 400000]  # 3 − 1 each: the common part is negative
    assert [line.volume_e6 for line in cold.lines] == [2_000_000, 2_000_000]
    alone = house(account(meters=(meter("6", "0", "1"),)), services=(HEAT,))
    assert line_of(_charge(alone), "6").method == "norm"  # no house meter: by the norm, whatever the flat's own counted


def test_heating_evenly_by_the_house_meter_of_last_year() -> None:
    facts = _heated(account(), heat_last_year_e6=24_000_000)
    line = line_of(_charge(facts, Month(2026, 7), heating_payment="evenly"), "6")
    assert (line.clause, line.base) == ("formula_3_evenly", 200000)  # 24 / 12 × 50 / 100 × 2000
    unknown = _heated(account())
    assert line_of(_charge(unknown, heating_payment="evenly"), "6").clause == "formula_2_1"


def test_a_house_heat_meter_out_of_order() -> None:
    """October–December measured, out of order from January: three months by the average, then the norm."""
    days = [date(2025, 9, 30), date(2025, 10, 31), date(2025, 11, 30), date(2025, 12, 31)]
    values = tuple(ReadingFacts(day, value * 1000, record()) for day, value in zip(days, (0, 4, 10, 15), strict=True))
    broken = replace(meter("6", account=None, kind=1, digits=8), readings=values, failed_on=date(2026, 1, 5))
    facts = house(account(opened_on=date(2025, 1, 1)), services=(HEAT,), meters=(broken,))
    for month in (Month(2026, 1), Month(2026, 2), Month(2026, 3)):
        line = line_of(_charge(facts, month), "6")
        assert (line.method, line.clause, line.base) == ("average", "formula_3_average", 500000)  # 5 × 50 / 100 × 2000
    line = line_of(_charge(facts, Month(2026, 4)), "6")
    assert (line.clause, line.base, line.surcharge) == ("formula_2", 200000, 0)


def test_a_room_by_living_area() -> None:
    """The flat of 50 m² of 100: 2 Гкал; rooms of 10 and 15 m² of living area."""
    rooms = (
        account("a", room_number="1", area_e2=2000, living_area_e2=1000), account("b", room_number="2", area_e2=3000, living_area_e2=1500),
    )  # fmt: skip
    assert [line.base for line in _charge(_heated(*rooms), communal_area="computed").lines] == [160000, 240000]
    assert [line.base for line in _charge(_heated(*rooms), communal_area="stated").lines] == [160000, 240000]


def _water(*values: str, **facts: Any) -> HouseFacts:
    flats = (account("a", meters=(meter("2", "0", "10"),)), account("b", meters=(meter("2", "0", "10"),)))
    return house(*flats, meters=(meter("2", *values, account=None, kind=1, digits=8),), **facts)


def test_common_needs_of_a_supplier_are_capped() -> None:
    """The rest 30 − 20 = 10 m³; the norm 0,02 × 10 = 0,2 m³."""
    facts = _water("0", "30", soi_mode=None)
    capped = _charge(facts, soi_regime="odn_354")
    assert line_of_all(capped, "7") == [400, 400]
    assert [one.volume_e6 for one in capped.volumes if one.what == "soi"] == [200_000], "what the month froze is what was shared"
    assert line_of_all(_charge(facts, soi_regime="odn_354", odn_cap="meeting_decided"), "7") == [20000, 20000]
    assert line_of_all(_charge(facts, soi_regime="none"), "7") == []


def test_a_negative_rest_lowers_own_volumes() -> None:
    """16 − 20 = −4 by persons, two each: 10 − 2 = 8."""
    facts = _water("0", "16", soi_mode=None)
    result = _charge(facts, soi_regime="odn_354")
    assert line_of_all(result, "7") == [0, 0] and line_of_all(result, "2") == [32000, 32000]
    assert line_of_all(_charge(facts, soi_regime="odn_354", negative_common="forget"), "2") == [40000, 40000]


def test_common_property_by_the_average_month() -> None:
    facts = _water("0", "30", soi_mode=3, average_common_e6=(("7", 6_000_000),))
    assert line_of_all(_charge(facts), "7") == [12000, 12000]  # 6 × 50 / 100 × 40


def test_a_correction_of_a_closed_month_enters_the_open_one() -> None:
    facts = _water("0", "30", soi_mode=2, volume_corrections_e6=(("2", 4_000_000),))
    assert line_of_all(_charge(facts), "7") == [12000, 12000]  # 30 − 20 − 4 = 6
    assert line_of_all(_charge(facts, house_effect="none"), "7") == [20000, 20000]


def line_of_all(result: HouseCharges, key: str) -> list[int]:
    return [line.base for line in _lines(result, key).values()]


def test_relief_on_the_bill() -> None:
    """Half of one of two persons, within the norm of 4: 0,5 × 4 × 40; the surcharge is not touched."""
    item = ReliefFacts("2", 5000, 1, date(2026, 1, 1), None, record())
    line = line_of(_charge(house(account(reliefs=(item,)))), "2")
    assert (line.base, line.surcharge, line.benefit, line.total) == (32000, 64000, 8000, 88000)
    assert explain_line(line).benefit == 8000
    frugal = line_of(_charge(house(account(reliefs=(item,), meters=(meter("2", "0", "6"),)))), "2")
    assert frugal.benefit == 6000  # 6 / 2 = 3 m³
    late = replace(item, first=date(2026, 10, 17))
    assert line_of(_charge(house(account(reliefs=(late,)))), "2").benefit == 3871  # 15 of 31 days
    twice = _charge(house(account(reliefs=(item, replace(item, entitled=2)))))
    assert ("CH-022", 2) in [(f.code, f.service_id) for f in twice.findings]


def test_an_area_that_changes_inside_the_month() -> None:
    """54,30 to the 14th, 52,90 from the 15th: 30 × (54,3 × 14 + 52,9 × 17) / 31."""
    flat = account(area_e2=5430, areas=((date(2026, 10, 15), 5290, record()),))
    line = line_of(_charge(house(flat)), "1")
    assert (line.base, line.volume_e6) == (160597, 53_532_258)
    before = account(area_e2=5430, areas=((date(2026, 9, 15), 5290, record()),))
    assert line_of(_charge(house(before)), "1").base == 158700


def test_events_of_closed_months_are_split_by_cause() -> None:
    """September: the area from the 16th, then a departure on the 10th; the other flat and the frozen common volume stay."""
    september = Month(2026, 9)
    water = meter("2", "0", "30", account=None, kind=1, digits=8, readings=readings("0", "30", until=september))
    facts = region(MORE_TARIFFS, MORE_NORMS)
    flats = (account("a"), account("b", premises_number="2"))
    closed = house(*flats, soi_mode=2, meters=(water,))
    before = charge(closed, facts, september).lines
    first = replace(flats[0], areas=((date(2026, 9, 16), 4000, record()),))
    second = replace(first, residences=(replace(first.residences[0], last=date(2026, 9, 10)), first.residences[1]))
    events = [Event("area", replace(closed, accounts=(first, flats[1]))), Event("residents", replace(closed, accounts=(second, flats[1])))]
    account_id = flats[0].account_id
    found = recalculate(before, events, facts=facts, law=law(), month=september, accounts={account_id}, blocked={(account_id, september)})
    assert {one.cause for one in found if int(one.service_id) in (1, 7, 10)} == {"area"}
    by_service = {(one.cause, int(one.service_id)): one for one in found}
    assert by_service["area", 1].base == -15000  # 10 m² × 30 × 15 / 30
    assert by_service["residents", 2].base == -10667  # 20 / 30 of a person: 4 × 40
    assert by_service["residents", 2].volume_e6 == -2_666_667
    assert by_service["area", 7].base == -2800  # 14 m³ of the house stay: × 5 m² / 100 × 40
    assert all(one.account_id == account_id and one.blocked for one in found)
    assert months_of_event(date(2026, 9, 10), None, closed=[Month(2026, 8), september, OCTOBER]) == [september, OCTOBER]
    assert months_of_event(date(2026, 9, 10), date(2026, 9, 20), closed=[Month(2026, 8), september, OCTOBER]) == [september]


@pytest.mark.parametrize("kind", [2, 3, 6])
def test_an_account_of_another_kind_gets_its_own_services_only(kind: int) -> None:
    other = replace(account("b", kind=kind), payer="1")
    services = (*SERVICES, WASTE, replace(GAS, account_kinds=(2,)))
    result = _charge(house(replace(account("a"), payer="1"), replace(other, gas_stove=True), services=services, waste_basis=1))
    expected = {2: {9}, 3: {10}, 6: {11}}[kind]
    assert {int(line.service_id) for line in result.lines if line.account_id == other.account_id} == expected
    assert not {int(line.service_id) for line in result.lines if line.account_id != other.account_id} & expected


def test_yearly_corrections_are_lines_that_explain_themselves() -> None:
    """Heat 100 and 60 Гкал at 2000 and 2500, a hundredth each: 2000 + 1500 − 3400; the rest of water 30 − 20 + 15 − 20 = 5 by area."""
    year = [
        YearSlice(date(2025, 1, 1), date(2025, 6, 30), Fraction(2000), Fraction(100)),
        YearSlice(date(2025, 7, 1), date(2025, 12, 31), Fraction(2500), Fraction(60)),
    ]
    heat = heating_correction(year, area=Fraction(50), area_of_house=Fraction(5000), charged=Fraction(3400))
    own = [replace(part, own=Fraction(1), individual=Fraction(80)) for part in year]
    metered = heating_correction(own, area=Fraction(50), area_of_house=Fraction(5000), charged=Fraction(0))
    months = [
        YearSlice(date(2025, 1, 1), date(2025, 1, 31), Fraction(40), Fraction(30), individual=Fraction(20)),
        YearSlice(date(2025, 2, 1), date(2025, 2, 28), Fraction(40), Fraction(15), individual=Fraction(20)),
    ]
    common = common_correction(months, area=Fraction(50), area_of_house=Fraction(100), tariff=Fraction(40), charged=Fraction(120))
    waste = waste_correction([replace(year[0], share=Fraction(2), whole=Fraction(200))], charged=Fraction(2500))
    groups = (heat, metered, common, waste)
    plans = [correction_plan(g, account_id=EntityId(1), service_id=EntityId(2), creditor_id=EntityId(3), method="odpu") for g in groups]
    lines = evaluate(plans, month=Month(2026, 2), version="2026-02-01")
    # 1 + (100 − 80) / 100 = 1,2 at 2000; 1 − 0,2 = 0,8 at 2500
    assert [line.base for line in lines] == [10000, 440000, -2000, -50000]
    assert [explain_line(line).total for line in lines] == [line.total for line in lines]
    with pytest.raises(ValueError, match="container site"):
        waste_correction(year, charged=Fraction(0))


def test_acts_recharge_the_month_they_are_drawn_in() -> None:
    """A check finds 3,5 m³ less; ten norms for two months less what was charged; power of 2 kW for three days at 5."""
    day = date(2026, 10, 12)
    check = ActFacts("2", "check", day, record(), stated_e3=145_200, checked_e3=141_700)
    metered = account(meters=(meter("2", "0", "8"),), acts=(check, replace(check, drawn_on=date(2026, 9, 12))))
    assert line_of(_charge(house(metered)), "2").recalculation == -14000
    seal = ActFacts("2", "tampering", day, record(), months=2, charged=50000)
    line = line_of(_charge(house(account(acts=(seal,)))), "2")
    assert line.recalculation == 640000 - 50000  # 2 × 4 × 10 × 2 × 40
    assert explain_line(line).total == line.total
    long = ActFacts("2", "unauthorised", day, record(), months=7)
    assert line_of(_charge(house(account(acts=(long,)))), "2").recalculation == 960000  # three months at most
    power = ActFacts("5", "unauthorised", day, record(), power_w=2000, days=3)
    assert line_of(_charge(house(account(acts=(power,)))), "5").recalculation == 72000
    for bad, code in ((replace(check, checked_e3=None), 2), (ActFacts("2", "tampering", day, record()), 2)):
        assert ("CH-026", code) in [(f.code, f.service_id) for f in _charge(house(account(acts=(bad,)))).findings]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


def test_deviations_of_quality_lower_the_charge() -> None:
    """Heating 2000 roubles, 12 hours by day at 16,4: one whole degree, 12 × 0,15 %; cold water: two days of 31."""
    cool = DeviationFacts("6", "temperature", _at("10-10T06:00"), _at("10-10T18:00"), record(), degrees_e1=164)
    line = line_of(_charge(house(deviations=(cool,))), "6")
    assert (line.base, line.underdelivery) == (200000, 3600)
    assert line_of(_charge(house(deviations=(cool,)), heating_degrees="fractional"), "6").underdelivery == 5760
    assert line_of(_charge(house(deviations=(replace(cool, account="other"),))), "6").underdelivery == 0
    bad = DeviationFacts("2", "days", _at("10-03T00:00"), _at("10-05T00:00"), record())
    line = line_of(_charge(house(deviations=(bad,))), "2")
    assert line.underdelivery == 2065  # 320 × 2 / 31
    assert explain_line(line).total == line.total
    whole = (bad, replace(bad, starts_at=_at("10-01T00:00"), ends_at=_at("11-01T00:00")))
    line = line_of(_charge(house(deviations=whole)), "2")
    assert line.underdelivery == line.base and explain_line(line).underdelivery == line.base  # the fee at most
    late = DeviationFacts("11", "delay", _at("10-03T00:00"), _at("10-06T08:00"), record(), degrees_e1=120)
    facts = house(services=(WASTE,), waste_basis=1, deviations=(late,))
    assert line_of(_charge(facts), "11").underdelivery == 1584  # 80 h: two full days beyond 24 h; 240 × 3,3 % × 2
    assert line_of(_charge(replace(facts, deviations=(replace(late, degrees_e1=50),))), "11").underdelivery == 792  # 80 − 48 = 32 h


def test_hot_water_that_is_not_hot() -> None:
    """6 m³ × 200: ten steps of 0,1 %; four hours below 40 °C: 6 × 4 / 744 × (200 − 40)."""
    warm = DeviationFacts("3", "temperature", _at("10-10T03:00"), _at("10-10T09:00"), record(), degrees_e1=510)
    cold = DeviationFacts("3", "temperature", _at("10-12T18:00"), _at("10-12T22:00"), record(), degrees_e1=365)
    line = line_of(_charge(house(deviations=(warm, cold))), "3")
    assert line.underdelivery == 1200 + 516
    assert explain_line(line).total == line.total


def test_an_open_system_takes_the_heat_of_hot_water_off_first() -> None:
    """4 − 0,06 × (6 + 6) = 3,28 Гкал by area, a half each."""
    flats = (account("a"), account("b", premises_number="2"))
    facts = house(*flats, services=(SERVICES[2], HEAT), open_heating=True, meters=(meter("6", "0", "4", account=None, kind=1, digits=8),))
    assert line_of_all(_charge(facts), "6") == [328000, 328000]
    dry = replace(facts, services=(HEAT,))
    assert ("CH-019", 6) in [(f.code, f.service_id) for f in _charge(dry).findings]


def test_heat_and_hot_water_made_in_the_house() -> None:
    """900 m³ of gas at 9 for heating by area; 200 m³ of gas for 4 + 16 m³ of hot water, cold water at 40."""
    warm = BoilerFacts("heating", 5, 4, 900_000, record())
    hot = BoilerFacts("hot_water", 5, 4, 200_000, record())
    flats = (account("a", meters=(meter("3", "0", "4"),)), account("b", premises_number="2", meters=(meter("3", "0", "16"),)))
    facts = house(*flats, services=(SERVICES[2], HEAT), boiler=(warm, hot))
    result = _charge(facts)
    assert line_of_all(result, "6") == [405000, 405000]
    assert line_of_all(result, "3") == [16000 + 36000, 64000 + 144000]
    assert {int(line.creditor_id) for line in result.lines} == {7}
    assert all(explain_line(line).total == line.total for line in result.lines)
    shared = replace(hot, heat_e6=5_000_000, heat_all_e6=20_000_000)  # a quarter of the gas made hot water
    assert line_of_all(_charge(replace(facts, boiler=(warm, shared))), "3") == [16000 + 9000, 64000 + 36000]
    rooms = (account("a", room_number="1", living_area_e2=1000), account("b", room_number="2", living_area_e2=3000))
    assert line_of_all(_charge(house(*rooms, services=(HEAT,), boiler=(warm,))), "6") == [202500, 607500]
