"""``erkc report limits`` over two houses of the town: December 2025, September and October 2026 charged by the centre.

The flat A (41100001050, house 1003): 45,50 m², three residents, no meters, an act that none can be installed. The flat C (41100000029,
house 1001): three residents, no meters though they could be installed: its coefficients must not be in the growth. Every kopeck is derived
beside it. House 1001 was held in December: its meter has no reading of that month.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.ids import ProviderId
from core.period import Month
from core.services.charge import approve_month, draft_month, post_month
from core.services.limits import limits_report
from erkc.application import CODE_VERSION, Application
from erkc.cli.main import main
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import TOWN, database_copy
from tests.unit.erkc.recalculated_town import Cells, archive, house_rows, reading_rows

DECEMBER, SEPTEMBER, OCTOBER = Month(2025, 12), Month(2026, 9), Month(2026, 10)
A, C = "41100001050", "41100000029"
REGION = "zarechinsk.region.json"
LIMITS = """
[[limits]]
oktmo = "02701000001"
valid_from = 2026-01-01
valid_to = 2026-09-30
percent = "1.7"
act = "указ № 1 (синтетический)"

[[limits]]
oktmo = "02701000001"
valid_from = 2026-10-01
valid_to = 2026-12-31
percent = "{percent}"
act = "указ № 1 (синтетический)"
"""
_TARIFFS = {
    1: ("37.00", "0077001590"),
    2: ("205.00", "0077001960"),
    3: ("30.00", "0077001590"),
    4: ("5.00", "0077001960"),
    6: ("2400.00", "0077001960"),
}

Run = Callable[..., tuple[int, str]]


def _region_of_2025() -> bytes:
    """Tariffs and norms of 2025: the norms are those of 2026."""
    region = json.loads((TOWN / REGION).read_text(encoding="utf-8"))
    days = {"valid_from": "2025-01-01", "valid_to": "2025-12-31"}
    tariffs: list[dict[str, Any]] = [
        {"kind": "utility", "utility_kind": kind, "supplier_inn": inn, "oktmo": "02701000001", "act": "0-с", "value": value, **days}
        for kind, (value, inn) in _TARIFFS.items()
    ]
    tariffs.append({"kind": "contribution", "oktmo": "02701000001", "act": "0-с", "value": "13.42", **days})
    norms = [{**norm, **days, "act": "0-н"} for norm in region["norms"]]
    return json.dumps({"tariffs": tariffs, "norms": norms}).encode()


def _rows_since_2025() -> dict[str, list[Cells]]:
    """The two houses, managed and served since 2025, without readings."""
    return {
        section: [["01.01.2025" if cell == "01.01.2026" else cell for cell in cells] for cells in rows]
        for section, rows in house_rows().items()
        if section != "puval"
    }


def _post(application: Application, month: Month) -> None:
    scope = {"provider_id": ProviderId(1), "month": month, "actor": "тест", "clock": application.clock}
    draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, **scope)
    approve_month(application.engine, reason="тест", **scope)
    post_month(application.engine, law=law(), **scope)


@pytest.fixture(scope="module")
def three_months(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three months posted; no limit is approved."""
    folder = tmp_path_factory.mktemp("limits")
    with database_copy(server_url, template_database, folder, keep=True) as (name, application):
        load_region_file(application, REGION, (TOWN / REGION).read_bytes())
        load_region_file(application, "2025.region.json", _region_of_2025())
        rows = _rows_since_2025()
        for month, sections in (
            (DECEMBER, rows),
            (SEPTEMBER, rows | {"puval": [one for one in house_rows()["puval"] if one[2][3:5] <= "09"]}),
            (OCTOBER, {"puval": reading_rows("10.2026")}),
        ):
            archived = archive(folder / f"{month}.zip", (month.year, month.month), sections)
            take_file(application, f"{month}.zip", archived)
            _post(application, month)
    return name


