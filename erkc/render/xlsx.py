"""A register as a spreadsheet: one sheet a provider, written as a stream (a row leaves memory when the next begins).

Texts are always texts: a name that begins with ``=`` is no formula. Sums are numbers with the format ``#,##0.00``, which a Russian office
shows as ``1 906,32``. Each sheet has a title, a heading that stays on the screen and on every printed page, a filter and totals; columns
are as wide as what stands in them, and the page is landscape A4 as wide as the sheet, A3 only where the print would become too small.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from core.model.register import Cell, Column, Register, RegisterPart
from core.money import readable_roubles

__all__ = ["write_xlsx"]

_FONT = {"font_name": "Arial", "font_size": 9, "valign": "vcenter"}
_MONEY = "#,##0.00;-#,##0.00"
_ROWS_OF_SHEET = 1_000_000
"""A sheet holds 1 048 576 rows; what is longer goes on on the next one."""
_HEADING_ROW = 4
_FIRST_ROW = _HEADING_ROW + 1
_A4_WIDTH = 205
"""Characters that A4 takes with letters of 6.6 points; wider sheets are printed on A3."""
_SIGN, _NARROW, _AROUND = 0.96, 0.55, 1.6
"""A letter or digit of our font, a blank or point, and the room around them, in characters of the default font (units of widths)."""
_HEADING_LINES = 3
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_GRID = {"border": 1, "border_color": "#C8D0D8"}
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\']")


def write_xlsx(register: Register, path: Path) -> list[RegisterPart]:
    """Write a register to a file, which appears when it is whole; the parts as read, with their totals."""
    unfinished = path.with_name(f".{path.name}.part")
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "dd.mm.yyyy",
    }
    done: list[RegisterPart] = []
    try:
        with xlsxwriter.Workbook(unfinished, options) as book:
            book.set_properties({"title": f"{register.title}, {register.month.title}"})
            sheets = _Sheets(book, register)
            for part in register.parts:
                sheets.write(part)
                done.append(part)
            if len(done) > 1:
                sheets.summary(done)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return done


class _Sheets:
    """The sheets of one book."""

    def __init__(self, book: Any, register: Register) -> None:  # Any: the library has no types
        self.book = book
        self.register = register
        self.columns = [column for column in register.columns if column.kind != "id"]
        self.places = [place for place, column in enumerate(register.columns) if column.kind != "id"]
        self.names: set[str] = set()
        fill = {"bg_color": "#E8EDF3", "border": 1, "border_color": "#9AA5B1"}
        self.title = book.add_format({**_FONT, "bold": True, "font_size": 14})
        self.subtitle = book.add_format({**_FONT, "font_size": 10})
        self.note = book.add_format({**_FONT, "italic": True, "font_color": "#505050"})
        self.band = book.add_format({**_FONT, **fill, "bold": True, "align": "center"})
        self.heading = book.add_format({**_FONT, **fill, "bold": True, "align": "center", "text_wrap": True})
        self.formats = {kind: self._cell(kind) for kind in ("text", "money", "count", "date")}
        self.quoted = book.add_format({**_FONT, **_GRID, "quote_prefix": True})
        self.needed: list[float] = []
        """Width that each column of the sheet at hand needs, so far."""
        self.total_formats = {kind: self._cell(kind, total=True) for kind in ("text", "money", "count", "date")}

    def write(self, part: RegisterPart) -> None:
        """A provider's sheet, or as many as its rows need."""
        sheet = self._sheet(part.name, f"{part.name}, ИНН {part.inn}" if part.inn else part.name, self.columns)
        row = _FIRST_ROW
        for cells in part.rows():
            if row - _FIRST_ROW == _ROWS_OF_SHEET:
                self._filter(sheet, row)
                self._fit(sheet, self.columns)
                sheet = self._sheet(part.name, f"{part.name}, ИНН {part.inn} (продолжение)", self.columns)
                row = _FIRST_ROW
            for number, (place, column) in enumerate(zip(self.places, self.columns, strict=True)):
                self._put(sheet, row, number, column, cells[place])
            row += 1
        self._filter(sheet, row)
        self._totals(sheet, row, "Итого", part.totals, self.columns)

    def summary(self, parts: Sequence[RegisterPart]) -> None:
        """A sheet with the totals of all providers."""
        measured = [column for column in self.columns if column.is_total]
        columns = [Column("provider", "Отправитель", "text", width=30), Column("inn", "ИНН", "text", width=13), *measured]
        sheet = self._sheet("Итого", "Все отправители", columns)
        row = _FIRST_ROW
        for part in parts:
            values: list[Cell] = [part.name, part.inn, *(part.totals[column.key] for column in measured)]
            for place, (column, value) in enumerate(zip(columns, values, strict=True)):
                self._put(sheet, row, place, column, value)
            row += 1
        sums = {column.key: sum(part.totals[column.key] for part in parts) for column in measured}
        self._totals(sheet, row, "Всего", sums, columns)

    def _sheet(self, name: str, owner: str, columns: Sequence[Column]) -> Any:
        sheet = self.book.add_worksheet(self._name(name))
        register = self.register
        self.needed = [_heading_width(column.title) for column in columns]
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADING_ROW - 1, _HEADING_ROW)
        sheet.set_footer(f"&L&8{_footer(register.title)}, {register.month.title}&R&8Страница &P из &N")
        named = next((place for place, column in enumerate(columns) if column.kind in ("money", "count")), len(columns))
        sheet.freeze_panes(_HEADING_ROW + 1, min(named, 2))
        sheet.set_row(0, 22)
        sheet.write_string(0, 0, f"{register.title} за {register.month.title}", self.title)
        sheet.write_string(1, 0, owner, self.subtitle)
        sheet.write_string(
            2, 0, f"{register.note} Суммы в рублях." if any(column.kind == "money" for column in columns) else register.note, self.note
        )
        self._bands(sheet, columns)
        sheet.set_row(_HEADING_ROW, 38)
        for place, column in enumerate(columns):
            sheet.write_string(_HEADING_ROW, place, column.title, self.heading)
        return sheet

    def _fit(self, sheet: Any, columns: Sequence[Column]) -> None:
        """Columns as wide as what stands in them (longer texts than are meant wrap), and the paper for it."""
        widths = [
            max(heading, needed if column.kind != "text" else min(needed, column.width))
            for column, heading, needed in zip(columns, (_heading_width(one.title) for one in columns), self.needed, strict=True)
        ]
        for place, width in enumerate(widths):
            sheet.set_column(place, place, round(width, 1))
        sheet.set_paper(9 if sum(widths) <= _A4_WIDTH else 8)

    def _grow(self, place: int, said: str) -> None:
        narrow = sum(not sign.isalnum() for sign in said)
        self.needed[place] = max(self.needed[place], (len(said) - narrow) * _SIGN + narrow * _NARROW + _AROUND)

    def _bands(self, sheet: Any, columns: Sequence[Column]) -> None:
        """Headings over columns of one group."""
        if not any(column.group for column in columns):
            return
        start = 0
        while start < len(columns):
            end = start
            while end + 1 < len(columns) and columns[end + 1].group == columns[start].group:
                end += 1
            if columns[start].group and end > start:
                sheet.merge_range(_HEADING_ROW - 1, start, _HEADING_ROW - 1, end, columns[start].group, self.band)
            elif columns[start].group:
                sheet.write_string(_HEADING_ROW - 1, start, columns[start].group, self.band)
            start = end + 1

    def _put(self, sheet: Any, row: int, place: int, column: Column, value: Cell) -> None:
        if value is None or value == "":
            sheet.write_blank(row, place, None, self.formats[column.kind])
        elif column.kind == "money":
            assert isinstance(value, int)
            self._grow(place, readable_roubles(value))
            sheet.write_number(row, place, value / 100, self.formats["money"])
        elif column.kind == "count":
            assert isinstance(value, int)
            self._grow(place, f"{value:,}")
            sheet.write_number(row, place, value, self.formats["count"])
        elif isinstance(value, date):
            self._grow(place, "31.12.2026")
            sheet.write_datetime(row, place, value, self.formats["date"])
        else:
            said = str(value)
            self._grow(place, said)
            sheet.write_string(row, place, said, self.quoted if said.startswith(_FORMULA_SIGNS) else self.formats["text"])

    def _totals(self, sheet: Any, row: int, label: str, totals: dict[str, int], columns: Sequence[Column]) -> None:
        for place, column in enumerate(columns):
            look = self.total_formats[column.kind]
            if place == 0:
                sheet.write_string(row, place, label, look)
            elif not column.is_total:
                sheet.write_blank(row, place, None, look)
            else:
                amount = totals[column.key]
                self._grow(place, readable_roubles(amount) if column.kind == "money" else f"{amount:,}")
                sheet.write_number(row, place, amount / 100 if column.kind == "money" else amount, look)

        self._fit(sheet, columns)

    def _filter(self, sheet: Any, end: int) -> None:
        if end > _FIRST_ROW:
            sheet.autofilter(_HEADING_ROW, 0, end - 1, len(self.columns) - 1)

    def _cell(self, kind: str, *, total: bool = False) -> Any:
        look: dict[str, object] = {**_FONT, **_GRID}
        if kind == "money":
            look |= {"num_format": _MONEY}
        elif kind == "count":
            look |= {"num_format": "#,##0"}
        elif kind == "date":
            look |= {"num_format": "dd.mm.yyyy", "align": "center"}
        else:
            look |= {"text_wrap": True}
        if total:
            look |= {"bold": True, "top": 2, "bg_color": "#F4F6F9"}
        return self.book.add_format(look)

    def _name(self, wanted: str) -> str:
        """A name for a sheet: at most 31 characters, unique, without signs that are not allowed."""
        plain = _FORBIDDEN_IN_NAMES.sub("", wanted).strip() or "Лист"
        number, name = 1, plain[:31].strip()
        while name.lower() in self.names:
            number += 1
            ending = f" ({number})"
            name = plain[: 31 - len(ending)].strip() + ending
        self.names.add(name.lower())
        return name


def _heading_width(title: str) -> float:
    """What a column's heading needs: its longest word, and all of it in the lines that the heading has; beside the button of the filter."""
    longest = max((len(word) for word in title.replace("-", "- ").split()), default=0)
    return max(longest + _AROUND, len(title) / _HEADING_LINES + 2 + _AROUND)


def _footer(text: str) -> str:
    """A text of a page's foot, where ``&`` begins a command."""
    return text.replace("&", "&&")
