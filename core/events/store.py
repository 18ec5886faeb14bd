"""Recording and reading events. The kinds are a closed set: a new kind is a new thing that people can be told of."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from core.ids import ProviderId
from core.model.checked import frozen_when_checked
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["Event", "EventKind", "NewEvent", "read", "record", "record_many"]

_SQL = queries("core.events")
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_COLUMNS = (
    ("n", "bigint"),
    ("kind", "text"),
    ("provider_id", "integer"),
    ("subject_kind", "text"),
    ("subject_id", "bigint"),
    ("data", "jsonb"),
)


class EventKind(StrEnum):
    """What can have happened."""

    ARCHIVE_TAKEN = "archive_taken"
    ARCHIVE_REFUSED = "archive_refused"
    FINDING_OPENED = "finding_opened"
    FINDING_DECIDED = "finding_decided"
    READING_HELD = "reading_held"
    QUARANTINE_RELEASED = "quarantine_released"
    MONTH_DRAFTED = "month_drafted"
    MONTH_APPROVED = "month_approved"
    MONTH_POSTED = "month_posted"
    MONTH_CLOSED = "month_closed"
    BILL_ISSUED = "bill_issued"
    BILL_PLACED = "bill_placed"
    BILL_REFUSED = "bill_refused"
    BILL_WITHDRAWN = "bill_withdrawn"
    PAYMENT_POSTED = "payment_posted"
    PAYMENT_SUSPENDED = "payment_suspended"
    PAYMENT_RELEASED = "payment_released"
    PAYMENT_ACKNOWLEDGED = "payment_acknowledged"
    STATEMENT_RECONCILED = "statement_reconciled"
    STATEMENT_DIFFERS = "statement_differs"
    EXCHANGE_FAILED = "exchange_failed"
    ARCHIVE_SEALED = "archive_sealed"


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be recorded. ``data`` holds identifiers and numbers for machines; no names, addresses or document texts."""

    kind: EventKind
    provider_id: ProviderId
    subject_kind: str
    subject_id: int | None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded event; numbers grow in the order of recording."""

    event_id: int
    kind: EventKind
    provider_id: ProviderId
    subject_kind: str
    subject_id: int | None
    data: Mapping[str, Any]  # Any: whatever JSON the recorder gave
    at: datetime


def record(
    connection: Connection, *, kind: EventKind, provider_id: ProviderId, subject_kind: str, subject_id: int | None,
    data: Mapping[str, object], at: datetime,
) -> int:  # fmt: skip
    """Record one event and return its number."""
    values = {
        "kind": kind.value,
        "provider_id": provider_id,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "data": _json(data),
        "at": at,
    }
    return int(connection.execute(_SQL.insert_event, values).scalar_one())


def record_many(connection: Connection, events: Iterable[NewEvent], *, at: datetime) -> int:
    """Record events as a set, in the order given; how many there were."""
    rows = ((n, e.kind.value, e.provider_id, e.subject_kind, e.subject_id, _json(e.data)) for n, e in enumerate(events))
    count = stage(connection, "staged_event", _COLUMNS, rows, joined_by=())
    if count:
        connection.execute(_SQL.insert_staged_events, {"at": at})
    return count


def read(connection: Connection, *, after: int = 0, kinds: Collection[EventKind] | None = None, most: int = 1000) -> list[Event]:
    """Events with greater numbers than ``after``, in order, of some kinds or of all.

    A transaction still open may hold a smaller number than one already read. Whoever must miss nothing marks what it has told in a table of
    its own instead of keeping only the last number.
    """
    wanted = None if kinds is None else [kind.value for kind in kinds]
    rows = connection.execute(_SQL.read_events, {"after": after, "kinds": wanted, "most": most})
    return [Event(r.event_id, EventKind(r.kind), ProviderId(r.provider_id), r.subject_kind, r.subject_id, r.data, r.at) for r in rows]


def _json(data: Mapping[str, object]) -> str:
    return _ENCODER.encode(dict(data))
