"""Debts and postings of many accounts as columns: one array a field, one place an item, without an object each.

Amounts are kopecks, identifiers our own numbers, days and months (by their first day) are :func:`day_number`; :data:`NULL` is no value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

__all__ = ["NULL", "Column", "OwedColumns", "PostingColumns", "column", "day_number", "day_of", "joined_columns"]

Column = npt.NDArray[np.int64]
NULL = int(np.iinfo(np.int64).min)
_EPOCH = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class OwedColumns:
    """What accounts owe, as :class:`core.model.ledger.OpenItem` says it, in any order."""

    account_id: Column
    service_id: Column
    creditor_id: Column
    origin_month: Column
    surcharge: Column
    """0 or 1."""
    amount: Column

    def at(self, places: Column | npt.NDArray[np.bool_]) -> OwedColumns:
        """Some of the items."""
        return OwedColumns(*(getattr(self, item.name)[places] for item in fields(self)))


@dataclass(frozen=True, slots=True)
class PostingColumns:
    """Postings of a batch of entries."""

    seq: Column
    """Place of the entry in its batch."""
    n: Column
    """Number of the posting in its entry, from 1."""
    debit: Column
    credit: Column
    amount: Column
    account_id: Column
    service_id: Column
    creditor_id: Column
    origin_month: Column
    component: Column
    place_id: Column

    def at(self, places: Column | npt.NDArray[np.bool_]) -> PostingColumns:
        """Some of the postings."""
        return PostingColumns(*(getattr(self, item.name)[places] for item in fields(self)))


def column(values: Iterable[int]) -> Column:
    """Whole numbers as a column."""
    return np.fromiter(values, dtype=np.int64)


def joined_columns(pieces: Iterable[PostingColumns]) -> PostingColumns:
    """One after another."""
    several = list(pieces)
    return PostingColumns(*(np.concatenate([getattr(piece, item.name) for piece in several]) for item in fields(PostingColumns)))


def day_number(day: date) -> int:
    """A day as a number that grows with it; PostgreSQL's own.

    >>> day_number(date(2000, 1, 31)), day_of(30)
    (30, datetime.date(2000, 1, 31))
    """
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day of a number."""
    return _EPOCH + timedelta(days=number)
