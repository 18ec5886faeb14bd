"""Penalties of a month: from the debts as the ledger knows them, day by day of the payers' money, to entries of kind ``penalty``.

A row is account × origin month × creditor × group. It is always computed again from the day the hub took the provider over, and the month
posts what has accrued less what earlier months posted; so a payment that arrives after its month was posted corrects the next one. Court
costs of judgements (an act of the centre names them) are posted the same way, in the month of the judgement. What cannot be computed (a
year without a calendar, a key rate that nobody imported) is left out with a finding, never posted as a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from itertools import groupby, islice

from sqlalchemy import Connection

from core.charges.deadlines import Deadlines, deadlines
from core.charges.instalments import Plan
from core.charges.law import Law
from core.charges.penalties import Accrual, Change, Debt, Segment, accruals, accrued, added_up, segments, to_post
from core.charges.penalty_rules import Group, PenaltyRounding, PenaltyRules, penalty_rules
from core.errors import ConfigError
from core.ids import EntityId
from core.issued.lookup import first_due_days, first_issue_days
from core.ledger import months
from core.ledger.balances import takeover_month
from core.ledger.months import MonthState
from core.ledger.penalties import PenaltyTurnover, PrincipalChange, penalty_turnovers, principal_changes
from core.ledger.post import Posted, post
from core.model.finding import Finding, Position
from core.model.ledger import UNKNOWN_ORIGIN, Entry, Posting
from core.model.lines import Chart, Component
from core.money import kopecks
from core.period import Month
from core.records.entities import entity_ids
from core.records.facts import SettingsByPlace, read_settings_by_place
from core.records.findings import save_findings
from core.records.latest import read_services
from core.records.payments import accounted_days
from core.records.providers import Provider
from core.services.debt_decisions import DebtDecisions, Judgement, read_decisions
from core.services.instalments import PlannedDebt, read_plans
from core.services.penalty_debts import by_account, changes_of, unpaid_after

__all__ = ["Penalties", "PenaltyRow", "post_penalties"]

_ACCOUNTS_AT_ONCE = 2000
_RECALCULATION = "recalculation"
_Key = tuple[Month | None, EntityId | None, Component]


@dataclass(frozen=True, slots=True)
class PenaltyRow:
    """Penalties of one debt in a month, kopecks."""

    account_id: EntityId
    origin_month: Month | None
    """None: court costs and what a sender gave without a month."""
    creditor_id: EntityId | None
    component: Component
    due: date | None
    principal_opening: int
    segments: tuple[Segment, ...]
    opening: int
    posted: int
    """What the month posts: in a posted month the same amount that the ledger holds."""
    paid: int
    frozen: int | None = None
    """Penalties that a court has judged, as they stood on the judged day; None: the debt is not judged."""
    after_judgement: int = 0
    """What has accrued since the judged day."""
    posted_before: int = 0
    """What earlier months posted of the debt, paid or not."""
    accruals: tuple[Accrual, ...] = ()
    """Where one account is asked for: everything that its penalties are the sum of, since the hub took over."""
    rounding: PenaltyRounding = "once"

    @property
    def accrued(self) -> int:
        """What the accruals come to, kopecks."""
        return kopecks(added_up(self.accruals, self.rounding))

    @property
    def closing(self) -> int:
        """Unpaid penalties at the end of the month."""
        return self.opening + self.posted - self.paid


@dataclass(slots=True)
class _Terms:
    """By what the debts of a provider's month are computed."""

    law: Law
    month: Month
    settings: SettingsByPlace
    since: date
    """The first day whose penalties are the hub's."""
    contributions: frozenset[EntityId]
    plans: Mapping[PlannedDebt, Plan]
    decisions: DebtDecisions
    billed: Mapping[tuple[EntityId, Month], date] = field(default_factory=dict)
    """Due days of bills that the hub issued, of the accounts at hand: a bill presented late is due later."""
    _rules: dict[str, PenaltyRules] = field(default_factory=dict)
    _days: dict[str, Deadlines] = field(default_factory=dict)
    _standard: dict[tuple[str, Month], date] = field(default_factory=dict)

    def rules(self, account: EntityId) -> PenaltyRules:
        """The rules of the municipality that an account's house is in."""
        place = self.settings.place(account)
        if place not in self._rules:
            self._rules[place] = penalty_rules(self.law, self.settings.at(place), day=self.month.last)
        return self._rules[place]

    def due_day(self, account: EntityId, month: Month) -> date:
        """Last day to pay an account's bill of a month."""
        if (account, month) in self.billed:
            return self.billed[account, month]
        place = self.settings.place(account)
        if (place, month) not in self._standard:
            if place not in self._days:
                self._days[place] = deadlines(self.law, self.settings.at(place), day=self.month.last)
            self._standard[place, month] = self._days[place].due_day(month)
        return self._standard[place, month]

    def group(self, change: PrincipalChange) -> Component:
        """The group of penalties that a debt belongs to."""
        return Component.PENALTY_CAPITAL_REPAIR if change.service_id in self.contributions else Component.PENALTY


