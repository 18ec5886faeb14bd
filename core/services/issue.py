"""Issuing the month's bills: content and number of every payer's one bill, one transaction a batch of houses; rendering comes after.

A bill is issued once: payers who have one keep it, so a killed run goes on where it stopped, and numbers have neither gaps nor repeats.
A bill whose content does not hold together is not issued and takes no number; the others are. A correction is a new version that names the
one it replaces and keeps its due day: what a payer was told first counts for penalties.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from core import archive, events
from core.charges.law import Law
from core.clock import Clock
from core.errors import InputError
from core.ids import BillId, EntityId, ProviderId
from core.issued.bills import IssuedBill, NewBill, latest_bills, next_numbers, read_bill, save_bills
from core.issued.lookup import bills_of_accounts
from core.ledger import months
from core.ledger.calculations import Calculation, read_calculation
from core.ledger.months import MonthState
from core.model.bill import BillContent
from core.model.finding import Finding
from core.period import Month
from core.records.entities import find_accounts
from core.records.facts import house_ids
from core.records.findings import save_findings
from core.records.providers import Provider, provider
from core.services.bill_building import BillBuilder, number_of
from core.storage.engine import transaction

__all__ = ["BillsIssued", "Corrected", "correct_bill", "issue_month", "posted_month"]

_HOUSES_AT_ONCE = 50

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BillsIssued:
    """What issuing did: bills of the month now, how many of them are new, and what could not be issued."""

    bills: int
    new: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A bill and the version that replaces it; ``after`` is None where nothing would change."""

    before: IssuedBill
    after: IssuedBill | None


def issue_month(
    engine: Engine,
    *,
    provider_id: ProviderId,
    month: Month,
    law: Law,
    series: str,
    issued_on: date,
    clock: Clock,
    despite: str = "",
    progress: Progress = lambda done, of: None,
) -> BillsIssued:
    """Issue bills to all payers of a posted month who have none yet.

    ``despite``: the reason for which a person lets through what the bounds hold back; it is archived.
    """
    with transaction(engine) as connection:
        calculation = posted_month(connection, provider_id, month)
        houses = house_ids(connection, provider_id, month, calculation.known_until)
        if despite.strip():
            _archive(connection, provider_id, {"decision": "issue_despite_bounds", "month": str(month), "reason": despite}, at=clock.now())
    new = 0
    findings: list[Finding] = []
    for start in range(0, len(houses), _HOUSES_AT_ONCE):
        with transaction(engine) as connection:
            owner = provider(connection, provider_id)
            builder = BillBuilder(connection, owner, calculation, law, issued_on, despite_bounds=bool(despite.strip()))
            batch = _Batch(connection, owner, calculation, series, clock, builder)
            new += batch.issue(houses[start : start + _HOUSES_AT_ONCE])
            findings += (one for one in builder.findings if one.value is not None or one not in findings)  # of the whole month once
        progress(min(start + _HOUSES_AT_ONCE, len(houses)), len(houses))
    with transaction(engine) as connection:
        return BillsIssued(len(latest_bills(connection, provider_id, month)), new, tuple(findings))


def posted_month(connection: Connection, provider_id: ProviderId, month: Month) -> Calculation:
    """The calculation that a posted month ended with; ``InputError`` EPD-0501 when it is not posted."""
    step = months.current(connection, provider_id=provider_id, month=month)
    if step.calculation_id is None or step.state not in (MonthState.POSTED, MonthState.CLOSED):
        raise InputError("EPD-0501", f"Месяц {month.title} не проведён: {step.title}.", hint=f"Выполните erkc bill month {month}.")
    return read_calculation(connection, step.calculation_id)


def correct_bill(
    engine: Engine, *, account: str, month: Month, reason: str, law: Law, series: str, issued_on: date, actor: str, clock: Clock
) -> list[Corrected]:
    """Build the bill for an account anew from what is known now, and issue it as the next version where it says anything else.

    ``InputError`` EPD-0507 where there is no bill to correct, EPD-0508 without a reason, EPD-0509 where the new content must not be issued.
    """
    if not reason.strip():
        raise InputError("EPD-0508", "Не указана причина исправления.", hint='Напишите, что исправлено: --reason "…".')
    with transaction(engine) as connection:
        numbers = [found.account_id for found in find_accounts(connection, [account]).get(account, [])]
        bills = bills_of_accounts(connection, numbers, month)
        if not bills:
            raise InputError(
                "EPD-0507",
                f"За {month.title} по счёту {account} документа нет.",
                hint=f"Выпустите: erkc issue bills {month}.",
                account=account,
            )
        at = clock.now()
        decision = {"decision": "correct_bill", "account": account, "month": str(month), "reason": reason, "actor": actor}
        corrected = []
        for bill_id in bills:
            known = read_bill(connection, bill_id)
            _archive(connection, known.provider_id, decision, at=at)
            corrected.append(_corrected(connection, known, law, series, issued_on, clock))
        return corrected


