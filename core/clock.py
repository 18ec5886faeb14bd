"""The only door to the present moment. Instants are UTC; whoever needs the time is given a :class:`Clock`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "FixedClock", "SystemClock"]


class Clock(Protocol):
    """Tells the present moment in UTC."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, shifted by ``skew`` (a rehearsal of another day, or of a machine whose clock is wrong)."""

    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The machine's present moment in UTC, shifted."""
        return datetime.now(UTC) + self.skew


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved: for tests and for rebuilding a month."""

    moment: datetime

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.moment += by