@dataclass(slots=True)
class Penalties:
    """Penalties of a provider's month, computed as they are read; ``findings`` fill while :meth:`rows` runs."""

    connection: Connection
    provider: Provider
    month: Month
    law: Law
    only: EntityId | None = None
    """One account, with all accruals."""
    _held: dict[tuple[str, str], tuple[ConfigError, set[EntityId]]] = field(default_factory=dict)

    def rows(self) -> Iterator[PenaltyRow]:
        """Every debt that bears a penalty in the month, or has one from earlier, in the order of accounts, months and creditors."""
        owner = self.provider.provider_id
        terms = self._terms()
        step = months.current(self.connection, provider_id=owner, month=self.month)
        posted_already = step.state in (MonthState.POSTED, MonthState.CLOSED)
        accounts = by_account(
            self._moved(terms),
            penalty_turnovers(self.connection, provider_id=owner, month=self.month, account=self.only),
        )
        # Court costs may be all that an account owes.
        judged = {one for one, acts in terms.decisions.judgements.items() if any(act.costs for act in acts) and self.only in (None, one)}
        while batch := list(islice(accounts, _ACCOUNTS_AT_ONCE)):
            origins = {change.origin_month for _, moved, _ in batch for change in moved}
            payers = [account for account, _, _ in batch]
            terms.billed = first_due_days(self.connection, payers, origins)
            shown = {Month.of(change.occurred_on) for _, moved, _ in batch for change in moved if change.kind == _RECALCULATION}
            issued = first_issue_days(self.connection, payers, shown) if shown else {}
            judged.difference_update(payers)
            for account, moved, turnovers in batch:
                for row in self._account(account, [_as_shown(change, issued) for change in moved], turnovers, terms):
                    settled = replace(row, posted=_posted(row, turnovers)) if posted_already else row
                    if settled.segments or settled.opening or settled.posted or settled.paid:
                        yield settled
        for account in sorted(judged):
            yield from (row for row in self._account(account, (), (), terms) if row.posted and not posted_already)

    def _moved(self, terms: _Terms) -> Iterator[PrincipalChange]:
        """Changes of principal; payments on the day they were accounted where the region goes by it (``penalty_by``)."""
        owner = self.provider.provider_id
        examples = {terms.settings.place(account): account for account in terms.settings.elsewhere} | {"": EntityId(0)}
        apart = any(terms.rules(account).by_accounted_day for account in examples.values())
        moved = principal_changes(
            self.connection, provider_id=owner, month=self.month, before=self.month, by_payment=apart, account=self.only
        )
        if not apart:
            yield from moved
            return
        stated = accounted_days(self.connection, provider_id=owner)
        for change in moved:
            counts = change.payment and terms.rules(change.account_id).by_accounted_day
            day = (change.accounted_on or stated.get(change.payment)) if counts else None
            yield change if day is None else replace(change, occurred_on=day)

    @property
    def findings(self) -> list[Finding]:
        """What could not be computed, with the number of accounts it touches."""
        return [
            Finding(
                position=Position(file=f"пени {self.month}"),
                code=error.code,
                severity="error",
                effect="hold_line",
                message=error.message,
                hint=error.hint,
                dependents={"accounts": len(accounts)},
            )
            for error, accounts in self._held.values()
        ]

    def _terms(self) -> _Terms:
        owner = self.provider.provider_id
        taken = takeover_month(self.connection, provider_id=owner)
        services = read_services(self.connection, provider_id=owner, month=self.month)
        return _Terms(
            law=self.law,
            month=self.month,
            settings=read_settings_by_place(self.connection, day=self.month.last, provider_id=owner),
            since=date.min if taken is None else taken.first,  # nothing was taken over: all there is is the hub's own
            contributions=frozenset(row.entity_id for row in services if row.kind == 2 and row.housing_kind == 2),
            plans=read_plans(self.connection, self.provider),
            decisions=read_decisions(self.connection, self.provider),
        )

    def _account(
        self, account: EntityId, moved: Iterable[PrincipalChange], posted: Iterable[PenaltyTurnover], terms: _Terms
    ) -> Iterator[PenaltyRow]:
        debts: dict[_Key, list[PrincipalChange]] = defaultdict(list)
        for change in moved:
            if terms.rules(account).surcharge_in_base or not change.surcharge:
                debts[change.origin_month, change.creditor_id, terms.group(change)].append(change)
        turnovers = {_key(item): item for item in posted}
        costs = self._costs(account, terms)
        for key in sorted({*debts, *turnovers, *costs}, key=_order):
            row = self._row(account, key, debts.get(key, []), turnovers.get(key), terms)
            if key in costs or (key[2] is Component.COURT_COSTS and key in turnovers):
                before = turnovers[key].posted_before if key in turnovers else 0
                row = replace(row, posted=costs.get(key, 0) - before)
            yield row

    def _costs(self, account: EntityId, terms: _Terms) -> dict[_Key, int]:
        """What courts have awarded beside the debts by the end of the month, by the key of its row. Costs of earlier judgements came with
        the balances that were taken over."""
        found: dict[_Key, int] = defaultdict(int)
        for one in terms.decisions.judgements.get(account, ()):
            if not one.costs or not terms.since <= one.judged_on <= self.month.last:
                continue
            if one.creditor_id is None:
                error = ConfigError(
                    "PN-0002",
                    f"Судебные расходы по делу {one.case} не начислены: организации с ИНН {one.costs_to} в данных нет.",
                    hint="Исправьте costs_to в акте или примите архив, в котором есть эта организация.",
                )
                self._held.setdefault((error.code, error.message), (error, set()))[1].add(account)
                continue
            found[None, one.creditor_id, Component.COURT_COSTS] += one.costs
        return found

    def _row(
        self, account: EntityId, key: _Key, moved: list[PrincipalChange], turnover: PenaltyTurnover | None, terms: _Terms
    ) -> PenaltyRow:
        origin, creditor, component = key
        opening, before, paid = (turnover.opening, turnover.posted_before, turnover.paid) if turnover is not None else (0, 0, 0)
        plain = PenaltyRow(account, origin, creditor, component, None, 0, (), opening, 0, paid)
        if origin is None or origin == UNKNOWN_ORIGIN or not moved:
            return plain
        try:
            due = terms.due_day(account, origin)
            changes = tuple(self._unplanned(moved, due, terms))
            group: Group = "capital" if component is Component.PENALTY_CAPITAL_REPAIR else "citizen"
            debt = Debt(due, changes, group, terms.decisions.stops(account))
            rules = terms.rules(account)
            frozen, cumulative = self._cumulative(debt, terms.decisions.judged(account, origin), terms.since, rules)
            made = self._accruals(debt, terms.decisions.judged(account, origin), terms.since, rules) if self.only else ()
            bearing = tuple(segments(debt, rules, first=max(terms.since, self.month.first), last=self.month.last))
        except ConfigError as error:
            self._held.setdefault((error.code, error.message), (error, set()))[1].add(account)
            return plain
        principal = sum(change.amount for change in debt.changes if change.first <= self.month.first)
        return PenaltyRow(
            account,
            origin,
            creditor,
            component,
            due,
            principal,
            bearing,
            opening,
            to_post(cumulative, posted=before),
            paid,
            frozen,
            0 if frozen is None else kopecks(cumulative) - frozen,
            before,
            made,
            rules.rounding,
        )

    def _accruals(self, debt: Debt, judgement: Judgement | None, since: date, rules: PenaltyRules) -> tuple[Accrual, ...]:
        """The same sum as :meth:`_cumulative`, part by part: of a judged debt to the judged day, then from the next one."""
        if judgement is None or judgement.judged_to >= self.month.last:
            return tuple(accruals(debt, rules, first=since, as_of=self.month.last))
        after = max(since, judgement.judged_to + timedelta(days=1))
        judged = accruals(debt, rules, first=since, as_of=judgement.judged_to)
        return (*judged, *accruals(debt, rules, first=after, as_of=self.month.last))

    def _cumulative(self, debt: Debt, judgement: Judgement | None, since: date, rules: PenaltyRules) -> tuple[int | None, Fraction]:
        """What is frozen by a judgement, kopecks, and all that has accrued by the end of the month, roubles."""
        if judgement is None or judgement.judged_to >= self.month.last:
            return None, accrued(debt, rules, first=since, as_of=self.month.last)
        frozen = kopecks(accrued(debt, rules, first=since, as_of=judgement.judged_to))
        after = max(since, judgement.judged_to + timedelta(days=1))
        return frozen, Fraction(frozen, 100) + accrued(debt, rules, first=after, as_of=self.month.last)

    def _unplanned(self, moved: Iterable[PrincipalChange], due: date, terms: _Terms) -> Iterator[Change]:
        """The changes of the row's principal; a debt under a plan that is kept is no part of it, under a broken one from that day on."""
        by_debt: dict[PlannedDebt, list[PrincipalChange]] = defaultdict(list)
        for change in moved:
            by_debt[change.account_id, change.service_id, change.creditor_id, change.origin_month].append(change)
        for key, mine in by_debt.items():
            changes = list(changes_of(mine, due, terms.rules(key[0])))
            plan = terms.plans.get(key)
            if plan is None:
                yield from changes
                continue
            resumes = plan.resumes(partial(unpaid_after, mine), partial(terms.due_day, key[0]), until=self.month.last)
            if resumes is not None:
                before = sum(change.amount for change in changes if change.first <= resumes)
                yield Change.charged(resumes, before)
                yield from (change for change in changes if change.first > resumes)


