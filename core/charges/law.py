"""Federal rules as dated data: every rate, limit and default with its days of force, its clause and its act.

A :class:`Law` is built once from the tables of ``config/law`` (they arrive as an argument; this room reads no files). What it accepts is a
closed set of names with values that follow each other day by day: an unknown key, a gap or an overlap is refused at load, because a silent
default here would become a wrong bill for everybody.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from core.errors import ConfigError

__all__ = ["CHOICES", "MONEY_CHOICES", "NUMBERS", "PATTERNS", "Dated", "Law", "Parameter"]

NUMBERS = frozenset({
    "coefficient.cold_water", "coefficient.hot_water", "coefficient.electricity",
    "average.window_months", "average.minimum_months", "average.longest_months",
    "absence.longer_than_days",
    "bound.times_last_year", "bound.times_norm", "bound.house_residue_percent",
    "waste.single_hours_warm", "waste.single_hours_cold", "quality.hot_water.percent_per_step", "quality.heating.percent_per_degree",
    "tampering.norm_factor", "tampering.longest_months", "waste.month_hours", "waste.percent_per_block",
    "setting.rollover_factor", "setting.owners_when_unknown", "setting.wastewater_k", "setting.range_factor", "setting.yearly_month",
    *(f"interruption.{service}.month_hours" for service in ("cold_water", "hot_water", "wastewater", "gas", "heating")),
    *(f"interruption.{service}.single_hours" for service in ("cold_water", "hot_water", "wastewater")),
    *(f"interruption.{service}.percent_per_hour" for service in ("cold_water", "hot_water", "wastewater", "gas", "electricity", "heating")),
    "due.day", "due.presentation_day",
    "penalty.free_days", "penalty.first_scale_days", "penalty.first_divisor", "penalty.second_divisor", "penalty.capital_divisor",
    "settlement.small_sum", "settlement.longest_days",
})  # fmt: skip
"""Parameters that are numbers."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "setting.volume_rounding": ("none", "2", "3", "4", "5", "6"),
    "setting.k_effective": ("by_day", "next_month"),
    "setting.k_electricity_basis": ("no_meter", "access_refused", "never"),
    "setting.late_reading": ("difference", "rebuild", "keep_norm"),
    "setting.interruption_hours": ("union", "single", "monthly"),
    "setting.interruption_limits": ("law", "stated"),
    "setting.undelivered_volume": ("by_time", "none"),
    "setting.communal_area": ("computed", "stated"),
    "setting.negative_common": ("carry", "reduce_own", "forget"),
    "setting.interruption_base": ("base", "all_lines"),
    "setting.heating_degrees": ("whole_down", "fractional"),
    "setting.own_heating_unit": ("premises", "room"),
    "setting.soi_regime": ("soi_norm_then_recalc", "soi_norm", "soi_by_meter", "soi_average", "odn_354", "none"),
    "setting.odn_cap": ("norm", "meeting_decided"),
    "setting.house_effect": ("open_month", "none"),
    "setting.owner_change_day": ("new", "old"),
    "setting.waste_yearly_recalc": ("false", "true"),
    "setting.residence_end": ("inclusive", "exclusive"),
    "setting.metered_absence": ("refuse", "allow"),
}
"""Parameters of charges that are one of several ways, with the ways that are computed."""

MONEY_CHOICES: Mapping[str, tuple[str, ...]] = {
    "setting.penalty_rate": ("payment_day", "per_day"),
    "setting.rate_after_freeze": ("split", "payment_day_all"),
    "setting.payment_day_counts": ("true", "false"),
    "setting.penalty_by": ("paid_on",),
    "setting.k_surcharge_in_penalty_base": ("true", "false"),
    "setting.recalc_penalty": ("from_bill", "from_original"),
    "setting.february_2026_due": ("2026-03-16", "2026-03-10"),
    "setting.due_shift": ("next_working_day", "none"),
    "setting.late_bill_due": ("plus_10_days", "unchanged"),
    "setting.regional_holidays": ("ignore",),
    "setting.pp253_small": ("accumulate", "daily"),
    "setting.edk_cap": ("household", "entitled"),
    "penalty.moratorium": ("none", "all", "existing"),
}
"""The same for deadlines, penalties and reliefs (charging rules, section 10)."""

PATTERNS: Mapping[str, re.Pattern[str]] = {
    "penalty.rate": re.compile(r"key|\d+(\.\d+)?"),
    "penalty.key_rate": re.compile(r"unknown|\d+(\.\d+)?"),
    "calendar.days_off": re.compile(r"\d\d\.\d\d( \d\d\.\d\d)*"),
    "calendar.worked": re.compile(r"|\d\d\.\d\d( \d\d\.\d\d)*"),
}
"""Parameters that are written in a way of their own: a rate or the word that stands for it, days of one year."""

_OF_MONEY = ("penalty.", "due.", "calendar.", "settlement.", *MONEY_CHOICES)
_NAMES = frozenset({*NUMBERS, *CHOICES, *MONEY_CHOICES, *PATTERNS})
_WAYS: Mapping[str, tuple[str, ...]] = {**CHOICES, **MONEY_CHOICES}

_KEYS = frozenset({"meaning", "clause", "unit", "values"})
_VALUE_KEYS = frozenset({"from", "to", "value", "act"})


