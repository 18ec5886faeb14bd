"""The page, the federal document and the stored content of every bill of the town say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.model.bill import BillContent
from core.services.issue import issue_month
from erkc.cli.options import law
from tests.unit.erkc.bill_checks import federal_documents_agree, pages_agree
from tests.unit.erkc.conftest import NOW, OCTOBER, database_copy

_EACH = 8


@pytest.fixture(scope="module")
def contents(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> list[BillContent]:
    """All bills of the town."""
    owner = ProviderId(1)
    with database_copy(server_url, charged_template, tmp_path_factory.mktemp("bills")) as (_, application):
        scope = {"month": OCTOBER, "law": law(), "series": "ЕПД", "issued_on": NOW.date(), "clock": application.clock}
        issue_month(application.engine, provider_id=owner, **scope)
        with application.engine.connect() as connection:
            return [bill.content for bill in bills_of_month(connection, owner, OCTOBER)]


def test_pages_print_what_their_bills_say(contents: list[BillContent], tmp_path: Path) -> None:
    """Each eighth bill of the town, and each that has something special; all of them in the long run."""
    special = [one for one in contents if one.instalments or one.supports or one.recalculations or one.penalties]
    pages_agree([*contents[::_EACH], *(one for one in special[:20] if one not in contents[::_EACH])], tmp_path)


@pytest.mark.long
def test_every_page_prints_what_its_bill_says(contents: list[BillContent], tmp_path: Path) -> None:
    pages_agree(contents, tmp_path)


def test_every_federal_document_states_what_its_bill_says(contents: list[BillContent]) -> None:
    assert len(contents) == 410
    federal_documents_agree(contents)


def test_a_removed_meter_stands_beside_the_new_one_with_what_it_counted(contents: list[BillContent]) -> None:
    (bill,) = [content for content in contents if content.account_number == "41200002495"]
    old, new = [meter for meter in bill.meters if meter.service_name == "Холодное водоснабжение"]
    assert (old.previous_e3, old.current_e3, old.verify_by) == (520_384, 525_414, None)
    assert (new.previous_e3, new.current_e3) == (0, 6_148) and new.verify_by is not None


def test_every_recalculation_of_the_town_has_a_reason(contents: list[BillContent]) -> None:
    reasons = {row.reason for content in contents for row in content.recalculations}
    assert "Перерасчёт платы" not in reasons
    assert any(reason.startswith("Временное отсутствие") for reason in reasons)
