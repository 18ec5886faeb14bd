"""What each kind of act must and may say, as tables, and how one value is read.

A rule is a type with ``?`` when the value may be absent. A name that is in no table is an error: of two spellings of ``charged`` one would
silently change money. Numbers are written as text with a point or as numbers; their places are those of the type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.model.acts import ACT_KINDS, RESOURCES
from core.period import Month

__all__ = ["ACTS", "COMMON", "EXPECTED", "INSTEAD", "ROOT", "SENDER", "TOGETHER", "read_value"]

ROOT = {"schema": "schema", "sender": "table", "act": "acts"}
SENDER = {"inn": "inn", "kpp": "kpp"}
COMMON = {"kind": "kind", "number": "text", "date": "date", "part": "part?"}
"""What every act has: its kind, its own number and date; ``part`` where one act has several findings."""

_ACCOUNT = {"account": "text"}
_HOUSE = {"house": "house"}
_EITHER = {"account": "text?", "house": "house?"}
_PERIOD = {"from": "date", "to": "date?"}
_OF_METER = {"service": "service", "meter": "text?"}

ACTS: Mapping[str, Mapping[str, str]] = {
    "check": {**_ACCOUNT, **_OF_METER, "stated": "n3", "found": "n3"},
    "unauthorised": {**_ACCOUNT, "service": "service", "power": "n3?", "days": "days?", "months": "count?"},
    "tampering": {**_ACCOUNT, **_OF_METER, "months": "count", "charged": "n2"},
    "access_refused": {**_EITHER, **_OF_METER, **_PERIOD, "found": "n3?"},
    "meter_failed": {**_EITHER, **_OF_METER, **_PERIOD, "found": "n3?"},
    "own_heating": {**_ACCOUNT, **_PERIOD, "area": "n2?"},
    "living_area": {**_ACCOUNT, **_PERIOD, "area": "n2"},
    "area": {**_ACCOUNT, "from": "date", "area": "n2"},
    "owners": {**_ACCOUNT, **_PERIOD, "owners": "count"},
    "quality": {
        **_EITHER, "service": "service", "deviation": "deviation", "from": "moment", "to": "moment", "degrees": "signed1?",
        "required": "n1?",
    },
    "interruption": {**_HOUSE, "service": "service", "from": "moment", "to": "moment", "allowed_hours": "n2?"},
    "boiler": {
        **_HOUSE, "month": "month", "purpose": "purpose", "resource": "resource", "volume": "n3", "heat": "n6?", "heat_all": "n6?",
    },
    "open_heating": {**_HOUSE, **_PERIOD},
    "electric_heating": {**_HOUSE, **_PERIOD},
    "heat_last_year": {**_HOUSE, "year": "year", "heat": "n6"},
    "allocators": {**_ACCOUNT, "year": "year", "units": "n3"},
    "containers": {**_HOUSE, "month": "month", "volume": "n3", "site": "n2?"},
    "fuel": {**_ACCOUNT, "delivered": "date", "volume": "n3"},
    "penalty_stop": {**_ACCOUNT, **_PERIOD, "cause": "text"},
    "court_judgement": {
        **_ACCOUNT, "judged_to": "date", "first_month": "month", "last_month": "month", "principal": "n2", "penalties": "n2",
        "costs": "n2?", "costs_to": "inn?",
    },
    "subsidy": {
        **_ACCOUNT, **_PERIOD, "persons": "count", "income": "n2", "subsistence": "n2", "standard": "n2", "own_share": "n2",
    },
    "withdrawn": {},
}  # fmt: skip
"""Names of each kind beside :data:`COMMON`."""

INSTEAD: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "access_refused": (("account", ("house",)),),
    "meter_failed": (("account", ("house",)),),
    "quality": (("account", ("house",)),),
    "unauthorised": (("months", ("power", "days")),),
}
"""Names of which one group must be there and not the other."""

TOGETHER: Mapping[str, tuple[tuple[str, str], ...]] = {
    "boiler": (("heat", "heat_all"),),
    "meter_failed": (("to", "found"),),
    "access_refused": (("found", "to"),),
    "quality": (("required", "degrees"),),
    "court_judgement": (("costs", "costs_to"), ("costs_to", "costs")),
}
"""Where the first of two names is there, the second must be too: a meter in order again counts from a reading."""

EXPECTED: Mapping[str, str] = {
    "schema": "erkc-acts/1", "table": "таблица с inn и kpp", "acts": "список актов", "kind": "одно из: " + ", ".join(ACT_KINDS),
    "text": "непустой текст в кавычках", "date": "дата вида 2026-10-14", "part": "номер пункта акта: целое от 1",
    "inn": "ИНН: 10 или 12 цифр в кавычках", "kpp": "КПП: 9 цифр в кавычках, у предпринимателя \"\"",
    "house": "код ФИАС дома или номер дома у отправителя, в кавычках",
    "service": "одно из: " + ", ".join(RESOURCES) + ", или номер услуги у отправителя в кавычках",
    "resource": "одно из: " + ", ".join(RESOURCES), "purpose": "heating или hot_water",
    "deviation": "temperature, days или delay", "moment": "местное время вида 2026-10-05T08:00:00",
    "month": "месяц вида \"2026-10\"", "year": "год: четыре цифры", "count": "целое число от 1 до 1000",
    "days": "целое число от 1 до 92: не больше трёх месяцев",
    "n1": "число, не больше 1 знака после точки", "n2": "число, не больше 2 знаков после точки",
    "n3": "число, не больше 3 знаков после точки", "n6": "число, не больше 6 знаков после точки",
    "signed1": "число, может быть отрицательным, не больше 1 знака после точки",
}  # fmt: skip

_NUMBER = re.compile(r"\d{1,12}(?:\.(\d{1,9}))?", re.ASCII)
_PLACES = {"n1": 1, "n2": 2, "n3": 3, "n6": 6}
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_KEY = re.compile(r"\d{1,19}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?", re.ASCII)
_DIGITS = {"inn": re.compile(r"\d{10}|\d{12}", re.ASCII), "kpp": re.compile(r"\d{9}|", re.ASCII)}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "kind": ACT_KINDS,
    "purpose": ("heating", "hot_water"),
    "deviation": ("temperature", "days", "delay"),
    "resource": tuple(RESOURCES),
    "schema": ("erkc-acts/1",),
}
_WHOLE = {"part": 1000, "count": 1000, "days": 92}
_LONGEST_TEXT = 200


def read_value(kind: str, value: object) -> Any:  # what the type of the rule says: a text, a date, a whole number of its unit
    """The value as a record holds it; ``ValueError`` when it is not of the type."""
    match kind:
        case "table":
            return _checked(value, isinstance(value, dict))
        case "acts":
            return _checked(value, isinstance(value, list))
        case "date":
            return _date(value)
        case "moment":
            return _moment(value)
        case "month":
            return Month.parse(_text(value))
        case "year":
            return _checked(value, isinstance(value, int) and not isinstance(value, bool) and 2000 <= value <= 2200)
        case "part" | "count" | "days":
            return _checked(value, isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _WHOLE[kind])
        case "n1" | "n2" | "n3" | "n6":
            return _number(value, _PLACES[kind])
        case "signed1":
            return _signed(value)
        case _:
            return _word(kind, _text(value))


def _word(kind: str, text: str) -> str:
    match kind:
        case "text":
            return str(_checked(text, text.strip() == text != "" and len(text) <= _LONGEST_TEXT and text.isprintable()))
        case "house":
            return str(_checked(text.lower(), _GUID.fullmatch(text) is not None or _KEY.fullmatch(text) is not None))
        case "service":
            return str(_checked(text, text in RESOURCES or _KEY.fullmatch(text) is not None))
        case "inn" | "kpp":
            return str(_checked(text, _DIGITS[kind].fullmatch(text) is not None))
        case _:
            return str(_checked(text, text in _WORDS[kind]))


def _checked(value: object, right: bool) -> object:
    if not right:
        raise ValueError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number(value: object, places: int) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError
    part = match[1] or ""
    if part[places:].strip("0"):
        raise ValueError
    return int(text.partition(".")[0] + part[:places].ljust(places, "0"))


def _signed(value: object) -> int:
    if isinstance(value, str) and value.startswith("-"):
        return -_number(value[1:], 1)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and value < 0:
        return -_number(-value, 1)
    return _number(value, 1)


def _date(value: object) -> date:
    if isinstance(value, datetime):
        raise ValueError
    day = value if isinstance(value, date) else date.fromisoformat(str(_checked(value, _DATE.fullmatch(_text(value)) is not None)))
    return _in_our_times(day)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        moment = value
    else:
        moment = datetime.fromisoformat(str(_checked(value, _MOMENT.fullmatch(_text(value)) is not None)))
    if moment.tzinfo is not None or moment.microsecond:
        raise ValueError
    _in_our_times(moment.date())
    return moment


def _in_our_times(day: date) -> date:
    if not 2000 <= day.year <= 2200:
        raise ValueError
    return day
