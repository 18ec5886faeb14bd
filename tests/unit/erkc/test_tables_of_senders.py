"""Tables through the command line on a town: proposed, saved, shown before, taken once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.ids import ProviderId
from core.model.records import Account
from core.records.bodies import read_records
from core.records.providers import provider
from core.storage.engine import transaction
from erkc.application import Application
from tests.unit.erkc.conftest import Run

ONE = ProviderId(1)


def test_a_table_is_shown_before_it_is_taken(taken_town: Application, erkc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    with transaction(taken_town.engine) as connection:
        sender = provider(connection, ONE)
        first, second = [one for one in read_records(connection, Account, provider_id=ONE) if one.body.closed_on is None][:2]
    file = tmp_path / "площади.csv"
    lines = ("Лицевой счет;Площадь", f"{first.body.number};77,70", f"{second.body.number};{second.body.area_e2 / 100:.2f}", "нет такого;1")
    file.write_text("\r\n".join(lines), encoding="cp1251")
    options = ("--inn", sender.inn, "--profile", "площади")
    code, out, _ = erkc("table", "propose", str(file), "--json")
    assert code == 0 and [one["column"] for one in json.loads(out)["columns"]] == ["number", "total_area"]
    assert erkc("table", "preview", str(file), *options, "--month", "2026-10")[0] == 1, "no profile yet"
    assert erkc("table", "save", str(file), *options, "--kind", "areas")[0] == 0
    code, out, _ = erkc("table", "preview", str(file), *options, "--month", "2026-10", "--json")
    shown = json.loads(out)
    area = f"{first.body.area_e2}"
    assert (code, shown["changed"], shown["new"], shown["unchanged"]) == (1, {"account": 1}, {}, 1)
    assert shown["changes"][0]["fields"] == {"area_e2": [area, "7770"]} and [one["code"] for one in shown["findings"]] == ["TBL-0106"]
    with transaction(taken_town.engine) as connection:
        assert {one.key: one.body for one in read_records(connection, Account, provider_id=ONE)}[first.key] == first.body, (
            "nothing was stored"
        )
    assert erkc("table", "take", str(file), *options, "--month", "2026-10")[0] == 1
    with transaction(taken_town.engine) as connection:
        now = {one.key: one.body for one in read_records(connection, Account, provider_id=ONE)}
    assert now[first.key].area_e2 == 7770 and now[second.key] == second.body
    code, out, _ = erkc("table", "preview", str(file), *options, "--month", "2026-10", "--json")
    assert (json.loads(out)["changed"], json.loads(out)["unchanged"]) == ({}, 2), "taken is what was shown"
    assert "уже принимался" in erkc("table", "take", str(file), *options, "--month", "2026-10")[1]
    code, out, _ = erkc("table", "profiles", "--json")
    assert [(one["profile"], one["kind"]) for one in json.loads(out)] == [("площади", "areas")]
