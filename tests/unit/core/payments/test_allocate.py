"""Rules of sharing a payment out, and that for any debts it closes to the kopeck and comes out the same again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import EntityId
from core.model.ledger import OpenItem
from core.model.lines import Chart, Component
from core.payments.advances import Ahead, cover_debts
from core.payments.allocate import BillShare, Part, PenaltyDue, Receipt, Standing, allocate, allocate_in_order, mirror, postings
from core.payments.rules import AllocationRules, allocation_rules
from core.period import Month

ACCOUNT = EntityId(1)
WATER, HEAT, REPAIR = EntityId(11), EntityId(12), EntityId(13)
SUPPLIER, OPERATOR = EntityId(21), EntityId(22)
AUGUST, SEPTEMBER, OCTOBER = Month(2026, 8), Month(2026, 9), Month(2026, 10)


def debt(service: EntityId, month: Month, amount: int, *, creditor: EntityId = SUPPLIER, surcharge: bool = False) -> OpenItem:
    return OpenItem(ACCOUNT, service, creditor, month, surcharge, amount)


def told(parts: tuple[Part, ...]) -> list[tuple[str, object, object, int]]:
    return [(part.kind, part.origin_month, part.service_id, part.amount) for part in parts]


def test_three_equal_debts_of_one_month() -> None:
    items = tuple(debt(service, SEPTEMBER, 500_00) for service in (WATER, HEAT, REPAIR))
    done = allocate(Receipt("p", 1000_00), Standing(items))
    assert [part.amount for part in done.parts] == [333_34, 333_33, 333_33]


def test_the_named_month_comes_first_and_then_the_oldest() -> None:
    standing = Standing((debt(WATER, AUGUST, 100), debt(WATER, SEPTEMBER, 100), debt(WATER, OCTOBER, 100)))
    done = allocate(Receipt("p", 250, named_month=OCTOBER), standing)
    assert told(done.parts) == [("debt", OCTOBER, WATER, 100), ("debt", AUGUST, WATER, 100), ("debt", SEPTEMBER, WATER, 50)]


def test_a_named_month_without_debt_is_ignored() -> None:
    done = allocate(Receipt("p", 50, named_month=OCTOBER), Standing((debt(WATER, AUGUST, 100),)))
    assert told(done.parts) == [("debt", AUGUST, WATER, 50)]


def test_penalties_after_all_principal_and_capital_repair_last_in_its_month() -> None:
    dues = (
        PenaltyDue(OPERATOR, AUGUST, Component.PENALTY_CAPITAL_REPAIR, 10),
        PenaltyDue(SUPPLIER, SEPTEMBER, Component.PENALTY, 10),
        PenaltyDue(SUPPLIER, AUGUST, Component.PENALTY, 10),
    )
    done = allocate(Receipt("p", 125), Standing((debt(WATER, SEPTEMBER, 100),), dues))
    assert [(part.component, part.origin_month, part.amount) for part in done.parts[1:]] == [
        (Component.PENALTY, AUGUST, 10),
        (Component.PENALTY_CAPITAL_REPAIR, AUGUST, 10),
        (Component.PENALTY, SEPTEMBER, 5),
    ]
    first = allocate(Receipt("p", 15, penalties_first=True), Standing((debt(WATER, SEPTEMBER, 100),), dues[1:2]))
    assert [part.kind for part in first.parts] == ["penalty", "debt"]


def test_the_surcharge_is_a_line_of_its_own_after_its_service() -> None:
    done = allocate(
        Receipt("p", 3), Standing((debt(WATER, SEPTEMBER, 1, surcharge=True), debt(HEAT, SEPTEMBER, 1), debt(WATER, SEPTEMBER, 1)))
    )
    assert [(part.service_id, part.component) for part in done.parts] == [
        (WATER, Component.BASE),
        (WATER, Component.SURCHARGE),
        (HEAT, Component.BASE),
    ]


def test_money_of_one_recipient_covers_only_its_debts() -> None:
    standing = Standing((debt(WATER, AUGUST, 100), debt(REPAIR, SEPTEMBER, 100, creditor=OPERATOR)))
    done = allocate(Receipt("p", 150, creditors=frozenset((OPERATOR,))), standing)
    assert [(part.kind, part.creditor_id, part.amount) for part in done.parts] == [("debt", OPERATOR, 100), ("advance", OPERATOR, 50)]


def test_the_rest_is_an_advance_by_the_lines_of_the_bill() -> None:
    bill = (BillShare(WATER, SUPPLIER, 300), BillShare(HEAT, SUPPLIER, -50), BillShare(REPAIR, OPERATOR, 100))
    done = allocate(Receipt("p", 101, bill=bill), Standing())
    assert told(done.parts) == [("advance", None, WATER, 76), ("advance", None, REPAIR, 25)]
    undivided = allocate(Receipt("p", 101), Standing())
    assert told(undivided.parts) == [("advance", None, None, 101)]


def test_a_month_that_is_not_billed_yet_is_paid_ahead() -> None:
    done = allocate(Receipt("p", 100, before=OCTOBER), Standing((debt(WATER, OCTOBER, 100),)))
    assert [part.kind for part in done.parts] == ["advance"]


def test_each_payment_finds_what_those_before_it_left() -> None:
    first, second = allocate_in_order([Receipt("a", 70), Receipt("b", 70)], Standing((debt(WATER, AUGUST, 100),)))
    assert told(first.parts) == [("debt", AUGUST, WATER, 70)]
    assert told(second.parts) == [("debt", AUGUST, WATER, 30), ("advance", None, None, 40)]


def test_nothing_is_not_a_payment() -> None:
    with pytest.raises(ValueError, match="not positive"):
        allocate(Receipt("p", 0), Standing())


def test_a_reversal_mirrors_the_stored_parts() -> None:
    done = allocate(Receipt("p", 100), Standing((debt(WATER, AUGUST, 40), debt(HEAT, AUGUST, 20), debt(WATER, SEPTEMBER, 40))))
    assert mirror(done, key="s").parts == done.parts
    part = mirror(done, key="s", amount=50)
    assert [item.amount for item in part.parts] == [20, 10, 20]
    back = postings(part, ACCOUNT, source=Chart.TRANSIT, back=True)
    assert {(posting.debit, posting.credit) for posting in back} == {(Chart.RECEIVABLE, Chart.TRANSIT)}
    with pytest.raises(ValueError, match="does not fit"):
        mirror(done, key="s", amount=101)


months = st.builds(Month, st.integers(2020, 2026), st.integers(1, 12))
entities = st.integers(1, 6).map(EntityId)
items = st.builds(OpenItem, st.just(ACCOUNT), entities, entities, months, st.booleans(), st.integers(-1_000_00, 1_000_000_00))
dues = st.builds(
    PenaltyDue,
    entities,
    st.none() | months,
    st.sampled_from((Component.PENALTY, Component.PENALTY_CAPITAL_REPAIR)),
    st.integers(0, 10_000_00),
)
shares = st.builds(BillShare, entities, entities, st.integers(-100_00, 100_000_00))
receipts = st.builds(
    Receipt,
    key=st.text(max_size=5),
    amount=st.integers(1, 2_000_000_00),
    named_month=st.none() | months,
    bill=st.lists(shares, max_size=6).map(tuple),
    penalties_first=st.booleans(),
    before=st.none() | months,
    creditors=st.none() | st.frozensets(entities, max_size=3),
)
standings = st.builds(
    Standing,
    st.lists(items, max_size=12, unique_by=lambda i: (i.service_id, i.creditor_id, i.origin_month, i.surcharge)).map(tuple),
    st.lists(dues, max_size=6, unique_by=lambda d: (d.creditor_id, d.origin_month, d.component)).map(tuple),
)


any_rules = st.fixed_dictionaries(
    {
        "kopek_remainder": st.sampled_from(["largest_remainder", "last_service", "largest_service"]),
        "inside_month": st.sampled_from(["pro_rata", "rso, maintenance", "maintenance, capital_repair, rso"]),
        "penalty_order": st.sampled_from(["after_principal", "pro_rata", "first"]),
        "named_period_first": st.booleans(),
    }
).map(allocation_rules)
GROUPS = {WATER: "rso", HEAT: "maintenance", REPAIR: "capital_repair"}


@given(st.lists(receipts, min_size=1, max_size=4), standings, any_rules)
def test_any_payment_closes_to_the_kopeck_and_never_overpays_by_any_rules(
    many: list[Receipt], standing: Standing, rules: AllocationRules
) -> None:
    standing = replace(standing, groups=GROUPS)
    done = allocate_in_order(many, standing, rules)
    assert [allocation.amount for allocation in done] == [receipt.amount for receipt in many]
    assert all(part.amount > 0 for allocation in done for part in allocation.parts)
    assert done == allocate_in_order(many, standing, rules)
    owed = {(i.service_id, i.creditor_id, i.origin_month, i.surcharge): i.amount for i in standing.items}
    for allocation, receipt in zip(done, many, strict=True):
        for part in allocation.parts:
            if part.kind == "debt":
                assert part.service_id is not None and part.creditor_id is not None and part.origin_month is not None
                key = (part.service_id, part.creditor_id, part.origin_month, part.component is Component.SURCHARGE)
                owed[key] -= part.amount
                assert owed[key] >= 0
            if receipt.creditors is not None and part.creditor_id is not None:
                assert part.creditor_id in receipt.creditors


@given(receipts, standings)
def test_the_order_in_which_debts_are_read_does_not_matter(receipt: Receipt, standing: Standing) -> None:
    turned = Standing(tuple(reversed(standing.items)), tuple(reversed(standing.penalties)))
    assert allocate(receipt, turned) == allocate(receipt, standing)


@given(receipts, standings, st.data())
def test_a_partial_reversal_takes_no_more_than_each_part(receipt: Receipt, standing: Standing, data: st.DataObject) -> None:
    done = allocate(receipt, standing)
    amount = data.draw(st.integers(1, receipt.amount))
    back = mirror(done, key="s", amount=amount)
    assert back.amount == amount
    assert _together(back.parts) <= _together(done.parts)


def _together(parts: tuple[Part, ...]) -> Counter[tuple[object, ...]]:
    """Amounts by what they are for: a bill may have two lines of one service and recipient."""
    amounts: Counter[tuple[object, ...]] = Counter()
    for part in parts:
        amounts[part.kind, part.service_id, part.creditor_id, part.origin_month, part.component] += part.amount
    return amounts


TWO_MONTHS = Standing(
    (debt(WATER, AUGUST, 100_00), debt(WATER, SEPTEMBER, 100_00)),
    (PenaltyDue(SUPPLIER, AUGUST, Component.PENALTY, 20_00), PenaltyDue(SUPPLIER, SEPTEMBER, Component.PENALTY, 10_00)),
)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [("debt", SEPTEMBER, 100_00), ("debt", AUGUST, 50_00)]),
        ({"named_period_first": False}, [("debt", AUGUST, 100_00), ("debt", SEPTEMBER, 50_00)]),
        (
            {"penalty_order": "first"},
            [("penalty", AUGUST, 20_00), ("penalty", SEPTEMBER, 10_00), ("debt", SEPTEMBER, 100_00), ("debt", AUGUST, 20_00)],
        ),
        # сентябрь 110,00 целиком, остальное августу: 40,00 × 100 / 120 и 40,00 × 20 / 120
        (
            {"penalty_order": "pro rata"},
            [("debt", SEPTEMBER, 100_00), ("penalty", SEPTEMBER, 10_00), ("debt", AUGUST, 33_33), ("penalty", AUGUST, 6_67)],
        ),
    ],
)  # fmt: skip
def test_the_order_that_a_region_sets(settings: dict[str, object], expected: list[tuple[str, Month, int]]) -> None:
    done = allocate(Receipt("p", 150_00, named_month=SEPTEMBER), TWO_MONTHS, allocation_rules(settings))
    assert [(part.kind, part.origin_month, part.amount) for part in done.parts] == expected
    assert ("(" in done.rule) == bool(settings)


def test_penalties_of_a_month_come_with_its_last_group_and_debts_that_turn_up_keep_the_order() -> None:
    rules = allocation_rules({"inside_month": ["maintenance", "rso"], "penalty_order": "pro rata"})
    items = (debt(WATER, AUGUST, 60), debt(HEAT, AUGUST, 40))
    standing = Standing(items, (PenaltyDue(SUPPLIER, AUGUST, Component.PENALTY, 20),), groups=GROUPS)
    done = allocate(Receipt("p", 80), standing, rules)
    assert [(part.kind, part.service_id, part.amount) for part in done.parts] == [
        ("debt", HEAT, 40),
        ("debt", WATER, 30),
        ("penalty", None, 10),
    ]
    assert done.rule == "2026-11-01 (penalty_order=pro_rata, inside_month=maintenance > rso)"
    ahead = Ahead("payment/p", date(2026, 10, 1), None, SUPPLIER, 50)
    covered = cover_debts([ahead], items, rules, GROUPS)
    assert [(found.service_id, amount) for _, found, amount in covered] == [(HEAT, 40), (WATER, 10)]


def test_an_advance_that_is_held_stays_undivided() -> None:
    bill = (BillShare(WATER, SUPPLIER, 300), BillShare(REPAIR, OPERATOR, 100))
    split_up = allocate(Receipt("p", 400, bill=bill), Standing())
    assert told(split_up.parts) == [("advance", None, WATER, 300), ("advance", None, REPAIR, 100)]
    held = allocate(Receipt("p", 400, bill=bill), Standing(), allocation_rules({"advance_split": "hold"}))
    assert told(held.parts) == [("advance", None, None, 400)]
    assert held.rule == "2026-11-01 (advance_split=hold)"
