"""Reading the ledger: open items, advances, penalties, turnovers, totals; and month-end balances, which are derived and disposable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.model.columns import OwedColumns
from core.model.ledger import OpenItem
from core.model.lines import Chart, Component
from core.period import Month
from core.storage.bulk import array_of
from core.storage.sql import queries

__all__ = [
    "ChartTotal",
    "KindTotal",
    "Paid",
    "PaymentPart",
    "PenaltyItem",
    "Turnover",
    "advances",
    "charged_in_month",
    "chart_totals",
    "kind_totals",
    "last_payment_days",
    "open_columns",
    "open_items",
    "opening_advances",
    "opening_items",
    "payment_parts",
    "payments_counted",
    "penalty_items",
    "rebuild_balances",
    "rebuild_balances_since",
    "takeover_month",
    "turnovers",
]


@dataclass(frozen=True, slots=True)
class Paid:
    """Money of an account for a service and creditor, kopecks: paid ahead, or counted in a month. Both 0: not divided yet."""

    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    amount: int


@dataclass(frozen=True, slots=True)
class PenaltyItem:
    """Penalty posted and not paid, by creditor, origin month and group."""

    account_id: EntityId
    creditor_id: EntityId
    origin_month: Month | None
    component: Component
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """A part of a payment: debt (RECEIVABLE, by origin month), ADVANCE or PENALTY; a reversal is negative."""

    entry_key: str
    chart: Chart
    account_id: EntityId
    service_id: EntityId | None
    creditor_id: EntityId | None
    origin_month: Month | None
    component: Component | None
    amount: int
    occurred_on: date


@dataclass(frozen=True, slots=True)
class Turnover:
    """One account × service × creditor in a month: closing = opening + charged + other (payments are negative)."""

    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    surcharge: bool
    opening: int
    charged: int
    other: int

    @property
    def closing(self) -> int:
        """Debt at the end of the month; negative is an advance."""
        return self.opening + self.charged + self.other


@dataclass(frozen=True, slots=True)
class ChartTotal:
    """Turnover of a ledger account."""

    chart: Chart
    debit: int
    credit: int


@dataclass(frozen=True, slots=True)
class KindTotal:
    """Entries of one kind."""

    kind: str
    entries: int
    amount: int


def open_items(connection: Connection, accounts: Sequence[EntityId], *, through: Month | None = None) -> list[OpenItem]:
    """Receivables not zero, oldest origin month first, after all postings of months up to ``through`` (None: all)."""
    rows = connection.execute(queries("core.ledger").open_items, _scope(accounts, through) | {"chart": int(Chart.RECEIVABLE)})
    return [OpenItem(r.account_id, r.service_id, r.creditor_id, Month.of(r.origin_month), r.surcharge, r.amount) for r in rows]


def open_columns(connection: Connection, accounts: Sequence[EntityId]) -> OwedColumns:
    """Receivables not zero after all postings, without an object an item."""
    listed = "{" + ",".join(map(str, accounts)) + "}"  # an array as text: thousands of numbers need no object each
    row = connection.execute(queries("core.ledger").open_columns, {"account_ids": listed, "chart": int(Chart.RECEIVABLE)}).one()
    return OwedColumns(*(array_of(column) for column in row))


def advances(connection: Connection, accounts: Sequence[EntityId], *, through: Month | None = None) -> list[Paid]:
    """Money paid ahead."""
    rows = connection.execute(queries("core.ledger").open_items, _scope(accounts, through) | {"chart": int(Chart.ADVANCE)})
    return [Paid(r.account_id, EntityId(r.service_id or 0), EntityId(r.creditor_id or 0), -r.amount) for r in rows]


def opening_items(connection: Connection, accounts: Sequence[EntityId], *, month: Month) -> list[OpenItem]:
    """Receivables on the first day of a month, by origin month."""
    names = {"account_ids": list(accounts), "month": month.first, "chart": int(Chart.RECEIVABLE)}
    rows = connection.execute(queries("core.ledger").opening_items, names)
    return [OpenItem(r.account_id, r.service_id, r.creditor_id, Month.of(r.origin_month), r.surcharge, r.amount) for r in rows]


def opening_advances(connection: Connection, accounts: Sequence[EntityId], *, month: Month) -> list[Paid]:
    """Money paid ahead, as it stood on the first day of a month."""
    names = {"account_ids": list(accounts), "month": month.first, "chart": int(Chart.ADVANCE)}
    rows = connection.execute(queries("core.ledger").opening_items, names)
    return [Paid(r.account_id, EntityId(r.service_id or 0), EntityId(r.creditor_id or 0), -r.amount) for r in rows]


def payments_counted(connection: Connection, accounts: Sequence[EntityId], *, month: Month) -> list[Paid]:
    """Principal and advances paid in a month by service and creditor; penalties paid are in the balance of penalties."""
    rows = connection.execute(queries("core.ledger").payments_counted, {"account_ids": list(accounts), "month": month.first})
    return [Paid(r.account_id, EntityId(r.service_id or 0), EntityId(r.creditor_id or 0), r.amount) for r in rows]


def charged_in_month(connection: Connection, accounts: Sequence[EntityId], *, month: Month) -> dict[EntityId, int]:
    """Kopecks that were charged to accounts in a month, with corrections of closed months; accounts without are not there."""
    names = {"account_ids": list(accounts), "month": month.first, "chart": int(Chart.RECEIVABLE)}
    return {EntityId(r.account_id): r.charged for r in connection.execute(queries("core.ledger").charged_in_month, names)}


def last_payment_days(connection: Connection, accounts: Sequence[EntityId], *, month: Month) -> dict[EntityId, date]:
    """The day of the last payment of a month by account; accounts without one are not there."""
    rows = connection.execute(queries("core.ledger").last_payment_days, {"account_ids": list(accounts), "month": month.first})
    return {EntityId(r.account_id): r.paid_on for r in rows}


def payment_parts(connection: Connection, *, provider_id: ProviderId, month: Month) -> Iterator[PaymentPart]:
    """What the payments of a month were divided into, in the order of posting."""
    names = {"provider_id": provider_id, "month": month.first}
    for r in connection.execute(queries("core.ledger").payment_parts, names, execution_options={"yield_per": 5000}):
        yield PaymentPart(
            r.entry_key,
            Chart(r.chart),
            r.account_id,
            r.service_id,
            r.creditor_id,
            Month.of(r.origin_month) if r.origin_month else None,
            None if r.component is None else Component(r.component),
            r.amount,
            r.occurred_on,
        )


def penalty_items(connection: Connection, accounts: Sequence[EntityId], *, through: Month | None = None) -> list[PenaltyItem]:
    """Penalties posted and unpaid, oldest origin month first."""
    rows = connection.execute(queries("core.ledger").penalty_items, _scope(accounts, through))
    return [
        PenaltyItem(
            r.account_id,
            r.creditor_id,
            Month.of(r.origin_month) if r.origin_month else None,
            Component(r.component),
            r.amount,
        )
        for r in rows
    ]


def turnovers(
    connection: Connection, *, provider_id: ProviderId, month: Month, accounts: Sequence[EntityId] | None = None
) -> Iterator[Turnover]:
    """Turnover sheet rows (оборотно-сальдовая ведомость) of a provider's month, principal only."""
    rows = connection.execute(
        queries("core.ledger").turnover,
        {"provider_id": provider_id, "month": month.first, "account_ids": None if accounts is None else list(accounts)},
        execution_options={"yield_per": 5000},
    )
    for r in rows:
        yield Turnover(
            r.account_id,
            EntityId(r.service_id or 0),
            EntityId(r.creditor_id or 0),
            r.surcharge,
            r.opening or 0,
            r.charged or 0,
            r.other or 0,
        )


