"""``erkc law check`` never runs a vector as if one of its settings were not there: it is gone by, or the vector is unsupported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config.law import tables
from core.charges.law import Law
from erkc.law import check, read_vectors

LAW = Law.from_tables(tables())
DEBTS = [
    {"origin": "2026-08", "service": "water", "recipient": "rso", "amount": "100.00"},
    {"origin": "2026-09", "service": "water", "recipient": "rso", "amount": "100.00"},
]
ALLOCATED = {"debts": DEBTS, "payment": "120.00", "named_period": "2026-09", "penalty_due": "30.00"}
BILL = [{"service": "water", "recipient": "rso", "amount": "30.00"}, {"service": "kr", "recipient": "fund", "amount": "10.00"}]
AHEAD = {"debts": DEBTS[:1], "payment": "140.00", "last_bill": BILL}
VACANT = {"period": "2026-10", "n": "0", "N": "4", "T": "40.00"}
GAP = {"service": "cold", "meters": [], "T": "10.00", "gap_days": "15", "days": "30", "history": ["1"] * 6 + ["7"] * 6}


def _checked(
    tmp_path: Path, harness: str, settings: dict[str, Any], inputs: dict[str, Any], amounts: dict[str, str], **other: object
) -> Any:
    values = {name: {"value": value} for name, value in inputs.items()}
    vector = {"id": "X", "harness": harness, "settings": settings, "inputs": values, "expected": {"amounts_rub": amounts, "other": other}}
    path = tmp_path / "v.json"
    path.write_text(json.dumps({"schema": "354-vector/1", "vectors": [vector]}), encoding="utf-8")
    return check(read_vectors(path, LAW))


@pytest.mark.parametrize(
    ("harness", "settings", "inputs", "amounts"),
    [
        ("allocation", {}, ALLOCATED, {"2026-09/water": "100.00", "2026-08/water": "20.00"}),
        ("allocation", {"named_period_first": False}, ALLOCATED, {"2026-08/water": "100.00", "2026-09/water": "20.00"}),
        ("allocation", {"named_period_first": "oldest first"}, ALLOCATED, {"2026-08/water": "100.00", "2026-09/water": "20.00"}),
        ("allocation", {"penalty_order": "first"}, ALLOCATED, {"penalty": "30.00", "2026-09/water": "90.00"}),
        ("allocation", {"advance_split": "last_bill"}, AHEAD, {"2026-08/water": "100.00", "advance/water": "30.00", "advance/kr": "10.00"}),
        ("allocation", {"advance_split": "hold"}, AHEAD, {"2026-08/water": "100.00", "advance": "40.00"}),
        # 15 / 30 среднего: шести последних 7, всех двенадцати 4
        ("metered", {}, GAP, {"charge": "35.00"}),
        ("metered", {"average_window": 12}, GAP, {"charge": "20.00"}),
        ("metered", {"average_window": "all since start"}, GAP, {"charge": "20.00"}),
        ("norm", {"owners_when_unknown": "2"}, VACANT, {"charge": "320.00"}),
        # 4,1235 × 1 до двух знаков
        ("norm", {"volume_rounding": 2}, VACANT | {"N": "4.1250"}, {"charge": "165.20"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_setting_is_gone_by(
    tmp_path: Path, harness: str, settings: dict[str, Any], inputs: dict[str, Any], amounts: dict[str, str]
) -> None:
    outcome = _checked(tmp_path, harness, settings, inputs, amounts)
    assert (outcome.passed, outcome.failed, outcome.unsupported) == (1, (), ())


@pytest.mark.parametrize("harness", ["norm", "norm_k", "waste", "gas_norm"])
def test_owners_that_must_be_known_hold_the_line(tmp_path: Path, harness: str) -> None:
    inputs = VACANT | {"N_year": "2", "N_cook": "10", "K": "1.5", "service": "cold"}
    outcome = _checked(tmp_path, harness, {"owners_when_unknown": "hold"}, inputs, {}, held=True, code="CH-027")
    assert (outcome.passed, outcome.failed) == (1, ())
    outcome = _checked(tmp_path, harness, {"owners_when_unknown": "hold"}, inputs, {"charge": "1.00"})
    assert [(one.key, one.got) for one in outcome.failed] == [("charge", None)]


@pytest.mark.parametrize(
    ("harness", "settings", "inputs"),
    [
        ("allocation", {"inside_month": "priority of РСО or maintenance"}, ALLOCATED),  # says no order
        ("allocation", {"inside_month": ["maintenance", "penalties"]}, ALLOCATED),
        ("allocation", {"penalty_order": "last"}, ALLOCATED),  # no such way
        ("allocation", {"no_such_setting": "1"}, ALLOCATED),
        ("allocation", {"penalty_rounding": "daily"}, ALLOCATED),
        ("norm", {"late_reading": "rebuild"}, VACANT),  # computed, but not by this harness
        ("heating_evenly", {"heating_payment": "season"}, {}),  # the harness is the other way
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_gone_by_makes_the_vector_unsupported(
    tmp_path: Path, harness: str, settings: dict[str, Any], inputs: dict[str, Any]
) -> None:
    outcome = _checked(tmp_path, harness, settings, inputs, {})
    assert outcome.unsupported == ("X",)
    assert outcome.passed == 0


def test_a_setting_that_says_the_default_changes_nothing(tmp_path: Path) -> None:
    outcome = _checked(tmp_path, "norm", {"late_reading": "difference", "qr_zero": "omit"}, VACANT, {"charge": "160.00"})
    assert (outcome.passed, outcome.unsupported) == (1, ())
