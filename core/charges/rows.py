"""What ``decide`` hands to ``engine``: rows, each one clause with all its arguments, grouped into lines.

A row is one part of a service on the days of one tariff. Rows of one group are added before the one rounding of the group (a tariff slice);
groups are added after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.charges.persons import days_between
from core.charges.rules import Valued
from core.charges.volumes import Part
from core.exact import whole
from core.ids import EntityId, RecordId
from core.model.lines import Method

__all__ = ["Group", "LinePlan", "Row", "groups_of", "with_coefficient"]


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class Row:
    """A clause with its arguments for some days of the month."""

    clause: str
    values: Mapping[str, Fraction]
    records: Mapping[str, tuple[RecordId, ...]]
    law: Mapping[str, str]
    first: date
    last: date


Group = tuple[Row, ...]

_RAISED = {"formula_4": "formula_4_1", "formula_23_norm": "formula_23_1", "clause_47": "clause_47_raised"}
"""Clause of the norm → the same with the raising coefficient."""


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class LinePlan:
    """One line to be evaluated."""

    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    method: Method
    tariff: Fraction | None
    """To show; None when there are several."""
    base: tuple[Group, ...]
    with_k: tuple[Group, ...] = ()
    """The same charge with the raising coefficient; the surcharge is what it exceeds the base by."""
    recalculation: tuple[Group, ...] = ()
    reduction: Row | None = None
    """The interruption, without ``P``: the charge that it lowers is the rounded base, less what was not delivered."""
    undelivered: Row | None = None
    """The volume not delivered by time (п. 100), without ``P``; it comes before the reduction."""
    quality: tuple[Row, ...] = ()
    """Reductions for deviations of quality; where a row has no ``P`` of its own it is of the same charge as the interruption."""
    reduces_surcharge: bool = False
    """The reduction is of base and surcharge together (setting ``interruption_base = all_lines``)."""
    benefit: Group = ()
    """Relief on the bill, kept positive; not lowered by recalculations, without surcharge."""
    compensation: tuple[Group, ...] = ()
    """What is paid to the person in cash for this service (ЕДК), one group for each measure: for information, no part of the charge."""
    sources: tuple[RecordId, ...] = ()
    """Records that decided, beside those of the rows."""


def groups_of(parts: Sequence[Part], tariffs: Sequence[Valued], *, days: tuple[date, date], month_days: int) -> tuple[Group, ...]:
    """The parts on the days of each tariff: a volume by days of the slice of the days it is about, an area by days of the month."""
    groups = []
    for tariff in tariffs:
        rows = tuple(row for part in parts if (row := _row(part, tariff, days=days, month_days=month_days)) is not None)
        if rows:
            groups.append(rows)
    return tuple(groups)


def with_coefficient(groups: Sequence[Group], coefficients: Sequence[Valued]) -> tuple[Group, ...]:
    """Rows of the norm with K, each slice of the tariff cut by the days of each coefficient (п. 42, formula 4(1))."""
    raised = []
    for group in groups:
        for coefficient in coefficients:
            rows = tuple(_raised(row, coefficient) for row in group if row.first <= coefficient.last and row.last >= coefficient.first)
            if rows:
                raised.append(rows)
    return tuple(raised)


def _row(part: Part, tariff: Valued, *, days: tuple[date, date], month_days: int) -> Row | None:
    first, last = part.first or days[0], part.last or days[1]
    start, end = max(first, tariff.first), min(last, tariff.last)
    if start > end:
        return None
    days_of = month_days if part.by_days_of_month else days_between(first, last)
    values = {**part.values, "T": tariff.value, "d": whole(days_between(start, end)), "D": whole(days_of)}
    return Row(part.clause, values, {**part.records, "T": tariff.records}, part.law, start, end)


def _raised(row: Row, coefficient: Valued) -> Row:
    start, end = max(row.first, coefficient.first), min(row.last, coefficient.last)
    values = {**row.values, "K": coefficient.value, "d": whole(days_between(start, end))}
    records = {**row.records, "K": coefficient.records} if coefficient.records else row.records
    law = {**row.law, "K": coefficient.law} if coefficient.law else row.law
    return Row(_RAISED[row.clause], values, records, law, start, end)
