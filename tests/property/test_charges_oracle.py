"""Random houses: the product and an independent computation from the description of the law agree to the kopeck, always.

``ERKC_ORACLE_HOUSES`` sets how many houses are compared; ``pytest -s -k histogram`` prints what occurred.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from config.law import tables
from core.charges import HouseCharges, Law, charge_house, explain_line
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
    ReliefFacts,
    ResidenceFacts,
    ServiceFacts,
    TariffFacts,
)
from core.period import Month
from tests.oracle.houses import random_house
from tests.oracle.law354 import charge

HOUSES = int(os.environ.get("ERKC_ORACLE_HOUSES", "500"))
LAW = Law.from_tables(tables())
SOURCE = RecordId(1)
OKTMO = "02701000001"

CODES: dict[str, dict[str, Any]] = {
    "maintenance": {"kind": 2, "housing_kind": 3}, "contribution": {"kind": 2, "housing_kind": 2},
    "common": {"kind": 2, "provision": 2, "base_service": "cold", "housing_kind": 3, "resource_kind": 1},
    "cold": {"utility_kind": 1, "resource_kind": 1}, "hot": {"utility_kind": 2, "resource_kind": 2},
    "hot_heat": {"utility_kind": 2, "resource_kind": 5}, "sewage": {"utility_kind": 3, "resource_kind": 8},
    "power": {"utility_kind": 4, "resource_kind": 3}, "day": {"utility_kind": 4, "resource_kind": 3, "zone": 2},
    "night": {"utility_kind": 4, "resource_kind": 3, "zone": 3}, "gas": {"utility_kind": 5, "resource_kind": 4},
    "heat": {"utility_kind": 6, "resource_kind": 5}, "waste": {"utility_kind": 8, "resource_kind": 9},
}  # fmt: skip
SERVICE_IDS = {name: EntityId(i) for i, name in enumerate(CODES, start=1)}


def _e(value: Fraction, places: int) -> int:
    scaled = value * 10**places
    assert scaled.denominator == 1, f"{value} has more than {places} places"
    return int(scaled)


def _service(name: str, house: dict[str, Any]) -> ServiceFacts:
    codes: dict[str, Any] = {
        "kind": 1, "provision": 1, "base_service": None, "utility_kind": None, "housing_kind": None, "resource_kind": None, **CODES[name]
    }  # fmt: skip
    if name == "hot" and house["two_component"]:
        codes["resource_kind"] = 1
    return ServiceFacts(service_id=SERVICE_IDS[name], key=name, name=name, okei="", starts_on=None, ends_on=None, source=SOURCE, **codes)


def _meter(service: str, device: dict[str, Any], *, key: str, kind: int, night: list[Any] | None = None) -> MeterFacts:
    readings = [ReadingFacts(day, _e(value, 3), SOURCE, 1 if night is not None else None) for day, value in device["readings"]]
    readings += [ReadingFacts(day, _e(value, 3), SOURCE, 2) for day, value in night or []]
    failed = device["failed"]
    return MeterFacts(
        key=key, kind=kind, account=None, service=service, serial=key, digits=device["digits"], commissioned_on=device["installed"],
        next_verification_on=None if failed else device["last_valid"], closed_on=None, start_e3=_e(device["start"], 3), is_open=True,
        source=SOURCE, readings=tuple(sorted(readings, key=lambda item: item.taken_on)), failed_on=failed,
    )  # fmt: skip


def _chain(service: str, devices: list[dict[str, Any]], *, key: str, kind: int) -> list[MeterFacts]:
    """A chain of devices; a device that another follows was removed on its last day."""
    meters = []
    for i, device in enumerate(devices):
        meter = _meter(service, device, key=f"{key}.{i}", kind=kind)
        if i + 1 < len(devices):
            meter = MeterFacts(
                **{**{f: getattr(meter, f) for f in MeterFacts.__slots__}, "closed_on": device["last_valid"], "next_verification_on": None}
            )
        meters.append(meter)
    return meters


def _devices(chains: list[dict[str, Any]], *, key: str, kind: int) -> list[MeterFacts]:
    """Meters of an account or a flat; day and night are one device."""
    night = next((chain for chain in chains if chain["service"] == "night"), None)
    meters = []
    for i, chain in enumerate(chains):
        if chain["service"] == "night":
            continue
        if chain["service"] == "day" and night is not None:
            meters.append(_meter("day", chain["devices"][0], key=f"{key}.{i}", kind=kind, night=night["devices"][0]["readings"]))
        else:
            meters += _chain(chain["service"], chain["devices"], key=f"{key}.{i}", kind=kind)
    return meters


def _account(one: dict[str, Any], house: dict[str, Any], number: int) -> AccountFacts:
    meters = _devices(one["meters"], key=one["id"], kind=3)
    wide = house["flats"].get(one["flat"], {})
    meters += _devices([{"service": name, **chain} for name, chain in wide.items()], key=f"flat {one['flat']}", kind=4)
    if one["heat_meter"] is not None:
        meters.append(_heat_meter(house, one["heat_meter"], key=f"heat {one['id']}", kind=3))
    refused = tuple(name for name in house["metered"] if one["access_refused"])
    return AccountFacts(
        account_id=EntityId(1000 + number), key=one["id"], number=one["id"], kind=4, residential=one["residential"],
        premises_number="F" if one["flat"] else one["premises"], room_number=one["id"] if one["flat"] else None, no_meter=True,
        no_meter_reason=one["no_meter_reason"], area_e2=_e(one["area"], 2), opened_on=one["opened"], closed_on=one["closed"],
        gas_stove=one["stove"], gas_heater=one["heater"], source=SOURCE, place_source=SOURCE,
        reliefs=tuple(
            ReliefFacts(service, int(share * 10_000), entitled, since, None, SOURCE)
            for service, share, entitled, since in one["reliefs"]
            if one["residential"] and service in (*house["metered"], "sewage")
        ),
        residences=tuple(ResidenceFacts(str(i), first, last, SOURCE) for i, (first, last) in enumerate(one["persons"])),
        absences=tuple(AbsenceFacts("0", left, back, SOURCE) for left, back in one["absences"]), meters=tuple(meters),
        owners=one["owners"],
        own_heating_e2=_e(one["own_heating"], 2), access_refused=refused,
        living_area_e2=None if one["living"] is None else _e(one["living"], 2),
    )  # fmt: skip


def _heat_meter(house: dict[str, Any], volume: Fraction, *, key: str, kind: int) -> MeterFacts:
    """A heat meter that counted the volume in the month of the house."""
    month = Month(*house["month"])
    start = Fraction(100)
    readings = [(month.previous().last, start), (month.last, start + volume)]
    return _meter(
        "heat",
        {"start": start, "installed": None, "last_valid": None, "failed": None, "digits": 5, "readings": readings},
        key=key,
        kind=kind,
    )


def _house_meters(house: dict[str, Any]) -> list[MeterFacts]:
    meters = []
    if house["house_cold"]:
        meters += _chain("cold", house["house_cold"]["devices"], key="house cold", kind=1)
    heat = house["house_heat"]
    if heat is not None and heat["failed"]:
        month, value = Month(2025, 10), Fraction(100)
        readings = [(date(2025, 9, 24), value)]
        for counted in heat["history"]:
            value += counted
            readings.append((month.last, value))
            month = month.next()
        device = {
            "start": Fraction(0),
            "installed": None,
            "last_valid": None,
            "failed": month.first.replace(day=5),
            "digits": 5,
            "readings": readings,
        }
        if month == Month(*house["month"]):
            device["failed"] = month.first  # the month of the failure has no day by the meter
        meters.append(_meter("heat", device, key="house heat", kind=1))
    elif heat is not None:
        meters.append(_heat_meter(house, heat["volume"], key="house heat", kind=1))
    return meters


def _house(house: dict[str, Any]) -> HouseFacts:
    names = ["maintenance", "contribution", *house["metered"], "sewage", "common", "heat", "waste"]
    if house["two_component"]:
        names.append("hot_heat")
    interruptions = []
    for service, items in house["interruptions"].items():
        for name in ["day", "night"] if service == "power" and "day" in house["metered"] else [service]:
            interruptions += [InterruptionFacts(name, first, last, stated * 100, SOURCE) for first, last, stated in items]
    soi = house["soi"]
    return HouseFacts(
        house_id=EntityId(1), key="h", fias="f", oktmo=OKTMO, address="дом", useful_area_e2=_e(house["S_all"], 2),
        common_area_e2=_e(house["S_common"], 2), heated_common_area_e2=_e(house["S_heated"], 2), soi_mode=None if soi == "odn" else soi,
        soi_mode_source=SOURCE, source=SOURCE, manager_id=EntityId(7), contribution_creditor_id=EntityId(8), contribution_excess_e6=0,
        contribution_source=SOURCE, price_e6=_e(house["tariffs"]["maintenance"][0][2], 6), price_source=SOURCE,
        services=tuple(_service(name, house) for name in names), meters=tuple(_house_meters(house)), interruptions=tuple(interruptions),
        accounts=tuple(_account(one, house, number) for number, one in enumerate(house["accounts"])), waste_basis=house["waste_basis"],
        heat_last_year_e6=None if house["heat_last_year"] is None else _e(house["heat_last_year"], 6),
        average_common_e6=(("common", _e(house["average_common"], 6)),),
    )  # fmt: skip


def _facts(house: dict[str, Any]) -> Facts:
    tariffs = []
    for name, slices in house["tariffs"].items():
        if name == "maintenance":
            continue
        codes = CODES["hot" if name == "carrier" else name]
        kind = "contribution" if name == "contribution" else "utility"
        resource = 1 if name == "carrier" else codes.get("resource_kind")
        tariffs += [
            TariffFacts(
                kind, codes.get("utility_kind"), resource, codes.get("zone"), EntityId(9), OKTMO, "акт", first, last, _e(value, 6), SOURCE
            )
            for first, last, value in slices
        ]
    norms = house["norms"]
    hot = 1 if house["two_component"] else 2
    rows: list[tuple[int | None, int, str, Fraction]] = [
        (1, 1, "per_person", norms["cold"]), (2, hot, "per_person", norms["hot"]), (4, 3, "per_person", norms["power"]),
        (2, 5, "heat_per_m3", norms["q"]), (5, 4, "per_person_cooking", norms["gas_cook"]),
        (5, 4, "per_person_heater", norms["gas_heater"]),
        (6, 5, "per_m2", norms["heat"]), (None, 1, "per_m2_common", norms["common"]), (8, 9, "per_person_year", norms["waste"]),
        (8, 9, "per_m2_year", norms["waste_m2"]),
    ]  # fmt: skip
    settings: dict[str, object] = {**house["settings"], "heating_months": house["season"], "heating_single_limit_hours": 16}
    settings["electricity_single_limit_hours"] = 24
    if house["soi"] == "odn":
        settings["soi_regime"] = "odn_354"
    found = tuple(NormFacts(u, r, basis, "", date(2020, 1, 1), _e(value, 6), SOURCE) for u, r, basis, value in rows)
    return Facts(tuple(tariffs), found, settings, dict.fromkeys(settings, SOURCE))


def _ours(result: HouseCharges, facts: HouseFacts) -> dict[str, dict[str, dict[str, int]]]:
    names = {one.account_id: one.key for one in facts.accounts}
    services = {entity: name for name, entity in SERVICE_IDS.items()}
    found: dict[str, dict[str, dict[str, int]]] = {one.key: {} for one in facts.accounts}
    for line in result.lines:
        found[names[line.account_id]][services[line.service_id]] = {
            "base": line.base, "surcharge": line.surcharge, "recalc": line.recalculation, "nedo": line.underdelivery,
            "benefit": line.benefit,
        }  # fmt: skip
    return found


def _compared(seed: int) -> tuple[HouseCharges, dict[str, Any]]:
    house = random_house(seed)
    facts = _house(house)
    result = charge_house(facts, _facts(house), LAW, Month(*house["month"]))
    held = [finding.message for finding in result.findings if finding.severity == "error"]
    assert not held, f"seed {seed}: {held}"
    assert _ours(result, facts) == charge(house), f"seed {seed}"
    return result, house


@pytest.mark.parametrize("block", range(10))
def test_random_houses_agree_to_the_kopeck(block: int) -> None:
    for seed in range(block * HOUSES // 10, (block + 1) * HOUSES // 10):
        _compared(seed)


_OF_METERS = ("ipu", "ipu_replaced", "ipu_after_average", "average", "norm")
_COMMON = ("СОИ 1", "СОИ 2 ОДПУ", "СОИ 3 ОДПУ", "СОИ 4 ОДПУ", "СОИ не решено ОДПУ", "ОДН ОДПУ", "СОИ без ОДПУ", "ОДН без ОДПУ")
_HEAT = tuple(f"{kind} {way}" for kind in ("norm", "house", "flats", "failed") for way in ("season", "evenly"))
_WATER = ("однокомпонентная", "двухкомпонентная")

PAIRS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cold": ((*_OF_METERS, "norm ×K", "ipu_flat"), _COMMON),
    "common": (("norm", "odpu", "average"), _COMMON),
    "heat": (("norm", "odpu", "odpu_part_metered", "ipu_odpu", "average"), _HEAT),
    "hot": ((*_OF_METERS, "norm ×K"), _WATER),
    "hot_heat": ((*_OF_METERS, "norm ×K"), ("двухкомпонентная",)),
    "sewage": (("sum_water", "sum_water ×K"), _WATER),
    "power": ((*_OF_METERS, "norm ×K", "ipu_flat"), ("один тариф",)),
    "day": (("ipu", "ipu_flat"), ("зоны",)),
    "night": (("ipu", "ipu_flat"), ("зоны",)),
    "gas": (("ipu", "ipu_after_average", "average", "norm"), ("без",)),
    "maintenance": (("area",), ("без",)),
    "contribution": (("area",), ("без",)),
    "waste": (("residents",), ("по жителям",)),
    "waste ": (("area",), ("по площади",)),
}
"""Service → its methods and its regimes: every pair of the two must occur, but for those that cannot be."""

IMPOSSIBLE: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "the regime is by the house meter or its average, or else by the norm: a regime has one method": (
        "common",
        (
            *(("norm", regime) for regime in ("СОИ 2 ОДПУ", "СОИ 3 ОДПУ", "ОДН ОДПУ")),
            *(("odpu", regime) for regime in _COMMON if regime not in ("СОИ 2 ОДПУ", "ОДН ОДПУ")),
            *(("average", regime) for regime in _COMMON if regime != "СОИ 3 ОДПУ"),
        ),
    ),
    "no house meter: there is neither a house volume nor an average of it, and flats' own heat meters do not count": (
        "heat",
        tuple((method, regime) for method in ("odpu", "odpu_part_metered", "ipu_odpu", "average") for regime in _HEAT[:2]),
    ),
    "flats have no heat meters": (
        "heat", tuple((method, f"house {way}") for method in ("odpu_part_metered", "ipu_odpu") for way in ("season", "evenly")),
    ),
    "the meter works: an average takes the place of a failed one only": (
        "heat", tuple(("average", f"{kind} {way}") for kind in ("house", "flats") for way in ("season", "evenly")),
    ),
    "the meter works and is read: the norm is left for even payment before a year is known": (
        "heat", (("norm", "house season"), ("norm", "flats season")),
    ),
    "paid evenly, a twelfth of last year's house volume is shared by area: flats' meters enter by the correction of the year": (
        "heat", (("odpu_part_metered", "flats evenly"), ("ipu_odpu", "flats evenly")),
    ),
    "a failed meter: its average, then the norm, whatever the flats have": (
        "heat", tuple((method, "failed season") for method in ("odpu", "odpu_part_metered", "ipu_odpu")),
    ),
    "paid evenly, a meter that fails this year changes nothing: it is the house with last year's volume again": (
        "heat", tuple((method, "failed evenly") for method in PAIRS["heat"][0]),
    ),
}  # fmt: skip
"""Why a pair cannot be → the service and the pairs."""


def _regime(service: str, house: dict[str, Any]) -> str:
    """What of the house decides, beside the account's own meters, how the service is charged."""
    if service in ("cold", "common"):
        with_meter = bool(house["house_cold"])
        if house["soi"] == "odn":
            return "ОДН ОДПУ" if with_meter else "ОДН без ОДПУ"
        decided = "не решено" if house["soi"] is None else house["soi"]
        return "СОИ 1" if decided == 1 else f"СОИ {decided} ОДПУ" if with_meter else "СОИ без ОДПУ"
    if service == "heat":
        return f"{house['heat_kind']} {house['settings']['heating_payment']}"
    if service in ("hot", "sewage", "hot_heat"):
        return "двухкомпонентная" if house["two_component"] else "однокомпонентная"
    if service == "waste":
        return "по площади" if house["waste_basis"] == 2 else "по жителям"
    return {"power": "один тариф", "day": "зоны", "night": "зоны"}.get(service, "без")


