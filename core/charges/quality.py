"""Deviations of quality as numbers that lower a charge: degree-hours, step-hours, hours below 40 °C, blocks of delay (Annex 1).

Each clock hour is judged by its own tolerance: nights (00–05) have one of their own. Times are local to the house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Literal

__all__ = ["HotWaterHours", "Measured", "Tolerances", "delay_blocks", "heating_degree_hours", "hot_water_hours"]

HeatingDegrees = Literal["whole_down", "fractional"]
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


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What Annex 1 allows, °C, and the hour that the night ends at; from ``config/law/quality.toml``."""

    night_ends: int
    heating_night_drop: Fraction
    hot_water: Fraction
    hot_water_by_day: Fraction
    hot_water_by_night: Fraction
    hot_water_step: Fraction
    hot_water_as_cold: Fraction
    """Colder than this it is paid as cold water."""

    @classmethod
    def of(cls, number: Callable[[str], Fraction]) -> Tolerances:
        """From the numbers of the law or of the region by name."""
        return cls(
            int(number("quality.night_ends")),
            number("quality.heating.night_drop"),
            number("quality.hot_water.least"),
            number("quality.hot_water.tolerance_by_day"),
            number("quality.hot_water.tolerance_by_night"),
            number("quality.hot_water.step"),
            number("quality.hot_water.paid_as_cold_below"),
        )


def heating_degree_hours(temps: Iterable[Measured], tolerances: Tolerances, *, norm: Fraction, how: str) -> Fraction:
    """Hours × degrees below the norm. At night a small drop is allowed; beyond it the whole deviation counts."""
    total = Fraction(0)
    for measured in temps:
        below = max(norm - measured.degrees, Fraction(0))
        counted = Fraction(below.numerator // below.denominator) if how == "whole_down" else below
        for hours, night in _parts(measured, tolerances.night_ends):
            if not (night and below <= tolerances.heating_night_drop):
                total += hours * counted
    return total


def hot_water_hours(temps: Iterable[Measured], tolerances: Tolerances) -> HotWaterHours:
    """Step-hours and cold hours. Exactly 40 °C still counts by steps."""
    steps = cold = Fraction(0)
    for measured in temps:
        for hours, night in _parts(measured, tolerances.night_ends):
            if measured.degrees < tolerances.hot_water_as_cold:
                cold += hours
                continue
            allowed = tolerances.hot_water_by_night if night else tolerances.hot_water_by_day
            beyond = tolerances.hot_water - measured.degrees - allowed
            steps += hours * max(beyond / tolerances.hot_water_step // 1, 0)
    return HotWaterHours(steps, cold)


def delay_blocks(delay: Fraction, *, at_once: Fraction, in_month: Fraction) -> int:
    """Full 24-hour blocks of a delay of waste removal beyond either limit; the delay is one run."""
    beyond = max(delay - at_once, delay - in_month, Fraction(0))
    return int(beyond // _BLOCK_HOURS)


def _parts(measured: Measured, night_ends: int) -> Iterator[tuple[Fraction, bool]]:
    """Hours of the measurement cut at the borders of nights, with whether each part is night."""
    start = measured.starts_at
    while start < measured.ends_at:
        midnight = datetime.combine(start.date(), time.min, start.tzinfo)
        morning = midnight + timedelta(hours=night_ends)
        night = start < morning
        end = min(morning if night else midnight + timedelta(days=1), measured.ends_at)
        yield Fraction((end - start) // timedelta(seconds=1), 3600), night
        start = end
