"""Money: whole kopecks, one way to round, one way to split.

An amount inside the system is an ``int`` of kopecks. Exact rationals (``fractions.Fraction``) become kopecks in one place only,
:func:`kopecks`; a fixed sum is split in one place only, :func:`split`. Nothing else in the project rounds money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NewType

__all__ = ["Kopecks", "format_roubles", "kopecks", "parse_roubles", "split"]

Kopecks = NewType("Kopecks", int)

_ROUBLES = re.compile(r"(-?)(\d{1,16})(?:\.(\d{1,2}))?")


def kopecks(roubles: Fraction | int) -> Kopecks:
    """Round an exact amount of roubles to kopecks, half away from zero (rule R2: once for each charge line).

    >>> kopecks(Fraction(1, 200)), kopecks(Fraction(-1, 200)), kopecks(Fraction("2.344"))
    (1, -1, 234)
    """
    exact = Fraction(roubles) * 100
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return Kopecks(-whole if exact < 0 else whole)


def split(total: int, weights: Sequence[Fraction | int]) -> list[Kopecks]:
    """Split ``total`` kopecks in proportion to ``weights`` so that the parts sum to it: largest remainder, ties to the earlier item (R6).

    Weights must not be negative and not all zero. A negative total is split as its mirror image.

    >>> split(100000, [50000, 50000, 50000])
    [33334, 33333, 33333]
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    whole = sum(weights, Fraction(0))
    if whole == 0:
        raise ValueError("at least one weight must be positive")
    exact = [abs(total) * Fraction(weight) / whole for weight in weights]
    parts = [share.numerator // share.denominator for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: abs(total) - sum(parts)]:
        parts[i] += 1
    return [Kopecks(-part if total < 0 else part) for part in parts]


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
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"
