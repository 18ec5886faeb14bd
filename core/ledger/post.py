"""Posting: entries go in as a stream, in set-based batches; the same key has the same effect, once, for ever.

Per batch: COPY entries and postings to staging, hash each entry with its postings, insert what is new, report what conflicts. A repeated
entry does nothing; the same key with other content is a conflict, which is reported and never merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np
from sqlalchemy import Connection, text

from core.errors import InputError
from core.model.columns import NULL, PostingColumns, day_number, joined_columns
from core.model.ledger import Entry
from core.storage.bulk import stage, stage_columns
from core.storage.sql import queries

__all__ = ["Conflict", "Posted", "insert_staged", "post"]

_BATCH = 20_000
_ENTRY_COLUMNS = (
    ("seq", "bigint"),
    ("entry_key", 'text COLLATE "C"'),
    ("kind", "text"),
    ("provider_id", "integer"),
    ("month", "date"),
    ("occurred_on", "date"),
    ("accounted_on", "date"),
    ("corrects_month", "date"),
    ("reason", "text"),
    ("message_id", "bigint"),
    ("calculation_id", "bigint"),
)
_POSTING_COLUMNS = (
    ("seq", "bigint"),
    ("n", "integer"),
    ("debit", "smallint"),
    ("credit", "smallint"),
    ("amount", "bigint"),
    ("account_id", "bigint"),
    ("service_id", "bigint"),
    ("creditor_id", "bigint"),
    ("origin_month", "date"),
    ("component", "smallint"),
    ("place_id", "bigint"),
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that came again with other content; the first stays."""

    key: str
    kept_entry_id: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of the entries given."""

    new: int = 0
    repeated: int = 0
    conflicts: tuple[Conflict, ...] = ()

    def __add__(self, other: Posted) -> Posted:
        return Posted(self.new + other.new, self.repeated + other.repeated, self.conflicts + other.conflicts)


def post(connection: Connection, entries: Iterable[Entry], *, at: datetime, columns: PostingColumns | None = None) -> Posted:
    """Post entries inside the caller's transaction; memory stays flat however many there are.

    ``columns`` are postings of those entries of a single batch that hold none themselves.

    Raises ``InputError`` LG-0101 when an entry is dated into a closed month, LG-0103 into a closed operational day, ``ValueError``
    for an entry without postings.
    """
    result = Posted()
    stream = iter(entries)
    while batch := list(islice(stream, None if columns is not None else _BATCH)):
        postings = _columns(batch) if columns is None else joined_columns([columns, _columns(batch)])
        present = np.bincount(postings.seq, minlength=len(batch)).tolist()
        for entry, count in zip(batch, present, strict=True):
            if not count:
                raise ValueError(f"entry {entry.key} has no postings")
        stage(connection, "staged_entry", _ENTRY_COLUMNS, _entry_rows(batch), joined_by=("seq",))
        values = {name: getattr(postings, name) for name, _ in _POSTING_COLUMNS}
        stage_columns(connection, "staged_posting", _POSTING_COLUMNS, values, joined_by=("seq",))
        result += insert_staged(connection, at=at)
    return result


def insert_staged(connection: Connection, *, at: datetime) -> Posted:
    """Take the tables ``staged_entry`` and ``staged_posting`` of this transaction into the ledger."""
    sql = queries("core.ledger")
    closed = connection.execute(sql.closed_months).all()
    if closed:
        months = ", ".join(f"{row.month:%m.%Y}" for row in closed)
        raise InputError("LG-0101", f"Месяц закрыт: {months}.", hint="Проведите исправление в открытом месяце.", months=months)
    shut = connection.execute(sql.closed_bank_days).scalars().all()
    if shut:
        days = ", ".join(f"{day:%d.%m.%Y}" for day in shut)
        raise InputError("LG-0103", f"Операционный день закрыт: {days}.", hint="Деньги учитываются в открытом дне; повторите.", days=days)
    connection.execute(text("SET LOCAL work_mem = '256MB'"))  # two sorts of the batch, in memory
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.staged_content"))
    connection.execute(sql.hash_staged)
    connection.execute(text("ANALYZE staged_content"))  # or the planner sorts what it could hash
    for month in connection.execute(text("SELECT DISTINCT month FROM staged_content")).scalars().all():
        connection.execute(text("SELECT erkc_ensure_month('posting', :month)"), {"month": month})
    staged = connection.execute(text("SELECT count(*) FROM staged_content")).scalar_one()
    new = connection.execute(sql.insert_entries, {"at": at}).rowcount
    connection.execute(sql.insert_postings)
    conflicts: tuple[Conflict, ...] = ()
    if new < staged:
        conflicts = tuple(Conflict(row.entry_key, row.entry_id) for row in connection.execute(sql.conflicts))
    return Posted(new, staged - new - len(conflicts), conflicts)


def _entry_rows(batch: list[Entry]) -> Iterator[tuple[object, ...]]:
    for seq, entry in enumerate(batch):
        yield (
            seq,
            entry.key,
            entry.kind,
            int(entry.provider_id),
            entry.month.first,
            entry.occurred_on,
            entry.accounted_on,
            entry.corrects_month.first if entry.corrects_month else None,
            entry.reason,
            entry.message_id,
            entry.calculation_id,
        )


def _columns(batch: list[Entry]) -> PostingColumns:
    """Postings of entries that hold them, as columns."""
    rows = [
        (
            seq,
            n,
            posting.debit,
            posting.credit,
            posting.amount,
            _known(posting.account_id),
            _known(posting.service_id),
            _known(posting.creditor_id),
            NULL if posting.origin_month is None else day_number(posting.origin_month.first),
            _known(posting.component),
            _known(posting.place_id),
        )
        for seq, entry in enumerate(batch)
        for n, posting in enumerate(entry.postings, start=1)
    ]
    return PostingColumns(*np.array(rows, dtype=np.int64).reshape(len(rows), len(_POSTING_COLUMNS)).T)


def _known(number: int | None) -> int:
    return NULL if number is None else number
