"""Volumes of a service month by month: of an account (meters, average, norm) and of a house (its own meters).

A volume is kept as the clause that gives it with its arguments; the charge of the month calls the same clause with the tariff. Earlier
months are walked for what the charged month depends on: averages, the three-month limit, and the rest of a house meter that is carried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.charges import clauses
from core.charges.findings import Held
from core.charges.metering import Averages, Metered, metering_points
from core.charges.persons import persons
from core.charges.rules import Resource, Rules
from core.ids import RecordId
from core.model.facts import AccountFacts, MeterFacts, ReadingFacts, ServiceFacts
from core.model.lines import Method
from core.period import Month

__all__ = ["MonthVolume", "Part", "averages_of", "first_month", "house_volumes", "service_days", "volume_of", "volumes_of"]

_PRIORITY: tuple[Method, ...] = ("ipu_replaced", "ipu_after_average", "average", "ipu")
"""Which way names the line when an account has several metering points: the least ordinary one."""

_INDIVIDUAL_METER = 3


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


def volume_of(part: Part) -> Fraction:
    """The volume of a part: its clause at one rouble for a unit, for the whole of its days."""
    clause = getattr(clauses, part.clause)
    one = Fraction(1)
    return Fraction(clause(**part.values, T=one, d=one, D=one))


def service_days(account: AccountFacts, service: ServiceFacts, month: Month) -> tuple[date, date] | None:
    """First and last day of the month on which the account was open and the service provided; None if on no day."""
    starts = [day for day in (account.opened_on, service.starts_on) if day is not None]
    ends = [day for day in (account.closed_on, service.ends_on) if day is not None]
    first, last = max([month.first, *starts]), min([month.last, *ends])
    return (first, last) if first <= last else None


def first_month(meters: list[MeterFacts], month: Month) -> Month:
    """The month the walk starts with: the first that readings of any of the meters give a volume of, at the latest the charged one."""
    starts = [point.first_month for point in metering_points(meters, lambda _: Fraction(0))]
    return min([month, *(start for start in starts if start is not None)])


def averages_of(rules: Rules, month: Month) -> Averages:
    """The limits of the average in a month."""
    return Averages(
        window=rules.average_window,
        minimum=int(rules.number("average.minimum_months", month.last).value),
        longest=int(rules.number("average.longest_months", month.last).value),
        rollover_factor=rules.number("setting.rollover_factor", month.last).value,
    )


def volumes_of(
    account: AccountFacts, service: ServiceFacts, *, resource: Resource, averages: Mapping[Month, Averages], rules: Rules
) -> list[MonthVolume | Held]:
    """The service of the account in each month of ``averages``; a month that can not be computed is ``Held``."""

    meters = [meter for meter in account.meters if meter.service == service.key]
    if any(meter.kind != _INDIVIDUAL_METER or any(reading.zone not in (None, 1) for reading in meter.readings) for meter in meters):
        held = Held(
            "CH-020", "прибор на несколько счетов или на несколько тарифных зон не рассчитывается", hint="Сообщите разработчику.",
            clause="формулы 1, 7",
        )  # fmt: skip
        return [held for _ in averages]

    def by_norm(month: Month) -> tuple[Part, ...]:
        days = service_days(account, service, month)
        return () if days is None else _norm_parts(account, service, month, resource=resource, days=days, rules=rules)

    def norm_volume(month: Month) -> Fraction:
        return sum((volume_of(part) for part in by_norm(month)), Fraction(0))

    points = metering_points(meters, norm_volume)
    for point in points:
        point.begin(min(averages))
    found: list[MonthVolume | Held] = []
    for month, limits in averages.items():
        try:
            months = [metered for point in points if (metered := point.month(month, limits)) is not None]
            found.append(_together(month, months, by_norm))
        except Held as held:
            found.append(held)
    return found


def _together(month: Month, points: list[Metered], by_norm: Callable[[Month], tuple[Part, ...]]) -> MonthVolume:
    """All metering points of the service as one volume; where one of them goes by the norm, the whole service does."""
    refused = tuple(reading for point in points for reading in point.refused)
    if not points or any(point.outcome == "norm" for point in points):
        parts = by_norm(month)
        volume = sum((volume_of(part) for part in parts), Fraction(0))
        return MonthVolume(month, "norm", parts, volume, any(point.raised for point in points), refused, bool(points))
    parts = tuple(_point_part(point, month, by_norm) for point in points)
    outcomes = {point.outcome for point in points}
    method = next(method for method in _PRIORITY if method in outcomes)
    return MonthVolume(month, method, parts, sum((volume_of(part) for part in parts), Fraction(0)), False, refused, True)


def _point_part(point: Metered, month: Month, by_norm: Callable[[Month], tuple[Part, ...]]) -> Part:
    """The part of a metering point; days between two meters that go by the norm take it from the account's people."""
    if point.clause != "formula_1_gap_norm":
        return Part(point.clause, point.values, point.records)
    norm = by_norm(month)
    if len(norm) != 1:
        raise Held(
            "CH-012", "норматив меняется в месяце замены прибора", hint="Начислите вручную и сообщите разработчику.", clause="п. 59, 60"
        )
    return Part(point.clause, {**point.values, **norm[0].values}, {**point.records, **norm[0].records}, norm[0].law)


def _norm_parts(
    account: AccountFacts, service: ServiceFacts, month: Month, *, resource: Resource, days: tuple[date, date], rules: Rules
) -> tuple[Part, ...]:
    """Persons × norm, one part for each value of the norm in the month."""
    norms = rules.norms(
        "per_person",
        *days,
        utility=service.utility_kind,
        resource=service.resource_kind,
        what=f"«{service.name}», на человека ({resource})",
    )
    parts = []
    for norm in norms:
        living = persons(account, month, rules, first=norm.first, last=norm.last)
        values = {"n": living.count, "N": norm.value}
        law = {"n": living.law} if living.law else {}
        parts.append(Part("formula_4", values, {"n": living.records, "N": norm.records}, law, norm.first, norm.last))
    return tuple(parts)


def house_volumes(
    meters: list[MeterFacts], *, service: str, averages: Mapping[Month, Averages]
) -> dict[Month, tuple[Fraction, tuple[RecordId, ...]]]:
    """What the house meters of the service counted, with the readings; a month without an accepted reading is not there."""
    points = metering_points((meter for meter in meters if meter.service == service), lambda _: Fraction(0))
    for point in points:
        point.begin(min(averages))
    found: dict[Month, tuple[Fraction, tuple[RecordId, ...]]] = {}
    for month, limits in averages.items():
        months = [metered for point in points if (metered := point.month(month, limits)) is not None]
        read = {"formula_1", "formula_1_gap", "formula_1_late", "formula_1_replaced"}
        if months and all(metered.clause in read and metered.outcome != "average" for metered in months):
            parts = [Part(metered.clause, metered.values, metered.records) for metered in months]
            sources = tuple(dict.fromkeys(source for part in parts for ids in part.records.values() for source in ids))
            found[month] = (sum((volume_of(part) for part in parts), Fraction(0)), sources)
    return found
