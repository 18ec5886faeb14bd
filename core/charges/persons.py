"""How many persons are charged for: person-days of a month (пп. 56, 56(2), 57)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core.charges.findings import Held
from core.charges.rules import Rules
from core.exact import whole
from core.ids import RecordId
from core.model.facts import AccountFacts, ResidenceFacts
from core.period import Month

__all__ = ["Days", "Persons", "days_between", "person_days", "persons"]


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class Persons:
    """A number of persons averaged over the days of the month, and the records it comes from."""

    count: Fraction
    records: tuple[RecordId, ...]
    law: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """An interval of residence; both ends count, an open end is None."""

    first: date
    last: date | None

    @classmethod
    def parse(cls, first: str | None, last: str | None) -> Days:
        """From ISO dates; an open beginning is the beginning of time."""
        return cls(date.fromisoformat(first) if first else date.min, date.fromisoformat(last) if last else None)


def person_days(lived: Days, first: date, last: date, *, inclusive: bool) -> int:
    """Days of the interval from first to last; ``inclusive``: its last day counts (setting ``residence_end``)."""
    end = lived.last
    if end is not None and not inclusive:
        end -= timedelta(days=1)
    return days_between(max(lived.first, first), last if end is None else min(end, last))


def days_between(first: date, last: date) -> int:
    """Days from first to last, both counting; never below zero."""
    return max((last - first).days + 1, 0)


def persons(account: AccountFacts, month: Month, rules: Rules, *, first: date, last: date) -> Persons:
    """Persons of the account on the days of the month from first to last, divided by the days of the month (п. 57).

    Where nobody lived on any day of the month the owners count (п. 56(2)); when their number is not known, the setting decides.
    Premises that are not for living have no norm for persons (п. 43): the line is held.
    """
    if not account.residential:
        raise Held(
            "CH-007",
            "нежилое помещение без прибора: нормы на человека нет, объём определяет договор",
            hint="Пришлите показания прибора или договорный объём (УК, РСО).",
            clause="п. 43",
        )
    start = month.first
    if account.residences and all(item.last is None and item.first <= start for item in account.residences):  # as most households do
        return _averaged(len(account.residences) * days_between(first, last), month, account.residences)
    inclusive = rules.choice("residence_end", month.last) == "inclusive"
    lived = [item for item in account.residences if _days(item, month.first, month.last, inclusive=inclusive)]
    if not lived:
        if account.owners is not None:
            return Persons(Fraction(account.owners * days_between(first, last), month.days), (account.owners_source or account.source,))
        if rules.facts.settings.get("owners_when_unknown") == "hold":
            raise Held(
                "CH-027",
                "никто не проживает, а число собственников не известно",
                hint="Пришлите доли собственников (УК).",
                clause="п. 56(2)",
            )
        owners = rules.number("setting.owners_when_unknown", month.last)
        count = owners.value * days_between(first, last) / month.days
        return Persons(count, (account.source, *owners.records), owners.law)
    return _averaged(sum(_days(item, first, last, inclusive=inclusive) for item in lived), month, lived)


def _averaged(person_days: int, month: Month, lived: Sequence[ResidenceFacts]) -> Persons:
    number, rest = divmod(person_days, month.days)
    count = Fraction(person_days, month.days) if rest else whole(number)
    return Persons(count, tuple(item.source for item in lived))


def _days(residence: ResidenceFacts, first: date, last: date, *, inclusive: bool) -> int:
    if residence.first <= first and residence.last is None:
        return days_between(first, last)
    return person_days(Days(residence.first, residence.last), first, last, inclusive=inclusive)
