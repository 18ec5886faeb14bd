"""Payments that agents have reported before their registry: told, not posted. The registry's row of the same operation confirms each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.storage.sql import queries

__all__ = ["OnlinePayment", "add_online", "read_online"]


@dataclass(frozen=True, slots=True)
class OnlinePayment:
    """One report; ``operation`` is ``profile/id`` as the registry's payment will be keyed, ``amount`` in kopecks."""

    operation: str
    account_id: EntityId
    account_text: str
    amount: int
    paid_on: date
    message_id: MessageId
    received_at: datetime
    registry_amount: int | None = None
    registry_account: str | None = None

    @property
    def state(self) -> Literal["unconfirmed", "confirmed", "differs"]:
        """Whether the agent's registry has the operation, and with the same sum."""
        if self.registry_amount is None:
            return "unconfirmed"
        return "confirmed" if self.registry_amount == self.amount else "differs"


def add_online(connection: Connection, payment: OnlinePayment) -> bool:
    """Keep a report; false when the operation was reported before."""
    names = {
        "operation": payment.operation,
        "account_id": payment.account_id,
        "account_text": payment.account_text,
        "amount": payment.amount,
        "paid_on": payment.paid_on,
        "message_id": payment.message_id,
        "at": payment.received_at,
    }
    return connection.execute(queries("core.records.bank").insert_online, names).rowcount == 1


def read_online(connection: Connection, *, operation: str | None = None, account_id: EntityId | None = None) -> list[OnlinePayment]:
    """Reports, all or of one operation or account, in the order in which they came."""
    rows = connection.execute(queries("core.records.bank").online_payments, {"operation": operation, "account_id": account_id})
    return [
        OnlinePayment(
            row.operation,
            EntityId(row.account_id),
            row.account_text,
            row.amount,
            row.paid_on,
            MessageId(row.message_id),
            row.received_at,
            row.registry_amount,
            row.registry_account,
        )
        for row in rows
    ]
