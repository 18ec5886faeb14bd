"""The second synthetic town, of two senders, read straight from its archives into facts: apart from the product's reader, as ``town``."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from typing import Any

from core.charges.joint import Conflict, join_house
from core.ids import EntityId
from core.model.facts import AccountFacts, Facts, HouseFacts, MeterFacts, NormFacts, ReadingFacts, ReliefFacts, ServiceFacts, TariffFacts
from core.period import Month
from tests.unit.core.charges.town import _by, _day, _Loader, _maybe_day, _maybe_int, _scaled

OCTOBER = Month(2026, 10)
_ZONES = {None: None, "single": 1, "day": 2, "night": 3}


@dataclass
class SecondTown:
    """The joint houses, facts and expected results, with the names that join them."""

    houses: list[HouseFacts]
    conflicts: list[tuple[HouseFacts, list[Conflict]]]
    facts: Facts
    expected: dict[str, Any]
    inn: dict[EntityId, str]
    senders: tuple[str, ...]


class _Sender(_Loader):
    """One archive of the town; organisations are known to both by ИНН."""

    def __init__(self, archive: str, region: dict[str, Any], numbers: Any, organisations: dict[str, EntityId]) -> None:
        content = zipfile.ZipFile(io.BytesIO((files("examples") / "town2" / archive).read_bytes()))
        self.rows = {
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(content.read(name).decode("cp1251")), delimiter=";"))[1:]
            for name in content.namelist()
            if name.endswith(".csv")
        }
        self.region = region
        self.numbers = numbers
        for row in self.rows["contragent"]:
            organisations.setdefault(row[16], self.entity())
        self.organisations = organisations
        self.organisation_by_key = {row[0]: organisations[row[16]] for row in self.rows["contragent"]}
        self.services = {row[0]: (row, self.entity(), self.record()) for row in self.rows["dictusluga"]}
        self.residents = _by(self.rows["gil"], 1)
        self.absent = _by(self.rows.get("gilout", []), 1)
        self.readings = _by(self.rows["puval"], 1)
        self.meters = _by(self.rows["pu"], 3)
        self.shared = _by(self.rows.get("pukvar", []), 1)
        self.places = {row[0]: row for row in self.rows["kvaraccom"]}
        self.premises = {row[0]: (row, self.record()) for row in self.rows["premises"]}
        self.rooms = {row[0]: row for row in self.rows["room"]}
        self.payers = {row[0]: row[1] for row in self.rows["kvarels"]}
        self.devices = {row[0]: row for row in self.rows["pu"]}

    def meter(self, row: list[str]) -> MeterFacts:
        readings = sorted(
            (ReadingFacts(_day(r[2]), _scaled(r[3], 3), self.record(), int(r[5]) if r[5] else None) for r in self.readings[row[0]]),
            key=lambda item: item.taken_on,
        )
        return replace(super().meter(row), readings=tuple(readings))

    def account(self, row: list[str]) -> AccountFacts:
        account = super().account(row)
        flat = [self.devices[one[0]] for one in self.shared[row[0]]]
        reliefs = tuple(
            ReliefFacts(r[4], _scaled(r[5], 2), int(r[6]), _day(r[7]), _maybe_day(r[8]), self.record())
            for r in self.rows.get("relief", [])
            if r[1] == row[0] and r[3] == "1"
        )
        meters = (*account.meters, *(self.meter(one) for one in flat))
        return replace(account, payer=self.payers[row[0]], meters=meters, reliefs=reliefs)

    def service(self, key: str, starts: date | None, ends: date | None) -> ServiceFacts:
        row = self.services[key][0]
        return replace(super().service(key, starts, ends), zone=_maybe_int(row[8]))

    def contract(self, row: list[str]) -> list[ServiceFacts]:
        """Services by direct contracts of the supplier: those of its dictionary whose kinds stand in the contract for the house."""
        addresses = {r[0] for r in self.rows["drsoaddress"] if r[2] == row[0]}
        kinds = {(r[2], r[3]) for r in self.rows["drsouslugares"] if r[1] in addresses}
        return [
            replace(self.service(key, None, None), account_kinds=(2,))
            for key, (service, _, _) in self.services.items()
            if (service[6], service[11]) in kinds
        ]

    def house(self, row: list[str]) -> HouseFacts:
        if "duou" in self.rows:
            house = super().house(row)
            known = {service.key for service in house.services}
            waste = [key for key, (service, _, _) in self.services.items() if service[6] == "8" and key not in known]
            agents = any(account.kind == 6 for account in house.accounts)
            added = tuple(self.service(key, None, None) for key in waste if agents)
            bases = {service.base_service for service in house.services if service.base_service} - known
            decided = next((r for r in self.rows["housedoc"] if r[1] == row[0] and r[2] == "9003"), None)
            return replace(
                house, services=(*house.services, *added), base_services=tuple(self.service(key, None, None) for key in sorted(bases)),
                waste_basis=int(decided[6]) if decided else None, waste_basis_source=self.record() if decided else None,
            )  # fmt: skip
        return HouseFacts(
            house_id=self.entity(), key=row[0], fias=row[8], oktmo=row[9], address=f"{row[3]}, {row[4]}",
            useful_area_e2=_scaled(row[24], 2),
            common_area_e2=_scaled(row[23], 2), heated_common_area_e2=None, soi_mode=None, soi_mode_source=None, source=self.record(),
            manager_id=None, contribution_creditor_id=None, contribution_excess_e6=None, contribution_source=None, price_e6=None,
            price_source=None, services=tuple(self.contract(row)),
            accounts=tuple(self.account(r) for r in self.rows["kvar"] if r[2] == row[0]),
            meters=tuple(self.meter(r) for r in self.rows["pu"] if r[1] == row[0] and r[2] == "1"),
            interruptions=tuple(self.interruptions(row[0])),
        )  # fmt: skip

    def region_facts(self) -> Facts:
        tariffs = tuple(
            TariffFacts(
                kind=t["kind"], utility_kind=t["utility_kind"], resource_kind=t["resource_kind"], zone=_ZONES[t["zone"]],
                supplier_id=self.organisations[t["supplier_inn"]] if t["supplier_inn"] else None, oktmo=t["oktmo"], act=t["act"],
                first=date.fromisoformat(t["valid_from"]), last=date.fromisoformat(t["valid_to"]) if t["valid_to"] else None,
                value_e6=_scaled(t["value"], 6), source=self.record(),
            )
            for t in self.region["tariffs"]
        )  # fmt: skip
        norms = tuple(
            NormFacts(
                n["utility_kind"], n["resource_kind"], n["basis"], n["unit_okei"], date.fromisoformat(n["valid_from"]),
                _scaled(n["value"], 6), self.record(),
            )
            for n in self.region["norms"]
        )  # fmt: skip
        settings = self.region["settings"]
        return Facts(tariffs, norms, settings, {name: self.record() for name in settings})


def load_second_town(*, reverse: bool = False) -> SecondTown:
    """Read both archives and join their houses; ``reverse``: the other one first, which must change nothing."""
    folder = files("examples") / "town2"
    region = json.loads((folder / "slobodka.region.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "slobodka-2026-10-valid.expected.json").read_text(encoding="utf-8"))
    numbers = iter(range(1, 10**6))
    organisations: dict[str, EntityId] = {}
    names = ["slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"]
    senders = [_Sender(name, region, numbers, organisations) for name in (names[::-1] if reverse else names)]
    per_sender = [{row[12]: sender.house(row) for row in sender.rows["house"]} for sender in senders]
    houses, conflicts = [], []
    for cadastral in senders[0].rows["house"]:
        joint, found = join_house([of[cadastral[12]] for of in per_sender], OCTOBER)
        houses.append(joint)
        conflicts.append((joint, found))
    inns = tuple(next(iter(sender.rows["_info"]), [""])[1] if "_info" in sender.rows else "" for sender in senders)
    return SecondTown(houses, conflicts, senders[0].region_facts(), expected, {entity: inn for inn, entity in organisations.items()}, inns)
