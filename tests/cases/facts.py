"""The facts of a case as an accountant writes them, turned into what the calculation takes: the small house of ``tests/cases/settings``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.charges import HouseCharges
from core.model.facts import (
    AbsenceFacts,
    AccountFacts,
    DeviationFacts,
    HouseFacts,
    InterruptionFacts,
    MeterFacts,
    ResidenceFacts,
)
from core.period import Month
from tests.unit.core.charges import house as small

__all__ = ["SERVICE_KEYS", "charged"]

SERVICE_KEYS = {
    "содержание": "1", "холодная вода": "2", "горячая вода": "3", "водоотведение": "4", "электроэнергия": "5", "отопление": "6",
    "холодная вода на СОИ": "7",
}  # fmt: skip
_LONG_AGO = date(2020, 1, 1)
_REGION = {"heating_payment": "season", "heating_months": [10, 11, 12, 1, 2, 3, 4]}


def charged(case: Mapping[str, Any], settings: Mapping[str, object]) -> HouseCharges:
    """The charges of the case's house; of the region only the settings named and the heating season are set (None takes one away)."""
    month = Month.parse(case.get("месяц", "2026-10"))
    accounts = [_account(number, facts, month) for number, facts in enumerate(case.get("счета", [{}]), start=1)]
    house = _house(case, accounts, month)
    tariffs = tuple(replace(one, first=date(2025, 1, 1)) for one in small.TARIFFS)
    if "диапазоны" in case:
        power = [replace(small.tariff(4, int(price)), range_number=number) for number, price in enumerate(case["диапазоны"], start=1)]
        tariffs = (*(one for one in tariffs if one.utility_kind != 4), *power)
    norms = tuple(replace(one, first=date(2025, 1, 1)) for one in small.NORMS)
    own = {name: value for name, value in settings.items() if name != "heated_common_area"}
    if "heated_common_area" in settings:
        house = replace(house, heated_common_area_e2=_scaled(settings["heated_common_area"], 2))
    unset = dict.fromkeys(small.SETTINGS, None)
    return small.charge(house, small.region(tariffs, norms, **{**unset, **_REGION, **own}), month)


def _account(number: int, facts: Mapping[str, Any], month: Month) -> AccountFacts:
    people = facts.get("проживают", [{"с": "2020-01-01"}, {"с": "2020-01-01"}])
    key = str(number)
    residences = tuple(
        ResidenceFacts(f"{key}-{i}", date.fromisoformat(one["с"]), _day(one.get("по")), small.record()) for i, one in enumerate(people)
    )
    absences = ()
    if "отсутствие" in facts:
        gone = facts["отсутствие"]
        left, back = date.fromisoformat(gone["выехал"]), date.fromisoformat(gone["вернулся"])
        absences = (AbsenceFacts(f"{key}-0", left, back, small.record()),)
    room = facts.get("комната")
    return small.account(
        key,
        premises_number="1" if room else key,
        room_number=room,
        no_meter_reason=1 if facts.get("поставить прибор можно") == "нет" else 2,
        area_e2=_scaled(facts.get("площадь", "50"), 2),
        living_area_e2=_scaled(facts["жилая площадь"], 2) if "жилая площадь" in facts else None,
        own_heating_e2=_scaled(facts.get("своё отопление", "0"), 2),
        opened_on=_day(facts.get("открыт")) or date(2025, 1, 1),
        closed_on=_day(facts.get("закрыт")),
        residences=residences,
        absences=absences,
        meters=tuple(_meter(name, values, month, account=key) for name, values in facts.get("приборы", {}).items()),
        access_refused=tuple(SERVICE_KEYS[name] for name in facts.get("отказ в доступе", [])),
    )


def _house(case: Mapping[str, Any], accounts: list[AccountFacts], month: Month) -> HouseFacts:
    said = case.get("дом", {})
    return small.house(
        *accounts,
        soi_mode=None if said.get("решение") == "нет" else int(said.get("решение", "1")),
        meters=tuple(_meter(name, values, month, account=None) for name, values in said.get("приборы", {}).items()),
        interruptions=tuple(
            InterruptionFacts(
                SERVICE_KEYS[one["услуга"]], datetime.fromisoformat(one["с"]), datetime.fromisoformat(one["по"]),
                _scaled(one["допустимо часов"], 2) if "допустимо часов" in one else None, small.record(),
            )
            for one in case.get("перерывы", [])
        ),
        deviations=tuple(
            DeviationFacts(
                SERVICE_KEYS[one["услуга"]], "temperature", datetime.fromisoformat(one["с"]), datetime.fromisoformat(one["по"]),
                small.record(), degrees_e1=_scaled(one["градусов"], 1),
            )
            for one in case.get("температура", [])
        ),
        volume_corrections_e6=_volumes(said.get("исправления", {})),
        average_common_e6=_volumes(said.get("средний месяц", {})),
        electric_heating=said.get("электроотопление") == "да",
    )  # fmt: skip


def _volumes(said: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    return tuple((SERVICE_KEYS[name], _scaled(value, 6)) for name, value in said.items())


def _meter(name: str, values: list[str], month: Month, *, account: str | None) -> MeterFacts:
    facts = small.meter(SERVICE_KEYS[name], account=account, kind=3 if account else 1, digits=5 if account else 8)
    start = None if Decimal(values[0]) else 0
    return replace(facts, readings=small.readings(*values, until=month), commissioned_on=_LONG_AGO, start_e3=start)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _scaled(value: object, digits: int) -> int:
    return int(Decimal(str(value)).scaleb(digits))
