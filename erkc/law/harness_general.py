"""Harnesses of general services: gas, wastewater, waste, solid fuel, housing services, and the norm with its coefficient."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from core.charges import clauses
from core.charges.findings import Held
from core.charges.norms import NormRow, coefficient_is_due, norm_from_matrix
from core.charges.persons import Days, person_days
from core.charges.yearly import YearSlice, roubles_of, waste_correction
from core.money import kopecks, split
from core.period import Month
from erkc.law.apply import Clause, exact, money, rounded_volume, volume
from erkc.law.vectors import Got, Vector, harness

__all__ = ["RESOURCES", "persons_of"]

_YEAR = (date(2025, 1, 1), date(2025, 12, 31))
RESOURCES = {"cold": "cold_water", "hot": "hot_water", "power": "electricity", "sewage": "wastewater"}
"""Services of vectors as our resources, where a raising coefficient may be due."""


def persons_of(vector: Vector) -> Fraction:
    """Persons by days; nobody on any day: owners, not known: the setting (п. 56(2), 57)."""
    if vector.has("residence"):
        month = vector.month()
        inclusive = vector.setting("residence_end") == "inclusive"
        living = [(Days.parse(row.get("from"), row.get("to")), Fraction(str(row.get("count", 1)))) for row in vector.rows("residence")]
        days = sum((count * person_days(one, month.first, month.last, inclusive=inclusive) for one, count in living), Fraction(0))
        n = days / month.days
    else:
        n = vector.number("n", 0)
    if n or vector.has("owners"):
        return n or vector.number("owners")
    known = vector.setting("owners_when_unknown")
    if known == "hold":
        raise Held(
            "CH-027", "никто не проживает, а число собственников не известно", hint="Пришлите доли собственников (УК).", clause="п. 56(2)"
        )
    return Fraction(known)


@harness("norm")
def norm(vector: Vector) -> Got:
    """Formula 4."""
    clause, values = rounded_volume(vector, clauses.formula_4, {"n": persons_of(vector), "N": vector.number("N")})
    return Got({"charge": money(clause, **values, T=vector.number("T"))}, {"V": volume(clause, **values)})


@harness("norm_matrix")
def norm_matrix(vector: Vector) -> Got:
    """Formula 4 with a norm that depends on rooms and persons."""
    table = [NormRow(int(row["rooms"]), int(row["persons"]), Fraction(str(row["N"]))) for row in vector.rows("N_table")]
    n = persons_of(vector)
    values = {"n": n, "N": norm_from_matrix(table, rooms=int(vector.number("rooms_count")), persons=n), "T": vector.number("T")}
    return Got({"charge": money(clauses.formula_4, **values)}, {"V": volume(clauses.formula_4, **values)})


@harness("norm_k", k_effective=())
def norm_with_coefficient(vector: Vector) -> Got:
    """Formula 4(1): base, total with the coefficient by its slices, surcharge."""
    resource = RESOURCES.get(vector.text("service"), vector.text("service"))
    due = coefficient_is_due(
        resource,
        basis=vector.setting("k_electricity_basis", vector.month().last),
        possible=vector.flag("technical_possibility") is not False,
        access_refused=vector.flag("access_refused") is True,
    )
    values = {"n": persons_of(vector), "N": vector.number("N"), "T": vector.number("T")}
    base = money(clauses.formula_4, **values)
    got = Got({"base": base}, {"V": volume(clauses.formula_4, **values)})
    slices = vector.rows("slices")
    if slices:
        month_days = sum(int(row["days"]) for row in slices)
        total = 0
        for i, row in enumerate(slices, start=1):
            coefficient = Fraction(str(row["K"])) if due else Fraction(1)
            amount = money(clauses.formula_4_1, **values, K=coefficient, d=int(row["days"]), D=month_days)
            got.amounts[f"total_{i}"] = amount
            total += amount
    else:
        coefficient = vector.number("K", 1) if due else Fraction(1)
        total = money(clauses.formula_4_1, **values, K=coefficient)
        got.other["K_applied"] = coefficient
    got.amounts |= {"total": total, "surcharge": total - base}
    return got


@harness("sewage")
def sewage(vector: Vector) -> Got:
    """Wastewater without a meter of its own."""
    values = {"V_cold": vector.number("V_cold"), "V_hot": vector.number("V_hot", 0), "T": vector.number("T")}
    return Got({"charge": money(clauses.wastewater, **values)}, {"V": volume(clauses.wastewater, **values)})


@harness("gas_norm", heating_payment=())
def gas_norm(vector: Vector) -> Got:
    """Formula 5: cooking, water heater and heating by gas are added before the one rounding."""
    parts: list[tuple[Clause, dict[str, Fraction]]] = []
    tariff = vector.number("T")
    if vector.has("N_cook") or vector.has("N_heater"):
        own = {"n": persons_of(vector), "N_cook": vector.number("N_cook", 0), "N_heater": vector.number("N_heater", 0)}
        parts.append((clauses.formula_5, own))
    if vector.has("N_gas_heat"):
        heat = {"S": vector.number("S"), "N": vector.number("N_gas_heat")}
        if vector.has("months_season"):
            parts.append((clauses.formula_2_1, heat | {"k": vector.number("months_season")}))
        else:
            parts.append((clauses.formula_2, heat))
    roubles = sum((exact(clause, **values, T=tariff) for clause, values in parts), Fraction(0))
    return Got({"charge": kopecks(roubles)}, {"V": sum((volume(clause, **values) for clause, values in parts), Fraction(0))})


@harness("solid_fuel")
def solid_fuel(vector: Vector) -> Got:
    """Solid fuel as delivered, or by the norm for the area."""
    clause: Clause
    if vector.has("V"):
        clause = clauses.formula_1
        values = {"V": vector.number("V")}
    else:
        clause = clauses.formula_2
        values = {"S": vector.number("S"), "N": vector.number("N_fuel")}
    return Got({"charge": money(clause, **values, T=vector.number("T"))}, {"V": volume(clause, **values)})


@harness("waste")
def waste(vector: Vector) -> Got:
    """Formulas 9(1)–9(4), by what the facts have."""
    clause: Clause
    if vector.has("V_containers"):
        if vector.has("n_all"):
            clause = clauses.formula_9_3
            values = {"n": persons_of(vector), "n_site": vector.number("n_all")}
        else:
            clause = clauses.formula_9_4
            values = {"S": vector.number("S"), "S_site": vector.number("S_site")}
        values["V_removed"] = vector.number("V_containers")
    elif vector.has("N_year_m2"):
        clause = clauses.formula_9_2
        values = {"S": vector.number("S"), "N_year": vector.number("N_year_m2")}
    elif vector.has("N_month"):
        clause = clauses.formula_4
        values = {"n": persons_of(vector), "N": vector.number("N_month")}
    else:
        clause = clauses.formula_9_1
        values = {"n": persons_of(vector), "N_year": vector.number("N_year")}
    return Got({"charge": money(clause, **values, T=vector.number("T"))}, {"V": volume(clause, **values)})


@harness("waste_yearly")
def waste_yearly(vector: Vector) -> Got:
    """The year by containers, slice by slice, less what was charged; only where the region recalculates."""
    if vector.setting("waste_yearly_recalc") != "true":
        return Got()
    slices = []
    for row in vector.rows("months"):
        value = {name: Fraction(str(row[name])) for name in ("n", "n_all", "S", "S_site", "T", "V") if name in row}
        by_area = "n_all" not in value
        share, whole = (value["S"], value["S_site"]) if by_area else (value["n"], value["n_all"])
        slices.append(YearSlice(*_YEAR, value["T"], value["V"], share=share, whole=whole, by_area=by_area))
    return Got({"recalc": kopecks(roubles_of(waste_correction(slices, charged=vector.number("charged"))))})


@harness("area_rate")
def area_rate(vector: Vector) -> Got:
    """Housing services by area."""
    area = vector.number("S")
    return Got({name: money(clauses.maintenance, S=area, T=Fraction(rate)) for name, rate in vector.inputs["rate_m2"].items()})


@harness("owner_change", owner_change_day=())
def owner_change(vector: Vector) -> Got:
    """A month split between owners by days; the day of the register entry is counted by ``owner_change_day`` already."""
    parts = vector.rows("parts")
    month_days = sum(int(part["days"]) for part in parts)
    values = {"S": vector.number("S"), "T": vector.number("rate_m2")}
    return Got({str(part["id"]): money(clauses.maintenance, **values, d=int(part["days"]), D=month_days) for part in parts})


@harness("shares")
def shares(vector: Vector) -> Got:
    """A charge split by title shares, largest remainder."""
    weights = vector.numbers("shares")
    parts = {label: split(kopecks(Fraction(amount)), weights) for label, amount in vector.inputs["charges"].items()}
    return Got({f"{label}{i}": part for label, amounts in parts.items() for i, part in enumerate(amounts, start=1)})


@harness("tariff_slices")
def tariff_slices(vector: Vector) -> Got:
    """A tariff change inside the month: by readings of the boundary, else the volume by days."""
    got = Got()
    clause: Clause
    slices = vector.rows("slices")
    month_days = sum(int(row.get("days", 0)) for row in slices)
    for i, row in enumerate(slices, start=1):
        values: dict[str, Fraction | int] = {"T": Fraction(str(row["T"]))}
        if "prev" in row:
            clause, values["V"] = clauses.formula_1, Fraction(str(row["cur"])) - Fraction(str(row["prev"]))
        elif "V" in row:
            clause, values["V"] = clauses.formula_1, Fraction(str(row["V"]))
        else:
            values |= {"d": int(row["days"]), "D": month_days}
            if vector.has("V"):
                clause, values["V"] = clauses.formula_1, vector.number("V")
            else:
                clause = clauses.formula_4
                values |= {"n": persons_of(vector), "N": vector.number("N")}
        got.amounts[f"slice_{i}"] = money(clause, **values)
        got.volumes[f"V_{i}"] = volume(clause, **values)
    got.amounts["charge"] = sum(got.amounts.values())
    return got


@harness("jump_reading", late_reading=("rebuild",))
def jump_reading(vector: Vector) -> Got:
    """One reading over several months: by days over the months, each at its own tariff."""
    used = sum((Fraction(str(row["cur"])) - Fraction(str(row["prev"])) for row in vector.rows("meters")), Fraction(0))
    months = [(Month.parse(row["period"]), Fraction(str(row["T"]))) for row in vector.rows("months")]
    days = sum(month.days for month, _ in months)
    amounts = {str(month): money(clauses.formula_1, V=used, T=tariff, d=month.days, D=days) for month, tariff in months}
    return Got(amounts, {"V": used})
