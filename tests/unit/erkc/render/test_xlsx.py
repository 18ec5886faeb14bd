"""Spreadsheets by themselves: texts never become formulas, memory stays flat, long sheets go on."""

from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from core.model.register import Cell, Column, Register, RegisterPart
from core.period import Month
from erkc.render import xlsx
from erkc.render.xlsx import write_xlsx

COLUMNS = (
    Column("name", "Счёт", "text", width=20),
    Column("closing", "Сальдо", "money", "Всего"),
    Column("debit", "Дебет", "money", "Всего"),
)


def _register(rows: Iterator[tuple[Cell, ...]], name: str = "УК [Север]: дом №1 с очень длинным названием") -> Register:
    part = RegisterPart("0077000483", name, COLUMNS, rows)
    return Register("turnover", "Ведомость & свод", Month(2026, 10), (), COLUMNS, [part])


@pytest.mark.parametrize("hostile", ["=1+1", "+7 900", "-5", "@SUM(A1)", '=HYPERLINK("http://x";"y")', "http://example.org", "007"])
def test_a_text_is_a_text(tmp_path: Path, hostile: str) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(_register(iter([(hostile, 100, -5)])), path)
    cell = openpyxl.load_workbook(path).worksheets[0]["A6"]
    assert cell.value == hostile and cell.data_type == "s" and cell.hyperlink is None
    assert cell.quotePrefix is hostile.startswith(("=", "+", "-", "@"))
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_columns_fit_what_stands_in_them_and_the_page_is_a4_where_they_allow(tmp_path: Path) -> None:
    """Nothing shows as ``####``, nothing is wider than it needs to be; a sheet of few columns is A4, one of many is A3."""
    path = tmp_path / "a.xlsx"
    write_xlsx(_register(iter([("Счёт", 123_456_789_012, -5)])), path)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    name, closing, debit = (sheet.column_dimensions[letter].width for letter in "ABC")
    assert closing > len("1 234 567 890,12") * 0.75 > debit and debit > 7 and name < 12
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == (9, "landscape", 0)
    many = tuple(Column(f"m{number}", "Сальдо на конец", "money", f"Вид {number // 4}") for number in range(32))
    part = RegisterPart("0077000483", "УК", many, iter([(100_000_000,) * 32]))
    write_xlsx(Register("turnover", "Ведомость", Month(2026, 10), (), many, [part]), path)
    assert openpyxl.load_workbook(path).worksheets[0].page_setup.paperSize == 8


def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    def rows(count: int) -> Iterator[tuple[Cell, ...]]:
        for number in range(count):
            yield f"Счёт {number}", number, -number

    peaks = []
    for count in (2_000, 60_000):
        tracemalloc.start()
        write_xlsx(_register(rows(count)), tmp_path / "a.xlsx")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5 + 500_000, peaks


def test_a_sheet_that_is_full_goes_on_on_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "_ROWS_OF_SHEET", 10)
    path = tmp_path / "a.xlsx"
    (part,) = write_xlsx(_register(iter([(str(number), number, 1) for number in range(25)])), path)
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == 3 and all(len(name) <= 31 for name in book.sheetnames)
    assert [sheet.max_row for sheet in book.worksheets] == [15, 15, 11]
    assert part.totals == {"closing": 300, "debit": 25} and book.worksheets[2]["B11"].value == 3.0
    assert "продолжение" in book.worksheets[1]["A2"].value and book.worksheets[1]["B4"].value == "Всего"
