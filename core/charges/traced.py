"""The explaining reading of a clause: the same function called with :class:`Traced` values writes its own formula.

Each value carries what it is worth exactly, how it is written in symbols, and how it is written with the numbers put in, in Russian
notation (decimal comma, ``×``). Decimals are exact: a number that has no finite decimal form is written as a fraction.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

__all__ = ["Traced", "number_text"]

_SUM, _PRODUCT, _WHOLE = 1, 2, 9


def number_text(value: Fraction | int) -> str:
    """An exact number as people read it; no rounding ever.

    >>> number_text(Fraction("41.870")), number_text(Fraction(-45, 31)), number_text(3)
    ('41,87', '−45/31', '3')
    """
    value = Fraction(value)
    sign = "−" if value < 0 else ""
    numerator, denominator = abs(value.numerator), value.denominator
    places = 0
    while (10**places) % denominator and places < 18:
        places += 1
    if (10**places) % denominator:
        return f"{sign}{numerator}/{denominator}"
    digits = str(numerator * (10**places // denominator)).rjust(places + 1, "0")
    whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
    return f"{sign}{whole},{part}" if part else f"{sign}{whole}"


class Traced:
    """An exact number that remembers how it was computed."""

    __slots__ = ("_rank", "numbers", "symbols", "value")

    def __init__(self, value: Fraction | int, symbols: str, numbers: str, rank: int = _WHOLE) -> None:
        self.value = Fraction(value)
        self.symbols = symbols
        self.numbers = numbers
        self._rank = rank

    @classmethod
    def named(cls, symbol: str, value: Fraction | int) -> Traced:
        """An argument of a clause. A fraction without a finite decimal form, and a negative number, stand in brackets."""
        text = number_text(value)
        return cls(value, symbol, f"({text})" if "/" in text or text.startswith("−") else text)

    @classmethod
    def of(cls, value: Traced | Fraction | int) -> Traced:
        """The value itself, or a number of the law's text (``12``, ``100``) as one of ours."""
        return value if isinstance(value, Traced) else cls(value, number_text(value), number_text(value))

    def _joined(self, other: Traced | Fraction | int, sign: str, rank: int, combine: Callable[[Fraction, Fraction], Fraction]) -> Traced:
        """One operation; what binds less closely is put in brackets, on the right of − and / also what binds equally."""
        right = Traced.of(other)
        right_rank = rank + (sign in "−/")
        symbols, numbers = (
            f"{_bracketed(left_text, self._rank, rank)} {sign} {_bracketed(right_text, right._rank, right_rank)}"
            for left_text, right_text in ((self.symbols, right.symbols), (self.numbers, right.numbers))
        )
        return Traced(combine(self.value, right.value), symbols, numbers, rank)

    def __mul__(self, other: Traced | Fraction | int) -> Traced:
        return self._joined(other, "×", _PRODUCT, operator.mul)

    def __truediv__(self, other: Traced | Fraction | int) -> Traced:
        return self._joined(other, "/", _PRODUCT, operator.truediv)

    def __add__(self, other: Traced | Fraction | int) -> Traced:
        return self._joined(other, "+", _SUM, operator.add)

    def __sub__(self, other: Traced | Fraction | int) -> Traced:
        return self._joined(other, "−", _SUM, operator.sub)

    def __rmul__(self, other: Fraction | int) -> Traced:
        return Traced.of(other) * self

    def __rtruediv__(self, other: Fraction | int) -> Traced:
        return Traced.of(other) / self

    def __radd__(self, other: Fraction | int) -> Traced:
        return Traced.of(other) + self

    def __rsub__(self, other: Fraction | int) -> Traced:
        return Traced.of(other) - self

    def __neg__(self) -> Traced:
        return Traced(
            -self.value, f"−{_bracketed(self.symbols, self._rank, _PRODUCT)}", f"−{_bracketed(self.numbers, self._rank, _PRODUCT)}", _SUM
        )

    def positive_part(self) -> Traced:
        """The value, but not below zero."""
        return Traced(max(self.value, Fraction(0)), f"max(0; {self.symbols})", f"max(0; {self.numbers})")

    def smaller(self, other: Traced | Fraction | int) -> Traced:
        """The smaller of the two."""
        right = Traced.of(other)
        return Traced(min(self.value, right.value), f"min({self.symbols}; {right.symbols})", f"min({self.numbers}; {right.numbers})")

    def larger(self, other: Traced | Fraction | int) -> Traced:
        """The larger of the two."""
        right = Traced.of(other)
        return Traced(max(self.value, right.value), f"max({self.symbols}; {right.symbols})", f"max({self.numbers}; {right.numbers})")


def _bracketed(text: str, rank: int, wanted: int) -> str:
    return f"({text})" if rank < wanted else text
