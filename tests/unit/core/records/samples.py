"""A small house whose records are written by hand: the smallest that has one of each kind of fact."""

from __future__ import annotations

from datetime import UTC, date, datetime

from core.model.finding import Position
from core.model.records import (
    Absence,
    Account,
    AccountPlace,
    Balance,
    BankAccount,
    Body,
    CapitalRepairDecision,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Interruption,
    Meter,
    MeterAccount,
    OpeningDebt,
    OpeningPenalty,
    Organisation,
    Payment,
    PaymentPack,
    Premises,
    Reading,
    Record,
    Residence,
    Room,
    Service,
    State,
    StatedBill,
    StatedContribution,
    StatedLine,
)

AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
FIAS = "b459071a-fb8a-4f9e-bf72-c46dca8fbe35"
BROKEN_OFF, BACK = datetime.fromisoformat("2026-10-10T08:00"), datetime.fromisoformat("2026-10-11T20:00")
"""Local time of the house, as records keep it."""


def fact(key: str, body: Body, *, since: date | None = OCTOBER, state: State = "accepted", row: int = 1) -> Record:
    """A record as an adapter would yield it."""
    return Record(key, Position(f"{body.kind_name}.csv", row), body, valid_from=since, state=state)


def organisation(name: str, inn: str, *roles: int) -> Organisation:
    return Organisation(name, name, inn, "007701001", "1260077000072", "", "", "", roles, True)


def account(number: str, *, house: str = "1", area_e2: int = 6110, payer: str = "Тестов С. О.") -> Account:
    return Account(number, house, 1, date(2020, 1, 1), None, 2, area_e2, None, None, False, False, "1", None, payer, "2")


def service(name: str, **codes: int | None) -> Service:
    given: dict[str, int | None] = {
        "kind": 1,
        "provision": 1,
        "utility_kind": None,
        "housing_kind": None,
        "zone": None,
        "resource_kind": None,
    } | codes
    return Service(
        name, name, given["kind"] or 1, given["provision"] or 1, None, given["utility_kind"], given["housing_kind"], given["zone"], "113",
        given["resource_kind"], None,
    )  # fmt: skip


def meter(kind: int, *, account: str | None, service: str, serial: str) -> Meter:
    return Meter("1", kind, account, None, service, serial, 5, date(2024, 1, 1), None, date(2030, 1, 1), None, 0, True)


def payment(account: str, uip: str, paid_on: date, amount: int, bill: str | None) -> Payment:
    return Payment(account, 1, uip, paid_on, date(2026, 10, 7), amount, "Банк", None, "1", "9", bill, True)


def small_house() -> list[Record]:
    """One house: a flat, a room in a communal flat, their meters, debts and payments."""
    return [
        fact("2", organisation("УК «Тест»", "0077000200", 1)),
        fact("5", organisation("Водоканал", "0077000500", 2)),
        fact("7", organisation("Региональный оператор", "0077000700", 14)),
        fact("9", BankAccount("2", "40821810000000000009", "040000000", "30101810000000000000", "Банк", None, None, True), since=None),
        fact("1", service("Содержание", kind=2, housing_kind=3)),
        fact("2", service("Холодная вода", utility_kind=1, resource_kind=1)),
        fact("10", service("Взнос на капитальный ремонт", kind=2, housing_kind=2)),
        fact("1", House(FIAS, "02701000001", "ул. Береговая, д. 1", "Europe/Samara", "", 1, 298009, 45459, 252550, 4, "2")),
        fact("1", HouseParameter("1", 9001, "2")),
        fact("2", HouseParameter("1", 9002, "120.5")),
        fact("1/1", HouseService("1", "1", "1", date(2026, 1, 1), None)),
        fact("1/2", HouseService("1", "1", "2", date(2026, 1, 1), None)),
        fact("1", HousePrice("1", "1", 31_200_000, date(2026, 1, 1), date(2026, 12, 31))),
        fact("1", CapitalRepairDecision("1", date(2026, 1, 1), 2, 0, None)),
        fact("1", Premises("1", "12", 1, 1, False, 6110, None, "", True, 2, None)),
        fact("2", Premises("1", "13", 1, 2, False, 8000, None, "", False, None, None)),
        fact("1", Room("2", None, "1", 2000, True)),
        fact("101", account("41100000011")),
        fact("102", account("41100000029", area_e2=2000, payer="Тестов И. О.")),
        fact("101", AccountPlace("101", "1", None, None, 10000)),
        fact("102", AccountPlace("102", None, None, "1", 10000)),
        fact("1", Residence("101", "1", 1, date(2020, 1, 1), None), since=None),
        fact("1", Absence("101", "1", date(2026, 10, 5), date(2026, 10, 20), "справка"), since=None),
        fact("1", meter(1, account=None, service="2", serial="ОД-1")),
        fact("2", meter(3, account="101", service="2", serial="ИП-2")),
        fact("3", meter(4, account=None, service="2", serial="ОК-3")),
        fact("3/102", MeterAccount("3", "102")),
        fact("21", Reading("2", date(2026, 9, 23), 10_000, 1, None), since=None),
        fact("22", Reading("2", date(2026, 10, 23), 14_500, 1, None), since=None),
        fact("23", Reading("2", date(2026, 10, 24), 9_000, 1, None), since=None, state="held"),
        fact("24", Reading("3", date(2026, 10, 23), 7_000, 1, None), since=None),
        fact("1", Interruption("1", "2", BROKEN_OFF, BACK, 1200, "1"), since=None),
        fact("501", StatedBill(date(2026, 10, 1), "202610-1", date(2026, 11, 2), "101", "9", 300_00, 100_00, 0, 5_00, 405_00), since=None),
        fact("502", StatedBill(date(2026, 9, 1), "202609-1", date(2026, 10, 4), "101", "9", 100_00, 0, 0, 0, 100_00), since=None),
        fact("601", StatedLine("501", "2", 41_870_000, 188_42, 188_42, 0, 0, "", 4_500_000, None, 2), since=None),
        fact("602", StatedLine("502", "2", 38_410_000, 100_00, 100_00, 0, 0, "", 2_600_000, None, 2), since=None),
        fact("701", StatedContribution("501", 13_420_000, 111_58, 0, 0, 111_58, "7"), since=None),
        fact("801", OpeningDebt("501", "2", "5", date(2026, 9, 1), 100_00), since=None),
        fact("901", OpeningPenalty("501", 1, date(2026, 6, 1), "5", 5_00, 0, 0, 5_00), since=None),
        fact("1001", Balance("101", "2", "5", date(2026, 10, 1), 100_00, 188_42, 0, 0, 0, 0, 100_00, 188_42), since=None),
        fact("1", PaymentPack(date(2026, 10, 7), "0710", 150_00, 2), since=None),
        fact("1", payment("101", "4126-1", date(2026, 10, 6), 100_00, "502"), since=None),
        fact("2", payment("999", "4126-2", date(2026, 10, 5), 50_00, None), since=None, state="held"),
    ]  # fmt: skip
