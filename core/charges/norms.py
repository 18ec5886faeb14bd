"""Norms that depend on more than the service: the matrix of rooms and persons, and whether the raising coefficient is due at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["RAISED", "NormRow", "cell_of", "coefficient_is_due", "norm_from_matrix"]

RAISED = frozenset({"cold_water", "hot_water", "electricity"})
"""Resources with a raising coefficient by the act; wastewater has one only by the setting ``wastewater_k``."""


@dataclass(frozen=True, slots=True)
class NormRow:
    """One cell of a norm matrix: the norm for one person in a dwelling of so many rooms with so many persons."""

    rooms: int
    persons: int
    value: Fraction


def norm_from_matrix(table: Sequence[NormRow], *, rooms: int, persons: Fraction) -> Fraction:
    """The norm of the cell that :func:`cell_of` chooses."""
    return cell_of(table, rooms=rooms, persons=persons).value


def cell_of(table: Sequence[NormRow], *, rooms: int, persons: Fraction) -> NormRow:
    """The cell of a dwelling; more rooms or persons than the table knows take its last row, a part of a person counts as a person.

    An empty table is a ``ValueError``.
    """
    if not table:
        raise ValueError("an empty norm matrix")
    known_rooms = sorted({row.rooms for row in table})
    chosen = max([known for known in known_rooms if known <= rooms], default=known_rooms[0])
    cells = {row.persons: row for row in table if row.rooms == chosen}
    whole = -(-persons.numerator // persons.denominator)
    return cells[max([known for known in cells if known <= whole], default=min(cells))]


def coefficient_is_due(resource: str, *, basis: str, possible: bool, access_refused: bool) -> bool:
    """Whether a missing meter raises the norm (п. 42, 60(1)–60(3)).

    ``possible``: a meter can be installed (no act says otherwise); ``basis``: the setting ``k_electricity_basis`` on the day.
    """
    if not possible or (resource not in RAISED and resource != "wastewater"):
        return False
    return resource != "electricity" or basis == "no_meter" or (basis == "access_refused" and access_refused)
