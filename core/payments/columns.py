"""Many payments shared out at once: the rule of :mod:`core.payments.allocate` over columns, for what most payments are.

These are payments of accounts without penalties, whose advance stays undivided (what has a bill to be divided by is shared out one by one).
Both ways give the same parts to the kopeck; ``tests/property/test_allocated_columns.py`` compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.model.columns import NULL, Column, OwedColumns, PostingColumns, joined_columns
from core.model.lines import Chart, Component
from core.money import split_columns

__all__ = ["PaidColumns", "Shares", "posting_columns", "share_out"]


@dataclass(frozen=True, slots=True)
class PaidColumns:
    """Payments in the order in which they are shared out; all positive, kopecks."""

    account_id: Column
    amount: Column
    named_month: Column
    """The month that comes first when it has a debt; NULL: none."""
    before: Column
    """Debts of this month and later ones are not asked for yet."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Debts that the payments cover, in the order of payments and of the rule inside one, and what of each is paid ahead."""

    payment: Column
    """Place of the payment."""
    debts: OwedColumns
    """The debts, with what of them is paid."""
    rest: Column
    """Advance of each payment; 0: none."""


def share_out(owed: OwedColumns, paid: PaidColumns, rank: Callable[[int], int]) -> Shares:
    """Cover debts; of several payments of an account each finds what those before it left. ``rank`` is the fixed order for ties."""
    services, creditors = _ranks(owed.service_id, rank), _ranks(owed.creditor_id, rank)
    items = owed.at(np.lexsort((creditors, owed.surcharge, services, owed.origin_month, owed.account_id)))
    left = items.amount.copy()
    rest = paid.amount.copy()
    payments, places, sums = [], [], []
    for those in _turns(paid.account_id):
        payment, place = _asked(items, left, paid, those)
        share = _covered(rest, payment, items.origin_month[place], left[place])
        some = share > 0
        payment, place, share = payment[some], place[some], share[some]
        left[place] -= share
        np.subtract.at(rest, payment, share)
        payments.append(payment)
        places.append(place)
        sums.append(share)
    payment, place, share = (np.concatenate([np.empty(0, dtype=np.int64), *pieces]) for pieces in (payments, places, sums))
    order = np.argsort(payment, kind="stable")
    debts = items.at(place[order])
    covered = OwedColumns(debts.account_id, debts.service_id, debts.creditor_id, debts.origin_month, debts.surcharge, share[order])
    return Shares(payment[order], covered, rest)


def posting_columns(shares: Shares, paid: PaidColumns, seq: Column, source: Chart) -> PostingColumns:
    """Postings from ``source`` to what is covered, as :func:`core.payments.allocate.postings` makes them; ``seq`` numbers the entries."""
    debts, payment, ahead = shares.debts, shares.payment, np.flatnonzero(shares.rest)
    counts = np.bincount(payment, minlength=len(seq))
    none = np.full(len(ahead), NULL)
    covered = PostingColumns(
        seq=seq[payment],
        n=np.arange(len(payment)) - (np.cumsum(counts) - counts)[payment] + 1,
        debit=np.full(len(payment), int(source)),
        credit=np.full(len(payment), int(Chart.RECEIVABLE)),
        amount=debts.amount,
        account_id=debts.account_id,
        service_id=debts.service_id,
        creditor_id=debts.creditor_id,
        origin_month=debts.origin_month,
        component=np.where(debts.surcharge == 1, int(Component.SURCHARGE), int(Component.BASE)),
        place_id=np.full(len(payment), NULL),
    )
    advances = PostingColumns(
        seq=seq[ahead],
        n=counts[ahead] + 1,
        debit=np.full(len(ahead), int(source)),
        credit=np.full(len(ahead), int(Chart.ADVANCE)),
        amount=shares.rest[ahead],
        account_id=paid.account_id[ahead],
        service_id=none,
        creditor_id=none,
        origin_month=none,
        component=np.full(len(ahead), int(Component.ADVANCE)),
        place_id=none,
    )
    return joined_columns([covered, advances])


def _ranks(entities: Column, rank: Callable[[int], int]) -> Column:
    known, place = np.unique(entities, return_inverse=True)
    return np.array([rank(entity) for entity in known.tolist()], dtype=np.int64)[place]


def _turns(accounts: Column) -> list[Column]:
    """Places of the first payments of all accounts, then of the second ones …"""
    order = np.argsort(accounts, kind="stable")
    ordered = accounts[order]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    turn = np.empty(len(accounts), dtype=np.int64)
    turn[order] = np.arange(len(accounts)) - np.repeat(first, np.diff(first, append=len(accounts)))
    return [np.flatnonzero(turn == number) for number in range(int(turn.max(initial=-1)) + 1)]


def _asked(items: OwedColumns, left: Column, paid: PaidColumns, those: Column) -> tuple[Column, Column]:
    """The debts that each of the payments may cover, in their order: payment and place of the item."""
    first = np.searchsorted(items.account_id, paid.account_id[those], "left")
    counts = np.searchsorted(items.account_id, paid.account_id[those], "right") - first
    payment = np.repeat(those, counts)
    place = np.arange(len(payment)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    asked = (left[place] > 0) & (items.origin_month[place] < paid.before[payment])
    payment, place = payment[asked], place[asked]
    named = items.origin_month[place] == paid.named_month[payment]
    if named.any():
        order = np.lexsort((~named, payment))
        payment, place = payment[order], place[order]
    return payment, place


def _covered(money: Column, payment: Column, month: Column, debt: Column) -> Column:
    """What of each debt is paid: months one after another, pro rata inside one. Payments stand together, and months inside them."""
    if not len(payment):
        return debt
    begins = np.ones(len(payment), dtype=bool)
    begins[1:] = (payment[1:] != payment[:-1]) | (month[1:] != month[:-1])
    starts = np.flatnonzero(begins)
    whole = np.add.reduceat(debt, starts)
    payer = payment[starts]
    firsts = np.flatnonzero(np.diff(payer, prepend=payer[:1] - 1))
    ahead = np.cumsum(whole) - whole
    ahead -= np.repeat(ahead[firsts], np.diff(firsts, append=len(payer)))
    taken = np.clip(money[payer] - ahead, 0, whole)
    covered = np.where(np.repeat(taken == whole, np.diff(starts, append=len(debt))), debt, 0)
    partly = np.flatnonzero((taken > 0) & (taken < whole))
    if len(partly):
        sizes = np.diff(starts, append=len(debt))[partly]
        inner = np.cumsum(sizes) - sizes
        places = np.arange(int(sizes.sum())) + np.repeat(starts[partly] - inner, sizes)
        covered[places] = split_columns(taken[partly], debt[places], inner)
    return covered
