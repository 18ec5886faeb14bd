"""Who pays more or less, by how much and why: changes of accounts added up as they come, in memory that does not grow with accounts.

Kept are sums by sender, service, house and cause, a distribution of accounts over fixed bounds, and the few accounts that move most.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from core.charges.changes import LineChange
from core.ids import EntityId, ProviderId

__all__ = ["PERCENTS", "ROUBLES", "Bucket", "Comparison", "Moved", "Mover", "Sums", "in_buckets"]

ROUBLES = (-1000, -500, -200, -100, -50, -20, 0, 20, 50, 100, 200, 500, 1000)
"""Bounds of the distribution, roubles; a bound belongs to the bucket that is nearer to zero, and zero is a bucket of its own."""
PERCENTS = (-50, -25, -10, -5, 0, 5, 10, 25, 50)
"""The same in per cent of what was paid before."""


@dataclass(slots=True)
class Sums:
    """Before and after, kopecks, and how many accounts pay more, less and the same."""

    before: int = 0
    after: int = 0
    more: int = 0
    less: int = 0
    same: int = 0

    @property
    def amount(self) -> int:
        """The difference."""
        return self.after - self.before

    @property
    def accounts(self) -> int:
        """All of them."""
        return self.more + self.less + self.same

    @property
    def percent(self) -> Fraction | None:
        """The difference in per cent of what was before; None where nothing was."""
        return Fraction(100 * self.amount, self.before) if self.before else None

    def add(self, before: int, after: int) -> None:
        """One account more."""
        self.before += before
        self.after += after
        self.more += after > before
        self.less += after < before
        self.same += after == before


@dataclass(slots=True)
class Moved:
    """What a cause moved: up and down apart, kopecks, and how many accounts it touched."""

    up: int = 0
    down: int = 0
    accounts: int = 0
    by_service: dict[tuple[ProviderId, EntityId], int] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        """Up less down."""
        return self.up + self.down


@dataclass(slots=True)
class Bucket:
    """Accounts whose difference is in some bounds, and the sum of it."""

    accounts: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Mover:
    """An account that moves most; kopecks."""

    account_id: EntityId
    sender: ProviderId
    house_id: EntityId | None
    before: int
    after: int
    parts: Mapping[tuple[str, EntityId], int]
    """The difference by cause and service."""

    @property
    def causes(self) -> dict[str, int]:
        """The difference by cause."""
        return _summed((cause, amount) for (cause, _), amount in self.parts.items())

    @property
    def services(self) -> dict[EntityId, int]:
        """The difference by service."""
        return _summed((service, amount) for (_, service), amount in self.parts.items())

    @property
    def amount(self) -> int:
        """To pay more (positive) or less."""
        return self.after - self.before


class Comparison:
    """The sums of all accounts added so far; ``top``: how many movers are kept in each direction."""

    def __init__(self, top: int = 10) -> None:
        self.total = Sums()
        self.appeared = Sums()
        """Accounts that had nothing before."""
        self.ended = Sums()
        """Accounts that have nothing after."""
        self.by_sender: defaultdict[ProviderId, Sums] = defaultdict(Sums)
        self.by_service: defaultdict[tuple[ProviderId, EntityId], Sums] = defaultdict(Sums)
        self.by_house: defaultdict[tuple[ProviderId, EntityId | None], Sums] = defaultdict(Sums)
        self.by_cause: defaultdict[str, Moved] = defaultdict(Moved)
        self.roubles = [Bucket() for _ in range(len(ROUBLES) + 2)]
        self.percents = [Bucket() for _ in range(len(PERCENTS) + 2)]
        self._top = top
        self._up: list[tuple[int, int, Mover]] = []
        self._down: list[tuple[int, int, Mover]] = []

    def add(self, account: EntityId, changes: Sequence[LineChange], *, sender: ProviderId, house: EntityId | None) -> None:
        """One account with all of its changes."""
        before, after = sum(one.before for one in changes), sum(one.after for one in changes)
        parts: dict[tuple[str, EntityId], int] = {}
        services: dict[EntityId, tuple[int, int]] = {}
        for one in changes:
            was, is_now = services.get(one.service_id, (0, 0))
            services[one.service_id] = was + one.before, is_now + one.after
            for cause, amount in one.causes.items():
                parts[cause, one.service_id] = parts.get((cause, one.service_id), 0) + amount
        for (cause, service), amount in parts.items():
            of_cause = self.by_cause[cause].by_service
            of_cause[sender, service] = of_cause.get((sender, service), 0) + amount
        self.total.add(before, after)
        self.by_sender[sender].add(before, after)
        self.by_house[sender, house].add(before, after)
        for service, (was, is_now) in services.items():
            self.by_service[sender, service].add(was, is_now)
        for cause, amount in _summed((cause, amount) for (cause, _), amount in parts.items()).items():
            moved = self.by_cause[cause]
            moved.accounts += 1
            if amount > 0:
                moved.up += amount
            else:
                moved.down += amount
        self._distribute(before, after)
        if before != after:
            self._keep(Mover(account, sender, house, before, after, parts))

    def movers(self) -> tuple[list[Mover], list[Mover]]:
        """Accounts that pay most more, and those that pay most less, the greatest first."""
        return tuple(  # type: ignore[return-value]  # two lists
            [mover for _, _, mover in sorted(kept, key=lambda item: (-item[0], -item[1]))] for kept in (self._up, self._down)
        )

    def _distribute(self, before: int, after: int) -> None:
        amount = after - before
        bucket = self.roubles[_place(Fraction(amount, 100), ROUBLES)]
        bucket.accounts += 1
        bucket.amount += amount
        if before > 0:
            bucket = self.percents[_place(Fraction(100 * amount, before), PERCENTS)]
            bucket.accounts += 1
            bucket.amount += amount
        elif not before:
            self.appeared.add(before, after)
        if not after and before:
            self.ended.add(before, after)

    def _keep(self, mover: Mover) -> None:
        """Keep the account where it is one of those that move most; of equals the one with the smaller number."""
        kept = self._up if mover.amount > 0 else self._down
        item = (abs(mover.amount), -mover.account_id, mover)
        if len(kept) < self._top:
            heapq.heappush(kept, item)
        elif self._top:
            heapq.heappushpop(kept, item)


_Key = TypeVar("_Key")


def _summed(amounts: Iterable[tuple[_Key, int]]) -> dict[_Key, int]:
    """Amounts of one key together; what comes to nothing is left out."""
    found: dict[_Key, int] = {}
    for key, amount in amounts:
        found[key] = found.get(key, 0) + amount
    return {key: amount for key, amount in found.items() if amount}


def _place(value: Fraction, bounds: Sequence[int]) -> int:
    """The bucket of a value."""
    if not value:
        return bounds.index(0) + 1
    return bisect_right(bounds, value) if value < 0 else bisect_left(bounds, value) + 1


def in_buckets(buckets: Sequence[Bucket], bounds: Sequence[int], unit: str) -> Iterable[tuple[str, Bucket]]:
    """Buckets with their bounds as people read them, in order."""
    zero = bounds.index(0)
    signs = [f"−{-bound}" if bound < 0 else f"+{bound}" if bound else "0" for bound in bounds]
    for place, bucket in enumerate(buckets):
        if place == zero + 1:
            yield "без изменений", bucket
        elif not place:
            yield f"ниже {signs[0]} {unit}", bucket
        elif place == len(buckets) - 1:
            yield f"выше {signs[-1]} {unit}", bucket
        else:
            low = place - 1 if place <= zero else place - 2
            yield f"{signs[low]} … {signs[low + 1]} {unit}", bucket
