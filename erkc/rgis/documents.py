"""Documents and balances out, from the ledger: what was charged, owed and paid in a posted month, account by account.

One document an account (EPD) with its lines, the contribution, debts by month of origin and penalties; one balance (SALDO) for each service
and creditor. The ledger decides every sum; the calculation of the month only says what a line is made of. What the ledger charged beyond
the calculation (corrections of closed months) stands in the line as its recalculation: lines, documents and balances agree to the kopeck.

Accounts are read a thousand at a time; of all of them only their keys are in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import islice

from sqlalchemy import Connection

from core.charges.law import Law
from core.charges.slices import slices_of
from core.errors import InputError
from core.ids import EntityId
from core.ledger import months
from core.ledger.balances import Turnover, last_payment_days, opening_items, turnovers
from core.ledger.calculations import Calculation, read_calculation, read_lines
from core.ledger.months import MonthState, MonthStep
from core.model.ledger import UNKNOWN_ORIGIN
from core.model.lines import ChargeLine, Component
from core.money import format_roubles
from core.period import Month
from core.records.latest import read_accounts
from core.records.providers import Provider
from core.records.rows import AccountRow
from core.records.sections import StatedDocument, residents_on, stated_documents
from core.services.instalments import read_plans
from core.services.month_view import ProviderMonth
from core.services.penalties import Penalties, PenaltyRow
from core.services.stops import stopped_accounts
from erkc.rgis.identifiers import identifier, known_as
from erkc.rgis.matching import Matching, Part
from erkc.rgis.names import Names
from erkc.rgis.output import Output

__all__ = ["Documents", "posted_step"]

_ACCOUNTS_AT_ONCE = 1000
_POSTED = (MonthState.POSTED, MonthState.CLOSED)
_METHODS = {"norm": 1, "ipu": 2, "ipu_replaced": 2, "ipu_after_average": 2, "ipu_flat": 2, "average": 3, "odpu": 4, "ipu_odpu": 4}
_COMMON = 2


def posted_step(connection: Connection, provider: Provider, month: Month) -> MonthStep:
    """The step of a month that is posted; ``InputError`` UN-0102 for one that is not: drafts are nobody's business but ours."""
    step = months.current(connection, provider_id=provider.provider_id, month=month)
    if step.state not in _POSTED or step.calculation_id is None:
        raise InputError(
            "UN-0102", f"{month.title} у отправителя «{provider.name}» не проведён: {step.title}.",
            hint=f"Проведите месяц: erkc bill month {month}.",
        )  # fmt: skip
    return step


@dataclass(slots=True)
class _Line:
    """What the ledger charged an account for a service and creditor, and how the calculation came to it."""

    service: EntityId
    creditor: EntityId
    charged: int
    said: ChargeLine | None

    @property
    def accrued(self) -> int:
        return self.said.base + self.said.surcharge if self.said is not None else 0

    @property
    def undelivered(self) -> int:
        return self.said.underdelivery if self.said is not None else 0

    @property
    def benefit(self) -> int:
        return self.said.benefit if self.said is not None else 0

    @property
    def recalculation(self) -> int:
        """Of this month and, beyond the calculation, of closed ones."""
        return self.charged - self.accrued + self.undelivered + self.benefit

    @property
    def is_corrected(self) -> bool:
        return self.charged != (self.said.total if self.said is not None else 0)


