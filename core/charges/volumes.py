"""Volumes of a service month by month: of an account (meters, average, norm) and of a house (its own meters).

A volume is kept as the clause that gives it with its arguments; the charge of the month calls the same clause with the tariff. Earlier
months are walked for what the charged month depends on: averages, the three-month limit, and the rest of a house meter that is carried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.averages import Averages
from core.charges.findings import Held
from core.charges.metering import Rebuilt, first_volume, metering_points
from core.charges.norms import cell_of
from core.charges.persons import persons
from core.charges.rules import Resource, Rules, Valued
from core.ids import RecordId
from core.model.facts import AccountFacts, MeterFacts, ReadingFacts, ServiceFacts
from core.model.lines import Method
from core.model.readings import in_columns, month_number
from core.period import Month

__all__ = [
    "ONE",
    "MonthVolume",
    "Part",
    "averages_of",
    "first_month",
    "house_volumes",
    "norm_parts",
    "person_norms",
    "service_days",
    "volume_of",
]

_DAY = timedelta(days=1)
_USES = {"per_person_cooking": " на приготовление пищи", "per_person_heater": " на подогрев воды"}


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class Part:
    """Arguments of a clause without tariff and days, with where each came from: records, or a parameter of the law."""

    clause: str
    values: Mapping[str, Fraction]
    records: Mapping[str, tuple[RecordId, ...]]
    law: Mapping[str, str] = dataclasses.field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    """Days the part is about; None: all days of the month that the service was provided to the account on."""
    by_days_of_month: bool = False
    """Charged for the days provided of the days of the month (area), not wholly (volume)."""


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class MonthVolume:
    """A service of an account in a month: how and how much, or why not."""

    month: Month
    method: Method
    parts: tuple[Part, ...]
    volume: Fraction
    raised: bool = False
    """By the norm with the coefficient whatever the reason of the missing meter: an average has run out (п. 60)."""
    refused: tuple[ReadingFacts, ...] = ()
    metered: bool = False
    """A meter of the service is installed."""
    rebuilt: tuple[Rebuilt, ...] = ()
    """Earlier months that a late reading charges anew."""


class _One:
    """The number one, whose products cost nothing: most clauses only multiply by the tariff and the days."""

    def __mul__(self, other: _Number) -> _Number:
        return other

    __rmul__ = __mul__

    def __truediv__(self, other: _Number) -> _Number:
        return self if other is self else Fraction(1) / other

    def __rtruediv__(self, other: _Number) -> _Number:
        return other

    def __add__(self, other: _Number) -> _Number:
        return Fraction(1) + other

    __radd__ = __add__


_Number = Any
"""Fraction or the one above: what a clause may hand it (see ``clauses.Number``)."""

ONE = _One()
"""Price, or share of days, of what is counted by volume alone."""


def volume_of(part: Part) -> Fraction:
    """The volume of a part: its clause at one rouble for a unit, for the whole of its days."""
    if part.clause == "formula_1":
        return part.values["V"]
    return Fraction(getattr(clauses, part.clause)(**part.values, T=ONE, d=ONE, D=ONE))


def service_days(account: AccountFacts, service: ServiceFacts, month: Month) -> tuple[date, date] | None:
    """First and last day of the month on which the account was open and the service provided; None if on no day."""
    first, last = whole = month.bounds
    for start in (account.opened_on, service.starts_on):
        if start is not None and start > first:
            first = start
    for end in (account.closed_on, service.ends_on):
        if end is not None and end < last:
            last = end
    if (first, last) == whole:
        return whole
    return (first, last) if first <= last else None


def first_month(meters: Iterable[MeterFacts], month: Month) -> Month:
    """The month the walk starts with: the first that readings of any of the meters give a volume of, at the latest the charged one."""
    least = month_number(month.first)
    for meter in meters:
        if meter.readings:
            first = in_columns(meter.readings).months[0]
            if first + 1 < least or (first < least and meter.commissioned_on is not None and month_number(meter.commissioned_on) == first):
                start = first_volume(meter)
                assert start is not None
                least = month_number(start.first)
    return Month(least // 12, least % 12 + 1)


def averages_of(rules: Rules, month: Month) -> Averages:
    """The limits of the average in a month."""
    return Averages(
        window=rules.average_window,
        minimum=int(rules.number("average.minimum_months", month.last).value),
        longest=int(rules.number("average.longest_months", month.last).value),
        rollover_factor=rules.number("setting.rollover_factor", month.last).value,
        late_reading=rules.choice("late_reading", month.last),
    )


def norm_parts(
    account: AccountFacts, service: ServiceFacts, month: Month, *, resource: Resource, days: tuple[date, date], rules: Rules
) -> tuple[Part, ...]:
    """Persons × norm, one part for each value of the norm in the month; of gas the norms of what the premises have."""
    if resource == "gas":
        return _gas_parts(account, service, month, days=days, rules=rules)
    parts = []
    for norm in person_norms(account, service, month, days, rules=rules):
        living = persons(account, month, rules, first=norm.first, last=norm.last)
        values = {"n": living.count, "N": norm.value}
        law = {"n": living.law} if living.law else {}
        parts.append(Part("formula_4", values, {"n": living.records, "N": norm.records}, law, norm.first, norm.last))
    return tuple(parts)


def person_norms(
    account: AccountFacts, service: ServiceFacts, month: Month, days: tuple[date, date], *, rules: Rules
) -> tuple[Valued, ...]:
    """Norms for one person on the days; where the region has a matrix (electricity), the cell of the dwelling's rooms and persons."""
    matrices = rules.matrix("per_person", *days, utility=service.utility_kind, resource=service.resource_kind)
    if not matrices:
        return _norms("per_person", service, days, rules)
    if not account.rooms:
        raise Held(
            "CH-045",
            f"норматив зависит от числа комнат, а оно не известно («{service.name}»)",
            hint="Пришлите число комнат помещения (KVAR, поле 15).",
            clause="п. 42, формула 4",
        )
    found: list[Valued] = []
    day = days[0]
    for matrix in matrices:
        if day < matrix.first:
            found += _norms("per_person", service, (day, matrix.first - _DAY), rules)
        living = persons(account, month, rules, first=matrix.first, last=matrix.last)
        together = living.count * month.days / ((matrix.last - matrix.first).days + 1)
        cell = cell_of(matrix.table, rooms=account.rooms, persons=together)
        found += (
            Valued(norm.first, norm.last, norm.value, (*norm.records, account.source))
            for norm in _norms("per_person", service, (matrix.first, matrix.last), rules, cell=(cell.rooms, cell.persons))
        )
        day = matrix.last + _DAY
    if day <= days[1]:
        found += _norms("per_person", service, (day, days[1]), rules)
    return tuple(found)


