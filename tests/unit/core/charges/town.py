"""The synthetic town read straight from its archive into facts: no adapter and no database between the sample and the calculation.

Deliberately simple and apart from the product's reader, so that it checks the calculation alone. Record ids are running numbers.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from itertools import count
from typing import Any

from core.ids import EntityId, RecordId
from core.model.facts import (
    AbsenceFacts,
    AccountFacts,
    Facts,
    HouseFacts,
    InterruptionFacts,
    MeterFacts,
    NormFacts,
    ReadingFacts,
    ResidenceFacts,
    ServiceFacts,
    TariffFacts,
)

Rows = dict[str, list[list[str]]]


@dataclass
class Town:
    """Facts of the town, and the expected results with the names that join the two."""

    houses: list[HouseFacts]
    facts: Facts
    expected: dict[str, Any]
    inn: dict[EntityId, str]


class _Loader:
    def __init__(self) -> None:
        folder = files("examples.town") if (files("examples") / "town" / "__init__.py").is_file() else files("examples") / "town"
        self.region = json.loads((folder / "zarechinsk.region.json").read_text(encoding="utf-8"))
        self.expected = json.loads((folder / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
        archive = zipfile.ZipFile(io.BytesIO((folder / "zarechinsk-2026-10-valid.zip").read_bytes()))
        self.rows: Rows = {
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(archive.read(name).decode("cp1251")), delimiter=";"))[1:]
            for name in archive.namelist()
            if name.endswith(".csv")
        }
        self.numbers = count(1)
        self.organisations = {row[16]: self.entity() for row in self.rows["contragent"]}
        self.organisation_by_key = {row[0]: self.organisations[row[16]] for row in self.rows["contragent"]}
        self.services = {row[0]: (row, self.entity(), self.record()) for row in self.rows["dictusluga"]}
        self.residents = _by(self.rows["gil"], 1)
        self.absent = _by(self.rows["gilout"], 1)
        self.readings = _by(self.rows["puval"], 1)
        self.meters = _by(self.rows["pu"], 3)
        self.places = {row[0]: row for row in self.rows["kvaraccom"]}
        self.premises = {row[0]: (row, self.record()) for row in self.rows["premises"]}
        self.rooms = {row[0]: row for row in self.rows["room"]}

    def record(self) -> RecordId:
        return RecordId(next(self.numbers))

    def entity(self) -> EntityId:
        return EntityId(next(self.numbers))

    def meter(self, row: list[str]) -> MeterFacts:
        readings = sorted(
            (ReadingFacts(_day(r[2]), _scaled(r[3], 3), self.record()) for r in self.readings[row[0]]), key=lambda item: item.taken_on
        )
        return MeterFacts(
            key=row[0], kind=int(row[2]), account=row[3] or None, service=row[5], serial=row[6], digits=int(row[9]),
            commissioned_on=_maybe_day(row[10]), next_verification_on=_maybe_day(row[12]), closed_on=_maybe_day(row[13]),
            start_e3=_scaled(row[15], 3), is_open=row[17] == "1", source=self.record(), readings=tuple(readings),
        )  # fmt: skip

    def account(self, row: list[str]) -> AccountFacts:
        place = self.places[row[0]]
        room = self.rooms.get(place[3])
        premises, place_source = self.premises[place[1] or (room[2] if room else "")]
        return AccountFacts(
            account_id=self.entity(), key=row[0], number=row[1], kind=int(row[30]), residential=premises[2] == "1",
            premises_number=premises[5], room_number=room[6] if room else None, no_meter=premises[23] == "1",
            no_meter_reason=int(premises[24]) if premises[24] else None, area_e2=_scaled(row[15], 2), opened_on=_day(row[7]),
            closed_on=_maybe_day(row[8]), gas_stove=row[20] == "1", gas_heater=row[21] == "1",
            source=self.record(), place_source=place_source,
            residences=tuple(ResidenceFacts(r[0], _day(r[4]), _maybe_day(r[5]), self.record()) for r in self.residents[row[0]]),
            absences=tuple(AbsenceFacts(r[2], _day(r[3]), _day(r[4]), self.record()) for r in self.absent[row[0]]),
            meters=tuple(self.meter(r) for r in self.meters[row[0]] if r[2] == "3"),
        )  # fmt: skip

    def service(self, key: str, starts: date | None, ends: date | None) -> ServiceFacts:
        row, entity, source = self.services[key]
        return ServiceFacts(
            service_id=entity, key=key, name=row[1], kind=int(row[3]), provision=int(row[4]), base_service=row[5] or None,
            utility_kind=_maybe_int(row[6]), housing_kind=_maybe_int(row[7]), resource_kind=_maybe_int(row[11]), okei=row[9],
            starts_on=starts, ends_on=ends, source=source,
        )  # fmt: skip

    def house(self, row: list[str]) -> HouseFacts:
        key = row[0]
        contract = next(r for r in self.rows["duou"] if r[2] == key)
        price = next((r for r in self.rows["ducharge"] if r[8] == contract[0]), None)
        decision = next((r for r in self.rows["kapremdecisions"] if r[1] == key), None)
        services = [self.service(r[1], _maybe_day(r[2]), _maybe_day(r[3])) for r in self.rows["duouusluga"] if r[0] == contract[0]]
        if decision is not None:
            services.append(self.service("10", None, None))
        regime = next((r for r in self.rows["housedoc"] if r[1] == key and r[2] == "9001"), None)
        return HouseFacts(
            house_id=self.entity(), key=key, fias=row[8], oktmo=row[9], address=f"{row[3]}, {row[4]}", useful_area_e2=_scaled(row[24], 2),
            common_area_e2=_scaled(row[23], 2), heated_common_area_e2=None, soi_mode=int(regime[6]) if regime else None,
            soi_mode_source=self.record() if regime else None, source=self.record(), manager_id=self.organisation_by_key[row[32]],
            contribution_creditor_id=self.contribution_creditor(decision),
            contribution_excess_e6=_scaled(decision[7], 6) if decision else None,
            contribution_source=self.record() if decision else None, price_e6=_scaled(price[5], 6) if price else None,
            price_source=self.record() if price else None, services=tuple(services),
            accounts=tuple(self.account(r) for r in self.rows["kvar"] if r[2] == key),
            meters=tuple(self.meter(r) for r in self.rows["pu"] if r[1] == key and r[2] == "1"),
            interruptions=tuple(self.interruptions(key)),
        )  # fmt: skip

    def interruptions(self, house: str) -> list[InterruptionFacts]:
        return [
            InterruptionFacts(r[2], _instant(r[3]), _instant(r[4]), _scaled(r[5], 2) if r[5] else None, self.record())
            for r in self.rows.get("nedo", [])
            if r[1] == house
        ]

    def contribution_creditor(self, decision: list[str] | None) -> EntityId | None:
        if decision is None:
            return None
        if decision[6] == "1":
            owner = next(r[3] for r in self.rows["contragentrschet"] if r[0] == decision[16])
        else:
            owner = next(r[0] for r in self.rows["contragentrole"] if r[1] == "14")
        return self.organisation_by_key[owner]

    def facts(self) -> Facts:
        tariffs = tuple(
            TariffFacts(
                kind=t["kind"], utility_kind=t["utility_kind"], resource_kind=t.get("resource_kind"), zone=t.get("zone"),
                supplier_id=self.organisations[t["supplier_inn"]] if t["supplier_inn"] else None, oktmo=t["oktmo"], act=t["act"],
                first=date.fromisoformat(t["valid_from"]), last=date.fromisoformat(t["valid_to"]) if t["valid_to"] else None,
                value_e6=_scaled(t["value"], 6), source=self.record(),
            )
            for t in self.region["tariffs"]
        )  # fmt: skip
        norms = tuple(
            NormFacts(
                n["utility_kind"],
                n["resource_kind"],
                n["basis"],
                n["unit_okei"],
                date.fromisoformat(n["valid_from"]),
                _scaled(n["value"], 6),
                self.record(),
            )
            for n in self.region["norms"]
        )
        settings = self.region["settings"]
        return Facts(tariffs, norms, settings, {name: self.record() for name in settings})


def load_town() -> Town:
    """Read the sample town."""
    loader = _Loader()
    houses = [loader.house(row) for row in loader.rows["house"]]
    return Town(houses, loader.facts(), loader.expected, {entity: inn for inn, entity in loader.organisations.items()})


def _by(rows: list[list[str]], column: int) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _day(text: str) -> date:
    return date(int(text[6:10]), int(text[3:5]), int(text[:2]))


def _maybe_day(text: str) -> date | None:
    return _day(text) if text else None


def _instant(text: str) -> datetime:
    day = _day(text)
    return datetime(day.year, day.month, day.day, int(text[11:13]), int(text[14:16]), int(text[17:19]))  # noqa: DTZ001 - local time of the house


def _maybe_int(text: str) -> int | None:
    return int(text) if text else None


def _scaled(text: str, places: int) -> int:
    return int(Decimal(text).scaleb(places))
