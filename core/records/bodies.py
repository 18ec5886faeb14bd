"""Records as they were stored: by number, for whoever traces an amount to its sources; by kind, for whoever needs them whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId, RecordId
from core.model.finding import Position
from core.model.records import BODIES, Body, State
from core.records.tables import table_columns, table_name
from core.records.versions import in_force, scope

__all__ = ["StoredRecord", "find_records", "read_bodies", "read_records"]

_BodyType = TypeVar("_BodyType", bound=Body)

_ENVELOPE = "record_id, provider_id, message_id, file, file_row, record_key, valid_from, valid_to, recorded_at, state"
_ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class StoredRecord(Generic[_BodyType]):
    """A record with what the store added: its number, whose it is, which message brought it, and when we learned it."""

    record_id: RecordId
    provider_id: ProviderId
    message_id: MessageId
    position: Position
    key: str
    valid_from: date | None
    valid_to: date | None
    recorded_at: datetime
    state: State
    body: _BodyType


def find_records(connection: Connection, ids: Iterable[RecordId]) -> list[StoredRecord[Body]]:
    """Records by their numbers, of whatever kind, in the order of the numbers; unknown ones are left out."""
    wanted = {"ids": sorted(set(ids))}
    found: list[StoredRecord[Body]] = []
    for body in BODIES:
        statement = text(f"SELECT {_columns(body)} FROM {table_name(body)} WHERE record_id = ANY(:ids)")
        found.extend(_stored(body, row) for row in connection.execute(statement, wanted))
    return sorted(found, key=lambda record: record.record_id)


def read_records(
    connection: Connection,
    body: type[_BodyType],
    *,
    provider_id: ProviderId,
    message_id: MessageId | None = None,
    known_until: RecordId | None = None,
) -> Iterator[StoredRecord[_BodyType]]:
    """Records of a kind in the order they were learned: what one message brought, in every state; without a message, those in force now,
    or as known up to a record."""
    kind: Any = body  # a type variable's class is no member of the union for the checker, though its bound is that union
    if message_id is None:
        rows = in_force(kind)
        parameters = scope(provider_id, until=date.max, known_until=known_until)
    else:
        rows = f"SELECT * FROM {table_name(kind)} WHERE provider_id = :provider AND message_id = :message AND released_by IS NULL"
        parameters = {"provider": provider_id, "message": message_id}
    statement = text(f"SELECT {_columns(kind)} FROM ({rows}) found ORDER BY record_id")
    for row in connection.execute(statement, parameters, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield _stored(body, row)


def read_bodies(connection: Connection, body: type[_BodyType], *, provider_id: ProviderId) -> Iterator[_BodyType]:
    """All bodies of a kind in force for a provider, in the order they were learned: the very values that an adapter gave."""
    for record in read_records(connection, body, provider_id=provider_id):
        yield record.body


def _columns(body: type[Body]) -> str:
    return ", ".join([_ENVELOPE, *(name for name, _, _ in table_columns(body))])


def _stored(body: type[_BodyType], row: Sequence[Any]) -> StoredRecord[_BodyType]:
    # A row is as the table is, and the table as the body's class: the types follow from core.records.tables.
    record_id, provider_id, message_id, file, file_row, key, valid_from, valid_to, recorded_at, state, *values = row
    build: Any = body
    content = build(*[tuple(value) if isinstance(value, list) else value for value in values])
    position = Position(file, file_row)
    return StoredRecord(record_id, provider_id, message_id, position, key, valid_from, valid_to, recorded_at, state, content)
