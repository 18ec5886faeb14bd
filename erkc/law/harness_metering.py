"""Harnesses of meters: readings, rollovers, zones, ranges, months without readings, late readings, checks and tampering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.averages import Averages, average_of, counted
from core.charges.metering import Metered, Point, spread_by_days
from core.charges.norms import coefficient_is_due
from core.charges.ranges import cut_by_ranges
from core.charges.rules import Sourced, window_months
from core.ids import RecordId
from core.model.facts import MeterFacts, ReadingFacts
from core.money import kopecks
from core.period import Month
from erkc.law.apply import Clause, exact, money, rounded_volume, volume
from erkc.law.harness_general import RESOURCES, persons_of
from erkc.law.vectors import Got, Vector, harness

_START = Month(2026, 1)
"""The first measured month of a history that names no months."""


def _number(row: Mapping[str, Any], name: str) -> Fraction:
    return Fraction(str(row[name]))


def averages_of(vector: Vector) -> Averages:
    """Limits of the average and of a rollover: those of the law, unless the vector sets them."""
    day = _START.last
    return Averages(
        window=Sourced(
            window_months(vector.setting("average_window"))
            if "average_window" in vector.settings
            else vector.law.number("average.window_months", day)
        ),
        minimum=int(vector.law.number("average.minimum_months", day)),
        longest=int(vector.law.number("average.longest_months", day)),
        rollover_factor=Fraction(vector.setting("rollover_factor", day)),
        late_reading=vector.setting("late_reading", day),
    )


def _used(row: Mapping[str, Any], measured: Sequence[Fraction], averages: Averages) -> Fraction | None:
    digits = int(row["digits"]) if row.get("digits") is not None else None
    return counted(_number(row, "prev"), _number(row, "cur"), digits=digits, measured=measured, averages=averages)


@harness("metered")
def metered(vector: Vector) -> Got:
    """Formula 1: all meters together; days without a meter by the average."""
    averages = averages_of(vector)
    used = Fraction(0)
    for row in vector.rows("meters"):
        part = _used(row, (), averages)
        if part is None:
            raise ValueError(f"reading {row['cur']} is below {row['prev']}")
        used += part
    tariff = vector.number("T")
    values: dict[str, Fraction | int] = {"V": used}
    clause: Clause = clauses.formula_1
    if vector.has("gap_days"):
        average = average_of(vector.numbers("history"), averages)
        days = {"g": vector.number("gap_days"), "M": vector.number("days")}
        if average is None:
            clause = clauses.formula_1_gap_norm
            values = {"V_before": used, "V_after": 0, "n": persons_of(vector), "N": vector.number("N"), **days}
        else:
            clause = clauses.formula_1_gap
            values = {"V_before": used, "V_after": 0, "V_sum": average[0], "m": average[1], **days}
    clause, values = rounded_volume(vector, clause, values)
    charge = money(clause, **values, T=tariff)
    got = Got({"charge": charge}, {"V": volume(clause, **values)})
    if "reversal" in vector.amounts:
        got.amounts["reversal"] = -charge
    return got


@harness("rollover")
def rollover(vector: Vector) -> Got:
    """A lower reading: over the end of the counter, or held."""
    (row,) = vector.rows("meters")
    used = _used(row, vector.numbers("history"), averages_of(vector))
    if used is None:
        return Got(other={"decision": "held"})
    return Got({"charge": money(clauses.formula_1, V=used, T=vector.number("T"))}, {"V": used}, {"decision": "rollover"})


@harness("zones")
def zones(vector: Vector) -> Got:
    """Tariff zones, each its own line."""
    amounts = {}
    for row in vector.rows("zones"):
        used = _number(row, "V") if "V" in row else _used(row, (), averages_of(vector))
        if used is None:
            raise ValueError(f"reading {row['cur']} is below {row['prev']}")
        clause, values = rounded_volume(vector, clauses.formula_1, {"V": used})
        amounts[str(row["id"])] = money(clause, **values, T=_number(row, "T"))
    return Got({**amounts, "charge": sum(amounts.values())})


@harness("ranges")
def ranges(vector: Vector) -> Got:
    """Consumption ranges; with zones each zone is split by the ranges of the whole month."""
    factor = Fraction(vector.setting("range_factor")) if not vector.has("range_factor") else vector.number("range_factor")
    bounds = vector.numbers("bounds")
    rows = vector.rows("zones")
    amounts: dict[str, int] = {}
    if rows:
        together = sum((_number(row, "V") for row in rows), Fraction(0))
        parts = cut_by_ranges(together, bounds, factor=factor)
        for row in rows:
            for i, (part, tariff) in enumerate(zip(parts, row["T_ranges"], strict=True), start=1):
                if part:
                    amounts[f"{row['id']}.r{i}"] = money(
                        clauses.formula_1_range, V_zone=_number(row, "V"), V_range=part, V_month=together, T=Fraction(str(tariff))
                    )
    else:
        parts = cut_by_ranges(vector.number("V"), bounds, factor=factor)
        for i, (part, tariff) in enumerate(zip(parts, vector.numbers("T_ranges"), strict=True), start=1):
            if part:
                amounts[f"r{i}"] = money(clauses.formula_1, V=part, T=tariff)
    return Got({**amounts, "charge": sum(amounts.values())})


def _point(vector: Vector, averages: Averages) -> tuple[Point, Month]:
    """A metering point after its measured months, and the month of the event."""
    history = vector.numbers("history")
    event = _START.next(len(history))
    case = vector.text("case")
    first = ReadingFacts(_START.previous().last, 0, RecordId(1))
    meter = MeterFacts(
        key="m", kind=3, account="a", service=vector.text("service"), serial="1", digits=None, commissioned_on=date(2020, 1, 1),
        next_verification_on=None, closed_on=None, start_e3=0, is_open=True, source=RecordId(2), readings=(first,),
    )  # fmt: skip
    if case == "a":
        meter = replace(meter, failed_on=event.first.replace(day=10))
    if case == "v":
        meter = replace(meter, access_refused_on=event.first.replace(day=10))
    by_norm = volume(clauses.formula_4, n=persons_of(vector), N=vector.number("N")) if vector.has("N") else Fraction(0)
    point = Point((meter,), lambda _: by_norm)
    point.last = first
    point.measured = [(used, (RecordId(3),)) for used in history]
    return point, event


@harness("missing_readings")
def missing_readings(vector: Vector) -> Got:
    """Months after an event: the average for three of them, then the norm, raised where the cause says so."""
    averages = averages_of(vector)
    point, event = _point(vector, averages)
    got = Got()
    for i in range(int(vector.number("month_count"))):
        month = point.month(event.next(i), averages)
        if month is None:
            raise ValueError("no meter in the month")
        _add_month(got, f"m{i + 1}", month, vector)
    return got


def _add_month(got: Got, key: str, month: Metered, vector: Vector) -> None:
    tariff = vector.number("T")
    if month.outcome != "norm":
        got.amounts[key] = money(getattr(clauses, month.clause), **month.values, T=tariff)
        return
    own = {"n": persons_of(vector), "N": vector.number("N"), "T": tariff}
    base = money(clauses.formula_4, **own)
    resource = RESOURCES.get(vector.text("service"), "")
    basis = vector.setting("k_electricity_basis")
    refused = vector.text("case") == "v" or vector.flag("access_refused") is True
    if not month.raised or not coefficient_is_due(resource, basis=basis, possible=True, access_refused=refused):
        got.amounts[key] = base
        return
    total = money(clauses.formula_4_1, **own, K=vector.number("K", 1))
    got.amounts |= {key: total, f"{key}.base": base, f"{key}.surcharge": total - base}


@harness("expiry_month")
def expiry_month(vector: Vector) -> Got:
    """The month of a lapse: by a reading of the last valid day and the average for the rest, else whole by the average."""
    average = average_of(vector.numbers("history"), averages_of(vector))
    if average is None:
        raise ValueError("fewer than three measured months")
    values: dict[str, Fraction | int] = {"V_sum": average[0], "m": average[1]}
    clause: Clause = clauses.clause_59
    rows = vector.rows("meters")
    if rows:
        used = sum((_number(row, "cur") - _number(row, "prev") for row in rows), Fraction(0))
        clause = clauses.formula_1_gap
        values |= {"V_before": used, "V_after": 0, "g": vector.number("gap_days"), "M": vector.number("days")}
    return Got({"charge": money(clause, **values, T=vector.number("T"))}, {"V": volume(clause, **values)})


@harness("late_reading")
def late_reading(vector: Vector) -> Got:
    """A reading after months without one, in the three ways of the setting."""
    how = vector.setting("late_reading")
    used = vector.number("reading") - vector.number("last_reading")
    months = vector.rows("months")
    tariff = vector.number("T")
    if how == "rebuild":
        return _rebuilt(vector, used)
    charged = sum((_number(row, "V") for row in months if how == "difference" or row.get("by") == "average"), Fraction(0))
    values = {"V_read": used, "V_charged": charged}
    carry = min(used - charged, Fraction(0))
    return Got(
        {"charge": money(clauses.formula_1_late, **values, T=tariff)}, {"V": volume(clauses.formula_1_late, **values)}, {"carry": carry}
    )


def _rebuilt(vector: Vector, used: Fraction) -> Got:
    months = [(Month.parse(row["period"]), row) for row in vector.rows("months")]
    open_month = vector.month()
    volumes = spread_by_days(used, [*(month for month, _ in months), open_month])
    got = Got(volumes={"V": volumes[open_month]})
    for month, row in months:
        own = _number(row, "T")
        before = money(clauses.formula_1, V=_number(row, "V"), T=own)
        got.amounts[str(month)] = money(clauses.formula_1, V=volumes[month], T=own) - before
    got.amounts["charge"] = money(clauses.formula_1, V=volumes[open_month], T=vector.number("T"))
    return got


@harness("check_p61")
def check_of_a_meter(vector: Vector) -> Got:
    """п. 61: the difference a check finds, at the tariff of its month."""
    values = {"V_checked": vector.number("reading_checked"), "V_stated": vector.number("reading")}
    return Got({"recalc": money(clauses.clause_61, **values, T=vector.number("T"))}, {"V": volume(clauses.clause_61, **values)})


@harness("unauthorised")
def unauthorised(vector: Vector) -> Got:
    """п. 62: by the capacity, or ten norms where it is not known."""
    if vector.has("power_kw"):
        clause: Clause = clauses.clause_62
        values = {"W": vector.number("power_kw"), "a": vector.number("days")}
    else:
        clause, values = clauses.clause_62_norm, _tenfold(vector)
    return Got({"charge": money(clause, **values, T=vector.number("T"))}, {"V": volume(clause, **values)})


@harness("tampering")
def tampering(vector: Vector) -> Got:
    """п. 81(11): ten norms in place of what was charged."""
    values = {**_tenfold(vector), "T": vector.number("T")}
    gross = money(clauses.clause_62_norm, **values)
    charged = sum(vector.numbers("charged"), Fraction(0))
    return Got({"gross": gross, "recalc": gross + kopecks(exact(clauses.charged_before, P=charged))})


def _tenfold(vector: Vector) -> dict[str, Fraction]:
    factor = vector.number("factor", vector.law.number("tampering.norm_factor", _START.last))
    longest = vector.law.number("tampering.longest_months", _START.last)
    return {"n": persons_of(vector), "N": vector.number("N"), "f": factor, "m": min(vector.number("month_nos"), longest)}