def _norms(
    basis: str, service: ServiceFacts, days: tuple[date, date], rules: Rules, *, cell: tuple[int, int] | None = None
) -> tuple[Valued, ...]:
    what = f"«{service.name}», на человека{_USES.get(basis, '')}"
    return rules.norms(basis, *days, utility=service.utility_kind, resource=service.resource_kind, what=what, cell=cell)


def _gas_parts(account: AccountFacts, service: ServiceFacts, month: Month, *, days: tuple[date, date], rules: Rules) -> tuple[Part, ...]:
    """Formula 5: cooking where there is a gas stove, the water heater where there is one."""
    if not (account.gas_stove or account.gas_heater):
        return ()
    cook = _norms("per_person_cooking", service, days, rules) if account.gas_stove else ()
    heater = _norms("per_person_heater", service, days, rules) if account.gas_heater else ()
    if max(len(cook), len(heater)) > 1:
        raise Held("CH-012", "норматив газа меняется внутри месяца", hint="Сообщите разработчику.", clause="формула 5")
    living = persons(account, month, rules, first=days[0], last=days[1])
    none = (Fraction(0), (account.source,))
    (norm_cook, cook_source), (norm_heater, heater_source) = (
        (found[0].value, found[0].records) if found else none for found in (cook, heater)
    )
    values = {"n": living.count, "N_cook": norm_cook, "N_heater": norm_heater}
    records = {"n": living.records, "N_cook": cook_source, "N_heater": heater_source}
    return (Part("formula_5", values, records, {"n": living.law} if living.law else {}, *days),)


def house_volumes(
    meters: list[MeterFacts], *, service: str, averages: Mapping[Month, Averages]
) -> dict[Month, tuple[Fraction, tuple[RecordId, ...]]]:
    """What the house meters of the service counted, with the readings; a month without an accepted reading is not there."""
    points = metering_points((meter for meter in meters if meter.service == service), lambda _: Fraction(0))
    for point in points:
        point.begin(min(averages).first)
    found: dict[Month, tuple[Fraction, tuple[RecordId, ...]]] = {}
    for month, limits in averages.items():
        plain = dataclasses.replace(limits, late_reading="difference")
        months = [metered for point in points if (metered := point.month(month, plain)) is not None]
        read = {"formula_1", "formula_1_gap", "formula_1_late", "formula_1_replaced"}
        if months and all(metered.clause in read and metered.outcome != "average" for metered in months):
            parts = [Part(metered.clause, metered.values, metered.records) for metered in months]
            sources = tuple(dict.fromkeys(source for part in parts for ids in part.records.values() for source in ids))
            found[month] = (sum((volume_of(part) for part in parts), Fraction(0)), sources)
    return found
