"""Which clause holds: days, persons, tariffs and coefficients in slices, the house's rest, and what is held instead of charged as zero."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core.charges import HouseCharges, explain_line
from core.charges.findings import ChargeFinding
from core.errors import ConfigError, InvariantError
from core.model.facts import AbsenceFacts, Facts, HouseFacts, ResidenceFacts
from core.period import Month
from tests.unit.core.charges.house import (
    NORMS,
    OCTOBER,
    SERVICES,
    TARIFFS,
    account,
    charge,
    house,
    line_of,
    meter,
    norm,
    record,
    region,
    service,
    tariff,
)


def _lives(first: date, last: date | None = None) -> ResidenceFacts:
    return ResidenceFacts("r", first, last, record())


def test_the_whole_flat() -> None:
    """Every service of a flat of 50 of 100 m², two persons, no meters: by hand."""
    result = charge(house(account()))
    found = {int(line.service_id): (line.method, line.base, line.surcharge) for line in result.lines}
    assert found == {
        1: ("area", 150000, 0),  # 50 × 30
        2: ("norm", 32000, 64000),  # 2 × 4 × 40; × 3
        3: ("norm", 120000, 60000),  # 2 × 3 × 200; × 1,5
        4: ("sum_water", 42000, 0),  # (8 + 6) × 30
        5: ("norm", 90000, 45000),  # 2 × 90 × 5; × 1,5
        6: ("norm", 200000, 0),  # 50 × 0,02 × 2000
        7: ("norm", 400, 0),  # 0,02 × 10 × 50 / 100 × 40
        10: ("area", 50000, 0),  # 50 × 10
    }
    assert {int(line.creditor_id) for line in result.lines} == {7, 8, 9}
    assert result.findings == ()


@pytest.mark.parametrize(
    ("residences", "count"),
    [
        ((), Fraction(1)),
        ((_lives(date(2020, 1, 1), date(2026, 9, 30)),), Fraction(1)),
        ((_lives(date(2026, 10, 20)),), Fraction(12, 31)),
        ((_lives(date(2020, 1, 1), date(2026, 10, 12)),), Fraction(12, 31)),
        ((_lives(date(2020, 1, 1)), _lives(date(2026, 10, 31))), Fraction(32, 31)),
    ],
)
def test_persons_by_days(residences: tuple[ResidenceFacts, ...], count: Fraction) -> None:
    line = line_of(charge(house(account(residences=residences))), "2")
    base: Any = line.inputs["base"]
    assert Fraction(base[0][0]["values"]["n"]) == count


def test_residence_end_exclusive() -> None:
    flat = account(residences=(_lives(date(2020, 1, 1), date(2026, 10, 13)),))
    base: Any = line_of(charge(house(flat), region(residence_end="exclusive")), "2").inputs["base"]
    assert base[0][0]["values"]["n"] == "12/31"


def test_a_tariff_that_changes_inside_the_month_makes_slices() -> None:
    """8 m³: 10 days at 40 and 21 at 43,10, each slice rounded: 103,23 + 233,57."""
    steps = (tariff(1, 40, last=date(2026, 10, 10)), tariff(1, 0, first=date(2026, 10, 11), value_e6=43_100_000), *TARIFFS[1:])
    line = line_of(charge(house(account()), region(steps)), "2")
    assert (line.base, line.tariff_e6, line.volume_e6) == (10323 + 23357, None, 8_000_000)
    assert line.surcharge == 30968 + 70072 - line.base  # 309,6774… and 700,7225…
    assert [step.kopecks for step in explain_line(line).steps if step.part == "base"] == [10323, 23357]


def test_an_area_is_charged_for_the_days_the_account_is_open() -> None:
    result = charge(house(account(opened_on=date(2026, 10, 17))))
    assert line_of(result, "1").base == 72581  # 1500 × 15 / 31
    assert line_of(result, "1").volume_e6 == 24_193_548
    assert line_of(result, "2").volume_e6 == 3_870_968  # persons of 15 days, not halved twice
    assert charge(house(account(closed_on=date(2026, 9, 30)))).lines == ()


def test_december_2025_has_two_coefficients_for_cold_water() -> None:
    """3,1 × 40 = 124: 5 days × 1,5 → 30; 26 days × 3 → 312; base 124."""
    old = region((tariff(1, 40, first=date(2025, 1, 1)), *TARIFFS[1:]), (norm(1, 1, "per_person", 3_100_000, first=date(2025, 1, 1)),))
    flat = account(opened_on=date(2025, 1, 1), residences=(_lives(date(2020, 1, 1)),))
    only = house(flat, services=(SERVICES[1],))
    line = line_of(charge(only, old, Month(2025, 12)), "2")
    assert (line.base, line.surcharge) == (12400, 3000 + 31200 - 12400)
    waiting = replace(old, settings={**old.settings, "k_effective": "next_month"})
    assert line_of(charge(only, waiting, Month(2025, 12)), "2").surcharge == 6200
    assert line.rules == "2025-12-06"


def test_the_regions_coefficient_overrides_the_law() -> None:
    assert line_of(charge(house(), region(coefficient_cold_water="2")), "2").surcharge == 32000


def test_electricity_is_raised_only_on_its_basis() -> None:
    assert line_of(charge(house()), "5").surcharge == 45000
    assert line_of(charge(house(), region(k_electricity_basis=None)), "5").surcharge == 0
    assert line_of(charge(house(), region(k_electricity_basis="never")), "5").surcharge == 0


def test_an_act_of_impossibility_or_an_unread_valid_meter_is_not_raised() -> None:
    assert line_of(charge(house(account(no_meter_reason=1))), "2").surcharge == 0
    assert line_of(charge(house(account(no_meter_reason=None))), "2").surcharge == 64000
    assert line_of(charge(house(account(meters=(meter("2", "5", "-"),)))), "2").surcharge == 0


def _away(first: date, last: date) -> AbsenceFacts:
    return AbsenceFacts("a0", first, last, record())


def test_absence_lowers_the_norm_by_full_days() -> None:
    """From the 3rd to the 24th: 20 full days of 31, of services by norm; wastewater by both norms."""
    result = charge(house(account(no_meter_reason=1, absences=(_away(date(2026, 10, 3), date(2026, 10, 24)),))))
    found = {int(line.service_id): line.recalculation for line in result.lines if line.recalculation}
    assert found == {2: -10323, 3: -38710, 4: -13548, 5: -29032}


@pytest.mark.parametrize(
    "flat",
    [
        account(no_meter_reason=2, absences=(_away(date(2026, 10, 3), date(2026, 10, 24)),)),
        account(no_meter_reason=1, absences=(_away(date(2026, 10, 3), date(2026, 10, 9)),)),
        account(no_meter_reason=1, absences=(_away(date(2026, 9, 3), date(2026, 9, 24)),)),
        account(no_meter_reason=1, meters=(meter("3", "1", "2"),), absences=(_away(date(2026, 10, 3), date(2026, 10, 24)),)),
    ],
)
def test_absence_is_refused(flat: Any) -> None:
    assert not any(line.recalculation for line in charge(house(flat)).lines)


def test_an_absence_over_two_months_is_one_run() -> None:
    flat = account(no_meter_reason=1, absences=(_away(date(2026, 9, 20), date(2026, 10, 4)),))
    assert line_of(charge(house(flat)), "2").recalculation == -1548  # 3 days: 4 × 40 × 3 / 31


def _by_meter(*values: str, **facts: Any) -> HouseFacts:
    flats = (account("a", meters=(meter("2", "0", "10", "20", "30"),)), account("b", meters=(meter("2", "0", "10", "20", "30"),)))
    return house(*flats, soi_mode=2, meters=(meter("2", *values, account=None, kind=1, digits=8),), **facts)


def test_the_negative_rest_of_a_house_is_carried() -> None:
    """Individual 20 a month; the house 15, 22, 29: −5 is carried, 2 − 5 leaves −3, then 9 − 3 = 6."""
    result = charge(_by_meter("0", "15", "37", "66"))
    common = {v.month: v.volume_e6 for v in result.volumes if v.what == "soi"}
    assert common == {"2026-08": 0, "2026-09": 0, "2026-10": 6_000_000}
    line = next(line for line in result.lines if line.service_id == 7)
    assert (line.method, line.base) == ("odpu", 12000)  # 6 × 50 / 100 × 40
    forgotten = charge(_by_meter("0", "15", "37", "66"), region(negative_common="forget"))
    assert [v.volume_e6 for v in forgotten.volumes if v.what == "soi"] == [0, 2_000_000, 9_000_000]


def test_heating_by_the_house_meter_and_with_heated_common_premises() -> None:
    heat = meter("6", "0", "0", "4", account=None, kind=1, digits=8)
    line = line_of(charge(house(meters=(heat,))), "6")
    assert (line.method, line.clause, line.base) == ("odpu", "formula_3", 400000)
    warm = charge(house(meters=(heat,), heated_common_area_e2=1000))
    assert (line_of(warm, "6").clause, line_of(warm, "6").base) == ("formula_3_common", 400000)
    assert line_of(charge(house(heated_common_area_e2=1000)), "6").base == 220000  # (1 + 0,2 × 50 / 100) × 2000


def test_heating_out_of_season_and_evenly() -> None:
    may = charge(house(), month=Month(2026, 5))
    assert not [line for line in may.lines if line.service_id == 6] and not may.findings
    evenly = charge(house(), region(heating_payment="evenly"), Month(2026, 5))
    assert line_of(evenly, "6").base == 116667  # 50 × 0,02 × 7 / 12 × 2000


def _codes(result: HouseCharges) -> list[tuple[str, int | None, str]]:
    return [(finding.code, finding.service_id, finding.effect) for finding in result.findings]


_HEAT = meter("6", "0", "4", account=None, kind=1, digits=8)

LINE_HELD: dict[str, tuple[HouseFacts, Facts | None, str, int]] = {
    "tariff": (house(), region(TARIFFS[1:]), "CH-001", 2),
    "tariff of another municipality": (house(), region((tariff(1, 40, oktmo="03"), *TARIFFS[1:])), "CH-001", 2),
    "tariff that ended": (house(), region((tariff(1, 40, last=date(2026, 10, 30)), *TARIFFS[1:])), "CH-001", 2),
    "norm": (house(), region(norms=NORMS[1:]), "CH-002", 2),
    "two tariffs": (house(), region((*TARIFFS, tariff(1, 41))), "CH-003", 2),
    "non-residential without a meter": (house(account(residential=False, residences=())), None, "CH-007", 2),
    "price": (house(price_e6=None), None, "CH-008", 1),
    "decision on the fund": (house(contribution_excess_e6=None), None, "CH-009", 10),
    "minimum contribution": (house(), region(TARIFFS[:-1]), "CH-001", 10),
    "heating season": (house(), region(heating_months=None), "CH-011", 6),
    "way of paying for heating": (house(), region(heating_payment=None), "CH-011", 6),
    "room": (house(account(room_number="1")), region(communal_area=None), "CH-019", 6),
    "manager": (house(manager_id=None), None, "CH-016", 1),
    "area": (house(account(area_e2=0)), None, "CH-017", 1),
    "area, heating": (house(account(area_e2=0)), None, "CH-017", 6),
    "area, heating by the house meter": (house(account(area_e2=0), meters=(_HEAT,)), None, "CH-017", 6),
    "area, common property": (house(account(area_e2=0)), None, "CH-017", 7),
    "living area of a room": (house(account(room_number="1", living_area_e2=0)), region(communal_area=None), "CH-019", 6),
    "supplier": (house(), region((tariff(1, 40, supplier_id=None), *TARIFFS[1:])), "CH-018", 2),
    "base service": (house(services=(*SERVICES[:1], SERVICES[6])), None, "CH-014", 7),
    "gas": (house(account(gas_stove=True), services=(service("9", "Газ", utility_kind=5, resource_kind=4),)), None, "CH-002", 9),
    "unknown utility": (house(services=(service("9", "Иное", utility_kind=9),)), None, "CH-006", 9),
    "two-part hot water": (house(services=(service("9", "Тепло ГВС", utility_kind=2, resource_kind=5),)), None, "CH-023", 9),
    "water of wastewater": (house(services=(SERVICES[3],)), None, "CH-023", 4),
    "zone": (house(services=(service("9", "Ночь", utility_kind=4, resource_kind=3, zone=3),)), None, "CH-020", 9),
    "basis of waste": (house(services=(service("9", "Отходы", utility_kind=8, resource_kind=9),)), None, "CH-024", 9),
}


@pytest.mark.parametrize("name", LINE_HELD)
def test_a_missing_fact_holds_the_line_and_says_who_must_send_it(name: str) -> None:
    facts, rules, code, service_id = LINE_HELD[name]
    result = charge(facts, rules)
    assert (code, service_id, "hold_line") in _codes(result)
    assert not [line for line in result.lines if line.service_id == service_id]
    finding = next(item for item in result.findings if item.code == code and item.service_id == service_id)
    assert isinstance(finding, ChargeFinding)
    assert finding.severity == "error" and finding.message and finding.hint and finding.clause
    assert not result.held
    if len(facts.services) > 2 and "area" not in name:
        assert [line for line in result.lines if line.service_id not in (service_id, 4, 7)], "the rest is charged"


def test_wastewater_waits_for_its_water() -> None:
    result = charge(house(account(residential=False, residences=())))
    assert ("CH-007", 4, "hold_line") in _codes(result)


def test_a_cause_of_all_accounts_is_said_once() -> None:
    result = charge(house(account("a"), account("b")), region(TARIFFS[1:]))
    (finding,) = [item for item in result.findings if item.service_id == 2]
    assert finding.dependents == {"accounts": 2} and finding.account_id is None


HOUSE_HELD: dict[str, tuple[HouseFacts, str]] = {
    "area of all premises": (house(useful_area_e2=None), "CH-004"),
    "area of common property": (house(common_area_e2=None), "CH-004"),
    "area of common property that is nothing": (house(common_area_e2=0), "CH-004"),
    "area of a flat with a heat meter": (
        house(account("b", premises_number="2"), account(area_e2=0, meters=(meter("6", "0", "1"),)), meters=(_HEAT,)),
        "CH-017",
    ),
    "reading of the house meter": (_by_meter("0", "25", "50", "-"), "CH-005"),
    "earlier reading of the house meter": (_by_meter("0", "25", "-", "75"), "CH-005"),
    "reading of the heat meter": (house(meters=(meter("6", "1", "-", account=None, kind=1),)), "CH-005"),
    "regime": (_by_meter("0", "25", "50", "75", services=SERVICES[:7]), "CH-013"),
    "volume of one flat": (house(account(residential=False), soi_mode=2, meters=(meter("2", "1", "9", account=None, kind=1),)), "CH-004"),
}


@pytest.mark.parametrize("name", HOUSE_HELD)
def test_a_missing_fact_of_the_house_holds_the_house(name: str) -> None:
    facts, code = HOUSE_HELD[name]
    if name == "regime":
        facts = replace(facts, soi_mode=3)
    result = charge(facts)
    assert result.held and result.lines == ()
    (finding,) = [item for item in result.findings if item.effect == "hold_house"]
    assert finding.code == code and finding.message and finding.hint


def test_accounts_with_some_services_only_are_held_not_charged_for_all() -> None:
    result = charge(house(account(), account("b", kind=5)))
    assert [(finding.code, finding.effect) for finding in result.findings] == [("CH-021", "hold_line")]
    assert len({line.account_id for line in result.lines}) == 1


def test_every_code_of_a_finding_is_documented() -> None:
    """A code that people meet is explained, and none is explained that does not exist."""
    root = Path(__file__).parents[4]
    rooms = [*(root / "core" / "charges").glob("*.py"), root / "core" / "services" / "bounds.py"]
    sources = "".join(path.read_text(encoding="utf-8") for path in rooms)
    documented = re.findall(r"^\| (CH-\d{3}) \|", (root / "docs" / "354.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(set(re.findall(r'"(CH-\d{3})"', sources))) == documented


def test_an_unknown_regime_is_not_taken_for_the_norm() -> None:
    assert charge(house(soi_mode=9)).held
    assert not charge(house(soi_mode=None)).held
    assert not charge(house(soi_mode=4)).held


@pytest.mark.parametrize(
    "settings",
    [
        {"late_reading": "never"},
        {"average_window": "first 12"},
        {"coefficient_cold_water": "three"},
        {"coefficient_cold_water": 1.5},
        {"wastewater_k": "полтора"},
    ],
)
def test_a_setting_that_is_not_computed_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as error:
        charge(house(), replace(region(), settings={**region().settings, **settings}))
    assert error.value.code in ("CFG-0424", "CFG-0425") and error.value.fields["setting"] == next(iter(settings))


def test_an_explanation_that_differs_is_an_alarm() -> None:
    line = line_of(charge(house(), month=OCTOBER), "2")
    with pytest.raises(InvariantError):
        explain_line(replace(line, base=line.base + 1))


def test_an_explanation_names_numbers_and_sources() -> None:
    flat = account(residences=(_lives(date(2026, 10, 20)),))
    explanation = explain_line(line_of(charge(house(flat)), "2"))
    base, raised = explanation.steps
    assert base.formula == "n × N × T × d / D" and base.numbers == "(12/31) × 4 × 40 × 31 / 31"
    assert base.shown == "0,387097 × 4 × 40 × 31 / 31" and base.arguments[0].shown == "0,387097 (12 : 31)"
    assert base.arguments[0].value == "12/31"
    assert (raised.part_title, raised.formula) == ("с повышающим коэффициентом", "n × N × K × T × d / D")
    arguments = {argument.symbol: argument for argument in raised.arguments}
    assert arguments["n"].records == (flat.residences[0].source,) and arguments["n"].meaning == "число проживающих"
    assert (base.roubles, base.exact) == ("≈ 61,935484", "1920/31")
    assert arguments["K"].law == "coefficient.cold_water" and arguments["K"].value == "3"
