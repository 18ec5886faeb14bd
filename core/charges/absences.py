"""Recalculation for temporary absence (раздел VIII, пп. 86–97): which days of which persons lower the charge by the norm.

Only a run of more than five full days counts; the days of leaving and of return are not full. Where a meter is installed, or could be, the
consumer has a better way to prove what was not consumed, and the recalculation is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.charges.persons import days_between
from core.charges.rules import Resource, Rules
from core.ids import RecordId
from core.model.facts import AccountFacts, MeterFacts, ServiceFacts

__all__ = ["AbsentDays", "FullDays", "absent_days", "full_days"]

_IMPOSSIBLE = 1
"""Reason of a missing meter: an act of technical impossibility."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FullDays:
    """Full days of one run of absence, both ends counting."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """Days of the whole run, over the months it touches."""
        return days_between(self.first, self.last)

    def within(self, first: date, last: date) -> int:
        """Days of it from first to last."""
        return days_between(max(self.first, first), min(self.last, last))


def full_days(left_on: date, back_on: date) -> FullDays:
    """The days between leaving and return; neither of the two is a full day."""
    return FullDays(left_on + _DAY, back_on - _DAY)


@dataclass(frozen=True, slots=True)
class AbsentDays:
    """Full days of absence of one person inside the month, both ends counting."""

    first: date
    last: date
    record: RecordId

    def within(self, first: date, last: date) -> int:
        """Days of it from first to last."""
        return days_between(max(self.first, first), min(self.last, last))


def absent_days(
    account: AccountFacts, resource: Resource, *, meters: Sequence[MeterFacts], services: Sequence[ServiceFacts], rules: Rules
) -> list[AbsentDays]:
    """The absences of the month that lower the resource's charge of the account; ``meters``: those of all accounts of the payer."""
    if resource == "heating" or not account.absences:
        return []
    refuses = resource != "waste" and rules.choice("metered_absence", rules.month.last) == "refuse"
    if refuses and _refused(account, resource, meters, services):
        return []
    longer_than = int(rules.number("absence.longer_than_days", rules.month.last).value)
    found = []
    for absence in account.absences:
        run = full_days(absence.left_on, absence.back_on)
        inside = AbsentDays(max(run.first, rules.month.first), min(run.last, rules.month.last), absence.source)
        if run.length > longer_than and inside.first <= inside.last:
            found.append(inside)
    return found


def _refused(account: AccountFacts, resource: Resource, meters: Sequence[MeterFacts], services: Sequence[ServiceFacts]) -> bool:
    """Whether a meter of water (or of the resource itself) stands, or nothing proves that none can."""
    utilities = {"electricity": (1, 2, 4), "gas": (1, 2, 5)}.get(resource, (1, 2))
    keys = {service.key for service in services if service.provision == 1 and service.utility_kind in utilities}
    return account.no_meter_reason != _IMPOSSIBLE or any(meter.is_open and meter.service in keys for meter in meters)
