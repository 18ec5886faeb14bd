"""The slices of a line whose tariff changes inside the month, read back from the line's inputs alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, cast

from core.charges import clauses
from core.model.lines import ChargeLine
from core.money import Kopecks, kopecks, rounded

__all__ = ["Slice", "slices_of"]

_MICRO = 10**6
_Row = Mapping[str, Any]
"""A row of the inputs, as ``core.charges.engine`` wrote it: JSON values."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The days of one tariff; money in kopecks."""

    first: date
    last: date
    volume_e6: int
    tariff_e6: int
    base: Kopecks
    recalculation: Kopecks
    """Of what is recalculated on these days, e.g. for an absence."""


def slices_of(line: ChargeLine) -> list[Slice]:
    """The slices of a line in the order of days; empty where one tariff holds all month, or the line is not ours."""
    if line.tariff_e6 is not None:
        return []
    groups = cast(Mapping[str, Sequence[Sequence[_Row]]], line.inputs)
    recalculated: dict[str, int] = defaultdict(int)
    for group in groups.get("recalculation", ()):
        recalculated[group[0]["from"]] += kopecks(_worth(group))
    return [
        Slice(
            first=date.fromisoformat(group[0]["from"]),
            last=date.fromisoformat(group[0]["to"]),
            volume_e6=rounded(_worth(group, T="1"), _MICRO),
            tariff_e6=rounded(Fraction(group[0]["values"]["T"]), _MICRO),
            base=kopecks(_worth(group)),
            recalculation=Kopecks(recalculated[group[0]["from"]]),
        )
        for group in groups.get("base", ())
        if all("T" in row["values"] for row in group)
    ]


def _worth(group: Sequence[_Row], **instead: str) -> Fraction:
    """Roubles of the rows of one slice, with some arguments replaced (the tariff by one rouble gives the volume)."""
    return sum((_of(row["clause"], {**row["values"], **instead}) for row in group), Fraction(0))


def _of(clause: str, values: Mapping[str, str]) -> Fraction:
    return Fraction(getattr(clauses, clause)(**{name: Fraction(text) for name, text in values.items()}))
