"""Penalties: boundaries of the scale, rate policies, stops, recalculations; and any debt against a simulation day by day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.law import tables
from core.charges.law import Law
from core.charges.penalties import Change, Debt, Segment, accrued, segments, to_post
from core.charges.penalty_rules import KeyRate, PenaltyRounding, PenaltyRules, RateSpan, Scale, Stop, penalty_rules
from core.errors import ConfigError

LAW = Law.from_tables(tables())
DAY = timedelta(days=1)
TODAY = date(2026, 10, 31)
CITIZEN = Scale(date(2016, 1, 1), None, ((31, 300), (91, 130)))
CAPITAL = Scale(date(2016, 1, 1), None, ((31, 300),))
FROZEN = RateSpan(date(2022, 2, 28), date(2026, 12, 31), Fraction("9.5"))
SCALES = {"citizen": (CITIZEN,), "capital": (CAPITAL,)}
DUE = date(2026, 4, 15)


def rules(**other: object) -> PenaltyRules:
    return PenaltyRules(SCALES, (FROZEN,), **other)  # type: ignore[arg-type]  # the fields of the rules by name


def whole(debt: Debt, how: PenaltyRules, as_of: date) -> Fraction:
    return accrued(debt, how, first=date(2016, 1, 1), as_of=as_of)


@dataclass
class Kopeck:
    """One kopeck of the principal: owed from a day, until the day before another (None: still), with the day whose rate it bears."""

    first: date
    until: date | None = None
    rate_day: date | None = None


def simulated_rounded(debt: Debt, how: PenaltyRules, first: date, as_of: date) -> Fraction:
    """The simulation's days one by one, rounded alone or added by calendar month."""
    by_day = simulated_days(debt, how, first, as_of)
    if how.rounding == "once":
        return sum(by_day.values(), Fraction(0))
    groups: dict[object, Fraction] = defaultdict(Fraction)
    for day, amount in by_day.items():
        groups[day if how.rounding == "daily" else (day.year, day.month)] += amount
    return sum((Fraction(floor(100 * amount + Fraction(1, 2)), 100) for amount in groups.values()), Fraction(0))


def simulated(debt: Debt, how: PenaltyRules, first: date, as_of: date) -> Fraction:
    """All days of the simulation together."""
    return sum(simulated_days(debt, how, first, as_of).values(), Fraction(0))


def simulated_days(debt: Debt, how: PenaltyRules, first: date, as_of: date) -> dict[date, Fraction]:
    """Kopeck after kopeck, day after day: the oldest kopecks are paid first, money that is too much waits for the next ones."""
    owed: list[Kopeck] = []
    ahead = 0
    for change in sorted(debt.changes, key=lambda change: (change.first, -change.amount)):
        if change.first > as_of:
            break
        for _ in range(abs(change.amount)):
            unpaid = next((kopeck for kopeck in owed if kopeck.until is None), None)
            if change.amount > 0 and ahead:
                ahead -= 1
            elif change.amount > 0:
                owed.append(Kopeck(change.first))
            elif unpaid is None:
                ahead += 1
            else:
                unpaid.until, unpaid.rate_day = change.first, change.rate_day
    same = Counter((kopeck.first, kopeck.until, kopeck.rate_day) for kopeck in owed)
    by_day: dict[date, Fraction] = defaultdict(Fraction)
    for key, number in same.items():
        for day, amount in one_kopeck(debt, how, Kopeck(*key), first, as_of):
            by_day[day] += number * amount
    return by_day


def one_kopeck(debt: Debt, how: PenaltyRules, kopeck: Kopeck, first: date, as_of: date) -> Iterator[tuple[date, Fraction]]:
    day = max(kopeck.first, first)
    while day <= as_of and (kopeck.until is None or day < kopeck.until):
        stopped = any(stop.first <= day <= stop.last and (not stop.existing or debt.due < stop.first) for stop in (*how.stops, *debt.stops))
        divisor = how.scales[debt.group][0].divisor((day - debt.due).days)
        if divisor is not None and not stopped:
            yield day, Fraction(1, 100) * how.rate(day, kopeck.rate_day or as_of) / 100 / divisor
        day += DAY


