"""Records in plain Russian, one sentence each: what an explanation says of the fact that a number came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from core.model.records import (
    Absence,
    Account,
    AccountArea,
    Act,
    ApprovedNorm,
    ApprovedTariff,
    Body,
    CapitalRepairDecision,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Interruption,
    MassRecalculation,
    Meter,
    Premises,
    Reading,
    RegionSetting,
    Relief,
    Residence,
    Room,
    StatedContribution,
    StatedLine,
)
from core.money import readable_roubles

__all__ = ["quantity", "said"]


def quantity(value: int, places: int) -> str:
    """A scaled integer with a comma, without the zeros that say nothing.

    >>> quantity(41_870_000, 6), quantity(-6110, 2), quantity(5000, 3)
    ('41,87', '−61,1', '5')
    """
    digits = f"{abs(value):0{places + 1}d}"
    part = digits[-places:].rstrip("0")
    return f"{'−' if value < 0 else ''}{digits[:-places]}{',' if part else ''}{part}"


def _day(day: date | None) -> str:
    return "…" if day is None else f"{day:%d.%m.%Y}"


def _days(first: date | None, last: date | None) -> str:
    """``с … по …``, with what is open left out."""
    parts = [f"с {_day(first)}" if first else "", f"по {_day(last)}" if last else ""]
    return " ".join(part for part in parts if part) or "бессрочно"


def _moment(moment: datetime) -> str:
    return f"{moment:%d.%m.%Y %H:%M}"


def _act(text: str) -> str:
    return f", акт: {text}" if text else ""


_WORDS: Mapping[type[Body], Callable[[Any], str]] = {  # each function takes the body of its key
    ApprovedTariff: lambda it: f"утверждённый тариф {quantity(it.value_e6, 6)} руб.{_act(it.act)}, действует {_days(it.first, it.last)}",
    ApprovedNorm: lambda it: f"утверждённый норматив {quantity(it.value_e6, 6)}{_act(it.act)}, действует {_days(it.first, it.last)}",
    RegionSetting: lambda it: f"настройка региона {it.name} = {it.value_json}{_act(it.act)}",
    HousePrice: lambda it: f"цена содержания {quantity(it.price_e6, 6)} руб. за м², {_days(it.starts_on, it.ends_on)}",
    CapitalRepairDecision: lambda it: f"решение о капитальном ремонте, {_days(it.effective_on, None)}",
    House: lambda it: f"дом: {it.address}",
    HouseParameter: lambda it: f"параметр дома {it.code}: {it.value}",
    HouseService: lambda it: f"услуга дома действует {_days(it.starts_on, it.ends_on)}",
    Premises: lambda it: f"помещение {it.number}, {quantity(it.area_e2, 2)} м²",
    Room: lambda it: f"комната {it.number}, {quantity(it.area_e2, 2)} м²",
    Account: lambda it: f"лицевой счёт {it.number}, площадь {quantity(it.area_e2, 2)} м²",
    AccountArea: lambda it: f"площадь {quantity(it.area_e2, 2)} м² {_days(it.first, None)}, документ: {it.document}",
    Residence: lambda it: f"проживание {_days(it.first, it.last)}",
    Absence: lambda it: f"отсутствие: уехал {_day(it.left_on)}, вернулся {_day(it.back_on)}; документ: {it.document}",
    Meter: lambda it: f"прибор № {it.serial}, поверка до {_day(it.next_verification_on)}",
    Reading: lambda it: f"показание {quantity(it.value_e3, 3)} от {_day(it.taken_on)}",
    Interruption: lambda it: f"перерыв с {_moment(it.starts_at)} по {_moment(it.ends_at)}{_act(it.act)}",
    Relief: lambda it: f"мера поддержки, {_days(it.starts_on, it.ends_on)}",
    MassRecalculation: lambda it: f"решение о перерасчёте по дому, документ: {it.document}",
    Act: lambda it: f"акт № {it.number} от {_day(it.drawn_on)}",
    StatedLine: lambda it: f"строка отправителя: начислено {readable_roubles(it.accrued)}, итого {readable_roubles(it.total)} руб.",
    StatedContribution: lambda it: f"взнос в документе отправителя: {readable_roubles(it.total)} руб.",
}


def said(body: Body) -> str:
    """The fact as a sentence; empty where its kind has no words of its own."""
    words = _WORDS.get(type(body))
    return "" if words is None else words(body)
