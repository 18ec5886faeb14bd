"""Measures of support on every kind of line, on the bill and in cash. The flat: 50 m², two persons, no meters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from core.charges import HouseCharges
from core.charges.explain import explain_line
from core.model.facts import HouseFacts, ReliefFacts
from tests.unit.core.charges.house import account, charge, house, line_of, meter, record, region

HALF = ReliefFacts("1", 5000, 1, date(2026, 1, 1), None, record())


def _charge(facts: HouseFacts, **settings: object) -> HouseCharges:
    return charge(facts, region(**settings))


def _with(*reliefs: ReliefFacts) -> HouseFacts:
    return house(account(reliefs=reliefs))


def test_maintenance_by_the_part_of_the_entitled_person() -> None:
    """50 × 30 = 1500; одна из двух, половина: 0,5 × 50 / 2 × 30 = 375."""
    line = line_of(_charge(_with(HALF)), "1")
    assert (line.base, line.benefit, line.total) == (150000, 37500, 112500)
    assert explain_line(line).benefit == 37500


def test_maintenance_within_the_social_area() -> None:
    """18 м² на человека: min(25, 18) × 30 × 0,5 = 270."""
    assert line_of(_charge(_with(HALF), social_area="18"), "1").benefit == 27000
    assert line_of(_charge(_with(HALF), social_area="33"), "1").benefit == 37500


def test_the_contribution_with_its_excess() -> None:
    """50 × (10 + 2) = 600; вся плата (80 лет и старше) за двоих: 600."""
    facts = replace(_with(replace(HALF, service="10", share_e4=10_000, entitled=2)), contribution_excess_e6=2_000_000)
    line = line_of(_charge(facts), "10")
    assert (line.base, line.benefit, line.total) == (60000, 60000, 0)


def test_heating_and_common_property() -> None:
    """Отопление 50 × 0,02 × 2000 = 2000: 0,5 × 1000. СОИ 0,02 × 10 / 100 × 50 × 40 = 4: 0,5 × 2."""
    result = _charge(_with(replace(HALF, service="6"), replace(HALF, service="7")))
    assert (line_of(result, "6").base, line_of(result, "6").benefit) == (200000, 50000)
    assert (line_of(result, "7").base, line_of(result, "7").benefit) == (400, 100)


def test_no_more_persons_are_entitled_than_live_there() -> None:
    """Льготников трое, живут двое: половина всей платы."""
    assert line_of(_charge(_with(replace(HALF, entitled=3))), "1").benefit == 75000


def test_days_of_the_measure() -> None:
    """С 17 октября: 15 из 31 дня, 375 × 15 / 31 = 181,4516."""
    assert line_of(_charge(_with(replace(HALF, first=date(2026, 10, 17)))), "1").benefit == 18145


def test_the_cap_of_the_entitled() -> None:
    """Прибор 6 м³, норматив 4: на одного min(6, 4) × 40 × 0,5 = 80; по домохозяйству min(3, 4) × 40 × 0,5 = 60."""
    facts = house(account(reliefs=(replace(HALF, service="2"),), meters=(meter("2", "0", "6"),)))
    assert line_of(_charge(facts), "2").benefit == 6000
    line = line_of(_charge(facts, edk_cap="entitled"), "2")
    assert line.benefit == 8000
    assert explain_line(line).benefit == 8000


def test_a_compensation_in_cash_does_not_lower_the_bill() -> None:
    """ЕДК на все услуги: содержание 375, вода 0,5 × 4 × 40 = 80; строки не уменьшаются."""
    result = _charge(_with(replace(HALF, service="", cash=True)))
    maintenance, water = line_of(result, "1"), line_of(result, "2")
    assert (maintenance.benefit, maintenance.total, explain_line(maintenance).compensation) == (0, 150000, 37500)
    assert (water.benefit, water.surcharge, explain_line(water).compensation) == (0, 64000, 8000)
    assert HALF.source in water.sources


def test_a_relief_that_lowers_nothing_is_told() -> None:
    result = _charge(_with(replace(HALF, service="99")))
    (told,) = [item for item in result.findings if item.code == "CH-054"]
    assert (told.severity, told.effect) == ("warning", "no_relief")
    assert sum(line.benefit for line in result.lines) == 0
    assert [item.code for item in _charge(_with(HALF)).findings if item.code == "CH-054"] == []
