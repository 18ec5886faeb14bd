"""Bringing a company in, step by step, each report repeatable: load, match, act of balances, parallel month, go-live of a house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import html

from core.errors import InputError
from core.records.latest import read_houses_list
from core.services.onboarding import agree_balances, balance_act, onboarding
from core.services.second_opinion import answer_audit
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from erkc.render.balance_act import balance_act_page
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import ARCHIVE, OCTOBER, TOWN, Run

INN = "0077000116"


def steps(application: Application) -> dict[str, bool]:
    return dict(onboarding(application.engine, inn=INN, month=OCTOBER, law=law()).done)


def test_from_the_first_archive_to_a_house_that_is_live(
    charged_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    assert steps(charged_town) == {"load": True, "match": False, "balances": False, "parallel": False, "live": False}
    with transaction(charged_town.engine) as connection:
        houses = read_houses_list(
            connection, provider_id=onboarding(charged_town.engine, inn=INN, month=OCTOBER, law=law()).sender.provider_id
        )
    listed = "\n".join(["fias;oktmo;address;cadastral", *(f"{row.fias};{row.oktmo};{row.address};" for row in houses)])
    load_region_file(charged_town, "gar.csv", listed.encode())
    assert steps(charged_town)["match"]

    act_file = tmp_path / "act" / "act.html"
    code, out, _ = erkc("onboard", "balances", INN, "2026-10", "--act", str(act_file), "--centre", "ООО «РЦ-Т»", "--json")
    act = json.loads(out)
    expected = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))["totals"]
    assert (code, act["stated"], act["posted"], act["agreed"]) == (0, expected["saldo_in"], expected["saldo_in"], False)
    assert act["stated_penalty"] == act["posted_penalty"] == expected["penalty_in"]
    page = html.fromstring(act_file.read_bytes()).text_content()
    assert "Разницы по лицевым счетам нет" in page and "подпись" in page and INN in page and page.count("ООО «РЦ-Т»") == 2
    assert erkc("onboard", "agree", INN, "2026-10")[0] == 1, "no reason, no agreement"
    assert erkc("onboard", "agree", INN, "2026-10", "--reason", "акт № 1 от 05.11.2026")[0] == 0
    assert steps(charged_town)["balances"]

    code, out, _ = erkc("onboard", "parallel", INN, "2026-10", "--json")
    parallel = json.loads(out)
    assert code == 0 and parallel["computed"] and all(line["causes"] and line["state"] == "open" for line in parallel["lines"])
    different = next(line["house"] for line in parallel["lines"])
    by_address = {row.address: row.key for row in houses}
    alike = next(row.key for row in houses if row.address not in {line["house"] for line in parallel["lines"]})
    live = ("--from", "2026-11-01", "--reason", "приказ № 5")
    code, _, err = erkc("onboard", "live", INN, "2026-10", by_address[different], *live)
    assert code == 1 and "ONB-0105" in err and "расхождений без ответа" in err
    assert erkc("onboard", "live", INN, "2026-10", alike, *live)[0] == 0
    answer_audit(
        charged_town.engine, month=OCTOBER, law=law(), numbers=[line["number"] for line in parallel["lines"]], closes=True,
        answer="письмо № 9: исправим", actor="тест", clock=charged_town.clock,
    )  # fmt: skip
    code, out, _ = erkc("onboard", "live", INN, "2026-10", *(row.key for row in houses), *live, "--json")
    assert code == 0 and set(json.loads(out)["done"].values()) == {True}
    assert all(house["live_from"] == "2026-11-01" for house in json.loads(out)["houses"])
    assert erkc("onboard", "status", INN, "2026-10")[0] == 0


def test_changed_balances_open_the_act_again(taken_town: Application) -> None:
    agree_balances(taken_town.engine, inn=INN, month=OCTOBER, reason="акт № 1", actor="тест", clock=taken_town.clock)
    assert balance_act(taken_town.engine, inn=INN, month=OCTOBER).is_agreed

    def more(section: str, number: int, cells: list[str]) -> list[list[str]]:
        if section != "saldo" or number != 1:
            return [cells] if section == "_info" else []
        return [[*cells[:5], f"{float(cells[5]) - 1000:.2f}", *cells[6:12], f"{float(cells[12]) - 1000:.2f}"]]

    take_file(taken_town, "more.zip", edited(TOWN / ARCHIVE, more, info={14: "2"}))
    act = balance_act(taken_town.engine, inn=INN, month=OCTOBER)
    assert act.agreed is not None and not act.is_agreed
    assert "Согласовано" not in balance_act_page(act, centre="РЦ").decode()
    with pytest.raises(InputError, match="ONB-0102"):
        agree_balances(taken_town.engine, inn=INN, month=OCTOBER.next(), reason="акт", actor="тест", clock=taken_town.clock)
