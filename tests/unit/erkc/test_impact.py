"""What a change would do is what billing under it does: October computed beside, against October billed in a second database.

Expected kopecks of flat A (two residents in October, no coefficient) and of flat C (three, no meters, coefficient) are derived by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from core.charges.law import Law
from core.records.providers import Provider, providers
from core.services.impact import Impact, impact_of
from core.storage.engine import reading, transaction
from erkc.application import Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from erkc.proposing import read_proposed
from tests.unit.erkc.compared_town import OCTOBER, SEPTEMBER, A, at_work, load, october, post, region_with, take
from tests.unit.erkc.conftest import Run, charge, database_copy
from tests.unit.erkc.test_last_year import MARCH, _march, _region, _undecided

C = "41100000029"
FREE: dict[str, object] = {"coefficient_cold_water": None, "coefficient_hot_water": None, "coefficient_electricity": None}
"""The region without coefficients of its own: those of the law hold, which are the same numbers."""

TARIFF = """
[[tariffs]]
kind = "utility"
utility_kind = 1
oktmo = "02701000001"
supplier_inn = "0077001590"
act = "проект приказа"
valid_from = 2026-10-01
value = "45.00"
"""
NORM = """
[[norms]]
utility_kind = 1
resource_kind = 1
basis = "per_person"
unit_okei = "113"
valid_from = 2026-10-01
value = "4.50"
act = "проект приказа"
"""
SETTING = """
[[settings]]
name = "coefficient_electricity"
value = "2"
valid_from = 2026-10-01
act = "проект постановления"
"""
COEFFICIENT = """
[coefficient.cold_water]
meaning = "повышающий коэффициент, холодная вода"
clause = "п. 42, формула 4(1)"
unit = "раз"
values = [{ from = 2026-10-01, value = "5", act = "проект" }]
"""
NORM_OF_OCTOBER: dict[str, Any] = {
    "utility_kind": 1, "resource_kind": 1, "basis": "per_person", "unit_okei": "113", "valid_from": "2026-10-01", "value": "4.50",
}  # fmt: skip


@pytest.fixture(scope="module")
def billed_template(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """September and October billed by the rules in force."""
    return _billed(server_url, template_database, tmp_path_factory.mktemp("billed"), region_with(**FREE))


@pytest.fixture
def town(server_url: str, billed_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    with database_copy(server_url, billed_template, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        yield application


def _billed(server_url: str, template: str, folder: Path, region: dict[str, Any], rules: Law | None = None) -> str:
    with database_copy(server_url, template, folder, keep=True) as (name, made):
        application = at_work(made)
        load(application, region)
        take(application, folder)
        for month in (SEPTEMBER, OCTOBER):
            post(application, month, rules)
    return name


def _billed_otherwise(server_url: str, template: str, folder: Path, region: dict[str, Any], rules: Law | None = None) -> dict[str, int]:
    """October of every account as it is really billed in a database of its own."""
    folder.mkdir()
    name = _billed(server_url, template, folder, region, rules)
    with database_copy(server_url, name, folder) as (_, application):
        return october(application)


def _senders(application: Application) -> list[Provider]:
    with transaction(application.engine) as connection:
        return [one for one in providers(connection) if one.provider_id]


def _impact(application: Application, folder: Path, *files: str, whole_month: bool = False) -> Impact:
    places = []
    for number, content in enumerate(files):
        places.append(folder / f"proposal{number}.toml")
        places[-1].write_text(content, encoding="utf-8")
    proposed = read_proposed(places, law())
    return impact_of(
        application.engine, senders=_senders(application), month=OCTOBER, law=law(), top=1000,
        proposal=lambda month: proposed.of(month, whole_month=whole_month),
    )  # fmt: skip


def _before_and_after(found: Impact) -> tuple[dict[str, int], dict[str, int]]:
    movers = [mover for movers in found.compared.movers() for mover in movers]
    names = found.compared.names
    return {names.number(one): one.before for one in movers}, {names.number(one): one.after for one in movers}


def test_the_impact_of_tariffs_norms_and_settings_is_what_billing_under_them_posts(
    town: Application, server_url: str, template_database: str, tmp_path: Path
) -> None:
    posted = october(town)
    found = _impact(town, tmp_path, TARIFF + NORM + SETTING)
    changed = region_with(tariffs={1: "45.00"}, norms=[NORM_OF_OCTOBER], **{**FREE, "coefficient_electricity": "2"})
    otherwise = _billed_otherwise(server_url, template_database, tmp_path / "other", changed)
    before, after = _before_and_after(found)
    total = found.compared.sums.total
    assert (total.before, total.after) == (sum(posted.values()), sum(otherwise.values())) and total.accounts == len(posted) == 86
    assert before.keys() == {number for number in posted if posted[number] != otherwise[number]}
    assert before == {number: posted[number] for number in before} and after == {number: otherwise[number] for number in after}
    assert (found.held_before.findings, found.held_after.findings) == ([], [])

    movers = {found.compared.names.number(mover): mover for movers in found.compared.movers() for mover in movers}
    # холодная вода 8,4 × 41,87 = 351,71; × 45 = 378,00; норматив 9 × 45 = 405,00; водоотведение 8,4 × 33,64 = 282,58 → 9 × 33,64 = 302,76
    # СОИ 0,021 × 214,85 × 45,50 / 1790,40 = 0,114661 м³: × 41,87 = 4,80; × 45 = 5,16
    assert movers[A].causes == {"tariff": 2629 + 36, "norm": 2700 + 2018}
    assert all(sum(mover.parts.values()) == mover.amount for mover in movers.values())
    moved = found.compared.sums.by_cause
    assert set(moved) == {"tariff", "norm", "setting.coefficient_electricity"}
    assert sum(one.amount for one in moved.values()) == total.amount


def test_the_impact_of_a_changed_law_is_what_billing_under_it_posts(
    town: Application, server_url: str, template_database: str, tmp_path: Path
) -> None:
    found = _impact(town, tmp_path, COEFFICIENT)
    otherwise = _billed_otherwise(
        server_url, template_database, tmp_path / "other", region_with(**FREE), law().with_changes("x.toml", COEFFICIENT)
    )
    before, after = _before_and_after(found)
    posted = october(town)
    assert before.keys() == {number for number in posted if posted[number] != otherwise[number]} and C in before
    assert after == {number: otherwise[number] for number in after}
    # C: 3 × 4,20 × 41,87 × 3 = 1582,69; × 5 = 2637,81
    assert after[C] - before[C] == 263781 - 158269
    assert A not in before  # прибор поставить нельзя: коэффициента нет


@pytest.mark.parametrize("kind", ["law", "region", "nothing new"])
def test_rules_that_change_nothing_have_no_impact(town: Application, tmp_path: Path, kind: str) -> None:
    files = {
        "law": (Path(__file__).parents[3] / "config" / "law" / "coefficients.toml").read_text(encoding="utf-8"),
        "region": (Path(__file__).parents[3] / "config" / "regions" / "zarechinsk" / "tariffs.toml").read_text(encoding="utf-8"),
        "nothing new": TARIFF.replace("45.00", "41.87") + NORM.replace("4.50", "4.20"),
    }
    found = _impact(town, tmp_path, files[kind])
    total = found.compared.sums.total
    assert (total.more, total.less, total.same, total.amount) == (0, 0, 86, 0)
    assert total.before == sum(october(town).values())
    assert not found.compared.causes and "ничего не меняет" in found.compared.after


def test_days_that_the_file_names_and_days_that_it_does_not(town: Application, tmp_path: Path) -> None:
    found = _impact(town, tmp_path, TARIFF.replace("2026-10-01", "2026-10-17"))
    (of_a,) = [mover for mover in found.compared.movers()[0] if found.compared.names.number(mover) == A]
    # 8,4 × 41,87 × 16/31 = 181,53; 8,4 × 45 × 15/31 = 182,90: 364,43 вместо 351,71; СОИ 2,48 + 2,50 = 4,98 вместо 4,80
    assert of_a.causes == {"tariff": 36443 - 35171 + 498 - 480}
    later = TARIFF.replace("2026-10-01", "2027-01-01")
    assert _impact(town, tmp_path, later).compared.sums.total.amount == 0
    at_once = _impact(town, tmp_path, later, whole_month=True).compared.sums.total
    assert at_once.amount == _impact(town, tmp_path, TARIFF).compared.sums.total.amount > 0


def test_what_cannot_be_computed_is_told_and_is_in_no_sum(town: Application, erkc: Run, tmp_path: Path) -> None:
    file = tmp_path / "heat.toml"
    file.write_text(SETTING.replace("coefficient_electricity", "owners_when_unknown").replace('"2"', '"hold"'), encoding="utf-8")
    code, out, _ = erkc("impact", "--law", str(file), "--json")
    document = json.loads(out)
    held = document["held_after"]
    assert code == 1 and held["by_code"].keys() == {"CH-027"} and held["lines"] > 0 and held["now"] == "0.00"
    assert float(held["was"]) > 0 and document["totals"]["difference"] == "0.00"
    code, out, _ = erkc("impact", "--law", str(file))
    assert code == 1 and "Не посчитано по файлу и в итоги не вошло" in out and "CH-027" in out


def test_the_command_shows_totals_causes_movers_and_draws(town: Application, erkc: Run, tmp_path: Path) -> None:
    file, other, picture = tmp_path / "t.toml", tmp_path / "law.toml", tmp_path / "impact.svg"
    file.write_text(TARIFF + NORM, encoding="utf-8")
    other.write_text(COEFFICIENT, encoding="utf-8")
    code, out, errors = erkc("impact", "--law", str(file), "--law", str(other), "--svg", str(picture), "--top", "3")
    assert code == 0 and errors == ""
    for words in (
        "Что изменится: октябрь 2026",
        "тарифы",
        "нормативы",
        "повышающий коэффициент, холодная вода",
        "Кто платит больше всего: 3",
    ):
        assert words in out
    assert "по действующим правилам" in " ".join(etree.fromstring(picture.read_bytes()).itertext())
    code, out, _ = erkc("impact", "--law", str(file), "--month", "2026-09", "--json")
    document = json.loads(out)
    assert code == 0 and document["totals"]["difference"] == "0.00"
    assert [note.split(" (")[0] for note in document["notes"]] == [
        "Ещё не действует и не посчитано: тарифы с 01.10.2026", "Ещё не действует и не посчитано: нормативы с 01.10.2026",
    ]  # fmt: skip


def test_a_rule_that_the_region_overrides_and_rules_of_money_are_told(town: Application, erkc: Run, tmp_path: Path) -> None:
    load(town, region_with(coefficient_cold_water="3"))
    file = tmp_path / "law.toml"
    due = """
