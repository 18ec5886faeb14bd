"""Measures of support through the database: what each comes to in October, who pays, and where it is shown.

The flat A (41100001050, house 1003): 45,50 m², three residents, no meters, an act that none can be installed: everything by the norm. The
sender grants: half of maintenance on the bill for one person, ЕДК of half in cash for one person on all services, a subsidy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.ids import MessageId, ProviderId
from core.model.finding import Position
from core.model.records import Record, Relief
from core.records.store import save
from core.services.explain import explain_account
from core.services.report import month_report
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.main import main
from erkc.cli.options import law
from erkc.intake import take_file
from tests.unit.erkc.conftest import NOW, OCTOBER, charge, database_copy

A, B = "41100001050", "41100000904"
ACTS = 'schema = "erkc-acts/1"\nsender = { inn = "0077000116", kpp = "007701001" }\n'
_SINCE = date(2026, 1, 1)
MEASURES = (
    Relief("1105", None, 1, "1", 5000, 1, _SINCE, None, None),
    Relief("1105", None, 2, None, 5000, 1, _SINCE, None, None),
    Relief("1105", None, 3, None, None, None, _SINCE, date(2026, 12, 31), 1_250_00),
    Relief("1105", None, 3, None, None, None, _SINCE, date(2026, 9, 30), 700_00),
    Relief("1090", None, 3, None, None, None, _SINCE, None, 99_999_00),
    Relief("1090", None, 1, "3", 5000, 1, _SINCE, None, None),
)


@pytest.fixture(scope="module")
def supported_template(server_url: str, taken_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """October charged with the measures."""
    with database_copy(server_url, taken_template, tmp_path_factory.mktemp("support"), keep=True) as (name, application):
        with transaction(application.engine) as connection:
            message = MessageId(connection.execute(text("SELECT max(message_id) FROM message")).scalar_one())
            records = [Record(str(n), Position("relief.csv", n), body) for n, body in enumerate(MEASURES, 1)]
            save(connection, provider_id=ProviderId(1), message_id=message, records=records, recorded_at=NOW)
        charge(application)
    return name


@pytest.fixture
def supported(server_url: str, supported_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    with database_copy(server_url, supported_template, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))
        yield application


def _of(application: Application, number: str) -> list[dict[str, Any]]:
    support = month_report(application.engine, month=OCTOBER, law=law()).get("support", [])
    assert isinstance(support, list)
    return [row for row in support if row["account"] == number]


def test_what_each_measure_comes_to(supported: Application) -> None:
    on_bill, cash, subsidy = _of(supported, A)
    # содержание 45,50 × 25,10 = 1142,05; одному из трёх, половина: 0,5 × 45,50 / 3 × 25,10 = 190,3417
    assert (on_bill["kind"], on_bill["amount"], on_bill["lowers_bill"], on_bill["clause"]) == (1, "190.34", True, "ЖК ст. 160")
    # ЕДК: содержание 190,34; холодная вода 0,5 × 4,20 × 41,87 = 87,93; стоки 0,5 × 4,20 × 33,64 = 70,64; электричество 0,5 × 92 × 5,61 =
    # 258,06; отопление 0,5 × 45,50 × 0,0231 / 3 × 2694,12 = 471,94; взнос 0,5 × 45,50 / 3 × 13,42 = 101,77;
    # СОИ воды 0,021 × 214,85 / 1790,40 × 45,50 × 41,87 / 6 = 0,80; электричества 1,40 × 214,85 / 1790,40 × 45,50 × 5,61 / 6 = 7,15
    assert (cash["kind"], cash["amount"], cash["lowers_bill"]) == (2, "1188.63", False)
    assert (subsidy["kind"], subsidy["amount"], subsidy["stated"], subsidy["note"]) == (3, "1250.00", "1250.00", "")
    assert subsidy["clause"] == "ЖК ст. 159, ПП РФ № 761"


def test_only_the_measure_on_the_bill_lowers_it_and_the_budget_owes_it(supported: Application) -> None:
    accounts: Any = month_report(supported.engine, month=OCTOBER, law=law())["accounts"]
    services = accounts[A]["services"]
    assert services["1"]["benefit"] == "190.34"
    assert services["1"]["total"] == "951.71"  # 1142,05 − 190,34
    assert {key for key, line in services.items() if line["benefit"] != "0.00"} == {"1"}
    with transaction(supported.engine) as connection:
        owed = connection.execute(text("SELECT sum(amount) FROM posting WHERE debit = 10 AND component = 4")).scalar_one()
    assert owed == 190_34


def test_a_subsidy_is_not_more_than_the_month_cost(supported: Application) -> None:
    relief, subsidy = _of(supported, B)
    assert subsidy["amount"] == subsidy["actual_cost"] != "99999.00"
    assert "больше фактической платы" in subsidy["note"]
    assert (relief["amount"], relief["lowers_bill"]) == ("0.00", True)
    assert "не применена" in relief["note"]  # горячей воды в доме 1003 нет


def test_explain_shows_each_measure_with_its_source(
    supported: Application, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments])
        with pytest.raises(SystemExit):
            main()
        return capsys.readouterr().out

    out = run("explain", A, "2026-10")
    assert "льгота в квитанции на услугу «Содержание жилого помещения», 50 %: 190,34 руб. — уменьшает плату, возмещает бюджет" in out
    assert "денежная компенсация (ЕДК), 50 %: 1 188,63 руб. — плату не уменьшает" in out.replace("\xa0", " ").replace("\u202f", " ")
    assert "relief.csv, строка 1" in out
    assert "льгота −190,34" in out
    document = json.loads(run("explain", A, "2026-10", "--json"))
    assert [one["kind"] for one in document["support"]] == [1, 2, 3]
    assert all(str(one["record"]) in document["records"] for one in document["support"])
    assert "Меры социальной поддержки" in run("report", "month", "2026-10")


def test_the_explanation_proves_the_compensation(supported: Application) -> None:
    (explained,) = explain_account(supported.engine, number=A, month=OCTOBER)
    assert sum(line.explanation.compensation for line in explained.lines if line.explanation) == 1188_63
    assert sum(line.line.total for line in explained.lines) == explained.total


DECIDED = """[[act]]
kind = "subsidy"
number = "С-1"
date = 2026-09-20
account = "{account}"
from = 2026-09-01
to = 2027-02-28
persons = 3
income = "{income}"
subsistence = "15000"
standard = "{standard}"
own_share = "22"
"""
JUDGED = """[[act]]
kind = "court_judgement"
number = "2-9/2026"
date = 2026-10-12
account = "{account}"
judged_to = 2026-10-10
first_month = "2026-05"
last_month = "2026-07"
principal = "1023.31"
penalties = "39.64"
"""


def _decided(application: Application, name: str, act: str, **values: str) -> dict[str, Any]:
    """The subsidy of B that acts grant, after one act more."""
    taken = take_file(application, name, (ACTS + act.format(account=B, **values)).encode())
    assert taken.status == "accepted"
    charge(application)
    (found,) = [row for row in _of(application, B) if row["formula"]]
    return found


@pytest.mark.parametrize(
    ("income", "standard", "amount", "formula"),
    [
        # 4200 × 3 − 0,22 × 45 000 = 2700
        ("45000", "4200", "2700.00", "4 200,00 × 3 − 22,00 % × 45 000,00 = 2 700,00"),
        # 12 000 на человека из 15 000: 10 500 − 0,22 × 36 000 × 12 000 / 15 000 = 4164
        ("36000", "3500", "4164.00", "3 500,00 × 3 − 22,00 % × 36 000,00 × 36 000,00 / 3 / 15 000,00 = 4 164,00"),
        ("90000", "4200", "0.00", "= 0,00"),  # 12 600 − 19 800 меньше нуля
    ],
)
def test_a_subsidy_by_its_decision(taken_town: Application, income: str, standard: str, amount: str, formula: str) -> None:
    found = _decided(taken_town, "s.acts.toml", DECIDED, income=income, standard=standard)
    assert (found["amount"], found["lowers_bill"], found["clause"]) == (amount, False, "ЖК ст. 159, ПП РФ № 761")
    assert formula in found["formula"].replace("\xa0", " ").replace("\u202f", " ")


def test_a_subsidy_is_at_most_the_actual_cost(taken_town: Application) -> None:
    found = _decided(taken_town, "s.acts.toml", DECIDED, income="45000", standard="90000")
    assert found["amount"] == found["actual_cost"]
    assert "больше фактической платы" in found["note"]


def test_a_judged_debt_bars_a_subsidy_and_a_withdrawn_decision_grants_none(taken_town: Application) -> None:
    both = DECIDED + JUDGED
    found = _decided(taken_town, "s.acts.toml", both, income="45000", standard="4200")
    assert (found["amount"], "взыскан судом" in found["note"]) == ("0.00", True)
    withdrawn = '[[act]]\nkind = "withdrawn"\nnumber = "2-9/2026"\ndate = 2026-10-12\n'
    take_file(taken_town, "w.acts.toml", (ACTS + withdrawn).encode())
    assert [row["amount"] for row in _of(taken_town, B) if row["formula"]] == ["2700.00"]
    take_file(taken_town, "x.acts.toml", (ACTS + withdrawn.replace("2-9/2026", "С-1").replace("10-12", "09-20")).encode())
    assert [row for row in _of(taken_town, B) if row["formula"]] == []
