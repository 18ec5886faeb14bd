"""The explaining reading of a clause: the same function called with :class:`Traced` values writes its own formula.

Each value carries what it is worth exactly, how it is written in symbols, and how it is written with the numbers put in, in Russian
notation (decimal comma, ``×``): once exactly, where a number without a finite decimal form is a fraction, and once as a person reads it,
where a long number is rounded to six decimals. Amounts come from the exact value alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

from core.money import rounded

__all__ = ["Traced", "number_text", "shown_text"]

_SUM, _PRODUCT, _WHOLE = 1, 2, 9
_PLACES, _MOST_PLACES = 6, 18


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


def shown_text(value: Fraction | int) -> str:
    """A number rounded to six decimals where it has more; never a nought where there is something.

    >>> shown_text(Fraction(12345, 30)), shown_text(Fraction(12, 31)), shown_text(Fraction(-1, 3 * 10**8))
    ('411,5', '0,387097', '−0,000000003')
    """
    value = Fraction(value)
    places = _PLACES
    while value and places < _MOST_PLACES and abs(value) * 10**places < 1:
        places += 1
    return number_text(Fraction(rounded(value, 10**places), 10**places))


class Traced:
    """An exact number that remembers how it was computed."""

    __slots__ = ("_rank", "numbers", "shown", "symbols", "value")

    def __init__(self, value: Fraction | int, symbols: str, numbers: str, rank: int = _WHOLE, *, shown: str | None = None) -> None:
        self.value = Fraction(value)
        self.symbols = symbols
        self.numbers = numbers
        self.shown = numbers if shown is None else shown
        self._rank = rank

    @classmethod
    def named(cls, symbol: str, value: Fraction | int) -> Traced:
        """An argument of a clause. A fraction without a finite decimal form, and a negative number, stand in brackets."""
        text, shown = number_text(value), shown_text(value)
        return cls(
            value,
            symbol,
            f"({text})" if "/" in text or text.startswith("−") else text,
            shown=f"({shown})" if shown.startswith("−") else shown,
        )

    @classmethod
    def of(cls, value: Traced | Fraction | int) -> Traced:
        """The value itself, or a number of the law's text (``12``, ``100``) as one of ours."""
        return value if isinstance(value, Traced) else cls(value, number_text(value), number_text(value))

    def _joined(self, other: Traced | Fraction | int, sign: str, rank: int, combine: Callable[[Fraction, Fraction], Fraction]) -> Traced:
        """One operation; what binds less closely is put in brackets, on the right of − and / also what binds equally."""
        right = Traced.of(other)
        right_rank = rank + (sign in "−/")
        symbols, numbers, shown = (
            f"{_bracketed(left_text, self._rank, rank)} {sign} {_bracketed(right_text, right._rank, right_rank)}"
            for left_text, right_text in ((self.symbols, right.symbols), (self.numbers, right.numbers), (self.shown, right.shown))
        )
        return Traced(combine(self.value, right.value), symbols, numbers, rank, shown=shown)

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
        symbols, numbers, shown = (f"−{_bracketed(text, self._rank, _PRODUCT)}" for text in (self.symbols, self.numbers, self.shown))
        return Traced(-self.value, symbols, numbers, _SUM, shown=shown)

    def positive_part(self) -> Traced:
        """The value, but not below zero."""
        symbols, numbers, shown = (f"max(0; {text})" for text in (self.symbols, self.numbers, self.shown))
        return Traced(max(self.value, Fraction(0)), symbols, numbers, shown=shown)

    def smaller(self, other: Traced | Fraction | int) -> Traced:
        """The smaller of the two."""
        return self._chosen(other, "min", min)

    def larger(self, other: Traced | Fraction | int) -> Traced:
        """The larger of the two."""
        return self._chosen(other, "max", max)

    def _chosen(self, other: Traced | Fraction | int, name: str, choose: Callable[[Fraction, Fraction], Fraction]) -> Traced:
        right = Traced.of(other)
        pairs = ((self.symbols, right.symbols), (self.numbers, right.numbers), (self.shown, right.shown))
        symbols, numbers, shown = (f"{name}({one}; {another})" for one, another in pairs)
        return Traced(choose(self.value, right.value), symbols, numbers, shown=shown)


def _bracketed(text: str, rank: int, wanted: int) -> str:
    return f"({text})" if rank < wanted else text