days = st.dates(date(2026, 4, 1), date(2027, 4, 30))


@settings(deadline=None, max_examples=300)
@given(
    group=st.sampled_from(["citizen", "capital"]),
    amounts=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    payments=st.lists(st.tuples(days, st.integers(1, 30)), max_size=4),
    recalculations=st.lists(st.tuples(days, st.integers(-20, 20).filter(bool)), max_size=2),
    first=days,
    as_of=days,
    stop=st.none() | st.tuples(days, days),
    per_day=st.booleans(),
    split=st.booleans(),
    counts=st.booleans(),
    back=st.booleans(),
    rounding=st.sampled_from(["once", "daily", "monthly"]),
)
def test_any_debt_is_what_a_simulation_by_days_gives(
    group: str,
    amounts: list[int],
    payments: list[tuple[date, int]],
    recalculations: list[tuple[date, int]],
    first: date,
    as_of: date,
    stop: tuple[date, date] | None,
    per_day: bool,
    split: bool,
    counts: bool,
    back: bool,
    rounding: PenaltyRounding,
) -> None:
    keys = (KeyRate(date(2026, 4, 1), Fraction(16)), KeyRate(date(2026, 8, 3), Fraction(9)), KeyRate(date(2027, 2, 1), Fraction(14)))
    stops = () if stop is None else (Stop(min(stop), max(stop)),)
    how = rules(key_rates=keys, per_day=per_day, split=split, payment_day_counts=counts, recalculation_from_original=back, stops=stops)
    changes = [Change.charged(DUE - 20 * DAY, amount) for amount in amounts]
    changes += [Change.paid(on, amount, how) for on, amount in payments]
    changes += [Change.recalculated(on, amount, how) for on, amount in recalculations]
    debt = Debt(DUE, tuple(changes), group)  # type: ignore[arg-type]  # one of the two groups
    assert accrued(debt, how, first=first, as_of=as_of) == simulated(debt, how, first, as_of)
    rounded = replace(how, rounding=rounding)
    assert accrued(debt, rounded, first=first, as_of=as_of) == simulated_rounded(debt, rounded, first, as_of)
    shown = segments(debt, how, first=first, last=as_of)
    assert all(one.last < two.first for one, two in pairwise(shown))
    if not per_day:
        return
    for segment in shown:
        one_day = accrued(debt, how, first=segment.first, as_of=segment.first)
        assert one_day == Fraction(segment.principal, 10_000 * segment.divisor) * how.rate_on(segment.first)


def test_days_30_31_90_and_91() -> None:
    debt = Debt(DUE, (Change.charged(DUE, 6000_00),))
    assert whole(debt, rules(), DUE + 30 * DAY) == 0
    assert whole(debt, rules(), DUE + 31 * DAY) == Fraction("1.9")
    assert whole(debt, rules(), DUE + 90 * DAY) == 114
    assert whole(debt, rules(), DUE + 91 * DAY) == 114 + 6000 * Fraction("0.095") / 130


def test_a_month_posts_what_has_accrued_less_what_was_posted() -> None:
    assert to_post(Fraction("9.504"), posted=30_40) == -20_90


def test_segments_are_cut_by_payments_and_by_the_scale() -> None:
    debt = Debt(DUE, (Change.charged(DUE, 100_00), Change.paid(date(2026, 7, 5), 40_00, rules())))
    assert segments(debt, rules(), first=date(2026, 7, 1), last=date(2026, 7, 31)) == [
        Segment(date(2026, 7, 1), date(2026, 7, 5), 100_00, 300),
        Segment(date(2026, 7, 6), date(2026, 7, 14), 60_00, 300),
        Segment(date(2026, 7, 15), date(2026, 7, 31), 60_00, 130),
    ]
    paid = Debt(DUE, (Change.charged(DUE, 100_00), Change.paid(date(2026, 7, 5), 100_00, rules())))
    assert segments(paid, rules(), first=date(2026, 7, 10), last=date(2026, 7, 31)) == []


