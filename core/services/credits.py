"""Credits when a month is posted: what a recalculation took off beyond the fee of its month goes where it is owed (354 section 17, rule 3).

To the same service first, then to the oldest debt to the same recipient; what is left is an advance, which is then used on new bills like
any other. Like there, entries pass through the counter-account ``OFFSET``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from core.ids import EntityId
from core.ledger.advances import accounts_in_credit
from core.ledger.balances import open_items
from core.ledger.post import Posted, post
from core.model.ledger import Entry, OpenItem, Posting
from core.model.lines import Chart, Component
from core.payments.advances import cover_by_credit
from core.period import Month
from core.records.entities import entity_ids
from core.records.providers import Provider

__all__ = ["use_credits"]

_ACCOUNTS_AT_ONCE = 5000


def use_credits(
    connection: Connection, *, provider: Provider, month: Month, at: datetime, only: Collection[EntityId] | None = None
) -> Posted:
    """Move the credits of a provider's accounts inside the caller's transaction, after the month's charges and before its advances.

    ``only``: accounts of houses that are let through after the others.
    """
    found = accounts_in_credit(connection, provider_id=provider.provider_id, month=month)
    accounts = iter(account for account in found if only is None or account in only)
    keys: dict[EntityId, str] = {}
    posted = Posted()
    while batch := list(islice(accounts, _ACCOUNTS_AT_ONCE)):
        keys = keys or {entity: key for key, entity in entity_ids(connection, provider.provider_id, "account").items()}
        items: dict[EntityId, list[OpenItem]] = defaultdict(list)
        for item in open_items(connection, batch, through=month):
            items[item.account_id].append(item)
        posted += post(connection, (_entry(provider, month, keys[account], items[account]) for account in batch), at=at)
    return posted


def _entry(provider: Provider, month: Month, key: str, items: Sequence[OpenItem]) -> Entry:
    return Entry(
        key=f"credit_use/{provider.inn}/{month}/{key}",
        kind="credit_use",
        provider_id=provider.provider_id,
        month=month,
        occurred_on=month.last,
        reason="Перерасчёт сверх начисленного зачтён",
        postings=tuple(_postings(items)),
    )


def _postings(items: Sequence[OpenItem]) -> Iterator[Posting]:
    debts = [item for item in items if item.amount > 0]
    for credit in sorted(
        (item for item in items if item.amount < 0), key=lambda item: (item.origin_month, item.service_id, item.surcharge)
    ):
        left = -credit.amount
        yield _of_debt(Chart.RECEIVABLE, Chart.OFFSET, left, credit)
        for part in cover_by_credit(credit, debts):
            left -= part.amount
            debts[debts.index(part.debt)] = replace(part.debt, amount=part.debt.amount - part.amount)
            yield _of_debt(Chart.OFFSET, Chart.RECEIVABLE, part.amount, part.debt)
        if left:
            where = (credit.account_id, credit.service_id, credit.creditor_id)
            yield Posting(Chart.OFFSET, Chart.ADVANCE, left, *where, component=Component.ADVANCE)


def _of_debt(debit: Chart, credit: Chart, amount: int, item: OpenItem) -> Posting:
    component = Component.SURCHARGE if item.surcharge else Component.BASE
    return Posting(debit, credit, amount, item.account_id, item.service_id, item.creditor_id, item.origin_month, component)
