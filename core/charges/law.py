"""Federal rules as dated data: every rate, limit and default with its days of force, its clause and its act.

A :class:`Law` is built once from the sources of ``config/law`` (they arrive as an argument; this room reads no files). It accepts a
closed set of names with values that follow each other day by day: an unknown key, a gap or an overlap is refused at load with its file and
line, because a silent default here would become a wrong bill for everybody.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from core.errors import ConfigError
from core.validate.places import Path, Places, path_text, toml_places

__all__ = ["CHOICES", "MONEY_CHOICES", "NUMBERS", "PATTERNS", "Dated", "Law", "Parameter"]

NUMBERS = frozenset({
    "coefficient.cold_water", "coefficient.hot_water", "coefficient.electricity",
    "average.window_months", "average.minimum_months", "average.longest_months",
    "absence.longer_than_days",
    "reading.first_day", "reading.last_day", "reading.verification_notice_days",
    "bound.bill_times", "bound.times_last_year", "bound.times_norm", "bound.house_residue_percent",
    "waste.single_hours_warm", "waste.single_hours_cold", "quality.hot_water.percent_per_step", "quality.heating.percent_per_degree",
    "range.bound_1", "range.bound_2", "tampering.norm_factor", "tampering.longest_months", "waste.month_hours", "waste.percent_per_block",
    "setting.rollover_factor", "setting.owners_when_unknown", "setting.wastewater_k", "setting.range_factor", "setting.yearly_month",
    *(f"interruption.{service}.month_hours" for service in ("cold_water", "hot_water", "wastewater", "gas", "heating")),
    *(f"interruption.{service}.single_hours" for service in ("cold_water", "hot_water", "wastewater")),
    *(f"interruption.{service}.percent_per_hour" for service in ("cold_water", "hot_water", "wastewater", "gas", "electricity", "heating")),
    "due.day", "due.presentation_day", "due.late_bill_days",
    "quality.night_ends", "quality.heating.night_drop", "quality.heating.excess", "quality.hot_water.least", "quality.hot_water.most",
    "quality.hot_water.tolerance_by_day", "quality.hot_water.tolerance_by_night", "quality.hot_water.step",
    "quality.hot_water.paid_as_cold_below", "quality.pressure.percent_per_hour", "quality.pressure.share_off",
    "quality.current.percent_per_hour", "waste.cold_air",
    *(f"interruption.heating.single_hours_at_{degrees}" for degrees in (12, 10, 8)),
    "interruption.electricity.hours_two_sources", "interruption.electricity.hours_one_source",
    "interruption.hot_water.dead_end_hours", "interruption.hot_water.maintenance_days",
    "absence.apply_within_days", "subsidy.own_share", "subsidy.months", "subsidy.debt_years",
    "contribution.relief_70", "contribution.relief_80", "recalculation.limitation_years", "recalculation.fine",
    "penalty.free_days", "penalty.first_scale_days", "penalty.first_divisor", "penalty.second_divisor", "penalty.capital_divisor",
    "settlement.small_sum", "settlement.longest_days",
})  # fmt: skip
"""Parameters that are numbers. Limits that depend on a fact no sender gives (room temperature, power sources, a dead-end main) stand
here for whoever decides by hand: a region then sets ``<resource>_single_limit_hours``."""

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
    "setting.penalty_by": ("paid_on", "accounted_on"),
    "setting.penalty_rounding": ("once", "daily", "monthly"),
    "setting.k_surcharge_in_penalty_base": ("true", "false"),
    "setting.recalc_penalty": ("from_bill", "from_original"),
    "setting.february_2026_due": ("2026-03-16", "2026-03-10"),
    "setting.due_shift": ("next_working_day", "none"),
    "setting.late_bill_due": ("plus_10_days", "unchanged"),
    "setting.regional_holidays": ("ignore", "apply"),
    "setting.pp253_small": ("accumulate", "daily"),
    "setting.edk_cap": ("household", "entitled"),
    "setting.index_base_october": ("both", "december", "september"),
    "penalty.moratorium": ("none", "all", "existing"),
    "calendar.transfers": ("decided", "pending"),
}
"""The same for deadlines, penalties and reliefs (charging rules, section 10)."""

PATTERNS: Mapping[str, re.Pattern[str]] = {
    "penalty.rate": re.compile(r"key|\d+(\.\d+)?"),
    "penalty.key_rate": re.compile(r"unknown|\d+(\.\d+)?"),
    "bound.growth_percent": re.compile(r"region|\d+(\.\d+)?"),
    "calendar.days_off": re.compile(r"\d\d\.\d\d( \d\d\.\d\d)*"),
    "calendar.worked": re.compile(r"|\d\d\.\d\d( \d\d\.\d\d)*"),
}
"""Parameters that are written in a way of their own: a rate or the word that stands for it, days of one year."""

_OF_MONEY = ("penalty.", "due.", "calendar.", "settlement.", "bound.", "reading.", *MONEY_CHOICES)
"""Parameters that change no line of charges."""
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
    def from_tables(cls, sources: Mapping[str, str]) -> Law:
        """Read and check the sources (TOML), keyed by file name; anything wrong is a :class:`ConfigError` with file and line."""
        parameters: dict[str, Parameter] = {}
        for name, source in sorted(sources.items()):
            file = _File.read(name, source)
            for path, body in file.leaves():
                parameter = file.parameter(path, body)
                if parameter.name in parameters:
                    raise file.wrong(path, "задан дважды")
                parameters[parameter.name] = parameter
        missing = sorted(_NAMES - parameters.keys())
        if missing:
            raise ConfigError(
                "CFG-0421", f"В законе не хватает параметров: {', '.join(missing)}.", hint="Дополните config/law.", parameters=missing
            )
        return cls(parameters)

    def with_changes(self, name: str, source: str, *, since: date | None = None) -> Law:
        """The law with the values of one more file of the same shape, checked as strictly: they hold on their days, and what was in force
        on these gives way. ``since``: the last value of each parameter holds from this day on, whatever its own days are."""
        file = _File.read(name, source, folder="")
        changed = dict(self.parameters)
        for path, body in file.leaves():
            known = self.parameters.get(path_text(path))
            parameter = file.parameter(path, body, known)
            values = parameter.values if since is None else (replace(parameter.values[-1], first=since, last=None),)
            changed[parameter.name] = replace(parameter, values=_laid_over(changed[parameter.name].values, values))
        return Law(changed)

    @staticmethod
    def is_of_charges(name: str) -> bool:
        """Whether a parameter is a rule of charges; others are of deadlines, penalties and settlement."""
        return not name.startswith(_OF_MONEY)

    def number(self, name: str, day: date) -> Fraction:
        """A number in force on the day."""
        return Fraction(self.parameters[name].on(day).value)

    def choice(self, name: str, day: date) -> str:
        """A way in force on the day."""
        return self.parameters[name].on(day).value

    def version(self, day: date) -> str:
        """The day of the newest change of any rule of charges in force on the day: the version of the rules of charge lines."""
        of_charges = [parameter for name, parameter in self.parameters.items() if self.is_of_charges(name)]
        return max(dated.first for parameter in of_charges for dated in parameter.values if dated.first <= day).isoformat()


def _laid_over(old: Sequence[Dated], new: Sequence[Dated]) -> tuple[Dated, ...]:
    """Values that follow each other, with others laid over them on their days."""
    first, last = new[0].first, new[-1].last
    before = (replace(one, last=min(one.last or date.max, first - timedelta(days=1))) for one in old if one.first < first)
    after = (
        replace(one, first=max(one.first, last + timedelta(days=1)))
        for one in old
        if last is not None and (one.last is None or one.last > last)
    )
    return (*before, *new, *after)


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the law while it is checked."""

    name: str
    table: Mapping[str, object]
    places: Places
    folder: str
    """What stands before its name in messages."""

    @classmethod
    def read(cls, name: str, source: str, *, folder: str = "config/law/") -> _File:
        try:
            return cls(name, tomllib.loads(source), toml_places(source), folder)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+), column (\d+)", str(error))
            place = f"строка {found[1]}, знак {found[2]}" if found else "конец файла"
            line = int(found[1]) if found else source.count("\n") + 1
            raise ConfigError(
                "CFG-0423", f"{folder}{name}, {place}: это не TOML.", hint="Исправьте запись TOML.", file=name, line=line
            ) from error

    def leaves(self) -> Iterator[tuple[Path, Mapping[str, object]]]:
        """The parameters of nested tables: a table that has ``values`` is one."""
        waiting: list[tuple[Path, object]] = [((key,), body) for key, body in reversed(list(self.table.items()))]
        while waiting:
            path, body = waiting.pop()
            if not isinstance(body, Mapping):
                raise self.wrong(path, "ожидалась таблица с values")
            if "values" in body:
                yield path, body
            else:
                waiting.extend(((*path, key), inner) for key, inner in reversed(list(body.items())))

    def parameter(self, path: Path, body: Mapping[str, object], known: Parameter | None = None) -> Parameter:
        """The parameter at a path; refused where anything of it is not as it must be. ``known``: the texts that a change leaves out."""
        name = path_text(path)
        if name not in _NAMES:
            near = difflib.get_close_matches(name, _NAMES, n=1)
            raise self.wrong(path, "неизвестный параметр" + (f", возможно, {near[0]}" if near else ""))
        unknown = sorted(body.keys() - _KEYS)
        if unknown:
            raise self.wrong((*path, unknown[0]), "неизвестный ключ")
        texts = {key: body.get(key, getattr(known, key, "")) for key in ("meaning", "clause", "unit")}
        if not all(isinstance(text, str) for text in texts.values()) or not texts["meaning"] or not texts["clause"]:
            raise self.wrong(path, "нужны meaning и clause")
        raw = body["values"]
        if not isinstance(raw, list) or not raw:
            raise self.wrong((*path, "values"), "нужно хотя бы одно значение")
        values = tuple(
            self._dated((*path, "values", number), item, choices=_WAYS.get(name), pattern=PATTERNS.get(name))
            for number, item in enumerate(raw)
        )
        for number, (before, after) in enumerate(pairwise(values), start=1):
            here: Path = (*path, "values", number)
            if before.last is None or before.last >= after.first:
                raise self.wrong(here, f"значения перекрываются на {after.first:%d.%m.%Y}")
            if before.last + timedelta(days=1) != after.first:
                raise self.wrong(here, f"пропуск между {before.last:%d.%m.%Y} и {after.first:%d.%m.%Y}")
        return Parameter(name, str(texts["meaning"]), str(texts["clause"]), str(texts["unit"]), values)

    def _dated(self, path: Path, item: object, *, choices: tuple[str, ...] | None, pattern: re.Pattern[str] | None) -> Dated:
        if not isinstance(item, Mapping):
            raise self.wrong(path, "ожидалась таблица from, to, value, act")
        unknown = sorted(item.keys() - _VALUE_KEYS)
        if unknown:
            raise self.wrong((*path, unknown[0]), "неизвестный ключ")
        first, last, value, act = item.get("from"), item.get("to"), item.get("value"), item.get("act")
        if not _is_day(first) or not (last is None or _is_day(last)) or not isinstance(act, str) or not act:
            raise self.wrong(path, "нужны from (дата) и act; to — дата или нет его")
        assert isinstance(first, date) and (last is None or isinstance(last, date))
        if last is not None and last < first:
            raise self.wrong(path, "to раньше from")
        if not isinstance(value, str):
            raise self.wrong((*path, "value"), "значение пишется строкой, чтобы не потерять точность")
        if pattern is not None:
            if pattern.fullmatch(value) is None:
                raise self.wrong((*path, "value"), f"{value!r} — не того вида, которого ждёт параметр")
        elif choices is None:
            try:
                number = Fraction(value)
            except (ValueError, ZeroDivisionError):
                raise self.wrong((*path, "value"), f"не число: {value!r}") from None
            if number < 0:
                raise self.wrong((*path, "value"), f"отрицательное число: {value!r}")
        elif value not in choices:
            raise self.wrong((*path, "value"), f"{value!r} — не из {', '.join(choices)}")
        return Dated(first, last, value, act)

    def wrong(self, path: Path, what: str) -> ConfigError:
        key, line = path_text(path), self.places.line(path)
        return ConfigError(
            "CFG-0420",
            f"{self.folder}{self.name}, строка {line}: {key}: {what}.",
            hint="Исправьте файл закона; программа без него не начисляет." if self.folder else "Исправьте файл.",
            file=self.name,
            line=line,
            key=key,
        )


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
