"""Lines that are alike are decided once and filled in: over random houses the same to the last byte as every line by itself."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from core.charges import clauses
from core.charges.alike import BY_AREA, LINEAR, LikeLine
from core.charges.decide import decide_house
from core.charges.engine import charge_house, charge_houses
from core.charges.rules import Rules
from core.ids import EntityId
from core.ledger.calculations import rows_of
from core.model.facts import AccountFacts, Facts, HouseFacts
from core.model.inputs import LikeInputs
from core.period import Month
from tests.oracle.houses import random_house
from tests.property.test_charges_oracle import HOUSES, LAW, _facts, _house

_COPIES = 3


def _of_own_records(value: Any, numbers: Iterator[int], known: dict[str, Any]) -> Any:
    """Facts with a record number for each of them; a meter shared by accounts stays one."""
    if isinstance(value, tuple):
        return tuple(_of_own_records(item, numbers, known) for item in value)
    if not dataclasses.is_dataclass(value):
        return value
    changed = {}
    for one in dataclasses.fields(value):
        content = getattr(value, one.name)
        is_source = one.name.endswith("source") and isinstance(content, int)
        changed[one.name] = next(numbers) if is_source else _of_own_records(content, numbers, known)
    made = dataclasses.replace(value, **changed)  # type: ignore[type-var]  # an instance: is_dataclass says so of classes too
    return known.setdefault(f"{value.key}/{value.account}", made) if type(value).__name__ == "MeterFacts" else made


def _copy(account: AccountFacts, n: int, rng: random.Random) -> AccountFacts:
    """Another flat like the account, of another area and with readings of its own."""
    meters = []
    for meter in account.meters:
        used, readings = 0, []
        for reading in meter.readings:
            used += rng.choice((0, 250, 1333))
            readings.append(dataclasses.replace(reading, value_e3=reading.value_e3 + used))
        meters.append(dataclasses.replace(meter, key=f"{meter.key}/{n}", serial=f"{meter.serial}/{n}", readings=tuple(readings)))
    return dataclasses.replace(
        account, account_id=EntityId(account.account_id + 1000 * n), key=f"{account.key}/{n}", number=f"{account.number}/{n}",
        premises_number=f"{account.premises_number}/{n}", area_e2=account.area_e2 + rng.choice((0, 7, 1210)), meters=tuple(meters),
        residences=account.residences[: rng.choice((1, 2, 9))],
        absences=account.absences if rng.random() < 0.5 else (), reliefs=account.reliefs if rng.random() < 0.5 else (),
    )  # fmt: skip


def _many(seed: int) -> tuple[HouseFacts, Facts, Month]:
    """A random house of several times as many flats, each fact from a record of its own."""
    made = random_house(seed)
    house, rng = _house(made), random.Random(seed)
    copies = (_copy(account, n, rng) for n in range(1, _COPIES + 1) for account in house.accounts)
    accounts = (*house.accounts, *copies)
    area = sum(account.area_e2 for account in accounts)
    house = dataclasses.replace(house, accounts=accounts, useful_area_e2=area)
    whole: HouseFacts = _of_own_records(house, itertools.count(10_000), {})
    facts: Facts = _of_own_records(_facts(made), itertools.count(1_000), {})
    return whole, facts, Month(*made["month"])


@pytest.mark.parametrize("block", range(10))
def test_random_houses_come_out_the_same_with_shapes_and_without(block: int) -> None:
    methods: Counter[str] = Counter()
    for seed in range(block * HOUSES // 20, (block + 1) * HOUSES // 20):
        house, facts, month = _many(seed)
        alone = charge_house(house, facts, LAW, month)
        (alike,) = charge_houses([house], facts, LAW, month)
        assert rows_of(alike.lines).decode().split("\n") == rows_of(alone.lines).decode().split("\n"), seed
        assert alike == alone, seed
        plans = decide_house(house, Rules(facts, LAW, month), alike=True).plans
        methods.update(plan.shape.clause for plan in plans if isinstance(plan, LikeLine))
    assert methods.keys() >= {"maintenance", "contribution", "formula_1", "wastewater"}


def test_inputs_of_a_shape_are_read_as_they_are_written() -> None:
    house, facts, month = _many(3)
    (charged,) = charge_houses([house], facts, LAW, month)
    alone = charge_house(house, facts, LAW, month)
    pairs = [
        (one.inputs, other.inputs) for one, other in zip(charged.lines, alone.lines, strict=True) if isinstance(one.inputs, LikeInputs)
    ]
    assert pairs and all(dict(one) == other and one == other and len(one) == len(other) for one, other in pairs)


@pytest.mark.parametrize("clause", sorted(LINEAR))
def test_clauses_are_linear_in_what_a_line_brings(clause: str) -> None:
    rng = random.Random(clause)
    formula = getattr(clauses, clause)
    names = formula.__code__.co_varnames[: formula.__code__.co_argcount]
    for _ in range(50):
        others = {name: Fraction(rng.randrange(0, 900), rng.randrange(1, 90)) for name in names if name not in LINEAR[clause]}
        others |= {name: Fraction(rng.randrange(1, 90)) for name in ("D", "S_all", "m") if name in others}
        own = [Fraction(rng.randrange(0, 900), rng.randrange(1, 90)) for _ in LINEAR[clause]]
        units = [formula(**others, **{name: Fraction(name == one) for name in LINEAR[clause]}) for one in LINEAR[clause]]
        whole = sum((unit * number for unit, number in zip(units, own, strict=True)), Fraction(0))
        assert formula(**others, **dict(zip(LINEAR[clause], own, strict=True))) == whole
    assert clause not in BY_AREA or LINEAR[clause] == ("S",)
