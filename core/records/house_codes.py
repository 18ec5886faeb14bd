"""Which house of ГАР a sender's house is by a person's decision (``erkc region match``), as it was known up to a record.

A decision is about the address that the house had then: once the sender names another address, nothing is decided of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import CENTRE, EntityId, ProviderId, RecordId
from core.model.records import Resolution
from core.records.entities import entity_ids
from core.records.providers import providers
from core.records.versions import in_force, scope

__all__ = ["MATCH_MATTER", "DecidedCode", "decided_codes"]

MATCH_MATTER = "house_match"


@dataclass(frozen=True, slots=True)
class DecidedCode:
    """The GUID that a person has named for a house at an address."""

    provider_id: ProviderId
    fias: str
    address: str


def decided_codes(connection: Connection, *, known_until: RecordId | None = None) -> dict[EntityId, DecidedCode]:
    """Decisions by house."""
    rows = in_force(Resolution, "r.matter = :matter")
    parameters = scope(CENTRE, until=date.max, known_until=known_until) | {"matter": MATCH_MATTER}
    decided = connection.execute(text(f"SELECT subject, value, about FROM ({rows}) found ORDER BY subject"), parameters).all()
    if not decided:
        return {}
    found: dict[EntityId, DecidedCode] = {}
    for sender in providers(connection):
        begin = f"{sender.inn}/{sender.kpp}/"
        mine = {row.subject.removeprefix(begin): row for row in decided if row.subject.startswith(begin)}
        numbers = entity_ids(connection, sender.provider_id, "house") if mine and sender.provider_id != CENTRE else {}
        for key, row in mine.items():
            if key in numbers:
                found[numbers[key]] = DecidedCode(sender.provider_id, row.value, row.about)
    return found
