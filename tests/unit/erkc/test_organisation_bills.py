"""An organisation that pays for several premises: one document over its bills, equal to their sums, and what goes to whom as a sheet."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import openpyxl
import pypdf
import pytest

from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.model.bill import BillContent
from core.records.organisation_payers import organisations_paying
from core.services.issue import issue_month
from erkc.application import Application
from erkc.cli.options import law
from erkc.intake import take_file
from erkc.organisation_bills import write_organisation_bills
from erkc.render.view import amount
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import ARCHIVE, NOW, OCTOBER, TOWN, Run, charge

OURS = ProviderId(1)
SHOP = "1009"  # Продукты, an organisation of the town
PAYER = 32  # Плательщик – Организация of section KVAR
PREMISES = 33
"""Premises that the shop pays for here: the document has more than one page."""


def _paid_by_the_shop(section: str, number: int, cells: list[str]) -> list[list[str]]:
    if section == "kvar" and number <= PREMISES:
        cells = [*cells[:3], "", "", "", *cells[6:PAYER], SHOP, *cells[PAYER + 1 :]]
    return [cells]


@pytest.fixture
def town(taken_town: Application) -> Application:
    """The town whose first 33 accounts the shop pays for, with bills of October."""
    take_file(taken_town, ARCHIVE, edited(TOWN / ARCHIVE, _paid_by_the_shop))
    charge(taken_town)
    issue_month(taken_town.engine, provider_id=OURS, month=OCTOBER, law=law(), series="ЕПД", issued_on=NOW.date(), clock=taken_town.clock)
    return taken_town


def _issued(town: Application) -> list[BillContent]:
    with town.engine.connect() as connection:
        return [bill.content for bill in bills_of_month(connection, OURS, OCTOBER)]


def test_the_document_says_what_the_bills_say(town: Application, tmp_path: Path) -> None:
    (written,) = write_organisation_bills(town, month=OCTOBER, out=tmp_path)
    bills = [bill for bill in _issued(town) if bill.payer_name == written.name]
    assert written.premises == len(bills) > PREMISES
    assert written.due == sum(bill.due for bill in bills) > 0
    pages = [page.extract_text() for page in pypdf.PdfReader(written.pdf).pages]
    assert len(pages) > 1 and all(f"страница {n} из {len(pages)}" in page.replace("\xa0", " ") for n, page in enumerate(pages, 1))
    said = " ".join("".join(pages).split())
    for bill in bills:
        assert bill.number in said and bill.account_number in said
    assert amount(written.due) in " ".join(pages[0].split(" ")) and amount(sum(bill.charged for bill in bills)) in "".join(pages)
    sheet = openpyxl.load_workbook(written.xlsx).worksheets[0]
    rows = [row for row in sheet.iter_rows(values_only=True) if row[6] in {bill.number for bill in bills}]
    told = Counter({(row[2], row[5], row[6]): round(row[7] * 100) for row in rows})
    assert told == Counter(
        {(row.bank_account, row.account_number or bill.account_number, bill.number): row.due for bill in bills for row in bill.recipients}
    )
    again = tmp_path / "again"
    (same,) = write_organisation_bills(town, month=OCTOBER, out=again)
    assert same.pdf.read_bytes() == written.pdf.read_bytes()


def test_one_premises_is_a_document_only_when_it_is_asked_for(
    town: Application, tmp_path: Path, erkc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", town.database)
    code, out, _ = erkc("issue", "organisations", "2026-10", "--out", str(tmp_path), "--json")
    (several,) = json.loads(out)
    assert code == 0 and several["premises"] > PREMISES
    other = next(bill for bill in _issued(town) if bill.payer_is_organisation and bill.payer_name != several["name"])
    with town.engine.connect() as connection:
        inn = {one.payer.name: one.payer.inn for one in organisations_paying(connection, provider_id=OURS, month=OCTOBER)}[other.payer_name]
    code, out, _ = erkc("issue", "organisations", "2026-10", "--inn", inn, "--out", str(tmp_path), "--json")
    assert code == 0 and [(one["premises"], one["due"]) for one in json.loads(out)] == [(1, other.due)]
    code, _, err = erkc("issue", "organisations", "2026-10", "--inn", "7700000000", "--out", str(tmp_path))
    assert code == 1 and "EPD-0603" in err and "7700000000" in err
    code, out, _ = erkc("issue", "organisations", "2026-09", "--out", str(tmp_path))
    assert code == 0 and "сентябрь 2026 нет" in out
