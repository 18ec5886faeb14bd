"""Exact rational numbers, one or a whole column of them: what a clause of the law is evaluated with for many lines at once.

A value is ``num / den``. ``num`` and ``den`` are Python integers, int64 columns or, past the bound, columns of Python integers. ``top`` and
``dtop`` are upper bounds of their magnitudes, carried along by every operation, so that int64 gives way to Python integers *before* it can
wrap and without looking at the data again. There is no float and no rounding here: rounding lives in :mod:`core.money`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from math import gcd, lcm
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LIMIT", "Exact", "Integers", "scaled", "together", "whole"]

LIMIT = 2**62
"""An int64 operation is done only when its result is known to stay below this."""

_WIDEST_COMMON_DENOMINATOR = 2**20

Integers = int | npt.NDArray[Any]
"""One integer or a column of them; ``Any`` because a column is int64 or, when wide, Python integers (``object``)."""


class Exact:
    """A rational number or a column of rational numbers; denominators are positive.

    >>> third = Exact.column([Fraction(1), Fraction(2)]) / 3
    >>> (third + third).fractions()
    [Fraction(2, 3), Fraction(4, 3)]
    """

    __slots__ = ("den", "dtop", "num", "top")

    def __init__(self, num: Integers, den: Integers = 1, *, top: int | None = None, dtop: int | None = None) -> None:
        self.num = num
        self.den = den
        self.top = _magnitude(num) if top is None else top
        self.dtop = _magnitude(den) if dtop is None else dtop

    @classmethod
    def of(cls, value: Exact | Fraction | int) -> Exact:
        """The value itself, or a whole or rational number as one of ours."""
        if isinstance(value, Exact):
            return value
        if isinstance(value, (int, Fraction)):
            return cls(value.numerator, value.denominator)
        raise TypeError(f"not an exact number: {type(value).__name__}")

    @classmethod
    def column(cls, values: Sequence[Fraction | int]) -> Exact:
        """A column of the values; a common denominator is kept as one number while it is small, and one shared value as that value."""
        first = values[0]
        if all(value is first for value in values):
            return cls(first.numerator, first.denominator)
        denominators = {value.denominator for value in values}
        common = lcm(*denominators)
        if common <= _WIDEST_COMMON_DENOMINATOR:
            return cls(_integers([value.numerator * (common // value.denominator) for value in values]), common)
        return cls(_integers([value.numerator for value in values]), _integers([value.denominator for value in values]))

    def __mul__(self, other: Exact | Fraction | int) -> Exact:
        b = Exact.of(other)
        top, dtop = self.top * b.top, self.dtop * b.dtop
        return Exact(_multiply(self.num, b.num, self.top, b.top), _multiply(self.den, b.den, self.dtop, b.dtop), top=top, dtop=dtop)

    __rmul__ = __mul__

    def __truediv__(self, other: Exact | Fraction | int) -> Exact:
        b = Exact.of(other)
        if np.any(np.asarray(b.num) <= 0):
            raise ZeroDivisionError("a divisor is not positive")
        top, dtop = self.top * b.dtop, self.dtop * b.top
        return Exact(_multiply(self.num, b.den, self.top, b.dtop), _multiply(self.den, b.num, self.dtop, b.top), top=top, dtop=dtop)

    def __rtruediv__(self, other: Fraction | int) -> Exact:
        return Exact.of(other) / self

    def __add__(self, other: Exact | Fraction | int) -> Exact:
        b = Exact.of(other)
        if isinstance(self.den, int) and isinstance(b.den, int):
            shared = gcd(self.den, b.den)
            ours, theirs = b.den // shared, self.den // shared
            top = self.top * ours + b.top * theirs
            left = _multiply(self.num, ours, self.top, ours)
            return Exact(_add(left, _multiply(b.num, theirs, b.top, theirs), top), self.den * ours, top=top, dtop=self.den * ours)
        top, dtop = self.top * b.dtop + b.top * self.dtop, self.dtop * b.dtop
        left = _multiply(self.num, b.den, self.top, b.dtop)
        num = _add(left, _multiply(b.num, self.den, b.top, self.dtop), top)
        return Exact(num, _multiply(self.den, b.den, self.dtop, b.dtop), top=top, dtop=dtop)

    __radd__ = __add__

    def __neg__(self) -> Exact:
        return Exact(-self.num, self.den, top=self.top, dtop=self.dtop)

    def __sub__(self, other: Exact | Fraction | int) -> Exact:
        return self + (-Exact.of(other))

    def __rsub__(self, other: Fraction | int) -> Exact:
        return Exact.of(other) - self

    def positive_part(self) -> Exact:
        """The value where it is positive, zero elsewhere."""
        num = max(self.num, 0) if isinstance(self.num, int) else np.maximum(self.num, 0)
        return Exact(num, self.den, top=self.top, dtop=self.dtop)

    def smaller(self, other: Exact | Fraction | int) -> Exact:
        """The smaller of the two, row by row."""
        return self - (self - other).positive_part()

    def larger(self, other: Exact | Fraction | int) -> Exact:
        """The larger of the two, row by row."""
        return self + (Exact.of(other) - self).positive_part()

    def fractions(self) -> list[Fraction]:
        """The values one by one, for tests and for explanations."""
        num, den = np.broadcast_arrays(np.atleast_1d(np.asarray(self.num, dtype=object)), np.asarray(self.den, dtype=object))
        return [Fraction(int(n), int(d)) for n, d in zip(num, den, strict=True)]


@cache
def whole(number: int) -> Fraction:
    """A small whole number (days, persons) as a fraction: the same object every time, so that columns of it are seen to be constant."""
    return Fraction(number)


@lru_cache(2**16)
def scaled(number: int, scale: int) -> Fraction:
    """``number / scale``, for what many lines share: areas, prices."""
    return Fraction(number, scale)


def together(values: Iterable[Fraction]) -> Fraction:
    """The sum, with one common denominator in place of one for each addition."""
    items = list(values)
    if len(items) < 2:
        return items[0] if items else whole(0)
    denominators = [value.denominator for value in items]
    common = lcm(*denominators)
    return Fraction(sum(value.numerator * (common // own) for value, own in zip(items, denominators, strict=True)), common)


def _magnitude(value: Integers) -> int:
    if isinstance(value, int):
        return abs(value)
    return max(int(value.max(initial=0)), -int(value.min(initial=0)))


def _integers(values: list[int]) -> npt.NDArray[Any]:
    """A column of int64 where all values allow it, of Python integers where not (``Any``: either)."""
    wide = any(abs(value) >= LIMIT for value in values)
    return np.array(values, dtype=object if wide else np.int64)


def _multiply(x: Integers, y: Integers, x_top: int, y_top: int) -> Integers:
    if isinstance(x, int) and isinstance(y, int):
        return x * y
    if max(x_top, 1) * max(y_top, 1) < LIMIT:
        return x * y
    return _wide(x) * _wide(y)


def _add(x: Integers, y: Integers, top: int) -> Integers:
    if top < LIMIT or (isinstance(x, int) and isinstance(y, int)):
        return x + y
    return _wide(x) + _wide(y)


def _wide(value: Integers) -> Integers:
    return value if isinstance(value, int) else value.astype(object)
