"""Which houses of a sender the centre charges: each from the day that a person has named (``erkc onboard live``), before it the charges
of the sender are accepted.

A sender none of whose houses has a day is not being brought in step by step: the centre charges it whole. What was decided is read as known
up to a record, so a calculation made then says later as well which of its lines are whose.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId, RecordId
from core.ledger.calculations import Calculation
from core.model.finding import Finding
from core.period import Month
from core.records.entities import entity_ids
from core.records.facts import house_ids
from core.records.providers import Provider, provider
from core.records.resolutions import read_resolutions

__all__ = ["LIVE_MATTER", "charged_houses", "house_mode", "house_subject", "is_decided_anew", "live_days", "month_mode", "stops_house"]

LIVE_MATTER = "onboarding"


def house_subject(sender: Provider, key: str) -> str:
    """What a decision on a house is about."""
    return f"{sender.inn}/{sender.kpp}/house/{key}"


def live_days(connection: Connection, *, provider_id: ProviderId, known_until: RecordId | None = None) -> dict[EntityId, date]:
    """Houses of a sender with the first day on which the centre charges them."""
    begin = house_subject(provider(connection, provider_id), "")
    decided = read_resolutions(connection, LIVE_MATTER, known_until=known_until)
    days = {subject.removeprefix(begin): one.body.value for subject, one in decided.items() if subject.startswith(begin)}
    if not days:
        return {}
    numbers = entity_ids(connection, provider_id, "house")
    return {numbers[key]: date.fromisoformat(day) for key, day in days.items() if key in numbers}


def month_mode(connection: Connection, *, provider_id: ProviderId, month: Month, known_until: RecordId | None = None) -> str:
    """How a month is charged: ``charge`` where every house is the centre's, ``accept`` where none is, else ``mixed``."""
    days = live_days(connection, provider_id=provider_id, known_until=known_until)
    if not days:
        return "charge"
    live = [house in days and days[house] <= month.first for house in house_ids(connection, provider_id, month, known_until)]
    return "accept" if not any(live) else "charge" if all(live) else "mixed"


def charged_houses(connection: Connection, calculation: Calculation) -> frozenset[EntityId]:
    """Houses whose lines in a mixed calculation are ours; empty for any other, whose mode says it for all houses."""
    if calculation.mode != "mixed":
        return frozenset()
    days = live_days(connection, provider_id=calculation.provider_id, known_until=calculation.known_until)
    return frozenset(house for house, day in days.items() if day <= calculation.month.first)


def house_mode(connection: Connection, calculation: Calculation, house: EntityId | None) -> str:
    """``charge`` or ``accept``: whose lines a calculation has of a house."""
    if calculation.mode != "mixed":
        return calculation.mode
    return "charge" if house in charged_houses(connection, calculation) else "accept"


def is_decided_anew(connection: Connection, calculation: Calculation) -> bool:
    """Whether a decision made since the calculation changes which houses of its month the centre charges."""
    month = calculation.month

    def live(known_until: RecordId | None) -> tuple[bool, frozenset[EntityId]]:
        days = live_days(connection, provider_id=calculation.provider_id, known_until=known_until)
        return bool(days), frozenset(house for house, day in days.items() if day <= month.first)

    return live(None) != live(calculation.known_until)


def stops_house(mode: str, finding: Finding, charged: Collection[EntityId] = ()) -> bool:
    """Whether an error of a calculation is about lines that are ours; ``charged``: such houses of a mixed calculation."""
    return mode == "charge" or (mode == "mixed" and (finding.house_id is None or finding.house_id in charged))
