"""Advances of a provider's accounts, and what they were used for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.model.lines import Component
from core.period import Month
from core.storage.sql import queries

__all__ = [
    "AdvanceUse",
    "OwnPenalty",
    "PaidAhead",
    "Standing",
    "accounts_in_credit",
    "advance_uses",
    "own_penalties",
    "paid_ahead",
    "standing_advances",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """Money paid ahead, kopecks, not divided by service or recipient where these are None; negative: used and then taken back."""

    account_id: EntityId
    service_id: EntityId | None
    creditor_id: EntityId | None
    amount: int


@dataclass(frozen=True, slots=True)
class AdvanceUse:
    """What advances have covered of a debt or (no service) of a penalty, less what was taken back, kopecks."""

    account_id: EntityId
    service_id: EntityId | None
    creditor_id: EntityId
    origin_month: Month | None
    component: Component
    amount: int


@dataclass(frozen=True, slots=True)
class OwnPenalty:
    """A penalty that the hub has posted and nobody has paid, kopecks."""

    account_id: EntityId
    creditor_id: EntityId
    origin_month: Month | None
    component: Component
    amount: int


@dataclass(frozen=True, slots=True)
class PaidAhead:
    """What a payment has put ahead (no origin month), or on a debt of a month, kopecks, whatever became of it since."""

    account_id: EntityId
    service_id: EntityId | None
    creditor_id: EntityId | None
    payment: str
    """Key of its entry."""
    day: date
    amount: int
    origin_month: Month | None = None
    surcharge: bool = False


def paid_ahead(connection: Connection, accounts: Sequence[EntityId], *, through: Month) -> Iterator[PaidAhead]:
    """Where payments that are accounted up to a month have gone, penalties apart, in the order of the days they were paid on."""
    if accounts:
        names = {"account_ids": list(accounts), "month": through.first}
        for r in connection.execute(queries("core.ledger").paid_ahead, names):
            origin = None if r.origin_month is None else Month.of(r.origin_month)
            yield PaidAhead(r.account_id, r.service_id, r.creditor_id, r.entry_key, r.occurred_on, r.amount, origin, r.surcharge)


def standing_advances(connection: Connection, *, provider_id: ProviderId, month: Month) -> Iterator[Standing]:
    """Advances that are not zero after all postings up to the month, in the order of accounts."""
    names = {"provider_id": provider_id, "month": month.first}
    for r in connection.execute(queries("core.ledger").standing_advances, names):
        yield Standing(r.account_id, r.service_id, r.creditor_id, r.amount)


def advance_uses(connection: Connection, accounts: Sequence[EntityId]) -> Iterator[AdvanceUse]:
    """Uses of accounts by debt and by penalty."""
    for r in connection.execute(queries("core.ledger").advance_uses, {"account_ids": list(accounts)}):
        origin = None if r.origin_month is None else Month.of(r.origin_month)
        yield AdvanceUse(r.account_id, r.service_id, r.creditor_id, origin, Component(r.component), r.amount)


def own_penalties(connection: Connection, accounts: Sequence[EntityId], *, through: Month) -> Iterator[OwnPenalty]:
    """Unpaid penalties that the hub has posted, account by account, in the order in which they are paid."""
    for r in connection.execute(queries("core.ledger").own_penalties, {"account_ids": list(accounts), "month": through.first}):
        origin = None if r.origin_month is None else Month.of(r.origin_month)
        yield OwnPenalty(r.account_id, r.creditor_id, origin, Component(r.component), r.amount)


def accounts_in_credit(connection: Connection, *, provider_id: ProviderId, month: Month) -> list[EntityId]:
    """Accounts with a receivable below zero after all postings up to the month."""
    names = {"provider_id": provider_id, "month": month.first}
    return [EntityId(account) for account in connection.execute(queries("core.ledger").accounts_in_credit, names).scalars()]
