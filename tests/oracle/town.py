"""Houses of the synthetic town as the oracle's mappings, made from its records; imports records only, none of the code that charges.

The oracle knows one service of common property: cold water. The town's other two are left out here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from core.model.records import (
    Absence,
    Account,
    House,
    HouseParameter,
    HousePrice,
    Interruption,
    Meter,
    Premises,
    Reading,
    Record,
    Residence,
)
from core.period import Month

__all__ = ["SERVICES", "houses_of_town"]

SERVICES = {"1": "maintenance", "2": "cold", "3": "hot", "4": "sewage", "5": "power", "6": "heat", "7": "common", "10": "contribution"}
"""The town's key of a service → the oracle's name."""

_UTILITIES = {1: "cold", 2: "hot", 3: "sewage", 4: "power", 6: "heat"}
_HOUSE_METER = 1
_WALKED = 5
"""Months before the charged one that readings give a volume of."""

_DEFAULTS = {
    "late_reading": "difference", "k_effective": "by_day", "residence_end": "inclusive", "interruption_hours": "union",
    "interruption_base": "base", "undelivered_volume": "by_time", "odn_cap": "norm", "own_heating_unit": "premises", "wastewater_k": "1",
    "interruption_limits": "law", "rollover_factor": "3",
}  # fmt: skip
"""Section 19 of the description of the law."""


def houses_of_town(records: Iterable[Record], region: Mapping[str, Any], month: Month) -> dict[str, dict[str, Any]]:
    """The houses by key."""
    of: defaultdict[type, list[tuple[str, Any]]] = defaultdict(list)
    for record in records:
        of[type(record.body)].append((record.key, record.body))
    tariffs, norms = _prices(region), _norms(region)
    houses = {}
    for key, house in of[House]:
        price = next(body for _, body in of[HousePrice] if body.house == key)
        regime = next(body for _, body in of[HouseParameter] if body.house == key)
        start = month.previous(_WALKED)
        houses[key] = {
            "month": (month.year, month.month), "start": (start.year, start.month), "metered": ["cold", "hot", "power"], "flats": {},
            "settings": {**_DEFAULTS, **{name: str(value) for name, value in region["settings"].items()}},
            "two_component": False, "season": region["settings"]["heating_months"], "waste_basis": 1, "soi": int(regime.value),
            "S_common": Fraction(house.common_area_e2, 100), "S_all": Fraction(house.useful_area_e2, 100), "S_heated": Fraction(0),
            "average_common": None, "heat_last_year": None, "house_heat": None, "house_cold": None, "norms": norms, "accounts": [],
            "tariffs": {**tariffs, "maintenance": [(price.starts_on, price.ends_on, Fraction(price.price_e6, 10**6))]},
            "interruptions": defaultdict(list),
        }  # fmt: skip
    readings: defaultdict[str, list[tuple[date, Fraction]]] = defaultdict(list)
    for _, reading in of[Reading]:
        readings[reading.meter].append((reading.taken_on, Fraction(reading.value_e3, 1000)))
    accounts = {key: _account(key, body, dict(of[Premises])[key]) for key, body in of[Account]}
    for key, body in of[Account]:
        houses[body.house]["accounts"].append(accounts[key])
    for _, residence in of[Residence]:
        accounts[residence.account]["persons"].append((residence.first, residence.last))
    for _, absence in of[Absence]:
        accounts[absence.account]["absences"].append((absence.left_on, absence.back_on))
    for key, meter in of[Meter]:
        service, device = SERVICES[meter.service], _device(meter, readings[key])
        if meter.kind != _HOUSE_METER:
            accounts[meter.account]["meters"].append({"service": service, "devices": [device]})
        elif service == "cold":
            houses[meter.house]["house_cold"] = {"devices": [device]}
        elif service == "heat":
            (_, before), (_, now) = device["readings"][-2:]
            houses[meter.house]["house_heat"] = {"volume": now - before, "failed": False}
    for _, one in of[Interruption]:
        houses[one.house]["interruptions"][SERVICES[one.service]].append((one.starts_at, one.ends_at, None))
    return houses


def _account(key: str, account: Account, premises: Premises) -> dict[str, Any]:
    return {
        "id": key, "premises": key, "flat": None, "residential": premises.kind == 1, "area": Fraction(account.area_e2, 100),
        "opened": account.opened_on, "closed": account.closed_on, "no_meter_reason": premises.no_meter_reason, "stove": False,
        "heater": False, "owners": None, "access_refused": False, "persons": [], "absences": [], "meters": [], "reliefs": [],
        "own_heating": Fraction(0), "living": None, "heat_meter": None,
    }  # fmt: skip


def _device(meter: Meter, readings: list[tuple[date, Fraction]]) -> dict[str, Any]:
    assert meter.start_e3 is not None
    return {
        "start": Fraction(meter.start_e3, 1000), "installed": meter.commissioned_on, "last_valid": meter.next_verification_on,
        "failed": None, "digits": meter.digits, "readings": readings,
    }  # fmt: skip


def _prices(region: Mapping[str, Any]) -> dict[str, list[tuple[date, date, Fraction]]]:
    found: defaultdict[str, list[tuple[date, date, Fraction]]] = defaultdict(list)
    for tariff in region["tariffs"]:
        name = "contribution" if tariff["kind"] == "contribution" else _UTILITIES[tariff["utility_kind"]]
        days = (date.fromisoformat(tariff["valid_from"]), date.fromisoformat(tariff["valid_to"]))
        found[name].append((*days, Fraction(tariff["value"])))
    return {**found, "waste": [(date(2000, 1, 1), date(2100, 1, 1), Fraction(0))]}


def _norms(region: Mapping[str, Any]) -> dict[str, Fraction]:
    found = {"waste": Fraction(0), "waste_m2": Fraction(0)}
    for norm in region["norms"]:
        if norm["basis"] in ("per_person", "per_m2"):
            found[_UTILITIES[norm["utility_kind"]]] = Fraction(norm["value"])
        elif norm["resource_kind"] == 1:
            found["common"] = Fraction(norm["value"])
    return found
