"""Files of organisations that pay for several premises: the document as PDF, and beside it what goes to whom for which account as XLSX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.documents.epd import premises_address
from core.model.organisation_bill import OrganisationBill
from core.model.register import Cell, Column, Register, RegisterPart
from core.period import Month
from core.services.organisation_bills import organisation_bills
from core.storage.engine import transaction
from erkc.application import Application
from erkc.render.organisation_bill import render_organisation_bills
from erkc.render.xlsx import write_xlsx

__all__ = ["Written", "write_organisation_bills"]

_COLUMNS = (
    Column("recipient", "Получатель", "text", width=34),
    Column("inn", "ИНН", "text", width=13),
    Column("bank_account", "Расчётный счёт", "text", width=23),
    Column("bik", "БИК", "text", width=11),
    Column("address", "Помещение", "text", width=44),
    Column("account", "Лицевой счёт", "text", width=16),
    Column("number", "Документ", "text", width=17),
    Column("due", "К оплате", "money", width=15),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A document that is on disk."""

    inn: str
    name: str
    premises: int
    due: int
    pdf: Path
    xlsx: Path


def write_organisation_bills(application: Application, *, month: Month, out: Path, inn: str | None = None) -> list[Written]:
    """Write the documents of a month: of all organisations with several premises, or of one. Files of the same bills are the same."""
    out.mkdir(parents=True, exist_ok=True)
    written: list[Written] = []

    def documents() -> Iterator[tuple[Path, OrganisationBill]]:
        for bill in organisation_bills(connection, month, inn=inn):
            pdf = out / f"{month}-{bill.payer.inn or bill.bills[0].account_number}-сводный.pdf"
            sheet = pdf.with_suffix(".xlsx")
            write_xlsx(_register(bill), sheet)
            written.append(Written(bill.payer.inn, bill.payer.name, len(bill.bills), bill.due, pdf, sheet))
            yield pdf, bill

    with transaction(application.engine) as connection:
        render_organisation_bills(documents())
    return written


def _register(bill: OrganisationBill) -> Register:
    part = RegisterPart(bill.payer.inn, bill.payer.name, _COLUMNS, _rows(bill), control={"due": bill.due})
    note = "Что кому перечислить и за какое помещение: суммы документов, номера которых указаны."
    return Register("organisation", "Сводный документ организации", bill.month, (), _COLUMNS, [part], note)


def _rows(bill: OrganisationBill) -> Iterator[tuple[Cell, ...]]:
    for total in bill.recipients:
        row = total.requisites
        name = f"{row.name} (взнос на капитальный ремонт)" if row.contribution else row.name
        for share in total.shares:
            yield (
                name, row.inn, row.bank_account, row.bik, premises_address(share.bill), share.account_number, share.bill.number, share.due,
            )  # fmt: skip
