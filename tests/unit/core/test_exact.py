"""``Exact`` is ``Fraction`` for a column: the same results for any numbers, also where int64 would have wrapped."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.exact import Exact
from core.money import kopecks, kopecks_column, rounded, rounded_column

small = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=1000)
large = st.builds(Fraction, st.integers(-(2**100), 2**100), st.integers(1, 2**70))
numbers = st.lists(st.tuples(small | large, small | large), min_size=1, max_size=6)

OPERATIONS: dict[str, Callable[..., object]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "mixed": lambda a, b: (a + b) * a - b * b + a,
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=40, deadline=None)
@given(numbers)
def test_column_equals_fractions(name: str, pairs: list[tuple[Fraction, Fraction]]) -> None:
    operation = OPERATIONS[name]
    column = operation(Exact.column([a for a, _ in pairs]), Exact.column([b for _, b in pairs]))
    assert isinstance(column, Exact)
    assert column.fractions() == [operation(a, b) for a, b in pairs]


@settings(max_examples=40, deadline=None)
@given(numbers)
def test_comparisons_equal_fractions(pairs: list[tuple[Fraction, Fraction]]) -> None:
    a, b = Exact.column([x for x, _ in pairs]), Exact.column([y for _, y in pairs])
    assert a.smaller(b).fractions() == [min(x, y) for x, y in pairs]
    assert a.larger(b).fractions() == [max(x, y) for x, y in pairs]
    assert a.positive_part().fractions() == [max(x, Fraction(0)) for x, _ in pairs]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(small | large, st.fractions(min_value=Fraction(1, 1000), max_value=10**9, max_denominator=10**6)), min_size=1, max_size=6
    )
)
def test_division_equals_fractions(pairs: list[tuple[Fraction, Fraction]]) -> None:
    column = Exact.column([a for a, _ in pairs]) / Exact.column([b for _, b in pairs])
    assert column.fractions() == [a / b for a, b in pairs]


@settings(max_examples=40, deadline=None)
@given(st.lists(small, min_size=1, max_size=6), small, st.integers(1, 400))
def test_plain_numbers_take_part(values: list[Fraction], other: Fraction, days: int) -> None:
    column = other - Exact.column(values) * other / days + 2
    assert column.fractions() == [other - value * other / days + 2 for value in values]
    assert (1 / Exact.of(days)).fractions() == [Fraction(1, days)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fractions(min_value=-(10**14), max_value=10**14, max_denominator=10**12), min_size=1, max_size=6))
def test_rounding_of_a_column_is_rounding_of_each(values: list[Fraction]) -> None:
    assert kopecks_column(Exact.column(values)).tolist() == [kopecks(value) for value in values]
    assert rounded_column(Exact.column(values), 1000).tolist() == [rounded(value, 1000) for value in values]


def test_ties_go_away_from_zero() -> None:
    ties = [Fraction(n, 200) for n in range(-9, 10, 2)]
    assert kopecks_column(Exact.column(ties)).tolist() == [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]


def test_int64_is_left_before_it_wraps() -> None:
    column = Exact.column([Fraction(2**61), Fraction(3)])
    assert isinstance(column.num, np.ndarray) and column.num.dtype == np.int64
    doubled = column * 4
    assert isinstance(doubled.num, np.ndarray) and doubled.num.dtype == object
    assert doubled.fractions() == [Fraction(2**63), Fraction(12)]


def test_an_amount_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        kopecks_column(Exact.column([Fraction(2**64)]))


def test_divisor_must_be_positive() -> None:
    with pytest.raises(ZeroDivisionError):
        Exact.column([Fraction(1)]) / Exact.column([Fraction(0)])
    with pytest.raises(ZeroDivisionError):
        Exact.of(1) / Exact.of(-1)


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError):
        Exact.of(0.5)  # type: ignore[arg-type]
