"""Why an account pays more or less than before: two charge lines of one service compared, the difference split by causes to the kopeck.

Both lines keep the clause and its exact arguments. The arguments of the line before are replaced by those of the line after, one group of
symbols after the other in the order of :data:`STEPS`, and the same clause is evaluated after each: what a step changes is the amount of its
cause. The sums telescope, so causes add up to the difference exactly, whatever the order; the order only says who gets the share that two
causes have together (the first one at old values of those after it). What rounding of several slices leaves is told as rounding.

Slices of a month (a tariff, a norm or an area that changed inside it) are first joined to one row by means weighted with what they
multiply; a clause that cannot be joined exactly is not joined. Wastewater follows the lines of water it is the sum of, so that a new norm
of cold water is a new norm here too, and not a new volume.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Literal

from core.charges import clauses
from core.ids import EntityId
from core.model.lines import ChargeLine
from core.money import kopecks

__all__ = ["CAUSES", "STEPS", "LineChange", "Water", "changes_of_account"]

Water = Literal["V_cold", "V_hot"]
"""The argument of the wastewater clause that a service of water gives."""

STEPS: Mapping[str, frozenset[str]] = {
    "tariff": frozenset({"T", "e", "T_hot", "T_carrier"}),
    "norm": frozenset({"N", "N_cook", "N_heater", "N_year", "q", "k"}),
    "coefficient": frozenset({"K"}),
    "persons": frozenset({"n", "n_flat", "n_house"}),
    "area": frozenset({"S", "S_own_part", "S_room", "S_rooms"}),
    "volume": frozenset(
        {
            "V", "V_before", "V_after", "V_sum", "m", "g", "M", "V_read", "V_charged", "V_cold", "V_hot", "V_flat", "V_rooms", "V_zone",
            "V_range", "V_month", "V_plain", "V_raised",
        }
    ),
    "house": frozenset(
        {
            "V_house", "V_individual", "V_carried", "V_metered", "V_year", "V_average", "V_removed", "V_resource", "V_hot_all", "Q",
            "Q_all", "S_all", "S_common", "S_heated", "S_own", "S_metered", "S_site", "n_site",
        }
    ),
    "relief": frozenset({"share", "n_entitled"}),
    "days": frozenset({"d", "D"}),
}  # fmt: skip
"""Symbols of the clauses by cause, in the order in which they are replaced."""

CAUSES: Mapping[str, str] = {
    "appeared": "услуга появилась",
    "ended": "услуга закончилась",
    "tariff": "тариф или цена",
    "norm": "норматив",
    "coefficient": "повышающий коэффициент",
    "persons": "число проживающих",
    "area": "площадь помещения",
    "volume": "объём потребления",
    "house": "объём и площади дома",
    "days": "дни пользования",
    "method": "способ расчёта",
    "interruption": "перерывы и качество",
    "relief": "льгота",
    "recalculation": "перерасчёт в строке месяца",
    "closed_months": "перерасчёт прошлых месяцев",
    "stated": "сумма отправителя",
    "rounding": "округление",
}
"""Causes as people read them, in the order in which they are shown."""

_METERED = frozenset({"formula_1", "formula_1_replaced", "formula_1_gap", "formula_1_gap_norm", "formula_1_late", "formula_1_range"})
_RAISED = {"formula_4": "formula_4_1", "formula_23_norm": "formula_23_1", "clause_47": "clause_47_raised"}
"""A charge without the coefficient is that with K = 1: so a coefficient that came or went is a step as any other."""
_OF_HOUSE = ("soi_", "formula_12", "formula_3_average")
"""Clauses whose ``V_sum`` and ``m`` are of the house meter."""
_LOWERED = frozenset({"clause_47", "clause_47_raised", "clause_48"})
"""Own volumes that the negative rest of the house lowers: that this began or ended is a matter of the house."""
_RANGED = "formula_1_range"
_WASTEWATER = "wastewater"
_MEANS = ("T", "e", "K", "N", "N_cook", "N_heater", "N_year", "q", "k", "n", "S", "S_own_part", "V_range", "V")
"""Symbols that may differ between slices, in the order in which their weighted means are taken."""
_ADDED = ("n", "V_range")
"""Symbols that add up over parts of a month that are each whole in their own days."""

Row = tuple[str, dict[str, Fraction]]
"""A clause with its arguments."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """What a service of an account came to before and after, kopecks, and the difference by cause, without causes that change nothing."""

    account_id: EntityId
    service_id: EntityId
    before: int
    after: int
    causes: Mapping[str, int] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        """To pay more (positive) or less."""
        return self.after - self.before


def changes_of_account(before: Sequence[ChargeLine], after: Sequence[ChargeLine], waters: Mapping[EntityId, Water]) -> list[LineChange]:
    """The lines of an account compared service by service, of one creditor with each other first; ``waters``: services of water."""
    pairs = list(_pairs(before, after))
    flow = None
    if any(old is not None and new is not None and old.clause == new.clause == _WASTEWATER for old, new in pairs):
        flow = _Flow([(old, new) for old, new in pairs if _service(old, new) in waters], waters)
    return [_change(old, new, flow) for old, new in pairs]


def _service(old: ChargeLine | None, new: ChargeLine | None) -> EntityId:
    line = old or new
    assert line is not None
    return line.service_id


def _pairs(before: Sequence[ChargeLine], after: Sequence[ChargeLine]) -> Iterator[tuple[ChargeLine | None, ChargeLine | None]]:
    """Lines that stand for each other: of one service and creditor, then those left of one service (the supplier has changed)."""
    later = {(line.service_id, line.creditor_id): line for line in after}
    left: list[ChargeLine] = []
    for line in before:
        same = later.pop((line.service_id, line.creditor_id), None)
        if same is None:
            left.append(line)
        else:
            yield line, same
    services = dict.fromkeys([line.service_id for line in left] + [line.service_id for line in later.values()])
    for service in services:
        yield from zip_longest(
            [line for line in left if line.service_id == service], [line for line in later.values() if line.service_id == service]
        )


def _change(old: ChargeLine | None, new: ChargeLine | None, flow: _Flow | None) -> LineChange:
    line = old or new
    assert line is not None
    total_before, total_after = old.total if old else 0, new.total if new else 0
    causes: dict[str, int] = {}
    if old is None or new is None:
        causes["ended" if new is None else "appeared"] = total_after - total_before
    elif old.clause == "stated" or new.clause == "stated":
        causes = _stated(old, new)
    else:
        _add(causes, _payable(old, new, flow), 1)
        _add(causes, {"recalculation": new.recalculation - old.recalculation, "interruption": old.underdelivery - new.underdelivery}, 1)
        _add(causes, _relief(old, new), -1)
    return LineChange(line.account_id, line.service_id, total_before, total_after, {key: value for key, value in causes.items() if value})


def _add(causes: dict[str, int], more: Mapping[str, int], sign: int) -> None:
    for cause, amount in more.items():
        causes[cause] = causes.get(cause, 0) + sign * amount


def _stated(old: ChargeLine, new: ChargeLine) -> dict[str, int]:
    """A line that is the sender's own statement has no arguments: of it only the tariff is told apart, where both name one."""
    causes: dict[str, int] = {}
    if old.clause == new.clause and old.tariff_e6 is not None and new.tariff_e6 is not None:
        was, is_now = (kopecks(Fraction(old.volume_e6 * tariff, 10**12)) for tariff in (old.tariff_e6, new.tariff_e6))
        causes["tariff"] = is_now - was
    causes["stated"] = new.total - old.total - sum(causes.values())
    return causes


