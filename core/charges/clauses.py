"""The law as arithmetic: one function for one clause or formula, in the field's own symbols.

A function here knows nothing of columns, rounding, dates, text or settings, and has no branches: numbers come in, a number goes out.
It is called with ``Fraction`` (one line: audit, tests, proof), with ``core.exact.Exact`` (a column of lines) or with
``core.charges.traced.Traced`` (which writes the explanation); the three agree because they run the same line of code. Which clause applies
is decided in ``core.charges.decide``; formula numbers are labels, never the ground of a choice. Roubles come out unrounded.

Two arguments are in every charge: ``d`` of ``D`` days (the slice of the month that one tariff was in force for) and the tariff ``T``. A
charge is linear in ``T``, so the same clause at one rouble for a unit gives the volume. This module needs the standard library only.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

__all__ = [
    "absence", "clause_59", "contribution", "formula_1", "formula_1_gap", "formula_1_gap_norm", "formula_1_late", "formula_1_replaced",
    "formula_2", "formula_2_1", "formula_2_3", "formula_3", "formula_3_common", "formula_4", "formula_4_1", "house_carry", "house_rest",
    "interruption", "larger", "maintenance", "positive_part", "smaller", "soi_by_meter", "soi_norm", "wastewater",
]  # fmt: skip

Number = Any
"""Fraction, Exact or Traced: they share arithmetic, not a base class, so the common type cannot be written down more closely."""


def positive_part(x: Number) -> Number:
    """The value, but not below zero."""
    return max(x, Fraction(0)) if isinstance(x, (int, Fraction)) else x.positive_part()


def smaller(x: Number, y: Number) -> Number:
    """The smaller of two values; the first is the one that is explained."""
    return min(x, y) if isinstance(x, (int, Fraction)) else x.smaller(y)


def larger(x: Number, y: Number) -> Number:
    """The larger of two values."""
    return max(x, y) if isinstance(x, (int, Fraction)) else x.larger(y)


def formula_1(V: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 1 (п. 42): metered volume × tariff."""
    return V * T * (d / D)


def formula_1_replaced(V_before: Number, V_after: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 1 (п. 42), the meter replaced in the month without a gap: what the old one and the new one counted × tariff."""
    return (V_before + V_after) * T * (d / D)


def formula_1_gap(
    V_before: Number, V_after: Number, V_sum: Number, m: Number, g: Number, M: Number, T: Number, d: Number, D: Number
) -> Number:
    """Formula 1 with п. 59: what meters counted before and after ``g`` of ``M`` days without one, those by the average of ``m`` months."""
    return (V_before + V_after + V_sum / m * (g / M)) * T * (d / D)


def formula_1_gap_norm(
    V_before: Number, V_after: Number, n: Number, N: Number, g: Number, M: Number, T: Number, d: Number, D: Number
) -> Number:
    """Formula 1 with п. 60: as :func:`formula_1_gap`, where fewer than three months are known: the gap goes by the norm for a day."""
    return (V_before + V_after + n * N * (g / M)) * T * (d / D)


def formula_1_late(V_read: Number, V_charged: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 59, 61: the first reading after months without one: consumed since the last reading less charged meanwhile, not below zero."""
    return positive_part(V_read - V_charged) * T * (d / D)


def clause_59(V_sum: Number, m: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 59: no reading or no valid meter, the average monthly volume of ``m`` measured months (not rounded)."""
    return V_sum / m * T * (d / D)


def formula_4(n: Number, N: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 4 (п. 42): persons × norm × tariff."""
    return n * N * T * (d / D)


def formula_4_1(n: Number, N: Number, K: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 4(1) (п. 42, 60): the norm with the raising coefficient: persons × norm × K × tariff."""
    return n * N * K * T * (d / D)


def wastewater(V_cold: Number, V_hot: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 42: wastewater without a meter of its own: cold and hot water as charged, without coefficients."""
    return (V_cold + V_hot) * T * (d / D)


def formula_2(S: Number, N: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 2 (п. 42(1), 43): heating without a house meter, paid in the season: area × norm × tariff."""
    return S * N * T * (d / D)


def formula_2_1(S: Number, N: Number, k: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 2(1): heating by the norm, paid evenly: the norm × ``k`` months of the season / 12."""
    return S * (N * (k / 12)) * T * (d / D)


def formula_2_3(S: Number, N: Number, S_heated: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 2(3): heating by the norm in a house whose common premises have heating devices: own part and a share of the common part."""
    return (S * N + S * (N * S_heated) / S_all) * T * (d / D)


def formula_3(S: Number, V_house: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 3 (п. 42(1)): the house meter's heat by area; no meters of flats, no own heating, no heated common premises."""
    return S * V_house / S_all * T * (d / D)


def formula_3_common(S: Number, V_house: Number, S_all: Number, S_own: Number, S_heated: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 3 with 3(6): a connected flat's own heat, and its share of what the heated common premises take.

    ``S_own`` is the area of premises with lawful own heating, ``S_heated`` of common premises that have heating devices.
    """
    per_m2 = V_house / (S_all - S_own + S_heated)
    return (S * per_m2 + S * (V_house - (S_all - S_own) * per_m2) / S_all) * T * (d / D)


def soi_norm(N: Number, S_common: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """КР на СОИ by the norm (ЖК ст. 156 ч. 9.2): norm × area of common property, shared by area."""
    return N * S_common * S / S_all * T * (d / D)


def soi_by_meter(
    V_house: Number, V_individual: Number, V_carried: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number
) -> Number:
    """КР на СОИ by the house meter (ЖК ст. 156 ч. 9.2, 9.3): what individual volumes and the rest carried from earlier months leave."""
    return positive_part(V_house - V_individual - V_carried) * S / S_all * T * (d / D)


def house_rest(V_house: Number, V_individual: Number, V_carried: Number) -> Number:
    """Volume of a house for its common property: the house meter less individual volumes less the carried rest, never below zero."""
    return positive_part(V_house - V_individual - V_carried)


def house_carry(V_house: Number, V_individual: Number, V_carried: Number) -> Number:
    """What is carried to the next months when individual volumes exceed the house meter (ПП № 124 п. 21(1))."""
    return positive_part(V_individual + V_carried - V_house)


def maintenance(S: Number, T: Number, d: Number, D: Number) -> Number:
    """Содержание жилого помещения (ЖК ст. 154–156): area × price."""
    return S * T * (d / D)


def contribution(S: Number, T: Number, e: Number, d: Number, D: Number) -> Number:
    """Взнос на капитальный ремонт (ЖК ст. 169): area × (the minimum and what the owners decided above it)."""
    return S * (T + e) * (d / D)


def interruption(P: Number, h: Number, r: Number) -> Number:
    """Reduction for an interruption (раздел IX, Annex 1): charge × hours beyond the limit × percent for an hour, at most the charge."""
    return smaller(P * h * (r / 100), P)


def absence(N: Number, T: Number, a: Number, D: Number) -> Number:
    """Recalculation for temporary absence (раздел VIII): the norm for ``a`` person-days of absence of the ``D`` days; lowers the charge."""
    return -(N * T * (a / D))
