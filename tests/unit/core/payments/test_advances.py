"""Advances cover the new bill of their own recipient, to the kopeck, and never another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import EntityId
from core.payments.advances import Used, offset_advances, share_undivided
from core.payments.allocate import BillShare

UK, SUPPLIER = EntityId(1), EntityId(2)
MAINTENANCE, WATER, HEAT = EntityId(11), EntityId(12), EntityId(13)
BILL = (BillShare(MAINTENANCE, UK, 1204_10), BillShare(WATER, UK, 402_66), BillShare(HEAT, SUPPLIER, 2210_00))


def test_an_advance_of_one_recipient_stays_when_anothers_bill_is_due() -> None:
    offset = offset_advances({SUPPLIER: 5000_00}, BILL)
    assert offset.used == (Used(HEAT, SUPPLIER, 2210_00),)
    assert offset.left == {SUPPLIER: 2790_00}
    assert offset_advances({EntityId(9): 100}, BILL).left == {EntityId(9): 100}
    with pytest.raises(ValueError, match="negative"):
        offset_advances({UK: -1}, BILL)


def test_an_undivided_advance_is_shared_by_the_first_bill() -> None:
    assert share_undivided(1500_00, BILL) == {UK: 631_46, SUPPLIER: 868_54}
    assert share_undivided(1500_00, ()) == {}


@given(st.integers(0, 10**6), st.lists(st.integers(-1000, 10**5), max_size=8))
def test_what_is_used_and_what_is_left_are_the_advance(advance: int, totals: list[int]) -> None:
    bill = [BillShare(EntityId(100 + place), UK, total) for place, total in enumerate(totals)]
    offset = offset_advances({UK: advance}, bill)
    assert sum(part.amount for part in offset.used) + offset.left[UK] == advance
    assert all(0 < part.amount <= bill[part.service_id - 100].total for part in offset.used)
