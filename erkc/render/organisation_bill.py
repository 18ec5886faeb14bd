"""Renders documents of organisations (:mod:`core.model.organisation_bill`) as PDF, a fresh process for each :data:`BATCH` of them.

``python -m erkc.render.organisation_bill`` is that process: ``{"documents": [{"path": …, "view": …}]}`` on standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import typst

from core.documents.epd import premises_address
from core.errors import InvariantError
from core.model.bill import BillContent
from core.model.organisation_bill import OrganisationBill, RecipientTotal
from erkc.render.view import View, amount, details, full_day, money_or_dash, quantity

__all__ = ["BATCH", "organisation_view", "render_organisation_bills"]

BATCH = 50
"""Documents in one process: the engine keeps some megabytes for each page."""
_NOTES = (
    "Сумма каждого помещения — по документу, номер которого указан в строке: расчёт по услугам, показания и объяснения — в нём.",
    "В платёжном поручении укажите ИНН, месяц и лицевые счета; если счетов много, приложите этот реестр.",
)


def organisation_view(bill: OrganisationBill) -> View:
    """Everything that the template prints."""
    rows = [_row(place, one) for place, one in enumerate(bill.bills, 1)]
    issuers = list(dict.fromkeys(one.provider_name for one in bill.bills))
    payer = bill.payer
    tax = ", ".join(filter(None, (payer.inn, f"КПП {payer.kpp}" if payer.kpp else "")))
    facts = [
        ["Плательщик", payer.name],
        ["ИНН", tax],
        ["Адрес", payer.address],
        ["Исполнитель" if len(issuers) == 1 else "Исполнители", ", ".join(issuers)],
        ["Помещений, площадь", f"{len(rows)}, {quantity(_area(bill.bills), 2, least=2)}\N{NO-BREAK SPACE}м²"],
    ]
    return {
        "title": f"Сводный документ за {bill.month.title}: {payer.name}, ИНН {payer.inn}",
        "issuer": issuers[0],
        "issued": [bill.issued_on.year, bill.issued_on.month, bill.issued_on.day],
        "month": bill.month.title.capitalize(),
        "payer": [row for row in facts if row[1]],
        "due": amount(bill.due),
        "nothing_due": bill.due == 0,
        "due_on": full_day(bill.due_on),
        "recipients": [_recipient(row) for row in bill.recipients],
        "rows": rows,
        "totals": _sums(bill.bills),
        "notes": list(_NOTES),
        "foot": f"{payer.name}, ИНН {payer.inn}, {bill.month.title}",
    }


def _row(place: int, bill: BillContent) -> View:
    return {
        "place": str(place),
        "address": premises_address(bill),
        "account": bill.account_number,
        "number": bill.number,
        **_sums([bill]),
    }


def _sums(bills: Sequence[BillContent]) -> dict[str, str]:
    """Debt + charged + penalties − paid + what stays as an advance = to pay."""
    rest = sum(max(0, -row.balance) for bill in bills for row in bill.recipients)
    return {
        "area": quantity(_area(bills), 2, least=2),
        "debt": money_or_dash(sum(bill.debt - bill.advance - bill.deferred for bill in bills)),
        "charged": amount(sum(bill.charged for bill in bills)),
        "penalties": money_or_dash(sum(bill.penalties + bill.interest for bill in bills)),
        "paid": money_or_dash(sum(bill.paid for bill in bills)),
        "rest": money_or_dash(rest),
        "due": amount(sum(bill.due for bill in bills)),
    }


def _area(bills: Sequence[BillContent]) -> int:
    return sum(bill.area_e2 for bill in bills)


def _recipient(total: RecipientTotal) -> View:
    return {
        "name": total.requisites.name,
        "purpose": "Взнос на капитальный ремонт" if total.requisites.contribution else "Жилищно-коммунальные услуги",
        "details": details(total.requisites),
        "count": str(len(total.shares)),
        "due": amount(total.due),
    }


def render_organisation_bills(documents: Iterable[tuple[Path, OrganisationBill]]) -> None:
    """Write each document to its path; files are whole or absent. ``InvariantError`` EPD-0302 when a process dies."""
    stream = iter(documents)
    while part := list(islice(stream, BATCH)):
        order = {"documents": [{"path": str(path), "view": organisation_view(bill)} for path, bill in part]}
        command = [sys.executable, "-m", "erkc.render.organisation_bill"]
        done = subprocess.run(command, input=json.dumps(order).encode(), capture_output=True, check=False)
        missing = [path for path, _ in part if not path.exists()]
        if done.returncode or missing:
            raise InvariantError(
                "EPD-0302",
                f"Не напечатаны сводные документы: {len(missing)} из {len(part)}.",
                hint="Готовые файлы целы. Повторите; если не поможет, передайте разработчику сообщение процесса печати.",
                stderr=done.stderr.decode(errors="replace")[-4000:],
            )


def _render(order: dict[str, Any]) -> None:
    room = Path(str(files("erkc.render")))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[room / "fonts"])
    compiler = typst.Compiler(input=room / "templates" / "organisation_bill.typ", root=room / "templates", font_paths=fonts)
    for document in order["documents"]:
        view, path = document["view"], Path(document["path"])
        year, month, day = view["issued"]
        data = compiler.compile(
            format="pdf",
            sys_inputs={"document": json.dumps(view, ensure_ascii=False)},
            pdf_standards=["a-2a"],
            timestamp=datetime(year, month, day, tzinfo=UTC),
        )
        if not isinstance(data, bytes):
            raise TypeError("the engine gave no single file")
        unfinished = path.with_name(f".{path.name}.part")
        unfinished.write_bytes(data)
        unfinished.replace(path)


if __name__ == "__main__":
    _render(json.load(sys.stdin.buffer))
