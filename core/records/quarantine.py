"""Rows that wait for what they refer to, and their release when it arrives (exchange reference, section 5, effect ``quarantine``).

An adapter says of each such row what it waits for (``Record.waits_for``). When a message has brought those rows, the waiting ones get a new
version: the same body from the same place of their own message, in the state that only the waiting kept from them, with the message that
released it. Chains (house, flat, account, meter, reading) come free together, the rows of the message itself too. What arrived before a row
began to wait does not free it: its own message refused that very row, so it waits for the sender to send it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId, RecordId
from core.model.records import BODIES, Body, Payment, Record
from core.records.tables import table_columns, table_name
from core.records.versions import STATES

__all__ = ["Quarantine"]

_BY_NAME = {body.kind_name: body for body in BODIES}
_QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class _Waiting:
    record_id: RecordId
    kind: str
    key: str
    waits_for: tuple[str, ...]
    pack: str | None
    """Of a payment."""

    @property
    def reference(self) -> str:
        return f"{self.kind}/{self.key}"


@dataclass(slots=True)
class Quarantine:
    """The waiting rows of one sender, while one of its messages is loaded."""

    connection: Connection
    provider_id: ProviderId
    message_id: MessageId
    """The message being loaded."""
    _wanted: frozenset[str] = field(init=False)
    released_payments: frozenset[str] = field(default=frozenset(), init=False)
    """Keys of the payments that :meth:`release` freed."""
    _arrived: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._wanted = frozenset(reference for row in self._waiting() for reference in row.waits_for)

    def noting_arrivals(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass the records of the message on; a row that was waited for has arrived also when it says nothing new."""
        for record in records:
            if self._wanted and record.state != _QUARANTINED:
                reference = f"{type(record.body).kind_name}/{record.key}"
                if reference in self._wanted:
                    self._arrived.add(reference)
            yield record

    def release(self, *, packs: Collection[str], payments: Collection[str], at: datetime) -> dict[str, int]:
        """Free what waits for nothing any more, once the records of the message are stored; numbers of rows by kind.

        ``packs`` are those of payments that the message brings whole, ``payments`` all its rows of payments: one of such a pack that it
        does not have was withdrawn by the sender.
        """
        found = self._waiting() if self._wanted else []
        waiting = [row for row in found if row.pack is None or row.pack not in packs or row.key in payments]
        if not waiting:
            return {}
        stored = self._stored({reference for row in waiting for reference in row.waits_for})
        missing = {
            row: {reference for reference in row.waits_for if reference not in self._arrived and stored.get(reference, 0) < row.record_id}
            for row in waiting
        }
        freed = _freed(missing)
        self.released_payments = frozenset(row.key for row in freed if row.kind == Payment.kind_name)
        by_kind: dict[str, list[RecordId]] = defaultdict(list)
        for row in freed:
            by_kind[row.kind].append(row.record_id)
        return {kind: self._copy(_BY_NAME[kind], by_kind[kind], at) for kind in _BY_NAME if kind in by_kind}

    def _waiting(self) -> list[_Waiting]:
        """Waiting rows that nothing later has replaced, in the order in which they were learned."""
        found: list[_Waiting] = []
        for body in BODIES:
            table = table_name(body)
            same = "AND n.valid_from IS NOT DISTINCT FROM r.valid_from" if body in STATES else ""
            pack = "r.pack" if body is Payment else "NULL"
            statement = f"""
            SELECT r.record_id, r.record_key, r.waits_for, {pack} AS pack FROM {table} r
            WHERE r.provider_id = :provider AND r.waits_for IS NOT NULL
              AND NOT EXISTS (
                SELECT FROM {table} n
                WHERE n.provider_id = r.provider_id AND n.record_key = r.record_key AND n.record_id > r.record_id {same})
            ORDER BY r.record_id"""
            rows = self.connection.execute(text(statement), {"provider": self.provider_id})
            found += [_Waiting(row.record_id, body.kind_name, row.record_key, tuple(row.waits_for), row.pack) for row in rows]
        return found

    def _stored(self, references: Iterable[str]) -> Mapping[str, int]:
        """The number of the last record that was taken under each reference."""
        by_kind: dict[str, list[str]] = defaultdict(list)
        for reference in references:
            kind, _, key = reference.partition("/")
            by_kind[kind].append(key)
        found: dict[str, int] = {}
        for kind, keys in by_kind.items():
            statement = f"""
            SELECT record_key, max(record_id) AS last FROM {table_name(_BY_NAME[kind])}
            WHERE provider_id = :provider AND record_key = ANY (:keys) AND state <> '{_QUARANTINED}' GROUP BY record_key"""
            for row in self.connection.execute(text(statement), {"provider": self.provider_id, "keys": keys}):
                found[f"{kind}/{row.record_key}"] = row.last
        return found

    def _copy(self, body: type[Body], records: Sequence[RecordId], at: datetime) -> int:
        """The new versions of the rows."""
        table = table_name(body)
        kept = ", ".join([
            "provider_id", "message_id", "file", "file_row", "record_key", "valid_from", "valid_to",
            *(name for name, _, _ in table_columns(body)),
        ])  # fmt: skip
        statement = f"""
        INSERT INTO {table} (recorded_at, state, released_by, {kept})
        SELECT :at, state_then, :message, {kept} FROM {table} WHERE record_id = ANY (:records) ORDER BY record_id"""
        return self.connection.execute(text(statement), {"at": at, "message": self.message_id, "records": list(records)}).rowcount


def _freed(missing: Mapping[_Waiting, set[str]]) -> list[_Waiting]:
    """Rows that miss nothing, and those that miss only rows that are freed with them, step by step."""
    children: dict[str, list[_Waiting]] = defaultdict(list)
    for row, references in missing.items():
        for reference in references:
            children[reference].append(row)
    freed: list[_Waiting] = []
    ready = [row for row, references in missing.items() if not references]
    while ready:
        row = ready.pop()
        freed.append(row)
        for child in children.pop(row.reference, ()):
            missing[child].discard(row.reference)
            if not missing[child]:
                ready.append(child)
    return freed