def test_histogram_of_services_methods_and_regimes() -> None:
    """Every pair of service × method × regime that the law has occurs in the houses that are compared, and no other."""
    seen: Counter[tuple[str, str, str]] = Counter()
    clauses: Counter[tuple[str, str]] = Counter()
    services = {entity: name for name, entity in SERVICE_IDS.items()}
    for seed in range(min(HOUSES, 500)):
        result, house = _compared(seed)
        for line in result.lines:
            name = services[line.service_id]
            seen[name, f"{line.method}{' ×K' if line.surcharge else ''}", _regime(name, house)] += 1
            clauses[name, line.clause] += 1
    for (service, method, regime), times in sorted(seen.items()):
        sys.stdout.write(f"{service:13} {method:18} {regime:20} {times:6}\n")
    for (service, clause), times in sorted(clauses.items()):
        sys.stdout.write(f"{service:13} {clause:38}  {times:6}\n")
    wanted = {(service.strip(), method, regime) for service, (ways, regimes) in PAIRS.items() for method in ways for regime in regimes}
    impossible = {(service, *pair) for service, pairs in IMPOSSIBLE.values() for pair in pairs}
    assert impossible <= wanted
    assert set(seen) == wanted - impossible
    heat = {"formula_2", "formula_2_1", "formula_2_3", "formula_2_3_own", "formula_2_4", "formula_3", "formula_3_common", "formula_3_own"}
    heat |= {"formula_3_1", "formula_3_7", "formula_3_evenly", "formula_3_average", "formula_8"}
    assert {clause for service, clause in clauses if service == "heat"} == heat
    common = {"soi_norm", "soi_by_meter", "soi_average", "formula_12", "formula_12_capped"}
    assert {clause for service, clause in clauses if service == "common"} == common


@pytest.mark.parametrize("block", range(4))
def test_random_lines_explain_themselves(block: int) -> None:
    """The explanation of any line, made from its inputs alone, comes to the same kopecks; every share of common property closes."""
    for seed in range(block * 10, block * 10 + 10):
        house = random_house(seed + 50_000)
        facts = _house(house)
        result = charge_house(facts, _facts(house), LAW, Month(*house["month"]))
        for line in result.lines:
            assert explain_line(line).total == line.total
        whole = [volume for volume in result.volumes if volume.what == "soi" and volume.month == str(Month(*house["month"]))]
        areas = sum((one["area"] for one in house["accounts"] if one["closed"] is None), Fraction(0))
        if whole and areas == house["S_all"] and all(one["opened"] == date(2020, 1, 1) for one in house["accounts"]):
            parts = sum(line.volume_e6 for line in result.lines if line.service_id == SERVICE_IDS["common"])
            assert abs(parts - whole[0].volume_e6) <= len(house["accounts"])
