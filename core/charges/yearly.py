"""Once a year: what the year really came to, less what was charged (formulas 3(2), 3(4); ЖК ст. 156 ч. 9.2; ПП № 318).

Each correction is one line of the first quarter with the year behind it: its rows are added exactly and rounded once. "Charged" is the
base as posted, without reductions. Which slices a year has, and what was charged, come from the frozen months of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.charges import clauses
from core.charges.rows import Group, LinePlan, Row
from core.ids import EntityId, RecordId
from core.model.lines import Method

__all__ = ["YearSlice", "common_correction", "correction_plan", "heating_correction", "roubles_of", "waste_correction"]


@dataclass(frozen=True, slots=True)
class YearSlice:
    """A part of the year with one tariff: volumes of house, flat, all flats (Gcal), or of the container site (m³)."""

    first: date
    last: date
    tariff: Fraction
    house: Fraction
    own: Fraction | None = None
    individual: Fraction | None = None
    share: Fraction | None = None
    """Persons, or area, of the flat in the slice (waste)."""
    whole: Fraction | None = None
    """Persons, or area, of the container site in the slice (waste)."""
    by_area: bool = False
    records: tuple[RecordId, ...] = ()


def heating_correction(slices: Sequence[YearSlice], *, area: Fraction, area_of_house: Fraction, charged: Fraction) -> Group:
    """Heating paid evenly: formula 3(2), or 3(4) where the flats' own volumes are known; ``charged`` in roubles."""
    rows = []
    for part in slices:
        values = {"S": area, "S_all": area_of_house, "V_house": part.house, "T": part.tariff}
        if part.own is None or part.individual is None:
            rows.append(_row("formula_3", values, part))
        else:
            rows.append(_row("formula_3_1", {**values, "V": part.own, "V_individual": part.individual}, part))
    return _less(rows, charged)


def common_correction(
    slices: Sequence[YearSlice], *, area: Fraction, area_of_house: Fraction, tariff: Fraction, charged: Fraction
) -> Group:
    """КР на СОИ by the norm or the average: the year's rest of the house meter, netted inside the year and never below zero, by area."""
    house = sum((part.house for part in slices), Fraction(0))
    individual = sum((part.individual or Fraction(0) for part in slices), Fraction(0))
    whole = YearSlice(slices[0].first, slices[-1].last, tariff, house, records=tuple(r for part in slices for r in part.records))
    values = {
        "V_house": house, "V_individual": individual, "V_carried": Fraction(0), "S": area, "S_all": area_of_house, "T": tariff,
    }  # fmt: skip
    return _less([_row("soi_by_meter", values, whole)], charged)


def waste_correction(slices: Sequence[YearSlice], *, charged: Fraction) -> Group:
    """Waste by the removed volume, slice by slice (formulas 9(3), 9(4)), where the region recalculates the year."""
    rows = []
    for part in slices:
        if part.share is None or part.whole is None:
            raise ValueError("a slice of waste needs the persons or areas of the flat and of the container site")
        names = ("S", "S_site") if part.by_area else ("n", "n_site")
        values = {"V_removed": part.house, names[0]: part.share, names[1]: part.whole, "T": part.tariff}
        rows.append(_row("formula_9_4" if part.by_area else "formula_9_3", values, part))
    return _less(rows, charged)


def correction_plan(group: Group, *, account_id: EntityId, service_id: EntityId, creditor_id: EntityId, method: Method) -> LinePlan:
    """The correction as a line of its own, to be evaluated and explained as any other."""
    return LinePlan(account_id, service_id, creditor_id, method, None, (group,))


def roubles_of(group: Group) -> Fraction:
    """The exact sum of the rows."""
    return sum((Fraction(getattr(clauses, row.clause)(**row.values)) for row in group), Fraction(0))


def _row(clause: str, values: dict[str, Fraction], part: YearSlice) -> Row:
    one = Fraction(1)
    return Row(clause, {**values, "d": one, "D": one}, {"V_house": part.records} if part.records else {}, {}, part.first, part.last)


def _less(rows: list[Row], charged: Fraction) -> Group:
    return (*rows, Row("charged_before", {"P": charged}, {}, {}, rows[0].first, rows[-1].last))