[due.day]
meaning = "срок внесения платы"
clause = "ЖК ст. 155"
unit = "день"
values = [{ from = 2026-10-01, value = "20", act = "проект" }]
"""
    file.write_text(COEFFICIENT + due, encoding="utf-8")
    code, out, _ = erkc("impact", "--law", str(file), "--month", "2026-11", "--json")
    notes = " ".join(json.loads(out)["notes"])
    assert code == 0 and "где задано своё: настройка coefficient_cold_water = 3" in notes and "срок внесения платы" in notes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "[coefficient.cold_watter]\nvalues = [1]",
            "строка 1: coefficient.cold_watter: неизвестный параметр, возможно, coefficient.cold_water",
        ),
        (COEFFICIENT + 'colour = "red"', "строка 7: coefficient.cold_water.colour: неизвестный ключ"),
        (COEFFICIENT.replace('"5"', '"пять"'), "строка 6: coefficient.cold_water.values[0].value: не число"),
        (COEFFICIENT.replace("values = [", "values = "), "это не TOML"),
        (TARIFF + 'colour = "red"', "строка 10: Неизвестное имя «colour»."),
        (TARIFF + TARIFF, "строка 17: Срок действия пересекается с тем же значением (строка 2)."),
        (TARIFF.replace('"45.00"', "45.00"), "строка 9: Неверное значение «value»."),
        (NORM + "\n[coefficient]\n", "строка 11: Неизвестное имя «coefficient»."),
        ("# ничего\n", "в файле нет ни правил, ни тарифов, ни нормативов"),
    ],
)
def test_errors_of_the_file_name_file_and_line(erkc: Run, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "проект.toml"
    file.write_text(content, encoding="utf-8")
    code, _, errors = erkc("impact", "--law", str(file))
    assert code == 2 and said in errors and "проект" in errors
    assert erkc("impact", "--law", str(tmp_path / "нет.toml"))[0] == 2
    assert erkc("impact")[0] == 2


def test_nothing_can_be_written_while_an_impact_is_computed(town: Application) -> None:
    with reading(town.engine) as connection, pytest.raises(InternalError, match="read-only"):
        connection.execute(text("INSERT INTO event (kind, subject_kind, subject_id, data, at) VALUES ('x', 'x', 1, '{}', now())"))


def test_a_month_that_nobody_computed_must_be_named(
    server_url: str, template_database: str, tmp_path: Path, erkc: Run, monkeypatch: Any
) -> None:
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        load(at_work(application), region_with())
        file = tmp_path / "t.toml"
        file.write_text(TARIFF, encoding="utf-8")
        code, _, errors = erkc("impact", "--law", str(file))
        assert code == 1 and "Ни один месяц ещё не рассчитан" in errors
        code, _, errors = erkc("impact", "--law", str(file), "--month", "2026-10")
        assert code == 1 and "Нет ни одного дома за октябрь 2026" in errors


def test_corrections_of_the_year_are_on_both_sides(server_url: str, template_database: str, tmp_path: Path) -> None:
    """March of the next year corrects common property charged by the norm: what the ledger knows of last year is read as for the month."""
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        load_region_file(application, "z.region.json", _region())
        take_file(application, "undecided.zip", _undecided())
        charge(application)
        drafted = _march(application)
        (tmp_path / "t.toml").write_text(TARIFF.replace("2026-10-01", "2027-01-01"), encoding="utf-8")
        proposed = read_proposed([tmp_path / "t.toml"], law())
        found = impact_of(application.engine, senders=_senders(application), month=None, law=law(), proposal=proposed.of, top=1)
        with application.engine.connect() as connection:
            statement = text("SELECT sum(recalculation) FROM charge_line WHERE month = :month")
            corrected = connection.execute(statement, {"month": MARCH.first}).scalar_one()
    assert found.month == MARCH and corrected != 0
    assert found.compared.sums.total.before + found.held_before.before == drafted.totals.total
    assert found.compared.sums.total.amount > 0 and set(found.compared.sums.by_cause) == {"tariff"}
