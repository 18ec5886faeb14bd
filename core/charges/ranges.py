"""Consumption ranges of electricity (диапазоны): the month's volume cut by bounds, in order; a volume equal to a bound stays below it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

__all__ = ["cut_by_ranges"]


def cut_by_ranges(volume: Fraction, bounds: Sequence[Fraction], *, factor: Fraction = Fraction(1)) -> list[Fraction]:
    """The volume in each range. ``bounds`` are upper bounds of all ranges but the last, before the seasonal ``factor``.

    >>> cut_by_ranges(Fraction(9000), [Fraction(3900), Fraction(6000)], factor=Fraction("1.8"))
    [Fraction(7020, 1), Fraction(1980, 1), Fraction(0, 1)]
    """
    edges = [Fraction(0), *(bound * factor for bound in bounds)]
    if any(low > high for low, high in pairwise(edges)):
        raise ValueError("bounds of ranges must grow")
    parts = [max(min(volume, high) - low, Fraction(0)) for low, high in pairwise(edges)]
    return [*parts, max(volume - edges[-1], Fraction(0))]
