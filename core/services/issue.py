"""Issuing the month's bills: content and number of every payer's bill, one transaction a batch of houses; rendering comes after.

A bill is issued once: payers who have one keep it, so a killed run goes on where it stopped, and numbers have neither gaps nor repeats.
A bill whose content does not hold together is not issued and takes no number; the others are. Nor is that of a stopped house, nor of an
open account without a single line: its charge is held, and a bill of nothing would tell the payer that the month costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection, Engine

from core import events
from core.charges.deadlines import deadlines
from core.charges.law import Law
from core.clock import Clock
from core.documents.check import check
from core.documents.epd import build
from core.errors import ErkcError, InputError
from core.ids import BillId, EntityId, ProviderId
from core.issued.bills import NewBill, latest_bills, next_numbers, save_bills
from core.ledger import months
from core.ledger.calculations import Calculation, read_calculation
from core.ledger.months import MonthState
from core.model.bill import BillContent
from core.model.finding import Finding, Position
from core.period import Month
from core.records.facts import house_ids, read_region
from core.records.findings import save_findings
from core.records.providers import Provider, provider
from core.services.bill_sources import BillDates, BillSources
from core.services.stops import read_stops, stopped_accounts
from core.storage.engine import transaction

__all__ = ["BillsIssued", "issue_month"]

_HOUSES_AT_ONCE = 50
_HELD = "Начисление за месяц задержано: счёт не выпущен."
_HELD_HINT = "Причину показывает erkc explain; исправьте данные: задержанное начислят исправлением в открытом месяце."
_STOPPED = "Дом остановлен проверкой перед проведением: счёт не выпущен."
_STOPPED_HINT = "Что ждёт решения, показывает erkc bill findings {month}; после erkc bill accept выпустите счета ещё раз."

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BillsIssued:
    """What issuing did: bills of the month now, how many of them are new, and what could not be issued."""

    bills: int
    new: int
    findings: tuple[Finding, ...]


def issue_month(
    engine: Engine,
    *,
    provider_id: ProviderId,
    month: Month,
    law: Law,
    series: str,
    issued_on: date,
    clock: Clock,
    progress: Progress = lambda done, of: None,
) -> BillsIssued:
    """Issue bills to all payers of a posted month who have none yet."""
    with transaction(engine) as connection:
        step = months.current(connection, provider_id=provider_id, month=month)
        if step.calculation_id is None or step.state not in (MonthState.POSTED, MonthState.CLOSED):
            raise InputError("EPD-0501", f"Месяц {month.title} не проведён: {step.title}.", hint=f"Выполните erkc bill month {month}.")
        calculation = read_calculation(connection, step.calculation_id)
        houses = house_ids(connection, provider_id, month, calculation.known_until)
    new = 0
    findings: list[Finding] = []
    for start in range(0, len(houses), _HOUSES_AT_ONCE):
        with transaction(engine) as connection:
            batch = _Batch(connection, provider(connection, provider_id), calculation, law, series, issued_on, clock)
            new += batch.issue(houses[start : start + _HOUSES_AT_ONCE])
            findings += batch.findings
        progress(min(start + _HOUSES_AT_ONCE, len(houses)), len(houses))
    with transaction(engine) as connection:
        return BillsIssued(len(latest_bills(connection, provider_id, month)), new, tuple(findings))


@dataclass(slots=True)
class _Batch:
    """Some houses in one transaction."""

    connection: Connection
    provider: Provider
    calculation: Calculation
    law: Law
    series: str
    issued_on: date
    clock: Clock
    findings: list[Finding] = field(default_factory=list)

    def issue(self, houses: list[EntityId]) -> int:
        """Build, check, number and store the missing bills of the houses; returns how many."""
        month = self.calculation.month
        next_numbers(self.connection, self.provider.provider_id, self._series, 0)  # one issuer at a time: others wait here
        have = latest_bills(self.connection, self.provider.provider_id, month)
        sources = BillSources(self.connection, provider=self.provider, calculation=self.calculation, law=self.law, dates=self._dates())
        stopped = self._stopped(houses)
        contents = []
        for source in sources.read(houses, sources.unnumbered(skip=have)):
            if source.payer.account_id in stopped:
                if source.payer.is_open or source.lines:
                    self._note(source.payer.account_number, "EPD-0503", _STOPPED, _STOPPED_HINT.format(month=month))
                continue
            if source.payer.is_open and not source.lines:
                self._note(source.payer.account_number, "EPD-0503", _HELD, _HELD_HINT)
                continue
            try:
                content = build(source)
            except ErkcError as error:
                self._note(source.payer.account_number, error.code, error.message, error.hint)
                continue
            wrong = check(replace(content, number=_numbered(month, 0)))
            self.findings.extend(wrong)
            if not wrong and (content.lines or content.due):
                contents.append(content)
        numbers = next_numbers(self.connection, self.provider.provider_id, self._series, len(contents))
        numbered = [replace(content, number=_numbered(month, number)) for content, number in zip(contents, numbers, strict=True)]
        self._store(numbered)
        return len(numbered)

    def _stopped(self, houses: list[EntityId]) -> frozenset[EntityId]:
        """Accounts of those of the houses that wait for a person's decision."""
        waiting = read_stops(self.connection, self.calculation).houses.keys() & set(houses)
        return frozenset(stopped_accounts(self.connection, self.calculation, waiting))

    @property
    def _series(self) -> str:
        return f"{self.series}/{self.calculation.month}"

    def _dates(self) -> BillDates:
        month = self.calculation.month
        facts = read_region(self.connection, month=month, known_until=self.calculation.known_until)
        return BillDates(
            issued_on=self.issued_on,
            due_on=deadlines(self.law, facts.settings, day=month.last).due_day(month, presented_on=self.issued_on),
            payments_until=month.last,
        )

    def _store(self, contents: list[BillContent]) -> None:
        at = self.clock.now()
        new = [NewBill(content.account_id, self.calculation.calculation_id, content) for content in contents]
        ids: list[BillId] = save_bills(self.connection, self.provider.provider_id, new, issued_at=at)
        events.record_many(
            self.connection,
            [
                events.NewEvent(
                    kind=events.EventKind.BILL_ISSUED,
                    provider_id=self.provider.provider_id,
                    subject_kind="bill",
                    subject_id=bill_id,
                    data={"number": content.number, "month": str(content.month), "due": content.due},
                )
                for bill_id, content in zip(ids, contents, strict=True)
            ],
            at=at,
        )
        save_findings(
            self.connection,
            self.findings,
            provider_id=self.provider.provider_id,
            message_id=None,
            month=self.calculation.month,
            found_at=at,
        )

    def _note(self, account: str, code: str, message: str, hint: str) -> None:
        position = Position(f"выпуск {self.calculation.month}")
        self.findings.append(Finding(position, code, "error", "hold_document", value=account, message=message, hint=hint))


def _numbered(month: Month, number: int) -> str:
    """``202610-000123``: the month and the number in it; at most 30 signs with a digit, as the federal system wants."""
    return f"{month.year}{month.month:02d}-{number:06d}"
