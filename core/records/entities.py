"""Identities: our own number of a thing that many records speak of, by whose it is, what it is, and the sender's key of it.

Organisations belong to the centre and go by their ИНН, so that the creditors of two senders are one; one whose ИНН was missing or
unverified when it first came goes by ``<provider>/<sender's key>`` for ever. All else goes by the sender's key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.model.checked import frozen_when_checked
from core.storage.sql import queries

__all__ = [
    "AccountNumber",
    "Entity",
    "accounts_of",
    "describe_entities",
    "ensure_entity",
    "entities_in_order",
    "entity_ids",
    "find_accounts",
    "organisation_ids",
    "organisations_of_inn",
]


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing: its number, whose it is, its kind and key there."""

    entity_id: EntityId
    provider_id: ProviderId
    kind: str
    key: str


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class AccountNumber:
    """An account found by its number, with what tells it from another of the same number."""

    number: str
    account_id: EntityId
    provider_id: ProviderId
    key: str
    kind: int
    opened_on: date
    closed_on: date | None
    payer_name: str
    house_id: EntityId | None = None


def entity_ids(connection: Connection, provider_id: ProviderId, kind: str) -> dict[str, EntityId]:
    """Numbers of all things of a kind by the sender's key. For organisations, which are under ``CENTRE``, see :func:`organisation_ids`."""
    rows = connection.execute(queries("core.records").entity_ids, {"provider": provider_id, "kind": kind})
    return {key: EntityId(entity_id) for key, entity_id in rows}


def entities_in_order(connection: Connection, provider_id: ProviderId, kind: str) -> Iterator[tuple[str, EntityId]]:
    """The same as a stream, in the order of the keys."""
    parameters = {"provider": provider_id, "kind": kind}
    rows = connection.execute(queries("core.records").entities_in_order, parameters, execution_options={"yield_per": 5000})
    for key, entity_id in rows:
        yield key, EntityId(entity_id)


def organisation_ids(connection: Connection) -> dict[str, EntityId]:
    """Organisations by ИНН, whatever the key of their entity; of several of one ИНН the one that is its shared identity and has records."""
    return {inn: ids[0] for inn, ids in organisations_of_inn(connection).items()}


def organisations_of_inn(connection: Connection) -> dict[str, tuple[EntityId, ...]]:
    """All organisations by ИНН, the best first: one that a sender first named with an unverified ИНН stands beside the shared identity."""
    found: dict[str, list[EntityId]] = {}
    for inn, entity_id in connection.execute(queries("core.records").organisation_ids):
        found.setdefault(inn, []).insert(0, EntityId(entity_id))
    return {inn: tuple(ids) for inn, ids in found.items()}


def ensure_entity(connection: Connection, provider_id: ProviderId, kind: str, key: str) -> EntityId:
    """The number of a thing, given now when it has none: for what is known only from another system (a bank of the federal registry)."""
    parameters = {"provider": provider_id, "kind": kind, "key": key}
    connection.execute(queries("core.records").ensure_entity, parameters)
    return EntityId(connection.execute(queries("core.records").entity_by_key, parameters).scalar_one())


def describe_entities(connection: Connection, ids: Iterable[EntityId]) -> dict[EntityId, Entity]:
    """What the numbers stand for; unknown ones are left out."""
    rows = connection.execute(queries("core.records").describe_entities, {"ids": list(ids)})
    return {row[0]: Entity(*row) for row in rows}


def accounts_of(connection: Connection, ids: Iterable[EntityId]) -> dict[EntityId, AccountNumber]:
    """Accounts by our own numbers of them, as they stand now: what people call them. What is no account is left out."""
    rows = connection.execute(queries("core.records").accounts_of_entities, {"ids": list(ids)})
    return {EntityId(row.entity_id): AccountNumber(*row) for row in rows}


def find_accounts(connection: Connection, numbers: Sequence[str]) -> dict[str, list[AccountNumber]]:
    """Accounts by the number that stands on bills, across providers; a number that nobody has is left out."""
    found: dict[str, list[AccountNumber]] = {}
    for row in connection.execute(queries("core.records").find_accounts, {"numbers": list(numbers)}):
        found.setdefault(row.number, []).append(AccountNumber(*row))
    return found
