"""Single documents on demand: the very bytes that the payer was given first, whatever template and tariffs are now."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.ids import BillId
from core.issued.bills import IssuedBill, read_bill
from core.issued.files import BillFile, files_of_bill, save_files
from core.issued.lookup import bills_like, bills_of_accounts
from core.period import Month
from core.records.entities import find_accounts
from core.storage.engine import transaction
from erkc.application import Application
from erkc.document_store import DocumentStore
from erkc.look import bill_look
from erkc.render.bills import render_batch, template_version
from erkc.render.look import Look

__all__ = ["PDF", "Printed", "print_bills"]

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Printed:
    """One document written."""

    bill: IssuedBill
    path: Path
    sha256: bytes
    is_first: bool
    """It was never rendered before."""


def print_bills(application: Application, *, name: str, month: Month | None, out: Path) -> list[Printed]:
    """Write the PDF of a bill (by its number) or of an account's bills (with the month; without it all) into a folder.

    ``InputError`` EPD-0601 when there is no such bill, EPD-0602 when its first file is lost and today's template would print another one.
    """
    with transaction(application.engine) as connection:
        ids = [bill.bill_id for bill in bills_like(connection, number=name)]
        if not ids:
            accounts = [found.account_id for found in find_accounts(connection, [name]).get(name, [])]
            if month is not None:
                ids = bills_of_accounts(connection, accounts, month)
            else:
                ids = [bill.bill_id for account in accounts for bill in bills_like(connection, account_id=account)]
        bills = [(read_bill(connection, bill_id), files_of_bill(connection, bill_id)) for bill_id in dict.fromkeys(ids)]
    if not bills:
        hint = "Укажите номер документа или лицевого счёта; выпуск — erkc issue bills."
        raise InputError("EPD-0601", f"Документа «{name}» нет.", hint=hint)
    out.mkdir(parents=True, exist_ok=True)
    return [_printed(application, bill, files, out) for bill, files in bills]


def _printed(application: Application, bill: IssuedBill, files: Sequence[BillFile], out: Path) -> Printed:
    store = DocumentStore(application.settings.home)
    first = next((file for file in files if file.media == PDF), None)
    if first is not None:
        data = store.find(first.sha256)
        path = out / Path(first.path).name
        if data is not None:
            path.write_bytes(data)
            return Printed(bill, path, first.sha256, False)
    rendered, data = _render(bill, bill_look(application, bill.month, bill.provider_id))
    if first is not None and rendered.sha256 != first.sha256:
        raise InputError(
            "EPD-0602",
            f"Файл документа № {bill.number} потерян, а вид документа с тех пор изменился: тот же файл напечатать нечем.",
            hint=f"Верните папку документов из копии или напечатайте программой с шаблоном {first.template}.",
            number=bill.number,
        )
    path = out / rendered.path
    path.write_bytes(data)
    store.keep(path, rendered.sha256)
    if first is None:
        with transaction(application.engine) as connection:
            save_files(connection, [rendered], rendered_at=application.clock.now())
    return Printed(bill, path, rendered.sha256, first is None)


def _render(bill: IssuedBill, look: Look) -> tuple[BillFile, bytes]:
    """The bill by today's template."""
    with tempfile.TemporaryDirectory() as folder:
        (file,) = render_batch([bill.content], Path(folder), single_files=True, look=look)
        data = file.path.read_bytes()
    return BillFile(BillId(bill.bill_id), PDF, template_version(look.explain_url), file.sha256, file.size, file.path.name), data
