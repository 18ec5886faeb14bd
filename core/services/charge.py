"""The month's charges of a provider: draft → approved → posted, each step a transaction of its own.

What is held or looks wrong stops its house until a person accepts the finding (:mod:`core.services.stops`): the other houses are approved
and posted, the stopped one follows when it is let through. A draft older than the sender's last package is not approved at all.

A draft is computed house by house from the records known at its start and stored whole or not at all, so a killed run leaves nothing behind
and the next one gets the same version number. Mode ``charge`` computes by the law; mode ``accept`` takes the sender's own lines; mode
``mixed`` does the one for houses that are live and the other for the rest (:mod:`core.services.going_live`). ``auto`` is no mode: it asks
which of the three the decisions on the sender's houses give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from core import events
from core.charges.causes import FIRST_CHARGE
from core.charges.law import Law
from core.clock import Clock
from core.errors import ConflictError, InputError
from core.ids import CalculationId, EntityId, ProviderId, RecordId
from core.ledger import months
from core.ledger.balances import rebuild_balances
from core.ledger.calculations import (
    Calculation,
    Totals,
    add_lines,
    add_rows,
    add_volumes,
    copy_houses,
    open_calculation,
    post_calculation,
    read_calculation,
    totals,
)
from core.ledger.differences import DifferenceTotal, copy_differences, difference_totals, is_first_charged_since
from core.ledger.months import MonthState, MonthStep
from core.ledger.post import Posted
from core.model.finding import Finding, Position
from core.model.lines import ChargeLine
from core.period import Month
from core.records.facts import accounts_of_houses
from core.records.findings import carry_decisions, read_findings, save_findings
from core.records.house_acts import unplaced_in_month
from core.records.intake import read_intakes
from core.records.latest import read_accounts, read_stated_lines
from core.records.providers import provider
from core.records.store import last_record, last_record_of_all
from core.services.advances import use_advances, use_advances_on_penalties
from core.services.credits import use_credits
from core.services.crew import Task, computed
from core.services.going_live import charged_houses, is_decided_anew, month_mode
from core.services.joint_houses import is_stale
from core.services.penalties import post_penalties
from core.services.rebuild import house_batches
from core.services.recalculation import adjusted_houses, post_recalculations, recalculate_closed
from core.services.stops import Stops, read_stops, stopped_accounts, stops
from core.storage.engine import transaction

__all__ = ["Draft", "MonthPosted", "approve_month", "calculation_findings", "close_month", "draft_month", "post_month"]

_MODES = {
    "charge": "начисляет центр",
    "accept": "приняты начисления отправителя",
    "mixed": "введённые дома начисляет центр, по остальным приняты начисления отправителя",
}
_STATED_METHODS = {1: "norm", 2: "ipu", 3: "average", 4: "odpu"}

Progress = Callable[[int, int], None]
"""Called with houses done and houses in all."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A computed month that waits for approval (or is past it)."""

    calculation: Calculation
    totals: Totals
    findings: tuple[Finding, ...]
    open: tuple[Finding, ...]
    """Those that stop their house, or the month, until a person accepts them."""
    state: MonthState
    is_new: bool
    """False when the month already had its lines and nothing was computed."""
    recalculated: tuple[DifferenceTotal, ...] = ()
    """Differences of closed months by month and cause, what is blocked apart; not in the totals."""

    @property
    def stopped_houses(self) -> int:
        """Houses that wait for a decision."""
        return len({item.house_id for item in self.open if item.house_id is not None})

    @property
    def stops_month(self) -> bool:
        """Whether something that is about no house waits: nothing of the month goes on."""
        return any(item.house_id is None for item in self.open)


@dataclass(frozen=True, slots=True)
class MonthPosted:
    """What posting the month did."""

    calculation: Calculation
    totals: Totals
    """Of the lines that are in the ledger."""
    posted: Posted
    is_new: bool
    stopped_houses: int = 0
    """Houses whose lines wait for a person's decision."""


