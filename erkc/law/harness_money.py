"""Harnesses of the money rules (charging rules, sections 1, 2, 5 and 6): penalties, deadlines, limits, reliefs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import cast

from core.calendar import WorkCalendar
from core.charges import clauses
from core.charges.deadlines import deadlines
from core.charges.limits import IndexedService, growth
from core.charges.penalties import Change, Debt, accrued, to_post
from core.charges.penalty_rules import Group, KeyRate, PenaltyRules, RateSpan, Stop, penalty_rules
from core.charges.relief import Compensated, EdkCap, SubsidyCase, compensation, subsidy
from core.errors import InputError
from core.money import format_roubles, kopecks
from core.period import Month
from erkc.law.vectors import Got, Vector, harness

_DAY = timedelta(days=1)
_BEGINNING = date(2016, 1, 1)


def _day(text: object) -> date:
    return date.fromisoformat(str(text))


def _money(text: object) -> int:
    return kopecks(Fraction(str(text)))


def _rules(vector: Vector) -> PenaltyRules:
    """The rules of the law with the vector's own policy and (hypothetical) key rates instead."""
    law = penalty_rules(vector.law, vector.settings, day=_last_day(vector))
    policy = tuple(
        RateSpan(_day(span["from"]), _day(span["to"]), None if span["kind"] == "key" else Fraction(span["value"]))
        for span in vector.rows("rate_policy")
    )
    keys = tuple(KeyRate(_day(rate["from"]), Fraction(rate["rate"])) for rate in vector.rows("key_rates"))
    moratorium = vector.inputs.get("moratorium")
    stops = law.stops if moratorium is None else (Stop(_day(moratorium["from"]), _day(moratorium["to"]), existing=True),)
    return replace(law, policy=policy, key_rates=keys, stops=stops)


def _last_day(vector: Vector) -> date:
    days = vector.inputs.get("as_of") or vector.inputs.get("month_ends")
    return max(_day(day) for day in days) if isinstance(days, list) else _day(days)


def _debt(vector: Vector, rules: PenaltyRules, *, with_payments: bool = True) -> Debt:
    due = _day(vector.inputs["due"])
    changes = [Change.charged(due, _money(vector.inputs["debt"]))]
    if with_payments:
        day = "accounted" if rules.by_accounted_day else "on"
        changes += [Change.paid(_day(row.get(day, row["on"])), _money(row["amount"]), rules) for row in vector.rows("payments")]
    changes += [Change.recalculated(_day(row["on"]), _money(row["amount"]), rules) for row in vector.rows("recalculations")]
    return Debt(due, tuple(changes), cast("Group", vector.inputs.get("scale", "citizen")))  # a code of the vectors is a group of ours


def _until(debt: Debt, rules: PenaltyRules, day: date) -> Fraction:
    return accrued(debt, rules, first=_BEGINNING, as_of=day)


@harness("penalty")
def penalty(vector: Vector) -> Got:
    """ЖК ст. 155 ч. 14 on one day, or on several."""
    rules = _rules(vector)
    debt, days = _debt(vector, rules), vector.inputs["as_of"]
    if isinstance(days, list):
        return Got({str(day): int(kopecks(_until(debt, rules, _day(day)))) for day in days})
    return Got({"penalty": kopecks(_until(debt, rules, _day(days)))})


@harness("penalty_moratorium")
def penalty_moratorium(vector: Vector) -> Got:
    """Days of a moratorium age the debt and cost nothing."""
    return penalty(vector)


@harness("penalty_months")
def penalty_months(vector: Vector) -> Got:
    """Every month of debt from its own due day."""
    rules, day = _rules(vector), _day(vector.inputs["as_of"])
    found = dict[str, int]()
    for row in vector.rows("debts"):
        due = _day(row["due"])
        found[str(row["origin"])] = kopecks(_until(Debt(due, (Change.charged(due, _money(row["amount"])),)), rules, day))
    return Got(found)


@harness("penalty_posting")
def penalty_posting(vector: Vector) -> Got:
    """What each month posts, and that together they are the whole."""
    rules = _rules(vector)
    debt, posted, found = _debt(vector, rules), 0, dict[str, int]()
    for day in vector.inputs["month_ends"]:
        found[day] = to_post(_until(debt, rules, _day(day)), posted=posted)
        posted += found[day]
    return Got({**found, "total": posted})


