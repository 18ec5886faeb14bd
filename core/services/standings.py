"""What accounts owe at the moment of a payment: debts, penalties, the last bill's lines, the fixed order, the open month.

Shared by all acts that take money in. Reading is by sets of accounts, never account by account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection

from core.ids import CENTRE, EntityId, ProviderId
from core.ledger import bank_days, months
from core.ledger.balances import open_columns, penalty_items, takeover_month
from core.ledger.calculations import read_calculation, read_lines
from core.ledger.months import MonthState
from core.model.columns import OwedColumns, day_of
from core.model.ledger import OpenItem
from core.payments.allocate import BillShare, PenaltyDue, Standing
from core.payments.rules import AllocationRules, allocation_rules
from core.period import Month
from core.records.entities import entity_ids
from core.records.facts import SettingsByPlace, read_settings_by_place
from core.records.latest import read_organisations, read_services

__all__ = ["Books", "Standings"]

_BILL_LOOKS_BACK = 12
_UTILITY, _HOUSING, _CONTRIBUTION = 1, 2, 2


@dataclass(frozen=True, slots=True)
class Standings:
    """What many accounts of a provider owe, debts in columns; one account's standing is made when it is asked for."""

    owed: OwedColumns
    dues: Mapping[EntityId, Sequence[PenaltyDue]]
    order: Mapping[EntityId, int]
    groups: Mapping[EntityId, str]

    def has_penalties(self, account: EntityId) -> bool:
        """Whether an account has a penalty that is not paid."""
        return account in self.dues

    def rank(self, entity: int) -> int:
        """Place of a service or recipient in the fixed order."""
        return Standing(order=self.order).rank(EntityId(entity))

    def of(self, account: EntityId) -> Standing:
        """The standing of one account."""
        owed = self.owed.at(self.owed.account_id == account)
        columns = (owed.service_id, owed.creditor_id, owed.origin_month, owed.surcharge, owed.amount)
        items = tuple(
            OpenItem(account, EntityId(service), EntityId(creditor), Month.of(day_of(month)), bool(surcharge), amount)
            for service, creditor, month, surcharge, amount in zip(*(column.tolist() for column in columns), strict=True)
        )
        return Standing(items, tuple(self.dues.get(account, ())), self.order, self.groups)