def draft_month(
    engine: Engine,
    *,
    provider_id: ProviderId,
    month: Month,
    mode: str,
    law: Law,
    code_version: str,
    actor: str,
    clock: Clock,
    progress: Progress = lambda done, of: None,
    again: bool = False,
    dry_run: bool = False,
    workers: int = 1,
) -> Draft:
    """Compute a provider's month. A month that has a draft keeps it, unless the sender sent a package since or ``again`` is asked for; an
    approved or posted month is never computed again.

    ``dry_run`` runs the same code, whatever state the month is in, and rolls everything back. ``workers``: processes that compute; the
    result is the same with any number.
    """
    try:
        with transaction(engine) as connection:
            known_until = last_record_of_all(connection)
        with transaction(engine) as connection:
            last_record(connection, provider_id)  # what the sender writes now waits, so that the whole draft is of one moment
            run = _Run(connection, provider_id, month, law, code_version, known_until, clock, workers)
            if mode == "auto":
                mode = _decided_mode(connection, provider_id, month, known_until)
            if dry_run:
                raise _RolledBack(run.draft(mode, progress))
            known = _known_draft(connection, provider_id, month, mode, again=again)
            if known is not None:
                return known
            draft = run.draft(mode, progress)
            at = clock.now()
            number = draft.calculation.calculation_id
            save_findings(
                connection, draft.findings, provider_id=provider_id, message_id=None, calculation_id=number, month=month, found_at=at
            )
            carry_decisions(connection, provider_id=provider_id, month=month, calculation_id=number)
            months.move(
                connection,
                provider_id=provider_id,
                month=month,
                to=MonthState.DRAFT,
                calculation_id=number,
                actor=actor,
                reason=f"Рассчитано: режим {mode}",
                at=at,
            )
            return replace(draft, open=_open(read_stops(connection, draft.calculation)))
    except _RolledBack as done:
        return done.draft


