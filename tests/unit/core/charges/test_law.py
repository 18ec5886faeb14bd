"""The tables of the law: what ships is complete; anything unknown, missing, overlapping or with a gap is refused by name."""

from __future__ import annotations

import copy
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from config.law import tables
from core.charges.law import Law
from core.errors import ConfigError


@pytest.fixture
def table() -> dict[str, Any]:
    return copy.deepcopy(tables())


def test_the_cold_water_coefficient_changes_on_its_day() -> None:
    law = Law.from_tables(tables())
    assert law.number("coefficient.cold_water", date(2025, 12, 5)) == Fraction("1.5")
    assert law.number("coefficient.cold_water", date(2025, 12, 6)) == 3
    assert law.version(date(2025, 12, 5)) < law.version(date(2025, 12, 6)) == "2025-12-06"
    assert law.choice("setting.k_electricity_basis", date(2020, 6, 30)) == "no_meter"
    assert law.choice("setting.k_electricity_basis", date(2020, 7, 1)) == "access_refused"


def test_a_day_before_the_law_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        Law.from_tables(tables()).number("coefficient.cold_water", date(2000, 1, 1))
    assert error.value.code == "CFG-0422"


def _cold(table: dict[str, Any]) -> Any:
    return table["coefficients.toml"]["coefficient"]["cold_water"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: _cold(t)["values"][1].update({"from": date(2025, 12, 8)}), "пропуск"),
        (lambda t: _cold(t)["values"][1].update({"from": date(2025, 12, 5)}), "перекрываются"),
        (lambda t: _cold(t)["values"][0].pop("to"), "перекрываются"),
        (lambda t: _cold(t)["values"][0].update({"to": date(2016, 1, 1)}), "to раньше from"),
        (lambda t: _cold(t)["values"][0].update({"value": 1.5}), "строкой"),
        (lambda t: _cold(t)["values"][0].update({"value": "полтора"}), "не число"),
        (lambda t: _cold(t)["values"][0].update({"till": date(2025, 1, 1)}), "неизвестный ключ"),
        (lambda t: _cold(t)["values"][0].pop("act"), "act"),
        (lambda t: _cold(t).update({"values": []}), "хотя бы одно"),
        (lambda t: _cold(t).update({"values": ["1.5"]}), "ожидалась таблица"),
        (lambda t: _cold(t).update({"note": "x"}), "неизвестный ключ"),
        (lambda t: _cold(t).pop("clause"), "meaning и clause"),
        (lambda t: t["coefficients.toml"]["coefficient"].update({"cold_watr": _cold(t)}), "coefficient.cold_water"),
        (lambda t: t["coefficients.toml"].update({"coefficient2": "x"}), "ожидалась таблица"),
        (lambda t: t.update({"more.toml": {"coefficient": {"cold_water": _cold(t)}}}), "дважды"),
        (lambda t: t["settings.toml"]["setting"]["late_reading"]["values"][0].update({"value": "never"}), "не из"),
    ],
)
def test_a_wrong_table_is_refused_with_its_file_and_key(table: dict[str, Any], change: Any, said: str) -> None:
    change(table)
    with pytest.raises(ConfigError, match=said) as error:
        Law.from_tables(table)
    assert error.value.code == "CFG-0420" and str(error.value.fields["file"]).endswith(".toml") and error.value.fields["key"]


def test_a_missing_parameter_is_refused(table: dict[str, Any]) -> None:
    del table["coefficients.toml"]["coefficient"]["hot_water"]
    with pytest.raises(ConfigError, match=r"coefficient\.hot_water"):
        Law.from_tables(table)
