"""What penalties are computed from, and how penalties stand: the ledger read by account, origin month, creditor.

The principal is read as it moved, day by day of the payers' money, so that a penalty can always be computed again from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.model.lines import Component
from core.period import Month
from core.storage.sql import queries

__all__ = ["PenaltyTurnover", "PrincipalChange", "penalty_turnovers", "principal_changes"]

_STREAM = {"yield_per": 5000}


@dataclass(frozen=True, slots=True)
class PrincipalChange:
    """What one kind of entry did to a debt on one day, kopecks: positive raises it."""

    account_id: EntityId
    origin_month: Month
    creditor_id: EntityId
    service_id: EntityId
    surcharge: bool
    kind: str
    occurred_on: date
    amount: int
    payment: str = ""
    """The operation of a payment, where each stands apart."""
    accounted_on: date | None = None
    """Its operational day, where it has one."""


@dataclass(frozen=True, slots=True)
class PenaltyTurnover:
    """Penalties of one account, origin month, creditor and group in a month, kopecks."""

    account_id: EntityId
    origin_month: Month | None
    creditor_id: EntityId | None
    component: Component
    opening: int
    posted_before: int
    """Posted by the hub in all earlier months, paid or not."""
    posted: int
    paid: int


def principal_changes(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    before: Month,
    by_payment: bool = False,
    account: EntityId | None = None,
) -> Iterator[PrincipalChange]:
    """Changes of debts of months earlier than ``before`` as posted up to ``month``, in the order of accounts, months and creditors.

    ``by_payment``: each payment apart, with its operational day; else the money of a day is one change. ``account``: of one only.
    """
    names = {"provider_id": provider_id, "month": month.first, "before": before.first, "by_payment": by_payment, "account": account}
    for r in connection.execute(queries("core.ledger").principal_changes, names, execution_options={"yield_per": 5000}):
        origin = Month.of(r.origin_month)
        place = (r.account_id, origin, r.creditor_id, r.service_id, r.surcharge)
        yield PrincipalChange(*place, r.kind, r.occurred_on, r.amount, r.payment or "", r.accounted_on)


def penalty_turnovers(
    connection: Connection, *, provider_id: ProviderId, month: Month, account: EntityId | None = None
) -> Iterator[PenaltyTurnover]:
    """How penalties stand in a month, in the order of accounts, months and creditors; ``account``: of one only."""
    names = {"provider_id": provider_id, "month": month.first, "account": account}
    for r in connection.execute(queries("core.ledger").penalty_turnover, names, execution_options={"yield_per": 5000}):
        origin = None if r.origin_month is None else Month.of(r.origin_month)
        yield PenaltyTurnover(r.account_id, origin, r.creditor_id, Component(r.component), r.opening, r.posted_before, r.posted, r.paid)
