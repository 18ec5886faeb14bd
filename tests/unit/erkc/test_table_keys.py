"""What a company first told by tables is recognised when its archives bring it: the same account and meter, not others."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from core.ids import ProviderId
from core.model.records import Account, AccountPlace, Meter, Reading, Service
from core.records.bodies import StoredRecord, read_records
from core.records.entities import entity_ids
from core.records.providers import provider
from core.services.take import Taken
from core.storage.engine import transaction
from erkc.application import Application
from erkc.intake import take_file
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import ARCHIVE, TOWN, Run

ONE = ProviderId(1)
NUMBER, OWN, COPIED = "41199999999", "990001", "1001"
SERIAL, OWN_METER = "ТБ-7", "990777"


def _archive(section: str, number: int, cells: list[str]) -> list[list[str]]:
    """The town's archive with copies of an account and a meter under keys, a number and a serial of their own."""
    if section == "kvar" and cells[0] == COPIED:
        return [cells, [OWN, NUMBER, *cells[2:]]]
    if section == "kvaraccom" and cells[0] == COPIED:
        return [cells, [OWN, *cells[1:]]]
    if section == "pu" and cells[0] == COPIED:
        return [cells, [OWN_METER, *cells[1:3], OWN, *cells[4:6], SERIAL, *cells[7:]]]
    return [cells]


def _one_reading(section: str, number: int, cells: list[str]) -> list[list[str]]:
    """An increment that refers to the meter by its key and repeats neither it nor its account."""
    return [["990888", OWN_METER, "24.10.2026", "200.000", "1", "1"]] if section == "puval" and number == 1 else []


def test_an_archive_brings_nothing_twice_that_tables_have_told(
    taken_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    with transaction(taken_town.engine) as connection:
        sender = provider(connection, ONE)
        copied = {one.key: one.body for one in read_records(connection, Account, provider_id=ONE)}[COPIED]
        service = {one.key: one.body.name for one in read_records(connection, Service, provider_id=ONE)}["2"]
        fias = connection.execute(text("SELECT fias FROM record_house WHERE record_key = :key LIMIT 1"), {"key": copied.house}).scalar()
    file = tmp_path / "счета.csv"
    file.write_text(f"Лицевой счет;ФИАС;Площадь;Дата открытия\r\n{NUMBER};{fias};50,00;01.10.2026", encoding="cp1251")
    options = ("--inn", sender.inn, "--profile", "счета")
    assert erkc("table", "save", str(file), *options, "--kind", "accounts")[0] == 0
    code, out, err = erkc("table", "take", str(file), *options, "--month", "2026-10")
    assert code == 0, out + err

    meters = tmp_path / "приборы.csv"
    meters.write_text(f"Лицевой счет;Услуга;Заводской номер\r\n{NUMBER};{service};{SERIAL}", encoding="cp1251")
    options = ("--inn", sender.inn, "--profile", "приборы")
    assert erkc("table", "save", str(meters), *options, "--kind", "meters")[0] == 0
    code, out, err = erkc("table", "take", str(meters), *options, "--month", "2026-10")
    assert code == 0, out + err

    def told() -> dict[str, StoredRecord[Account]]:
        with transaction(taken_town.engine) as connection:
            return {one.key: one for one in read_records(connection, Account, provider_id=ONE) if one.body.number == NUMBER}

    assert set(told()) == {f"t/{NUMBER}"}
    with transaction(taken_town.engine) as connection:
        before = entity_ids(connection, ONE, "account")
    take_file(taken_town, "full.zip", edited(TOWN / ARCHIVE, _archive, info={14: "2"}))
    assert {key: one.body.area_e2 for key, one in told().items()} == {f"t/{NUMBER}": copied.area_e2}, (
        "the same account, as the archive says"
    )
    with transaction(taken_town.engine) as connection:
        assert entity_ids(connection, ONE, "account") == before, "no account more"
        places = [one.body for one in read_records(connection, AccountPlace, provider_id=ONE) if one.body.account in (OWN, f"t/{NUMBER}")]
    assert [one.account for one in places] == [f"t/{NUMBER}"]
    with transaction(taken_town.engine) as connection:
        meter = [(one.key, one.body.account) for one in read_records(connection, Meter, provider_id=ONE) if one.body.serial == SERIAL]
    assert meter == [(f"t/t/{NUMBER}/2/{SERIAL}", f"t/{NUMBER}")]
    later = take_file(taken_town, "later.zip", edited(TOWN / ARCHIVE, _one_reading, info={14: "2"}))
    assert isinstance(later, Taken) and later.status == "accepted", "the key of the meter is remembered"
    with transaction(taken_town.engine) as connection:
        read = [one.body.meter for one in read_records(connection, Reading, provider_id=ONE) if one.key == "990888"]
    assert read == [meter[0][0]]
