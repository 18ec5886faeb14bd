"""Sub-accounts of court judgements in a month's report: what the act awarded, what is left of it, and what has accrued since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.ledger.balances import open_items
from core.money import format_roubles
from core.services.debt_decisions import Judgement, read_decisions
from core.services.month_view import Json, ProviderMonth

__all__ = ["court_section"]


def court_section(parts: Sequence[ProviderMonth]) -> list[Json]:
    """The section ``court`` over all providers, in the order of accounts and acts."""
    return [row for part in parts for row in _of_provider(part)]


def _of_provider(part: ProviderMonth) -> Iterator[Json]:
    judgements = read_decisions(part.connection, part.provider).judgements
    known = {account: acts for account, acts in judgements.items() if account in part.accounts}
    left = open_items(part.connection, sorted(known), through=part.month)
    for account, acts in sorted(known.items(), key=lambda item: part.accounts[item[0]].number):
        for act in sorted(acts, key=lambda one: one.judged_on):
            principal = sum(item.amount for item in left if item.account_id == account and act.covers(item.origin_month))
            yield _row(part, act, principal)


def _row(part: ProviderMonth, act: Judgement, principal_left: int) -> Json:
    rows = [row for row in part.penalties if row.account_id == act.account_id and row.origin_month and act.covers(row.origin_month)]
    return {
        "account": part.accounts[act.account_id].number,
        "case": act.case,
        "judged_on": act.judged_on.isoformat(),
        "judged_to": act.judged_to.isoformat(),
        "months": [str(act.first_month), str(act.last_month)],
        "principal": format_roubles(act.principal),
        "penalties": format_roubles(act.penalties),
        "principal_left": format_roubles(principal_left),
        "penalties_frozen": _sum(row.frozen or 0 for row in rows),
        "penalties_after": _sum(row.after_judgement for row in rows),
        "penalties_left": _sum(row.closing for row in rows),
    }


def _sum(amounts: Iterable[int]) -> str:
    return format_roubles(sum(amounts))
