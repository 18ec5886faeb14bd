"""The second synthetic town: two senders in the same houses, every line of every account, every volume, every conflict."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from config.law import tables
from core.charges import HouseCharges, Law, charge_houses, explain_line
from core.charges.balance import house_balances
from core.charges.rules import Rules
from core.charges.slices import slices_of
from core.model.lines import ChargeLine
from core.money import format_roubles
from tests.unit.core.charges.as_expected import line_as_expected, places, volumes_as_expected
from tests.unit.core.charges.two_senders import OCTOBER, SecondTown, load_second_town


@pytest.fixture(scope="module")
def town() -> SecondTown:
    return load_second_town()


@pytest.fixture(scope="module")
def charged(town: SecondTown) -> list[HouseCharges]:
    return charge_houses(town.houses, town.facts, Law.from_tables(tables()), OCTOBER)


def _slices(line: ChargeLine) -> list[dict[str, Any]]:
    """The slices of the line as the expected results show them."""
    return [
        {
            "first": one.first.isoformat(), "last": one.last.isoformat(), "v": places(one.volume_e6), "t": places(one.tariff_e6, 2),
            "base": format_roubles(one.base), "recalc": format_roubles(one.recalculation),
        }
        for one in slices_of(line)
    ]  # fmt: skip


def _lines(town: SecondTown, charged: list[HouseCharges]) -> dict[str, dict[str, Any]]:
    ours: dict[str, dict[str, Any]] = defaultdict(dict)
    for house, result in zip(town.houses, charged, strict=True):
        numbers = {account.account_id: account.number for account in house.accounts}
        keys = {service.service_id: service.key for service in house.services}
        for line in result.lines:
            shown = line_as_expected(line, town.inn)
            if line.tariff_e6 is None:
                shown["slices"] = _slices(line)
            assert keys[line.service_id] not in ours[numbers[line.account_id]]
            ours[numbers[line.account_id]][keys[line.service_id]] = shown
    return ours


def test_every_line_of_every_account(town: SecondTown, charged: list[HouseCharges]) -> None:
    assert _lines(town, charged) == {number: account["services"] for number, account in town.expected["accounts"].items()}


def test_nothing_is_held(charged: list[HouseCharges]) -> None:
    assert [finding for house in charged for finding in house.findings] == []


def test_every_volume_of_every_house(town: SecondTown, charged: list[HouseCharges]) -> None:
    for house, result in zip(town.houses, charged, strict=True):
        found = volumes_as_expected(result)
        assert found == {key: town.expected["houses"][house.fias][key] for key in found}


def test_every_house_meter_closes_to_the_last_unit(town: SecondTown, charged: list[HouseCharges]) -> None:
    rules = Rules(town.facts, Law.from_tables(tables()), OCTOBER)
    balances = [one for house, result in zip(town.houses, charged, strict=True) for one in house_balances(house, result.lines, rules)]
    assert balances and all(one.is_closed for one in balances)


def test_every_line_explains_itself(charged: list[HouseCharges]) -> None:
    for house in charged:
        for line in house.lines:
            assert explain_line(line).total == line.total


def test_the_order_of_the_archives_changes_nothing(town: SecondTown, charged: list[HouseCharges]) -> None:
    other = load_second_town(reverse=True)
    again = charge_houses(other.houses, other.facts, Law.from_tables(tables()), OCTOBER)
    assert _lines(other, again) == _lines(town, charged)


def test_the_conflicts_of_the_two_senders(town: SecondTown) -> None:
    found = [
        {
            "entity": one.entity, "house": house.fias, "premises": one.premises, "attribute": one.attribute,
            "values": {town.senders[i]: value for i, value in one.values}, "chosen": town.senders[one.chosen],
        }
        for house, conflicts in town.conflicts
        for one in conflicts
    ]  # fmt: skip
    expected = town.expected["conflicts"]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_day_of_the_new_tariff_belongs_to_it(charged: list[HouseCharges]) -> None:
    slices = [s for house in charged for line in house.lines if line.tariff_e6 is None for s in _slices(line)]
    assert {date.fromisoformat(s["first"]).day for s in slices} == {1, 16}
