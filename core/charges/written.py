"""The inputs of a line as JSON: its rows with exact values and the records they came from, from which anybody recomputes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

from core.charges.rows import Group, LinePlan, Row

__all__ = ["inputs_of"]


def inputs_of(plan: LinePlan, *, month: str, underdelivery: Sequence[Row] = ()) -> dict[str, object]:
    """Inputs of the line of a plan; ``underdelivery``: its reductions with the charge that they lower."""
    inputs: dict[str, object] = {"month": month, "base": _groups(plan.base)}
    if plan.with_k:
        inputs["with_coefficient"] = _groups(plan.with_k)
    if plan.recalculation:
        inputs["recalculation"] = _groups(plan.recalculation)
    if plan.benefit:
        inputs["benefit"] = _groups((plan.benefit,))
    if plan.compensation:
        inputs["compensation"] = _groups(plan.compensation)
    if underdelivery:
        inputs["underdelivery"] = _groups([(row,) for row in underdelivery])
    return inputs


@cache
def _iso(day: date) -> str:
    return day.isoformat()


def _groups(groups: Sequence[Group]) -> list[list[dict[str, object]]]:
    """Groups of rows as JSON: inside a group rows are added, then rounded once; ``values`` are exact (``"n"`` or ``"n/d"``)."""
    return [[_row(row) for row in group] for group in groups]


def _row(row: Row) -> dict[str, object]:
    shown: dict[str, object] = {
        "clause": row.clause,
        "from": _iso(row.first),
        "to": _iso(row.last),
        "values": {name: str(value) for name, value in row.values.items()},
        "records": {name: list(ids) for name, ids in row.records.items() if ids},
    }
    if row.law:
        shown["law"] = dict(row.law)
    return shown
