"""Plausibility of meter readings: what may be used, and what waits for a person.

The rules are charging-354 section 4 (rollover) and exchange section 5, F4-061 and F4-062. A chain is one meter in one tariff zone; readings
come in the order of their dates, each is judged against the last *accepted* one, so one wrong reading spoils nothing after it.

Volumes are thousandths of the unit (``_e3``). The law's only test of a rollover is here; that a reading is high or low by itself is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

__all__ = ["LIMITS_E3", "Judged", "Taken", "judge", "limit_for"]

ROLLOVER_FACTOR = 3
IMPLAUSIBLE_FACTOR = 3
MONTHS_NEEDED = 3
MOST_DIGITS = 12

LIMITS_E3 = {1: 20_000, 2: 20_000, 3: 600_000, 4: 300_000, 5: 5_000, 8: 20_000}
"""A month's volume that is never implausible, by kind of resource: 20 m³ of water, 600 kWh, 300 m³ of gas, 5 Gcal."""

Verdict = Literal["accepted", "below_previous", "implausible"]


def limit_for(resource_kind: int | None) -> int | None:
    """The limit of a resource in thousandths of its unit; None where none is set."""
    return None if resource_kind is None else LIMITS_E3.get(resource_kind)


@dataclass(frozen=True, slots=True)
class Taken:
    """One reading of a chain."""

    taken_on: date
    value_e3: int
    reference: int
    """The caller's own number of the reading."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, with the numbers it rests on."""

    reading: Taken
    verdict: Verdict
    previous_e3: int | None = None
    volume_e3: int | None = None
    mean_e3: int | None = None


def judge(chain: Iterable[Taken], *, digits: int | None, limit_e3: int | None) -> Iterator[Judged]:
    """Judge the readings of one chain, given in the order of their dates.

    The month of a reading is closed by it; its volume is the difference from the last accepted reading of an earlier month, divided over
    the months between. ``digits`` are the whole digits of the counter; without a sensible number of them a fall is never a rollover.
    """
    turn_e3 = 10**digits * 1000 if digits is not None and 1 <= digits <= MOST_DIGITS else 0
    history: list[int] = []
    closed: Taken | None = None  # last accepted reading of a month before that of `last`
    last: Taken | None = None
    for reading in chain:
        if last is None:
            last = reading
            yield Judged(reading, "accepted")
            continue
        is_same_month = _months(reading.taken_on) == _months(last.taken_on)
        base = closed if is_same_month else last
        earlier = history[:-1] if is_same_month else history
        judged = _judge_one(reading, last, base, history=earlier, turn_e3=turn_e3, limit_e3=limit_e3)
        yield judged
        if judged.verdict != "accepted":
            continue
        history, closed, last = earlier, base, reading
        if judged.volume_e3 is not None:
            history = [*earlier, judged.volume_e3]


def _months(day: date) -> int:
    return day.year * 12 + day.month


def _judge_one(reading: Taken, last: Taken, base: Taken | None, *, history: list[int], turn_e3: int, limit_e3: int | None) -> Judged:
    """One reading after ``last``, in a month whose volume counts from ``base``; ``turn_e3`` is a full turn of the counter, 0 = unknown."""
    total, count = sum(history), len(history)
    mean = total // count if count else None
    if reading.value_e3 < last.value_e3:
        turned = reading.value_e3 + turn_e3 - last.value_e3
        fits_mean = count < MONTHS_NEEDED or turned * count <= ROLLOVER_FACTOR * total
        if turned < 0 or 2 * turned >= turn_e3 or not fits_mean:
            return Judged(reading, "below_previous", last.value_e3, None, mean)
    if base is None:
        return Judged(reading, "accepted", last.value_e3)
    volume = reading.value_e3 - base.value_e3
    volume += turn_e3 if volume < 0 else 0
    months = max(_months(reading.taken_on) - _months(base.taken_on), 1)
    is_above_mean = count >= MONTHS_NEEDED and volume * count > IMPLAUSIBLE_FACTOR * total * months
    is_implausible = is_above_mean and limit_e3 is not None and volume > limit_e3 * months
    return Judged(reading, "implausible" if is_implausible else "accepted", last.value_e3, volume // months, mean)