@pytest.fixture
def town(server_url: str, three_months: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """The three months; the commands work on them."""
    with database_copy(server_url, three_months, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))
        yield application


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``erkc``: exit code and standard output."""

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments])
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0), capsys.readouterr().out
        return 0, capsys.readouterr().out

    return command


def _approve(application: Application, percent: str, more: str = "") -> None:
    load_region_file(application, "limits.region.toml", (LIMITS.format(percent=percent) + more).encode())


def _of(base: dict[str, Any], number: str) -> dict[str, Any]:
    return next(payer for payer in base["payers"] if number in payer["accounts"])


def test_growth_against_both_base_months_by_account(town: Application, run: Run) -> None:
    _approve(town, "9")
    code, out = run("report", "limits", "2026-10", "--json")
    assert code == 0
    december, september = json.loads(out)["bases"]
    assert (december["base"], september["base"]) == ("2025-12", "2026-09")
    # A, сентябрь: 12,6 × 38,41 + 12,6 × 31,15 + 276 × 5,12 = 483,966 + 392,49 + 1413,12; отопления в сентябре нет, в сумму не входит
    # по тарифам октября: 12,6 × 41,87 + 12,6 × 33,64 + 276 × 5,61 = 527,562 + 423,864 + 1548,36
    a = _of(september, A)
    assert (a["base"], a["now"]) == ("2289.58", "2499.79")
    # 2499,786 / 2289,576 = 1,091812; 2499,786 − 2289,576 × 1,09 = 4,148
    assert (a["growth_pct"], a["limit_pct"], a["above"], a["excess"]) == ("9.18", "9.00", True, "4.15")
    # C: 12,6 × 38,41 + 9,3 × 212,06 + 21,9 × 31,15 + 276 × 5,12 = 4551,429 без коэффициентов 3 и 1,5
    # 12,6 × 41,87 + 9,3 × 229,90 + 21,9 × 33,64 + 276 × 5,61 = 4950,708; рост 8,7726 %
    c = _of(september, C)
    assert (c["base"], c["now"], c["growth_pct"], c["above"], c["excess"]) == ("4551.43", "4950.71", "8.77", False, "0.00")
    # A, декабрь: 12,6 × 37 + 12,6 × 30 + 276 × 5 + 45,50 × 0,0231 × 2400 = 466,2 + 378 + 1380 + 2522,52
    # по тарифам октября: 2499,786 + 45,50 × 0,0231 × 2694,12 = 2499,786 + 2831,654826
    a = _of(december, A)
    assert (a["base"], a["now"], a["growth_pct"]) == ("4746.72", "5331.44", "12.32")
    assert a["excess"] == "157.52"  # 5331,440826 − 4746,72 × 1,09 = 157,516026


def test_the_municipality_and_who_is_above(town: Application, run: Run) -> None:
    _approve(town, "9")
    document = json.loads(run("report", "limits", "2026-10", "--json")[1])
    (group,) = document["bases"][1]["municipalities"]
    payers = document["bases"][1]["payers"]
    assert (group["oktmo"], group["dwelling"], group["limit_pct"]) == ("02701000001", "многоквартирный дом", "9.00")
    assert group["compared"] == len(payers) > 50
    assert group["greatest_pct"] == payers[0]["growth_pct"]
    assert group["above"] == sum(payer["above"] for payer in payers) > 0
    assert sum(group["not_compared"].values()) == len(document["bases"][1]["not_compared"])
    code, out = run("report", "limits", "2026-10")
    assert code == 0
    assert "Выше предела" in out
    assert A in out
    assert C not in out.split("к месяцу 2026-09")[1]


def test_a_growth_equal_to_the_limit_is_not_above_it(town: Application) -> None:
    _approve(town, "9.18")
    a = _of(limits_report(town.engine, month=OCTOBER, law=law())["bases"][1], A)  # type: ignore[index]  # JSON
    assert (a["growth_pct"], a["above"], a["excess"]) == ("9.18", False, "0.00")


def test_the_region_may_name_one_base(town: Application) -> None:
    _approve(town, "9", '[settings]\nindex_base_october = "december"\n')
    bases = limits_report(town.engine, month=OCTOBER, law=law())["bases"]
    assert [base["base"] for base in bases] == ["2025-12"]  # type: ignore[attr-defined]  # JSON


def test_without_a_limit_it_is_said_what_to_load(town: Application, run: Run) -> None:
    code, out = run("report", "limits", "2026-10")
    assert code == 0
    assert "предельные индексы не утверждены" in out
    assert json.loads(run("report", "limits", "2026-10", "--json")[1])["bases"] == []


def test_a_month_that_was_not_computed_is_an_error(town: Application, run: Run) -> None:
    code, out = run("report", "limits", "2026-12", "--json")
    assert (code, json.loads(out)["code"]) == (1, "REP-0101")


def test_a_base_month_that_the_centre_did_not_charge_is_told(charged_town: Application) -> None:
    _approve(charged_town, "9")
    december, september = limits_report(charged_town.engine, month=OCTOBER, law=law())["bases"]  # type: ignore[misc]  # JSON
    assert december["payers"] == september["payers"] == []
    assert {one["reason"] for one in december["not_compared"]} == {"base_not_charged"}
    numbers = {number for one in december["not_compared"] for number in one["accounts"]}
    assert A in numbers
    (group,) = september["municipalities"]
    assert (group["compared"], group["greatest_pct"], group["excess"]) == (0, None, "0.00")
