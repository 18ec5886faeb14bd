"""Opening balances: what accounts owed or had paid ahead when the centre took over, by service, creditor and month of origin.

Taken once for a provider, from its first archive: later archives state balances that the ledger knows itself. A balance row that is held
posts nothing until a person decides. Penalties are balances of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from core.ids import EntityId, MessageId
from core.ledger.balances import takeover_month
from core.ledger.post import Posted, post
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.period import Month
from core.records.entities import entity_ids
from core.records.latest import read_balances, read_opening_debts, read_opening_penalties
from core.records.providers import Provider

__all__ = ["post_openings"]

_LOADED = frozenset(("accepted", "flagged"))
_PENALTIES = {1: Component.PENALTY, 2: Component.PENALTY_CAPITAL_REPAIR}


def post_openings(connection: Connection, *, provider: Provider, month: Month, message_id: MessageId, at: datetime) -> Posted:
    """Post the opening balances that a message of a month states; nothing when another month was taken over before."""
    taken = takeover_month(connection, provider_id=provider.provider_id)
    if taken is not None and taken != month:
        return Posted()
    keys = {entity: key for key, entity in entity_ids(connection, provider.provider_id, "account").items()}
    principal = _principal(connection, provider, month, message_id)
    penalties = _penalties(connection, provider, month, message_id)

    def entries() -> Iterator[Entry]:
        for kind, title, by_account in (("opening", "Входящее сальдо", principal), ("opening_penalty", "Входящие пени", penalties)):
            for account in sorted(by_account, key=lambda entity: keys[entity]):
                yield Entry(
                    key=f"{kind}/{provider.inn}/{keys[account]}",
                    kind=kind,
                    provider_id=provider.provider_id,
                    month=month,
                    occurred_on=month.first,
                    reason=f"{title} на {month.first:%d.%m.%Y}",
                    postings=tuple(by_account[account]),
                    message_id=message_id,
                )

    return post(connection, entries(), at=at)


def _principal(connection: Connection, provider: Provider, month: Month, message_id: MessageId) -> dict[EntityId, list[Posting]]:
    """Debts by month of origin where the balance is positive, an advance where it is negative."""
    postings: dict[EntityId, list[Posting]] = defaultdict(list)
    owing = set()
    for row in read_balances(connection, provider_id=provider.provider_id, message_id=message_id):
        if (
            row.state not in _LOADED
            or row.month != month.first
            or row.account_id is None
            or row.service_id is None
            or row.creditor_id is None
        ):
            continue
        if row.opening > 0:
            owing.add((row.account_id, row.service_id, row.creditor_id))
        elif row.opening < 0:
            postings[row.account_id].append(
                Posting(
                    Chart.OPENING,
                    Chart.ADVANCE,
                    -row.opening,
                    row.account_id,
                    row.service_id,
                    row.creditor_id,
                    component=Component.ADVANCE,
                )
            )
    for debt in read_opening_debts(connection, provider_id=provider.provider_id, message_id=message_id):
        if debt.account_id is None or debt.service_id is None or debt.creditor_id is None or debt.state not in _LOADED:
            continue
        if (debt.account_id, debt.service_id, debt.creditor_id) in owing:
            postings[debt.account_id].append(
                Posting(
                    Chart.RECEIVABLE,
                    Chart.OPENING,
                    debt.amount,
                    debt.account_id,
                    debt.service_id,
                    debt.creditor_id,
                    Month.of(debt.origin_month),
                    Component.BASE,
                )
            )
    return postings


def _penalties(connection: Connection, provider: Provider, month: Month, message_id: MessageId) -> dict[EntityId, list[Posting]]:
    """Penalties posted earlier and unpaid; those of the taken month are the hub's own to compute."""
    postings: dict[EntityId, list[Posting]] = defaultdict(list)
    for row in read_opening_penalties(connection, provider_id=provider.provider_id, message_id=message_id):
        component = _PENALTIES.get(row.kind)
        if component is None or row.opening <= 0 or row.month != month.first or row.state not in _LOADED or row.account_id is None:
            continue
        origin = None if row.origin_month is None else Month.of(row.origin_month)
        postings[row.account_id].append(
            Posting(
                Chart.PENALTY,
                Chart.OPENING,
                row.opening,
                row.account_id,
                creditor_id=row.creditor_id,
                origin_month=origin,
                component=component,
            )
        )
    return postings
