"""Bulk loading: COPY rows into a temporary staging table, then one set-based statement that takes what is new.

Measured: COPY to staging, then ``INSERT … SELECT … ON CONFLICT DO NOTHING`` reaches 0.8 of a bare COPY into the same keyed tables; it is
also what reports duplicates and unknown references as sets, and the only way in under row-level security (which COPY refuses).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from psycopg import Copy, sql
from sqlalchemy import Connection

from core.storage.engine import driver

__all__ = ["append", "escaped", "stage", "stage_text"]

_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def stage(connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> int:
    """Create temporary ``table`` with ``columns`` (name, SQL type), COPY ``rows`` into it as a stream, and return their number.

    The table lives to the end of the transaction; an older one of the same name is replaced.
    """
    count = 0
    with _opened(connection, table, columns) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
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


def escaped(value: str) -> str:
    """A text value as COPY takes it."""
    return value.translate(_ESCAPED)


@contextmanager
def _opened(connection: Connection, table: str, columns: Sequence[tuple[str, str]]) -> Iterator[Copy]:
    definition = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns)
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(table)))
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(table), definition))
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
            yield copy
