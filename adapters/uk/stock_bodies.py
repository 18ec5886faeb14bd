"""Parties, services, houses and contracts: rows of «Формат 4.0» as record bodies, one small function a section."""

from __future__ import annotations

from adapters.format4.cells import Row
from adapters.uk.joined import Joined
from core.model import records as r

__all__ = [
    "bank_account",
    "contract",
    "decision",
    "house",
    "house_parameter",
    "house_price",
    "house_service",
    "organisation",
    "premises",
    "room",
    "service",
    "supply_address",
    "supply_service",
]


def _full_name(row: Row) -> str:
    names = (row.text(f"ip_{part}") for part in ("surname", "name", "patronymic"))
    return row.text("full_name") or " ".join(filter(None, names))


def organisation(row: Row, joined: Joined) -> r.Organisation:
    return r.Organisation(
        name=_full_name(row),
        short_name=row.text("short_name"),
        inn=row.text("inn"),
        kpp=row.text("kpp"),
        ogrn=row.text("ogrn"),
        address=row.text("actual_address") or row.text("legal_address") or row.text("post_address"),
        phone=row.text("phone"),
        email=row.text("email"),
        roles=tuple(joined.roles.get(row.given_key("id"), ())),
        verified=joined.verified(row),
    )


def bank_account(row: Row, joined: Joined) -> r.BankAccount:
    bank = row.given_key("bank")
    bik, correspondent = joined.banks.get(bank, ("", ""))
    return r.BankAccount(
        organisation=row.given_key("organisation"),
        number=row.text("number"),
        bik=bik,
        correspondent=row.text("correspondent") or correspondent,
        bank_name=joined.names.get(bank, ""),
        opened_on=row.day("opened_on"),
        closed_on=row.day("closed_on"),
        verified=bool(bik) and joined.verified(row),
    )


def service(row: Row, joined: Joined) -> r.Service:
    return r.Service(
        name=row.text("name"),
        short_name=row.text("short_name"),
        kind=row.given_number("kind"),
        provision=row.given_number("provision"),
        base_service=row.key("base_code"),
        utility_kind=row.number_of("utility_kind"),
        housing_kind=row.number_of("housing_kind"),
        zone=row.number_of("electricity_metering"),
        okei=row.text("okei"),
        resource_kind=row.number_of("resource_kind"),
        sort_order=row.number_of("sort_order"),
    )


def _house_address(row: Row) -> str:
    district, settlement = row.text("district_or_city"), row.text("settlement")
    parts = [district] if settlement in ("", district) else [district, settlement]
    parts += [row.text("street"), f"д. {row.text('house_no')}" if row.text("house_no") else ""]
    for code, word in (("block", "корп."), ("structure", "стр."), ("letter", "лит.")):
        parts.append(f"{word} {row.text(code)}" if row.text(code) else "")
    return ", ".join(filter(None, parts))


def house(row: Row, joined: Joined) -> r.House:
    commissioned = row.day("commissioned")
    return r.House(
        fias=row.text("fias_house").lower(),
        oktmo=row.text("oktmo"),
        address=_house_address(row),
        time_zone=row.text("time_zone"),
        cadastral=row.text("cadastral_no") or row.text("egrp_no"),
        house_kind=row.given_number("house_kind"),
        total_area_e2=row.number_of("total_area"),
        common_area_e2=row.number_of("common_area"),
        useful_area_e2=row.number_of("useful_area"),
        capital_fund=row.number_of("capital_fund"),
        manager=row.key("manager"),
        condition=row.number_of("condition"),
        used_since=None if commissioned is None else commissioned.year,
        floors=row.number_of("floors_max"),
        least_floors=row.number_of("floors_min"),
        underground_floors=row.number_of("underground_floors"),
    )


def house_parameter(row: Row, joined: Joined) -> r.HouseParameter:
    given = (row.text(code) for code in ("text", "integer", "date", "boolean", "reference", "file"))
    value = row.text("number").replace(",", ".") or next(filter(None, given), "")
    return r.HouseParameter(house=row.given_key("house"), code=row.given_number("parameter"), value=value)


def premises(row: Row, joined: Joined) -> r.Premises:
    return r.Premises(
        house=row.given_key("house"),
        number=row.text("number"),
        kind=row.given_number("kind"),
        flat_kind=row.number_of("flat_kind"),
        common_property=row.yes("common_property"),
        area_e2=row.given_number("area"),
        living_area_e2=row.number_of("living_area"),
        cadastral=row.text("cadastral_no") or row.text("egrp_no"),
        no_meter=row.yes("no_meter"),
        no_meter_reason=row.number_of("no_meter_reason"),
        ceased_on=row.day("ceased_on"),
    )


def room(row: Row, joined: Joined) -> r.Room:
    return r.Room(
        premises=row.key("premises"),
        house=row.key("house"),
        number=row.text("number"),
        area_e2=row.given_number("area"),
        communal=row.yes("communal"),
    )


def contract(row: Row, joined: Joined) -> r.ManagementContract:
    return r.ManagementContract(
        organisation=row.given_key("organisation"),
        number=row.text("number"),
        signed_on=row.day("signed_on"),
        effective_on=row.day("effective_on"),
        ends_on=row.day("ends_on"),
    )


def _managed(row: Row, joined: Joined) -> tuple[str, str]:
    """House and contract of the managed object; empty while that is not here (the row then waits)."""
    return joined.managed.get(row.key("managed_house") or "", ("", ""))


def house_service(row: Row, joined: Joined) -> r.HouseService:
    house, contract = _managed(row, joined)
    return r.HouseService(house, contract, row.given_key("service"), row.day("starts_on"), row.day("ends_on"))


def house_price(row: Row, joined: Joined) -> r.HousePrice:
    house, contract = _managed(row, joined)
    return r.HousePrice(house, row.key("contract") or contract, row.given_number("price"), row.day("starts_on"), row.day("ends_on"))


def supply_address(row: Row, joined: Joined) -> r.SupplyAddress:
    return r.SupplyAddress(row.key("contract"), row.key("house"), row.text("flat"), row.text("room"))


def supply_service(row: Row, joined: Joined) -> r.SupplyService:
    return r.SupplyService(
        address=row.key("address"),
        utility_kind=row.number_of("utility_kind"),
        resource_kind=row.number_of("resource_kind"),
        starts_on=row.day("starts_on"),
        ends_on=row.day("ends_on"),
    )


def decision(row: Row, joined: Joined) -> r.CapitalRepairDecision:
    return r.CapitalRepairDecision(
        house=row.given_key("house"),
        effective_on=row.day("effective_on"),
        fund=row.number_of("fund"),
        excess_e6=row.number_of("excess") or 0,
        bank_account=row.key("account"),
    )
