"""The average monthly volume (п. 59) and the one test of a rollover, for a meter whose measured months are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.charges.rules import Sourced
from core.exact import together

__all__ = ["Averages", "average_of", "counted"]


@dataclass(frozen=True, slots=True)
class Averages:
    """Limits of the average (п. 59, 60) and of a rollover, and how a late reading is taken, for one month."""

    window: Sourced
    minimum: int
    longest: int
    rollover_factor: Fraction
    late_reading: str = "difference"
    """``difference``, ``rebuild`` or ``keep_norm``: the setting of the same name."""


def average_of(measured: Sequence[Fraction], averages: Averages) -> tuple[Fraction, int] | None:
    """Sum and number of the months that make the average, the last of ``measured``; None when there are too few."""
    window = measured[-int(averages.window.value) :]
    return (together(window), len(window)) if len(window) >= averages.minimum else None


def counted(
    previous: Fraction, current: Fraction, *, digits: int | None, measured: Sequence[Fraction], averages: Averages
) -> Fraction | None:
    """What a meter counted between two readings: over the end of the counter where that is credible, None where it is not."""
    volume = current - previous
    if volume >= 0:
        return volume
    if digits is None:
        return None
    turn: int = 10**digits
    volume += turn
    mean = sum(measured, Fraction(0)) / len(measured) if len(measured) >= averages.minimum else None
    if volume * 2 >= turn or (mean is not None and volume > averages.rollover_factor * mean):
        return None
    return volume