def _payable(old: ChargeLine, new: ChargeLine, flow: _Flow | None) -> dict[str, int]:
    """Base and surcharge together: what the clause gives with its coefficient."""
    was, is_now = old.base + old.surcharge, new.base + new.surcharge
    if was == is_now and _written(old) == _written(new):
        return {}
    steps = _Steps(*_lifted(_charged(old), _charged(new)))
    return steps.causes(was, is_now, flow if old.clause == new.clause == _WASTEWATER else None)


def _relief(old: ChargeLine, new: ChargeLine) -> dict[str, int]:
    if not old.benefit or not new.benefit:
        return {"relief": new.benefit - old.benefit}
    return _Steps(_rows(old, "benefit"), _rows(new, "benefit")).causes(old.benefit, new.benefit, None, otherwise="relief")


class _Steps:
    """The way from the rows of one line to those of another, step by step."""

    def __init__(self, before: list[Row], after: list[Row]) -> None:
        self.before, self.after = _joined(before), _joined(after)
        if any(clause == _RANGED for clause, _ in (*self.before, *self.after)):
            self.before, self.after = _with_all_ranges(self.before, self.after)
        self.is_aligned = [clause for clause, _ in self.before] == [clause for clause, _ in self.after]

    def states(self, flow: _Flow | None = None) -> Iterator[tuple[str, list[Row]]]:
        """The rows after each step that changes something, with the name of its cause; the last ones are those after."""
        if not self.is_aligned:
            yield "tariff", _at_tariff(self.before, _mean_tariff(self.after))
            yield self._otherwise(), self.after
            return
        rows = self.before
        changed = {
            _cause_of(clause, name)
            for (clause, old), (_, new) in zip(self.before, self.after, strict=True)
            for name, value in old.items()
            if value != new[name]
        }
        for step, cause in enumerate(STEPS, start=1):
            if cause in changed:
                rows = [_replaced(old, new, cause) for old, new in zip(rows, self.after, strict=True)]
                if flow is None:
                    yield cause, rows
            if flow is not None:
                yield cause, [flow.at(step, row, self.before, self.after) for row in rows]

    def causes(self, before: int, after: int, flow: _Flow | None, *, otherwise: str = "") -> dict[str, int]:
        """Kopecks by cause between two posted amounts; ``otherwise``: the cause of all that has no step of its own."""
        if before == after and self.before == self.after:
            return {}
        found: dict[str, int] = {}
        at = start = kopecks(_worth(self.before))
        for cause, rows in self.states(flow):
            now = kopecks(_worth(rows))
            cause = cause if self.is_aligned or cause == "tariff" or not otherwise else otherwise
            found[cause] = found.get(cause, 0) + now - at
            at = now
        found["rounding"] = (start - before) + (after - at)
        return found

    def _otherwise(self) -> str:
        """What is told of lines that no step leads from one to the other: other clauses, or slices that cannot be joined."""
        was, is_now = ({clause for clause, _ in rows} for rows in (self.before, self.after))
        if was | is_now <= _METERED:
            return "volume"
        if (was ^ is_now) & _LOWERED:
            return "house"
        if was == is_now:
            for cause, symbols in STEPS.items():
                if cause not in ("tariff", "days") and _values(self.before, symbols) != _values(self.after, symbols):
                    return cause
        return "method"


