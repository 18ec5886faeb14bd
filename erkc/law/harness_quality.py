"""Harnesses of sections VIII and IX: absence, interruptions, temperature, days of bad quality, what was not delivered."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from core.charges import clauses
from core.charges.absences import full_days
from core.charges.interruptions import Limits, beyond_stated, hours_beyond
from core.charges.quality import Tolerances, delay_blocks, heating_degree_hours, hot_water_hours
from core.charges.relief import relief_on_line
from core.money import kopecks
from core.period import Month
from erkc.law.apply import exact, interruptions_of, measured_of, money
from erkc.law.harness_general import persons_of
from erkc.law.vectors import Got, Vector, harness


@harness("absence")
def absence(vector: Vector) -> Got:
    """Temporary absence by months of one run; refused where a meter works or could be installed, except for waste."""
    is_waste = vector.text("service") == "waste"
    refused = not is_waste and (vector.flag("metered") is True or vector.flag("technical_possibility") is not False)
    if vector.setting("metered_absence") == "allow":
        refused = False
    longer_than = int(vector.law.number("absence.longer_than_days", date(2026, 1, 1)))
    runs = [full_days(date.fromisoformat(row["depart"]), date.fromisoformat(row["return"])) for row in vector.rows("absence")]
    got = Got(other={"days": {}})
    touched = {month for row in vector.rows("absence") for month in _months(row["depart"], row["return"])}
    for month in sorted(touched):
        days = 0
        for run in runs:
            if not refused and run.length > longer_than:
                days += run.within(month.first, month.last)
        got.other["days"][str(month)] = days
        got.amounts[str(month)] = _absent(vector, month, days)
    return got


def _months(depart: str, back: str) -> list[Month]:
    first, last = date.fromisoformat(depart), date.fromisoformat(back) - timedelta(days=1)
    return list(Month.of(first).until(Month.of(last)))


def _absent(vector: Vector, month: Month, days: int) -> int:
    absent, tariff = vector.number("absent", 1), vector.number("T")
    if vector.has("N_year_m2"):
        return money(
            clauses.absence_by_area, S=vector.number("S"), N_year=vector.number("N_year_m2"), T=tariff, n_absent=absent,
            n_all=vector.number("n"), a=days, D=month.days,
        )  # fmt: skip
    if vector.has("N_year"):
        return money(clauses.absence_waste, N_year=vector.number("N_year"), T=tariff, a=absent * days, D=month.days)
    return money(clauses.absence, N=vector.number("N"), T=tariff, a=absent * days, D=month.days)


@harness("interruption", interruption_base=())
def interruption(vector: Vector) -> Got:
    """Hours beyond the limits in each month, and the reduction of its charge."""
    got = Got(other={"hours": {}})
    items = interruptions_of(vector)
    how = vector.setting("interruption_hours")
    once = vector.number("limit_once") if vector.has("limit_once") and how != "monthly" else None
    in_month = vector.number("limit_month") if vector.has("limit_month") and how != "single" else None
    for period, charge in vector.inputs["P_months"].items():
        month = Month.parse(period)
        if vector.setting("interruption_limits") == "stated":
            hours = sum((beyond_stated(item, month) for item in items), Fraction(0))
        else:
            hours = hours_beyond(items, Limits(once, in_month), month)
        got.other["hours"][period] = hours
        got.amounts[period] = -money(clauses.interruption, P=Fraction(str(charge)), h=hours, r=vector.number("rate_pct"))
    return got


@harness("heating_temperature")
def heating_temperature(vector: Vector) -> Got:
    """Degree-hours below the required temperature."""
    hours = heating_degree_hours(
        measured_of(vector), _tolerances(vector), norm=vector.number("temp_norm"), how=vector.setting("heating_degrees")
    )
    reduction = -money(clauses.interruption, P=vector.number("P"), h=hours, r=vector.number("rate_pct"))
    return Got({"reduction": reduction}, other={"degree_hours": hours})


@harness("hot_water_temperature")
def hot_water_temperature(vector: Vector) -> Got:
    """Steps beyond the tolerance, and hours below 40 °C at the cold tariff."""
    hours = hot_water_hours(measured_of(vector), _tolerances(vector))
    used, hot = vector.number("V"), vector.number("T_hot")
    charge = exact(clauses.formula_1, V=used, T=hot)
    cold = money(clauses.cold_instead_of_hot, V=used, h=hours.cold, H=vector.number("hours_month"), T_hot=hot, T=vector.number("T_cold"))
    return Got(
        {"temp_reduction": -money(clauses.interruption, P=charge, h=hours.steps, r=vector.number("rate_pct")), "below40": -cold},
        other={"step_hours": hours.steps, "cold_hours": hours.cold},
    )


@harness("quality_days")
def quality_days(vector: Vector) -> Got:
    """The fee of days of bad quality is dropped."""
    return Got({"reduction": -money(clauses.quality_days, P=vector.number("P"), a=vector.number("bad_days"), D=vector.number("days"))})


@harness("waste_delay")
def waste_delay(vector: Vector) -> Got:
    """Waste not removed in time: full days beyond the limits."""
    blocks = delay_blocks(vector.number("delay_hours"), at_once=vector.number("limit_once"), in_month=vector.number("limit_month"))
    reduction = -money(clauses.interruption, P=vector.number("P"), h=blocks, r=vector.number("rate_pct"))
    return Got({"reduction": reduction}, other={"blocks": blocks})


@harness("undelivered")
def undelivered(vector: Vector) -> Got:
    """п. 100: first the volume not delivered by time, then the percentage of what is left."""
    month = vector.month()
    items = interruptions_of(vector)
    base = kopecks(exact(clauses.formula_4, n=persons_of(vector), N=vector.number("N"), T=vector.number("T")))
    got = Got()
    left: int = base
    if vector.setting("undelivered_volume") == "by_time":
        lasted = hours_beyond(items, Limits(Fraction(0), None), month)
        taken = money(clauses.undelivered, P=Fraction(base, 100), h=lasted, H=vector.number("hours_month", month.days * 24))
        got.amounts["undelivered"] = -taken
        left -= taken
    hours = hours_beyond(items, Limits(vector.number("limit_once"), vector.number("limit_month")), month)
    got.other["hours"] = hours
    got.amounts["reduction"] = -money(clauses.interruption, P=Fraction(left, 100), h=hours, r=vector.number("rate_pct"))
    return got


@harness("order_of_lines")
def order_of_lines(vector: Vector) -> Got:
    """Base, reduction of the rounded base, relief on both, surcharge apart."""
    own = {"n": persons_of(vector), "N": vector.number("N"), "T": vector.number("T")}
    base = money(clauses.formula_4, **own)
    surcharge = money(clauses.formula_4_1, **own, K=vector.number("K", 1)) - base
    percent = vector.number("rate_pct", vector.law.number("interruption.cold_water.percent_per_hour", date(2026, 1, 1)))
    reduction = -money(clauses.interruption, P=Fraction(base, 100), h=vector.number("hours_reduction", 0), r=percent)
    relief = relief_on_line(base=base, recalculation=0, underdelivery=-reduction, share=vector.number("share_pct", 0) / 100)
    amounts = {"base": base, "surcharge": surcharge, "reduction": reduction, "relief": relief}
    return Got({**amounts, "to_pay": sum(amounts.values())})


def _tolerances(vector: Vector) -> Tolerances:
    return Tolerances.of(lambda name: vector.law.number(name, vector.month().last))
