"""Lines that are alike: decided once for a house, a service and all that the decision looks at, then only filled in.

What a line is, say the functions that decide it; here one of their plans becomes a :class:`Shape` for the lines whose deciding facts are
the same. Such lines differ in the account, in the numbers that a clause is linear in (area, persons, volume), and in the records these
came from. A line with anything of its own (act, absence, relief, interruption, a change inside the month …) has no shape and is decided
and evaluated by itself. With and without shapes the lines are the same to the last byte.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.rows import Group, LinePlan, Row
from core.charges.rules import Rules
from core.charges.volumes import ONE
from core.charges.written import inputs_of
from core.exact import scaled, whole
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, HouseFacts
from core.model.inputs import RECORDS, VALUE, Brought, InputsTemplate, LikeInputs
from core.model.lines import ChargeLine
from core.money import rounded, rounded_ratio

__all__ = ["BY_AREA", "LINEAR", "Alike", "LikeLine", "Shape", "area_of", "is_plain"]

_MICRO = 10**6

BY_AREA = frozenset(
    {
        "contribution", "formula_2", "formula_2_1", "formula_3", "formula_3_average", "formula_3_evenly", "formula_9_2", "formula_12",
        "formula_12_average", "formula_12_average_capped", "formula_12_capped", "maintenance", "soi_average", "soi_by_meter",
        "soi_house_average", "soi_norm",
    }
)  # fmt: skip
"""Clauses whose arguments are all the house's or the region's but ``S``, the area of the premises."""

LINEAR: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(BY_AREA, ("S",)),
    "clause_59": ("V_sum",), "formula_1": ("V",), "formula_4": ("n",), "formula_4_1": ("n",),
    "wastewater": ("V_cold", "V_hot"),
}  # fmt: skip
"""Arguments that a clause is linear in, all of them zero giving zero: the charge of one unit of each tells that of any number."""


class Shape:
    """What lines that are alike share: the plan of the first, one unit's charge and volume, and the text of their inputs."""

    __slots__ = (
        "_base", "_of_one", "_raised", "_sorted", "_sources", "_tariff_e6", "_template", "_version", "_volume", "clause", "creditor_id",
        "method", "service_id",
    )  # fmt: skip

    def __init__(self, plan: LinePlan, symbols: tuple[str, ...], shared: tuple[RecordId, ...], rules: Rules) -> None:
        self.service_id = plan.service_id
        self.creditor_id = plan.creditor_id
        self.method = plan.method
        self.clause = plan.base[0][0].clause
        self._version = rules.version
        self._tariff_e6 = None if plan.tariff is None else rounded(plan.tariff, _MICRO)
        rows = [group[0] for group in (*plan.base, *plan.with_k)]
        self._sources = frozenset(
            (*shared, *(one for row in rows for name, ids in row.records.items() if name not in symbols for one in ids))
        )
        self._sorted = tuple(sorted(self._sources))
        self._of_one = len(symbols) == 1
        """Lines bring one number."""
        key = (len(plan.base), *(_without(row, symbols) for row in rows))
        if key not in rules.worked_out:
            rules.worked_out[key] = _worked_out(plan, symbols, rules)
        self._base, self._raised, self._volume, self._template = rules.worked_out[key]

    @classmethod
    def of(cls, plan: LinePlan, own: Brought, rules: Rules) -> Shape | None:
        """The shape of a plan, if it is one that others can have: rows of the base, with the coefficient or without, linear in what the
        account brings, and no correction of its own."""
        if plan.recalculation or plan.reduction or plan.undelivered or plan.quality or plan.benefit or plan.compensation:
            return None
        rows = [row for group in (*plan.base, *plan.with_k) for row in group]
        symbols = LINEAR.get(rows[0].clause) if len(rows) == len(plan.base) + len(plan.with_k) else None
        mine = len(own.sources) + 1
        if symbols is None or plan.sources[1:mine] != own.sources or not all(own.records):
            return None
        brought = dict(zip(symbols, zip(own.values, own.records, strict=True), strict=True))
        for row in rows:
            found = {name: (value, row.records.get(name)) for name, value in row.values.items() if name in brought}
            named = [name for name in row.records if name in brought]
            if LINEAR.get(row.clause) != symbols or found != brought or list(found) != list(symbols) or named != list(symbols):
                return None
        return cls(plan, symbols, (plan.sources[0], *plan.sources[mine:]), rules)

    def line(self, own: Brought) -> ChargeLine:
        """The line of an account."""
        base = surcharge = 0
        if self._of_one:
            ((num, den),) = own.ratios
            for ((unit, of),) in self._base:
                base += rounded_ratio(unit * num, of * den)
            if self._raised:
                for ((unit, of),) in self._raised:
                    surcharge += rounded_ratio(unit * num, of * den)
                surcharge -= base
            ((unit, of),) = self._volume
            volume = rounded_ratio(unit * num, of * den)
        else:
            for units in self._base:
                base += _times(units, own.ratios)
            if self._raised:
                surcharge = sum(_times(units, own.ratios) for units in self._raised) - base
            volume = _times(self._volume, own.ratios)
        return ChargeLine(
            own.account_id, self.service_id, self.creditor_id, self.method, self.clause, self._version, volume, self._tariff_e6, base,
            surcharge, 0, 0, 0, LikeInputs(self._template, own), self._with(own.all_sources),
        )  # fmt: skip

    def _with(self, own: set[RecordId]) -> tuple[RecordId, ...]:
        """All records of a line, in order."""
        if len(own) != 1:
            return tuple(sorted(self._sources | own))
        shared, (one,) = self._sorted, own
        place = bisect_left(shared, one)
        if shared[place : place + 1] == (one,):
            return shared
        return (*shared[:place], one, *shared[place:])