class _Flow:
    """Volumes of an account's water after each step: what wastewater is the sum of."""

    def __init__(self, pairs: Sequence[tuple[ChargeLine | None, ChargeLine | None]], waters: Mapping[EntityId, Water]) -> None:
        self._volumes: dict[Water, list[Fraction]] = {"V_cold": [Fraction(0)] * (len(STEPS) + 1), "V_hot": [Fraction(0)] * (len(STEPS) + 1)}
        for old, new in pairs:
            for step, volume in enumerate(_volumes(old, new)):
                self._volumes[waters[_service(old, new)]][step] += volume

    def at(self, step: int, row: Row, before: list[Row], after: list[Row]) -> Row:
        """The row of wastewater with the water of a step; as it is where its volumes are not the sums of these lines."""
        clause, values = row
        if clause != _WASTEWATER or len(before) != 1 or len(after) != 1:
            return row
        waters: tuple[Water, ...] = ("V_cold", "V_hot")
        ends = ((before[0][1], 0), (after[0][1], -1))
        if any(rows[water] != self._volumes[water][end] for rows, end in ends for water in waters):
            return row
        return clause, {**values, **{water: self._volumes[water][step] for water in waters}}


def _volumes(old: ChargeLine | None, new: ChargeLine | None) -> list[Fraction]:
    """The own volume of a pair of lines before the first step and after each."""
    if old is None or new is None or "stated" in (old.clause, new.clause):
        was, is_now = (Fraction(0) if line is None else _volume(_charged(line)) for line in (old, new))
        changed_at = list(STEPS).index("volume") + 1
        return [was if step < changed_at else is_now for step in range(len(STEPS) + 1)]
    steps = _Steps(*_lifted(_charged(old), _charged(new)))
    found = [_volume(steps.before)]
    after = {cause: _volume(rows) for cause, rows in steps.states()}
    if not steps.is_aligned:
        (*_, (last, volume)) = after.items()
        after = {last if last in STEPS else "volume": volume}
    for cause in STEPS:
        found.append(after.get(cause, found[-1]))
    return found


