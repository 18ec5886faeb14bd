"""The rules of one month, typed: tariffs, norms, raising coefficients and settings, each with the days it holds on and its source.

The region's settings override the defaults of the law. A tariff or norm that is not there is :class:`core.charges.findings.Held`, never a
zero; a setting with a way that this version does not compute is a ``ConfigError``, before any line is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal

from core.charges.findings import Held
from core.charges.law import CHOICES, Law
from core.charges.norms import NormRow
from core.errors import ConfigError
from core.ids import EntityId, RecordId
from core.model.facts import Facts, NormFacts, ServiceFacts, TariffFacts
from core.period import Month
from core.validate.settings import canonical_setting

__all__ = ["Matrix", "Resource", "Rules", "Sourced", "Valued", "is_carrier", "is_heat_of_water", "resource_of", "window_months"]

Resource = Literal["cold_water", "hot_water", "wastewater", "electricity", "gas", "heating", "waste", "solid_fuel"]
_UTILITIES: dict[int, Resource] = {
    1: "cold_water",
    2: "hot_water",
    3: "wastewater",
    4: "electricity",
    5: "gas",
    6: "heating",
    7: "solid_fuel",
    8: "waste",
}
_HOT, _COLD_WATER, _HEAT = 2, 1, 5
_ALL_MONTHS = 10_000
"""More months than any meter has: the average of all since its start."""
_DAY = timedelta(days=1)


def resource_of(service: ServiceFacts) -> Resource | None:
    """The utility a service is by its code; None for housing services and for what has none."""
    return _UTILITIES.get(service.utility_kind) if service.utility_kind is not None else None


def is_carrier(service: ServiceFacts) -> bool:
    """Whether the service is cold water that is heated: the first of the two components of hot water."""
    return service.utility_kind == _HOT and service.resource_kind == _COLD_WATER


def is_heat_of_water(service: ServiceFacts) -> bool:
    """Whether the service is the second component of hot water: its heat."""
    return service.utility_kind == _HOT and service.resource_kind == _HEAT


@dataclass(frozen=True, slots=True)
class Sourced:
    """A number of the rules: from a record of the region, or else from a parameter of the law."""

    value: Fraction
    records: tuple[RecordId, ...] = ()
    law: str = ""


@dataclass(frozen=True, slots=True)
class Valued:
    """A number with the days it holds on, both counting."""

    first: date
    last: date
    value: Fraction
    records: tuple[RecordId, ...]
    supplier: EntityId | None = None
    law: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A norm matrix with the days it holds on, both counting."""

    first: date
    last: date
    table: tuple[NormRow, ...]


