"""Entries by their keys: whether they are posted, and what they moved (a reversal mirrors what was posted, not what would be today)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.model.ledger import Posting
from core.model.lines import Chart, Component
from core.period import Month
from core.storage.sql import queries

__all__ = ["SuspenseMove", "known_keys", "postings_of", "reversal_keys", "suspense_of"]


@dataclass(frozen=True, slots=True)
class SuspenseMove:
    """What an entry did to the suspense account, kopecks: put in (positive), took out (negative), or left alone."""

    amount: int
    message_id: MessageId | None


def known_keys(connection: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Those of the keys that have an entry."""
    return frozenset(connection.execute(queries("core.ledger").known_entry_keys, {"keys": list(keys)}).scalars())


def reversal_keys(connection: Connection) -> list[str]:
    """Keys of all entries that took back a payment, whole or in part, in the order of posting."""
    return list(connection.execute(queries("core.ledger").reversal_keys).scalars())


def suspense_of(connection: Connection, keys: Sequence[str]) -> dict[str, SuspenseMove]:
    """What the entries that are there did to suspense, by key."""
    rows = connection.execute(queries("core.ledger").suspense_of_keys, {"keys": list(keys)})
    return {row.entry_key: SuspenseMove(row.amount, None if row.message_id is None else MessageId(row.message_id)) for row in rows}


def postings_of(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[Posting, ...]]:
    """Postings of the entries that are there, by key."""
    found: dict[str, list[Posting]] = {}
    for row in connection.execute(queries("core.ledger").postings_of_keys, {"keys": list(keys)}):
        posting = Posting(
            Chart(row.debit),
            Chart(row.credit),
            row.amount,
            None if row.account_id is None else EntityId(row.account_id),
            None if row.service_id is None else EntityId(row.service_id),
            None if row.creditor_id is None else EntityId(row.creditor_id),
            None if row.origin_month is None else Month.of(row.origin_month),
            None if row.component is None else Component(row.component),
            None if row.place_id is None else EntityId(row.place_id),
        )
        found.setdefault(row.entry_key, []).append(posting)
    return {key: tuple(postings) for key, postings in found.items()}
