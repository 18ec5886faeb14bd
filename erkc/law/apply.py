"""Calling a clause for one slice that is the whole month, and rounding once: what harnesses share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from fractions import Fraction
from inspect import signature
from typing import Any

from core.charges import clauses
from core.charges.interruptions import Limits, hours_beyond
from core.charges.quality import Measured
from core.ids import RecordId
from core.model.facts import InterruptionFacts
from core.money import kopecks, rounded
from core.period import Month
from erkc.law.vectors import Vector

__all__ = ["Clause", "exact", "hours_of", "interruptions_of", "measured_of", "money", "persons_of_room", "rounded_volume", "volume"]

Clause = Callable[..., Any]
_ONE = Fraction(1)


def exact(clause: Clause, **values: Fraction | int) -> Fraction:
    """Roubles of the clause, unrounded; days not given are the whole month."""
    names = signature(clause).parameters
    days = {name: _ONE for name in ("d", "D") if name in names and name not in values}
    return Fraction(clause(**{name: Fraction(value) for name, value in values.items()}, **days))


def money(clause: Clause, **values: Fraction | int) -> int:
    """Kopecks of the clause, rounded once."""
    return kopecks(exact(clause, **values))


def volume(clause: Clause, **values: Fraction | int) -> Fraction:
    """The volume of the clause: its charge at one rouble for a unit."""
    return exact(clause, **{**values, "T": _ONE})


def rounded_volume(vector: Vector, clause: Clause, values: Mapping[str, Fraction | int]) -> tuple[Clause, dict[str, Fraction | int]]:
    """The clause with its arguments, or (setting ``volume_rounding``) the rounded volume by itself, before the tariff."""
    digits = vector.setting("volume_rounding")
    if digits == "none":
        return clause, dict(values)
    scale = 10 ** int(digits)
    return clauses.formula_1, {"V": Fraction(rounded(volume(clause, **values), scale), scale)}


def persons_of_room(room: Mapping[str, Any]) -> Fraction:
    """Persons of a room or of premises: residents, else owners known from shares, else one (п. 56(2))."""
    living = Fraction(str(room.get("n") or 0))
    return living if living else Fraction(str(room.get("owners") or 1))


def interruptions_of(vector: Vector) -> list[InterruptionFacts]:
    """The interruptions of a vector as facts."""
    claimed = int(vector.number("limit_stated", 0) * 100)
    return [
        InterruptionFacts(vector.text("service"), _instant(row["from"]), _instant(row["to"]), claimed, RecordId(i))
        for i, row in enumerate(vector.rows("interruptions"))
    ]


def hours_of(vector: Vector, month: Month, limits: Limits) -> Fraction:
    """Hours of the vector's interruptions beyond the limits in the month."""
    return hours_beyond(interruptions_of(vector), limits, month)


def measured_of(vector: Vector) -> list[Measured]:
    """Temperatures of a vector."""
    return [Measured(_instant(row["from"]), _instant(row["to"]), Fraction(str(row["t"]))) for row in vector.rows("temps")]


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))