@harness("penalty_late_registry")
def penalty_late_registry(vector: Vector) -> Got:
    """A payment that is learnt of after the first month was posted."""
    rules = _rules(vector)
    first, second = vector.inputs["month_ends"]
    posted = to_post(_until(_debt(vector, rules, with_payments=False), rules, _day(first)), posted=0)
    return Got({first: posted, second: to_post(_until(_debt(vector, rules), rules, _day(second)), posted=posted)})


@harness("penalty_court")
def penalty_court(vector: Vector) -> Got:
    """Judged penalties are frozen; new ones run on the principal from the next day, with the count of the original due day."""
    rules, judged = _rules(vector), _day(vector.inputs["judged_to"])
    debt = _debt(vector, rules)
    after = accrued(debt, rules, first=judged + _DAY, as_of=_day(vector.inputs["as_of"]))
    return Got({"judged_penalty": kopecks(_until(debt, rules, judged)), "after_judgement": kopecks(after)})


@harness("due_date")
def due_date(vector: Vector) -> Got:
    """Due days of some months; days off are the vector's own."""
    off = [_day(day) for day in vector.inputs.get("days_off") or []]
    presented = vector.inputs.get("presented") or []
    found = []
    for i, text in enumerate(vector.inputs["periods"]):
        month = Month.parse(str(text))
        rules = deadlines(vector.law, vector.settings, day=month.last)
        calendar = WorkCalendar.of(off, years=range(2020, 2030))
        plain = replace(rules, calendar=calendar)
        found.append(plain.due_day(month, presented_on=_day(presented[i]) if presented else None).isoformat())
    return Got(other={"due": found})


@harness("subsidy")
def subsidy_of_a_family(vector: Vector) -> Got:
    """ПП № 761."""
    case = SubsidyCase(
        standard=vector.number("standard"),
        persons=int(vector.number("n")),
        income=vector.number("income"),
        subsistence=vector.number("subsistence"),
        share=vector.number("share_pct") / 100,
        actual=vector.number("P_actual"),
    )
    found = subsidy(case)
    return Got({"calculated": found.calculated, "paid": found.paid})


@harness("edk")
def edk(vector: Vector) -> Got:
    """Monthly compensation by service."""
    found = dict[str, int]()
    for row in vector.rows("services"):
        service = Compensated(Fraction(row["V"]), Fraction(row["N"]) if row.get("N") else None, Fraction(row["T"]))
        found[row["id"]] = compensation(
            service,
            persons=int(vector.number("n")),
            entitled=int(vector.number("n_entitled")),
            share=vector.number("share_pct") / 100,
            cap=cast("EdkCap", vector.setting("edk_cap")),  # the ways of the setting are the values of the type
        )
    return Got(found)


@harness("limit_index")
def limit_index(vector: Vector) -> Got:
    """ПП № 400: growth at the volumes of the base month."""
    services = [
        IndexedService(Fraction(row["V_base"]), *(Fraction(row[name]) if row.get(name) else None for name in ("T_base", "T_new")))
        for row in vector.rows("services")
    ]
    found = growth(services, limit=vector.number("limit_pct"))
    if found is None:
        raise InputError("LAW-0102", f"{vector.id}: нет ни одной услуги в обоих месяцах.", hint="Сверьте услуги вектора.")
    shown = {"growth_pct": format_roubles(found.growth_e2), "above_limit": "true" if found.above_limit else "false"}
    return Got({"base": found.base, "new": found.new}, other=shown)


@harness("capital_relief")
def capital_relief(vector: Vector) -> Got:
    """ЖК ст. 169 ч. 2.1: a contribution, and the relief on the entitled owner's part of it within the social area."""
    area, rate = vector.number("S"), vector.number("rate_m2")
    one = Fraction(1)
    relief = compensation(
        Compensated(area, vector.number("S_norm"), rate),
        persons=int(vector.number("n")),
        entitled=int(vector.number("n_entitled")),
        share=vector.number("share_pct") / 100,
    )
    return Got({"contribution": kopecks(clauses.contribution(area, rate, Fraction(0), one, one)), "relief": relief})
