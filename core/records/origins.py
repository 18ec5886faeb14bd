"""Where a record came from: kind, sender's key, file and row, message. What explanations and proofs follow back to the bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, TextClause, text

from core.ids import MessageId, RecordId
from core.model.records import BODIES
from core.records.tables import table_name

__all__ = ["Origin", "message_names", "missing_records", "origins"]


@dataclass(frozen=True, slots=True)
class Origin:
    """One record's way back: what kind of fact, under which key, from which place of which message."""

    record_id: RecordId
    kind: str
    key: str
    message_id: MessageId
    message_name: str
    message_sha256: str
    file: str
    row: int | None


@cache
def _statement() -> TextClause:
    parts = (
        f"SELECT record_id, '{body.kind_name}' AS kind, record_key, message_id, file, file_row"
        f" FROM {table_name(body)} WHERE record_id = ANY (:ids)"
        for body in BODIES
    )
    return text(
        "SELECT r.record_id, r.kind, r.record_key, r.message_id, m.name, encode(m.sha256, 'hex') AS sha256, r.file, r.file_row FROM ("
        + " UNION ALL ".join(parts)
        + ") r JOIN message m USING (message_id) ORDER BY r.record_id"
    )


def origins(connection: Connection, records: Sequence[RecordId]) -> dict[RecordId, Origin]:
    """Origins of records by number; unknown ones are left out."""
    rows = connection.execute(_statement(), {"ids": list(records)})
    return {row.record_id: Origin(*row) for row in rows}


def missing_records(connection: Connection, records: Iterable[RecordId]) -> list[RecordId]:
    """Those of the numbers that no record has, or whose message is gone."""
    wanted = list(records)
    found: set[RecordId] = set()
    for start in range(0, len(wanted), 50_000):
        found.update(origins(connection, wanted[start : start + 50_000]))
    return [record for record in wanted if record not in found]


def message_names(connection: Connection, messages: Sequence[MessageId]) -> dict[MessageId, str]:
    """The names under which messages came."""
    statement = text("SELECT message_id, name FROM message WHERE message_id = ANY (:ids)")
    return {row.message_id: row.name for row in connection.execute(statement, {"ids": list(messages)})}
