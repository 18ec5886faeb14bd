"""Where a house's volume went, through the database: ``erkc explain ДОМ МЕСЯЦ`` and ``balances`` of the month's report."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any

import pytest

from core.services.report import month_report
from erkc.application import Application
from erkc.cli.main import main
from erkc.cli.options import law
from tests.unit.erkc.conftest import OCTOBER

HOUSE = "b459071a-fb8a-4f9e-bf72-c46dca8fbe35"
"""House 1001: meters of cold and hot water, electricity and heat; common property by the meter."""
_TEXTS = ("regime",)


def test_parts_of_every_meter_add_up_to_it(charged_town: Application) -> None:
    report = month_report(charged_town.engine, month=OCTOBER, law=law())
    balances: Any = report["balances"]
    houses: Any = report["houses"]
    assert {house for house, found in houses.items() if found["meters"]} == balances.keys()
    for house, services in balances.items():
        for key, one in services.items():
            parts = [Decimal(value) for name, value in one.items() if name not in (*_TEXTS, "measured")]
            assert sum(parts) == Decimal(one["measured"]), (house, key)
            assert one["unexplained"] == "0.000000"
            assert Decimal(one["measured"]) == Decimal(houses[house]["meters"][key]["2026-10"])


def test_explain_tells_the_path_of_a_house(
    charged_town: Application, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), capsys.readouterr().out

    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    code, out = run("explain", HOUSE.upper(), "2026-10")
    assert code == 0
    assert "Холодное водоснабжение, на общее имущество по общедомовому прибору" in out
    assert "измерено прибором" in out and "сумма частей" in out and "общее имущество, по долям помещений" in out
    assert "показание" in out and "прибор №" in out and "puval.csv, строка" in out
    code, out = run("explain", HOUSE, "2026-10", "--json")
    document = json.loads(out)
    assert code == 0 and all(one["closed"] for one in document["services"])
    water = next(one for one in document["services"] if one["service"] == "2")
    assert sum(Decimal(value) for value in water["parts"].values()) == Decimal(water["measured"])
    code, out = run("explain", "00000000-0000-0000-0000-000000000000", "2026-10", "--json")
    assert (code, json.loads(out)["code"]) == (1, "EX-0103")
