"""Random houses compared with each other and with themselves after one change: causes add up to the difference of every line, always."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from core.charges import HouseCharges, charge_house
from core.charges.changes import CAUSES, LineChange, Water, changes_of_account
from core.ids import EntityId
from core.model.facts import Facts, HouseFacts
from core.model.lines import ChargeLine
from core.period import Month
from tests.oracle.houses import random_house
from tests.property.test_charges_oracle import LAW, SERVICE_IDS, _facts, _house

HOUSES = int(os.environ.get("ERKC_ORACLE_HOUSES", "500")) // 5
WATERS: dict[EntityId, Water] = {SERVICE_IDS["cold"]: "V_cold", SERVICE_IDS["hot"]: "V_hot"}


def _made(seed: int) -> tuple[HouseFacts, Facts, Month]:
    made: dict[str, Any] = random_house(seed)
    return _house(made), _facts(made), Month(*made["month"])


def _changes(before: HouseCharges, after: HouseCharges) -> list[LineChange]:
    accounts: dict[EntityId, tuple[list[ChargeLine], list[ChargeLine]]] = defaultdict(lambda: ([], []))
    for place, charged in enumerate((before, after)):
        for line in charged.lines:
            accounts[line.account_id][place].append(line)
    return [change for old, new in accounts.values() for change in changes_of_account(old, new, WATERS)]


def _is_exact(changes: Iterable[LineChange], before: HouseCharges, after: HouseCharges) -> None:
    for change in changes:
        assert sum(change.causes.values()) == change.amount
        assert set(change.causes) <= set(CAUSES)
        assert abs(change.causes.get("rounding", 0)) <= 9, change  # a kopeck for each slice at the most
    for place, charged in (("before", before), ("after", after)):
        assert sum(getattr(change, place) for change in changes) == sum(line.total for line in charged.lines)


@pytest.mark.parametrize("block", range(5))
def test_causes_add_up_between_any_two_houses(block: int) -> None:
    told: Counter[str] = Counter()
    for seed in range(block * HOUSES // 5, (block + 1) * HOUSES // 5):
        before, after = (charge_house(*_made(one)[:2], LAW, _made(one)[2]) for one in (seed, seed + 1))
        changes = _changes(before, after)
        _is_exact(changes, before, after)
        told.update(cause for change in changes for cause in change.causes)
        assert [change.causes for change in _changes(before, before) if change.causes] == []
    assert set(told) >= {"tariff", "norm", "persons", "area", "volume", "house", "method", "appeared", "ended"}


@pytest.mark.parametrize("block", range(5))
def test_one_thing_that_changes_is_the_cause_that_is_told(block: int) -> None:
    """Tariffs a tenth higher move nothing but by the tariff; norms a tenth higher nothing by the tariff, the persons or the area."""
    corrected = {"interruption", "recalculation", "rounding"}
    for seed in range(block * HOUSES // 5, (block + 1) * HOUSES // 5):
        house, facts, month = _made(seed)
        before = charge_house(house, facts, LAW, month)
        dearer = replace(facts, tariffs=tuple(replace(one, value_e6=one.value_e6 * 11 // 10) for one in facts.tariffs))
        after = charge_house(house, dearer, LAW, month)
        changes = _changes(before, after)
        _is_exact(changes, before, after)
        assert {cause for change in changes for cause in change.causes} <= {"tariff", *corrected}, seed
        larger = replace(facts, norms=tuple(replace(one, value_e6=one.value_e6 * 11 // 10) for one in facts.norms))
        after = charge_house(house, larger, LAW, month)
        changes = _changes(before, after)
        _is_exact(changes, before, after)
        allowed = {"norm", "volume", "house", "relief", *corrected}  # a volume by days of the norm, the rest of the house meter
        assert {cause for change in changes for cause in change.causes} <= allowed, seed
