"""Many payments at once come out as one by one: the same postings, to the kopeck, in the same order."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as some

from core.ids import EntityId
from core.model.columns import NULL, OwedColumns, column, day_number
from core.model.ledger import OpenItem
from core.model.lines import Chart
from core.payments.allocate import Receipt, Standing, allocate_in_order, postings
from core.payments.columns import PaidColumns, posting_columns, share_out
from core.payments.rules import AllocationRules
from core.period import Month

MONTHS = [Month(1900, 1), Month(2026, 8), Month(2026, 9), Month(2026, 10), Month(2026, 11)]
RANKS = {EntityId(3): 0, EntityId(1): 1, EntityId(12): 2, EntityId(11): 3}

amounts = some.one_of(some.integers(1, 30), some.integers(1, 200_000), some.integers(1, 10**12))
items = some.builds(
    OpenItem,
    some.integers(1, 4).map(EntityId),
    some.integers(1, 4).map(EntityId),
    some.integers(11, 13).map(EntityId),
    some.sampled_from(MONTHS),
    some.booleans(),
    some.one_of(amounts, amounts.map(lambda amount: -amount)),
)
owed_items = some.lists(items, max_size=24, unique_by=lambda i: (i.account_id, i.service_id, i.creditor_id, i.origin_month, i.surcharge))
payments = some.lists(
    some.tuples(some.integers(1, 5).map(EntityId), amounts, some.sampled_from([None, *MONTHS]), some.sampled_from(MONTHS[2:])), max_size=10
)


@settings(max_examples=100, deadline=None)
@given(owed_items, payments, some.booleans())
def test_columns_are_the_rule(owed: list[OpenItem], paid: list[tuple[EntityId, int, Month | None, Month]], named_first: bool) -> None:
    rules = AllocationRules(named_period_first=named_first)
    expected = {}
    by_account: dict[EntityId, list[tuple[int, Receipt]]] = defaultdict(list)
    for seq, (account, amount, named, before) in enumerate(paid):
        by_account[account].append((seq, Receipt(str(seq), amount, named, before=before)))
    for account, numbered in by_account.items():
        standing = Standing(tuple(item for item in owed if item.account_id == account), (), RANKS)
        shared = allocate_in_order([receipt for _, receipt in numbered], standing, rules)
        for (seq, _), allocation in zip(numbered, shared, strict=True):
            for n, posting in enumerate(postings(allocation, account, source=Chart.TRANSIT), start=1):
                origin = NULL if posting.origin_month is None else day_number(posting.origin_month.first)
                expected[seq, n] = (
                    posting.debit, posting.credit, posting.amount, posting.account_id, posting.service_id or NULL,
                    posting.creditor_id or NULL, origin, posting.component, NULL,
                )  # fmt: skip
    of_items = OwedColumns(
        *(column(getattr(item, name) for item in owed) for name in ("account_id", "service_id", "creditor_id")),
        column(day_number(item.origin_month.first) for item in owed),
        *(column(getattr(item, name) for item in owed) for name in ("surcharge", "amount")),
    )
    of_payments = PaidColumns(
        column(account for account, *_ in paid),
        column(amount for _, amount, _, _ in paid),
        column(NULL if named is None or not named_first else day_number(named.first) for *_, named, _ in paid),
        column(day_number(before.first) for *_, before in paid),
    )
    rank = Standing(order=RANKS).rank
    columns = posting_columns(
        share_out(of_items, of_payments, lambda entity: rank(EntityId(entity))), of_payments, column(range(len(paid))), Chart.TRANSIT
    )
    rows = zip(
        *(getattr(columns, name).tolist() for name in columns.__dataclass_fields__),
        strict=True,
    )
    assert {row[:2]: row[2:] for row in rows} == expected
    assert len(columns.seq) == len(expected)
