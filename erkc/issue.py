"""Issuing assembled: the core issues contents and numbers, the renderer makes PDF files of them, the store remembers each file.

A bill that has its file is not rendered again; a killed run leaves whole files only, and the next one renders the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from threading import Lock

from core.charges.law import Law
from core.errors import InputError
from core.ids import CENTRE, BillId
from core.issued.bills import IssuedBill, bills_of_month
from core.issued.files import BillFile, save_files
from core.issued.lookup import files_of_month
from core.ledger import months
from core.ledger.months import MonthState
from core.model.finding import Finding
from core.period import Month
from core.records.providers import Provider, providers
from core.services.clearing import Released, release_suspended
from core.services.issue import issue_month
from core.storage.engine import transaction
from erkc.application import Application
from erkc.document_store import DocumentStore
from erkc.look import bill_look
from erkc.render.bills import render_batch, template_version
from erkc.reprint import PDF

__all__ = ["Issued", "issue_bills", "posted_providers"]

_PROCESSES = 2
"""Renderers at a time: each holds its engine's memory."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Issued:
    """What issuing did over all providers."""

    bills: int
    new: int
    rendered: int
    total: int
    findings: tuple[Finding, ...]
    sample: Path | None
    """One of the files, to look at."""
    released: Released
    """Payments of banks that waited in suspense and are certain now."""


def issue_bills(
    application: Application, *, month: Month, out: Path, issued_on: date | None, law: Law, despite: str = "",
    progress: Progress = lambda done, of: None,
) -> Issued:  # fmt: skip
    """Issue and render the bills of every provider whose month is posted; ``despite``: why what the bounds hold back is let through."""
    bills = new = rendered = total = 0
    findings: list[Finding] = []
    sample: Path | None = None
    posted = posted_providers(application, month)
    if not posted:
        hint = f"Выполните erkc bill month {month} или erkc bill approve {month}."
        raise InputError("EPD-0502", f"Месяц {month.title} не проведён.", hint=hint)
    for provider in posted:
        issued = issue_month(
            application.engine,
            provider_id=provider.provider_id,
            month=month,
            law=law,
            series=application.settings.bills.series,
            issued_on=issued_on or application.clock.now().date(),
            clock=application.clock,
            despite=despite,
        )
        bills, new = bills + issued.bills, new + issued.new
        findings += issued.findings
        done = _Rendering(application, provider, month, out, progress).run(issued.bills)
        rendered, total, sample = rendered + done.rendered, total + done.total, sample or done.sample
    released = release_suspended(application.engine, clock=application.clock)
    return Issued(bills, new, rendered, total, tuple(findings), sample, released)


def posted_providers(application: Application, month: Month) -> list[Provider]:
    """Senders whose month is posted or closed."""
    with transaction(application.engine) as connection:
        return [
            one
            for one in providers(connection)
            if one.provider_id != CENTRE
            and months.current(connection, provider_id=one.provider_id, month=month).state in (MonthState.POSTED, MonthState.CLOSED)
        ]


@dataclass(slots=True)
class _Rendering:
    """The files of one provider's month."""

    application: Application
    provider: Provider
    month: Month
    out: Path
    progress: Progress
    rendered: int = 0
    total: int = 0
    sample: Path | None = None

    def run(self, count: int) -> _Rendering:
        """Render what has no file in ``out`` yet, batch by batch; each batch is remembered before the next begins."""
        with transaction(self.application.engine) as connection:
            known = files_of_month(connection, self.provider.provider_id, self.month, media=PDF, template=self._template)
        done = 0
        with self.application.engine.connect() as reading:
            stream = bills_of_month(reading, self.provider.provider_id, self.month)
            while batch := list(islice(stream, self.application.settings.bills.batch_documents)):
                self.total += sum(bill.total for bill in batch)
                missing = [bill for bill in batch if bill.bill_id not in known or not (self.out / known[bill.bill_id]).exists()]
                self._render(missing, done, count)
                done += len(batch)
                self.progress(done, count)
                if self.sample is None and batch:
                    self.sample = self._path(batch[0], known)
        return self

    def _render(self, bills: list[IssuedBill], done: int, count: int) -> None:
        """Render a batch in as many processes as the machine has cores, at most :data:`_PROCESSES`, and remember the files."""
        if not bills:
            return
        counting = Lock()
        shown = done

        def advanced(by: int) -> None:
            nonlocal shown
            with counting:
                shown += by
                self.progress(shown, count)

        look = bill_look(self.application, self.month, self.provider.provider_id)
        size = -(-len(bills) // min(_PROCESSES, os.cpu_count() or 1))
        parts = [bills[start : start + size] for start in range(0, len(bills), size)]
        with ThreadPoolExecutor(len(parts)) as pool:
            rendered = pool.map(
                lambda part: render_batch(
                    [bill.content for bill in part],
                    self.out,
                    single_files=True,
                    progress=advanced,
                    look=look,
                ),
                parts,
            )
            files = [file for part in rendered for file in part]
        store = DocumentStore(self.application.settings.home)
        for file in files:
            store.keep(file.path, file.sha256)
        by_number = {bill.number: bill.bill_id for bill in bills}
        rows = [
            BillFile(by_number[number], PDF, self._template, file.sha256, file.size, file.path.name)
            for file in files
            for number in file.numbers
        ]
        with transaction(self.application.engine) as connection:
            save_files(connection, rows, rendered_at=self.application.clock.now())
        self.rendered += len(rows)

    @property
    def _template(self) -> str:
        return template_version(self.application.settings.bills.explain_url)

    def _path(self, bill: IssuedBill, known: dict[BillId, str]) -> Path | None:
        if bill.bill_id in known:
            return self.out / known[bill.bill_id]
        found = sorted(self.out.glob(f"*{bill.number}.pdf"))
        return found[0] if found else None
