"""Files of «Формат 4.0» as rows: looked at once as bytes, then read as a stream of cells.

The first look (:func:`inspect`) gives what decides about the whole file — control string, encoding, number of rows — before any row is
believed. Rows are read by a real CSV reader: names hold quotes and semicolons, quoted line feeds are legal, lines end in CRLF or LF
(section 1). Blank lines at the end are not rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from adapters.format4.container import Container

__all__ = ["Inspected", "inspect", "lines_of_rows", "read_rows"]

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_UNDEFINED = bytes([0x98])
_LONGEST_LINE = 1 << 20


class _UnreadableLine(Exception):
    """A line is longer than any row of the format can be."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file is as a whole."""

    md5: str
    encoding_fault: str
    """Why it is not windows-1251, in Russian; empty when it is."""
    rows: int | None
    """Data rows (the header is not one); None when they can not be counted."""
    header_width: int
    """Cells of the header; 0 when the file is empty."""


def _lines(container: Container, name: str) -> Iterator[str]:
    with io.TextIOWrapper(container.stream(name), encoding="cp1251", newline="") as text:
        while line := text.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE and not line.endswith(("\n", "\r")):
                raise _UnreadableLine
            yield line


def _cells(container: Container, name: str) -> Iterator[list[str]]:
    """Rows with the header first; blank lines inside the table are rows without cells, at its end nothing."""
    blank = 0
    for cells in csv.reader(_lines(container, name), delimiter=";"):
        if not cells:
            blank += 1
            continue
        for _ in range(blank):
            yield []
        blank = 0
        yield cells


def inspect(container: Container, name: str) -> Inspected:
    """Look at a file as a whole."""
    digest = hashlib.md5(usedforsecurity=False)
    start = b""
    fault = ""
    for block in container.blocks(name):
        start = start or block[:3]
        digest.update(block)
        if not fault and (_UNDEFINED in block or b"\0" in block):
            fault = "есть байты, которых в этой кодировке нет"
    if start.startswith(_MARKS):
        fault = "в начале метка порядка байтов"
    if fault:
        return Inspected(digest.hexdigest(), fault, None, 0)
    rows, width = -1, 0
    try:
        for cells in _cells(container, name):
            rows += 1
            width = width or len(cells)
    except (csv.Error, _UnreadableLine):
        return Inspected(digest.hexdigest(), "", None, width)
    return Inspected(digest.hexdigest(), "", max(rows, 0), width)


def read_rows(container: Container, name: str) -> Iterator[tuple[int, list[str]]]:
    """Data rows of an inspected file with their numbers, 1 = first after the header; cells without surrounding blanks."""
    for number, cells in enumerate(_cells(container, name)):
        if number:
            yield number, [cell.strip() for cell in cells]


def lines_of_rows(container: Container, name: str, numbers: Collection[int]) -> dict[int, tuple[int, int]]:
    """Where rows stand in the bytes of a file: the first line (0 = that of the header) and how many; a quoted line feed makes several.

    Row 0 is the header. Rows that are not there are left out.
    """
    reader, found, before = csv.reader(_lines(container, name), delimiter=";"), {}, 0
    for number, _ in enumerate(reader):
        if number in numbers:
            found[number] = (before, reader.line_num - before)
        before = reader.line_num
    return found
