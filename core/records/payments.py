"""What a sender said of its payments, version by version: which message named which УИП and which pack for a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import MessageId, ProviderId, RecordId
from core.storage.sql import queries

__all__ = ["PaymentVersion", "accounted_days", "payment_versions"]


@dataclass(frozen=True, slots=True)
class PaymentVersion:
    """One version of a payment's row."""

    record_id: RecordId
    message_id: MessageId
    key: str
    uip: str
    pack: str | None
    paid_on: date | None


def payment_versions(connection: Connection, *, provider_id: ProviderId, keys: Sequence[str]) -> list[PaymentVersion]:
    """All versions of the rows with these keys, in whatever state, in the order in which we learned them."""
    rows = connection.execute(queries("core.records").payment_versions, {"provider": provider_id, "keys": list(keys)})
    return [PaymentVersion(*row) for row in rows]


def accounted_days(connection: Connection, *, provider_id: ProviderId) -> dict[str, date]:
    """The operational days that a sender gives for its payments, by УИП."""
    rows = connection.execute(queries("core.records").accounted_days, {"provider": provider_id})
    return {row.uip: row.accounted_on for row in rows}