def _charged(line: ChargeLine) -> list[Row]:
    """Rows of what is to be paid before corrections: with the coefficient where it is due."""
    return _rows(line, _payable_part(line))


def _payable_part(line: ChargeLine) -> str:
    return "with_coefficient" if "with_coefficient" in line.inputs else "base"


def _rows(line: ChargeLine, part: str) -> list[Row]:
    """Rows of a part as ``engine`` wrote them."""
    return [(row["clause"], {name: _number(text) for name, text in row["values"].items()}) for row in _json_rows(line, part)]


@lru_cache(maxsize=10_000)
def _number(text: str) -> Fraction:
    """A number of a row; tariffs, norms and days are the same in most rows."""
    return Fraction(text)


def _written(line: ChargeLine) -> list[tuple[str, Mapping[str, str]]]:
    """The same as it is stored: to see at once that nothing has changed."""
    return [(row["clause"], row["values"]) for row in _json_rows(line, _payable_part(line))]


def _json_rows(line: ChargeLine, part: str) -> list[Any]:
    """Rows of all groups of a part (``Any``: JSON values)."""
    groups: Any = line.inputs.get(part, ())
    return [row for group in groups for row in group]


def _lifted(before: list[Row], after: list[Row]) -> tuple[list[Row], list[Row]]:
    """Rows of the norm as rows with the coefficient, K = 1, where the other line has one."""
    raised = set(_RAISED.values())
    if any(clause in raised for clause, _ in (*before, *after)):
        return _with_one(before), _with_one(after)
    return before, after


def _with_one(rows: list[Row]) -> list[Row]:
    return [(_RAISED[clause], {**values, "K": Fraction(1)}) if clause in _RAISED else (clause, values) for clause, values in rows]


def _worth(rows: Sequence[Row], **instead: Fraction) -> Fraction:
    """Roubles of the rows, not rounded; some arguments replaced where a row has them."""
    total = Fraction(0)
    for clause, values in rows:
        put = {**values, **{name: value for name, value in instead.items() if name in values}} if instead else values
        total += Fraction(getattr(clauses, clause)(**put))
    return total


def _volume(rows: Sequence[Row]) -> Fraction:
    """The volume of the rows, without the coefficient: a charge is linear in its tariff."""
    one = Fraction(1)
    return _worth(rows, T=one, K=one, e=Fraction(0))


def _values(rows: Sequence[Row], symbols: frozenset[str]) -> list[tuple[str, Fraction]]:
    return sorted((name, value) for _, values in rows for name, value in values.items() if name in symbols)


def _replaced(old: Row, new: Row, cause: str) -> Row:
    """The row with the symbols of a cause as they are after."""
    clause, values = old
    return clause, {name: new[1][name] if _cause_of(clause, name) == cause else value for name, value in values.items()}


def _cause_of(clause: str, symbol: str) -> str:
    if symbol in ("V_sum", "m") and clause.startswith(_OF_HOUSE):
        return "house"
    if symbol == "V_hot" and clause == "formula_3_open":
        return "house"
    return _BY_SYMBOL.get(symbol, "volume")