@dataclass(slots=True)
class Books:
    """The books as one transaction sees them; what does not change during it is read once."""

    connection: Connection
    _order: dict[ProviderId, Mapping[EntityId, int]] = field(default_factory=dict)
    _groups: dict[ProviderId, Mapping[EntityId, str]] = field(default_factory=dict)
    _settings: dict[tuple[ProviderId, Month], SettingsByPlace] = field(default_factory=dict)
    _rules: dict[tuple[ProviderId, Month, str], AllocationRules] = field(default_factory=dict)
    _months: dict[tuple[ProviderId, Month], Month] = field(default_factory=dict)
    _days: dict[tuple[ProviderId, date], tuple[date, Month]] = field(default_factory=dict)
    _closed_through: date | None = None

    def rules(self, provider_id: ProviderId, month: Month, account: EntityId) -> AllocationRules:
        """How payments of an account that are accounted in a month are shared out where its house is."""
        if (provider_id, month) not in self._settings:
            self._settings[provider_id, month] = read_settings_by_place(self.connection, day=month.last, provider_id=provider_id)
        settings = self._settings[provider_id, month]
        key = (provider_id, month, settings.place(account))
        if key not in self._rules:
            self._rules[key] = allocation_rules(settings.at(key[2]))
        return self._rules[key]

    def standings(self, accounts: Iterable[EntityId], provider_id: ProviderId) -> Standings:
        """Debts and penalties of accounts of one provider."""
        wanted = list(accounts)
        dues: dict[EntityId, list[PenaltyDue]] = defaultdict(list)
        for due in penalty_items(self.connection, wanted):
            dues[due.account_id].append(PenaltyDue(due.creditor_id, due.origin_month, due.component, due.amount))
        return Standings(open_columns(self.connection, wanted), dues, self.order(provider_id), self.groups(provider_id))

    def groups(self, provider_id: ProviderId) -> Mapping[EntityId, str]:
        """What kind each service of a sender is of, as a region may order them inside a month (``inside_month``)."""
        if provider_id not in self._groups:
            rows = read_services(self.connection, provider_id=provider_id)
            self._groups[provider_id] = {row.entity_id: _group(row.kind, row.housing_kind) for row in rows}
        return self._groups[provider_id]

    def order(self, provider_id: ProviderId) -> Mapping[EntityId, int]:
        """The fixed order for ties: the sender's numbers of its services, then of the organisations (uk-exchange 6.3)."""
        if provider_id not in self._order:
            services = entity_ids(self.connection, provider_id, "service")
            parties = {row.entity_id: row.key for row in read_organisations(self.connection, provider_id=provider_id)}
            ordered = sorted(services, key=_as_number)
            ranks = {services[key]: place for place, key in enumerate(ordered)}
            ranks |= {entity: place for place, entity in enumerate(sorted(parties, key=lambda entity: _as_number(parties[entity])))}
            self._order[provider_id] = ranks
        return self._order[provider_id]

    def open_month(self, provider_id: ProviderId, day: date) -> Month:
        """The month in which money of a day is accounted: its own while it is open, else the next open one (bank-formats 14.3)."""
        wanted = Month.of(day)
        if (provider_id, wanted) not in self._months:
            taken_over = None if provider_id == CENTRE else takeover_month(self.connection, provider_id=provider_id)
            month = wanted if taken_over is None else max(wanted, taken_over)
            while months.current(self.connection, provider_id=provider_id, month=month).state is not MonthState.OPEN:
                month = month.next()
            self._months[provider_id, wanted] = month
        return self._months[provider_id, wanted]

    def accounted(self, provider_id: ProviderId, day: date) -> tuple[date, Month]:
        """Operational day and month of money of a bank: the earliest open day that is not before it was paid (bank-formats 14.3).

        What came after its day or month was closed is accounted on the first open day; the day of payment itself is kept beside it.
        """
        if (provider_id, day) in self._days:
            return self._days[provider_id, day]
        if self._closed_through is None:
            self._closed_through = bank_days.closed_through(self.connection) or date.min
        open_day = day if day > self._closed_through else self._closed_through + timedelta(days=1)
        month = self.open_month(provider_id, open_day)
        self._days[provider_id, day] = max(open_day, month.first), month
        return self._days[provider_id, day]

    def last_bill(self, accounts: Iterable[EntityId], provider_id: ProviderId, before: Month) -> dict[EntityId, tuple[BillShare, ...]]:
        """Lines of the last bill before a month: those of the latest posted month that has any for the account."""
        missing = set(accounts)
        found: dict[EntityId, tuple[BillShare, ...]] = {}
        month = before
        for _ in range(_BILL_LOOKS_BACK):
            month = month.previous()
            step = months.current(self.connection, provider_id=provider_id, month=month)
            if not missing or step.calculation_id is None or step.state not in (MonthState.POSTED, MonthState.CLOSED):
                break
            totals: dict[tuple[EntityId, EntityId, EntityId], int] = defaultdict(int)
            for line in read_lines(self.connection, read_calculation(self.connection, step.calculation_id), sorted(missing)):
                totals[line.account_id, line.service_id, line.creditor_id] += line.total
            shares: dict[EntityId, list[BillShare]] = defaultdict(list)
            for (account, service, creditor), total in totals.items():
                shares[account].append(BillShare(service, creditor, total))
            found |= {account: tuple(lines) for account, lines in shares.items()}
            missing -= found.keys()
        return found


def _as_number(key: str) -> tuple[int, str]:
    """Senders' keys are numbers written as text: shorter ones are lower."""
    return len(key), key


def _group(kind: int, housing_kind: int | None) -> str:
    """Utilities go to their suppliers; common property is maintenance."""
    if kind == _UTILITY:
        return "rso"
    if kind == _HOUSING:
        return "capital_repair" if housing_kind == _CONTRIBUTION else "maintenance"
    return "other"
