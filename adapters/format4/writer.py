"""Archives of «Формат 4.0» as the hub writes them: rows by the field table, true data rows and MD5 in the list of files.

The same rows give the same bytes: entries have one moment, sections stand in load order. Values are written as section 1 of the exchange
reference has them; a section without rows is left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, BinaryIO, Self

from adapters.format4.layout import Layout, Section

__all__ = ["ArchiveWriter", "cells_of", "header_of", "table", "written_decimal", "zip_archive"]

_ENTRY_MOMENT = (1980, 1, 1, 0, 0, 0)
_IN_MEMORY = 1 << 18
_BLOCK = 1 << 16
_PLACES = {"n2": 2, "n3": 3, "n6": 6}


def written_decimal(value: int, places: int) -> str:
    """A scaled whole number as the format has it: a point, at least two places, zero as ``0``.

    >>> written_decimal(190632, 2), written_decimal(0, 2), written_decimal(-5, 2), written_decimal(41870000, 6)
    ('1906.32', '0', '-0.05', '41.87')
    """
    if value == 0:
        return "0"
    whole, part = divmod(abs(value), 10**places)
    digits = f"{part:0{places}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{whole}.{digits}"


def cells_of(section: Section, values: Mapping[str, object]) -> list[str]:
    """One row: values by code of the field; what is not named is empty. A code that the section has not is a ``KeyError``."""
    unknown = set(values) - {field.code for field in section.fields}
    if unknown:
        raise KeyError(f"{section.code}: {', '.join(sorted(unknown))}")
    return [_written(field.type, values.get(field.code)) for field in section.fields]


def _written(kind: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "2"
    if isinstance(value, int) and kind in _PLACES:
        return written_decimal(value, _PLACES[kind])
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%m.%Y" if kind == "my" else "%d.%m.%Y")
    return str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A file of the archive: windows-1251, ``;``, CRLF; a mark that windows-1251 has not becomes ``?``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("cp1251", errors="replace")


def header_of(section: Section) -> list[str]:
    """The header line: number, dot, Russian name."""
    return [f"{field.n}. {field.name}" for field in section.fields]


@dataclass(slots=True)
class _Spool:
    """One table on its way: its bytes so far (on disk once there are many), their MD5 and the number of data rows."""

    file: IO[bytes]
    digest: hashlib._Hash
    rows: int = 0

    def add(self, cells: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(cells)
        data = text.getvalue().encode("cp1251", errors="replace")
        self.digest.update(data)
        self.file.write(data)


@dataclass(slots=True)
class ArchiveWriter:
    """An archive of any size, written row by row: memory does not grow with it. Tables and files may come in any order.

    ``with ArchiveWriter(layout) as writer: writer.add("kvar", rows); …; writer.finish(info, out)``.
    """

    layout: Layout
    _tables: dict[str, _Spool] = field(default_factory=dict)
    _files: dict[str, IO[bytes]] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def rows(self) -> dict[str, int]:
        """Data rows of the sections that have any, in load order."""
        return {code: self._tables[code].rows for code in self.layout.sections if code in self._tables}

    def add(self, code: str, rows: Sequence[Sequence[str]]) -> None:
        """Rows of a section."""
        if rows:
            table = self._table(code, self.layout.sections[code])
            table.add(rows)
            table.rows += len(rows)

    def add_file(self, name: str, source: IO[bytes]) -> None:
        """A file beside the sections; the first of a name stays."""
        if name not in self._files:
            self._files[name] = self._spool()
            shutil.copyfileobj(source, self._files[name], _BLOCK)

    def finish(self, info: Sequence[str], out: BinaryIO) -> None:
        """Write the archive: ``_info``, sections in load order, the list of files, what lies beside."""
        head = self._table("_info", self.layout.info)
        head.add([info])
        head.rows = 1
        order = ["_info", *self.rows]
        listed = self._table("_filelist", self.layout.file_list)
        listed.add([[f"{code}.csv", str(self._tables[code].rows), self._tables[code].digest.hexdigest()] for code in order])
        contents = {f"{code}.csv": self._tables[code].file for code in [*order, "_filelist"]} | self._files
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, file in contents.items():
                entry = zipfile.ZipInfo(name, _ENTRY_MOMENT)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.file_size = file.tell()
                file.seek(0)
                with archive.open(entry, "w") as target:
                    shutil.copyfileobj(file, target, _BLOCK)

    def _table(self, code: str, section: Section) -> _Spool:
        if code not in self._tables:
            table = self._tables[code] = _Spool(self._spool(), hashlib.md5(usedforsecurity=False))
            table.add([header_of(section)])
        return self._tables[code]

    def _spool(self) -> IO[bytes]:
        return self._open.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))


def zip_archive(
    layout: Layout, info: Sequence[str], rows: Mapping[str, Sequence[Sequence[str]]], *, extra: Mapping[str, bytes] | None = None
) -> bytes:
    """The archive of one unload; ``extra`` are files beside the sections. Sections without rows are left out."""
    packed = io.BytesIO()
    with ArchiveWriter(layout) as writer:
        for code, found in rows.items():
            writer.add(code, found)
        for name, data in (extra or {}).items():
            writer.add_file(name, io.BytesIO(data))
        writer.finish(info, packed)
    return packed.getvalue()
