"""Pairs in one run: reference and candidate in turn, the order swapped each round; what is reported is the median of the ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Pair", "compare", "seconds"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Ratio of the candidate's speed to the reference's (1 = as fast), with the times behind it."""

    name: str
    goal: str
    ratios: tuple[float, ...]
    reference_s: float
    candidate_s: float
    note: str = ""

    def __str__(self) -> str:
        spread = f"{statistics.median(self.ratios):.2f} ({min(self.ratios):.2f}–{max(self.ratios):.2f})"
        times = f"candidate {self.candidate_s:.2f} s, reference {self.reference_s:.2f} s"
        return f"{self.name:<62} {spread:>20}  goal {self.goal:<8} {times}. {self.note}"


def seconds(action: Callable[[], None], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time of one call by a clock: wall time, or processor time where everything happens in this process."""
    start = clock()
    action()
    return clock() - start


def compare(
    name: str,
    *,
    reference: Callable[[], None],
    candidate: Callable[[], None],
    prepare: Callable[[], None],
    goal: str,
    rounds: int = 5,
    note: str = "",
    clock: Callable[[], float] = time.perf_counter,
) -> Pair:
    """Warm both up once, then run them in turn; ``prepare`` brings the tables to the same state before each, outside the clock."""
    references: list[float] = []
    candidates: list[float] = []
    for round_number in range(rounds + 1):
        pair = [(reference, references), (candidate, candidates)]
        for action, times in pair if round_number % 2 else reversed(pair):
            prepare()
            times.append(seconds(action, clock))
    references, candidates = references[1:], candidates[1:]
    ratios = tuple(r / c for r, c in zip(references, candidates, strict=True))
    return Pair(name, goal, ratios, statistics.median(references), statistics.median(candidates), note)
