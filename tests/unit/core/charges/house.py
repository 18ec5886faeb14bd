"""A small house to change one fact of at a time: two flats, cold and hot water, wastewater, electricity, heating, common property."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from config.law import tables
from core.charges import HouseCharges, Law, charge_house
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, Facts, HouseFacts, MeterFacts, NormFacts, ReadingFacts, ResidenceFacts, ServiceFacts, TariffFacts
from core.model.lines import ChargeLine
from core.period import Month

OCTOBER = Month(2026, 10)
_numbers = count(1000)

SETTINGS: dict[str, object] = {
    "heating_payment": "season",
    "heating_months": [10, 11, 12, 1, 2, 3, 4],
    "k_electricity_basis": "no_meter",
    "undelivered_volume": "none",
    "communal_area": "stated",
}


def record() -> RecordId:
    return RecordId(next(_numbers))


def service(key: str, name: str, **codes: Any) -> ServiceFacts:
    """A service; ``codes`` are its fields."""
    defaults: dict[str, Any] = {
        "kind": 1, "provision": 1, "base_service": None, "utility_kind": None, "housing_kind": None, "resource_kind": None, "okei": "113",
        "starts_on": None, "ends_on": None, "source": record(),
    }  # fmt: skip
    return ServiceFacts(service_id=EntityId(int(key)), key=key, name=name, **{**defaults, **codes})


SERVICES = (
    service("1", "Содержание", kind=2, housing_kind=3),
    service("2", "Холодная вода", utility_kind=1, resource_kind=1),
    service("3", "Горячая вода", utility_kind=2, resource_kind=2),
    service("4", "Водоотведение", utility_kind=3),
    service("5", "Электроэнергия", utility_kind=4, resource_kind=3),
    service("6", "Отопление", utility_kind=6, resource_kind=5),
    service("7", "Холодная вода на СОИ", kind=2, provision=2, base_service="2", housing_kind=3, resource_kind=1),
    service("10", "Взнос", kind=2, housing_kind=2),
)


def readings(*values: str, until: Month = OCTOBER) -> tuple[ReadingFacts, ...]:
    """Readings of the 24th of consecutive months, the last in ``until``; ``-`` leaves a month out."""
    months = [until.previous(len(values) - 1 - i) for i in range(len(values))]
    return tuple(
        ReadingFacts(date(month.year, month.month, 24), int(Decimal(value).scaleb(3)), record())
        for month, value in zip(months, values, strict=True)
        if value != "-"
    )


def meter(of_service: str, *values: str, **changes: Any) -> MeterFacts:
    """A meter with monthly readings up to October."""
    facts = MeterFacts(
        key=f"m{next(_numbers)}", kind=3, account="a", service=of_service, serial="1", digits=5, commissioned_on=date(2020, 1, 1),
        next_verification_on=date(2030, 1, 1), closed_on=None, start_e3=0, is_open=True, source=record(), readings=readings(*values),
    )  # fmt: skip
    return replace(facts, **changes)


def account(key: str = "a", **changes: Any) -> AccountFacts:
    """A flat of 50 m² with two persons and no meters that could have them."""
    facts = AccountFacts(
        account_id=EntityId(next(_numbers)), key=key, number=f"ЛС-{key}", kind=4, residential=True, premises_number="1", room_number=None,
        no_meter=True, no_meter_reason=2, area_e2=5000, opened_on=date(2026, 1, 1), closed_on=None, gas_stove=False, gas_heater=False,
        source=record(), place_source=record(),
        residences=tuple(ResidenceFacts(f"{key}{i}", date(2020, 1, 1), None, record()) for i in range(2)), absences=(), meters=(),
    )  # fmt: skip
    return replace(facts, **changes)


def house(*accounts: AccountFacts, **changes: Any) -> HouseFacts:
    """A house of 100 m² of premises and 10 m² of common property, by the norm."""
    facts = HouseFacts(
        house_id=EntityId(1), key="1", fias="f", oktmo="02701000001", address="Тестовая, 1", useful_area_e2=10000, common_area_e2=1000,
        heated_common_area_e2=None, soi_mode=1, soi_mode_source=record(), source=record(), manager_id=EntityId(7),
        contribution_creditor_id=EntityId(8), contribution_excess_e6=0, contribution_source=record(), price_e6=30_000_000,
        price_source=record(), services=SERVICES, accounts=accounts or (account(),), meters=(), interruptions=(),
    )  # fmt: skip
    return replace(facts, **changes)


def tariff(utility: int | None, roubles: int, **changes: Any) -> TariffFacts:
    """A tariff of 2026."""
    facts = TariffFacts(
        kind="utility" if utility else "contribution", utility_kind=utility, resource_kind=None, zone=None,
        supplier_id=EntityId(9) if utility else None, oktmo="02701000001", act="1", first=date(2026, 1, 1), last=date(2026, 12, 31),
        value_e6=roubles * 10**6, source=record(),
    )  # fmt: skip
    return replace(facts, **changes)


def norm(utility: int | None, resource: int, basis: str, value_e6: int, **changes: Any) -> NormFacts:
    """A norm since 2026."""
    return replace(NormFacts(utility, resource, basis, "113", date(2026, 1, 1), value_e6, record()), **changes)


TARIFFS = (tariff(1, 40), tariff(2, 200), tariff(3, 30), tariff(4, 5), tariff(6, 2000), tariff(None, 10))
NORMS = (
    norm(1, 1, "per_person", 4_000_000),
    norm(2, 2, "per_person", 3_000_000),
    norm(4, 3, "per_person", 90_000_000),
    norm(6, 5, "per_m2", 20_000),
    norm(None, 1, "per_m2_common", 20_000),
)


def region(tariffs: tuple[TariffFacts, ...] = TARIFFS, norms: tuple[NormFacts, ...] = NORMS, **settings: object) -> Facts:
    """What the region knows; a setting given as None is left out."""
    chosen = {name: value for name, value in {**SETTINGS, **settings}.items() if value is not None}
    return Facts(tariffs, norms, chosen, {name: record() for name in chosen})


@functools.cache
def law() -> Law:
    return Law.from_tables(tables())


def charge(of_house: HouseFacts, facts: Facts | None = None, month: Month = OCTOBER) -> HouseCharges:
    return charge_house(of_house, facts or region(), law(), month)


def line_of(result: HouseCharges, service_key: str) -> ChargeLine:
    """The only line of a service."""
    (line,) = [line for line in result.lines if line.service_id == int(service_key)]
    return line