def _corrected(connection: Connection, known: IssuedBill, law: Law, series: str, issued_on: date, clock: Clock) -> Corrected:
    owner = provider(connection, known.provider_id)
    calculation = posted_month(connection, known.provider_id, known.month)
    next_numbers(connection, known.provider_id, f"{series}/{known.month}", 0)  # one issuer at a time: others wait here
    builder = BillBuilder(connection, owner, calculation, law, issued_on, despite_bounds=True)
    contents = [content for content in builder.build([known.content.house_id]) if content.account_id == known.payer_id]
    if not contents:
        found = next((item for item in builder.findings if item.value == known.content.account_number), None)
        raise InputError(
            "EPD-0509",
            f"Документ № {known.number} сейчас не выпустить" + (f": {found.message}" if found else "."),
            hint=found.hint if found else "Проверьте счёт: erkc explain.",
            number=known.number,
        )
    told = known.content
    content = replace(contents[0], due_on=told.due_on)
    if replace(content, number=told.number, version=told.version, replaces_number=told.replaces_number, issued_on=told.issued_on) == told:
        return Corrected(known, None)
    content = replace(content, version=known.version + 1, replaces_number=known.number)
    batch = _Batch(connection, owner, calculation, series, clock, builder)
    (bill_id,) = batch.store([content])
    return Corrected(known, read_bill(connection, bill_id))


def _archive(connection: Connection, provider_id: ProviderId, decision: dict[str, str], *, at: datetime) -> None:
    """A person's decision is a message like any other."""
    archive.store(
        connection, data=json.dumps(decision, ensure_ascii=False, indent=1).encode(), name=f"{decision['decision']}.json", channel="bills",
        direction="decision", provider_id=provider_id, at=at,
    )  # fmt: skip


@dataclass(slots=True)
class _Batch:
    """Some bills in one transaction."""

    connection: Connection
    provider: Provider
    calculation: Calculation
    series: str
    clock: Clock
    builder: BillBuilder = field(repr=False)

    def issue(self, houses: Sequence[EntityId]) -> int:
        """Build, check, number and store the missing bills of the houses; returns how many."""
        month = self.calculation.month
        next_numbers(self.connection, self.provider.provider_id, self._series, 0)  # one issuer at a time: others wait here
        have = latest_bills(self.connection, self.provider.provider_id, month)
        return len(self.store(list(self.builder.build(houses, skip=have))))

    @property
    def _series(self) -> str:
        return f"{self.series}/{self.calculation.month}"

    def store(self, contents: Sequence[BillContent]) -> list[BillId]:
        """Give numbers and keep; what was found wrong is kept with them."""
        at, owner = self.clock.now(), self.provider.provider_id
        numbered = list(self._numbered(contents))
        new = [NewBill(content.account_id, self.calculation.calculation_id, content) for content in numbered]
        ids: list[BillId] = save_bills(self.connection, owner, new, issued_at=at)
        events.record_many(
            self.connection,
            [
                events.NewEvent(
                    kind=events.EventKind.BILL_ISSUED,
                    provider_id=owner,
                    subject_kind="bill",
                    subject_id=bill_id,
                    data={"number": content.number, "month": str(content.month), "due": content.due},
                )
                for bill_id, content in zip(ids, numbered, strict=True)
            ],
            at=at,
        )
        save_findings(self.connection, self.builder.findings, provider_id=owner, message_id=None, month=self.calculation.month, found_at=at)
        return ids

    def _numbered(self, contents: Sequence[BillContent]) -> Iterator[BillContent]:
        numbers = next_numbers(self.connection, self.provider.provider_id, self._series, len(contents))
        for content, number in zip(contents, numbers, strict=True):
            yield replace(content, number=number_of(self.calculation.month, number))