class Rules:
    """All that a calculation of the month needs to know beside the house's own facts."""

    def __init__(self, facts: Facts, law: Law, month: Month) -> None:
        self.facts = facts
        self.law = law
        self.month = month
        self.version = law.version(month.last)
        self._at: dict[str, Rules] | None = {} if facts.is_local else None
        self._known: dict[object, tuple[Valued, ...]] = {}
        self._matrices: dict[object, tuple[Matrix, ...]] = {}
        self._has_ranges = any(tariff.range_number is not None for tariff in facts.tariffs)
        self._choices: dict[tuple[str, date], str] = {}
        self._numbers: dict[tuple[str, date], Sourced] = {}
        self.worked_out: dict[object, Any] = {}
        """What is the same in all houses of the municipality, worked out where it is needed first: what lines that are alike share,
        volumes of households by the norm."""
        for name in CHOICES:
            self.choice(name.removeprefix("setting."), month.last)
        self.average_window = self._average_window()

    def at(self, oktmo: str) -> Rules:
        """The rules of one municipality: its own norms and settings; tariffs are looked up by place in any case."""
        if self._at is None:
            return self
        if oktmo not in self._at:
            rules = Rules(self.facts.at(oktmo), self.law, self.month)
            rules._at = None
            self._at[oktmo] = rules
        return self._at[oktmo]

    def number(self, name: str, day: date) -> Sourced:
        """A number of the law, or the region's own in its place (``coefficient.cold_water`` → setting ``coefficient_cold_water``)."""
        found = self._numbers.get((name, day))
        if found is None:
            own = name.removeprefix("setting.").replace(".", "_")
            if own in self.facts.settings:
                found = Sourced(self._own_number(own), self.setting_source(own))
            else:
                found = Sourced(self.law.number(name, day), law=name)
            self._numbers[name, day] = found
        return found

    def own_number(self, name: str, *, clause: str) -> Sourced:
        """A number that only the region can know; its absence holds the line."""
        if name not in self.facts.settings:
            raise Held(
                "CH-011", f"не задана настройка региона {name}", hint="Задайте её в настройках региона.", clause=clause, scope="service"
            )
        return Sourced(self._own_number(name), self.setting_source(name))

    def growth_limit(self, oktmo: str) -> Sourced | None:
        """The greatest lawful growth of citizens' payment, per cent; None when only the region knows it and has not said.

        ``bound_growth_by_oktmo`` of the region: numbers by the beginning of ОКТМО, of which the longest that fits holds; else
        ``bound_growth_percent``, one number for all.
        """
        name, own = "bound_growth_by_oktmo", self.facts.settings.get("bound_growth_by_oktmo", {})
        fitting = sorted((str(key) for key in own if oktmo.startswith(str(key))), key=len) if isinstance(own, Mapping) else []
        if fitting and isinstance(own, Mapping):
            return Sourced(_number(name, own[fitting[-1]]), self.setting_source(name))
        if "bound_growth_percent" in self.facts.settings:
            return Sourced(self._own_number("bound_growth_percent"), self.setting_source("bound_growth_percent"))
        federal = self.law.choice("bound.growth_percent", self.month.last)
        return None if federal == "region" else Sourced(Fraction(federal), law="bound.growth_percent")

    def wastewater_coefficient(self) -> Sourced:
        """The raising coefficient of wastewater: 1 unless the region decided otherwise (``wastewater_k`` or ``coefficient_sewerage``)."""
        if "coefficient_sewerage" in self.facts.settings and "wastewater_k" not in self.facts.settings:
            return Sourced(self._own_number("coefficient_sewerage"), self.setting_source("coefficient_sewerage"))
        return self.number("setting.wastewater_k", self.month.last)

    def choice(self, name: str, day: date) -> str:
        """The way a question of practice is answered on the day."""
        found = self._choices.get((name, day))
        if found is None:
            found = self._choices[name, day] = self._chosen(name, day)
        return found

    def _chosen(self, name: str, day: date) -> str:
        if name not in self.facts.settings:
            return self.law.choice(f"setting.{name}", day)
        return _supported(name, self.facts.settings[name])

    def text(self, name: str, default: str) -> str:
        """A setting that is a word, where the law has no default of its own."""
        return str(self.facts.settings.get(name, default))

    def heating_months(self) -> frozenset[int]:
        """Months of the heating season; known by the region only."""
        months = self.facts.settings.get("heating_months")
        if not isinstance(months, list) or not all(isinstance(month, int) and 1 <= month <= 12 for month in months):
            raise Held(
                "CH-011",
                "не заданы месяцы отопительного периода (heating_months)",
                hint="Задайте их в настройках региона.",
                clause="п. 42(1)",
                scope="service",
            )
        return frozenset(months)

    def tariffs(self, service: ServiceFacts, oktmo: str, first: date, last: date, *, range_number: int | None = None) -> tuple[Valued, ...]:
        """Approved tariffs of a utility service for each of the days, in order; of a range of consumption where one is named."""
        key = ("tariff", service.utility_kind, service.resource_kind, service.zone, oktmo, first, last, range_number)
        if key in self._known:
            return self._known[key]
        what = f"тариф на «{service.name}» для ОКТМО {oktmo}" + (f", диапазон {range_number}" if range_number else "")

        def fits(tariff: TariffFacts) -> bool:
            return tariff.range_number == range_number and _is_of(tariff, service, oktmo)

        return self._valued(key, lambda: self._tariffs(fits, what, first, last))

    def range_numbers(self, service: ServiceFacts, oktmo: str) -> tuple[int, ...]:
        """Ranges of consumption that have tariffs of the service in the month; empty where one tariff holds for all of the volume."""
        if not self._has_ranges:
            return ()
        month = self.month
        return tuple(
            sorted(
                {
                    tariff.range_number
                    for tariff in self.facts.tariffs
                    if tariff.range_number is not None
                    and _is_of(tariff, service, oktmo)
                    and tariff.first <= month.last
                    and (tariff.last is None or tariff.last >= month.first)
                }
            )
        )

    def range_bounds(self, ranges: int) -> tuple[Valued, ...]:
        """Upper bounds of all ranges but the last, before the seasonal factor: the region's, else the federal ceilings."""
        month, own = self.month, self.facts.settings.get("range_bounds")
        if own is None:
            bounds = [self.law.number(f"range.bound_{number}", month.last) for number in (1, 2)]
            found = [Valued(month.first, month.last, bound, (), law=f"range.bound_{n}") for n, bound in enumerate(bounds, start=1)]
        else:
            if not isinstance(own, list) or not own or not all(re.fullmatch(r"\d+(\.\d+)?", str(bound)) for bound in own):
                raise ConfigError(
                    "CFG-0425", f"Настройка региона range_bounds: {own!r} — не список чисел.", hint='Например: ["3900", "6000"].',
                    setting="range_bounds",
                )  # fmt: skip
            found = [Valued(month.first, month.last, Fraction(str(bound)), self.setting_source("range_bounds")) for bound in own]
        if len(found) < ranges - 1:
            raise Held(
                "CH-011", "границ диапазонов (range_bounds) меньше, чем диапазонов тарифа", hint="Задайте их в настройках региона.",
                clause="диапазоны", scope="service",
            )  # fmt: skip
        return tuple(found[: ranges - 1])

    def contribution_tariffs(self, oktmo: str, first: date, last: date) -> tuple[Valued, ...]:
        """The approved minimum of the capital-repair contribution for each of the days."""
        key = ("contribution", oktmo, first, last)
        if key in self._known:
            return self._known[key]

        def fits(tariff: TariffFacts) -> bool:
            return tariff.kind == "contribution" and oktmo.startswith(tariff.oktmo)

        what = f"минимальный взнос на капитальный ремонт для ОКТМО {oktmo}"
        return self._valued(key, lambda: self._tariffs(fits, what, first, last))

    def norms(
        self, basis: str, first: date, last: date, *, utility: int | None, resource: int | None, what: str,
        cell: tuple[int, int] | None = None,
    ) -> tuple[Valued, ...]:  # fmt: skip
        """Approved norms of the basis (``per_person``, ``per_m2`` …) for each of the days; ``cell``: rooms and persons of a matrix."""
        key = ("norm", basis, utility, resource, first, last, cell)
        if key in self._known:
            return self._known[key]

        def fits(norm: NormFacts) -> bool:
            return (
                norm.basis == basis
                and norm.utility_kind == utility
                and norm.resource_kind in (None, resource)
                and (norm.rooms, norm.persons) == (cell or (None, None))
            )

        def read() -> tuple[Valued, ...]:
            matching = [norm for norm in self.facts.norms if fits(norm)]
            found = []
            for norm in matching:
                same = (norm.oktmo, norm.resource_kind)
                later = [o.first - _DAY for o in matching if o.first > norm.first and (o.oktmo, o.resource_kind) == same]
                end = min([*later, *([norm.last] if norm.last else [])], default=None)
                value = Valued(norm.first, last, Fraction(norm.value_e6, 10**6), (norm.source,))
                found.append((norm.first, end, 2 * len(norm.oktmo) + (norm.resource_kind is not None), value))
            return _in_order(found, first, last, _missing_norm(what))

        return self._valued(key, read)

    def matrix(self, basis: str, first: date, last: date, *, utility: int | None, resource: int | None) -> tuple[Matrix, ...]:
        """Norm matrices (rooms × persons) of the utility that are in force on any of the days, in order; empty where norms are numbers."""

        def read() -> tuple[Matrix, ...]:
            cells = [
                norm
                for norm in self.facts.norms
                if norm.rooms is not None
                and norm.basis == basis
                and norm.utility_kind == utility
                and norm.resource_kind in (None, resource)
            ]
            # A municipality with tables of its own goes by those; the region's hold where it has none in these days.
            near = max(
                (norm.oktmo for norm in cells if norm.first <= last and (norm.last is None or norm.last >= first)), key=len, default=""
            )
            cells = [norm for norm in cells if norm.oktmo == near]
            starts = sorted({norm.first for norm in cells})
            found = []
            for number, start in enumerate(starts):
                mine = [norm for norm in cells if norm.first == start]
                ends = [*(norm.last for norm in mine if norm.last), *(day - _DAY for day in starts[number + 1 : number + 2]), last]
                if start <= last and min(ends) >= first:
                    table = tuple(NormRow(norm.rooms or 0, norm.persons or 0, Fraction(norm.value_e6, 10**6)) for norm in mine)
                    found.append(Matrix(max(start, first), min(ends), table))
            return tuple(found)

        key = (basis, utility, resource, first, last)
        if key not in self._matrices:
            self._matrices[key] = read()
        return self._matrices[key]

    def heat_of_water(self, service: ServiceFacts, day: date) -> Valued:
        """Heat in 1 m³ of hot water, Gcal: the approved norm, whatever the house meter shows (п. 42, formula 23)."""
        what = f"«{service.name}», тепло на 1 м³"
        return self.norms("heat_per_m3", day, day, utility=service.utility_kind, resource=service.resource_kind, what=what)[0]

    def has_norm(self, basis: str, *, utility: int | None) -> bool:
        """Whether the region has approved any norm of the basis for the utility."""
        return any(norm.basis == basis and norm.utility_kind == utility for norm in self.facts.norms)

    def coefficients(self, resource: Resource, first: date, last: date) -> tuple[Valued, ...]:
        """The raising coefficient for each of the days; by the setting ``k_effective`` a new one may wait for the next month."""
        name = f"coefficient.{resource}"
        own = name.replace(".", "_")
        if own in self.facts.settings:
            return (Valued(first, last, self._own_number(own), self.setting_source(own)),)
        if self.choice("k_effective", first) == "next_month":
            return (Valued(first, last, self.law.number(name, Month.of(first).first), (), law=name),)
        return tuple(
            Valued(max(dated.first, first), min(dated.last or last, last), Fraction(dated.value), (), law=name)
            for dated in self.law.parameters[name].values
            if dated.first <= last and (dated.last is None or dated.last >= first)
        )

    def _tariffs(self, fits: Callable[[TariffFacts], bool], what: str, first: date, last: date) -> tuple[Valued, ...]:
        found = []
        for tariff in self.facts.tariffs:
            if fits(tariff):
                value = Valued(tariff.first, tariff.last or last, Fraction(tariff.value_e6, 10**6), (tariff.source,), tariff.supplier_id)
                found.append((tariff.first, tariff.last, 2 * len(tariff.oktmo) + (tariff.resource_kind is not None), value))
        held = Held(
            "CH-001",
            f"нет утверждённого тарифа: {what}",
            hint="Тариф присылает орган регулирования; загрузите настройки региона.",
            clause="п. 38",
            scope="service",
        )
        return _in_order(found, first, last, held)

    def _valued(self, key: object, read: Callable[[], tuple[Valued, ...]]) -> tuple[Valued, ...]:
        if key not in self._known:
            self._known[key] = read()
        return self._known[key]

    def _own_number(self, name: str) -> Fraction:
        return _number(name, self.facts.settings[name])

    def setting_source(self, name: str) -> tuple[RecordId, ...]:
        """The record of a region's setting; empty when the law's default holds."""
        source = self.facts.settings_sources.get(name)
        return () if source is None else (source,)

    def _average_window(self) -> Sourced:
        stated = self.facts.settings.get("average_window")
        if stated is None:
            return Sourced(self.law.number("average.window_months", self.month.last), law="average.window_months")
        return Sourced(window_months(_supported("average_window", stated)), self.setting_source("average_window"))


