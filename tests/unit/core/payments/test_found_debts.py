"""Advances that have found their debts: only banks' money moves, to the kopeck, and comes back the way it went."""

from __future__ import annotations

from core.ids import EntityId
from core.payments.found_debts import Found, Moved, Pool

WATER, MANAGER = EntityId(1), EntityId(2)
SURCHARGE, BASE = (EntityId(7), 1), (EntityId(7), 0)


def test_an_undivided_advance_goes_to_those_it_was_shared_by_and_no_more_than_banks_brought() -> None:
    pool = Pool()
    pool.receive(None, 100)
    found = list(pool.use([Moved("share", WATER, 120), Moved("share", MANAGER, 60)]))  # 80 of the 180 came another way
    assert [(one.source, one.creditor_id, one.amount) for one in found] == [(None, WATER, 67), (None, MANAGER, 33)]
    assert (pool.money[None], pool.money[WATER], pool.money[MANAGER]) == (0, 67, 33)
    assert not list(pool.use([Moved("share", WATER, 10)]))


def test_what_covers_a_surcharge_stays_with_the_provider_and_returns_with_the_use() -> None:
    pool = Pool()
    pool.receive(WATER, 100)
    uses = [Moved("debt", WATER, 80, BASE), Moved("debt", WATER, 20, SURCHARGE, stays=True)]
    assert list(pool.use(uses)) == [Found(WATER, WATER, 20, SURCHARGE)]
    assert pool.money[WATER] == 0
    back = [Moved("debt", WATER, -80, BASE), Moved("debt", WATER, -20, SURCHARGE, stays=True)]
    assert list(pool.use(back)) == [Found(WATER, WATER, -20, SURCHARGE)]
    assert pool.money[WATER] == 100


def test_an_advance_that_no_bank_brought_moves_nothing() -> None:
    assert not list(Pool().use([Moved("share", WATER, 50), Moved("debt", WATER, 50, SURCHARGE, stays=True)]))