@dataclass(slots=True)
class LikeLine:
    """A decided line of a shape."""

    shape: Shape
    own: Brought

    @property
    def account_id(self) -> EntityId:
        """The account it is charged to."""
        return self.own.account_id

    @property
    def service_id(self) -> EntityId:
        """The service that is charged."""
        return self.shape.service_id


class Alike:
    """The shapes of one service of a house."""

    def __init__(self, house: HouseFacts, rules: Rules, *, on: bool) -> None:
        self._rules = rules
        self._shapes: dict[Hashable, Shape | None] = {}
        self._first: dict[Hashable, tuple[Brought, LinePlan]] = {}
        """Decided plans whose shapes nobody has asked for yet."""
        corrected = house.deviations or house.boiler or house.containers or house.last_year is not None
        self.on = on and not corrected and rules.choice("volume_rounding", rules.month.last) == "none"
        """Whether lines of the house may be alike at all."""

    def known(self, key: Hashable, own: Brought) -> LikeLine | None:
        """The line by the shape of those with the same key, which is all that its decision looks at beside ``own``; None: to be decided."""
        shape = self._shapes.get(key)
        if shape is None:
            if key not in self._first:
                return None
            first, plan = self._first.pop(key)
            shape = self._shapes[key] = Shape.of(plan, first, self._rules)
        return None if shape is None else LikeLine(shape, own)

    def learn(self, key: Hashable, own: Brought, plan: LinePlan) -> None:
        """Take the shape of a decided plan for others with the key, once one of them comes."""
        if self.on and key not in self._shapes:
            self._first[key] = (own, plan)

    def has_learned(self, key: Hashable, own: Brought, plan: LinePlan) -> bool:
        """The same at once; False where the plan has no shape."""
        if self.on and key not in self._shapes:
            self._shapes[key] = Shape.of(plan, own, self._rules)
        return self._shapes.get(key) is not None


def is_plain(account: AccountFacts) -> bool:
    """Whether nothing is known of the account that changes some line of it: no absence, relief, act, change of area …"""
    return not (
        account.absences or account.reliefs or account.acts or account.areas or account.own_heating_e2 or account.access_refused
        or account.area_e2 <= 0 or account.room_number is not None or account.deliveries is not None
    )  # fmt: skip


def area_of(account: AccountFacts) -> Brought:
    """What an account brings to a line by its area."""
    return Brought(account.account_id, (scaled(account.area_e2, 100),), ((account.source,),), (account.source,))


_Ratios = tuple[tuple[int, int], ...]
"""What one unit of each argument gives, as numerators and denominators."""


def _without(row: Row, symbols: tuple[str, ...]) -> Hashable:
    """All that a row says beside what the account brings: rows of any houses that are equal in this have one text and one charge."""
    values = ((name, value.numerator, value.denominator) for name, value in row.values.items() if name not in symbols)
    records = (one for one in row.records.items() if one[0] not in symbols)
    return (row.clause, row.first, row.last, *values, *records, *row.law.items())


def _worked_out(plan: LinePlan, symbols: tuple[str, ...], rules: Rules) -> tuple[list[_Ratios], list[_Ratios], _Ratios, InputsTemplate]:
    """Charges, charges with the coefficient and volume of one unit of what lines bring, and the text of their inputs."""
    base = [_ratios(_of_unit(group[0], symbols), 100) for group in plan.base]
    raised = [_ratios(_of_unit(group[0], symbols), 100) for group in plan.with_k]
    volumes = [_of_unit(group[0], symbols, T=ONE, e=whole(0)) for group in plan.base]
    volume = _ratios([sum(parts, whole(0)) for parts in zip(*volumes, strict=True)], _MICRO)
    marked = replace(plan, base=_marked(plan.base, symbols), with_k=_marked(plan.with_k, symbols))
    template = InputsTemplate(inputs_of(marked, month=str(rules.month)), symbols, len(plan.base) + len(plan.with_k))
    return base, raised, volume, template


def _of_unit(row: Row, symbols: tuple[str, ...], **instead: Any) -> list[Fraction]:
    """What a clause gives for one unit of each of the arguments, the others of them zero."""
    others: dict[str, Any] = {name: instead.get(name, value) for name, value in row.values.items() if name not in symbols}
    if others["d"] == others["D"]:  # clauses take the days of all days, and nothing else, from these two
        others["d"] = others["D"] = ONE
    formula: Any = getattr(clauses, row.clause)
    return [Fraction(formula(**others, **{name: whole(name == one) for name in symbols})) for one in symbols]


def _ratios(units: list[Fraction], scale: int) -> _Ratios:
    return tuple((unit.numerator * scale, unit.denominator) for unit in units)


def _times(units: tuple[tuple[int, int], ...], numbers: list[tuple[int, int]]) -> int:
    """The sum of the numbers by what a unit of each gives, rounded once."""
    num, den = 0, 1
    for (unit, of), (more, by) in zip(units, numbers, strict=True):
        num, den = num * of * by + unit * more * den, den * of * by
    return rounded_ratio(num, den)


def _marked(groups: tuple[Group, ...], symbols: tuple[str, ...]) -> tuple[Group, ...]:
    """The rows with holes in place of what an account brings."""
    value: Any = VALUE
    ids: Any = (RECORDS,)
    return tuple(
        tuple(
            replace(row, values={**row.values, **dict.fromkeys(symbols, value)}, records={**row.records, **dict.fromkeys(symbols, ids)})
            for row in group
        )
        for group in groups
    )
