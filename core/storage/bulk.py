"""Bulk loading: COPY rows into a temporary staging table, then one set-based statement that takes what is new.

Measured: COPY to staging, then ``INSERT … SELECT … ON CONFLICT DO NOTHING`` reaches 0.8 of a bare COPY into the same keyed tables; it is
also what reports duplicates and unknown references as sets, and the only way in under row-level security (which COPY refuses).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import sql
from sqlalchemy import Connection

from core.storage.engine import driver

__all__ = ["stage"]


def stage(connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> int:
    """Create temporary ``table`` with ``columns`` (name, SQL type), COPY ``rows`` into it as a stream, and return their number.

    The table lives to the end of the transaction; an older one of the same name is replaced.
    """
    definition = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns)
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    count = 0
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(table)))
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(table), definition))
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
    return count
