"""Recalculation for temporary absence (раздел VIII, пп. 86–97): which days of which persons lower the charge by the norm.

Only a run of more than five full days counts; the days of leaving and of return are not full. Where a meter is installed, or could be, the
consumer has a better way to prove what was not consumed, and the recalculation is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from core.charges.persons import days_between
from core.charges.rules import Resource, Rules
from core.ids import RecordId
from core.model.facts import AccountFacts, ServiceFacts

__all__ = ["AbsentDays", "absent_days"]

_IMPOSSIBLE = 1
"""Reason of a missing meter: an act of technical impossibility."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AbsentDays:
    """Full days of absence of one person inside the month, both ends counting."""

    first: date
    last: date
    record: RecordId

    def within(self, first: date, last: date) -> int:
        """Days of it from first to last."""
        return days_between(max(self.first, first), min(self.last, last))


def absent_days(account: AccountFacts, resource: Resource, *, services: tuple[ServiceFacts, ...], rules: Rules) -> list[AbsentDays]:
    """The absences of the month that lower the resource's charge of the account."""
    if resource == "heating" or (_refused(account, resource, services) and rules.choice("metered_absence", rules.month.last) == "refuse"):
        return []
    longer_than = int(rules.number("absence.longer_than_days", rules.month.last).value)
    found = []
    for absence in account.absences:
        first, last = absence.left_on + _DAY, absence.back_on - _DAY
        inside = AbsentDays(max(first, rules.month.first), min(last, rules.month.last), absence.source)
        if days_between(first, last) > longer_than and inside.first <= inside.last:
            found.append(inside)
    return found


def _refused(account: AccountFacts, resource: Resource, services: tuple[ServiceFacts, ...]) -> bool:
    """Whether a meter of water (of electricity for electricity) stands, or nothing proves that none can."""
    utilities = (4,) if resource == "electricity" else (1, 2)
    keys = {service.key for service in services if service.provision == 1 and service.utility_kind in utilities}
    water = {service.key for service in services if service.provision == 1 and service.utility_kind in (1, 2)}
    metered = any(meter.is_open and meter.service in keys | water for meter in account.meters)
    return metered or account.no_meter_reason != _IMPOSSIBLE