@dataclass(frozen=True, slots=True)
class Dated:
    """One value with the days it is in force on, both ends counting."""

    first: date
    last: date | None
    value: str
    act: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One rule of the law through time."""

    name: str
    meaning: str
    clause: str
    unit: str
    values: tuple[Dated, ...]

    def on(self, day: date) -> Dated:
        """The value in force on the day."""
        for dated in self.values:
            if dated.first <= day and (dated.last is None or day <= dated.last):
                return dated
        raise ConfigError(
            "CFG-0422", f"Параметр закона {self.name} не определён на {day:%d.%m.%Y}.", hint="Дополните config/law.", parameter=self.name
        )


@dataclass(frozen=True, slots=True)
class Law:
    """All federal parameters."""

    parameters: Mapping[str, Parameter]

    @classmethod
    def from_tables(cls, tables: Mapping[str, Mapping[str, object]]) -> Law:
        """Check and take the tables, keyed by the name of the file each came from; anything wrong is a :class:`ConfigError`."""
        parameters: dict[str, Parameter] = {}
        for file, table in sorted(tables.items()):
            for name, body in _leaves(file, "", table):
                if name in parameters:
                    raise _wrong(file, name, "задан дважды")
                parameters[name] = _parameter(file, name, body)
        missing = sorted(_NAMES - parameters.keys())
        if missing:
            raise ConfigError(
                "CFG-0421", f"В законе не хватает параметров: {', '.join(missing)}.", hint="Дополните config/law.", parameters=missing
            )
        return cls(parameters)

    def number(self, name: str, day: date) -> Fraction:
        """A number in force on the day."""
        return Fraction(self.parameters[name].on(day).value)

    def choice(self, name: str, day: date) -> str:
        """A way in force on the day."""
        return self.parameters[name].on(day).value

    def version(self, day: date) -> str:
        """The day of the newest change of any rule of charges in force on the day: the version of the rules of charge lines."""
        of_charges = [parameter for name, parameter in self.parameters.items() if not name.startswith(_OF_MONEY)]
        return max(dated.first for parameter in of_charges for dated in parameter.values if dated.first <= day).isoformat()


def _leaves(file: str, prefix: str, table: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    """The parameters of nested tables: a table that has ``values`` is one."""
    found: list[tuple[str, Mapping[str, object]]] = []
    for key, body in table.items():
        name = f"{prefix}.{key}" if prefix else key
        if not isinstance(body, Mapping):
            raise _wrong(file, name, "ожидалась таблица с values")
        if "values" in body:
            found.append((name, body))
        else:
            found.extend(_leaves(file, name, body))
    return found


def _parameter(file: str, name: str, body: Mapping[str, object]) -> Parameter:
    if name not in _NAMES:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        raise _wrong(file, name, "неизвестный параметр" + (f", возможно, {near[0]}" if near else ""))
    unknown = sorted(body.keys() - _KEYS)
    if unknown:
        raise _wrong(file, f"{name}.{unknown[0]}", "неизвестный ключ")
    texts = {key: body.get(key, "") for key in ("meaning", "clause", "unit")}
    if not all(isinstance(text, str) for text in texts.values()) or not texts["meaning"] or not texts["clause"]:
        raise _wrong(file, name, "нужны meaning и clause")
    raw = body["values"]
    if not isinstance(raw, list) or not raw:
        raise _wrong(file, f"{name}.values", "нужно хотя бы одно значение")
    values = tuple(
        _dated(file, f"{name}.values[{i}]", item, choices=_WAYS.get(name), pattern=PATTERNS.get(name)) for i, item in enumerate(raw)
    )
    for before, after in pairwise(values):
        if before.last is None or before.last >= after.first:
            raise _wrong(file, name, f"значения перекрываются на {after.first:%d.%m.%Y}")
        if before.last + timedelta(days=1) != after.first:
            raise _wrong(file, name, f"пропуск между {before.last:%d.%m.%Y} и {after.first:%d.%m.%Y}")
    return Parameter(name, str(texts["meaning"]), str(texts["clause"]), str(texts["unit"]), values)


def _dated(file: str, name: str, item: object, *, choices: tuple[str, ...] | None, pattern: re.Pattern[str] | None) -> Dated:
    if not isinstance(item, Mapping):
        raise _wrong(file, name, "ожидалась таблица from, to, value, act")
    unknown = sorted(item.keys() - _VALUE_KEYS)
    if unknown:
        raise _wrong(file, f"{name}.{unknown[0]}", "неизвестный ключ")
    first, last, value, act = item.get("from"), item.get("to"), item.get("value"), item.get("act")
    if not isinstance(first, date) or not (last is None or isinstance(last, date)) or not isinstance(act, str) or not act:
        raise _wrong(file, name, "нужны from (дата) и act; to — дата или нет его")
    if last is not None and last < first:
        raise _wrong(file, name, "to раньше from")
    if not isinstance(value, str):
        raise _wrong(file, f"{name}.value", "значение пишется строкой, чтобы не потерять точность")
    if pattern is not None:
        if pattern.fullmatch(value) is None:
            raise _wrong(file, f"{name}.value", f"{value!r} — не того вида, которого ждёт параметр")
    elif choices is None:
        try:
            Fraction(value)
        except ValueError:
            raise _wrong(file, f"{name}.value", f"не число: {value!r}") from None
    elif value not in choices:
        raise _wrong(file, f"{name}.value", f"{value!r} — не из {', '.join(choices)}")
    return Dated(first, last, value, act)


def _wrong(file: str, key: str, what: str) -> ConfigError:
    return ConfigError(
        "CFG-0420", f"{file}: {key}: {what}.", hint="Исправьте файл закона; программа без него не начисляет.", file=file, key=key
    )
