"""Reading the records of banks, and which of them earlier messages brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from core.ids import MessageId, RecordId
from core.model.checked import frozen_when_checked
from core.model.finding import Position
from core.model.records import PaymentRegistry, RegistryPayment, StatementLine
from core.storage.sql import queries

__all__ = [
    "KnownPayment",
    "PaymentRow",
    "RegistryRow",
    "StatementRow",
    "known_lines",
    "known_payments",
    "known_registry",
    "lines_of",
    "payments_of",
    "read_payments",
    "read_registries",
    "read_statement_lines",
    "stornos_of",
]

_ROWS_AT_ONCE = 5000


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class KnownPayment:
    """What makes two records of one operation id the same payment: not the registry or the file that it stood in."""

    paid_on: date | None
    account_text: str
    amount: int
    fee: int
    els: str
    izku: str
    ipd: str
    reverses: str

    @classmethod
    def of(cls, body: RegistryPayment) -> KnownPayment:
        """The content of a record that has just been read."""
        return cls(body.paid_on, body.account_text, body.amount, body.fee, body.els, body.izku, body.ipd, body.reverses)


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment of a registry, the record it is and where it stood."""

    record_id: RecordId
    key: str
    position: Position
    body: RegistryPayment


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """A registry with what became of its message: header and counts as the intake keeps them."""

    key: str
    message_id: MessageId
    body: PaymentRegistry
    header: Mapping[str, str]
    counts: Mapping[str, int]
    record_id: RecordId


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement line and the record it is."""

    record_id: RecordId
    key: str
    message_id: MessageId
    body: StatementLine


def known_payments(connection: Connection, keys: Sequence[str]) -> dict[str, KnownPayment]:
    """Payments that earlier messages brought, by key."""
    rows = connection.execute(queries("core.records.bank").known_payments, {"keys": list(keys)})
    return {
        row.record_key: KnownPayment(row.paid_on, row.account_text, row.amount, row.fee, row.els, row.izku, row.ipd, row.reverses)
        for row in rows
    }


def known_registry(connection: Connection, key: str) -> PaymentRegistry | None:
    """The registry of this key, if there is one."""
    row = connection.execute(queries("core.records.bank").known_registry, {"key": key}).one_or_none()
    return None if row is None else PaymentRegistry(*row[2:])


def known_lines(connection: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Statement lines that earlier messages brought."""
    return frozenset(connection.execute(queries("core.records.bank").known_lines, {"keys": list(keys)}).scalars())


def read_payments(connection: Connection, message_id: MessageId) -> Iterator[PaymentRow]:
    """Payments of a message in the order of allocation, as a stream."""
    rows = connection.execute(
        queries("core.records.bank").payments_of_message, {"message": message_id}, execution_options={"yield_per": _ROWS_AT_ONCE}
    )
    for row in rows:
        yield _payment(row)


def payments_of(connection: Connection, keys: Sequence[str]) -> list[PaymentRow]:
    """Payments of registries with these keys, in the order of allocation."""
    return [_payment(row) for row in connection.execute(queries("core.records.bank").payments_of_keys, {"keys": list(keys)})]


def stornos_of(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Rows of registries that take back these payments: key of the row → key of the payment, posted or not."""
    rows = connection.execute(queries("core.records.bank").stornos_of, {"keys": list(keys)})
    return {row.record_key: row.reverses for row in rows}


def lines_of(connection: Connection, keys: Sequence[str]) -> list[StatementRow]:
    """Statement lines with these keys, in the order of arrival."""
    return [_line(row) for row in connection.execute(queries("core.records.bank").lines_of_keys, {"keys": list(keys)})]


def read_registries(connection: Connection) -> list[RegistryRow]:
    """All registries taken, in the order of arrival."""
    rows = connection.execute(queries("core.records.bank").registries)
    return [RegistryRow(row[0], MessageId(row[1]), PaymentRegistry(*row[2:12]), row[12], row[13], RecordId(row[14])) for row in rows]


def read_statement_lines(connection: Connection, message_id: MessageId | None = None) -> list[StatementRow]:
    """Statement lines of a message, or all, in the order of arrival."""
    rows = connection.execute(queries("core.records.bank").statement_lines, {"message": message_id})
    return [_line(row) for row in rows]


def _payment(row: Sequence[Any]) -> PaymentRow:  # Any: columns of a database row
    return PaymentRow(RecordId(row[0]), row[1], Position(row[2], row[3]), RegistryPayment(*row[4:]))


def _line(row: Sequence[Any]) -> StatementRow:
    return StatementRow(RecordId(row[0]), row[1], MessageId(row[2]), StatementLine(*[*row[3:19], tuple(row[19]), row[20]]))