@dataclass(slots=True)
class _Account:
    """One account of a batch with all that its rows are made of."""

    row: AccountRow
    key: str
    """As the region knows it."""
    document: str
    bank_account: str
    lines: list[_Line]
    turnovers: list[Turnover]
    penalties: list[PenaltyRow] = field(default_factory=list)
    debts: Mapping[tuple[EntityId, EntityId], list[tuple[Month, int]]] = field(default_factory=dict)
    residents: int | None = None
    last_payment: date | None = None
    plans: Mapping[tuple[EntityId, EntityId], _Instalment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Instalment:
    """What plans of a service and creditor ask for in a month, kopecks; outside the balance."""

    portion: int
    interest: int
    percent: Fraction | None
    """A year; None: of several plans that differ."""


@dataclass(slots=True)
class Documents:
    """The documents of one posted month."""

    connection: Connection
    provider: Provider
    month: Month
    law: Law
    names: Names
    out: Output
    matching: Matching
    _plans: Mapping[EntityId, Mapping[tuple[EntityId, EntityId], _Instalment]] = field(default_factory=dict)
    _undivided: int = 0
    _without_account: int = 0
    _without_creditor: int = 0
    _undated: int = 0

    def write(self, *, with_balances: bool = True) -> None:
        """All rows; ``with_balances`` False: documents and lines only, as the month before is told."""
        step = posted_step(self.connection, self.provider, self.month)
        assert step.calculation_id is not None and step.at is not None
        calculation = read_calculation(self.connection, step.calculation_id)
        stopped = frozenset(stopped_accounts(self.connection, calculation))
        rows = sorted(
            read_accounts(self.connection, provider_id=self.provider.provider_id, month=self.month), key=lambda row: row.entity_id
        )
        penalties = _Ahead(Penalties(self.connection, self.provider, self.month, self.law).rows()) if with_balances else _Ahead(iter(()))
        self._plans = self._instalments() if with_balances else {}
        stream = iter(rows)
        while batch := list(islice(stream, _ACCOUNTS_AT_ONCE)):
            for account in self._accounts(batch, calculation, stopped, penalties):
                self._document(account, formed_on=step.at.date(), with_balances=with_balances)
        if with_balances:
            self._say()

    def _accounts(
        self, rows: Sequence[AccountRow], calculation: Calculation, stopped: frozenset[EntityId], penalties: _Ahead
    ) -> Iterator[_Account]:
        owner, ids, keys = self.provider.provider_id, [row.entity_id for row in rows], [row.key for row in rows]
        said: dict[EntityId, dict[tuple[EntityId, EntityId], ChargeLine]] = defaultdict(dict)
        for line in read_lines(self.connection, calculation, ids):
            if line.account_id not in stopped:
                said[line.account_id][line.service_id, line.creditor_id] = line
        moved: dict[EntityId, list[Turnover]] = defaultdict(list)
        for turnover in turnovers(self.connection, provider_id=owner, month=self.month, accounts=ids):
            moved[turnover.account_id].append(turnover)
        debts: dict[EntityId, dict[tuple[EntityId, EntityId], dict[Month, int]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(int))
        )
        for item in opening_items(self.connection, ids, month=self.month):
            debts[item.account_id][item.service_id, item.creditor_id][item.origin_month] += item.amount
        stated = stated_documents(self.connection, provider_id=owner, month=self.month, accounts=keys)
        residents = residents_on(self.connection, provider_id=owner, day=self.month.last, accounts=keys)
        paid_on = last_payment_days(self.connection, ids, month=self.month)
        for row in rows:
            mine = penalties.of(row.entity_id)
            lines = _lines(said.get(row.entity_id, {}), moved.get(row.entity_id, []))
            if not lines and not mine and not any(one.opening or one.other for one in moved.get(row.entity_id, [])):
                continue
            own = stated.get(row.key, StatedDocument(identifier("epd", row.key, self.month), ""))
            bank_account = own.bank_account or self.names.bank_account
            if not bank_account:
                self._without_account += 1
                continue
            plans = self._plans.get(row.entity_id, {})
            yield _Account(
                row, known_as(row.key), known_as(own.key), bank_account, self._with_plans(lines, plans), moved.get(row.entity_id, []), mine,
                {place: sorted(by_month.items(), key=lambda one: one[0].first) for place, by_month in debts[row.entity_id].items()},
                residents.get(row.key, row.residents_stated), paid_on.get(row.entity_id), plans,
            )  # fmt: skip

    def _instalments(self) -> dict[EntityId, dict[tuple[EntityId, EntityId], _Instalment]]:
        """What instalment plans ask for in the month, by account, service and creditor."""
        planned = ProviderMonth(self.connection, self.provider, self.month, self.law).planned
        plans = read_plans(self.connection, self.provider) if planned else {}
        found: dict[EntityId, dict[tuple[EntityId, EntityId], _Instalment]] = defaultdict(dict)
        for debt, part in planned.items():
            account, service, creditor, _ = debt
            so_far = found[account].get((service, creditor), _Instalment(0, 0, plans[debt].percent))
            percent = plans[debt].percent if so_far.percent == plans[debt].percent else None
            found[account][service, creditor] = _Instalment(so_far.portion + part.portion, so_far.interest + part.interest, percent)
        return found

    def _with_plans(self, lines: list[_Line], plans: Mapping[tuple[EntityId, EntityId], _Instalment]) -> list[_Line]:
        """Lines of the month, and one of nothing for a debt by instalments whose service is charged no more."""
        charged = {(line.service, line.creditor) for line in lines}
        more = [place for place in sorted(plans) if place not in charged and not self.names.is_contribution(place[0])]
        return [*lines, *(_Line(service, creditor, 0, None) for service, creditor in more)]

    def _document(self, account: _Account, *, formed_on: date, with_balances: bool) -> None:
        for line in account.lines:
            self._line(account, line)
        penalties = self._penalties(account)
        if with_balances:
            self._balances(account)
        total = sum(line.charged for line in account.lines)
        opening = sum(row.opening for row in account.turnovers)
        paid = -sum(row.other for row in account.turnovers)
        row, before = account.row, opening - paid
        self.matching.note(account.key, self.month, account.document)
        by_instalments = sum(one.portion + one.interest for one in account.plans.values())
        self.out.add_values(
            "epd",
            {
                "id": account.document, "kind": 1, "period": self.month.first, "formed_on": formed_on, "account": account.key,
                "number": f"{self.month.first:%Y%m}-{row.number}"[:30], "receiver_account": account.bank_account, "status": 1,
                "residents": account.residents, "living_area": row.living_area_e2, "heated_area": row.area_e2, "total_area": row.area_e2,
                "services_total": total, "debt_before": max(before, 0), "advance_before": max(-before, 0),
                "with_instalments": total + by_instalments if account.plans else None,
                "payments_until": self.month.last, "total_with_balance": before + total, "penalties_total": penalties,
                "grand_total": before + total + penalties, "paid": paid, "last_payment_on": account.last_payment,
            },
        )  # fmt: skip

    def _line(self, account: _Account, line: _Line) -> None:
        service = self.names.services[line.service]
        creditor = self.names.creditors[line.creditor]
        recalculated = line.recalculation - line.undelivered
        if self.names.is_contribution(line.service):
            own = identifier("epdcapital", account.document, service.key, creditor)
            self.matching.note(account.key, self.month, account.document, Part.CONTRIBUTION, "", creditor, row=own, amount=line.charged)
            self.out.add_values(
                "epdcapital",
                {
                    "id": own, "document": account.document,
                    "tariff": _tariff(line), "accrued": line.accrued, "recalculated": recalculated, "benefit": line.benefit,
                    "total": line.charged, "supplier": creditor, "status": 1,
                },
            )  # fmt: skip
            return
        slices = slices_of(line.said) if line.said is not None else []
        parts = [(one.tariff_e6, one.volume_e6, int(one.base), int(one.recalculation), str(one.first)) for one in slices]
        if len(parts) < 2 or sum(part[2] for part in parts) != line.accrued - (line.said.surcharge if line.said else 0):
            parts = [(_tariff(line), line.said.volume_e6 if line.said else 0, line.accrued, recalculated, "")]
        else:  # what is not of a slice stands in the first: the surcharge, the reduction for an interruption, closed months
            tariff, volume, base, changed_here, first = parts[0]
            surcharge = line.accrued - sum(part[2] for part in parts)
            rest = recalculated - sum(part[3] for part in parts)
            parts[0] = (tariff, volume, base + surcharge, changed_here + rest, first)
        common = service.provision == _COMMON
        for place, (tariff, volume, accrued, changed, first) in enumerate(parts):
            benefit = line.benefit if place == 0 else 0
            total = accrued + changed - benefit
            own = identifier("epdcharge", account.document, service.key, creditor, first)
            self.matching.note(account.key, self.month, account.document, Part.CHARGE, service.key, creditor, row=own, amount=total)
            plan = account.plans.get((line.service, line.creditor)) if place == 0 else None
            self.out.add_values(
                "epdcharge",
                {
                    "id": own, "document": account.document,
                    "service": service.key, "tariff": tariff, "total": total, "accrued": accrued, "recalculated": changed,
                    "benefit": benefit, "provision": service.provision, "recalculation_basis": _why(line) if changed else None,
                    "recalculation_sum": changed or None, "common_volume" if common else "volume": volume,
                    "total_common" if common else "total_individual": total,
                    "method": _METHODS.get(line.said.method) if line.said is not None else None,
                    **({} if plan is None else {
                        "instalment_current": 0, "instalment_earlier": plan.portion, "interest": plan.interest,
                        "interest_percent": None if plan.percent is None else int(plan.percent * 10**6),
                        "total_with_instalment": total + plan.portion + plan.interest,
                    }),
                },
            )  # fmt: skip

    def _penalties(self, account: _Account) -> int:
        """The rows of penalties; what they come to."""
        owed = 0
        for item in account.penalties:
            if item.creditor_id is None:
                self._without_creditor += item.closing
                continue
            creditor = self.names.creditors[item.creditor_id]
            owed += item.closing
            own = identifier("epdpenalty", account.document, creditor, item.origin_month, item.component)
            of = (str(int(item.component)), creditor, item.origin_month)
            self.matching.note(account.key, self.month, account.document, Part.PENALTY, *of, row=own)
            self.out.add_values(
                "epdpenalty",
                {
                    "id": own, "document": account.document, "kind": _penalty_kind(item.component, item.origin_month), "creditor": creditor,
                    "origin_month": item.origin_month and item.origin_month.first, "opening": item.opening, "posted": item.posted,
                    "paid": item.paid, "closing": item.closing,
                },
            )  # fmt: skip
        return owed

    def _balances(self, account: _Account) -> None:
        """One balance for each service and creditor, surcharge included; its opening debts by month of origin."""
        sums: dict[tuple[EntityId, EntityId], list[int]] = defaultdict(lambda: [0, 0])
        for row in account.turnovers:
            if not row.service_id:
                self._undivided -= row.closing
                continue
            sums[row.service_id, row.creditor_id][0] += row.opening
            sums[row.service_id, row.creditor_id][1] -= row.other
        charged = {(line.service, line.creditor): line for line in account.lines}
        for (service, creditor), (opening, paid) in sorted((sums | {place: sums[place] for place in charged}).items()):
            line = charged.get((service, creditor), _Line(service, creditor, 0, None))
            keys = (self.names.services[service].key, self.names.creditors[creditor])
            self.out.add_values(
                "saldo",
                {
                    "id": identifier("saldo", account.row.key, *keys, self.month), "account": account.key, "service": keys[0],
                    "creditor": keys[1], "month": self.month.first, "opening": opening, "accrued": line.accrued,
                    "recalculated": line.recalculation, "changed": 0, "undelivered": line.undelivered, "benefit": line.benefit,
                    "paid": paid, "closing": opening + line.charged - paid,
                },
            )  # fmt: skip
            for origin, amount in self._unpaid(account, (service, creditor), opening):
                own = identifier("epddebt", account.document, *keys, origin)
                self.matching.note(account.key, self.month, account.document, Part.DEBT, *keys, origin, row=own)
                self.out.add_values(
                    "epddebt",
                    {
                        "id": own, "document": account.document, "service": keys[0],
                        "creditor": keys[1], "origin_month": origin.first, "amount": amount,
                    },
                )  # fmt: skip

    def _unpaid(self, account: _Account, place: tuple[EntityId, EntityId], opening: int) -> list[tuple[Month, int]]:
        """Debts that make up a positive opening balance: an advance of the same service covers the oldest first."""
        debts = account.debts.get(place, [])
        covered = sum(amount for _, amount in debts) - max(opening, 0)
        left: list[tuple[Month, int]] = []
        for origin, amount in debts:
            taken = min(amount, covered) if covered > 0 else 0
            covered -= taken
            if amount > taken:
                left.append((origin, amount - taken))
        if any(origin == UNKNOWN_ORIGIN for origin, _ in left):
            self._undated += 1
            return []
        return left

    def _say(self) -> None:
        """What is of the month and not in the archive."""
        say = self.out.left_out
        if self._undivided:
            say("UN-0202", "saldo.csv", f"Аванс без услуги {format_roubles(self._undivided)} руб. есть в документах, но не в сальдо.",
                "Он разделится по услугам с начислением следующего месяца.", self._undivided)  # fmt: skip
        if self._without_account:
            say("UN-0205", "epd.csv", f"Не вошли документы {self._without_account} счетов: неизвестен расчётный счёт получателя.",
                "Запросите у отправителя раздел CONTRAGENTRSCHET.", self._without_account)  # fmt: skip
        if self._without_creditor:
            say("UN-0206", "epdpenalty.csv", f"Не вошли пени и судебные расходы без получателя: {format_roubles(self._without_creditor)}.",
                "Получателя назначает центр: erkc report month.", self._without_creditor)  # fmt: skip
        if self._undated:
            say("UN-0207", "epddebt.csv", f"Долги без месяца возникновения не разложены по месяцам: {self._undated}.",
                "Отправитель передал их одной суммой; в сальдо они есть.", self._undated)  # fmt: skip


class _Ahead:
    """Penalties in the order of accounts, taken account by account."""

    def __init__(self, rows: Iterator[PenaltyRow]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, account: EntityId) -> list[PenaltyRow]:
        found: list[PenaltyRow] = []
        while self._next is not None and self._next.account_id <= account:
            if self._next.account_id == account:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found


def _lines(said: Mapping[tuple[EntityId, EntityId], ChargeLine], moved: Sequence[Turnover]) -> list[_Line]:
    charged: dict[tuple[EntityId, EntityId], int] = defaultdict(int)
    for row in moved:
        if row.service_id:
            charged[row.service_id, row.creditor_id] += row.charged
    places = sorted({*said, *(place for place, amount in charged.items() if amount)})
    return [_Line(service, creditor, charged[service, creditor], said.get((service, creditor))) for service, creditor in places]


def _tariff(line: _Line) -> int:
    if line.said is None:
        return 0
    if line.said.tariff_e6 is not None:
        return line.said.tariff_e6
    slices = slices_of(line.said)
    return slices[-1].tariff_e6 if slices else 0


def _why(line: _Line) -> str:
    reasons = []
    if line.said is not None and line.said.recalculation:
        reasons.append("перерасчёт месяца")
    if line.undelivered:
        reasons.append("перерыв в предоставлении услуги")
    if line.is_corrected:
        reasons.append("исправление прошлых месяцев")
    return ", ".join(reasons)


def _penalty_kind(component: Component, origin: Month | None) -> int:
    if origin is None:
        return 3
    return 2 if component is Component.PENALTY_CAPITAL_REPAIR else 1
