"""Fields of the region's configuration as tables, and the checker that reads one item by such a table.

A field's rule is its type with ``?`` when it may be absent or null; :class:`Checker` turns a value into what the record holds (a date, an
amount in millionths, a zone number) and names what is wrong.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeGuard

from adapters.uk.region_source import Source
from core.model.finding import Finding, Position
from core.validate.places import Path

__all__ = ["DATED_SETTING", "LIMIT", "MATRIX_ROW", "NORM", "ROOT", "SENDER", "SETTINGS", "TARIFF", "UNITS", "Checker", "is_oktmo"]

ROOT = {
    "region": "text?", "town": "text?", "senders": "list?", "tariffs": "list?", "norms": "list?", "limits": "list?",
    "settings": "settings?", "oktmo": "oktmos?",
}  # fmt: skip
SENDER = {"name": "text", "inn": "inn", "kpp": "kpp", "ogrn": "ogrn", "data_bank_keys": "texts", "provider_kind": "number"}
TARIFF = {
    "kind": "tariff_kind", "utility_kind": "utility?", "resource_kind": "resource?", "zone": "zone?", "supplier_inn": "inn?",
    "oktmo": "oktmo", "act": "text", "valid_from": "date", "valid_to": "date?", "value": "amount", "range": "range?",
}  # fmt: skip
NORM = {
    "utility_kind": "utility?", "resource_kind": "resource?", "basis": "basis", "unit_okei": "text", "valid_from": "date",
    "valid_to": "date?", "value": "amount?", "matrix": "list?", "act": "text?", "oktmo": "oktmo?",
}  # fmt: skip
MATRIX_ROW = {"rooms": "number", "persons": "amounts"}
LIMIT = {"oktmo": "oktmo", "valid_from": "date", "valid_to": "date?", "percent": "amount", "act": "text"}
DATED_SETTING = {"name": "setting", "value": "present", "valid_from": "date", "valid_to": "date?", "act": "text", "oktmo": "oktmo?"}

_TEXT_SETTINGS = """
account_on_registry advance_split average_window communal_area edk_cap february_2026_due due_shift heated_common_area heating_degrees
heating_payment house_effect index_base_october interruption_base interruption_hours interruption_limits k_effective
k_electricity_basis kopek_remainder late_bill_due late_reading metered_absence negative_common odn_cap opening_without_months
own_heating_unit owner_change_day owners_when_unknown penalty_by penalty_order penalty_rate penalty_rounding pp253_small qr_paym_period
qr_zero rate_after_freeze recalc_penalty regional_holidays residence_end soi_regime undelivered_volume volume_rounding
"""
SETTINGS = {
    **dict.fromkeys(_TEXT_SETTINGS.split(), "any?"),
    **dict.fromkeys(
        ["coefficient_cold_water", "coefficient_hot_water", "coefficient_electricity", "coefficient_sewerage"], "amount_as_is?"
    ),
    **dict.fromkeys(
        ["wastewater_k", "range_factor", "penalty_rate_value", "rollover_factor", "heating_single_limit_hours"],
        "amount_as_is?",
    ),
    **dict.fromkeys(
        ["electricity_single_limit_hours", "bound_times_last_year", "bound_times_norm", "bound_house_residue_percent"], "amount_as_is?"
    ),
    **dict.fromkeys(["named_period_first", "payment_day_counts", "k_surcharge_in_penalty_base", "waste_yearly_recalc"], "any?"),
    **dict.fromkeys(
        ["bound_times_last_year", "bound_times_norm", "bound_house_residue_percent", "bound_growth_percent", "bound_bill_times"],
        "amount_as_is?",
    ),
    "bound_growth_by_oktmo": "object?",
    "heating_months": "months?",
    "range_bounds": "texts?",
    "inside_month": "ordered?",
    "yearly_month": "quarter?",
    "social_area": "amount_as_is?",
    "days_off": "dates?",
    "regional_days_off": "dates?",
    "due_day_rule": "list?",
    "agency_contracts": "list?",
    "online_agents": "list?",
    "key_rates": "list?",
    "wins": "object?",
}
"""Settings of the calculation and of payments that the hub knows, with the type of each."""

_KINDS = ("utility", "contribution")
_ZONES = {"single": 1, "day": 2, "night": 3}
_BASES = (
    "per_person", "per_person_cooking", "per_person_heater", "per_person_year", "per_m2", "per_m2_year", "per_m2_common", "heat_per_m3",
)  # fmt: skip
_UTILITIES = {
    1: "холодная вода", 2: "горячая вода", 3: "водоотведение", 4: "электроэнергия", 5: "газ", 6: "отопление",
    7: "твёрдое топливо", 8: "отходы",
}  # fmt: skip
_RESOURCES = {
    1: "холодная вода", 2: "горячая вода", 3: "электроэнергия", 4: "газ", 5: "тепло", 6: "газ в баллонах",
    7: "твёрдое топливо", 8: "сточные воды", 9: "отходы",
}  # fmt: skip
_BY_WEIGHT = ("113", "166", "168")
UNITS = {1: ("113",), 2: ("113",), 3: ("245",), 4: ("113",), 5: ("233",), 6: _BY_WEIGHT, 7: _BY_WEIGHT, 8: ("113",), 9: _BY_WEIGHT}
"""Units (ОКЕИ) that a norm of a resource may have: m³ 113, kWh 245, Gcal 233, kg 166, t 168. Another would charge other money silently."""
_DIGITS = {
    "inn": re.compile(r"\d{10}|\d{12}"),
    "kpp": re.compile(r"\d{9}|"),
    "ogrn": re.compile(r"\d{13}|\d{15}"),
    "oktmo": re.compile(r"\d{8}|\d{11}"),
}
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,6})?")
_EXPECTED = {
    "text": "непустой текст", "number": "целое число", "texts": "список непустых текстов", "inn": "ИНН: 10 или 12 цифр в кавычках",
    "kpp": "КПП: 9 цифр в кавычках", "ogrn": "ОГРН: 13 или 15 цифр в кавычках", "oktmo": "ОКТМО: 8 или 11 цифр в кавычках",
    "oktmos": "список ОКТМО: [\"02705000\"]",
    "tariff_kind": "utility или contribution", "zone": "single, day или night", "basis": "одно из: " + ", ".join(_BASES),
    "date": "дата вида 2026-10-01", "amount": "число в кавычках с точкой, не больше 6 знаков после неё: \"41.87\"",
    "utility": "вид коммунальной услуги: " + ", ".join(f"{kind} {name}" for kind, name in _UTILITIES.items()),
    "resource": "вид коммунального ресурса: " + ", ".join(f"{kind} {name}" for kind, name in _RESOURCES.items()),
    "months": "номера месяцев от 1 до 12 без повторов: [10, 11, 12, 1, 2, 3, 4]",
    "amount_as_is": "число, например \"1.5\"", "flag": "true или false", "numbers": "список целых чисел",
    "dates": "список дат вида 2026-10-01", "amounts": "список чисел в кавычках: [\"135\", \"84.5\"]",
    "range": "номер диапазона: 1, 2 или 3", "quarter": "месяц первого квартала: 1, 2 или 3",
    "setting": "имя настройки", "present": "значение настройки",
    "settings": "набор пар «имя: значение» или список с датами и актом",
    "list": "список", "object": "набор пар «имя: значение»", "any": "текст, число, true или false",
    "ordered": "слово или список слов по порядку",
}  # fmt: skip


class Checker:
    """Reads one item of a section; ``refused`` says that it must be left out, ``findings`` why."""

    def __init__(self, source: Source, path: Path, item: object, fields: Mapping[str, str]) -> None:
        self.findings: list[Finding] = []
        self.refused = False
        self._source = source
        self._path = path
        self._item = item
        self._fields = fields

    @property
    def position(self) -> Position:
        """The line that the item begins on."""
        return self.place()

    def place(self, *inside: str | int) -> Position:
        """The line of a value inside the item; of one that is missing the line of the item."""
        return Position(self._source.file, self._source.places.line((*self._path, *inside)))

    def inner(self, inside: Path, item: object, fields: Mapping[str, str]) -> Checker:
        """A checker of an item inside this one."""
        return Checker(self._source, (*self._path, *inside), item, fields)

    def read(self) -> dict[str, Any]:  # each value is of the type that its field's rule names
        """Values of the fields that are right; a field that may be absent is None where it is. Settings that are absent stay absent."""
        if not isinstance(self._item, Mapping):
            self.findings.append(self.refuse("RG-013", None, "Здесь должен быть набор пар «имя: значение».", "Сверьте запись с образцом."))
            return {}
        for name in self._item:
            if name not in self._fields:
                self.findings.append(self._unknown(str(name), self._fields, str(name)))
        values: dict[str, Any] = {}
        for name, rule in self._fields.items():
            found = self._item.get(name)
            if found is not None:
                converted = self.check(name, rule)
                if converted is not None:
                    values[name] = converted
            elif not rule.endswith("?"):
                self.findings.append(self.refuse("RG-012", name, f"Не задано «{name}».", f"Добавьте {name}: {_EXPECTED[rule]}."))
            elif self._fields is not SETTINGS:
                values[name] = None
        return values

    def check(self, name: str, rule: str) -> object:
        """One value by a rule; None, and a finding, when it is not as the rule says."""
        assert isinstance(self._item, Mapping)
        found, kind = self._item.get(name), rule.removesuffix("?")
        try:
            return _convert(kind, found)
        except ValueError:
            if kind == "setting" and isinstance(found, str):
                self.findings.append(self._unknown(found, SETTINGS, name))
            else:
                text, hint = f"Неверное значение «{name}».", f"Нужно: {_EXPECTED[kind]}."
                self.findings.append(self.refuse("RG-013", name, text, hint, value=found))
            return None

    def refuse(self, code: str, name: str | None, message: str, hint: str, *, value: object = None) -> Finding:
        """A finding that leaves the item out (of settings and of the top level: the one value)."""
        self.refused = True
        if value is None and name is not None and isinstance(self._item, Mapping):
            value = self._item.get(name)
        shown = None if value is None else str(value)
        place = self.place() if name is None else self.place(name)
        return Finding(place, code, "error", "reject_row", value=shown, message=message, hint=hint)

    def _unknown(self, name: str, names: Mapping[str, str], field: str) -> Finding:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"Возможно, имелось в виду «{near[0]}»." if near else "Уберите это имя или сверьте его со справочником настроек."
        return self.refuse("RG-011", field, f"Неизвестное имя «{name}».", hint, value=name)


def _convert(kind: str, value: object) -> object:
    """The value as a record holds it; ``ValueError`` when it is not of the kind."""
    match kind:
        case "number":
            return _checked(value, isinstance(value, int) and not isinstance(value, bool))
        case "flag":
            return _checked(value, isinstance(value, bool))
        case "list":
            return _checked(value, isinstance(value, list))
        case "object":
            return _checked(value, isinstance(value, dict))
        case "settings":
            return _checked(value, isinstance(value, list | dict))
        case "range":
            return _checked(value, value in (1, 2, 3) and not isinstance(value, bool))
        case "utility":
            return _checked(value, value in _UTILITIES and not isinstance(value, bool))
        case "resource":
            return _checked(value, value in _RESOURCES and not isinstance(value, bool))
        case "months":
            return _checked(value, _are_months(value))
        case "quarter":
            return _checked(value, value in (1, 2, 3) and not isinstance(value, bool))
        case "present":
            return value
        case "any":
            return _checked(value, isinstance(value, str | int) and value != "")
        case "ordered":
            words = value if isinstance(value, list) else [value]
            return _checked(value, words != [] and all(isinstance(word, str) and word.strip() for word in words))
        case "amount_as_is":
            _millionths(value)
            return value
        case "amount":
            return _millionths(value)
        case "date":
            return _date(value)
        case "texts" | "numbers" | "dates" | "amounts" | "oktmos":
            items = value if isinstance(value, list) else None
            if items is None:
                raise ValueError
            converted = [_convert(kind.removesuffix("s"), item) for item in items]
            return items if kind in ("numbers", "dates") else tuple(converted)
        case _:
            return _word(kind, value)


def _word(kind: str, value: object) -> object:
    if not isinstance(value, str):
        raise ValueError
    match kind:
        case "zone":
            return _checked(_ZONES.get(value), value in _ZONES)
        case "tariff_kind":
            return _checked(value, value in _KINDS)
        case "setting":
            return _checked(value, value in SETTINGS)
        case "basis":
            return _checked(value, value in _BASES)
        case "text":
            return _checked(value, value.strip() != "")
        case _:
            return _checked(value, _DIGITS[kind].fullmatch(value) is not None)


def is_oktmo(value: object) -> TypeGuard[str]:
    """Whether a value is an ОКТМО: 8 or 11 digits as text."""
    return isinstance(value, str) and _DIGITS["oktmo"].fullmatch(value) is not None


def _are_months(value: object) -> bool:
    if not isinstance(value, list) or not value or any(isinstance(month, bool) or month not in range(1, 13) for month in value):
        return False
    return len(set(value)) == len(value)


def _checked(value: object, right: bool) -> object:
    if not right:
        raise ValueError
    return value


def _millionths(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError
    text = str(value)
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError
    whole, _, part = text.partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    raise ValueError
