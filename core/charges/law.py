"""Federal rules as dated data: every rate, limit and default with its days of force, its clause and its act.

A :class:`Law` is built once from the tables of ``config/law`` (they arrive as an argument; this room reads no files). What it accepts is a
closed set of names with values that follow each other day by day: an unknown key, a gap or an overlap is refused at load, because a silent
default here would become a wrong bill for everybody.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from core.errors import ConfigError

__all__ = ["CHOICES", "NUMBERS", "Dated", "Law", "Parameter"]

NUMBERS = frozenset({
    "coefficient.cold_water", "coefficient.hot_water", "coefficient.electricity",
    "average.window_months", "average.minimum_months", "average.longest_months",
    "absence.longer_than_days",
    "setting.rollover_factor", "setting.owners_when_unknown",
    *(f"interruption.{service}.month_hours" for service in ("cold_water", "hot_water", "wastewater", "gas", "heating")),
    *(f"interruption.{service}.single_hours" for service in ("cold_water", "hot_water", "wastewater")),
    *(f"interruption.{service}.percent_per_hour" for service in ("cold_water", "hot_water", "wastewater", "gas", "electricity", "heating")),
})  # fmt: skip
"""Parameters that are numbers."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "setting.volume_rounding": ("none",),
    "setting.k_effective": ("by_day", "next_month"),
    "setting.k_electricity_basis": ("no_meter", "access_refused", "never"),
    "setting.late_reading": ("difference",),
    "setting.interruption_hours": ("union", "single", "monthly"),
    "setting.interruption_limits": ("law", "stated"),
    "setting.undelivered_volume": ("by_time", "none"),
    "setting.communal_area": ("computed", "stated"),
    "setting.negative_common": ("carry", "forget"),
    "setting.residence_end": ("inclusive", "exclusive"),
    "setting.metered_absence": ("refuse", "allow"),
}
"""Parameters that are one of several ways, with the ways that are computed."""

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
        missing = sorted((NUMBERS | CHOICES.keys()) - parameters.keys())
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
        """The day of the newest change of any rule that is in force on the day: the version of the rules."""
        return max(dated.first for parameter in self.parameters.values() for dated in parameter.values if dated.first <= day).isoformat()


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
    if name not in NUMBERS and name not in CHOICES:
        near = difflib.get_close_matches(name, [*NUMBERS, *CHOICES], n=1)
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
    values = tuple(_dated(file, f"{name}.values[{i}]", item, choices=CHOICES.get(name)) for i, item in enumerate(raw))
    for before, after in pairwise(values):
        if before.last is None or before.last >= after.first:
            raise _wrong(file, name, f"значения перекрываются на {after.first:%d.%m.%Y}")
        if before.last + timedelta(days=1) != after.first:
            raise _wrong(file, name, f"пропуск между {before.last:%d.%m.%Y} и {after.first:%d.%m.%Y}")
    return Parameter(name, str(texts["meaning"]), str(texts["clause"]), str(texts["unit"]), values)


def _dated(file: str, name: str, item: object, *, choices: tuple[str, ...] | None) -> Dated:
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
    if choices is None:
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
