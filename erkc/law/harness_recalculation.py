"""Harness of the recalculation of closed months: a flat's facts before and after, both charged by the engine itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from core.charges.engine import charge_house
from core.charges.recalculate import Event, months_of_event, recalculate
from core.ids import EntityId, RecordId
from core.model.facts import (
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
from core.period import Month
from erkc.law.vectors import Got, Vector, harness

_SOURCE = RecordId(1)
_ACCOUNT = EntityId(1)
_LONG_AGO = date(2020, 1, 1)
_NAMES = {EntityId(11): "maintenance", EntityId(12): "cold", EntityId(13): "heat"}


@harness("recalc_scenario")
def recalc_scenario(vector: Vector) -> Got:
    """Closed months against the facts learnt later; blocked months are told and not posted."""
    months = [Month.parse(row["period"]) for row in vector.rows("months")]
    blocked = [(_ACCOUNT, Month.parse(row["period"])) for row in vector.rows("events") if row["kind"] == "block"]
    got, posted = Got(), 0
    for row, month in zip(vector.rows("months"), months, strict=True):
        before = _house(vector, row, month)
        after = _with_events(vector, before, months)
        facts = _facts(vector, row, month)
        lines = charge_house(before, facts, vector.law, month).lines
        found = recalculate(lines, [Event("events", after)], facts=facts, law=vector.law, month=month, accounts={_ACCOUNT}, blocked=blocked)
        for one in found:
            place = f"{'blocked/' if one.blocked else ''}{month}/{_NAMES[one.service_id]}"
            parts = {"base": one.base, "surcharge": one.surcharge, "reduction": one.recalculation + one.underdelivery}
            if _NAMES[one.service_id] == "cold":
                got.amounts |= {f"{place}.{name}": amount for name, amount in parts.items() if amount}
            else:
                got.amounts[place] = one.total
            posted += 0 if one.blocked else one.total
    got.amounts["posted"] = posted
    return got


def _service(key: int, **codes: Any) -> ServiceFacts:
    kinds: dict[str, Any] = {"kind": 1, "utility_kind": None, "housing_kind": None, "resource_kind": None, **codes}
    return ServiceFacts(
        service_id=EntityId(key), key=str(key), name=_NAMES[EntityId(key)], provision=1, base_service=None, okei="", starts_on=None,
        ends_on=None, source=_SOURCE, **kinds,
    )  # fmt: skip


def _house(vector: Vector, row: Any, month: Month) -> HouseFacts:
    """The house as it was charged: one flat, without the events."""
    services = [_service(11, kind=2, housing_kind=3), _service(12, utility_kind=1, resource_kind=1)]
    meters: tuple[MeterFacts, ...] = ()
    if "V_house" in row:
        services.append(_service(13, utility_kind=6, resource_kind=5))
        volume = int(Fraction(str(row["V_house"])) * 1000)
        readings = (ReadingFacts(month.previous().last, 0, _SOURCE), ReadingFacts(month.last, volume, _SOURCE))
        meters = (
            MeterFacts(
                key="m", kind=1, account=None, service="13", serial="m", digits=8, commissioned_on=_LONG_AGO, next_verification_on=None,
                closed_on=None, start_e3=0, is_open=True, source=_SOURCE, readings=readings,
            ),
        )  # fmt: skip
    people = tuple(ResidenceFacts(str(i), _LONG_AGO, None, _SOURCE) for i in range(int(vector.number("n"))))
    account = AccountFacts(
        account_id=_ACCOUNT, key="a", number="a", kind=4, residential=True, premises_number="1", room_number=None, no_meter=True,
        no_meter_reason=2, area_e2=int(vector.number("S") * 100), opened_on=_LONG_AGO, closed_on=None, gas_stove=False, gas_heater=False,
        source=_SOURCE, place_source=_SOURCE, residences=people, absences=(), meters=(),
    )  # fmt: skip
    return HouseFacts(
        house_id=EntityId(2), key="h", fias="", oktmo="0", address="", useful_area_e2=int(vector.number("S_ob") * 100), common_area_e2=None,
        heated_common_area_e2=None, soi_mode=1, soi_mode_source=None, source=_SOURCE, manager_id=EntityId(3), contribution_creditor_id=None,
        contribution_excess_e6=None, contribution_source=None, price_e6=int(vector.number("rate_m2") * 10**6), price_source=_SOURCE,
        services=tuple(services), accounts=(account,), meters=meters, interruptions=(),
    )  # fmt: skip


def _with_events(vector: Vector, house: HouseFacts, months: list[Month]) -> HouseFacts:
    (account,) = house.accounts
    interruptions = []
    for event in vector.rows("events"):
        if event["kind"] == "area":
            first = date.fromisoformat(event["from"])
            assert months_of_event(first, None, closed=months)
            account = replace(account, areas=(*account.areas, (first, int(Fraction(str(event["S"])) * 100), _SOURCE)))
        elif event["kind"] == "departure":
            leaving, last = int(event["count"]), date.fromisoformat(event["last_day"])
            gone = tuple(replace(one, last=last) for one in account.residences[:leaving])
            account = replace(account, residences=(*gone, *account.residences[leaving:]))
        elif event["kind"] == "interruption":
            begin, end = datetime.fromisoformat(event["from"]), datetime.fromisoformat(event["to"])
            assert end - begin > timedelta(0)
            interruptions.append(InterruptionFacts("12", begin, end, None, _SOURCE))
    return replace(house, accounts=(account,), interruptions=tuple(interruptions))


def _facts(vector: Vector, row: Any, month: Month) -> Facts:
    def tariff(utility: int, resource: int, value: Any) -> TariffFacts:
        micro = int(Fraction(str(value)) * 10**6)
        return TariffFacts("utility", utility, resource, None, EntityId(4), "0", "", month.first, month.last, micro, _SOURCE)

    tariffs = [tariff(1, 1, row["T"]), *([tariff(6, 5, row["T_heat"])] if "T_heat" in row else [])]
    norm = NormFacts(1, 1, "per_person", "", _LONG_AGO, int(vector.number("N") * 10**6), _SOURCE)
    settings: dict[str, object] = {
        "coefficient_cold_water": str(vector.number("K")), "heating_months": list(range(1, 13)), "heating_payment": "season",
        "undelivered_volume": "none", **vector.settings,
    }  # fmt: skip
    return Facts(tuple(tariffs), (norm,), settings, {})
