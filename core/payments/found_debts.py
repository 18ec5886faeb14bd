"""Advances that have found their debts: money that the settlement must pass to another recipient than it was paid ahead for.

Only money that banks brought is moved: an advance that was taken over, or that a sender's archive brought, is not on our account. An
undivided advance goes to the creditors that it was shared by; of a creditor's own advance what covered a surcharge or common property goes
to the provider. A use that was taken back goes back the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.ids import EntityId
from core.money import split

__all__ = ["Found", "Moved", "Pool"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a use did, kopecks: a share of an undivided advance for a creditor, or a debt of a creditor covered (negative: opened again)."""

    what: Literal["share", "debt"]
    creditor_id: EntityId
    amount: int
    line: tuple[EntityId | None, int] = (None, 0)
    """Service and component of the debt; of a share nothing."""
    stays: bool = False
    """The debt is a surcharge or common property: its money is the provider's."""


@dataclass(frozen=True, slots=True)
class Found:
    """Money to pass: from the undivided advance (``source`` None) or from a creditor's advance to the line named."""

    source: EntityId | None
    creditor_id: EntityId
    amount: int
    line: tuple[EntityId | None, int]


@dataclass(slots=True)
class Pool:
    """What banks brought ahead for one account, by creditor; None is undivided."""

    money: dict[EntityId | None, int] = field(default_factory=lambda: defaultdict(int))
    moved: dict[tuple[EntityId, tuple[EntityId | None, int]], int] = field(default_factory=lambda: defaultdict(int))

    def receive(self, creditor: EntityId | None, amount: int) -> None:
        """Money came ahead, or was taken back (negative)."""
        self.money[creditor] += amount

    def use(self, moves: Sequence[Moved]) -> Iterator[Found]:
        """One use of advances on a bill."""
        shares = [move for move in moves if move.what == "share" and move.amount > 0]
        taken = min(sum(move.amount for move in shares), max(self.money[None], 0))
        if taken:
            self.money[None] -= taken
            for move, part in zip(shares, split(taken, [move.amount for move in shares]), strict=True):
                self.money[move.creditor_id] += part
                if part:
                    yield Found(None, move.creditor_id, part, move.line)
        yield from self._debts([move for move in moves if move.what == "debt"])

    def _debts(self, debts: Iterable[Moved]) -> Iterator[Found]:
        by_creditor: dict[EntityId, list[Moved]] = defaultdict(list)
        for move in debts:
            by_creditor[move.creditor_id].append(move)
        for creditor, those in by_creditor.items():
            covered = [move for move in those if move.amount > 0]
            taken = min(sum(move.amount for move in covered), max(self.money[creditor], 0))
            if taken:
                self.money[creditor] -= taken
                for move, part in zip(covered, split(taken, [move.amount for move in covered]), strict=True):
                    self.moved[creditor, move.line] += part
                    if move.stays and part:
                        yield Found(creditor, creditor, part, move.line)
            for move in (one for one in those if one.amount < 0):
                back = min(-move.amount, self.moved[creditor, move.line])
                self.moved[creditor, move.line] -= back
                self.money[creditor] += back
                if move.stays and back:
                    yield Found(creditor, creditor, -back, move.line)
