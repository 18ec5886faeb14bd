"""Deviations of quality as numbers that lower a charge: degree-hours, step-hours, hours below 40 °C, blocks of delay (Annex 1).

Each clock hour is judged by its own tolerance: nights (00–05) have one of their own. Times are local to the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Literal

__all__ = ["HotWaterHours", "Measured", "delay_blocks", "heating_degree_hours", "hot_water_hours"]

HeatingDegrees = Literal["whole_down", "fractional"]
_NIGHT_ENDS = 5
_HEATING_NIGHT_DROP = Fraction(3)
_HOT_WATER_NORM, _DAY_TOLERANCE, _NIGHT_TOLERANCE, _STEP, _COLD = Fraction(60), Fraction(3), Fraction(5), Fraction(3), Fraction(40)
_BLOCK_HOURS = 24


@dataclass(frozen=True, slots=True)
class Measured:
    """A temperature that held from one local time to another, °C."""

    starts_at: datetime
    ends_at: datetime
    degrees: Fraction


@dataclass(frozen=True, slots=True)
class HotWaterHours:
    """Hours of hot water that was not hot: full steps of 3 °C beyond the tolerance by hours, and hours below 40 °C."""

    steps: Fraction
    cold: Fraction


def heating_degree_hours(temps: Iterable[Measured], *, norm: Fraction, how: str) -> Fraction:
    """Hours × degrees below the norm. At night a drop of up to 3 °C is allowed; beyond it the whole deviation counts."""
    total = Fraction(0)
    for measured in temps:
        below = max(norm - measured.degrees, Fraction(0))
        counted = Fraction(below.numerator // below.denominator) if how == "whole_down" else below
        for hours, night in _parts(measured):
            if not (night and below <= _HEATING_NIGHT_DROP):
                total += hours * counted
    return total


def hot_water_hours(temps: Iterable[Measured]) -> HotWaterHours:
    """Step-hours and cold hours. Exactly 40 °C still counts by steps."""
    steps = cold = Fraction(0)
    for measured in temps:
        for hours, night in _parts(measured):
            if measured.degrees < _COLD:
                cold += hours
                continue
            beyond = _HOT_WATER_NORM - measured.degrees - (_NIGHT_TOLERANCE if night else _DAY_TOLERANCE)
            steps += hours * max(beyond / _STEP // 1, 0)
    return HotWaterHours(steps, cold)


def delay_blocks(delay: Fraction, *, at_once: Fraction, in_month: Fraction) -> int:
    """Full 24-hour blocks of a delay of waste removal beyond either limit; the delay is one run."""
    beyond = max(delay - at_once, delay - in_month, Fraction(0))
    return int(beyond // _BLOCK_HOURS)


def _parts(measured: Measured) -> Iterator[tuple[Fraction, bool]]:
    """Hours of the measurement cut at the borders of nights, with whether each part is night."""
    start = measured.starts_at
    while start < measured.ends_at:
        midnight = datetime.combine(start.date(), time.min, start.tzinfo)
        morning = midnight + timedelta(hours=_NIGHT_ENDS)
        night = start < morning
        end = min(morning if night else midnight + timedelta(days=1), measured.ends_at)
        yield Fraction((end - start) // timedelta(seconds=1), 3600), night
        start = end
