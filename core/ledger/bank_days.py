"""Operational days of the centre: closing a day closes all before it, and nothing is posted into a closed day, by the database too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from core.ids import MessageId
from core.storage.sql import queries

__all__ = [
    "BankDay",
    "TransitItem",
    "accounted_by_kind",
    "close_day",
    "closed_days",
    "closed_through",
    "first_accounted",
    "lock_days",
    "transit_items",
]


@dataclass(frozen=True, slots=True)
class BankDay:
    """A closed day, who closed it and why, and how it stood then."""

    day: date
    actor: str
    reason: str
    content: Mapping[str, object]
    message_id: MessageId
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class TransitItem:
    """What a message or, of a decision and of a statement line, an entry left in transit, kopecks: awaited is positive."""

    message_id: MessageId | None
    entry_key: str
    amount: int


def closed_through(connection: Connection) -> date | None:
    """The last closed day; nobody closes another one until the transaction ends."""
    day: date | None = connection.execute(queries("core.ledger").closed_through).scalar_one()
    return day


def first_accounted(connection: Connection) -> date | None:
    """The first operational day that has money of banks."""
    day: date | None = connection.execute(queries("core.ledger").first_accounted).scalar_one()
    return day


def lock_days(connection: Connection) -> None:
    """Wait until nobody posts money of banks, and let nobody begin; held to the end of the transaction."""
    connection.execute(queries("core.ledger").lock_bank_days)


def close_day(
    connection: Connection, day: date, *, actor: str, reason: str, content: Mapping[str, object], message_id: MessageId, at: datetime
) -> None:
    """Store the closing of a day."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    names = {"day": day, "actor": actor, "reason": reason, "content": text, "message_id": message_id, "at": at}
    connection.execute(queries("core.ledger").insert_bank_day, names)


def closed_days(connection: Connection) -> list[BankDay]:
    """All closings, in the order of days."""
    rows = connection.execute(queries("core.ledger").bank_days)
    return [BankDay(row.day, row.actor, row.reason, row.content, MessageId(row.message_id), row.closed_at) for row in rows]


def transit_items(connection: Connection, day: date) -> list[TransitItem]:
    """What stands in transit at the end of an operational day."""
    rows = connection.execute(queries("core.ledger").transit_items, {"day": day})
    return [TransitItem(None if row.message_id is None else MessageId(row.message_id), row.entry_key, row.amount) for row in rows]


def accounted_by_kind(connection: Connection, day: date) -> dict[str, tuple[int, int]]:
    """By kind of entry how many an operational day has, and their kopecks."""
    return {row.kind: (row.entries, row.amount) for row in connection.execute(queries("core.ledger").accounted_by_kind, {"day": day})}
