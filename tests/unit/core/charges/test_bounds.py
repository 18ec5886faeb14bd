"""Bounds before posting: each on a small house, and none of them in the synthetic towns but those that are true of them."""

from __future__ import annotations

from dataclasses import replace

from core.charges.bounds import Earlier, check_bounds
from core.charges.rules import Rules
from core.model.facts import Facts, HouseFacts
from tests.unit.core.charges.house import OCTOBER, SERVICES, account, charge, house, law, meter, region


def _codes(facts: HouseFacts, rules: Facts | None = None, earlier: Earlier | None = None) -> list[tuple[str, int | None]]:
    result = charge(facts, rules)
    found = check_bounds(result, facts, Rules(rules or region(), law(), OCTOBER), earlier)
    assert all(item.effect == "stop_house" and item.message and item.hint for item in found)
    return [(item.code, item.service_id) for item in found]


WHOLE = (account("a"), account("b", premises_number="2"))


def test_an_ordinary_house_has_no_findings() -> None:
    assert _codes(house(*WHOLE)) == []


def test_a_line_far_above_last_year() -> None:
    one = WHOLE[0].account_id
    cold = SERVICES[1].service_id
    assert _codes(house(*WHOLE), earlier=Earlier(last_year={(one, cold): 19200})) == []
    assert _codes(house(*WHOLE), earlier=Earlier(last_year={(one, cold): 19199})) == [("CH-030", 2)]
    assert _codes(house(*WHOLE), region(bound_times_last_year="6"), Earlier(last_year={(one, cold): 19199})) == []


def test_a_volume_far_above_the_norm() -> None:
    usual = replace(WHOLE[0], meters=(meter("2", "0", "80"),))
    assert _codes(house(usual, WHOLE[1])) == []
    much = replace(WHOLE[0], meters=(meter("2", "0", "80.001"),))
    assert _codes(house(much, WHOLE[1])) == [("CH-031", 2)]


def test_an_open_account_without_anything_and_a_service_that_is_gone() -> None:
    services = (SERVICES[1],)
    zero = replace(WHOLE[0], meters=(meter("2", "5", "5"),))
    assert _codes(house(zero, services=services)) == [("CH-033", None)]
    assert ("CH-033", None) in _codes(house(account(kind=5)))
    before = Earlier(month_before={(WHOLE[0].account_id, SERVICES[2].service_id): 100, (WHOLE[0].account_id, SERVICES[5].service_id): 5})
    gone = house(*WHOLE, services=tuple(one for one in SERVICES if one.key != "5"))
    assert _codes(gone, earlier=before) == []
    assert _codes(replace(gone, services=(*gone.services, replace(SERVICES[4], ends_on=OCTOBER.previous().last))), earlier=Earlier(
        month_before={(WHOLE[0].account_id, SERVICES[4].service_id): 100})) == [("CH-034", 5)]  # fmt: skip


def test_a_house_meter_that_does_not_fit() -> None:
    flats = tuple(replace(one, meters=(meter("2", "0", "10"),)) for one in WHOLE)
    fits = house(*flats, soi_mode=2, meters=(meter("2", "0", "25", account=None, kind=1, digits=8),))
    assert _codes(fits) == []
    assert _codes(replace(fits, meters=(meter("2", "0", "25.1", account=None, kind=1, digits=8),))) == [("CH-035", 2)]


def test_shares_that_leave_a_part_to_nobody() -> None:
    assert _codes(house(WHOLE[0])) == [("CH-037", 7)]


def test_shares_of_the_house_meter_of_heat_that_are_not_its_volume() -> None:
    heat = meter("6", "0", "4", account=None, kind=1, digits=8)
    only_heat = tuple(one for one in SERVICES if one.key == "6")
    fits = house(*WHOLE, services=only_heat, meters=(heat,))
    assert _codes(fits) == []
    assert _codes(replace(fits, useful_area_e2=2000)) == [("CH-037", 6)], "each flat would pay for 2.5 times the house"
    assert _codes(house(WHOLE[0], services=only_heat, meters=(heat,))) == [("CH-037", 6)], "half of the heat is nobody's"
    own = replace(WHOLE[1], meters=(meter("6", "0", "1.5"),))
    assert _codes(house(WHOLE[0], own, services=only_heat, meters=(heat,))) == []
    by_norm = house(*WHOLE, services=only_heat, useful_area_e2=2000)
    assert _codes(by_norm) == [], "nothing is shared"


def test_a_house_that_is_held_is_not_checked() -> None:
    assert _codes(house(useful_area_e2=None)) == []


def test_the_same_service_twice_and_a_negative_total() -> None:
    facts = house(*WHOLE)
    result = charge(facts)
    twice = replace(result, lines=(*result.lines, result.lines[0]))
    rules = Rules(region(), law(), OCTOBER)
    assert [item.code for item in check_bounds(twice, facts, rules)] == ["CH-036"]
    first = [line for line in result.lines if line.account_id == WHOLE[0].account_id]
    back = replace(first[0], recalculation=-10_000_000)
    lines = tuple(back if line is first[0] else line for line in result.lines)
    assert [item.code for item in check_bounds(replace(result, lines=lines), facts, rules)] == ["CH-032"]
