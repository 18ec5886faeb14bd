"""The synthetic town, whole: every line of every account and every volume of every house, to the kopeck and to the last unit."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from typing import Any

import pytest

from config.law import tables
from core.charges import HouseCharges, Law, charge_house, charge_houses, clauses, explain_line
from core.charges.balance import house_balances
from core.charges.rules import Rules
from core.model.lines import ChargeLine
from core.money import rounded
from core.period import Month
from tests.unit.core.charges.as_expected import line_as_expected, volumes_as_expected
from tests.unit.core.charges.town import Town, load_town

OCTOBER = Month(2026, 10)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town()


@pytest.fixture(scope="module")
def law() -> Law:
    return Law.from_tables(tables())


@pytest.fixture(scope="module")
def charged(town: Town, law: Law) -> list[HouseCharges]:
    return charge_houses(town.houses, town.facts, law, OCTOBER)


def test_every_line_of_every_account(town: Town, charged: list[HouseCharges]) -> None:
    ours: dict[str, dict[str, Any]] = {}
    for house, result in zip(town.houses, charged, strict=True):
        numbers = {account.account_id: account.number for account in house.accounts}
        keys = {service.service_id: service.key for service in house.services}
        for line in result.lines:
            services = ours.setdefault(numbers[line.account_id], {})
            assert keys[line.service_id] not in services
            services[keys[line.service_id]] = line_as_expected(line, town.inn)
    assert ours == {number: account["services"] for number, account in town.expected["accounts"].items()}


def test_every_volume_of_every_house(town: Town, charged: list[HouseCharges]) -> None:
    for house, result in zip(town.houses, charged, strict=True):
        found = volumes_as_expected(result)
        expected = town.expected["houses"][house.fias]
        assert found == {key: expected[key] for key in found}


def test_every_house_meter_closes_to_the_last_unit(town: Town, charged: list[HouseCharges], law: Law) -> None:
    rules = Rules(town.facts, law, OCTOBER)
    balances = [one for house, result in zip(town.houses, charged, strict=True) for one in house_balances(house, result.lines, rules)]
    assert len(balances) >= 10
    assert all(one.is_closed for one in balances)
    assert {one.regime for one in balances} == {"soi_by_meter", "soi_norm", "heating"}


def test_nothing_is_held(charged: list[HouseCharges]) -> None:
    assert [finding for house in charged for finding in house.findings] == []
    assert not any(house.held for house in charged)


def test_a_house_alone_is_as_in_the_batch(town: Town, law: Law, charged: list[HouseCharges]) -> None:
    for i in (1, 8):
        assert charge_house(town.houses[i], town.facts, law, OCTOBER) == charged[i]


def test_every_line_explains_itself_from_its_json(charged: list[HouseCharges]) -> None:
    for house in charged:
        for line in house.lines:
            explanation = explain_line(line)
            assert explanation.total == line.total
            assert json.loads(json.dumps(dict(line.inputs))) == line.inputs


def test_every_number_has_its_source(charged: list[HouseCharges]) -> None:
    """Each argument comes from records or from the law, except days, and what is a sum over the house or over months."""
    computed = {"d", "D", "M", "m", "P", "V_individual", "V_carried", "V_charged", "V_hot", "V_cold"}
    for house in charged:
        for line in house.lines:
            for step in explain_line(line).steps:
                for argument in step.arguments:
                    assert argument.records or argument.law or argument.symbol in computed, (line.clause, argument)
                    assert set(argument.records) <= set(line.sources)


def test_shares_of_common_property_close(town: Town, charged: list[HouseCharges]) -> None:
    """The exact shares of a house's common volume, from the inputs of the lines, add up to it to the last unit; only the display rounds."""
    for house, result in zip(town.houses, charged, strict=True):
        for service in house.services:
            if service.provision == 2:
                shares = [_exact_volume(line) for line in result.lines if line.service_id == service.service_id]
                whole = next(v for v in result.volumes if v.what == "soi" and v.service == service.key and v.month == "2026-10")
                assert rounded(sum(shares, Fraction(0)), 10**6) == whole.volume_e6
                shown = sum(line.volume_e6 for line in result.lines if line.service_id == service.service_id)
                assert abs(shown - whole.volume_e6) <= len(house.accounts)


def _exact_volume(line: ChargeLine) -> Fraction:
    base: Any = line.inputs["base"]
    total = Fraction(0)
    for row in (row for group in base for row in group):
        values = {name: Fraction(text) for name, text in row["values"].items()}
        total += Fraction(getattr(clauses, row["clause"])(**{**values, "T": Fraction(1)}))
    return total


def test_the_whole_town_is_charged_in_seconds(town: Town, law: Law) -> None:
    """Time of this process, so that a busy machine does not fail the test."""
    started = time.process_time()
    charge_houses(town.houses, town.facts, law, OCTOBER)
    assert time.process_time() - started < 3


def test_other_months_are_charged_too(town: Town, law: Law) -> None:
    """September: the tariffs before the step, and no heating."""
    september = charge_houses(town.houses, town.facts, law, Month(2026, 9))
    lines = [line for house in september for line in house.lines]
    assert not [finding for house in september for finding in house.findings]
    heating = {service.service_id for house in town.houses for service in house.services if service.utility_kind == 6}
    assert lines and not any(line.service_id in heating for line in lines)
