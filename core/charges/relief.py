"""Reliefs of citizens: subsidy (ЖК ст. 159, ПП № 761), monthly compensation ЕДК, and a relief that stands on the bill.

All are pure: what they need is given, who is entitled and by which share is data of the region. None touches the surcharge by the raising
coefficient, penalties or debts. Amounts come out in kopecks, rounded once each; a relief is negative, a subsidy is a payment, never a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from core.charges import clauses
from core.money import Kopecks, kopecks

__all__ = ["Compensated", "EdkCap", "Subsidy", "SubsidyCase", "compensation", "relief_on_line", "subsidy"]

EdkCap = Literal["household", "entitled"]


@dataclass(frozen=True, slots=True)
class SubsidyCase:
    """A family's month; money in roubles."""

    standard: Fraction
    """Regional standard of the cost of housing and utilities for one person of a family of this size."""
    persons: int
    income: Fraction
    """Of the whole family in a month."""
    subsistence: Fraction
    """Subsistence minimum of the family for one person."""
    share: Fraction
    """Greatest share of the income that the family pays by itself: 22 % by federal law, a region may set less."""
    actual: Fraction
    """What the month really cost, without the surcharge, penalties and debts."""


@dataclass(frozen=True, slots=True)
class Subsidy:
    """Subsidy of a month, kopecks."""

    calculated: Kopecks
    paid: Kopecks
    """Never more than the month cost."""


@dataclass(frozen=True, slots=True)
class Compensated:
    """A service of a dwelling whose cost is compensated in part."""

    volume: Fraction
    norm: Fraction | None
    """For one person: the norm of consumption, or the social area of maintenance; None: no norm, the whole volume counts."""
    tariff: Fraction


def subsidy(case: SubsidyCase) -> Subsidy:
    """ПП № 761 п. 23: the standard less the family's own share, which a family below the subsistence minimum pays in proportion to it.

    Not below zero and not above the actual cost of the month.
    """
    if case.persons <= 0 or case.subsistence <= 0:
        raise ValueError("a family has persons, and the subsistence minimum is positive")
    factor = min(Fraction(1), case.income / case.persons / case.subsistence)
    calculated = clauses.positive_part(case.standard * case.persons - case.share * factor * case.income)
    return Subsidy(kopecks(calculated), kopecks(min(calculated, case.actual)))


def compensation(service: Compensated, *, persons: int, entitled: int, share: Fraction, cap: EdkCap = "household") -> Kopecks:
    """ЕДК of one service, negative: the share of the cost of what the entitled persons use within the norm.

    ``household`` caps the dwelling's volume by the norm of all who live there and takes the entitled persons' part of it; ``entitled`` caps
    the whole volume by the norm of the entitled persons.
    """
    if not 0 <= entitled <= persons or persons <= 0:
        raise ValueError(f"{entitled} of {persons} persons cannot be entitled")
    one, everybody = Fraction(1), Fraction(persons)
    if cap == "entitled":
        norm = service.volume if service.norm is None else service.norm * entitled
        return kopecks(-clauses.relief(share, service.volume, one, norm, one, service.tariff, one, one))
    norm = service.volume / persons if service.norm is None else service.norm
    return kopecks(-clauses.relief(share, service.volume, everybody, norm, Fraction(entitled), service.tariff, one, one))


def relief_on_line(*, base: int, recalculation: int, underdelivery: int, share: Fraction) -> Kopecks:
    """A relief on the bill, negative: a share of the month's base as corrected by its own recalculations; the surcharge stays whole.

    Order of lines, 354 section 17.2: amounts are the rounded kopecks of the lines before it, ``underdelivery`` not negative.
    """
    return kopecks(-share * Fraction(base + recalculation - underdelivery, 100))
