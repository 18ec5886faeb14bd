"""Bulk loading: COPY rows into a temporary staging table, then one set-based statement that takes what is new.

Measured: COPY to staging, then ``INSERT … SELECT … ON CONFLICT DO NOTHING`` reaches 0.8 of a bare COPY into the same keyed tables; it is
also what reports duplicates and unknown references as sets, and the only way in under row-level security (which COPY refuses).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from psycopg import Copy, sql
from sqlalchemy import Connection

from core.model.columns import NULL, Column
from core.storage.engine import driver

__all__ = ["append", "array_of", "escaped", "stage", "stage_columns", "stage_text"]


_WIDTHS = {"bigint": ">i8", "integer": ">i4", "smallint": ">i2", "date": ">i4"}
_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def stage(
    connection: Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[object]],
    *,
    joined_by: Sequence[str] | None = None,
) -> int:
    """Create temporary ``table`` with ``columns`` (name, SQL type), COPY ``rows`` into it as a stream, and return their number.

    The table lives to the end of the transaction; an older one of the same name is replaced. ``joined_by`` names the columns that the
    planner must know (none: the table is read whole); without it all of them are looked at.
    """
    count = 0
    with _opened(connection, table, columns) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    _look_at(connection, table, joined_by)
    return count


def append(connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> None:
    """COPY more rows into a table that :func:`stage` made."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def stage_text(connection: Connection, table: str, columns: Sequence[tuple[str, str]], blocks: Iterable[bytes]) -> None:
    """As :func:`stage`, of rows that are already text as COPY takes it (tabs between columns, ``\\N`` for null, :func:`escaped` values);
    without statistics: for statements that read the whole table."""
    with _opened(connection, table, columns) as copy:
        for block in blocks:
            copy.write(block)


def stage_columns(
    connection: Connection, table: str, columns: Sequence[tuple[str, str]], values: Mapping[str, Column], *, joined_by: Sequence[str]
) -> None:
    """As :func:`stage`, of columns of whole numbers and days, without an object a row; rows with the same nulls go together."""
    given = [values[name] for name, _ in columns]
    pattern = np.zeros(len(given[0]), dtype=np.int64)
    for place, column in enumerate(given):
        pattern |= (column == NULL).astype(np.int64) << place
    with _opened(connection, table, columns, binary=True) as copy:
        copy.write(_HEAD)
        for nulls in np.unique(pattern).tolist():
            copy.write(_rows([kind for _, kind in columns], [column[pattern == nulls] for column in given], nulls))
        copy.write(_TAIL)
    _look_at(connection, table, joined_by)


def _rows(kinds: Sequence[str], columns: Sequence[Column], nulls: int) -> bytes:
    """Rows in PostgreSQL's binary form: the number of fields, then the length of each (-1: null) and its value."""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for place, kind in enumerate(kinds):
        layout.append((f"length{place}", ">i4"))
        if not nulls >> place & 1:
            layout.append((f"value{place}", _WIDTHS[kind]))
    rows = np.empty(len(columns[0]), dtype=np.dtype(layout))
    rows["fields"] = len(kinds)
    for place, (kind, column) in enumerate(zip(kinds, columns, strict=True)):
        if nulls >> place & 1:
            rows[f"length{place}"] = -1
        else:
            rows[f"length{place}"] = np.dtype(_WIDTHS[kind]).itemsize
            rows[f"value{place}"] = column
    return rows.tobytes()


def array_of(sent: bytes | None) -> Column:
    """Values of ``array_send(array_agg(…))`` of whole numbers or days; none of them may be null."""
    if sent is None:
        return np.empty(0, dtype=np.int64)
    if int.from_bytes(sent[:4], "big") != 1 or int.from_bytes(sent[4:8], "big"):
        raise ValueError("a column of a query has nulls")
    width = int.from_bytes(sent[20:24], "big")
    values = np.frombuffer(sent, dtype=np.dtype([("length", ">i4"), ("value", f">i{width}")]), offset=20)
    return values["value"].astype(np.int64)


def escaped(value: str) -> str:
    """A text value as COPY takes it."""
    return value.translate(_ESCAPED)


def _look_at(connection: Connection, table: str, columns: Sequence[str] | None) -> None:
    """Statistics of some columns of a staging table, or of all."""
    if columns is not None and not columns:
        return
    some = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, columns))) if columns else sql.SQL("")
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {} {}").format(sql.Identifier(table), some))


@contextmanager
def _opened(connection: Connection, table: str, columns: Sequence[tuple[str, str]], *, binary: bool = False) -> Iterator[Copy]:
    definition = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns)
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(table)))
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(table), definition))
        form = sql.SQL("(FORMAT BINARY)" if binary else "")
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN {}").format(sql.Identifier(table), names, form)) as copy:
            yield copy
