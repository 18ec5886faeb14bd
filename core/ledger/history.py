"""The ledger read back: entries of an account, entries by a part of their key, what stands in suspense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.period import Month
from core.storage.sql import queries

__all__ = ["EntrySummary", "entries_ending_with", "entries_of_account", "suspended"]


@dataclass(frozen=True, slots=True)
class EntrySummary:
    """An entry without its postings; ``amount`` is their sum, kopecks."""

    key: str
    kind: str
    month: Month
    occurred_on: date
    reason: str
    message_id: MessageId | None
    amount: int


def entries_of_account(connection: Connection, account_id: EntityId) -> Iterator[EntrySummary]:
    """Every entry that touched an account, in the order of posting."""
    yield from _summaries(connection, "entries_of_account", {"account_id": account_id})


def entries_ending_with(connection: Connection, identifier: str) -> Iterator[EntrySummary]:
    """Entries whose key ends with an identifier of the source (a УИП, an operation id), or is what is given."""
    yield from _summaries(connection, "entries_ending_with", {"suffix": f"/{identifier}"})


def suspended(connection: Connection) -> Iterator[EntrySummary]:
    """What was put into suspense and taken out of it, entry by entry; the sum of amounts is what stands there."""
    yield from _summaries(connection, "suspense_items", {})


def _summaries(connection: Connection, name: str, names: dict[str, object]) -> Iterator[EntrySummary]:
    for r in connection.execute(getattr(queries("core.ledger"), name), names):
        yield EntrySummary(r.entry_key, r.kind, Month.of(r.month), r.occurred_on, r.reason, r.message_id, r.amount)
