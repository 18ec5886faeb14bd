"""Regions that ship with the program: every value has its days and its act; the towns' folders say what their JSON says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from adapters.contract import RawMessage
from adapters.uk.region import RegionAdapter
from adapters.uk.region_fields import SETTINGS
from adapters.uk.region_source import pack_folder
from config import regions
from config.law import tables
from core.charges.law import Law
from core.model.finding import Finding
from core.model.records import ApprovedLimit, ApprovedNorm, ApprovedTariff, Record, RegionSetting, RegisteredSender

EXAMPLES = Path(__file__).parents[3] / "examples"
TOWNS = {"zarechinsk": EXAMPLES / "town" / "zarechinsk.region.json", "slobodka": EXAMPLES / "town2" / "slobodka.region.json"}


def records(message: RawMessage) -> list[Record]:
    items = list(RegionAdapter().parse(message, {}))
    assert [item for item in items if isinstance(item, Finding)] == []
    return [item for item in items if isinstance(item, Record)]


@pytest.mark.parametrize("name", regions.names())
def test_every_value_of_a_region_has_days_and_an_act(name: str) -> None:
    found = records(pack_folder(name, regions.contents(name)))
    for record in found:
        body = record.body
        if not isinstance(body, RegisteredSender):
            assert isinstance(body, ApprovedTariff | ApprovedNorm | ApprovedLimit | RegionSetting)
            assert isinstance(record.valid_from, date) and body.act, record.key
    assert {type(record.body) for record in found} >= {RegisteredSender, ApprovedTariff, ApprovedNorm, RegionSetting}
    assert len({(record.body.kind_name, record.key) for record in found}) == len(found)


@pytest.mark.parametrize("name", TOWNS)
def test_a_town_as_a_folder_says_what_its_json_says(name: str) -> None:
    def said(message: RawMessage) -> list[object]:
        bodies = [record.body for record in records(message)]
        plain = [replace(body, act="") if isinstance(body, ApprovedNorm | RegionSetting) else body for body in bodies]
        return sorted(plain, key=repr)

    assert said(pack_folder(name, regions.contents(name))) == said(RawMessage(TOWNS[name].name, TOWNS[name].read_bytes()))


def test_a_region_may_set_every_setting_of_the_law_and_every_bound() -> None:
    names = {name.removeprefix("setting.") for name in Law.from_tables(tables()).parameters if name.startswith("setting.")}
    bounds = {name.replace(".", "_") for name in Law.from_tables(tables()).parameters if name.startswith("bound.")}
    assert names | bounds <= SETTINGS.keys()


def test_the_rich_region_holds_what_a_region_may_decide() -> None:
    bodies = [record.body for record in records(pack_folder("priozersk", regions.contents("priozersk")))]
    cells = [body for body in bodies if isinstance(body, ApprovedNorm) and body.rooms is not None]
    assert {(cell.rooms, cell.persons) for cell in cells} == {(rooms, persons) for rooms in (1, 2, 3, 4) for persons in (1, 2, 3, 4, 5)}
    assert len({cell.first for cell in cells}) == 2
    assert {body.range_number for body in bodies if isinstance(body, ApprovedTariff)} == {None, 1, 2, 3}
    assert {body.oktmo for body in bodies if isinstance(body, ApprovedLimit)} == {"02705000001", "02705000011"}
    seasons = [json.loads(body.value_json) for body in bodies if isinstance(body, RegionSetting) and body.name == "heating_months"]
    assert [len(months) for months in seasons] == [9, 7]
