"""Where a house's water went, by hand: flats of 50 m² with two persons by the norm of 4 m³, a house of 100 m²."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.charges.balance import HouseBalance, house_balances
from core.charges.rules import Rules
from core.model.facts import HouseFacts
from core.model.lines import ChargeLine
from tests.unit.core.charges.house import OCTOBER, account, charge, house, law, meter, region


def _house(counted: str, *, flats: int = 2, **changes: object) -> HouseFacts:
    water = meter("2", "0", counted, account=None, kind=1, digits=8)
    accounts = [account(key, premises_number=key) for key in "ab"[:flats]]
    return house(*accounts, meters=(water,), **{"soi_mode": 2, **changes})


def _balance(facts: HouseFacts, lines: tuple[ChargeLine, ...] | None = None, **settings: object) -> HouseBalance:
    of_region = region(**settings)
    charged = charge(facts, of_region).lines if lines is None else lines
    (found,) = house_balances(facts, charged, Rules(of_region, law(), OCTOBER))
    return found


def _parts(found: HouseBalance) -> dict[str, int]:
    return {part.kind: part.volume_e6 for part in found.parts}


@pytest.mark.parametrize(
    ("facts", "settings", "expected"),
    [
        (_house("30"), {}, {"residential": 16_000_000, "common": 14_000_000}),
        # одна квартира из двух: её 8, доля 22 × 50 / 100
        (_house("30", flats=1), {}, {"residential": 8_000_000, "common": 11_000_000, "without_account": 11_000_000}),
        (_house("10"), {}, {"residential": 16_000_000, "carried_out": -6_000_000}),
        (_house("10"), {"negative_common": "forget"}, {"residential": 16_000_000, "forgotten": -6_000_000}),
        # по нормативу 0,02 × 10 м² = 0,2: остальное ждёт пересчёта года, без него не распределяется
        (_house("30", soi_mode=4), {}, {"residential": 16_000_000, "common": 200_000, "until_recalculation": 13_800_000}),
        (_house("30", soi_mode=1), {}, {"residential": 16_000_000, "common": 200_000, "not_distributed": 13_800_000}),
        # ОДН: не больше норматива 0,2, сверх него несёт исполнитель; решение собрания распределяет всё
        (_house("30", soi_mode=None), {"soi_regime": "odn_354"}, {"residential": 16_000_000, "common": 200_000, "above_norm": 13_800_000}),
        (
            _house("30", soi_mode=None),
            {"soi_regime": "odn_354", "odn_cap": "meeting_decided"},
            {"residential": 16_000_000, "common": 14_000_000},
        ),
        # отрицательный остаток 6 уменьшает собственные объёмы по жителям: 8 − 3 и 8 − 3
        (_house("10", soi_mode=None), {"soi_regime": "odn_354"}, {"residential": 10_000_000}),
    ],
    ids=["meter", "no_account", "carried", "forgotten", "until_recalculation", "norm", "odn", "odn_all", "odn_negative"],
)  # fmt: skip
def test_the_path_of_the_remainder(facts: HouseFacts, settings: dict[str, object], expected: dict[str, int]) -> None:
    found = _balance(facts, **settings)
    assert _parts(found) == expected
    assert found.is_closed


def test_rounding_of_lines_is_a_part_of_its_own() -> None:
    """14 м³ на доли 1/3 и 2/3: 4,666667 и 9,333333; 10 м³ на три: 3 × 3,333333 = 9,999999."""
    areas = [replace(account(key, premises_number=key, residences=()), area_e2=3333) for key in "abc"]
    facts = replace(_house("22"), accounts=tuple(areas), useful_area_e2=9999)  # 3 × 4 м³ одному собственнику, остаток 10
    found = _balance(facts)
    assert _parts(found) == {"residential": 12_000_000, "common": 9_999_999, "rounding": 1}
    assert found.is_closed


def test_a_line_that_says_another_volume_is_found() -> None:
    facts = _house("30")
    lines = charge(facts).lines
    wrong = tuple(_of_three(line) if line.service_id == 2 and line.account_id == facts.accounts[0].account_id else line for line in lines)
    found = _balance(facts, wrong)
    assert not found.is_closed
    assert found.unexplained == -4


def _of_three(line: ChargeLine) -> ChargeLine:
    """The line as if three persons were charged for."""
    groups: Any = line.inputs["base"]
    changed = [[{**row, "values": {**row["values"], "n": "3"}} for row in group] for group in groups]
    return replace(line, inputs={**line.inputs, "base": changed})
