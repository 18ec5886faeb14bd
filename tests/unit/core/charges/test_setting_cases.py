"""Each question where practice differs, its default and another way side by side: cases that an accountant reads, facts in, roubles out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from config.law import tables
from core.charges.law import CHOICES, Law
from core.money import parse_roubles
from core.period import Month
from erkc.law import Vector, check
from tests.cases import read_cases
from tests.cases.facts import SERVICE_KEYS, charged

CASES = read_cases("settings")
LAW = Law.from_tables(tables())
OF_THE_REGION = {"heating_payment", "heated_common_area"}
"""Facts rather than settings of the law: the region or the house says, and what holds when nobody does is the calculation's."""

SETTINGS = (
    "volume_rounding", "rollover_factor", "k_effective", "k_electricity_basis", "wastewater_k", "average_window", "late_reading",
    "interruption_hours", "interruption_limits", "interruption_base", "undelivered_volume", "heating_degrees", "heating_payment",
    "heated_common_area", "own_heating_unit", "communal_area", "soi_regime", "negative_common", "odn_cap", "house_effect",
    "recalc_penalty", "residence_end", "owners_when_unknown", "owner_change_day", "metered_absence", "waste_yearly_recalc", "range_factor",
)  # fmt: skip
"""Every question of charges where the act is silent or practice differs."""

NOT_SAID = "не сказано"
"""The way of a question that only the region can answer, while it has not."""

WAYS = [(case, way) for case in CASES for way in case["ответ"]]
PARTS = {"начислено": "base", "надбавка": "surcharge", "перерасчёт": "recalculation", "снижение": "underdelivery"}


def _default(case: dict[str, Any]) -> str:
    name, month = case["настройка"], Month.parse(case.get("месяц", "2026-10"))
    if name in OF_THE_REGION:
        return str(case["умолчание"])
    if name == "average_window":
        return f"last {LAW.number('average.window_months', month.last)} measured full months"
    return LAW.choice(f"setting.{name}", month.last)


def _settings(case: dict[str, Any], way: str | None) -> dict[str, object]:
    chosen = dict(case.get("настройки", {}))
    if way is not None:
        chosen[case["настройка"]] = None if way == NOT_SAID else way
    elif case["умолчание"] == NOT_SAID:
        chosen[case["настройка"]] = None
    return chosen


def _found(case: dict[str, Any], way: str | None, facts_of: str) -> dict[str, Any]:
    """What the calculation says of everything that the case's answer names."""
    told = {**case, **case.get("по способам", {}).get(facts_of, {})}
    result = charged(told, _settings(case, way))
    found: dict[str, Any] = {}
    for service, expected in case["ответ"][facts_of].items():
        lines = [line for line in result.lines if line.service_id == int(SERVICE_KEYS[service])]
        if isinstance(expected, str) and not re.fullmatch(r"-?\d+\.\d\d", expected):
            codes = sorted({finding.code for finding in result.findings if finding.service_id == int(SERVICE_KEYS[service])})
            found[service] = "не начислено" if not lines and not codes else f"задержано {' '.join(codes)}" if not lines else "начислено"
        elif isinstance(expected, dict):
            (line,) = lines
            found[service] = {part: getattr(line, PARTS[part]) for part in expected}
        else:
            bases = [line.base for line in sorted(lines, key=lambda line: line.account_id)]
            found[service] = bases if isinstance(expected, list) else bases[0]
    return found


def _kopecks(expected: Any) -> Any:
    if isinstance(expected, dict):
        return {part: parse_roubles(amount) for part, amount in expected.items()}
    if isinstance(expected, list):
        return [parse_roubles(amount) for amount in expected]
    return parse_roubles(expected) if re.fullmatch(r"-?\d+\.\d\d", expected) else expected


def _by_harness(case: dict[str, Any], way: str | None, expected: dict[str, str]) -> None:
    settings = {} if way is None else {case["настройка"]: way}
    vector = Vector(
        id=case["случай"], title=case["случай"], harness=case["расчёт"], inputs=case["дано"], settings=settings, amounts=expected,
        volumes={}, other={}, law=LAW,
    )  # fmt: skip
    outcome = check([vector])
    assert (outcome.failed, outcome.unsupported) == ((), ())


@pytest.mark.parametrize(("case", "way"), WAYS, ids=lambda value: value if isinstance(value, str) else value["настройка"])
def test_case(case: dict[str, Any], way: str) -> None:
    assert case["вывод"] and re.search("[а-я]", case["случай"])
    expected = case["ответ"][way]
    if "расчёт" in case:
        _by_harness(case, way, expected)
        return
    wanted = {service: _kopecks(amounts) for service, amounts in expected.items()}
    said_by_facts = "по способам" in case
    assert _found(case, None if said_by_facts else way, way) == wanted
    if way == case["умолчание"]:
        assert _found(case, None, way) == wanted, "what holds when nothing is said is the default"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["настройка"])
def test_the_default_of_a_case_is_the_default_of_the_law(case: dict[str, Any]) -> None:
    assert case["умолчание"] == _default(case)
    assert case["умолчание"] in case["ответ"]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_case_with_its_default_and_another_way(name: str) -> None:
    ways = {way for case in CASES if case["настройка"] == name for way in case["ответ"]}
    defaults = {case["умолчание"] for case in CASES if case["настройка"] == name}
    assert len(defaults) == 1 and defaults < ways
    closed = CHOICES.get(f"setting.{name}")
    if closed is not None and name not in ("volume_rounding", "owner_change_day"):
        assert set(closed) <= ways, "every way that is computed has its case"


def test_no_question_of_charges_is_without_a_case_and_the_documentation_names_each() -> None:
    asked = {name.removeprefix("setting.") for name in LAW.parameters if name.startswith("setting.")}
    money = {name.removeprefix("setting.") for name in LAW.parameters if name.startswith("setting.") and name not in CHOICES}
    numbers = {"rollover_factor", "owners_when_unknown", "wastewater_k", "range_factor"}
    assert asked - (money - numbers) <= set(SETTINGS)
    table = (Path(__file__).parents[4] / "docs" / "354.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| [^|]+ \| `settings/([\w.]+)` \|$", table, re.MULTILINE))
    assert rows == {case["настройка"]: case["файл"] for case in CASES}
