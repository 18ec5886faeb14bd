"""Subsidy, monthly compensation, relief on a line, and the growth limit, at their edges."""

from __future__ import annotations

from fractions import Fraction

import pytest

from core.charges.limits import Growth, IndexedService, growth
from core.charges.relief import Compensated, SubsidyCase, compensation, relief_on_line, subsidy
from core.money import Kopecks

HALF = Fraction(1, 2)


def case(income: int, *, actual: int = 100_000) -> SubsidyCase:
    return SubsidyCase(Fraction(3000), 2, Fraction(income), Fraction(15_000), Fraction(22, 100), Fraction(actual))


def test_a_subsidy_is_not_negative_and_not_above_the_cost() -> None:
    assert subsidy(case(100_000)).calculated == 0
    assert subsidy(case(10_000, actual=500)).paid == 500_00
    assert subsidy(case(30_000)).calculated == subsidy(case(30_001)).calculated == 0
    assert subsidy(case(25_000)).calculated == 1416_67  # 6000 - 22 % x (12500 / 15000) x 25000
    with pytest.raises(ValueError, match="persons"):
        subsidy(SubsidyCase(Fraction(1), 0, Fraction(1), Fraction(1), Fraction(1), Fraction(1)))


def test_compensation_caps_by_the_household_or_by_the_entitled() -> None:
    water = Compensated(Fraction(12), Fraction(5), Fraction(10))
    assert compensation(water, persons=3, entitled=1, share=HALF) == -20_00
    assert compensation(water, persons=2, entitled=1, share=HALF) == -25_00  # 12 of at most 10, half of it
    assert compensation(water, persons=2, entitled=1, share=HALF, cap="entitled") == -25_00
    assert compensation(water, persons=3, entitled=1, share=HALF, cap="entitled") == -25_00  # at most 5 of the whole 12
    assert compensation(Compensated(Fraction(12), None, Fraction(10)), persons=3, entitled=3, share=HALF) == -60_00
    with pytest.raises(ValueError, match="entitled"):
        compensation(water, persons=1, entitled=2, share=HALF)


def test_a_relief_is_a_share_of_the_corrected_base() -> None:
    assert relief_on_line(base=375_74, recalculation=0, underdelivery=3_95, share=HALF) == -185_90
    assert relief_on_line(base=100_00, recalculation=-40_00, underdelivery=0, share=HALF) == -30_00


def test_growth_leaves_out_what_stands_in_one_month_only() -> None:
    both = IndexedService(Fraction(10), Fraction(40), Fraction(44))
    added = IndexedService(Fraction(10), None, Fraction(44))
    gone = IndexedService(Fraction(10), Fraction(44), None)
    found = growth([both, added, gone], limit=Fraction(10))
    assert found == Growth(Kopecks(400_00), Kopecks(440_00), 10_00, 10_00, Kopecks(0))
    assert found is not None and not found.above_limit
    above = growth([both], limit=Fraction("9.99"))
    assert above is not None and above.above_limit
    assert above.excess == 4  # 440 − 400 × 1,0999 = 0,04
    assert growth([added], limit=Fraction(10)) is None
