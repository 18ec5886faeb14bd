"""Where the money of an archive goes: posted or to suspense, and nothing in between (section 5, «Money never disappears»)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.model.records import Payment, Record
from core.money import format_roubles

__all__ = ["MoneyTotals", "money_of"]

_REFUND = 2


@dataclass(frozen=True, slots=True)
class MoneyTotals:
    """Kopecks and numbers of payments over OPLATA as sent; ``payments`` = ``posted`` + ``to_suspense``."""

    payments: int
    count: int
    to_suspense: int
    to_suspense_count: int

    @property
    def posted(self) -> int:
        """Money posted to accounts."""
        return self.payments - self.to_suspense

    @property
    def posted_count(self) -> int:
        """Payments posted to accounts."""
        return self.count - self.to_suspense_count

    def as_dict(self) -> dict[str, str | int]:
        """The totals as they are shown: roubles as text, numbers as numbers."""
        return {
            "payments": format_roubles(self.payments),
            "count": self.count,
            "to_suspense": format_roubles(self.to_suspense),
            "to_suspense_count": self.to_suspense_count,
            "posted": format_roubles(self.posted),
            "posted_count": self.posted_count,
        }


def money_of(records: Iterable[Record], suspended: Mapping[str, str]) -> MoneyTotals:
    """Sum the payments among ``records``; a refund counts with minus, an unreadable amount only in the numbers."""
    payments = count = to_suspense = to_suspense_count = 0
    for record in records:
        if not isinstance(record.body, Payment):
            continue
        amount = record.body.amount or 0
        if record.body.operation == _REFUND:
            amount = -amount
        payments += amount
        count += 1
        if record.key in suspended:
            to_suspense += amount
            to_suspense_count += 1
    return MoneyTotals(payments, count, to_suspense, to_suspense_count)
