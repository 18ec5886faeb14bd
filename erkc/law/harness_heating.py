"""Harnesses of heating: by the norm and by the house meter, own heating, flats with meters, even payment and its correction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.averages import average_of
from core.charges.yearly import YearSlice, heating_correction, roubles_of
from core.money import kopecks
from erkc.law.apply import Clause, exact, money, volume
from erkc.law.harness_metering import averages_of
from erkc.law.vectors import Got, Vector, harness

_YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def _number(row: Mapping[str, Any], name: str, default: Fraction | None = None) -> Fraction:
    return default if default is not None and row.get(name) is None else Fraction(str(row[name]))


def _own_part(row: Mapping[str, Any], area: Fraction) -> Fraction:
    """Area of the premises with lawful own heating: the whole, or what is not connected."""
    return area if row.get("own_heating") in (True, "true") else area - _number(row, "S_connected", area)


def _each(vector: Vector, choose: Any) -> Got:
    """A charge and a volume for each of the premises."""
    got = Got()
    for row in vector.rows("premises"):
        clause, values = choose(row)
        got.amounts[str(row["id"])] = money(clause, **values, T=vector.number("T"))
        got.volumes[str(row["id"])] = volume(clause, **values)
    return got


@harness("heating_norm", heating_payment=(), heated_common_area=())
def heating_norm(vector: Vector) -> Got:
    """Formulas 2, 2(1), 2(3) and 2(4); the common part where the area of the house is given."""
    norm = vector.number("N_heat")
    season = {"k": vector.number("months_season")} if vector.has("months_season") else {}

    def choose(row: Mapping[str, Any]) -> tuple[Clause, dict[str, Fraction]]:
        area = _number(row, "S")
        own = {"S": area, "N": norm, **season}
        if not vector.has("S_ob") and _own_part(row, area) == 0:
            return (clauses.formula_2_1 if season else clauses.formula_2), own
        house = {"S_own_part": _own_part(row, area), "S_heated": vector.number("S_oi", 0), "S_all": vector.number("S_ob", 1)}
        return (clauses.formula_2_4 if season else clauses.formula_2_3_own), own | house

    got = _each(vector, choose)
    if vector.has("S_ob"):
        factor = vector.number("months_season") / 12 if season else 1
        got.volumes["V_common"] = norm * factor * vector.number("S_oi", 0)
    return got


@harness("heating_house", own_heating_unit=(), heated_common_area=())
def heating_house(vector: Vector) -> Got:
    """Formula 3 with 3(6)."""
    house = {
        "V_house": vector.number("V_house"), "S_all": vector.number("S_ob"), "S_own": vector.number("S_ind", 0),
        "S_heated": vector.number("S_oi", 0),
    }  # fmt: skip

    def choose(row: Mapping[str, Any]) -> tuple[Clause, dict[str, Fraction]]:
        area = _number(row, "S")
        return clauses.formula_3_own, {"S": area, "S_own_part": _own_part(row, area), **house}

    got = _each(vector, choose)
    got.volumes["V_common"] = house["V_house"] / (house["S_all"] - house["S_own"] + house["S_heated"]) * house["S_heated"]
    return got


@harness("heating_partial")
def heating_partial(vector: Vector) -> Got:
    """Formula 3(1) with 3(7): flats with meters, the others by their mean."""
    rows = vector.rows("premises")
    metered = [row for row in rows if row.get("metered") in (True, "true")]
    used = sum((_number(row, "V") for row in metered), Fraction(0))
    area = sum((_number(row, "S") for row in metered), Fraction(0))
    whole = vector.number("S_ob")
    individual = used + (whole - area) * used / area
    house = {"V_house": vector.number("V_house"), "V_individual": individual, "S_all": whole}

    def choose(row: Mapping[str, Any]) -> tuple[Clause, dict[str, Fraction]]:
        if row in metered:
            return clauses.formula_3_1, {"V": _number(row, "V"), "S": _number(row, "S"), **house}
        return clauses.formula_3_7, {"S": _number(row, "S"), "V_metered": used, "S_metered": area, **house}

    got = _each(vector, choose)
    common = house["V_house"] - individual
    got.volumes["V_common"] = common
    got.other["warning"] = "negative_common" if common < 0 else ""
    return got


@harness("heating_all_metered")
def heating_all_metered(vector: Vector) -> Got:
    """Formula 3(3): all premises with meters; one without a reading by its average of the season."""
    averages = averages_of(vector)
    rows = vector.rows("premises")
    volumes = {}
    for row in rows:
        if row.get("V") is not None:
            volumes[str(row["id"])] = _number(row, "V")
            continue
        average = average_of([Fraction(str(one)) for one in row["history"]], averages)
        if average is None:
            raise ValueError("fewer than three measured months")
        volumes[str(row["id"])] = average[0] / average[1]
    together = sum(volumes.values(), Fraction(0))
    whole = vector.number("S_ob", sum((_number(row, "S") for row in rows), Fraction(0)))
    house = {"V_house": vector.number("V_house"), "V_individual": together, "S_all": whole}
    got = _each(vector, lambda row: (clauses.formula_3_1, {"V": volumes[str(row["id"])], "S": _number(row, "S"), **house}))
    got.volumes["V_common"] = house["V_house"] - together
    return got


@harness("heating_correction", heating_payment=("evenly",))
def correction_of_the_year(vector: Vector) -> Got:
    """Formulas 3(2) and 3(4): the year by its slices less what was charged, rounded once."""
    slices = [
        YearSlice(
            *_YEAR, _number(row, "T"), _number(row, "V_house"),
            own=_number(row, "V") if "V" in row else None, individual=_number(row, "V_ind") if "V_ind" in row else None,
        )
        for row in vector.rows("year_slices")
    ]  # fmt: skip
    group = heating_correction(slices, area=vector.number("S"), area_of_house=vector.number("S_ob"), charged=vector.number("charged"))
    return Got({"correction": kopecks(roubles_of(group))})


@harness("heating_evenly", heating_payment=("evenly",))
def heating_evenly(vector: Vector) -> Got:
    """A twelfth of last year by the house meter."""
    values = {"V_year": vector.number("V_prev_year"), "S": vector.number("S"), "S_all": vector.number("S_ob")}
    charge = money(clauses.formula_3_evenly, **values, T=vector.number("T"))
    return Got({"charge": charge}, {"V": volume(clauses.formula_3_evenly, **values)})


@harness("heating_open_system")
def heating_open_system(vector: Vector) -> Got:
    """One meter for heat and hot water."""
    hot = vector.number("V_hot_all") + vector.number("V_hot_common", 0)
    values = {"V_house": vector.number("V_house"), "q": vector.number("q"), "V_hot": hot}
    share = {"S": vector.number("S"), "S_all": vector.number("S_ob")}
    charge = money(clauses.formula_3_open, **values, **share, T=vector.number("T"))
    return Got({"charge": charge}, {"V_heating": volume(clauses.formula_3_open, **values, S=1, S_all=1)})


@harness("house_meter_failed")
def house_meter_failed(vector: Vector) -> Got:
    """п. 59(1): the average of the season for three months, then the norm without a coefficient."""
    average = average_of(vector.numbers("history"), averages_of(vector))
    longest = vector.law.number("average.longest_months", date(2026, 1, 1))
    got = Got()
    for i in range(1, int(vector.number("month_count")) + 1):
        if average is not None and i <= longest:
            share = {"S": vector.number("S"), "S_all": vector.number("S_ob")}
            got.amounts[f"m{i}"] = money(clauses.formula_3_average, V_sum=average[0], m=average[1], **share, T=vector.number("T"))
        else:
            got.amounts[f"m{i}"] = money(clauses.formula_2, S=vector.number("S"), N=vector.number("N_heat"), T=vector.number("T"))
    return got


@harness("allocators")
def allocators(vector: Vector) -> Got:
    """Heat allocators: used only where premises with them are above half of the area."""
    rows = vector.rows("premises")
    area = sum((_number(row, "S") for row in rows), Fraction(0))
    units = sum((_number(row, "units") for row in rows), Fraction(0))
    whole = vector.number("S_ob")
    if 2 * area <= whole:
        return Got()
    house = {"V_house": vector.number("V_house"), "T": vector.number("T"), "S_allocators": area, "S_all": whole, "u_all": units}
    return Got({str(row["id"]): money(clauses.formula_6, **house, u=_number(row, "units"), P=_number(row, "charged")) for row in rows})


@harness("single_house", heating_payment=())
def single_house(vector: Vector) -> Got:
    """A single-family house with a heat meter: by the meter, or a twelfth of last year and the correction."""
    tariff = vector.number("T")
    if vector.has("V"):
        return Got({"charge": money(clauses.formula_1, V=vector.number("V"), T=tariff)})
    got = Got({"monthly": money(clauses.formula_3_8, V_year=vector.number("V_prev_year"), T=tariff)})
    rows = vector.rows("year_slices")
    if rows:
        actual = sum((exact(clauses.formula_1, V=_number(row, "V"), T=_number(row, "T")) for row in rows), Fraction(0))
        got.amounts["correction"] = kopecks(actual + exact(clauses.charged_before, P=vector.number("charged")))
    return got
