"""Harnesses of what a house or a communal flat shares: rooms, two-component hot water, an own boiler, common needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.common_property import Regime, common_month
from core.charges.yearly import YearSlice, common_correction, roubles_of
from core.money import kopecks
from erkc.law.apply import Clause, exact, money, persons_of_room, volume
from erkc.law.harness_general import persons_of
from erkc.law.vectors import Got, Vector, harness

_YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def _number(row: Mapping[str, Any], name: str) -> Fraction:
    return Fraction(str(row[name]))


def _living(vector: Vector) -> Fraction:
    return sum((_number(row, "S") for row in vector.rows("rooms")), Fraction(0))


def _people(vector: Vector) -> Fraction:
    return sum((persons_of_room(row) for row in vector.rows("rooms")), Fraction(0))


@harness("communal_own")
def communal_own(vector: Vector) -> Got:
    """Formulas 7 and 9: the flat's volume by persons, after what the rooms' own meters counted."""
    rooms, people = vector.rows("rooms"), _people(vector)
    metered = sum((_number(row, "V") for row in rooms if row.get("V") is not None), Fraction(0))
    own = any(row.get("V") is not None for row in rooms)
    got = Got()
    for row in rooms:
        values = {"V_flat": vector.number("V_flat"), "n": persons_of_room(row), "n_flat": people, "T": vector.number("T")}
        if own:
            room = Fraction(str(row.get("V") or 0))
            got.amounts[str(row["id"])] = money(clauses.formula_9, V=room, V_rooms=metered, **values)
        else:
            got.amounts[str(row["id"])] = money(clauses.formula_7, **values)
    return got


def _by_living_area(vector: Vector, flat: str) -> Got:
    values = {"V_flat": vector.number(flat), "S_rooms": _living(vector), "T": vector.number("T")}
    return Got({str(row["id"]): money(clauses.formula_8, S_room=_number(row, "S"), **values) for row in vector.rows("rooms")})


@harness("communal_heating", communal_area=("computed",))
def communal_heating(vector: Vector) -> Got:
    """Formula 8."""
    return _by_living_area(vector, "V_flat")


@harness("communal_common")
def communal_common(vector: Vector) -> Got:
    """Formulas 16 and 17."""
    return _by_living_area(vector, "V_common")


@harness("two_component")
def two_component(vector: Vector) -> Got:
    """Formulas 23 and 23(1): carrier and heat, each a line; the coefficient on both."""
    carrier, heat, q = vector.number("T_carrier"), vector.number("T_heat"), vector.number("q")
    if vector.has("V"):
        used = vector.number("V")
        amounts = {"carrier": money(clauses.formula_1, V=used, T=carrier), "heat": money(clauses.formula_23, V=used, q=q, T=heat)}
        return Got(amounts, {"V": used, "Q": volume(clauses.formula_23, V=used, q=q)})
    own = {"n": persons_of(vector), "N": vector.number("N")}
    got = Got(volumes={"V": volume(clauses.formula_4, **own), "Q": volume(clauses.formula_23_norm, **own, q=q)})
    base = {"carrier": money(clauses.formula_4, **own, T=carrier), "heat": money(clauses.formula_23_norm, **own, q=q, T=heat)}
    if not vector.has("K") or vector.flag("technical_possibility") is False:
        got.amounts = dict(base)
        return got
    K = vector.number("K")
    total = {
        "carrier": money(clauses.formula_4_1, **own, K=K, T=carrier),
        "heat": money(clauses.formula_23_1, **own, K=K, q=q, T=heat),
    }
    for part in ("carrier", "heat"):
        got.amounts |= {f"{part}.base": base[part], f"{part}.total": total[part], f"{part}.surcharge": total[part] - base[part]}
    return got


@harness("two_component_common", soi_regime=("odn_354",))
def two_component_common(vector: Vector) -> Got:
    """Formulas 24 and 24(1): common needs of two-component hot water."""
    share = {"S": vector.number("S"), "S_all": vector.number("S_ob")}
    carrier, heat, q = vector.number("T_carrier"), vector.number("T_heat"), vector.number("q")
    water: Clause
    warmth: Clause
    if vector.has("V_house"):
        house = {"V_house": vector.number("V_house"), "V_individual": vector.number("V_ind"), **share}
        water, warmth = clauses.formula_12, clauses.formula_24
    else:
        house = {"N": vector.number("N_common"), "S_common": vector.number("S_oi"), **share}
        water, warmth = clauses.soi_norm, clauses.formula_24_1
    amounts = {"carrier": money(water, **house, T=carrier), "heat": money(warmth, **house, q=q, T=heat)}
    return Got(amounts, {"V": volume(water, **house), "Q": volume(warmth, **house, q=q)})


@harness("two_component_room")
def two_component_room(vector: Vector) -> Got:
    """Formulas 25 and 26: rooms of a communal flat, own use by persons, common needs by living area."""
    carrier, heat, q = vector.number("T_carrier"), vector.number("T_heat"), vector.number("q")
    got = Got()
    water: Clause
    warmth: Clause
    for row in vector.rows("rooms"):
        room = str(row["id"])
        if vector.has("V_flat"):
            values = {"V_flat": vector.number("V_flat"), "n": persons_of_room(row), "n_flat": _people(vector)}
            water, warmth = clauses.formula_7, clauses.formula_25
        else:
            values = {"V_flat": vector.number("V_common"), "S_room": _number(row, "S"), "S_rooms": _living(vector)}
            water, warmth = clauses.formula_8, clauses.formula_26
        got.amounts |= {f"{room}.carrier": money(water, **values, T=carrier), f"{room}.heat": money(warmth, **values, q=q, T=heat)}
    return got


@harness("two_component_price")
def two_component_price(vector: Vector) -> Got:
    """The price of 1 m³ for display."""
    prices = {"T_carrier": vector.number("T_carrier"), "T": vector.number("T_heat")}
    return Got({str(row["id"]): money(clauses.price_of_hot_water, q=_number(row, "q"), **prices) for row in vector.rows("premises")})


@harness("in_house_boiler")
def in_house_boiler(vector: Vector) -> Got:
    """Formulas 18–22, by the facts: heating by area, hot water by volumes, rooms by living area or by persons."""
    got = Got()
    rooms = vector.rows("rooms")
    if not vector.has("V_hot_all"):
        share = {"S": vector.number("S"), "S_all": vector.number("S_ob")}
        for name, used, tariff in _resources(vector, "heating"):
            if not rooms:
                got.amounts[name] = money(clauses.formula_18, V_resource=used, T=tariff, **share)
            for row in rooms:
                living = {"S_room": _number(row, "S"), "S_rooms": _living(vector)}
                got.amounts[f"{row['id']}.{name}"] = money(clauses.formula_19, V_resource=used, T=tariff, **share, **living)
        return got
    _hot_water(vector, got)
    return got


def _resources(vector: Vector, purpose: str) -> list[tuple[str, Fraction, Fraction]]:
    """Resources with the volume used for the purpose: where both are heated, by the heat produced for each."""
    produced = vector.inputs.get("V_produced")
    part = Fraction(1)
    if produced is not None:
        part = _number(produced, purpose) / sum((Fraction(str(one)) for one in produced.values()), Fraction(0))
    return [(str(row["id"]), _number(row, "V") * part, _number(row, "T")) for row in vector.rows("resources")]


def _hot_water(vector: Vector, got: Got) -> None:
    cold, whole = vector.number("T_cold"), vector.number("V_hot_all")
    rooms = vector.rows("rooms")
    resources = _resources(vector, "hot")
    if rooms:
        for row in rooms:
            share = {"n": persons_of_room(row), "n_flat": _people(vector)}
            got.amounts[f"{row['id']}.water"] = money(clauses.formula_7, V_flat=vector.number("V"), T=cold, **share)
            for name, used, tariff in resources:
                got.amounts[f"{row['id']}.{name}"] = money(
                    clauses.formula_21, V_resource=used, V=vector.number("V"), V_hot_all=whole, T=tariff, **share
                )
        return
    if vector.has("V"):
        got.amounts["water"] = money(clauses.formula_1, V=vector.number("V"), T=cold)
        for name, used, tariff in resources:
            got.amounts[name] = money(clauses.formula_20, V_resource=used, V=vector.number("V"), V_hot_all=whole, T=tariff)
        return
    own = {"n": persons_of(vector), "N": vector.number("N")}
    got.amounts["water"] = money(clauses.formula_4, **own, T=cold)
    for name, used, tariff in resources:
        got.amounts[name] = money(clauses.formula_22, V_resource=used, **own, V_hot_all=whole, T=tariff)


@harness("boiler_price")
def boiler_price(vector: Vector) -> Got:
    """The price of 1 m³ of hot water made in the house: cold water and the resources for one cubic metre."""
    whole = vector.number("V_hot_all")
    roubles = exact(clauses.formula_1, V=1, T=vector.number("T_cold"))
    for _, used, tariff in _resources(vector, "hot"):
        roubles += exact(clauses.formula_20, V_resource=used, V=1, V_hot_all=whole, T=tariff)
    price = kopecks(roubles)
    return Got({"price": price}, other={"published": Fraction(price, 100)})


@harness("common_needs")
def common_needs(vector: Vector) -> Got:
    """КР на СОИ and ОДН in every regime, month by month, with the yearly recalculation."""
    regime = Regime(vector.setting("soi_regime"))
    share = {"S": vector.number("S"), "S_all": vector.number("S_ob")}
    norm = vector.number("N_common") * vector.number("S_oi") if vector.has("N_common") else None
    months = vector.rows("months")
    if not months:
        values = {"N": vector.number("N_common"), "S_common": vector.number("S_oi"), **share}
        return Got({"charge": money(clauses.soi_norm, **values, T=vector.number("T"))}, {"V": volume(clauses.soi_norm, **values)})
    got = Got()
    carried, charged = Fraction(0), 0
    for i, row in enumerate(months, start=1):
        month = common_month(
            regime,
            house=_number(row, "V_house") if "V_house" in row else None,
            individual=_number(row, "V_ind") if "V_ind" in row else None,
            carried=carried,
            norm=norm,
            average=_number(row, "V_average") if "V_average" in row else None,
            capped=vector.setting("odn_cap") == "norm",
            keeps_negative=vector.setting("negative_common") == "carry",
        )
        amount = money(clauses.soi_average, V_average=month.charged, **share, T=vector.number("T"))
        got.amounts[f"m{i}"] = amount
        got.volumes[f"V_{i}"] = volume(clauses.soi_average, V_average=month.charged, **share)
        if regime is Regime.BY_METER:
            got.other[f"carry_{i}"] = -month.carried
        if regime is Regime.ODN:
            got.other[f"borne_by_provider_{i}"] = month.borne_by_provider
        carried, charged = month.carried, charged + amount
    if regime in (Regime.NORM_THEN_RECALCULATION, Regime.AVERAGE):
        slices = [YearSlice(*_YEAR, vector.number("T"), _number(row, "V_house"), individual=_number(row, "V_ind")) for row in months]
        group = common_correction(
            slices, area=share["S"], area_of_house=share["S_all"], tariff=vector.number("T"), charged=Fraction(charged, 100)
        )
        got.amounts["recalc"] = kopecks(roubles_of(group))
    return got


@harness("negative_odn", soi_regime=("odn_354",), negative_common=("reduce_own",))
def negative_odn(vector: Vector) -> Got:
    """п. 47, 48: a negative rest lowers own volumes, by area for heat and by persons for all else."""
    house = {"V_house": vector.number("V_house"), "V_individual": vector.number("V_ind")}
    got = Got()
    for row in vector.rows("premises"):
        values = {"V": _number(row, "V"), **house}
        if vector.text("service") == "heat":
            clause: Clause = clauses.clause_48
            values |= {"S": _number(row, "S"), "S_all": vector.number("S_ob")}
        else:
            clause = clauses.clause_47
            values |= {"n": _number(row, "n"), "n_house": vector.number("n_all")}
        got.amounts[str(row["id"])] = money(clause, **values, T=vector.number("T"))
        got.volumes[str(row["id"])] = volume(clause, **values)
    return got


@harness("house_effect", soi_regime=("soi_by_meter",))
def house_effect(vector: Vector) -> Got:
    """A correction of another flat's closed month: in the sum of individual volumes of the open month, or nowhere."""
    months = vector.rows("months")
    got = Got()
    carried = Fraction(0)
    for i, row in enumerate(months, start=1):
        individual = _number(row, "V_ind")
        if i == len(months) and vector.setting("house_effect") == "open_month":
            individual += vector.number("change")
        values = {"V_house": _number(row, "V_house"), "V_individual": individual, "V_carried": carried}
        share = {"S": vector.number("S"), "S_all": vector.number("S_ob"), "T": vector.number("T")}
        got.amounts[f"m{i}"] = money(clauses.soi_by_meter, **values, **share)
        carried = Fraction(clauses.house_carry(**values))
    return got
