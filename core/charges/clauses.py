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
    "absence", "absence_by_area", "absence_two_part", "absence_waste", "charged_before", "clause_47", "clause_47_raised", "clause_48",
    "clause_59", "clause_61", "clause_62", "clause_62_norm", "cold_instead_of_hot", "contribution", "formula_1", "formula_1_gap",
    "formula_1_gap_norm", "formula_1_late", "formula_1_range", "formula_1_replaced", "formula_2", "formula_2_1", "formula_2_3",
    "formula_2_3_own", "formula_2_4", "formula_3", "formula_3_1", "formula_3_7", "formula_3_8", "formula_3_average",
    "formula_3_common", "formula_3_evenly", "formula_3_open", "formula_3_own", "formula_4", "formula_4_1", "formula_5", "formula_6",
    "formula_7", "formula_8", "formula_9", "formula_9_1", "formula_9_2", "formula_9_3", "formula_9_4", "formula_12",
    "formula_12_average", "formula_12_average_capped", "formula_12_capped",
    "formula_18", "formula_19", "formula_20", "formula_20_1", "formula_21", "formula_22", "formula_23",
    "formula_23_1", "formula_23_norm", "formula_24", "formula_24_1", "formula_25", "formula_26", "house_carry", "house_rest",
    "interruption", "larger", "maintenance", "positive_part", "price_of_hot_water", "quality_days", "relief", "relief_entitled", "smaller",
    "soi_average", "soi_by_meter", "soi_house_average", "soi_norm", "undelivered", "wastewater", "wastewater_raised",
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


def wastewater_raised(V_plain: Number, V_raised: Number, K: Number, T: Number, d: Number, D: Number) -> Number:
    """Wastewater where the region raises it (setting ``wastewater_k``): water by the raised norm × coefficient, the rest as it is."""
    return (V_plain + V_raised * K) * T * (d / D)


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


def soi_house_average(
    V_sum: Number, m: Number, V_individual: Number, V_carried: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number
) -> Number:
    """КР на СОИ, the house meter out of order (п. 59(1)): the average of its ``m`` months in place of its volume."""
    return positive_part(V_sum / m - V_individual - V_carried) * S / S_all * T * (d / D)


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


def formula_1_range(V_zone: Number, V_range: Number, V_month: Number, T: Number, d: Number, D: Number) -> Number:
    """Ranges of consumption (диапазоны): a zone's volume by the share that the range has in the month's volume × tariff of the range."""
    return V_zone * V_range / V_month * T * (d / D)


