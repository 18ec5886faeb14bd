"""What one parse of one message gave as a whole, and which keys earlier messages of a sender brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId, RecordId
from core.model.records import (
    BODIES,
    Account,
    BankAccount,
    Body,
    CapitalRepairDecision,
    House,
    ManagementContract,
    Meter,
    Organisation,
    Payment,
    PaymentPack,
    PaymentRegistry,
    Person,
    Premises,
    Residence,
    Room,
    SectionRow,
    Service,
    StatedBill,
    StatedContribution,
    StatedLine,
    SupplyAddress,
)
from core.period import Month
from core.records.tables import table_name
from core.records.versions import NEVER
from core.storage.sql import queries

__all__ = ["REFERRED", "Intake", "known_keys", "moment_after", "read_intake", "read_intakes", "save_intake", "senders_heard"]

REFERRED: frozenset[type[Body]] = frozenset((
    Account, BankAccount, CapitalRepairDecision, House, ManagementContract, Meter, Organisation, Payment, PaymentPack, PaymentRegistry,
    Person, Premises, Residence, Room, SectionRow, Service, StatedBill, StatedContribution, StatedLine,
    SupplyAddress,
))  # fmt: skip
"""Kinds that rows of other messages may refer to (Формат 4.0, section 4)."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The outcome of a message: the adapter's status, what identifies sender and period, and data rows by section."""

    message_id: MessageId
    provider_id: ProviderId
    adapter: str
    status: str
    month: Month | None
    header: Mapping[str, str]
    counts: Mapping[str, int]
    taken_at: datetime
    released: Mapping[str, int] = field(default_factory=dict)
    """Rows of earlier messages, by kind of record, that had waited for what this one brought."""
    money: Mapping[str, int] | None = None
    """Its payments as a whole, kopecks and numbers; None where nothing was loaded."""


def save_intake(connection: Connection, intake: Intake) -> bool:
    """Store an outcome of a message; false when it has one of this very moment. The latest one holds."""
    parameters = {
        "message": intake.message_id,
        "provider": intake.provider_id,
        "adapter": intake.adapter,
        "status": intake.status,
        "month": None if intake.month is None else intake.month.first,
        "header": json.dumps(dict(intake.header), ensure_ascii=False),
        "counts": json.dumps(dict(intake.counts), ensure_ascii=False),
        "taken_at": intake.taken_at,
        "released": json.dumps(dict(intake.released)),
        "money": None if intake.money is None else json.dumps(dict(intake.money)),
    }
    return connection.execute(queries("core.records").save_intake, parameters).rowcount == 1


def _intake(row: tuple[object, ...]) -> Intake:
    message_id, provider_id, adapter, status, month, *others = row
    return Intake(message_id, provider_id, adapter, status, None if month is None else Month.of(month), *others)  # type: ignore[arg-type]  # a row of the table is as the table is


def read_intake(connection: Connection, message_id: MessageId) -> Intake | None:
    """The latest outcome of a message, None while it was not taken."""
    row = connection.execute(queries("core.records").read_intake, {"message": message_id}).one_or_none()
    return None if row is None else _intake(tuple(row))


def moment_after(earlier: Intake | None, now: datetime) -> datetime:
    """The moment of an outcome that follows an earlier one: later than it, whatever the clock says."""
    return now if earlier is None else max(now, earlier.taken_at + timedelta(microseconds=1))


def read_intakes(connection: Connection, *, provider_id: ProviderId | None = None, month: Month | None = None) -> list[Intake]:
    """Latest outcomes of all messages, of one provider, of one month; in the order of arrival."""
    parameters = {"provider": provider_id, "month": None if month is None else month.first}
    return [_intake(tuple(row)) for row in connection.execute(queries("core.records").read_intakes, parameters)]


def senders_heard(connection: Connection, *, month: Month, known_until: RecordId | None) -> frozenset[ProviderId]:
    """Providers of whom a package of the month was taken, as a calculation of these records knows it."""
    parameters = {"month": month.first, "known_until": NEVER if known_until is None else known_until}
    return frozenset(ProviderId(number) for number in connection.execute(queries("core.records").senders_heard, parameters).scalars())


def known_keys(connection: Connection, provider_id: ProviderId) -> dict[str, frozenset[str]]:
    """Keys that earlier messages of a sender brought, by record kind; payments' УИП under ``payment_uip``, and under ``list_counts`` how
    its last archive counted rows.

    Quarantined rows are not loaded, so a reference to one is not yet legal. Kinds nothing refers to are left out.
    """
    known: dict[str, frozenset[str]] = {}
    for body in BODIES:
        if body in REFERRED:
            statement = text(f"SELECT DISTINCT record_key FROM {table_name(body)} WHERE provider_id = :provider AND state <> 'quarantined'")
            known[body.kind_name] = frozenset(connection.execute(statement, {"provider": provider_id}).scalars())
    counted = connection.execute(queries("core.records").list_counts, {"provider": provider_id}).scalar()
    known["list_counts"] = frozenset() if counted is None else frozenset((counted,))
    known["payment_uip"] = frozenset(connection.execute(queries("core.records").known_uips, {"provider": provider_id}).scalars())
    return known
