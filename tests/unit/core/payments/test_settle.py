"""Settlement with suppliers: nothing is lost, nothing waits longer than the law lets it, small sums wait and large ones do not."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.calendar import WorkCalendar
from core.ids import EntityId
from core.payments.settle import Received, SettlementRules, Transfer, agent_fee, settle

CALENDAR = WorkCalendar.of([date(2026, 11, 4)], years=[2026])
RULES = SettlementRules(5000_00, 5)
WATER, HEAT = EntityId(1), EntityId(2)
FRIDAY = date(2026, 10, 30)


def test_a_small_sum_waits_for_the_fifth_working_day_over_a_holiday() -> None:
    found = settle([Received(FRIDAY, WATER, "utility", 100_00)], RULES, CALENDAR)
    assert found.transfers == (Transfer(date(2026, 11, 9), WATER, 100_00),)  # 2, 3, 5, 6, 9 November; the 4th is a day off


def test_what_arrives_on_the_last_day_waits_anew() -> None:
    receipts = [Received(FRIDAY, WATER, "utility", 100_00), Received(date(2026, 11, 9), WATER, "utility", 200_00)]
    assert settle(receipts, RULES, CALENDAR).transfers == (
        Transfer(date(2026, 11, 9), WATER, 100_00),
        Transfer(date(2026, 11, 16), WATER, 200_00),
    )


def test_a_large_day_takes_what_waits_with_it() -> None:
    receipts = [Received(FRIDAY, WATER, "utility", 100_00), Received(date(2026, 11, 2), WATER, "utility", 5000_00)]
    assert settle(receipts, RULES, CALENDAR).transfers == (Transfer(date(2026, 11, 3), WATER, 5100_00),)


def test_every_day_where_the_region_does_not_collect() -> None:
    rules = SettlementRules(5000_00, 5, accumulates=False)
    assert settle([Received(FRIDAY, WATER, "utility", 1_00)], rules, CALENDAR).transfers == (Transfer(date(2026, 11, 2), WATER, 1_00),)


def test_surcharge_and_common_property_stay_with_the_provider() -> None:
    receipts = [Received(FRIDAY, WATER, "k_surcharge", 7_00), Received(FRIDAY, HEAT, "soi", 5_00)]
    found = settle(receipts, RULES, CALENDAR)
    assert (found.transfers, found.kept_by_provider) == ((), 12_00)


def test_the_fee_is_rounded_once() -> None:
    assert agent_fee(7001_11, percent=Fraction("1.35")) == 94_51
    assert agent_fee(0, percent=Fraction(3)) == 0


days = st.dates(date(2026, 9, 1), date(2026, 11, 30))
receipts = st.builds(
    Received,
    on=days,
    supplier_id=st.sampled_from([WATER, HEAT]),
    kind=st.sampled_from(["utility", "utility", "soi", "k_surcharge"]),
    amount=st.integers(1, 7000_00),
)


@given(st.lists(receipts, max_size=25))
def test_every_kopeck_goes_somewhere_and_in_time(received: list[Received]) -> None:
    found = settle(received, RULES, CALENDAR)
    assert sum(transfer.amount for transfer in found.transfers) + found.kept_by_provider == sum(item.amount for item in received)
    for item in received:
        if item.kind == "utility":
            latest = CALENDAR.working_day_after(item.on, 5)
            assert any(item.on < transfer.on <= latest for transfer in found.transfers if transfer.supplier_id == item.supplier_id)
    assert all(CALENDAR.is_working(transfer.on) for transfer in found.transfers)
