"""Money: whole kopecks, one way to round, one way to split.

An amount inside the system is an ``int`` of kopecks. Exact rationals (``fractions.Fraction``) become kopecks in one place only,
:func:`kopecks`; a fixed sum is split in one place only, :func:`split`. Nothing else in the project rounds money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Literal, NewType

import numpy as np
import numpy.typing as npt

from core.exact import LIMIT, Exact

__all__ = [
    "Kopecks",
    "Remainder",
    "format_roubles",
    "kopecks",
    "kopecks_column",
    "parse_roubles",
    "readable_roubles",
    "rounded",
    "rounded_column",
    "rounded_ratio",
    "split",
    "split_columns",
]

Kopecks = NewType("Kopecks", int)
Remainder = Literal["largest_remainder", "last_service", "largest_service"]
"""Who gets the kopecks that a proportion leaves (charging rules, section 10, ``kopek_remainder``)."""

_HUNDREDTHS = tuple(f"{part:02d}" for part in range(100))
_ROUBLES = re.compile(r"(-?)(\d{1,16})(?:\.(\d{1,2}))?")


def kopecks(roubles: Fraction | int) -> Kopecks:
    """Round an exact amount of roubles to kopecks, half away from zero (rule R2: once for each charge line).

    >>> kopecks(Fraction(1, 200)), kopecks(Fraction(-1, 200)), kopecks(Fraction("2.344"))
    (1, -1, 234)
    """
    return Kopecks(rounded(roubles, 100))


def kopecks_column(roubles: Exact) -> npt.NDArray[np.int64]:
    """Round a column of exact amounts of roubles to kopecks, half away from zero: :func:`kopecks` for each row.

    >>> kopecks_column(Exact.column([Fraction(1, 200), Fraction(-1, 200)])).tolist()
    [1, -1]
    """
    return rounded_column(roubles, 100)


def rounded(value: Fraction | int, scale: int) -> int:
    """The value in whole parts of which ``scale`` make one, half away from zero; of volumes for display only (R7).

    >>> rounded(Fraction(2, 3), 1_000_000)
    666667
    """
    return rounded_ratio(value.numerator * scale, value.denominator)


def rounded_ratio(num: int, den: int) -> int:
    """``num / den`` to a whole number, half away from zero; ``den`` is positive.

    >>> rounded_ratio(5, 2), rounded_ratio(-5, 2)
    (3, -3)
    """
    return (2 * num + den) // (2 * den) if num >= 0 else -((den - 2 * num) // (2 * den))


def rounded_column(value: Exact, scale: int) -> npt.NDArray[np.int64]:
    """:func:`rounded` for each row of a column; a result that does not fit 64 bits is an ``OverflowError``."""
    scaled = value * scale
    num, den = np.atleast_1d(np.asarray(scaled.num)), np.asarray(scaled.den)
    if 2 * scaled.top + scaled.dtop >= LIMIT or 2 * scaled.dtop >= LIMIT:
        num, den = num.astype(object), den.astype(object)
    whole = (2 * np.abs(num) + den) // (2 * den)
    signed: npt.NDArray[np.int64] = np.where(num < 0, -whole, whole).astype(np.int64)
    return signed


def split(total: int, weights: Sequence[Fraction | int], *, remainder: Remainder = "largest_remainder") -> list[Kopecks]:
    """Split ``total`` kopecks in proportion to ``weights`` so that the parts sum to it: largest remainder, ties to the earlier item (R6).

    ``remainder``: who gets the kopecks that the proportion leaves; the last item or the one of the largest weight takes all of them, but of
    no more than the weights come to never more than its own weight: what is beyond goes to the item before it, or to the next largest.

    Weights must not be negative and not all zero. A negative total is split as its mirror image.

    >>> split(100000, [50000, 50000, 50000])
    [33334, 33333, 33333]
    >>> split(100000, [50000, 50000, 50000], remainder="last_service"), split(100, [10, 130, 60], remainder="largest_service")
    ([33333, 33333, 33334], [5, 65, 30])
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    common = lcm(*(weight.denominator for weight in weights))
    whole_weights = [weight.numerator * (common // weight.denominator) for weight in weights]
    whole = sum(whole_weights)
    if whole == 0:
        raise ValueError("at least one weight must be positive")
    shared = [divmod(abs(total) * weight, whole) for weight in whole_weights]
    parts = [part for part, _ in shared]
    left = abs(total) - sum(parts)
    if remainder == "largest_remainder":
        by_remainder = sorted(range(len(parts)), key=lambda i: (-shared[i][1], i))
        for i in by_remainder[:left]:
            parts[i] += 1
    else:
        places = range(len(parts))
        to = reversed(places) if remainder == "last_service" else sorted(places, key=lambda i: (-whole_weights[i], i))
        capped = abs(total) * common <= whole
        for i in (i for i in to if whole_weights[i]):
            taken = min(left, max(-(-whole_weights[i] // common) - parts[i], 0)) if capped else left
            parts[i] += taken
            left -= taken
    return [Kopecks(-part if total < 0 else part) for part in parts]


def split_columns(totals: npt.NDArray[np.int64], weights: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """:func:`split` of many sums at once: group ``k`` of ``weights`` begins at ``starts[k]`` and shares ``totals[k]``.

    Nothing is negative, and every group has a positive weight.

    >>> split_columns(np.array([100, 5]), np.array([1, 1, 1, 2, 3]), np.array([0, 3])).tolist()
    [34, 33, 33, 2, 3]
    """
    sizes = np.diff(starts, append=len(weights))
    group = np.repeat(np.arange(len(starts)), sizes)
    if not len(weights):
        return weights.copy()
    wide = int(totals.max()) * int(weights.max()) >= 1 << 63
    product = (totals.astype(object) if wide else totals)[group] * weights
    whole = np.add.reduceat(weights, starts)[group]
    parts: npt.NDArray[np.int64] = (product // whole).astype(np.int64)
    remainders = (product - parts * (whole.astype(object) if wide else whole)).astype(np.int64)
    missing = totals - np.add.reduceat(parts, starts)
    by_remainder = np.lexsort((-remainders, group))
    parts[by_remainder[np.arange(len(weights)) - starts[group] < missing[group]]] += 1
    return parts


def parse_roubles(text: str) -> Kopecks:
    """Read a plain decimal amount of roubles with at most two places; anything else is a ``ValueError``.

    >>> parse_roubles("1906.32"), parse_roubles("-0.5")
    (190632, -50)
    """
    match = _ROUBLES.fullmatch(text)
    if match is None:
        raise ValueError(f"not an amount of roubles: {text!r}")
    sign, whole, part = match.groups()
    value = int(whole) * 100 + int((part or "").ljust(2, "0"))
    return Kopecks(-value if sign else value)


def format_roubles(amount: int) -> str:
    """Kopecks as roubles with a point and two places, as files and services want them.

    >>> format_roubles(-5), format_roubles(190632)
    ('-0.05', '1906.32')
    """
    if amount < 0:
        return f"-{-amount // 100}.{_HUNDREDTHS[-amount % 100]}"
    return f"{amount // 100}.{_HUNDREDTHS[amount % 100]}"


def readable_roubles(amount: int) -> str:
    """Kopecks as people read them: groups of three digits, a comma, a true minus.

    >>> readable_roubles(190632), readable_roubles(-5), readable_roubles(100000000)
    ('1 906,32', '−0,05', '1 000 000,00')
    """
    whole, part = divmod(abs(amount), 100)
    return f"{'−' if amount < 0 else ''}{whole:,}".replace(",", " ") + f",{part:02d}"
