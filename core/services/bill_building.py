"""Contents of the bills that a provider issues for a posted month, built and checked house by house; nothing is numbered or stored here.

What must not be issued becomes a finding: an account whose house is stopped, a payer whose other sender has not posted the month, a content
that does not hold together or does not say what the ledger says, and a bill that has grown beyond the bound of the law's tables.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from core.charges.deadlines import deadlines
from core.charges.law import Law
from core.documents.check import check
from core.documents.epd import build
from core.documents.source import BillSource
from core.errors import ConfigError, ErkcError
from core.ids import EntityId, ProviderId
from core.issued.lookup import BillSums, sums_of_accounts
from core.ledger import months
from core.ledger.balances import charged_in_month
from core.ledger.calculations import Calculation, read_calculation
from core.ledger.months import MonthState
from core.model.bill import BillContent
from core.model.finding import Finding, Position
from core.money import format_roubles
from core.period import Month
from core.records.facts import read_settings_by_place
from core.records.neighbours import sharing_providers
from core.records.providers import Provider
from core.services.bill_sources import BillDates, BillSources, PayerSource
from core.services.stops import stopped_accounts

__all__ = ["BillBuilder", "number_of"]

_HELD = "Начисление за месяц задержано: счёт не выпущен."
_HELD_HINT = "Причину показывает erkc explain; исправьте данные: задержанное начислят исправлением в открытом месяце."
_STOPPED = "Дом остановлен проверкой перед проведением: счёт не выпущен."
_STOPPED_HINT = "Что ждёт решения, показывает erkc bill findings {month}; после erkc bill accept выпустите счета ещё раз."
_WAITS = "У плательщика есть счета другого отправителя, месяц которого не проведён: {senders}; счёт не выпущен."
_WAITS_HINT = "Проведите месяц этого отправителя (erkc bill month {month}) и выпустите счета ещё раз."
_UNLIKE = "В счёте начислено {billed} руб., в проводках месяца {posted} руб.: счёт не выпущен."
_UNLIKE_HINT = "Остановите выпуск, проверьте журнал (erkc verify) и сообщите разработчику."
_GROWN = "К оплате {now} руб. — больше {times} счетов прошлого месяца ({before} руб.): счёт не выпущен."
_GROWN_HINT = "Проверьте счёт (erkc explain). Верно — выпустите с причиной: erkc issue bills {month} --despite «причина»."

_NO_DUE_DAY = ("EPD-0001", "EPD-0002")
"""Codes of a due day that cannot be told: nothing is issued, and it is said once."""
_PENDING = "Срок оплаты {day:%d.%m.%Y} определён по ТК ст. 112: постановления о переносе выходных дней на {year} год в настройках нет."
_PENDING_HINT = "Когда оно принято, внесите дни {year} года в config/law/calendar.toml или в настройку days_off региона."
_LEAST_GROWN = 1_000_000
"""Kopecks below which a bill may grow as it likes: a month of a new account, a small debt."""


@dataclass(slots=True)
class BillBuilder:
    """Builds the bills of one provider and month inside one transaction."""

    connection: Connection
    provider: Provider
    calculation: Calculation
    law: Law
    issued_on: date
    despite_bounds: bool = False
    """A person has looked at what the bounds hold back, and lets it through."""
    findings: list[Finding] = field(default_factory=list)
    _sources: BillSources | None = None
    _stopped: frozenset[EntityId] = frozenset()

    def build(self, houses: Sequence[EntityId], *, skip: Container[EntityId] = ()) -> Iterator[BillContent]:
        """Contents of the payers of some houses, without numbers; ``skip``: accounts whose payers have their bill."""
        try:
            sources = self._opened()
        except ConfigError as error:
            if error.code not in _NO_DUE_DAY:
                raise
            position = Position(f"выпуск {self.calculation.month}")
            self.findings.append(Finding(position, error.code, "error", "hold_document", message=error.message, hint=error.hint))
            return
        found = [payer for payer in sources.read(houses, skip=skip) if self._may(payer)]
        accounts = [account.account_id for payer in found for account in payer.accounts]
        posted = charged_in_month(self.connection, accounts, month=self.calculation.month)
        before = sums_of_accounts(self.connection, accounts, self.calculation.month.previous())
        for payer in found:
            assert payer.source is not None  # _may holds the others
            content = self._built(payer.source)
            if content is None or not self._is_posted(payer, content, posted):
                continue
            earlier = before.get(payer.accounts[0].account_id)
            if self.despite_bounds or earlier is None or self._is_usual(content, earlier):
                yield content

    def _opened(self) -> BillSources:
        if self._sources is None:
            calculations = self._calculations()
            self._sources = BillSources(
                self.connection, provider=self.provider, calculations=calculations, law=self.law, dates=self._dates()
            )
            self._stopped = frozenset(account for one in calculations.values() for account in stopped_accounts(self.connection, one))
        return self._sources

    def _may(self, payer: PayerSource) -> bool:
        """Whether nothing stands against a bill of the payer; else it is noted."""
        number, month, source = payer.accounts[0].number, self.calculation.month, payer.source
        if source is None:
            self._note(number, "EPD-0504", _WAITS.format(senders=", ".join(payer.waits_for)), _WAITS_HINT.format(month=month))
            return False
        if any(account.account_id in self._stopped for account in payer.accounts):
            if source.payer.is_open or source.lines:
                self._note(number, "EPD-0503", _STOPPED, _STOPPED_HINT.format(month=month))
            return False
        if source.payer.is_open and not source.lines:
            self._note(number, "EPD-0503", _HELD, _HELD_HINT)
            return False
        return True

    def _built(self, source: BillSource) -> BillContent | None:
        try:
            content = build(source)
        except ErkcError as error:
            self._note(source.payer.account_number, error.code, error.message, error.hint)
            return None
        wrong = check(replace(content, number=number_of(source.month, 0)))
        self.findings.extend(wrong)
        return content if not wrong and (content.lines or content.due) else None

    def _is_posted(self, payer: PayerSource, content: BillContent, posted: dict[EntityId, int]) -> bool:
        """Whether the bill says what the ledger says of the month."""
        in_ledger = sum(posted.get(account.account_id, 0) for account in payer.accounts)
        if in_ledger == content.charged:
            return True
        text = _UNLIKE.format(billed=format_roubles(content.charged), posted=format_roubles(in_ledger))
        self._note(content.account_number, "EPD-0505", text, _UNLIKE_HINT)
        return False

    def _is_usual(self, content: BillContent, earlier: BillSums) -> bool:
        times = self.law.number("bound.bill_times", self.calculation.month.last)
        before = max(earlier.due, earlier.charged)
        if content.due < _LEAST_GROWN or content.due <= times * before:
            return True
        text = _GROWN.format(now=format_roubles(content.due), times=times, before=format_roubles(before))
        self._note(content.account_number, "EPD-0506", text, _GROWN_HINT.format(month=self.calculation.month))
        return False

    def _calculations(self) -> dict[ProviderId, Calculation]:
        """Of each sender whose month is posted the calculation that it ended with."""
        found = {self.provider.provider_id: self.calculation}
        for one in sharing_providers(self.connection, self.provider.provider_id):
            step = months.current(self.connection, provider_id=one, month=self.calculation.month)
            if step.calculation_id is not None and step.state in (MonthState.POSTED, MonthState.CLOSED):
                found[one] = read_calculation(self.connection, step.calculation_id)
        return found

    def _dates(self) -> BillDates:
        month, own = self.calculation.month, self.provider.provider_id
        settings = read_settings_by_place(self.connection, day=month.last, provider_id=own, known_until=self.calculation.known_until)
        due = {place: self._due_day(settings.at(place)) for place in {"", *settings.elsewhere.values()}}
        elsewhere = {account: due[place] for account, place in settings.elsewhere.items() if due[place] != due[""]}
        return BillDates(issued_on=self.issued_on, due_on=due[""], payments_until=month.last, due_elsewhere=elsewhere)

    def _due_day(self, settings: Mapping[str, object]) -> date:
        """Until when a bill of a municipality is to be paid; a year whose transfers are not decided yet is told once."""
        month = self.calculation.month
        rules = deadlines(self.law, settings, day=month.last)
        due_on = rules.due_day(month, presented_on=self.issued_on)
        if rules.is_pending(due_on):
            position, text = Position(f"выпуск {month}"), _PENDING.format(day=due_on, year=due_on.year)
            hint = _PENDING_HINT.format(year=due_on.year)
            found = Finding(position, "EPD-0003", "warning", "accept_flagged", message=text, hint=hint)
            if found not in self.findings:
                self.findings.append(found)
        return due_on

    def _note(self, account: str, code: str, message: str, hint: str) -> None:
        position = Position(f"выпуск {self.calculation.month}")
        self.findings.append(Finding(position, code, "error", "hold_document", value=account, message=message, hint=hint))


def number_of(month: Month, number: int) -> str:
    """``202610-000123``: the month and the number in it; at most 30 signs with a digit, as the federal system wants."""
    return f"{month.year}{month.month:02d}-{number:06d}"
