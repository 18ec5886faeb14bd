"""Readings of a month by commands: held with a reason, accepted by a person, the provider's window, the file that goes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.ids import ProviderId
from core.model.records import Reading
from core.records.bodies import read_records
from core.records.readings import month_readings
from core.services.table_profiles import save_table_profile
from core.storage.engine import transaction
from erkc.application import Application
from tests.unit.erkc.conftest import OCTOBER, Run

ONE, INN = ProviderId(1), "0077000116"


def test_held_readings_are_seen_decided_and_returned(
    taken_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    with transaction(taken_town.engine) as connection:
        shown = [one for one in month_readings(connection, provider_id=ONE, month=OCTOBER) if one.account_number and one.zone in (None, 1)]
        serials = [one.serial for one in shown]
        chosen = next(one for one in shown if serials.count(one.serial) == 1 and one.value_e3 > 5_000)
    file = tmp_path / "показания.csv"
    file.write_text(
        f"ЛС;№ счетчика;Дата;Показание\n{chosen.account_number};{chosen.serial};31.10.2026;{chosen.value_e3 // 1000 - 4}", encoding="cp1251"
    )
    profile = json.dumps(
        {"kind": "readings", "columns": {"number": "лс", "serial": "№ счетчика", "taken_on": "дата", "value": "показание"}, "services": {}}
    )
    save_table_profile(taken_town.engine, inn=INN, name="п", content=profile, about="", actor="тест", clock=taken_town.clock)
    assert erkc("table", "take", str(file), "--inn", INN, "--profile", "п", "--month", "2026-10")[0] == 0, "held is a warning"
    code, out, _ = erkc("readings", "list", INN, "2026-10", "--held", "--json")
    held = [one for one in json.loads(out)["readings"] if one["serial"] == chosen.serial]
    assert code == 0 and [(one["code"], one["channel"], one["state"], bool(one["reason"])) for one in held] == [
        ("F4-061", "организация", "held", True)
    ]
    assert json.loads(out)["window"]["first"] == 23 and "354" in json.loads(out)["window"]["basis"]
    key = held[0]["key"]
    assert erkc("readings", "accept", INN, "2026-10", key)[0] == 1, "no reason, no decision"
    assert erkc("readings", "accept", INN, "2026-10", "нет", "--reason", "x")[0] == 1
    assert erkc("readings", "accept", INN, "2026-10", key, "--reason", "акт проверки № 3")[0] == 0
    with transaction(taken_town.engine) as connection:
        assert key in {one.key for one in read_records(connection, Reading, provider_id=ONE)}, "in force now"
    assert key not in {one["key"] for one in json.loads(erkc("readings", "list", INN, "2026-10", "--held", "--json")[1])["readings"]}

    code, out, _ = erkc("readings", "list", INN, "2026-10", "--json")
    residents = [one for one in json.loads(out)["readings"] if one["channel"] == "житель"]
    mine = [one for one in residents if one["account"] and one["state"] == "accepted"]
    day = min(int(one["taken_on"][-2:]) for one in mine)
    assert erkc("readings", "window", INN, "--first", str(day), "--last", str(day), "--reason", "договор № 7")[0] == 0
    code, out, _ = erkc("readings", "return", INN, "2026-10", "--out", str(tmp_path / "out"), "--json")
    returned = json.loads(out)
    assert code == 0 and returned["readings"] == sum(int(one["taken_on"][-2:]) == day for one in mine) > 0
    assert sum(returned[name] for name in ("readings", "left_out", "without_account")) == len(residents), "nothing is left out unsaid"
    lines = Path(returned["file"]).read_bytes().decode("cp1251").splitlines()
    assert lines[0].startswith("***|житель|1|") and sum(line.startswith("@@@") for line in lines) == returned["readings"]
    assert erkc("readings", "window", INN, "--first", "9", "--last", "3", "--reason", "x")[0] == 2
