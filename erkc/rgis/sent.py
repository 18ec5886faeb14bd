"""What the region has already: by section and key the hash of the last row sent, in a temporary table, so that any number of rows fits.

An increment holds exactly the rows whose hash differs (exchange reference, 1.6). A row of a section with a key of its own is known by it,
any other by its whole content.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO

from sqlalchemy import Connection, text

from adapters.format4.container import Limits, open_container
from adapters.format4.layout import Layout, Section
from adapters.format4.rows import read_rows
from core.storage.bulk import stage

__all__ = ["Sent", "no_limits", "row_hash"]

_BLOCK = 1 << 16
_TABLE = "unload_sent"
_COLUMNS = (("n", "bigint"), ("section", "text"), ("key", "bytea"), ("row", "bytea"))


def no_limits() -> Limits:
    """Limits for an archive that was taken, or made by us: it has been looked at."""
    return Limits(entries=1 << 30, total_bytes=1 << 40, ratio=1 << 30)


class Sent:
    """The rows of earlier unloads, the last version of each."""

    def __init__(self, connection: Connection, layout: Layout, unloads: Sequence[IO[bytes]]) -> None:
        self._connection = connection
        self._layout = layout
        with ExitStack() as files:
            # Nothing else may be asked of the connection while rows are copied to it: the archives are laid on disk first.
            copies = [files.enter_context(tempfile.TemporaryFile()) for _ in unloads]
            for unload, copy in zip(unloads, copies, strict=True):
                shutil.copyfileobj(unload, copy, _BLOCK)
                copy.seek(0)
            stage(connection, "unload_all", _COLUMNS, self._rows(copies))
        connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{_TABLE}"))
        connection.execute(
            text(
                f"CREATE TEMPORARY TABLE {_TABLE} ON COMMIT DROP AS SELECT DISTINCT ON (section, key) section, key, row"
                " FROM unload_all ORDER BY section, key, n DESC"
            )
        )
        connection.execute(text(f"CREATE INDEX ON {_TABLE} (section, key)"))
        connection.execute(text("DROP TABLE pg_temp.unload_all"))

    def _rows(self, unloads: Iterable[IO[bytes]]) -> Iterator[tuple[object, ...]]:
        n = 0
        for unload in unloads:
            container = open_container(unload, no_limits())
            for code, section in self._layout.sections.items():
                if f"{code}.csv" in container.entries:
                    for _, cells in read_rows(container, f"{code}.csv"):
                        n += 1
                        yield n, code, _key(section, cells), row_hash(cells)

    def news(self, section: Section, rows: Sequence[list[str]]) -> list[list[str]]:
        """Those of the rows that the region has not, or has otherwise."""
        keys = [_key(section, cells) for cells in rows]
        found = self._connection.execute(
            text(f"SELECT key, row FROM {_TABLE} WHERE section = :section AND key = ANY(:keys)"), {"section": section.code, "keys": keys}
        )
        known = {bytes(row.key): bytes(row.row) for row in found}
        return [cells for key, cells in zip(keys, rows, strict=True) if known.get(key) != row_hash(cells)]


def _key(section: Section, cells: Sequence[str]) -> bytes:
    return row_hash(cells[:1] if section.keyed else cells)


def row_hash(cells: Sequence[str]) -> bytes:
    """MD5 of the cells."""
    return hashlib.md5("\x00".join(cells).encode(), usedforsecurity=False).digest()
