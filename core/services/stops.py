"""What stands between a computed house and the ledger: the errors of its calculation that nobody has accepted.

A finding stops its own house, and one that is about no house the whole month, until an operator accepts it with a reason; the other houses
go on. A house is stopped as long as one of its findings is open: nothing else says so, and no state of it is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import CalculationId, EntityId
from core.ledger.calculations import Calculation, read_calculation
from core.ledger.months import months_posted
from core.model.finding import Finding
from core.records.facts import accounts_of_houses
from core.records.findings import StoredFinding, read_findings
from core.services.going_live import charged_houses, stops_house

__all__ = ["Stops", "read_stops", "stopped_accounts", "stopped_lines", "stops"]


@dataclass(frozen=True, slots=True)
class Stops:
    """Open findings of a calculation, by what they stop."""

    month: tuple[StoredFinding, ...]
    """About no house: nothing of the month goes on."""
    houses: dict[EntityId, list[StoredFinding]]

    @property
    def count(self) -> int:
        """Findings that wait for a decision."""
        return len(self.month) + sum(len(those) for those in self.houses.values())


def stops(mode: str, finding: Finding, charged: Collection[EntityId] = ()) -> bool:
    """Whether a finding of a calculation stops anything: an error. The sender's own lines need none of ours beside them.

    ``charged``: of a mixed calculation the houses whose lines are ours.
    """
    return finding.severity == "error" and (finding.effect == "hold_month" or stops_house(mode, finding, charged))


def read_stops(connection: Connection, calculation: Calculation) -> Stops:
    """What of a calculation waits for a person."""
    found = read_findings(connection, calculation_id=calculation.calculation_id)
    return _sorted(calculation, found, charged_houses(connection, calculation))


def _sorted(calculation: Calculation, findings: Iterable[StoredFinding], charged: Collection[EntityId]) -> Stops:
    houses: dict[EntityId, list[StoredFinding]] = defaultdict(list)
    month: list[StoredFinding] = []
    for stored in findings:
        if stops(calculation.mode, stored.finding, charged) and not stored.is_accepted:
            if stored.finding.house_id is None:
                month.append(stored)
            else:
                houses[stored.finding.house_id].append(stored)
    return Stops(tuple(month), dict(houses))


def stopped_accounts(connection: Connection, calculation: Calculation, houses: Iterable[EntityId] | None = None) -> list[EntityId]:
    """Accounts of stopped houses (or of those named): their lines of the calculation are not in the ledger."""
    chosen = sorted(read_stops(connection, calculation).houses if houses is None else houses)
    if not chosen:
        return []
    found = accounts_of_houses(
        connection,
        provider_id=calculation.provider_id,
        month=calculation.month,
        houses=chosen,
        known_until=calculation.known_until,
    )
    return [account for house in chosen for account in found[house]]


def stopped_lines(connection: Connection) -> list[tuple[CalculationId, EntityId]]:
    """Accounts of stopped houses of all posted months."""
    return [
        (number, account)
        for number in months_posted(connection)
        for account in stopped_accounts(connection, read_calculation(connection, number))
    ]
