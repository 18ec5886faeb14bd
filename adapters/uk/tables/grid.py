"""A file as a grid of texts, whatever it was: CSV by its own separator, the first sheet of a workbook with merged cells filled, a DBF.

Every cell is the text that a person would have typed: a date as ``01.10.2026``, a number by its shortest decimal form, a whole number that
a spreadsheet keeps as ``1001.0`` as ``1001``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from adapters.dbf import DRIVERS, DbfTable
from adapters.zipio import DAMAGE, open_zip
from core.errors import InputError

__all__ = ["Grid", "is_table", "read_grid"]

Grid = Sequence[Sequence[str]]
_DAMAGED = (*DAMAGE, KeyError, IndexError, TypeError, AttributeError, SyntaxError, InvalidFileException, OverflowError)
_UNPACKED_BYTES, _RATIO = 1 << 29, 400
_SEPARATORS = (";", "\t", "|", ",")
_SAMPLE_LINES = 30
_CSV, _XLSX, _DBF = ".csv", ".xlsx", ".dbf"


def is_table(name: str, data: bytes) -> bool:
    """Whether name and first bytes are those of a table that can be read."""
    ending = name.lower()
    if ending.endswith(_XLSX):
        return data.startswith(b"PK")
    return ending.endswith((_CSV, ".txt", _DBF)) and bool(data)


def read_grid(name: str, data: bytes) -> Grid:
    """All rows; ``InputError`` TBL-0101 when the file can not be read as a table."""
    ending = name.lower()
    try:
        if data.startswith(b"PK"):
            return _workbook(data)
        if ending.endswith(_DBF):
            return _dbf(name, data)
        return _separated(data)
    except (*_DAMAGED, csv.Error) as error:
        raise InputError(
            "TBL-0101", f"«{name}» не читается как таблица.", hint="Сохраните её как .xlsx или .csv и повторите.", reason=str(error)
        ) from error


def _separated(data: bytes) -> Grid:
    text = _decoded(data)
    lines = text.splitlines()[:_SAMPLE_LINES]
    separator = max(_SEPARATORS, key=lambda mark: (sum(1 for line in lines if mark in line), sum(line.count(mark) for line in lines)))
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)]


def _decoded(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_single_byte(data), "replace")


def _single_byte(data: bytes) -> str:
    """CP866 or windows-1251: the one in which more of the letters are lower-case Russian ones."""
    return max(("cp1251", "cp866"), key=lambda name: sum(letter in "оеаинтсрвл" for letter in data[: 1 << 16].decode(name, "replace")))


def _workbook(data: bytes) -> Grid:
    with open_zip(data) as package:
        size = sum(item.file_size for item in package.infolist())
    if size > _UNPACKED_BYTES or size > max(_RATIO * len(data), 1 << 22):
        raise InputError("TBL-0101", "Книга распаковывается в слишком большой объём.", hint="Проверьте отправителя.", unpacked_bytes=size)
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    sheet = book.worksheets[0]
    rows = [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    for merged in sheet.merged_cells.ranges:
        value = rows[merged.min_row - 1][merged.min_col - 1]
        for line in range(merged.min_row - 1, min(merged.max_row, len(rows))):
            for place in range(merged.min_col - 1, min(merged.max_col, len(rows[line]))):
                rows[line][place] = value
    return rows


def _text(value: Any) -> str:  # a cell of a workbook is of any type
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 10**15 else repr(value)
    return str(value).strip()


def _dbf(name: str, data: bytes) -> Grid:
    table = DbfTable.of(data)
    if table is None:
        raise InputError("TBL-0101", f"«{name}» — не DBF.", hint="Сохраните таблицу как .xlsx или .csv и повторите.")
    guessed = _single_byte(table.body)
    encoding = guessed if any(byte >= 0x80 for byte in table.body[: 1 << 16]) else DRIVERS.get(data[29], guessed)
    fields = list(table.fields)
    rows = [[_dbf_cell(table, record, field, encoding) for field in fields] for _, record in table.records()]
    return [fields, *rows]


def _dbf_cell(table: DbfTable, record: bytes, field: str, encoding: str) -> str:
    text = table.text(record, field, encoding)
    return f"{text[6:]}.{text[4:6]}.{text[:4]}" if field in table.days and len(text) == 8 else text
