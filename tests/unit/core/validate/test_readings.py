"""Plausibility of readings: rollover, implausible volumes, and that one wrong reading spoils nothing after it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.validate.readings import LIMITS_E3, Taken, judge, limit_for

WATER = LIMITS_E3[1]


def verdicts(*readings: tuple[int, int] | tuple[int, int, int], digits: int | None = 5, limit_e3: int | None = WATER) -> list[str]:
    """Verdicts of readings given as (month of 2026, units[, day])."""
    chain = [Taken(date(2026, month, (*day, 24)[0]), units * 1000, n) for n, (month, units, *day) in enumerate(readings)]
    return [judged.verdict for judged in judge(chain, digits=digits, limit_e3=limit_e3)]


OK, LOW, HIGH = "accepted", "below_previous", "implausible"


def test_a_fall_is_held_and_the_next_is_compared_with_the_last_accepted() -> None:
    assert verdicts((5, 100), (6, 110), (7, 90), (8, 100), (9, 120)) == [OK, OK, LOW, LOW, OK]


@pytest.mark.parametrize(
    ("readings", "digits", "last"),
    [
        (((5, 99970), (6, 99980), (7, 99990), (8, 99999), (9, 9)), 5, OK),
        (((5, 99970), (6, 99980), (7, 99990), (8, 99999), (9, 40)), 5, LOW),  # 41 is above three times the mean
        (((8, 99999), (9, 40)), 5, OK),  # fewer than three months: that part is skipped
        (((8, 99999), (9, 49998)), 5, OK),
        (((8, 99999), (9, 49999)), 5, LOW),  # half of the counter
        (((8, 99999), (9, 9)), None, LOW),
        (((8, 99999), (9, 9)), 0, LOW),
        (((8, 99999), (9, 9)), 10**9, LOW),  # an absurd number of digits is none
        (((8, 150000), (9, 9)), 5, LOW),  # more than the counter holds
    ],
)
def test_rollover(readings: tuple[tuple[int, int], ...], digits: int | None, last: str) -> None:
    # no limit here: what follows a rollover is judged by the rollover's own rule
    assert verdicts(*readings, digits=digits, limit_e3=None)[-1] == last


def test_implausible_needs_three_months_three_means_and_the_limit() -> None:
    month = ((5, 0), (6, 5), (7, 10), (8, 15))
    assert verdicts(*month, (9, 35))[-1] == OK  # 20 is not above 20
    assert verdicts(*month, (9, 36))[-1] == HIGH
    assert verdicts(*month[1:], (9, 99))[-1] == OK  # two months
    assert verdicts((5, 0), (6, 10), (7, 20), (8, 30), (9, 60))[-1] == OK  # three times the mean
    assert verdicts(*month, (9, 999), limit_e3=None)[-1] == OK
    assert verdicts(*month, (9, 99), (10, 20)) == [OK, OK, OK, OK, HIGH, OK]


def test_a_gap_is_divided_over_its_months() -> None:
    month = ((1, 0), (2, 5), (3, 10), (4, 15))
    assert verdicts(*month, (8, 75))[-1] == OK  # 15 a month
    assert verdicts(*month, (8, 99))[-1] == HIGH  # 21 a month


def test_the_last_reading_of_a_month_closes_it() -> None:
    month = ((5, 0), (6, 5), (7, 10), (8, 15))
    assert verdicts(*month, (9, 30, 20), (9, 34, 25)) == [OK] * 6
    assert verdicts(*month, (9, 30, 20), (9, 36, 25))[-1] == HIGH
    assert verdicts((5, 5, 1), (5, 4, 2), (5, 6, 3)) == [OK, LOW, OK]


def test_limits() -> None:
    assert [limit_for(kind) for kind in (1, 2, 3, 4, 5, 7, None)] == [20_000, 20_000, 600_000, 300_000, 5_000, None, None]


@given(st.lists(st.tuples(st.dates(), st.integers(-(10**9), 10**12)), max_size=12), st.one_of(st.none(), st.integers(-3, 40)))
def test_every_reading_has_one_verdict_and_accepted_ones_make_sense(readings: list[tuple[date, int]], digits: int | None) -> None:
    chain = [Taken(day, value, n) for n, (day, value) in enumerate(sorted(readings))]
    judged = list(judge(chain, digits=digits, limit_e3=WATER))
    assert [one.reading for one in judged] == chain
    assert all(one.volume_e3 is None or one.volume_e3 >= 0 for one in judged if one.verdict == "accepted")
