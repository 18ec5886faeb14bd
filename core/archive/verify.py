"""Is the archive still what came in? Recomputes every hash from the bytes and every root and chain link from the hashes (invariant 1, the
seal).

What the law made us drop is reported as such, and is no breach: its hash still stands in the seal. Everything else that differs is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection, Row

from core.archive import merkle
from core.archive.messages import CHUNK_BYTES
from core.archive.seals import all_seals
from core.ids import MessageId
from core.storage.sql import queries

__all__ = ["Breach", "broken"]

_SQL = queries("core.archive")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where the archive differs from its own hashes; ``kind`` ``dropped`` is lawful and only reported."""

    kind: Literal["bytes", "dropped", "orphan", "root", "chain"]
    message_id: MessageId | None
    day: date | None
    message: str

    @property
    def is_lawful(self) -> bool:
        """Whether this is only a note that the law had bytes removed."""
        return self.kind == "dropped"


def broken(connection: Connection) -> Iterator[Breach]:
    """Every difference, bytes first, then seals in the order of days. Memory does not grow with the archive."""
    yield from _broken_bytes(connection)
    yield from _broken_seals(connection)


def _broken_bytes(connection: Connection) -> Iterator[Breach]:
    after = 0
    while page := connection.execute(_SQL.messages_after, {"after": after, "page": _PAGE}).all():
        span = {"after": after, "last": page[-1].message_id, "chunk_bytes": CHUNK_BYTES}
        small = {row.message_id: (bytes(row.sha256), row.size_bytes) for row in connection.execute(_SQL.small_messages_digest, span)}
        extra = set(connection.execute(_SQL.extra_parts, span).scalars())
        for row in page:
            number = MessageId(row.message_id)
            if row.dropped_at is not None and row.message_id not in small:
                yield Breach(
                    "dropped", number, None, f"Байты сообщения № {number} удалены {row.dropped_at:%d.%m.%Y} по основанию: {row.basis}."
                )
                continue
            found = small.get(row.message_id, (sha256(b"").digest(), 0)) if row.size_bytes <= CHUNK_BYTES else _digest(connection, row)
            if found != (bytes(row.sha256), row.size_bytes) or row.message_id in extra:
                yield Breach("bytes", number, None, f"Байты сообщения № {number} ({row.name}) не совпадают с его хешем или размером.")
        after = page[-1].message_id
    for orphan in connection.execute(_SQL.bytes_without_message).scalars():
        yield Breach("orphan", MessageId(orphan), None, f"В архиве есть байты без сообщения (№ {orphan}).")


def _digest(connection: Connection, row: Row[tuple[object, ...]]) -> tuple[bytes, int]:
    digest, size = sha256(), 0
    values = {"month": row.received_month, "message_id": row.message_id}
    with connection.execution_options(stream_results=True, max_row_buffer=4).execute(_SQL.chunks_of_message, values) as parts:
        for part in parts:
            digest.update(part.bytes)
            size += len(part.bytes)
    return digest.digest(), size


def _broken_seals(connection: Connection) -> Iterator[Breach]:
    previous_chain, expected_day = merkle.FIRST_CHAIN, None
    for seal in all_seals(connection):
        leaves = connection.execute(_SQL.leaves_of_day, {"day": seal.day}).all()
        values = [merkle.sealed_value(bytes(leaf.sha256), bytes(leaf.content_root)) for leaf in leaves]
        if [leaf.place for leaf in leaves] != list(range(seal.count)) or merkle.root(values) != seal.root:
            yield Breach("root", None, seal.day, f"Печать {seal.day:%d.%m.%Y} не сходится: сообщения дня изменены, добавлены или убраны.")
        link = merkle.chain_link(previous_chain, day=seal.day, count=seal.count, day_root=seal.root)
        if seal.previous_chain != previous_chain or seal.chain != link or (expected_day is not None and seal.day != expected_day):
            yield Breach("chain", None, seal.day, f"Цепь печатей прервана на {seal.day:%d.%m.%Y}: предыдущий день изменён или убран.")
        previous_chain, expected_day = seal.chain, seal.day + timedelta(days=1)
