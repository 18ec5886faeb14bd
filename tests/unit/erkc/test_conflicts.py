"""Conflicts of two senders: shown with their sources, decided by a person, a rule or ГАР, remembered, and what is decided is charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ConfigError, InputError
from core.services.charge import approve_month
from core.services.conflicts import OpenConflict, decide_conflict, list_conflicts
from erkc.application import Application
from erkc.intake import load_region_file
from tests.unit.erkc.conftest import OCTOBER, Run
from tests.unit.erkc.test_second_town_month import (
    EXPECTED,
    MANAGER,
    REGION,
    RSO,
    SUPPLIER,
    UK,
    draft,
    senders,
    take,
    town,
)  # fmt: skip


@pytest.fixture
def taken(server_url: str, template_database: str, tmp_path: Path) -> Iterator[Application]:
    with town(server_url, template_database, tmp_path, RSO, UK) as application:
        yield application


def conflict(application: Application, attribute: str) -> OpenConflict:
    return next(one for one in list_conflicts(application.engine, month=OCTOBER) if one.attribute == attribute)


def decide(application: Application, number: str, inn: str, reason: str = "выписка ЕГРН") -> OpenConflict:
    return decide_conflict(application.engine, month=OCTOBER, number=number, inn=inn, reason=reason, actor="тест", clock=application.clock)


def with_rule(application: Application, attribute: str, rule: str) -> None:
    region = json.loads(json.dumps(REGION))
    region["settings"]["wins"][attribute] = rule
    load_region_file(application, "slobodka.region.json", json.dumps(region, ensure_ascii=False).encode())


def test_every_conflict_is_seen_with_the_file_row_and_day_of_each_value(taken: Application) -> None:
    found = list_conflicts(taken.engine, month=OCTOBER)
    assert len(found) == len(EXPECTED["conflicts"])
    said = {(one.attribute, tuple(sorted((s.sender.inn, s.value) for s in one.said)), one.taken_from) for one in found}
    assert said == {(c["attribute"], tuple(sorted(c["values"].items())), c["chosen"]) for c in EXPECTED["conflicts"]}
    for one in found:
        assert {s.source.split(":")[0] for s in one.said} == {UK, RSO}
        assert all("строка" in s.source and s.learned_at for s in one.said)


def test_a_decision_is_charged_remembered_and_makes_the_drafts_stale(taken: Application) -> None:
    manager, supplier = (senders(taken)[inn] for inn in (MANAGER, SUPPLIER))
    before = draft(taken, manager), draft(taken, supplier)
    area = conflict(taken, "area")
    decided = decide(taken, area.number, SUPPLIER)
    assert (decided.taken_from, decided.how) == (SUPPLIER, "decision")
    scope = {"month": OCTOBER, "actor": "тест", "clock": taken.clock}
    with pytest.raises(InputError, match="CH-0105"):
        approve_month(taken.engine, provider_id=manager, reason="тест", **scope)
    after = draft(taken, manager), draft(taken, supplier)
    assert all(one.is_new for one in after) and after[0].totals.total != before[0].totals.total
    told = [item for item in after[0].findings if "площадь" in item.message]
    assert len(told) == len([item for item in before[0].findings if "площадь" in item.message]) - 1, "what is decided is no finding"
    take(taken, UK)
    take(taken, RSO)
    again = next(one for one in list_conflicts(taken.engine, month=OCTOBER) if one.number == area.number)
    assert again.how == "decision" and again.earlier is not None and again.earlier.body.reason == "выписка ЕГРН"
    decide(taken, area.number, MANAGER, "ошибка в выписке")
    assert draft(taken, manager).totals.total == before[0].totals.total


def test_a_rule_of_the_region_decides_an_attribute_and_a_person_goes_before_it(taken: Application) -> None:
    assert conflict(taken, "residents").how == "rule" and conflict(taken, "residents").taken_from == MANAGER
    with_rule(taken, "residents", "РСО")
    ruled = conflict(taken, "residents")
    assert (ruled.taken_from, ruled.how) == (SUPPLIER, "rule")
    with_rule(taken, "residents", MANAGER)
    assert conflict(taken, "residents").taken_from == MANAGER
    assert decide(taken, ruled.number, SUPPLIER).how == "decision"
    with_rule(taken, "residents", "кто первый")
    with pytest.raises(ConfigError, match="GR-0104"):
        list_conflicts(taken.engine, month=OCTOBER)


def test_what_cannot_be_decided_is_refused(taken: Application) -> None:
    number = conflict(taken, "area").number
    for wrong, code in ((("00000000", MANAGER), "GR-0101"), ((number, "7700000000"), "GR-0102"), ((number, MANAGER, " "), "GR-0103")):
        with pytest.raises(InputError, match=code):
            decide(taken, *wrong)
    assert conflict(taken, "area").earlier is None


def test_the_commands_show_and_decide(taken: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken.database)
    code, out, _ = erkc("conflicts", "list", "2026-10", "--json")
    listed = json.loads(out)
    assert code == 0 and len(listed) == len(EXPECTED["conflicts"])
    code, out, _ = erkc("conflicts", "decide", "2026-10", listed[0]["number"], SUPPLIER, "--reason", "акт обмера")
    assert code == 0 and "взято" in out
    code, out, _ = erkc("conflicts", "list", "2026-10")
    assert code == 0 and "решение" in out and "строка" in out
    assert erkc("conflicts", "list", "2025-01")[0] == 0


def test_gar_settles_the_code_of_a_house_and_houses_are_matched_by_code_address_and_a_person(
    taken: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken.database)
    named = conflict(taken, "fias_house")
    theirs = next(said.value for said in named.said if said.sender.inn == SUPPLIER).lower()
    before = {(one["inn"], one["house"]): one for one in json.loads(erkc("region", "houses", "--all", "--json")[1])}
    assert {one["state"] for one in before.values()} == {"none"}
    other = next(
        one for one in before.values() if one["inn"] == MANAGER and one["fias"].lower() not in {s.value.lower() for s in named.said}
    )
    third = next(
        one for one in before.values() if one["inn"] == MANAGER and one["fias"] != other["fias"] and one["address"] != named.address
    )
    guids = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
    rows = [
        f"{theirs};02703000;{named.address};",
        f"{guids[0]};02703000;г. {other['address'].upper()};",
        f"{guids[1]};02703000;Новая {third['address']};",
        "не-код;02703000;где-то;",
    ]
    listed = tmp_path / "houses.csv"
    listed.write_text("\n".join(["fias;oktmo;address;cadastral", *rows[:3]]), encoding="cp1251")
    assert erkc("region", "load", str(listed))[0] == 0
    assert (conflict(taken, "fias_house").taken_from, conflict(taken, "fias_house").how) == (SUPPLIER, "gar")
    found = {(one["inn"], one["house"]): one for one in json.loads(erkc("region", "houses", "--all", "--json")[1])}
    assert found[MANAGER, other["house"]]["state"] == "address"
    proposed = found[MANAGER, third["house"]]
    assert proposed["state"] == "proposals" and guids[1] in {one["fias"] for one in proposed["gar"]}
    assert erkc("region", "match", MANAGER, third["house"], guids[1], "--reason", "письмо")[0] == 0
    again = {(one["inn"], one["house"]): one for one in json.loads(erkc("region", "houses", "--json")[1])}
    assert again[MANAGER, third["house"]]["state"] == "decision"
    assert erkc("region", "match", MANAGER, third["house"], guids[2], "--reason", "письмо")[0] == 1
    listed.write_text("\n".join(["fias;oktmo;address;cadastral", *rows]), encoding="utf-8")
    code, out, _ = erkc("region", "load", str(listed))
    assert code == 1 and "GR-0110" in out
