"""What a provider's own system pulls from the centre: bills, payments, balances and readings of a month, as plain rows.

Things are named by the sender's own keys, so that its system finds them. Money is kopecks, volumes and tariffs millionths, readings
thousandths, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from core.ids import EntityId, ProviderId
from core.issued.bills import bills_of_month
from core.ledger.balances import turnovers
from core.ledger.payments import counted_payments
from core.period import Month
from core.records.latest import read_accounts, read_organisations, read_services
from core.records.readings import month_readings
from core.storage.engine import transaction

__all__ = ["PULLED", "pulled"]

Row = Mapping[str, object]
Group = list[tuple[str, Row]]
"""Rows that stay in one part of an answer, each with its kind."""
_NONE = ("", "")


@dataclass(frozen=True, slots=True)
class _Names:
    """The sender's own names of our numbers."""

    accounts: Mapping[EntityId, tuple[str, str]]
    services: Mapping[EntityId, tuple[str, str]]
    creditors: Mapping[EntityId, str]

    def account(self, account_id: EntityId) -> Row:
        key, number = self.accounts.get(account_id, _NONE)
        return {"account": key, "account_number": number}

    def service(self, service_id: EntityId | None) -> Row:
        key, name = self.services.get(service_id or EntityId(0), _NONE)
        return {"service": key or None, "service_name": name}


def pulled(engine: Engine, operation: str, *, provider_id: ProviderId, month: Month) -> Iterator[Group]:
    """Rows of an answer, all of one moment, in groups that must stay together: a bill with its lines."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        yield from PULLED[operation](connection, provider_id, month)


def _names(connection: Connection, provider_id: ProviderId, month: Month) -> _Names:
    return _Names(
        {row.entity_id: (row.key, row.number) for row in read_accounts(connection, provider_id=provider_id, month=month)},
        {row.entity_id: (row.key, row.name) for row in read_services(connection, provider_id=provider_id)},
        {row.entity_id: row.inn for row in read_organisations(connection, provider_id=provider_id)},
    )


def _bills(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[Group]:
    names = _names(connection, provider_id, month)
    for issued in bills_of_month(connection, provider_id, month):
        content = issued.content
        group: Group = [("bill", {
            "number": issued.number, "version": issued.version, "replaces": content.replaces_number, **names.account(issued.payer_id),
            "period": month.first, "issued_at": issued.issued_at, "total": issued.total,
        })]  # fmt: skip
        for line in content.lines:
            group.append(("billline", {
                "bill": issued.number, "service": line.service_key or None, "service_name": line.name,
                "creditor_inn": names.creditors.get(line.creditor_id), "tariff": line.tariff_e6, "volume": line.individual_volume_e6,
                "common_volume": line.common_volume_e6, "base": line.base, "surcharge": line.surcharge,
                "recalculation": line.recalculation, "benefit": line.benefit, "total": line.total,
            }))  # fmt: skip
        yield group


def _payments(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[Group]:
    names = _names(connection, provider_id, month)
    for one in counted_payments(connection, provider_id=provider_id, month=month):
        yield [("payment", {
            "key": one.entry_key, **names.account(one.account_id), "paid_on": one.paid_on, "period": month.first, "amount": one.amount,
            "debt": one.debt, "advance": one.advance, "penalty": one.penalty, "reason": one.reason,
        })]  # fmt: skip


def _balances(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[Group]:
    names = _names(connection, provider_id, month)
    for one in turnovers(connection, provider_id=provider_id, month=month):
        yield [("balance", {
            **names.account(one.account_id), **names.service(one.service_id), "creditor_inn": names.creditors.get(one.creditor_id),
            "period": month.first, "surcharge": one.surcharge, "opening": one.opening, "charged": one.charged, "other": one.other,
            "closing": one.closing,
        })]  # fmt: skip


def _readings(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[Group]:
    for one in month_readings(connection, provider_id=provider_id, month=month):
        yield [("reading", {
            "meter": one.meter, "serial": one.serial, "account_number": one.account_number or None, "taken_on": one.taken_on,
            "value": one.value_e3, "zone": one.zone, "source": one.source, "state": one.standing, "reason": one.reason or None,
        })]  # fmt: skip


PULLED = {"exportBills": _bills, "exportPayments": _payments, "exportBalances": _balances, "exportReadings": _readings}
"""What answers each operation."""