def window_months(said: str) -> Fraction:
    """How many measured months make the average, by the setting ``average_window``: the last so many, or all since the meter's start."""
    digits = re.search(r"\d+", said)
    return Fraction(digits[0]) if digits else Fraction(_ALL_MONTHS)


def _supported(name: str, value: object) -> str:
    """A region's value in our words; one that is not computed is a ``ConfigError``, before any line is made."""
    try:
        said = canonical_setting(name, value)
    except ValueError as error:
        text, _, allowed = str(error).rpartition(" Допустимо: ")
        raise ConfigError("CFG-0424", text, hint=f"Допустимо: {allowed}", setting=name) from None
    assert said is not None, f"setting {name} has no rule"
    return said


def _is_of(tariff: TariffFacts, service: ServiceFacts, oktmo: str) -> bool:
    return (
        tariff.kind == "utility"
        and tariff.utility_kind == service.utility_kind
        and tariff.resource_kind in (None, service.resource_kind)
        and (tariff.zone or 1) == (service.zone or 1)
        and oktmo.startswith(tariff.oktmo)
    )


def _number(name: str, value: object) -> Fraction:
    wrong = ConfigError("CFG-0425", f"Настройка региона {name}: {value!r} — не число.", hint="Укажите число строкой.", setting=name)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise wrong
    try:
        return Fraction(value)
    except ValueError:
        raise wrong from None