def post_penalties(connection: Connection, *, provider: Provider, month: Month, law: Law, at: datetime) -> Posted:
    """Post a month's penalties inside the caller's transaction, one entry an account; the second time nothing is done."""
    keys = {entity: key for key, entity in entity_ids(connection, provider.provider_id, "account").items()}
    penalties = Penalties(connection, provider, month, law)

    def entries() -> Iterator[Entry]:
        for account, rows in groupby(penalties.rows(), key=lambda row: row.account_id):
            moved = tuple(_posting(row) for row in rows if row.posted)
            if moved:
                yield Entry(
                    key=f"penalty/{provider.inn}/{month}/{keys[account]}",
                    kind="penalty",
                    provider_id=provider.provider_id,
                    month=month,
                    occurred_on=month.last,
                    reason=f"Пени за {month.first:%m.%Y}",
                    postings=moved,
                )

    posted = post(connection, entries(), at=at)
    save_findings(connection, penalties.findings, provider_id=provider.provider_id, message_id=None, month=month, found_at=at)
    return posted


def _as_shown(change: PrincipalChange, issued: Mapping[tuple[EntityId, Month], date]) -> PrincipalChange:
    """A recalculation on the day of the bill that shows it, once that is issued (``recalc_penalty = from_bill``)."""
    if change.kind != _RECALCULATION:
        return change
    return replace(change, occurred_on=issued.get((change.account_id, Month.of(change.occurred_on)), change.occurred_on))


def _posting(row: PenaltyRow) -> Posting:
    """A penalty is the creditor's income; what was posted too much goes back the same way."""
    debit, credit = (Chart.PENALTY, Chart.INCOME) if row.posted > 0 else (Chart.INCOME, Chart.PENALTY)
    return Posting(
        debit,
        credit,
        abs(row.posted),
        row.account_id,
        creditor_id=row.creditor_id,
        origin_month=row.origin_month,
        component=row.component,
    )


def _key(item: PenaltyTurnover) -> _Key:
    return item.origin_month, item.creditor_id, item.component


def _posted(row: PenaltyRow, turnovers: Iterable[PenaltyTurnover]) -> int:
    """What a posted month holds of a row."""
    return sum(item.posted for item in turnovers if _key(item) == (row.origin_month, row.creditor_id, row.component))


def _order(key: _Key) -> tuple[bool, Month, int, int]:
    origin, creditor, component = key
    return origin is not None, origin or UNKNOWN_ORIGIN, int(component), int(creditor or 0)
