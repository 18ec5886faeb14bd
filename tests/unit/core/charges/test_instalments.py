"""Instalment plans: parts, interest, what is deferred, and when a plan that is not kept lets penalties run again."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from core.charges.instalments import PlanMonth, plan_of
from core.period import Month

SEPTEMBER = Month(2026, 9)
PLAN = plan_of(3000_00, months=6, first_month=SEPTEMBER, percent=Fraction("9.5"))


def due(month: Month) -> date:
    return date(month.next().year, month.next().month, 15)


def test_a_month_of_the_plan() -> None:
    assert PLAN.month(Month(2026, 10), remaining=2500_00) == PlanMonth(2500_00, 500_00, 20_17, 2000_00)  # type: ignore[arg-type]  # kopecks
    assert PLAN.month(Month(2027, 2), remaining=500_00).deferred == 0
    assert PLAN.month(Month(2027, 3), remaining=0) == PlanMonth(0, 0, 0, 0)  # type: ignore[arg-type]  # kopecks
    assert PLAN.part(Month(2026, 8)) == 0
    assert PLAN.later(Month(2026, 8)) == 3000_00
    assert plan_of(1000, months=3, first_month=SEPTEMBER, percent=Fraction(0)).parts == (334, 333, 333)


def test_a_plan_is_kept_until_a_part_is_missed() -> None:
    unpaid = {date(2026, 10, 15): 2500_00, date(2026, 11, 15): 2500_00}
    assert PLAN.resumes(unpaid.__getitem__, due, until=date(2026, 10, 31)) is None
    assert PLAN.resumes(unpaid.__getitem__, due, until=date(2026, 11, 30)) == date(2026, 11, 16)
    assert PLAN.resumes(lambda _: 0, due, until=date(2028, 1, 31)) is None