def _missing_norm(what: str) -> Held:
    return Held(
        "CH-002",
        f"нет утверждённого норматива: {what}",
        hint="Норматив присылает орган власти региона; загрузите настройки региона.",
        clause="п. 42, 44",
        scope="service",
    )


def _in_order(found: Sequence[tuple[date, date | None, int, Valued]], first: date, last: date, missing: Held) -> tuple[Valued, ...]:
    """One value for each day from first to last: the most specific in force; none or two equally specific hold the line."""
    slices: list[Valued] = []
    day = first
    while day <= last:
        in_force = [item for item in found if item[0] <= day and (item[1] is None or day <= item[1])]
        if not in_force:
            raise missing
        rank = max(item[2] for item in in_force)
        best = [item for item in in_force if item[2] == rank]
        if len({item[3].value for item in best}) > 1:
            raise Held(
                "CH-003",
                f"на {day:%d.%m.%Y} действуют два разных значения ({missing.message})",
                hint="Оставьте одно в настройках региона.",
                clause="п. 38",
                scope="service",
            )
        ends = [item[1] for item in in_force if item[1] is not None]
        starts = [item[0] - _DAY for item in found if item[0] > day]
        until = min([last, *ends, *starts])
        value = best[0][3]
        if slices and slices[-1].value == value.value and slices[-1].records == value.records:
            slices[-1] = Valued(slices[-1].first, until, value.value, value.records, value.supplier)
        else:
            slices.append(Valued(day, until, value.value, value.records, value.supplier))
        day = until + _DAY
    return tuple(slices)