def chart_totals(connection: Connection, *, month: Month | None = None) -> list[ChartTotal]:
    """Turnovers of the ledger accounts; debits and credits of all of them are equal."""
    rows = connection.execute(queries("core.ledger").chart_totals, {"month": month.first if month else None})
    return [ChartTotal(Chart(r.chart), r.debit, r.credit) for r in rows]


def kind_totals(connection: Connection, *, month: Month | None = None, provider_id: ProviderId | None = None) -> dict[str, KindTotal]:
    """Entries and sums by kind."""
    rows = connection.execute(queries("core.ledger").entries_by_kind, {"month": month.first if month else None, "provider_id": provider_id})
    return {r.kind: KindTotal(r.kind, r.entries, r.amount) for r in rows}


def takeover_month(connection: Connection, *, provider_id: ProviderId) -> Month | None:
    """The month whose opening balances the ledger took over from a provider; None before that."""
    first = connection.execute(queries("core.ledger").first_opening_month, {"provider_id": provider_id}).scalar()
    return None if first is None else Month.of(first)


def rebuild_balances(connection: Connection, *, provider_id: ProviderId, month: Month) -> int:
    """Drop and build a month's closing balances from the snapshot before it and the postings since; returns their number."""
    sql = queries("core.ledger")
    names = {"provider_id": provider_id, "month": month.first}
    connection.execute(sql.clear_balances, names)
    snapshot = connection.execute(sql.latest_snapshot, names).scalar()
    return connection.execute(sql.build_balances, names | {"snapshot": snapshot}).rowcount


def rebuild_balances_since(connection: Connection, *, provider_id: ProviderId, month: Month) -> None:
    """Build the closing balances of a month and of every later month that has them: an entry came into the month."""
    rows = connection.execute(queries("core.ledger").snapshots).all()
    later = {Month.of(row.month) for row in rows if row.provider_id == provider_id}
    for each in sorted({month, *(other for other in later if other > month)}):
        rebuild_balances(connection, provider_id=provider_id, month=each)


def _scope(accounts: Sequence[EntityId], through: Month | None) -> dict[str, object]:
    return {"account_ids": list(accounts), "through": through.first if through else None}
