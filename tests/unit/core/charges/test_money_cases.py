"""Cases of the money rules that an accountant can read (``tests/cases/money``), each through the public functions of its harness."""

from __future__ import annotations

from typing import Any

import pytest

from config.law import tables
from core.charges.law import MONEY_CHOICES, Law
from core.validate.settings import SETTING_RULES, canonical_setting
from erkc.law import Vector, check
from tests.cases import read_cases

CASES = read_cases("money")
LAW = Law.from_tables(tables())
ELSEWHERE = {"setting.regional_holidays", "setting.k_surcharge_in_penalty_base", "setting.index_base_october"}
"""Questions with one computed way, or that are about the ledger: their tests stand beside the rooms."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["случай"])
def test_case(case: dict[str, Any]) -> None:
    assert case["вывод"]
    vector = Vector(
        id=case["случай"],
        title=case["случай"],
        harness=case["расчёт"],
        inputs=case["дано"],
        settings=case.get("настройки", {}),
        amounts=case.get("рублей", {}),
        volumes={},
        other=case.get("ответ", {}),
        law=LAW,
    )
    outcome = check([vector])
    assert (outcome.failed, outcome.unsupported) == ((), ())


def test_every_way_of_a_question_of_money_has_a_case() -> None:
    chosen = {(f"setting.{name}", str(value)) for case in CASES for name, value in case.get("настройки", {}).items()}
    for name, ways in MONEY_CHOICES.items():
        if name.startswith("setting.") and name not in ELSEWHERE:
            default = LAW.parameters[name].values[-1].value
            assert {way for way in ways if way != default} <= {way for setting, way in chosen if setting == name}, name


def test_every_way_of_sharing_a_payment_out_has_a_case() -> None:
    chosen = {(name, canonical_setting(name, value)) for case in CASES for name, value in case.get("настройки", {}).items()}
    for name in ("inside_month", "kopek_remainder", "named_period_first", "penalty_order", "advance_split"):
        ways = set(SETTING_RULES[name].ways[1:])
        assert ways <= {way for setting, way in chosen if setting == name}, name
    assert len([way for setting, way in chosen if setting == "inside_month"]) >= 3  # a list has no last way


def test_every_harness_has_two_cases() -> None:
    harnesses = [case["расчёт"] for case in CASES]
    several = {"penalty", "due_date", "allocation", "subsidy", "edk", "limit_index"}
    assert all(harnesses.count(name) >= 2 for name in several)
