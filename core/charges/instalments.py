"""Instalment plan of a debt (рассрочка, п. 72, 75): equal parts by month, interest on what remains, no penalty while it is kept.

A part is due with the bill of its month. What is not due yet is deferred: it is not asked for and bears no penalties. A plan is kept while
no more is unpaid on a due day than the parts that come later; from the day after a missed due day the debt is an ordinary one again, with
the count of days of its own month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core.money import Kopecks, kopecks, split
from core.period import Month

__all__ = ["Plan", "PlanMonth", "plan_of"]


@dataclass(frozen=True, slots=True)
class PlanMonth:
    """A plan in one month, kopecks."""

    remaining: int
    """Unpaid at the start of the month."""
    portion: int
    interest: Kopecks
    deferred: int
    """Due in later months."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts of a debt by month, kopecks, and the yearly interest in per cent."""

    first_month: Month
    parts: tuple[int, ...]
    percent: Fraction

    def part(self, month: Month) -> int:
        """What the bill of the month asks for."""
        place = month - self.first_month
        return self.parts[place] if 0 <= place < len(self.parts) else 0

    def later(self, month: Month) -> int:
        """What the bills after the month ask for."""
        return sum(self.parts[max(month - self.first_month + 1, 0) :])

    def month(self, month: Month, *, remaining: int) -> PlanMonth:
        """The plan in a month at whose start so much was unpaid; interest for its days, rounded once."""
        interest = kopecks(Fraction(remaining, 100) * self.percent / 100 * Fraction(month.days, 365))
        return PlanMonth(remaining, min(self.part(month), remaining), interest, min(self.later(month), remaining))

    def resumes(self, unpaid_after: Callable[[date], int], due_day: Callable[[Month], date], *, until: date) -> date | None:
        """The day from which the debt bears penalties again, the day after a part was missed; None while the plan is kept.

        ``unpaid_after`` tells what is unpaid at the end of a day; ``due_day`` when the bill of a month is due.
        """
        for place in range(len(self.parts)):
            month = self.first_month.next(place)
            if month.last >= until:  # its bill is due after that day, and so are all later ones
                return None
            due = due_day(month)
            if due >= until:
                return None
            if unpaid_after(due) > self.later(month):
                return due + timedelta(days=1)
        return None


def plan_of(total: int, *, months: int, first_month: Month, percent: Fraction) -> Plan:
    """A plan of equal parts; the kopecks that do not divide go to the first months.

    >>> plan_of(100, months=3, first_month=Month(2026, 9), percent=Fraction(0)).parts
    (34, 33, 33)
    """
    return Plan(first_month, tuple(split(total, [1] * months)), percent)
