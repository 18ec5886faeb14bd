"""The daily register: allocations less returns are transfers, fees and what is on hand, for every recipient and day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.calendar import WorkCalendar
from core.ids import EntityId
from core.payments.daily import UNDIVIDED, Collected, Recipient, Sent, as_it_came, daily_rows, standings
from core.payments.settle import SettlementRules

CALENDAR = WorkCalendar.of([date(2026, 11, 4)], years=[2026, 2027])
RULES = SettlementRules(5000_00, 5)
WATER, FUND = Recipient(EntityId(1), "40821", "1"), Recipient(EntityId(2), "40604", "2")
FIRST, LAST = date(2026, 10, 26), date(2026, 11, 23)


def test_a_day_of_one_recipient() -> None:
    monday = date(2026, 11, 9)
    facts = [Collected(monday, WATER, "utility", 6000_00, bank_fee=60_00, own_fee=90_00), Collected(monday, WATER, "utility", -100_00)]
    sent = [Sent(date(2026, 11, 10), WATER, 5750_00)]
    first, second = daily_rows(facts, sent, RULES, CALENDAR, first=monday, last=LAST)
    assert (first.opening, first.collected, first.returned, first.bank_fee, first.own_fee, first.closing) == (
        0,
        6000_00,
        100_00,
        60_00,
        90_00,
        5750_00,
    )
    assert (second.on, second.opening, second.due, second.transferred, second.closing) == (date(2026, 11, 10), 5750_00, 5750_00, 5750_00, 0)


def test_money_that_has_not_come_and_an_undivided_advance_never_leave() -> None:
    facts = [Collected(None, WATER, "utility", 9000_00), Collected(FIRST, UNDIVIDED, "other", 700_00)]
    found = standings(facts, [], RULES, CALENDAR, on=LAST)
    assert (found[WATER].awaited, found[WATER].on_hand, found[WATER].to_transfer) == (9000_00, 0, 0)
    assert (found[UNDIVIDED].on_hand, found[UNDIVIDED].to_transfer) == (700_00, 0)


def test_what_is_taken_back_after_the_transfer_is_kept_from_the_next_receipts() -> None:
    facts = [Collected(FIRST, FUND, "contribution", 300_00), Collected(date(2026, 10, 28), FUND, "contribution", -200_00)]
    sent = [Sent(date(2026, 10, 27), FUND, 300_00)]
    assert standings(facts, sent, RULES, CALENDAR, on=date(2026, 10, 29))[FUND].on_hand == -200_00
    facts.append(Collected(date(2026, 10, 30), FUND, "contribution", 250_00))
    found = standings(facts, sent, RULES, CALENDAR, on=date(2026, 11, 2))[FUND]
    assert (found.on_hand, found.to_transfer) == (50_00, 50_00)


facts_of_a_month = st.lists(
    st.builds(
        Collected,
        on=st.one_of(st.none(), st.dates(FIRST, date(2026, 11, 13))),
        recipient=st.sampled_from([WATER, FUND, UNDIVIDED]),
        kind=st.sampled_from(["utility", "contribution", "k_surcharge", "other"]),
        amount=st.one_of(st.integers(1, 7000_00), st.integers(-3000_00, -1)),
        bank_fee=st.integers(0, 50),
        own_fee=st.integers(0, 50),
    ),
    max_size=10,
)


@settings(max_examples=20, phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
@given(facts_of_a_month)
def test_allocations_less_returns_are_transfers_fees_and_what_is_on_hand(facts: list[Collected]) -> None:
    """Every day what is due is transferred, as a centre does; the identity is checked against sums of its own."""
    sent: list[Sent] = []
    on_hand: dict[Recipient, int] = defaultdict(int)
    day = FIRST
    while day <= LAST:
        for recipient, standing in standings(facts, sent, RULES, CALENDAR, on=day).items():
            if standing.to_transfer and CALENDAR.is_working(day):
                sent.append(Sent(day, recipient, standing.to_transfer))
        for fact in facts:
            if fact.on == day:
                on_hand[fact.recipient] += fact.net
        for item in sent:
            if item.on == day:
                on_hand[item.recipient] -= item.amount
        closing = {row.recipient: row.closing for row in daily_rows(facts, sent, RULES, CALENDAR, first=date.min, last=day)}
        for recipient in (WATER, FUND, UNDIVIDED):
            assert closing.get(recipient, 0) == on_hand[recipient]
            net = sum(fact.net for fact in facts if fact.recipient == recipient and fact.on is not None and fact.on <= day)
            assert net == sum(item.amount for item in sent if item.recipient == recipient) + on_hand[recipient]
        day += timedelta(days=1)
    if all(fact.net >= 0 for fact in facts):
        assert not on_hand[WATER] and not on_hand[FUND]
    assert all(item.amount > 0 and item.recipient != UNDIVIDED for item in sent)


@given(st.integers(-10_000, 10_000), st.integers(0, 300), st.lists(st.integers(1, 5_000), min_size=1, max_size=4), st.integers(0, 5_000))
def test_a_receipt_is_due_as_its_money_came_and_later_orders_change_nothing_before_them(
    amount: int, fee: int, orders: list[int], missing: int
) -> None:
    """To the kopeck in sum, each part within a kopeck of its share; with the next order the earlier days stand as they stood."""
    fact = Collected(None, WATER, "utility", amount, bank_fee=fee)
    whole = sum(orders) + missing
    days = [FIRST + timedelta(days=n) for n in range(len(orders))]

    def parts(known: int) -> dict[date | None, Collected]:
        came = [*zip(days[:known], orders[:known], strict=True)]
        return {one.on: one for one in as_it_came(fact, [*came, (None, whole - sum(orders[:known]))])}

    for known in range(len(orders) + 1):
        found = parts(known)
        assert (sum(one.amount for one in found.values()), sum(one.bank_fee for one in found.values())) == (amount, fee)
        for day, order in zip(days[:known], orders[:known], strict=True):
            part = found[day].amount if day in found else 0
            assert abs(part * whole - amount * order) <= whole
            assert found.get(day) == parts(known - 1).get(day, found.get(day))
