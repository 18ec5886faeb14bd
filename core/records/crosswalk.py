"""The crosswalk: identifiers that other systems gave to our things.

They are never invented, only learned from a message; the last one learned holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.ids import EntityId, MessageId, ProviderId
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = [
    "ExternalId",
    "external_history",
    "external_ids",
    "external_ids_of_kinds",
    "find_by_external",
    "find_remembered",
    "link",
    "remembered",
]

_COLUMNS = (
    ("n", "bigint"), ("entity_id", "bigint"), ("provider_id", "integer"), ("system", 'text COLLATE "C"'), ("kind", 'text COLLATE "C"'),
    ("value", 'text COLLATE "C"'),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExternalId:
    """An identifier of a thing in another system: ``gis`` with ``account_guid``, ``els``, ``izku``, ``premises_guid``, ``house_guid`` …"""

    entity_id: EntityId
    provider_id: ProviderId
    system: str
    kind: str
    value: str


def link(connection: Connection, rows: Iterable[ExternalId], *, message_id: MessageId, at: datetime) -> int:
    """Store identifiers as a message told them, and return how many say something new."""
    staged = ((number, row.entity_id, row.provider_id, row.system, row.kind, row.value) for number, row in enumerate(rows))
    stage(connection, "arrived_external_id", _COLUMNS, staged)
    return connection.execute(queries("core.records").link, {"message": message_id, "at": at}).rowcount


def external_ids(
    connection: Connection, *, provider_id: ProviderId, system: str, kind: str, things: Iterable[EntityId] | None = None
) -> dict[EntityId, str]:
    """Identifiers of one kind in force, by thing; of all things, or of these."""
    parameters = {"provider": provider_id, "system": system, "kind": kind}
    if things is None:
        rows = connection.execute(queries("core.records").external_ids, parameters)
    else:
        rows = connection.execute(queries("core.records").external_ids_of, {**parameters, "things": sorted(set(things))})
    return {EntityId(entity_id): value for entity_id, value in rows}


def external_ids_of_kinds(
    connection: Connection, *, provider_id: ProviderId, system: str, kinds: Sequence[str]
) -> dict[str, dict[EntityId, str]]:
    """Identifiers of several kinds in force, by kind and thing."""
    found: dict[str, dict[EntityId, str]] = {kind: {} for kind in kinds}
    parameters = {"provider": provider_id, "system": system, "kinds": list(kinds)}
    for kind, entity_id, value in connection.execute(queries("core.records").external_ids_of_kinds, parameters):
        found[kind][EntityId(entity_id)] = value
    return found


def external_history(connection: Connection, *, provider_id: ProviderId, system: str, kind: str) -> list[tuple[EntityId, str, datetime]]:
    """Identifiers of one kind that were ever in force, by thing, each with the time it came into force; the last one holds."""
    rows = connection.execute(queries("core.records").external_history, {"provider": provider_id, "system": system, "kind": kind})
    return [(EntityId(entity_id), value, seen_at) for entity_id, value, seen_at in rows]


def find_by_external(connection: Connection, *, system: str, kind: str, value: str) -> list[EntityId]:
    """Things that have this identifier now (two senders' accounts may share one)."""
    rows = connection.execute(queries("core.records").find_by_external, {"system": system, "kind": kind, "value": value})
    return [EntityId(entity_id) for entity_id in rows.scalars()]


def remembered(entity_id: EntityId, provider_id: ProviderId, *, agent: str, text: str) -> ExternalId:
    """An agent's own number of an account, or what a person decided about a text of that agent: a row for :func:`link`."""
    return ExternalId(entity_id, provider_id, f"agent/{agent}", "payment_text", text)


def find_remembered(connection: Connection, *, agent: str, texts: Sequence[str]) -> dict[str, list[EntityId]]:
    """Accounts by an agent's texts; a text that was given to two accounts has both, so it is nobody's."""
    found: dict[str, list[EntityId]] = {}
    for row in connection.execute(queries("core.records").find_remembered, {"system": f"agent/{agent}", "values": list(texts)}):
        found.setdefault(row.value, []).append(EntityId(row.entity_id))
    return found
