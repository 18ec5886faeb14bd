"""Payment orders of the settlement: numbered by paying account and year, proposed by one person and approved by another, never changed.

An order's life is a list of steps: proposed → approved → exported → executed (the statement line that shows it) → returned; or rejected.
That the approver is another person is held by the database too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.storage.sql import queries

__all__ = ["LIVE", "OrderState", "StoredOrder", "add_order", "add_step", "lock_orders", "next_order_number", "read_orders"]

OrderState = Literal["proposed", "approved", "rejected", "exported", "executed", "returned"]
LIVE: tuple[OrderState, ...] = ("proposed", "approved", "exported")
"""Orders whose money has neither left nor been given up."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order with its last step; ``amount`` in kopecks, ``content`` as it was proposed (payer, payee, purpose, what it is made of)."""

    order_id: int
    payer_account: str
    number: int
    drawn_on: date
    organisation_id: EntityId
    account: str
    bik: str
    amount: int
    content: Mapping[str, object]
    proposed_by: str
    state: OrderState
    actor: str
    reason: str
    approved_by: str | None
    lines: tuple[str, ...]
    """Statement lines that show it: where it left, where it came back."""
    message_id: MessageId | None
    """The archived file that gave it to the bank."""


def lock_orders(connection: Connection) -> None:
    """Wait until nobody else proposes, approves or exports; held to the end of the transaction."""
    connection.execute(queries("core.issued").lock_payment_orders)


def next_order_number(connection: Connection, payer_account: str, year: int) -> int:
    """The first free number of an account in a year."""
    names = {"payer_account": payer_account, "year": year}
    return int(connection.execute(queries("core.issued").last_order_number, names).scalar_one()) + 1


def add_order(
    connection: Connection,
    *,
    payer_account: str,
    number: int,
    drawn_on: date,
    organisation_id: EntityId,
    account: str,
    bik: str,
    amount: int,
    content: Mapping[str, object],
    proposed_by: str,
    at: datetime,
) -> int:
    """Store a proposed order; its number in the table."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    names = {
        "payer_account": payer_account,
        "year": drawn_on.year,
        "number": number,
        "drawn_on": drawn_on,
        "organisation_id": organisation_id,
        "account": account,
        "bik": bik,
        "amount": amount,
        "content": text,
        "content_sha256": sha256(text.encode()).digest(),
        "proposed_by": proposed_by,
        "at": at,
    }
    return int(connection.execute(queries("core.issued").insert_payment_order, names).scalar_one())


def add_step(
    connection: Connection,
    order_id: int,
    state: OrderState,
    *,
    actor: str,
    reason: str,
    at: datetime,
    message_id: MessageId | None = None,
    statement_line: str | None = None,
) -> None:
    """Add a step to an order's life; the database refuses an approval by the proposer."""
    names = {
        "order_id": order_id,
        "state": state,
        "actor": actor,
        "reason": reason,
        "message_id": message_id,
        "statement_line": statement_line,
        "at": at,
    }
    connection.execute(queries("core.issued").insert_order_step, names)


def read_orders(connection: Connection) -> list[StoredOrder]:
    """All orders, in the order of days and numbers."""
    return [
        StoredOrder(
            row.order_id,
            row.payer_account,
            row.number,
            row.drawn_on,
            EntityId(row.organisation_id),
            row.account,
            row.bik,
            row.amount,
            row.content,
            row.proposed_by,
            row.state,
            row.actor,
            row.reason,
            row.approved_by,
            tuple(row.lines),
            None if row.export_message is None else MessageId(row.export_message),
        )
        for row in connection.execute(queries("core.issued").payment_orders)
    ]