def formula_5(n: Number, N_cook: Number, N_heater: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 5: gas without a meter, cooking and water heater: persons × (norms) × tariff; heating by gas is formula 2 beside it."""
    return n * (N_cook + N_heater) * T * (d / D)


def formula_7(V_flat: Number, n: Number, n_flat: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 7: a room of a communal flat, the volume of the flat by persons."""
    return V_flat * n / n_flat * T * (d / D)


def formula_8(V_flat: Number, S_room: Number, S_rooms: Number, T: Number, d: Number, D: Number) -> Number:
    """Formulas 8, 16 and 17: a room of a communal flat, the volume of the flat by living area."""
    return V_flat * S_room / S_rooms * T * (d / D)


def formula_9(V: Number, V_flat: Number, V_rooms: Number, n: Number, n_flat: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 9: a room with a meter of its own, and its share by persons of what the rooms' meters leave of the flat's."""
    return (V + (V_flat - V_rooms) * n / n_flat) * T * (d / D)


def formula_9_1(n: Number, N_year: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 9(1): waste by persons: persons × yearly norm / 12 × tariff."""
    return n * (N_year / 12) * T * (d / D)


def formula_9_2(S: Number, N_year: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 9(2): waste by area: area × yearly norm for 1 m² / 12 × tariff."""
    return S * (N_year / 12) * T * (d / D)


def formula_9_3(V_removed: Number, n: Number, n_site: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 9(3): separate collection, the removed volume by persons of the container site."""
    return V_removed * n / n_site * T * (d / D)


def formula_9_4(V_removed: Number, S: Number, S_site: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 9(4): separate collection, the removed volume by area of the container site."""
    return V_removed * S / S_site * T * (d / D)


def formula_23(V: Number, q: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 23: heat of two-component hot water: its volume × norm of heat for 1 m³ × tariff; the carrier is formula 1 of the volume."""
    return V * q * T * (d / D)


def formula_23_norm(n: Number, N: Number, q: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 23 by the norm: heat of persons × norm of hot water."""
    return n * N * q * T * (d / D)


def formula_23_1(n: Number, N: Number, K: Number, q: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 23(1): as :func:`formula_23_norm` with the raising coefficient, which is due on both components."""
    return n * N * K * q * T * (d / D)


def formula_24(V_house: Number, V_individual: Number, q: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 24: heat of the hot water for common needs by the house meter, shared by area."""
    return (V_house - V_individual) * q * S / S_all * T * (d / D)


def formula_24_1(N: Number, S_common: Number, q: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 24(1): heat of the hot water for common needs by the norm, shared by area."""
    return N * S_common * q * S / S_all * T * (d / D)


def formula_25(V_flat: Number, n: Number, n_flat: Number, q: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 25: heat of hot water in a communal flat, own use by persons."""
    return V_flat * n / n_flat * q * T * (d / D)


def formula_26(V_flat: Number, S_room: Number, S_rooms: Number, q: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 26: heat of hot water in a communal flat, common needs by living area."""
    return V_flat * S_room / S_rooms * q * T * (d / D)


def formula_12(V_house: Number, V_individual: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formulas 10–12 (п. 44) without a cap: what individual volumes leave of the house meter, shared by area; never below zero."""
    return positive_part(V_house - V_individual) * S / S_all * T * (d / D)


def formula_12_capped(
    V_house: Number, V_individual: Number, N: Number, S_common: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number
) -> Number:
    """Formulas 10–12 with the cap of п. 44: at most the norm for common needs; what is above it the provider bears."""
    return smaller(positive_part(V_house - V_individual), N * S_common) * S / S_all * T * (d / D)


def formula_12_average(V_sum: Number, m: Number, V_individual: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formulas 10–12 without a cap, the house meter out of order (п. 59(1)): the average of its ``m`` months in place of its volume."""
    return positive_part(V_sum / m - V_individual) * S / S_all * T * (d / D)


def formula_12_average_capped(
    V_sum: Number, m: Number, V_individual: Number, N: Number, S_common: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number
) -> Number:
    """The same with the cap of п. 44: at most the norm for common property."""
    return smaller(positive_part(V_sum / m - V_individual), N * S_common) * S / S_all * T * (d / D)


def clause_47(V: Number, V_house: Number, V_individual: Number, n: Number, n_house: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 47: a negative common volume lowers own volumes by persons (water, gas, electricity), at most to zero."""
    return positive_part(V - positive_part(V_individual - V_house) * n / n_house) * T * (d / D)


def clause_47_raised(
    V: Number, V_house: Number, V_individual: Number, n: Number, n_house: Number, K: Number, T: Number, d: Number, D: Number
) -> Number:
    """п. 47 with the raising coefficient: what is left of an own volume by the norm × K."""
    return positive_part(V - positive_part(V_individual - V_house) * n / n_house) * K * T * (d / D)


def clause_48(V: Number, V_house: Number, V_individual: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 48: a negative common volume of heat lowers own volumes by area, at most to zero."""
    return positive_part(V - positive_part(V_individual - V_house) * S / S_all) * T * (d / D)


def soi_average(V_average: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """КР на СОИ by the average month of last year (ЖК ст. 156 ч. 9.2), shared by area."""
    return V_average * S / S_all * T * (d / D)


def formula_2_3_own(S: Number, S_own_part: Number, N: Number, S_heated: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 2(3), premises of which ``S_own_part`` has lawful own heating: own part of the rest, common part of the whole area."""
    return ((S - S_own_part) * N + S * (N * S_heated) / S_all) * T * (d / D)


def formula_2_4(
    S: Number, S_own_part: Number, N: Number, k: Number, S_heated: Number, S_all: Number, T: Number, d: Number, D: Number
) -> Number:
    """Formula 2(4): as :func:`formula_2_3_own`, paid evenly: the norm × ``k`` months of the season / 12 in both parts."""
    return ((S - S_own_part) * (N * (k / 12)) + S * (N * (k / 12) * S_heated) / S_all) * T * (d / D)


def formula_3_own(
    S: Number, S_own_part: Number, V_house: Number, S_all: Number, S_own: Number, S_heated: Number, T: Number, d: Number, D: Number
) -> Number:
    """Formula 3 with 3(6), premises with own heating in whole or in part (``S_own_part``): the common part goes by the whole area."""
    per_m2 = V_house / (S_all - S_own + S_heated)
    return ((S - S_own_part) * per_m2 + S * (per_m2 * S_heated) / S_all) * T * (d / D)


def formula_3_evenly(V_year: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 3 paid evenly: a twelfth of the house's heat of last year, by area."""
    return V_year / 12 * S / S_all * T * (d / D)


def formula_3_average(V_sum: Number, m: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 59(1): the house meter out of order: the average of ``m`` months of the heating season, by area."""
    return V_sum / m * S / S_all * T * (d / D)


def formula_3_1(V: Number, S: Number, V_house: Number, V_individual: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formulas 3(1) and 3(3): heat by own meter and a share of what all premises leave of the house meter; that part may be negative."""
    return (V + S * (V_house - V_individual) / S_all) * T * (d / D)


def formula_3_7(
    S: Number, V_metered: Number, S_metered: Number, V_house: Number, V_individual: Number, S_all: Number, T: Number, d: Number, D: Number
) -> Number:
    """Formula 3(1) with 3(7): premises without a meter: own heat by the mean of the metered area, and a share of the rest."""
    return (S * V_metered / S_metered + S * (V_house - V_individual) / S_all) * T * (d / D)


def formula_3_open(S: Number, V_house: Number, q: Number, V_hot: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 42(1), open system with one meter for heat and hot water: the heat of hot water is taken off before sharing by area."""
    return S * (V_house - q * V_hot) / S_all * T * (d / D)


def formula_3_8(V_year: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 3(8): a single-family house paid evenly: a twelfth of last year's heat."""
    return V_year / 12 * T * (d / D)


def formula_6(V_house: Number, T: Number, S_allocators: Number, S_all: Number, u: Number, u_all: Number, P: Number) -> Number:
    """Heat allocators: the cost of the premises that have them, shared by units, less what was charged."""
    return V_house * T * S_allocators / S_all * u / u_all - P


def formula_18(V_resource: Number, S: Number, S_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 18: heating made in the house: the resource used for it, by area × its tariff."""
    return V_resource * S / S_all * T * (d / D)


def formula_19(V_resource: Number, S: Number, S_all: Number, S_room: Number, S_rooms: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 19: as formula 18 for a room of a communal flat: the flat's part by living area."""
    return V_resource * S / S_all * S_room / S_rooms * T * (d / D)


def formula_20(V_resource: Number, V: Number, V_hot_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 20: hot water made in the house: the resource used for it by volumes × its tariff; cold water is formula 1 beside it."""
    return V_resource * V / V_hot_all * T * (d / D)


def formula_20_1(V_resource: Number, Q: Number, Q_all: Number, V: Number, V_hot_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 20(1): as formula 20 where the resource also heats: its part is that of the heat produced for hot water."""
    return V_resource * Q / Q_all * V / V_hot_all * T * (d / D)


def formula_21(V_resource: Number, V: Number, V_hot_all: Number, n: Number, n_flat: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 21: as formula 20 for a room of a communal flat: the flat's part by persons."""
    return V_resource * V / V_hot_all * n / n_flat * T * (d / D)


def formula_22(V_resource: Number, n: Number, N: Number, V_hot_all: Number, T: Number, d: Number, D: Number) -> Number:
    """Formula 22: as formula 20 for premises without a meter: their hot water by the norm."""
    return V_resource * (n * N) / V_hot_all * T * (d / D)


def clause_61(V_checked: Number, V_stated: Number, T: Number, d: Number, D: Number) -> Number:
    """п. 61: a check of a sound meter finds another reading: the whole difference in the month of the check, either sign."""
    return (V_checked - V_stated) * T * (d / D)


def clause_62(W: Number, a: Number, T: Number) -> Number:
    """п. 62: unauthorised connection of known capacity: kilowatts × 24 hours × days × tariff."""
    return W * 24 * a * T


def clause_62_norm(n: Number, N: Number, f: Number, m: Number, T: Number) -> Number:
    """п. 62 and 81(11): unauthorised connection of unknown capacity, or interference: persons × norm × factor × months × tariff."""
    return n * N * f * m * T


def charged_before(P: Number) -> Number:
    """What was charged before for the same months; a recalculation takes it off (п. 61, 62; yearly corrections)."""
    return -P


def undelivered(P: Number, h: Number, H: Number) -> Number:
    """п. 100: the volume not delivered by time, without a meter: charge × hours of the interruption / hours of the month."""
    return smaller(P * h / H, P)


def quality_days(P: Number, a: Number, D: Number) -> Number:
    """Annex 1: the fee of days of bad quality is dropped."""
    return P * a / D


def cold_instead_of_hot(V: Number, h: Number, H: Number, T_hot: Number, T: Number) -> Number:
    """Annex 1 п. 5: hot water below 40 °C: the volume of those hours at the cold tariff; what the charge is lowered by."""
    return V * h / H * (T_hot - T)


def absence_by_area(S: Number, N_year: Number, T: Number, n_absent: Number, n_all: Number, a: Number, D: Number) -> Number:
    """п. 148(44): waste by area, absent persons of all × days of absence of the month; lowers the charge."""
    return -(S * (N_year / 12) * T * (n_absent / n_all) * (a / D))


def absence_waste(N_year: Number, T: Number, a: Number, D: Number) -> Number:
    """п. 148(44): waste by persons, the monthly norm of ``a`` person-days of absence; lowers the charge."""
    return -(N_year / 12 * T * (a / D))


def absence_two_part(N: Number, q: Number, T: Number, a: Number, D: Number) -> Number:
    """Раздел VIII, heat of two-component hot water of ``a`` person-days of absence; lowers the charge."""
    return -(N * q * T * (a / D))


def relief(share: Number, V: Number, n: Number, N: Number, n_entitled: Number, T: Number, d: Number, D: Number) -> Number:
    """Relief on the bill: share × the volume for one person, at most the norm × entitled persons × tariff."""
    return share * smaller(V / n, N) * n_entitled * T * (d / D)


def relief_entitled(share: Number, V: Number, N: Number, n_entitled: Number, T: Number, d: Number, D: Number) -> Number:
    """Relief on the bill, the norm of the entitled persons as the cap of the whole volume (``edk_cap = entitled``)."""
    return share * smaller(V, N * n_entitled) * T * (d / D)


def price_of_hot_water(T_carrier: Number, q: Number, T: Number) -> Number:
    """Price of 1 m³ of two-component hot water, for display only."""
    return T_carrier + q * T
