"""XLSX registries: the header row is found by its names, numbers are rounded to kopecks one by one, the row ИТОГО is the control.

The package is opened by openpyxl, which knows sheets, styles and dates; what it raises for damaged ones is caught around reading only.
A number in a cell is a binary fraction: it is read by its shortest decimal form and rounded half up, never added as a fraction.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from adapters.banks.profile import Column, Profile
from adapters.banks.proof import Registry, Row
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from adapters.banks.values import Unreadable, parse_date
from adapters.zipio import DAMAGE, open_zip
from core.errors import InputError

__all__ = ["DAMAGED", "is_workbook", "parse_sheet", "read_cells", "sheet_titles", "workbook_has"]

DAMAGED = (*DAMAGE, KeyError, IndexError, TypeError, AttributeError, SyntaxError, InvalidFileException, OverflowError)
"""What openpyxl and the ZIP reader raise for a damaged package."""
_UNPACKED_BYTES, _RATIO = 1 << 30, 400
_TITLE_ROWS = 40
_REGISTRY = re.compile(r"реестр.*?№\s*(\S+)\s+от\s+(\d{2}\.\d{2}\.\d{4})", re.IGNORECASE)
_PAYEE = re.compile(r"ИНН\s*(\d{10,12}).*?сч[её]т\s*(\d{20})", re.IGNORECASE)
_TOTAL = re.compile(r"итого\b", re.IGNORECASE)
_LONGEST_EXACT = 10**15
"""A number of more digits is not kept exactly by a sheet: such an account is no account."""
_Cells = Sequence[Any]


def read_cells(data: bytes) -> list[_Cells]:
    """Values of the first sheet, row by row; raises what ``openpyxl`` raises for a damaged package."""
    with open_zip(data) as package:
        size = sum(item.file_size for item in package.infolist())
    if size > _UNPACKED_BYTES or size > max(_RATIO * len(data), 1 << 20):
        raise InputError("BANK-0102", f"Книга распаковывается в {size} байт: это слишком много.", hint="Проверьте отправителя.")
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a written dimension may lie
        return [tuple(row) for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()


def is_workbook(data: bytes) -> bool:
    """Whether a ZIP package is a workbook."""
    if not data.startswith(b"PK"):
        return False
    try:
        with open_zip(data) as package:
            return "xl/workbook.xml" in package.namelist()
    except DAMAGE:
        return False


def workbook_has(data: bytes, profile: Profile) -> bool:
    """Whether the titles that a profile needs stand in the first sheet."""
    try:
        cells = read_cells(data)
    except (*DAMAGED, InputError):
        return False
    return sheet_titles(cells, [column.name for column in profile.columns if column.required]) is not None


def sheet_titles(rows: Sequence[_Cells], wanted: Sequence[str]) -> tuple[int, Mapping[str, int]] | None:
    """The row in which all wanted titles stand, and their places; titles are compared without case and spaces around."""
    for number, row in enumerate(rows[:_TITLE_ROWS]):
        places = {_title(cell): place for place, cell in reversed(list(enumerate(row))) if isinstance(cell, str)}
        if all(_title(name) in places for name in wanted):
            return number, places
    return None


def parse_sheet(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check one workbook."""
    try:
        cells = read_cells(data)
    except DAMAGED:
        return ParsedFile(name, profile.name, None, "rejected", [{"code": "TRUNCATED"}])
    needed = [column.name for column in profile.columns if column.required]
    found = sheet_titles(cells, needed)
    if found is None:
        return ParsedFile(name, profile.name, None, "rejected", [{"code": "BAD_SIGNATURE", "expected": "; ".join(needed)}])
    top, places = found
    table = _Sheet(cells, top, places, profile, known.account_pad)
    warnings: list[str] = []
    registry = Registry(name, profile, known, None, warnings, table, _header(cells[:top]))
    total = table.total
    if total is None:
        return registry.refused([{"code": "MISSING_TRAILER"}])
    for key, title in profile.summary.items():
        place = 1 if title == "2" else places.get(_title(title))
        cell = total[place] if place is not None and place < len(total) else None
        registry.declare(key, _text(cell, Column(key, 0, "count" if key == "count" else "amount")))
    parsed = registry.result()
    if table.padded:
        warnings.append("ACCOUNT_REPADDED")
    return parsed


def _header(rows: Sequence[_Cells]) -> Fact:
    header: Fact = dict.fromkeys(("registry_number", "registry_date", "payee_inn", "payee_account"))
    for text in (cell for row in rows for cell in row if isinstance(cell, str)):
        if header["registry_number"] is None and (match := _REGISTRY.search(text)):
            header["registry_number"] = match[1]
            try:
                header["registry_date"] = parse_date(match[2], "ДД.ММ.ГГГГ")
            except Unreadable:
                header["registry_date"] = None
        if header["payee_inn"] is None and (match := _PAYEE.search(text)):
            header["payee_inn"], header["payee_account"] = match[1], match[2]
    return header


@dataclass(slots=True)
class _Sheet:
    """Rows between the titles and ИТОГО."""

    cells: list[_Cells]
    top: int
    places: Mapping[str, int]
    profile: Profile
    pad: int | None
    padded: bool = False

    @property
    def total(self) -> _Cells | None:
        """The row ИТОГО."""
        return next((row for row in self.cells[self.top + 1 :] if _is_total(row)), None)

    def __call__(self) -> Iterator[Row]:
        n = 0
        for row in self.cells[self.top + 1 :]:
            if _is_total(row):
                return
            if all(cell is None or cell == "" for cell in row):
                continue
            n += 1
            yield n, [self._value(row, column) for column in self.profile.columns]

    def _value(self, row: _Cells, column: Column) -> str:
        place = self.places.get(_title(column.name))
        cell = row[place] if place is not None and place < len(row) else None
        text = _text(cell, column)
        if column.key == "account" and not isinstance(cell, str) and self.pad is not None and text.isdigit() and len(text) < self.pad:
            self.padded = True
            return text.zfill(self.pad)
        return text


def _is_total(row: _Cells) -> bool:
    first = next((cell for cell in row if cell is not None), None)
    return isinstance(first, str) and _TOTAL.match(first.strip()) is not None


def _title(text: str) -> str:
    return " ".join(text.split()).casefold()


def _text(cell: Any, column: Column) -> str:
    """A cell as the profile would have it written. ``Any``: whatever openpyxl gives for a cell."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, datetime | date):
        return _written(cell, column)
    if isinstance(cell, int | float):
        number = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
        if not number.is_finite():
            return str(cell)
        if column.kind == "amount":
            try:
                return f"{number.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
            except InvalidOperation:
                return str(cell)
        whole = number == number.to_integral_value()
        return f"{number:.0f}" if whole and abs(number) < _LONGEST_EXACT else str(cell)
    return str(cell).strip(" \u00a0")


def _written(moment: date, column: Column) -> str:
    pattern = column.pattern + (f"{column.split}{column.time}" if column.split else "")
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - a calendar day as the sheet has it
    parts = {"ГГГГ": f"{moment:%Y}", "ДД": f"{moment:%d}", "ЧЧ": f"{moment:%H}", "СС": f"{moment:%S}"}
    for token, value in parts.items():
        pattern = pattern.replace(token, value)
    month_first, _, rest = pattern.partition("ММ")
    return month_first + f"{moment:%m}" + rest.replace("ММ", f"{moment:%M}") if "ММ" in pattern else pattern
