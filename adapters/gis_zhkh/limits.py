"""Limits of the exchange, which are data of the album (``notes.json``), and the one way to cut a job into requests that respect them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

from core.errors import InvariantError
from xsd.tables import ALBUM, tables

__all__ = ["LimitName", "batches", "check", "limit"]

LimitName = Literal[
    "reply_documents",
    "reply_bytes",
    "request_documents",
    "request_withdrawals",
    "request_accounts",
    "request_acknowledgments",
    "request_identifiers",
    "request_states",
    "nsi_page",
    "request_meters",
    "request_readings",
    "request_individual_services",
    "request_history_houses",
    "request_notifications",
    "request_cancellations",
    "request_supplier_notifications",
    "request_contracts",
    "request_nsi",
    "request_organisations",
    "request_debt_answers",
    "request_debt_identifiers",
    "request_appeals",
    "notifications_page",
]
T = TypeVar("T")


def limit(name: LimitName, *, album: str = ALBUM) -> int:
    """A limit by name."""
    return tables(album).limit(name)


def batches(items: Sequence[T], name: LimitName, *, album: str = ALBUM) -> Iterator[Sequence[T]]:
    """Cut items into runs that each fit one request, in their order."""
    size = limit(name, album=album)
    for start in range(0, len(items), size):
        yield items[start : start + size]


def check(count: int, name: LimitName, *, album: str = ALBUM) -> None:
    """:class:`InvariantError` when a request would hold nothing or more than the limit: the caller cuts with :func:`batches`."""
    size = limit(name, album=album)
    if not 1 <= count <= size:
        raise InvariantError(
            "GIS-0101", f"В одном запросе должно быть от 1 до {size} записей, а передано {count}.", limit=name, count=count
        )
