"""Bodies written back as rows say what the codec read; what a table did not say is named."""

from __future__ import annotations

from datetime import date

from adapters.format4.cells import RowReader
from adapters.format4.container import Limits, open_container
from adapters.format4.layout import layout_for
from adapters.format4.rows import read_rows
from adapters.uk.codecs import CODECS, record_key
from adapters.uk.joined import Joined
from adapters.uk.written import WRITTEN, lacking, row_of
from core.model.records import Account, Person
from tests.perf.large_archive import TOWN

LAYOUT, _ = layout_for("4.0.6.2")


def test_every_row_of_the_sample_comes_back() -> None:
    container = open_container(TOWN.read_bytes(), Limits())
    for code, (body, _) in WRITTEN.items():
        section, seen = LAYOUT.sections[code], 0
        reader = RowReader(section)
        for number, cells in read_rows(container, f"{code}.csv"):
            row = reader.row(number, cells)
            told = CODECS[code](row, Joined())
            assert isinstance(told, body)
            assert row_of(section, record_key(row), told, cells) == cells, "nothing of the sender's row is lost"
            alone = row_of(section, record_key(row), told, None)
            if not (isinstance(told, Account) and told.payer_organisation):  # its name is that of the organisation
                assert CODECS[code](reader.row(number, alone), Joined()) == told
            if code != "ind":
                assert lacking(section, alone) == []
            seen += 1
            if seen == 400:
                break
        assert seen


def test_what_the_format_asks_of_a_person_is_named() -> None:
    section = LAYOUT.sections["ind"]
    missing = lacking(section, row_of(section, "7", Person("Иванов", "Иван", "", None, ""), None))
    assert missing == ["Дата рождения", "Документ, удостоверяющий личность"]
    assert lacking(section, row_of(section, "7", Person("Иванов", "Иван", "", date(1980, 1, 1), "000-020-777 52"), None)) == []


def test_an_account_that_a_table_closed_has_a_reason() -> None:
    section = LAYOUT.sections["kvar"]
    body = Account("1", "2", 1, date(2026, 1, 1), date(2026, 10, 5), None, 100, None, None, False, False, "3", None, "А Б В", None)
    cells = row_of(section, "9", body, None)
    assert (cells[8:10], cells[35], lacking(section, cells)) == (["05.10.2026", "6"], "2", [])