_BY_SYMBOL = {symbol: cause for cause, symbols in STEPS.items() for symbol in symbols}


def _mean_tariff(rows: Sequence[Row]) -> Fraction | None:
    """The tariff of rows of several: weighted by volumes, or by days where there is no volume; None where there is none."""
    if not rows or any("T" not in values for _, values in rows):
        return None
    if len({values["T"] for _, values in rows}) == 1:
        return rows[0][1]["T"]
    volume = _worth(rows, T=Fraction(1))
    if volume:
        return _worth(rows) / volume
    days = sum((values.get("d", Fraction(1)) for _, values in rows), Fraction(0))
    return sum((values["T"] * values.get("d", Fraction(1)) for _, values in rows), Fraction(0)) / days


def _at_tariff(rows: list[Row], tariff: Fraction | None) -> list[Row]:
    if tariff is None:
        return rows
    return [(clause, {**values, "T": tariff} if "T" in values else values) for clause, values in rows]


def _joined(rows: list[Row]) -> list[Row]:
    """The slices of each clause as one row; of ranges those of one range. What cannot be joined exactly stays as it is."""
    by_clause: dict[tuple[str, object], list[Row]] = {}
    for row in rows:
        clause, values = row
        by_clause.setdefault((clause, values["V_range"] if clause == _RANGED else None), []).append(row)
    joined: list[Row] = []
    for (clause, _), mine in sorted(by_clause.items(), key=lambda item: item[0][0]):
        one = mine[0] if len(mine) == 1 else _one_row(clause, mine)
        joined += [one] if one is not None else mine
    return joined


def _one_row(clause: str, rows: list[Row]) -> Row | None:
    """One row that is worth what the rows are worth together: each symbol that differs by its mean, weighted by what it multiplies."""
    names = rows[0][1].keys()
    differing = [name for name in _MEANS if name in names and len({values[name] for _, values in rows}) > 1]
    if any(values.keys() != names or not values.get("D") for _, values in rows):
        return None
    if any(len({values[name] for _, values in rows}) > 1 for name in names if name not in (*_MEANS, "d", "D")):
        return None
    means: dict[str, Fraction] = {}
    current = rows
    for name in differing:
        bare = [(one, {**values, name: Fraction(1)}) for one, values in current]
        weight = _worth(bare)
        days = sum((values["d"] / values["D"] for _, values in rows), Fraction(0))
        plain = sum((values[name] * values["d"] / values["D"] for _, values in rows), Fraction(0)) / days if days else rows[0][1][name]
        means[name] = _worth(current) / weight if weight else plain
        current = bare
    values = {**rows[0][1], **means}
    covered = sum((one["d"] / one["D"] for _, one in rows), Fraction(0))
    whole = rows[0][1]["D"]
    if covered > 1:
        added = next((name for name in _ADDED if name in names), None)
        if added is None:
            return None
        values[added] *= covered
        values["d"] = values["D"] = sum((one["d"] for _, one in rows), Fraction(0))
    else:
        values["d"], values["D"] = covered * whole, whole
    one_row = (clause, values)
    return one_row if _worth([one_row]) == _worth(rows) else None


def _with_all_ranges(before: list[Row], after: list[Row]) -> tuple[list[Row], list[Row]]:
    """Both lines with a row for each range: one that the volume does not reach is there with nothing in it, at its tariff."""
    mine, theirs = ([row for row in rows if row[0] == _RANGED] for rows in (before, after))
    others = [[row for row in rows if row[0] != _RANGED] for rows in (before, after)]
    if not mine or not theirs or any(others):
        return before, after
    mine, theirs = (sorted(rows, key=lambda row: row[1]["T"]) for rows in (mine, theirs))
    for short, long in ((mine, theirs), (theirs, mine)):
        short += [(clause, {**values, "V_range": Fraction(0)}) for clause, values in long[len(short) :]]
    return mine, theirs
