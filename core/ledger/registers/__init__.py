"""Registers out of the ledger: turnovers, charges, payments and debts of a month, grouped by the database, read as a stream.

Rows are grouped by any of house, account, service, creditor and origin month, and named and ordered by the tables ``register_house`` and
``register_account`` that the records fill in the same transaction (:mod:`core.records.directory`). Openings come from the balances of the
last posted month and the postings since. What must come out is asked again by a plain sum over postings, without names and balances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, text

from core.ids import EntityId, ProviderId
from core.period import Month
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["GROUPS", "ageing", "charges", "control", "payments", "stage_debts", "stage_due_days", "stage_payments", "turnovers"]

GROUPS = ("house", "account", "service", "creditor", "origin")
"""What rows may be grouped by, in the order of columns."""
_ROWS_AT_ONCE = 5000
_Row = Mapping[str, object]
_Ranks = Sequence[EntityId]


def turnovers(
    connection: Connection, *, provider_id: ProviderId, month: Month, by: Sequence[str], services: _Ranks, creditors: _Ranks
) -> Iterator[_Row]:
    """Opening, debit and credit of principal, surcharge and penalties; ``services`` and ``creditors``: in the order of the sheet."""
    snapshot = connection.execute(queries("core.ledger").latest_snapshot, {"provider_id": provider_id, "month": month.first}).scalar()
    return _grouped(connection, "turnovers", provider_id, month, by, services, creditors, {"snapshot": snapshot})


def charges(
    connection: Connection, *, provider_id: ProviderId, month: Month, by: Sequence[str], services: _Ranks, creditors: _Ranks
) -> Iterator[_Row]:
    """What a month posted as charges, by component, recalculations of closed months, and penalties."""
    return _grouped(connection, "charges", provider_id, month, by, services, creditors, {})


def payments(
    connection: Connection, *, provider_id: ProviderId, month: Month, by: Sequence[str], services: _Ranks, creditors: _Ranks
) -> Iterator[_Row]:
    """What the payments of a month went to; ``by`` may name ``channel`` too, for which ``register_channel`` must be there."""
    names = {"by_channel": "channel" in by}
    return _grouped(connection, "payments", provider_id, month, by, services, creditors, names)


def stage_payments(connection: Connection, *, provider_id: ProviderId, month: Month) -> None:
    """Fill ``register_payment`` (entry_id, operation, message_id) with the entries that :func:`payments` counts."""
    sql = queries("core.ledger.registers")
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.register_payment"))
    connection.execute(sql.create_payments)
    connection.execute(sql.fill_payments, {"provider_id": provider_id, "month": month.first})
    connection.execute(text("ANALYZE register_payment"))


def stage_debts(connection: Connection, *, provider_id: ProviderId, month: Month) -> list[Month]:
    """Fill ``register_debt`` (chart, account_id, service_id, creditor_id, origin_month, surcharge, amount) with what stands at the end of a
    month; the origin months of what is owed."""
    sql = queries("core.ledger.registers")
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.register_debt"))
    connection.execute(sql.create_debts)
    names = {"provider_id": provider_id, "month": month.first}
    snapshot = connection.execute(queries("core.ledger").latest_snapshot, names | {"month": month.next().first}).scalar()
    connection.execute(sql.fill_debts, names | {"snapshot": snapshot})
    connection.execute(text("ANALYZE register_debt"))
    found = connection.execute(text("SELECT DISTINCT origin_month FROM register_debt WHERE chart = 1 AND amount > 0 ORDER BY 1"))
    return [Month.of(day) for day in found.scalars() if day is not None]


def stage_due_days(connection: Connection, days: Mapping[Month, date]) -> None:
    """Fill ``register_due_day``: until when the bill of a month is to be paid where no bill says otherwise."""
    columns = (("origin_month", "date"), ("due_on", "date"))
    stage(connection, "register_due_day", columns, ((month.first, day) for month, day in days.items()))


def ageing(
    connection: Connection, *, provider_id: ProviderId, month: Month, by: Sequence[str], services: _Ranks, creditors: _Ranks
) -> Iterator[_Row]:
    """Debts of ``register_debt`` by how long they are overdue on the last day of a month.

    The due day is that of ``register_due`` (bills; the issued documents fill it), else of ``register_due_day``.
    """
    return _grouped(connection, "ageing", provider_id, month, by, services, creditors, {"as_of": month.last})


def control(connection: Connection, *, provider_id: ProviderId, month: Month) -> Mapping[str, int]:
    """Plain sums over a provider's postings that registers must come to, kopecks."""
    row = connection.execute(queries("core.ledger.registers").control, {"provider_id": provider_id, "month": month.first}).one()
    return {key: int(value or 0) for key, value in row._mapping.items()}


def _grouped(
    connection: Connection,
    statement: str,
    provider_id: ProviderId,
    month: Month,
    by: Sequence[str],
    services: _Ranks,
    creditors: _Ranks,
    more: Mapping[str, object],
) -> Iterator[_Row]:
    names: dict[str, object] = {f"by_{group}": group in by for group in GROUPS}
    names |= {"provider_id": provider_id, "month": month.first, "services": list(services), "creditors": list(creditors)} | dict(more)
    connection.execute(text("SET LOCAL work_mem = '256MB'"))  # one hash of all groups
    sql = queries("core.ledger.registers").raw
    whole = text(f"{sql[statement]}\n{sql['named']}")
    for row in connection.execute(whole, names, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield {str(key): value for key, value in row._mapping.items()}
