"""One provider's month as the stores know it, each part read when it is first asked for: what reports are made of."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from sqlalchemy import Connection

from core.charges.instalments import PlanMonth
from core.charges.law import Law
from core.charges.rules import Rules
from core.ids import EntityId
from core.ledger import months
from core.ledger.balances import PaymentPart, Turnover, opening_items, payment_parts, turnovers
from core.ledger.calculations import latest_calculation, read_calculation, read_lines
from core.ledger.differences import DifferenceRow, read_differences
from core.model.facts import HouseFacts
from core.model.finding import Finding
from core.model.lines import ChargeLine, Component
from core.money import format_roubles
from core.period import Month
from core.records.facts import house_ids, read_region
from core.records.findings import read_findings
from core.records.intake import read_intakes
from core.records.latest import read_accounts, read_organisations, read_services, read_stated_lines
from core.records.origins import message_names
from core.records.providers import Provider
from core.records.rows import AccountRow
from core.services.instalments import PlannedDebt, read_plans
from core.services.joint_houses import JointHouse, JointReader
from core.services.penalties import Penalties, PenaltyRow
from core.services.requisites import Requisites
from core.services.stops import stopped_accounts
from core.services.support import Measure, measures_of

__all__ = ["Json", "ProviderMonth", "area", "finding_json", "volume"]

Json = dict[str, object]


class ProviderMonth:
    """What the stores say of one provider's month; each part is read when it is first asked for."""

    def __init__(self, connection: Connection, provider: Provider, month: Month, law: Law) -> None:
        self.connection = connection
        self.provider = provider
        self.month = month
        self.law = law
        self.calculation = latest_calculation(connection, provider_id=provider.provider_id, month=month, mode="charge")

    @property
    def has_lines(self) -> bool:
        """Whether the month was computed at all."""
        return self.calculation is not None

    @cached_property
    def rules(self) -> Rules:
        """The rules of the month."""
        until = self.calculation.known_until if self.calculation else None
        facts = read_region(self.connection, month=self.month, known_until=until, provider_id=self.provider.provider_id)
        return Rules(facts, self.law, self.month)

    @cached_property
    def inn(self) -> dict[EntityId, str]:
        """ИНН of organisations by our number."""
        return {
            row.entity_id: row.inn for row in read_organisations(self.connection, provider_id=self.provider.provider_id, month=self.month)
        }

    @cached_property
    def service_keys(self) -> dict[EntityId, str]:
        """The sender's number of a service by ours."""
        return {row.entity_id: row.key for row in read_services(self.connection, provider_id=self.provider.provider_id, month=self.month)}

    @cached_property
    def accounts(self) -> dict[EntityId, AccountRow]:
        """The provider's accounts."""
        return {row.entity_id: row for row in read_accounts(self.connection, provider_id=self.provider.provider_id, month=self.month)}

    @cached_property
    def joint(self) -> dict[EntityId, JointHouse]:
        """The provider's houses with what other senders say of them, as the calculation saw them."""
        until = self.calculation.known_until if self.calculation else None
        ids = house_ids(self.connection, self.provider.provider_id, self.month, until)
        reader = JointReader(self.connection, self.provider.provider_id, self.month, until)
        return {one.own.house_id: one for one in reader.read(ids)}

    @property
    def facts(self) -> dict[EntityId, HouseFacts]:
        """Facts of the houses that the charges are computed from."""
        return {house_id: one.house for house_id, one in self.joint.items()}

    @cached_property
    def lines(self) -> dict[EntityId, list[ChargeLine]]:
        """Our lawful lines by account; those of stopped houses are not there until they are let through."""
        return {account: lines for account, lines in self.computed.items() if account not in self._stopped}

    @cached_property
    def _stopped(self) -> frozenset[EntityId]:
        step = months.current(self.connection, provider_id=self.provider.provider_id, month=self.month)
        if step.calculation_id is None:
            return frozenset()
        return frozenset(stopped_accounts(self.connection, read_calculation(self.connection, step.calculation_id)))

    @cached_property
    def computed(self) -> dict[EntityId, list[ChargeLine]]:
        """All our lawful lines by account, those of stopped houses too."""
        by_account: dict[EntityId, list[ChargeLine]] = defaultdict(list)
        if self.calculation is not None:
            for line in read_lines(self.connection, self.calculation):
                by_account[line.account_id].append(line)
        return by_account

    @cached_property
    def support(self) -> list[Measure]:
        """Measures of support of the month with what they come to in our lines."""
        services = read_services(self.connection, provider_id=self.provider.provider_id, month=self.month)
        return measures_of(
            self.connection,
            provider_id=self.provider.provider_id,
            month=self.month,
            calculation=self.calculation,
            lines=self.computed,
            services={row.entity_id: (row.key, row.name) for row in services},
            debt_years=int(self.law.number("subsidy.debt_years", self.month.last)),
        )

    @cached_property
    def differences(self) -> dict[EntityId, list[DifferenceRow]]:
        """Recalculations of closed months that the month brings or, blocked, does not, by account."""
        by_account: dict[EntityId, list[DifferenceRow]] = defaultdict(list)
        if self.calculation is not None:
            for row in read_differences(self.connection, self.calculation):
                by_account[row.account_id].append(row)
        return by_account

    def recalculated(self, account: EntityId) -> int:
        """Kopecks of recalculations that the month brings to an account."""
        return sum(row.total for row in self.differences.get(account, ()) if row.blocked_by is None)

    @cached_property
    def held(self) -> tuple[Finding, ...]:
        """What the month's calculation held or stopped, and why; what was stopped and then accepted is charged like the rest."""
        step = months.current(self.connection, provider_id=self.provider.provider_id, month=self.month)
        if step.calculation_id is None:
            return ()
        found = read_findings(self.connection, calculation_id=step.calculation_id)
        return tuple(
            stored.finding
            for stored in found
            if stored.finding.severity == "error" and not (stored.is_accepted and stored.finding.effect == "stop_house")
        )

    @cached_property
    def stated(self) -> dict[tuple[EntityId, EntityId], int]:
        """The sender's own totals of the month by account and service, as sent."""
        sums: dict[tuple[EntityId, EntityId], int] = defaultdict(int)
        for (account_id, service_id, _), total in self.stated_by_creditor.items():
            sums[account_id, service_id] += total
        return sums

    @cached_property
    def stated_by_creditor(self) -> dict[tuple[EntityId, EntityId, EntityId | None], int]:
        """The same by creditor too; None: the sender says none."""
        sums: dict[tuple[EntityId, EntityId, EntityId | None], int] = defaultdict(int)
        for row in read_stated_lines(self.connection, provider_id=self.provider.provider_id, month=self.month):
            if row.account_id is not None and row.service_id is not None:
                sums[row.account_id, row.service_id, row.creditor_id] += row.total
        return sums

    @cached_property
    def turnovers(self) -> dict[EntityId, list[Turnover]]:
        """Turnover rows by account."""
        by_account: dict[EntityId, list[Turnover]] = defaultdict(list)
        for row in turnovers(self.connection, provider_id=self.provider.provider_id, month=self.month):
            by_account[row.account_id].append(row)
        return by_account

    @cached_property
    def payment_parts(self) -> list[PaymentPart]:
        """Parts of the month's payments."""
        return list(payment_parts(self.connection, provider_id=self.provider.provider_id, month=self.month))

    @cached_property
    def penalties(self) -> list[PenaltyRow]:
        """Penalties of the month, debt by debt."""
        return list(Penalties(self.connection, self.provider, self.month, self.law).rows())

    @cached_property
    def planned(self) -> dict[PlannedDebt, PlanMonth]:
        """Instalment plans as they stand in the month, by debt; a plan of which nothing is left is not there."""
        plans = read_plans(self.connection, self.provider)
        unpaid: dict[PlannedDebt, int] = defaultdict(int)
        for item in opening_items(self.connection, sorted({debt[0] for debt in plans}), month=self.month):
            unpaid[item.account_id, item.service_id, item.creditor_id, item.origin_month] += item.amount
        return {debt: plan.month(self.month, remaining=unpaid[debt]) for debt, plan in plans.items() if unpaid[debt] > 0}

    @cached_property
    def instalments(self) -> dict[EntityId, list[PlanMonth]]:
        """Instalment plans of the month by account."""
        by_account: dict[EntityId, list[PlanMonth]] = defaultdict(list)
        for (account_id, *_), plan in self.planned.items():
            by_account[account_id].append(plan)
        return by_account

    @cached_property
    def _requisites(self) -> Requisites:
        return Requisites(self.connection, provider_id=self.provider.provider_id, month=self.month)

    def destination(self, item: PaymentPart) -> str:
        """The settlement account that a part of a payment must go to."""
        if item.creditor_id is None:
            return ""
        if item.service_id is not None:
            contribution = self.contributions.get(item.service_id, False)
        else:
            contribution = item.component is Component.PENALTY_CAPITAL_REPAIR
        return self.settlement_account(item.account_id, item.creditor_id, contribution=contribution)

    def settlement_account(self, account_id: EntityId, creditor_id: EntityId, *, contribution: bool) -> str:
        """The settlement account of a creditor for the money of an account; empty: none of the right kind is known."""
        house = self.accounts[account_id].house_id
        bank = self._requisites.account_of(creditor_id, contribution=contribution, house_id=house)
        return "" if bank is None else bank.number

    @cached_property
    def contributions(self) -> dict[EntityId, bool]:
        """Whether a service is the contribution for capital repair, whose money goes apart."""
        return {
            row.entity_id: row.kind == 2 and row.housing_kind == 2
            for row in read_services(self.connection, provider_id=self.provider.provider_id, month=self.month)
        }

    def sections(self) -> Json:
        """Data rows by section, by message."""
        intakes = read_intakes(self.connection, provider_id=self.provider.provider_id, month=self.month)
        names = message_names(self.connection, [intake.message_id for intake in intakes])
        return {names[intake.message_id]: dict(intake.counts) for intake in intakes if intake.counts}

    def validation(self) -> Json:
        """Status and findings by message."""
        intakes = read_intakes(self.connection, provider_id=self.provider.provider_id, month=self.month)
        names = message_names(self.connection, [intake.message_id for intake in intakes])
        result: Json = {}
        for intake in intakes:
            found = read_findings(self.connection, message_id=intake.message_id)
            result[names[intake.message_id]] = {
                "archive_status": intake.status,
                "findings": [finding_json(stored.finding) for stored in found],
            }
        return result


def finding_json(finding: Finding) -> Json:
    """A finding for machines: position, code, severity, effect; value, sentence and hint for people."""
    result: Json = {
        "file": finding.position.file,
        "row": finding.position.row,
        "field": finding.field,
        "code": finding.code,
        "severity": finding.severity,
        "effect": finding.effect,
        "value": finding.value,
        "note": finding.message,
        "hint": finding.hint,
    }
    if finding.dependents:
        result["dependents"] = dict(finding.dependents)
    return result


def volume(value_e6: int) -> str:
    """A volume with six places."""
    sign = "-" if value_e6 < 0 else ""
    return f"{sign}{abs(value_e6) // 1_000_000}.{abs(value_e6) % 1_000_000:06d}"


def area(value_e2: int | None) -> str | None:
    return None if value_e2 is None else format_roubles(value_e2)
