"""Heating (п. 42(1), formulas 2–2(4) and 3): by the house meter's heat shared by area, or by the norm, in the season or evenly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from core.charges.findings import Held
from core.charges.rules import Rules
from core.charges.volumes import Part
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.lines import Method
from core.period import Month

__all__ = ["heating_part"]

_CLAUSE = "п. 42(1)"


def heating_part(
    account: AccountFacts,
    service: ServiceFacts,
    house: HouseFacts,
    *,
    meters: Mapping[str, Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]]],
    metered_flats: bool,
    rules: Rules,
) -> tuple[Part | None, Method]:
    """The heat of an account in the month; no part outside the season. ``metered_flats``: some flat of the house has a heat meter."""
    season = rules.heating_months()
    evenly = rules.text("heating_payment", "") == "evenly"
    has_meter = any(meter.service == service.key for meter in house.meters)
    _refuse_unknown(account, evenly=evenly, has_meter=has_meter, metered_flats=metered_flats, rules=rules)
    if not evenly and rules.month.month not in season:
        return None, "norm"
    values = {"S": Fraction(account.area_e2, 100)}
    records: dict[str, tuple[RecordId, ...]] = {"S": (account.source,)}
    heated = Fraction(house.heated_common_area_e2 or 0, 100)
    if has_meter or (heated and not evenly):
        if not house.useful_area_e2:
            raise Held("CH-004", "нет площади всех помещений дома (HOUSE.25)", hint="Присылает УК.", clause=_CLAUSE, scope="house")
        values["S_all"] = Fraction(house.useful_area_e2, 100)
        records["S_all"] = (house.source,)
    if has_meter:
        return _by_meter(service, values, records, heated=heated, house=house, meters=meters, rules=rules), "odpu"
    norm = rules.norms(
        "per_m2", rules.month.last, rules.month.last, utility=6, resource=service.resource_kind, what=f"«{service.name}», на 1 м²"
    )
    values["N"], records["N"] = norm[0].value, norm[0].records
    if evenly:
        values["k"] = Fraction(len(season))
        return Part("formula_2_1", values, records, by_days_of_month=True), "norm"
    if heated:
        values["S_heated"], records["S_heated"] = heated, (house.source,)
        return Part("formula_2_3", values, records, by_days_of_month=True), "norm"
    return Part("formula_2", values, records, by_days_of_month=True), "norm"


def _by_meter(
    service: ServiceFacts,
    values: dict[str, Fraction],
    records: dict[str, tuple[RecordId, ...]],
    *,
    heated: Fraction,
    house: HouseFacts,
    meters: Mapping[str, Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]]],
    rules: Rules,
) -> Part:
    read = meters.get(service.key, {}).get(rules.month)
    if read is None:
        raise Held(
            "CH-005",
            f"нет показания общедомового прибора тепла за {rules.month.title}",
            hint="Показание присылает УК или РСО, отвечающая за прибор.",
            clause="п. 59(1)",
            scope="house",
        )
    values["V_house"], records["V_house"] = read
    if not heated:
        return Part("formula_3", values, records, by_days_of_month=True)
    values["S_own"], values["S_heated"] = Fraction(0), heated
    records["S_heated"] = (house.source,)
    return Part("formula_3_common", values, records, by_days_of_month=True)


def _refuse_unknown(account: AccountFacts, *, evenly: bool, has_meter: bool, metered_flats: bool, rules: Rules) -> None:
    """What this version does not compute is held, not approximated."""
    if rules.text("heating_payment", "") not in ("season", "evenly"):
        raise Held(
            "CH-011",
            "не задан способ оплаты отопления (heating_payment)",
            hint="Задайте его в настройках региона.",
            clause=_CLAUSE,
            scope="service",
        )
    if evenly and has_meter:
        raise Held(
            "CH-019",
            "отопление равномерно по прибору: нет объёма прошлого года",
            hint="Пришлите объём за прошлый год.",
            clause=_CLAUSE,
            scope="service",
        )
    if metered_flats:
        raise Held(
            "CH-019",
            "в доме есть приборы тепла в квартирах: формула 3(1) не рассчитывается",
            hint="Сообщите разработчику.",
            clause=_CLAUSE,
            scope="service",
        )
    if account.room_number is not None and rules.choice("communal_area", rules.month.last) == "computed":
        raise Held(
            "CH-019",
            "комната в коммунальной квартире: формула 8 не рассчитывается",
            hint="Задайте настройку communal_area.",
            clause="формула 8",
        )