class _RolledBack(Exception):
    """Takes a draft out of a transaction that must leave nothing."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft


def _decided_mode(connection: Connection, provider_id: ProviderId, month: Month, known_until: RecordId) -> str:
    """The mode that the decisions on houses give; a month that is past its draft keeps its own."""
    step = months.current(connection, provider_id=provider_id, month=month)
    if step.calculation_id is not None and step.state is not MonthState.DRAFT:
        return read_calculation(connection, step.calculation_id).mode
    return month_mode(connection, provider_id=provider_id, month=month, known_until=known_until)


def _known_draft(connection: Connection, provider_id: ProviderId, month: Month, mode: str, *, again: bool) -> Draft | None:
    step = months.current(connection, provider_id=provider_id, month=month)
    if step.calculation_id is None:
        return None
    calculation = read_calculation(connection, step.calculation_id)
    if step.state is MonthState.DRAFT and (again or _is_stale(connection, calculation)):
        return None
    if calculation.mode != mode:
        raise ConflictError(
            "CH-0101",
            f"Месяц {month.title} уже рассчитан: {_MODES[calculation.mode]}.",
            hint="Проведённый месяц исправляется записями открытого месяца.",
        )
    number = calculation.calculation_id
    found, waiting = calculation_findings(connection, number), _open(read_stops(connection, calculation))
    recalculated = tuple(difference_totals(connection, calculation))
    return Draft(calculation, totals(connection, calculation), found, waiting, step.state, False, recalculated)


def _is_stale(connection: Connection, calculation: Calculation) -> bool:
    """Whether anything that the draft rests on has changed since."""
    return (
        is_stale(connection, calculation)
        or is_first_charged_since(connection, calculation, FIRST_CHARGE)
        or is_decided_anew(connection, calculation)
    )


def calculation_findings(connection: Connection, calculation_id: CalculationId) -> tuple[Finding, ...]:
    """What was held or doubtful when the calculation was made."""
    return tuple(item.finding for item in read_findings(connection, calculation_id=calculation_id))


def _open(waiting: Stops) -> tuple[Finding, ...]:
    return tuple(stored.finding for stored in (*waiting.month, *(one for those in waiting.houses.values() for one in those)))


def _no_package(month: Month) -> Finding:
    return Finding(
        Position(f"начисление {month}"),
        "CH-0106",
        "error",
        "hold_month",
        message=f"За {month.title} от отправителя не принято ни одного пакета: начислено по данным прошлых месяцев, без показаний.",
        hint="Примите пакет месяца (erkc take ФАЙЛ) и рассчитайте снова.",
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One computation inside one transaction."""

    connection: Connection
    provider_id: ProviderId
    month: Month
    law: Law
    code_version: str
    known_until: RecordId
    clock: Clock
    workers: int

    def draft(self, mode: str, progress: Progress) -> Draft:
        """The month in a mode; our lawful lines are computed and kept in either."""
        lawful, findings = self.compute(progress, recalculates=mode != "accept")
        findings += unplaced_in_month(self.connection, provider_id=self.provider_id, month=self.month, known_until=self.known_until)
        taken = read_intakes(self.connection, provider_id=self.provider_id, month=self.month)
        if all(intake.status == "rejected" for intake in taken):
            findings.insert(0, _no_package(self.month))
        calculation = lawful if mode == "charge" else self.mix(lawful) if mode == "mixed" else self.accept()
        charged = charged_houses(self.connection, calculation)
        waiting = tuple(item for item in findings if stops(mode, item, charged))
        recalculated = tuple(difference_totals(self.connection, calculation))
        return Draft(calculation, totals(self.connection, calculation), tuple(findings), waiting, MonthState.DRAFT, True, recalculated)

    def compute(self, progress: Progress, *, recalculates: bool) -> tuple[Calculation, list[Finding]]:
        """Compute by the law, batch of houses by batch, so that memory does not grow with the region.

        ``recalculates``: closed months too; where the sender's own lines are taken, its recalculations are in them.
        """
        calculation = self._open("charge", self.law.version(self.month.last))
        findings: list[Finding] = list(recalculate_closed(self.connection, calculation, self.law)) if recalculates else []
        scope = {"provider_id": self.provider_id, "month": self.month, "known_until": self.known_until}
        task = Task(law=self.law, adjustments=adjusted_houses(self.connection, calculation), **scope)  # type: ignore[arg-type]  # the three are what they are named
        batches = house_batches(self.connection, **scope)  # type: ignore[arg-type]
        if not batches:
            raise InputError("CH-0102", f"Нет ни одного дома за {self.month.title}.", hint="Сначала примите пакет: erkc take ФАЙЛ.")
        done, houses = 0, sum(map(len, batches))
        for batch in computed(self.connection, task, batches, workers=self.workers):
            for item in batch.findings:
                if item.house_id is not None or item not in findings:  # each process says once what is about the whole month
                    findings.append(item)
            add_rows(self.connection, calculation, (batch.rows,))
            add_volumes(self.connection, calculation, batch.volumes)
            done += batch.houses
            progress(done, houses)
        return calculation, findings

    def accept(self) -> Calculation:
        """Take the sender's own lines as the month's."""
        calculation = self._open("accept", "sender")
        add_lines(self.connection, calculation, _stated(self.connection, self.provider_id, self.month))
        return calculation

    def mix(self, lawful: Calculation) -> Calculation:
        """Our lines, volumes and differences of the houses that are live, and the sender's own lines of the others."""
        calculation = self._open("mixed", lawful.rules)
        houses = sorted(charged_houses(self.connection, calculation))
        scope = {"provider_id": self.provider_id, "month": self.month, "known_until": self.known_until}
        found = accounts_of_houses(self.connection, houses=houses, **scope)  # type: ignore[arg-type]  # the three are what they are named
        ours = {account for accounts in found.values() for account in accounts}
        copy_houses(self.connection, lawful, calculation, houses=houses, accounts=sorted(ours))
        copy_differences(self.connection, lawful, calculation, houses=houses)
        theirs = (line for line in _stated(self.connection, self.provider_id, self.month) if line.account_id not in ours)
        add_lines(self.connection, calculation, theirs)
        return calculation

    def _open(self, mode: str, rules: str) -> Calculation:
        return open_calculation(
            self.connection,
            provider_id=self.provider_id,
            month=self.month,
            mode=mode,
            rules=rules,
            code_version=self.code_version,
            known_until=self.known_until,
            at=self.clock.now(),
        )


