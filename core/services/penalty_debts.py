"""Debts for penalties out of the ledger: its entries as changes of principal, account by account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from core.charges.penalties import Change
from core.charges.penalty_rules import PenaltyRules
from core.ids import EntityId
from core.ledger.penalties import PenaltyTurnover, PrincipalChange

__all__ = ["by_account", "changes_of", "unpaid_after"]


def changes_of(moved: Iterable[PrincipalChange], due: date, rules: PenaltyRules) -> Iterator[Change]:
    """Ledger entries as changes of principal. A payment that was taken back never was: its debt is open again from its due day."""
    payments: list[tuple[date, int]] = []
    reversed_amounts: list[int] = []
    for change in moved:
        if change.kind in ("payment_reversal", "advance_reversal"):
            reversed_amounts.append(change.amount)
        elif change.kind.startswith(("payment", "advance", "credit")):
            payments.append((change.occurred_on, -change.amount))
        elif change.kind == "opening" or change.occurred_on <= due:
            yield Change.charged(change.occurred_on, change.amount)
        else:
            yield Change.recalculated(change.occurred_on, change.amount, rules)
    payments.sort()
    for amount in reversed_amounts:
        _take_back(payments, amount)
    for paid_on, amount in payments:
        yield Change.paid(paid_on, amount, rules)


def unpaid_after(moved: Iterable[PrincipalChange], day: date) -> int:
    """Principal at the end of a day."""
    return sum(change.amount for change in moved if change.occurred_on <= day)


def _take_back(payments: list[tuple[date, int]], amount: int) -> None:
    """Take a reversed amount off the payments: off the latest of the same amount, else off the latest ones."""
    same = [place for place, (_, paid) in enumerate(payments) if paid == amount]
    if same:
        payments.pop(same[-1])
        return
    while amount > 0 and payments:
        paid_on, paid = payments.pop()
        if paid > amount:
            payments.append((paid_on, paid - amount))
        amount -= paid


def by_account(
    changes: Iterable[PrincipalChange], turnovers: Iterable[PenaltyTurnover]
) -> Iterator[tuple[EntityId, list[PrincipalChange], list[PenaltyTurnover]]]:
    """Join two streams that are both in the order of accounts."""
    left = ((account, list(rows)) for account, rows in groupby(changes, key=lambda row: row.account_id))
    right = ((account, list(rows)) for account, rows in groupby(turnovers, key=lambda row: row.account_id))
    moved, posted = next(left, None), next(right, None)
    while moved is not None or posted is not None:
        account = min(item[0] for item in (moved, posted) if item is not None)
        mine = moved[1] if moved is not None and moved[0] == account else []
        theirs = posted[1] if posted is not None and posted[0] == account else []
        yield account, mine, theirs
        if mine:
            moved = next(left, None)
        if theirs:
            posted = next(right, None)
