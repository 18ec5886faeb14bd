"""Sums of changes: the distribution, the accounts that move most, causes and services; and values of a file over those in force."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from core.charges.changes import LineChange
from core.charges.comparison import PERCENTS, ROUBLES, Comparison, in_buckets
from core.charges.proposed import Proposal, Step, steps_to
from core.ids import EntityId, ProviderId
from core.model.facts import Facts
from core.model.finding import Position
from core.model.records import ApprovedNorm, ApprovedTariff, Record, RegionSetting
from tests.unit.core.charges.house import OCTOBER, law, norm, region, tariff

SENDER, HOUSE = ProviderId(1), EntityId(5)
SUPPLIERS: dict[str, EntityId | None] = {"7700000001": EntityId(9), "7700000002": EntityId(10)}


def _compared(*amounts: tuple[int, int], top: int = 10) -> Comparison:
    sums = Comparison(top)
    for number, (before, after) in enumerate(amounts, start=1):
        causes = {"tariff": after - before} if after != before else {}
        sums.add(EntityId(number), [LineChange(EntityId(number), EntityId(2), before, after, causes)], sender=SENDER, house=HOUSE)
    return sums


@pytest.mark.parametrize(
    ("kopecks", "label"),
    [
        (0, "без изменений"), (1, "0 … +20 ₽"), (2000, "0 … +20 ₽"), (2001, "+20 … +50 ₽"), (100000, "+500 … +1000 ₽"),
        (100001, "выше +1000 ₽"), (-1, "−20 … 0 ₽"), (-2000, "−20 … 0 ₽"), (-2001, "−50 … −20 ₽"), (-100000, "−1000 … −500 ₽"),
        (-100001, "ниже −1000 ₽"),
    ],
)  # fmt: skip
def test_a_bound_belongs_to_the_bucket_nearer_to_zero(kopecks: int, label: str) -> None:
    sums = _compared((1_000_000, 1_000_000 + kopecks))
    assert [name for name, bucket in in_buckets(sums.roubles, ROUBLES, "₽") if bucket.accounts] == [label]


def test_per_cents_are_of_what_was_paid_before_and_accounts_without_it_are_apart() -> None:
    sums = _compared((10000, 10500), (10000, 4999), (0, 700), (300, 0))
    found = {name: bucket.accounts for name, bucket in in_buckets(sums.percents, PERCENTS, "%") if bucket.accounts}
    assert found == {"0 … +5 %": 1, "ниже −50 %": 2}
    assert (sums.appeared.accounts, sums.appeared.after, sums.ended.accounts, sums.ended.before) == (1, 700, 1, 300)
    assert (sums.total.more, sums.total.less, sums.total.same, sums.total.amount) == (2, 2, 0, 500 - 5001 + 700 - 300)
    assert sums.total.percent == Fraction(100 * -4101, 20300)


def test_those_that_move_most_are_kept_the_greatest_first() -> None:
    sums = _compared((100, 150), (100, 400), (100, 100), (100, 200), (100, 400), (100, 0), (100, 60), top=2)
    up, down = sums.movers()
    assert [(one.account_id, one.amount) for one in up] == [(2, 300), (5, 300)]  # of equals the smaller number
    assert [(one.account_id, one.amount) for one in down] == [(6, -100), (7, -40)]
    assert _compared((1, 2), top=0).movers() == ([], [])


def test_causes_that_go_both_ways_are_shown_both_ways() -> None:
    sums = _compared((100, 150), (100, 70))
    moved = sums.by_cause["tariff"]
    assert (moved.up, moved.down, moved.amount, moved.accounts) == (50, -30, 20, 2)
    assert moved.by_service == {(SENDER, EntityId(2)): 20}
    assert sums.by_house[SENDER, HOUSE].amount == sums.by_service[SENDER, EntityId(2)].amount == 20


def _tariff(value: int, first: date, last: date | None = None, inn: str | None = "7700000001", utility: int = 1) -> Record:
    body = ApprovedTariff("utility", utility, None, None, inn, "02701000001", "проект", first, last, value * 10**6)
    return Record("t", Position("f", 1), body, valid_from=first, valid_to=last)


def _norm(value: int, first: date, last: date | None = None) -> Record:
    body = ApprovedNorm(1, 1, "per_person", "113", first, value * 10**6, last, "проект")
    return Record("n", Position("f", 1), body, valid_from=first, valid_to=last)


def _steps(facts: Facts, *records: Record, whole_month: bool = False) -> list[Step]:
    return steps_to(Proposal(law(), records, whole_month), facts, law(), OCTOBER, SUPPLIERS)[0]


def _days(values: object) -> list[tuple[date, date | None, int]]:
    assert isinstance(values, tuple)
    return sorted((one.first, one.last, one.value_e6 // 10**6) for one in values)


def test_a_value_holds_on_its_days_and_what_was_in_force_resumes_after_them() -> None:
    facts = region((tariff(1, 40),), (norm(1, 1, "per_person", 4_000_000),))
    _, step = _steps(facts, _tariff(44, date(2026, 10, 5), date(2026, 10, 9)))
    assert step.key == "tariff" and _days(step.facts.tariffs) == [
        (date(2026, 1, 1), date(2026, 10, 4), 40), (date(2026, 10, 5), date(2026, 10, 9), 44), (date(2026, 10, 10), date(2026, 12, 31), 40),
    ]  # fmt: skip
    assert step.facts.tariffs[-1].supplier_id == 9 and step.facts.norms == facts.norms
    _, step = _steps(facts, _tariff(44, date(2026, 10, 1), inn=None))
    assert step.facts.tariffs[-1].supplier_id == 9  # no supplier named: the one that there is
    _, step = _steps(facts, _tariff(44, date(2026, 10, 1), inn="7700000002"))
    assert _days(step.facts.tariffs) == [(date(2026, 1, 1), date(2026, 9, 30), 40), (date(2026, 10, 1), None, 44)]


def test_a_norm_without_an_end_holds_until_the_next_one_that_is_known() -> None:
    known = (norm(1, 1, "per_person", 4_000_000), norm(1, 1, "per_person", 5_000_000, first=date(2026, 10, 15)))
    _, step = _steps(region(norms=known), _norm(6, date(2026, 10, 1)))
    assert _days(step.facts.norms) == [
        (date(2026, 1, 1), date(2026, 9, 30), 4), (date(2026, 10, 1), None, 6), (date(2026, 10, 15), None, 5),
    ]  # fmt: skip


def test_what_says_the_same_is_no_step() -> None:
    facts = region((tariff(1, 40),), (norm(1, 1, "per_person", 4_000_000),), coefficient_cold_water="3")
    same = Record("s", Position("f", 1), RegionSetting("coefficient_cold_water", '"3"'))
    assert len(_steps(facts, _tariff(40, date(2026, 10, 5)), _norm(4, date(2026, 10, 1)), same)) == 1
    assert len(_steps(facts, _tariff(44, date(2026, 11, 1)), _norm(5, date(2027, 1, 1)))) == 1
    assert [step.key for step in _steps(facts, _tariff(44, date(2026, 11, 1)), _norm(5, date(2027, 1, 1)), whole_month=True)] == [
        "", "tariff", "norm",
    ]  # fmt: skip


def test_settings_and_rules_are_steps_of_their_own() -> None:
    setting = Record("s", Position("f", 1), RegionSetting("residence_end", '"exclusive"'), valid_from=date(2026, 10, 1))
    source = """
[average.longest_months]
meaning = "месяцев среднего"
clause = "п. 59"
values = [{ from = 2026-10-01, to = 2026-12-31, value = "2", act = "проект" }]
"""
    changed = law().with_changes("x.toml", source)
    months = [rules.number("average.longest_months", date(2026, month, 1)) for rules in (law(), changed) for month in (9, 10)]
    assert months == [3, 3, 3, 2]
    assert changed.number("average.longest_months", date(2027, 1, 1)) == 3
    steps, notes = steps_to(Proposal(changed, [setting]), region(), law(), OCTOBER, {})
    assert [step.key for step in steps] == ["", "setting.residence_end", "average.longest_months"] and notes == []
    assert steps[1].facts.settings["residence_end"] == "exclusive" and steps[1].law is steps[0].law
    assert law().with_changes("x.toml", source, since=date(2026, 9, 1)).number("average.longest_months", date(2027, 1, 1)) == 2