def approve_month(engine: Engine, *, provider_id: ProviderId, month: Month, actor: str, reason: str, clock: Clock) -> MonthStep:
    """A person (or the demo) approves the draft; approving an approved or posted month changes nothing. Stopped houses stay behind.

    ``InputError`` CH-0104 while a finding that is about no house waits for a decision, or every house is stopped; CH-0105 when the sender
    sent a package after the draft was made.
    """
    with transaction(engine) as connection:
        step = months.current(connection, provider_id=provider_id, month=month)
        if step.state in (MonthState.APPROVED, MonthState.POSTED, MonthState.CLOSED):
            return step
        if step.calculation_id is None:
            raise InputError("CH-0103", f"Месяц {month.title} не рассчитан.", hint=f"Выполните erkc bill month {month} --draft.")
        calculation = read_calculation(connection, step.calculation_id)
        if _is_stale(connection, calculation):
            raise InputError(
                "CH-0105",
                f"После расчёта за {month.title} пришли новые данные или принято остановленное в прошлом месяце: черновик устарел.",
                hint=f"Пересчитайте: erkc bill month {month} --draft.",
            )
        waiting = read_stops(connection, calculation)
        stopped = stopped_accounts(connection, calculation, waiting.houses)
        whole, left = totals(connection, calculation), totals(connection, calculation, without=stopped)
        if waiting.month or (whole.accounts and not left.accounts):
            first = waiting.month[0] if waiting.month else next(iter(waiting.houses.values()))[0]
            raise InputError(
                "CH-0104",
                f"{month.title} не утверждён: "
                + ("замечание ко всему месяцу ждёт решения." if waiting.month else f"остановлены все дома ({len(waiting.houses)})."),
                hint=f"Замечания: erkc bill findings {month}. Исправьте данные и пересчитайте или примите с причиной: erkc bill accept.",
                first=first.finding.message,
            )
        return months.move(
            connection,
            provider_id=provider_id,
            month=month,
            to=MonthState.APPROVED,
            calculation_id=step.calculation_id,
            actor=actor,
            reason=f"{reason} (остановлено домов: {len(waiting.houses)})" if waiting.houses else reason,
            at=clock.now(),
        )


def post_month(engine: Engine, *, provider_id: ProviderId, month: Month, law: Law, actor: str, clock: Clock) -> MonthPosted:
    """Post the approved draft and the month's penalties, build its balances, tell that it is posted; the second time nothing is done.

    Lines of stopped houses stay out until their findings are accepted.
    """
    with transaction(engine) as connection:
        months.lock(connection, provider_id)
        step = months.current(connection, provider_id=provider_id, month=month)
        if step.calculation_id is None:
            raise InputError("CH-0103", f"Месяц {month.title} не рассчитан.", hint=f"Выполните erkc bill month {month} --draft.")
        calculation = read_calculation(connection, step.calculation_id)
        waiting = read_stops(connection, calculation).houses
        stopped = stopped_accounts(connection, calculation, waiting)
        summary = totals(connection, calculation, without=stopped)
        if step.state in (MonthState.POSTED, MonthState.CLOSED):
            return MonthPosted(calculation, summary, Posted(), False, len(waiting))
        at = clock.now()
        posted = post_calculation(connection, calculation, at=at, without=stopped)
        posted += post_recalculations(connection, calculation, at=at)
        owner = provider(connection, provider_id)
        posted += use_credits(connection, provider=owner, month=month, at=at)
        posted += use_advances(connection, provider=owner, month=month, at=at)
        posted += post_penalties(connection, provider=owner, month=month, law=law, at=at)
        posted += use_advances_on_penalties(connection, provider=owner, month=month, at=at, without=frozenset(stopped))
        months.move(
            connection,
            provider_id=provider_id,
            month=month,
            to=MonthState.POSTED,
            calculation_id=calculation.calculation_id,
            actor=actor,
            reason="Проведено",
            at=at,
        )
        rebuild_balances(connection, provider_id=provider_id, month=month)
        events.record(
            connection,
            kind=events.EventKind.MONTH_POSTED,
            provider_id=provider_id,
            subject_kind="calculation",
            subject_id=calculation.calculation_id,
            data={"month": str(month), "accounts": summary.accounts, "total": summary.total},
            at=at,
        )
        return MonthPosted(calculation, summary, posted, True, len(waiting))


