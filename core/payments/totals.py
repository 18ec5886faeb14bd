"""Where the money of an archive goes: posted or to suspense, and nothing in between (Формат 4.0: money never disappears)."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from core.model.records import Payment, Record
from core.money import format_roubles

__all__ = ["MoneyTotals", "money_of", "money_totals", "signed_amount"]

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


def signed_amount(payment: Payment) -> int:
    """What a payment adds to the money of its message: a refund counts with minus, an unreadable amount as nothing."""
    amount = payment.amount or 0
    return -amount if payment.operation == _REFUND else amount


def money_totals(payments: Iterable[tuple[str, int]], suspended: Container[str]) -> MoneyTotals:
    """Totals over payments (key, signed amount); the keys in ``suspended`` went to suspense."""
    total = count = to_suspense = to_suspense_count = 0
    for key, amount in payments:
        total += amount
        count += 1
        if key in suspended:
            to_suspense += amount
            to_suspense_count += 1
    return MoneyTotals(total, count, to_suspense, to_suspense_count)


def money_of(records: Iterable[Record], suspended: Container[str]) -> MoneyTotals:
    """The same over the records of a message."""
    return money_totals(((record.key, signed_amount(record.body)) for record in records if isinstance(record.body, Payment)), suspended)
