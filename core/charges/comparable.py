"""A line of the base month at the tariffs of another month (ПП № 400): its own clause once more, with nothing but the tariff put in anew.

Volumes, areas and persons stay those of the base month, so residents, readings and areas move nothing; the raising coefficient,
recalculations and reductions are not in it, because only the rows of the base are read. A line of the sender has no rows: its volume ×
tariff is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.persons import days_between
from core.model.lines import ChargeLine

__all__ = ["Comparable", "NotComparable", "at_tariffs_of"]

_RANGE = "formula_1_range"
_STATED = "stated"


class NotComparable(Exception):
    """The line of one of the months does not say what the comparison needs."""


@dataclass(frozen=True, slots=True)
class Comparable:
    """A service of the base month at both tariffs, exact roubles."""

    base: Fraction
    new: Fraction


def at_tariffs_of(now: ChargeLine, base: ChargeLine, range_tariff: Callable[[int], Fraction | None]) -> Comparable:
    """The base line at its own tariffs and at those of ``now``; ``range_tariff``: the approved tariff of the reported month of a range of
    consumption (1, 2, 3) that the line of that month does not reach."""
    if base.clause == _STATED or now.clause == _STATED:
        volume, tariff = _volume_of(base), _tariff_of(base)
        return Comparable(volume * tariff, volume * _tariff_of(now))
    tariffs = _tariffs(now)
    before, after = Fraction(0), Fraction(0)
    for place, row in _placed(base):
        values = {name: Fraction(text) for name, text in row["values"].items()}
        formula = getattr(clauses, row["clause"])
        before += formula(**values)
        after += formula(**{**values, "T": _at(place, row["clause"], tariffs, range_tariff)})
    return Comparable(before, after)


def _at(place: int, clause: str, tariffs: Sequence[Fraction], range_tariff: Callable[[int], Fraction | None]) -> Fraction:
    if place < len(tariffs):
        return tariffs[place]
    found = range_tariff(place + 1) if clause == _RANGE else tariffs[0] if len(tariffs) == 1 else None
    if found is None:
        raise NotComparable
    return found


def _tariffs(line: ChargeLine) -> tuple[Fraction, ...]:
    """Tariffs of the line by place among the rows of a day (a range, a resource), each the mean of its slices by days."""
    sums: dict[int, tuple[Fraction, int]] = {}
    for place, row in _placed(line):
        days = days_between(date.fromisoformat(row["from"]), date.fromisoformat(row["to"]))
        worth, counted = sums.get(place, (Fraction(0), 0))
        sums[place] = (worth + Fraction(row["values"]["T"]) * days, counted + days)
    if not sums:
        raise NotComparable
    means = tuple(worth / days for _, (worth, days) in sorted(sums.items()))
    return means[:1] if len(set(means)) == 1 else means


def _placed(line: ChargeLine) -> list[tuple[int, Mapping[str, Any]]]:
    """Rows of the base that have a tariff, each with its place among those that begin on the same day (``Any``: JSON values)."""
    groups = line.inputs.get("base", ())
    assert isinstance(groups, Sequence)
    seen: dict[str, int] = {}
    placed = []
    for row in (row for group in groups for row in group if "T" in row["values"]):
        place = seen.get(row["from"], 0)
        seen[row["from"]] = place + 1
        placed.append((place, row))
    return placed


def _volume_of(line: ChargeLine) -> Fraction:
    if line.volume_e6 == 0 and line.base != 0:
        raise NotComparable  # the sender says a sum and no volume
    return Fraction(line.volume_e6, 10**6)


def _tariff_of(line: ChargeLine) -> Fraction:
    """The tariff of a line; where it has several, what a unit cost on the mean."""
    if line.tariff_e6 is not None:
        return Fraction(line.tariff_e6, 10**6)
    if line.volume_e6 == 0:
        raise NotComparable
    return Fraction(line.base, 100) / Fraction(line.volume_e6, 10**6)