def close_month(engine: Engine, *, provider_id: ProviderId, month: Month, actor: str, reason: str, clock: Clock) -> MonthStep:
    """Close a posted month: nothing enters it any more, corrections go to the open one. Closing again changes nothing.

    What is still stopped stays without charges, and the step says how many houses that are.
    """
    with transaction(engine) as connection:
        months.lock(connection, provider_id)
        step = months.current(connection, provider_id=provider_id, month=month)
        if step.state is MonthState.CLOSED:
            return step
        if step.calculation_id is not None and (
            waiting := read_stops(connection, read_calculation(connection, step.calculation_id)).houses
        ):
            reason = f"{reason} (не начислено остановленных домов: {len(waiting)})"
        at = clock.now()
        closed = months.move(
            connection,
            provider_id=provider_id,
            month=month,
            to=MonthState.CLOSED,
            calculation_id=step.calculation_id,
            actor=actor,
            reason=reason,
            at=at,
        )
        rebuild_balances(connection, provider_id=provider_id, month=month)
        return closed


def _stated(connection: Connection, provider_id: ProviderId, month: Month) -> list[ChargeLine]:
    """The sender's own lines of the month's documents; held documents are left out until a person decides."""
    lines: dict[tuple[EntityId, EntityId, EntityId], ChargeLine] = {}
    areas = {row.entity_id: row.area_e2 for row in read_accounts(connection, provider_id=provider_id, month=month)}
    for row in read_stated_lines(connection, provider_id=provider_id, month=month):
        if row.state == "held" or row.bill_state == "held" or row.account_id is None or row.service_id is None or row.creditor_id is None:
            continue
        line = ChargeLine(
            account_id=row.account_id,
            service_id=row.service_id,
            creditor_id=row.creditor_id,
            method=_STATED_METHODS.get(row.method or 0, "area"),  # type: ignore[arg-type]  # values of the table are methods
            clause="stated",
            rules="sender",
            volume_e6=areas.get(row.account_id, 0) * 10_000 if row.contribution else row.volume_e6 or row.common_volume_e6 or 0,
            tariff_e6=row.tariff_e6,
            base=row.accrued,
            surcharge=0,
            recalculation=row.recalculated,
            underdelivery=0,
            benefit=row.benefit,
            inputs={"total": row.total},
            sources=(row.record_id,),
        )
        key = (row.account_id, row.service_id, row.creditor_id)
        lines[key] = line if key not in lines else _sum(lines[key], line)
    return list(lines.values())


def _sum(one: ChargeLine, other: ChargeLine) -> ChargeLine:
    """Two rows of one service (a tariff step inside the month) are one line of the ledger."""
    return ChargeLine(
        account_id=one.account_id,
        service_id=one.service_id,
        creditor_id=one.creditor_id,
        method=one.method,
        clause=one.clause,
        rules=one.rules,
        volume_e6=one.volume_e6 + other.volume_e6,
        tariff_e6=None,
        base=one.base + other.base,
        surcharge=0,
        recalculation=one.recalculation + other.recalculation,
        underdelivery=0,
        benefit=one.benefit + other.benefit,
        inputs={"parts": [dict(one.inputs), dict(other.inputs)]},
        sources=one.sources + other.sources,
    )