def test_a_credit_bears_nothing() -> None:
    how = rules()
    debt = Debt(DUE, (Change.charged(DUE, 100_00), Change.recalculated(date(2026, 7, 5), -150_00, how)))
    at_recalculation = whole(debt, how, date(2026, 7, 5))
    assert at_recalculation > 0
    assert whole(debt, how, TODAY) == at_recalculation
    assert segments(debt, how, first=date(2026, 7, 6), last=TODAY) == []


def test_money_that_came_before_the_bill_lowers_the_debt_from_the_start() -> None:
    debt = Debt(DUE, (Change.paid(date(2026, 3, 1), 60_00, rules()), Change.charged(date(2026, 3, 31), 100_00)))
    assert whole(debt, rules(), TODAY) == whole(Debt(DUE, (Change.charged(DUE, 40_00),)), rules(), TODAY)


def test_a_recalculation_may_go_back_to_the_due_day_in_the_payers_favour_only() -> None:
    how = rules(recalculation_from_original=True)
    lower = Debt(DUE, (Change.charged(DUE, 100_00), Change.recalculated(date(2026, 9, 5), -30_00, how)))
    assert whole(lower, how, TODAY) == whole(Debt(DUE, (Change.charged(DUE, 70_00),)), how, TODAY)
    raised = Change.recalculated(date(2026, 9, 5), 30_00, how)
    assert raised.first == date(2026, 9, 6)


def test_a_moratorium_on_existing_debts_spares_those_overdue_before_it_only() -> None:
    law = penalty_rules(LAW, {}, day=TODAY)
    first = date(2022, 4, 1)
    before, after = Debt(date(2022, 3, 10), (Change.charged(first, 100_00),)), Debt(date(2022, 4, 11), (Change.charged(first, 100_00),))
    assert accrued(before, law, first=first, as_of=date(2022, 10, 1)) == 0
    assert accrued(after, law, first=first, as_of=date(2022, 10, 1)) > 0


def test_the_freeze_is_a_ceiling_and_the_key_rate_is_never_guessed() -> None:
    law = penalty_rules(LAW, {"key_rates": [{"from": "2026-06-01", "rate": "8"}]}, day=TODAY)
    assert (law.rate_on(date(2026, 5, 31)), law.rate_on(date(2026, 6, 1))) == (Fraction("9.5"), Fraction(8))
    unknown = penalty_rules(LAW, {}, day=TODAY)
    with pytest.raises(ConfigError) as error:
        unknown.rate_on(date(2027, 1, 1))
    assert error.value.code == "PN-0001"
    assert penalty_rules(LAW, {"penalty_rate_value": "9.5"}, day=TODAY).rate_on(date(2030, 1, 1)) == Fraction("9.5")


@pytest.mark.parametrize(
    "stated",
    [
        {"key_rates": "16"},
        {"key_rates": [{"from": "2026-06-01"}]},
        {"key_rates": [{"from": "вчера", "rate": "8"}]},
        {"penalty_rate": "yearly"},
        {"penalty_by": "whenever"},
    ],
)
def test_settings_that_are_not_understood_are_refused(stated: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        penalty_rules(LAW, stated, day=TODAY)


def test_settings_of_the_region_stand_in_the_place_of_the_law() -> None:
    how = penalty_rules(LAW, {"payment_day_counts": False, "k_surcharge_in_penalty_base": False, "penalty_rate": "per_day"}, day=TODAY)
    assert (how.payment_day_counts, how.surcharge_in_base, how.per_day, how.split) == (False, False, True, True)
