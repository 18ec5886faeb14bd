"""Audit: why a sender's line differs from the lawful one, proved by a counterfactual (uk-exchange 6.5).

The calculation itself is run again with *one* lawful input replaced by the sender's. When the stated total comes out to the kopeck, that
input is the cause; where no single one gives it, pairs are tried; where none does, the difference is ``unexplained`` and a person looks at
it. An input is replaced where it enters: a fact of the house or a setting before the rows are decided, or an argument of the decided rows.
All lines of a house that are still open are tried together, so an audit costs about as many calculations as there are kinds of causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import combinations

from core.charges.decide import decide_house
from core.charges.engine import evaluate
from core.charges.law import Law
from core.charges.rows import Group, LinePlan, Row, with_coefficient
from core.charges.rules import Rules, resource_of
from core.ids import EntityId
from core.model.facts import Facts, HouseFacts, ResidenceFacts, ServiceFacts
from core.period import Month

__all__ = ["CAUSES", "UNEXPLAINED", "AuditRow", "SenderFacts", "Stated", "audit_house"]

CAUSES = ("area", "residents", "tariff", "coefficient", "interruption", "soi_share", "heating_method", "absence")
"""In the order in which they are tried."""
UNEXPLAINED = "unexplained"

Line = tuple[EntityId, EntityId]
"""Account and service."""
_LONG_AGO = date(1900, 1, 1)
_COMMON = 2
_HEATING = 6


@dataclass(frozen=True, slots=True)
class Stated:
    """A line as the sender stated it; a tariff step inside the month gives it several tariffs, in the order of days."""

    total: int
    tariffs: tuple[Fraction, ...]
    volume: Fraction | None
    """Of a line by area the area that the sender used; None where several rows make the line."""


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """The sender's own facts of an account, lawful or not."""

    area_e2: int
    residents: int | None
    """Number of residents as a bare number, used where no resident is named."""
    residences: tuple[ResidenceFacts, ...]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A line that differs, kopecks, and why."""

    account_id: EntityId
    service_id: EntityId
    stated: int
    recomputed: int
    causes: tuple[str, ...]

    @property
    def difference(self) -> int:
        """Stated too much (positive) or too little."""
        return self.stated - self.recomputed


@dataclass(frozen=True, slots=True)
class _Context:
    """A decided line with what may be put into it."""

    plan: LinePlan
    service: ServiceFacts
    stated: Stated
    sender: SenderFacts | None
    rules: Rules
    sharers: int
    """Accounts of the house that have the service."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One input replaced: in the house, in the settings, or in the decided line."""

    cause: str
    house: Callable[[HouseFacts, Mapping[EntityId, SenderFacts]], HouseFacts] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    line: Callable[[_Context], LinePlan] | None = None


def audit_house(
    house: HouseFacts,
    facts: Facts,
    law: Law,
    month: Month,
    *,
    stated: Mapping[Line, Stated],
    recomputed: Mapping[Line, int],
    senders: Mapping[EntityId, SenderFacts],
) -> list[AuditRow]:
    """Rows of the house's lines whose stated total is not ``recomputed``, in the order of accounts and services."""
    nothing = Stated(0, (), None)
    differing = {
        line: stated.get(line, nothing)
        for line in sorted({*stated, *recomputed})
        if stated.get(line, nothing).total != recomputed.get(line, 0)
    }
    if not differing:
        return []
    trial = _Trial(house, facts, law, month, senders)
    causes: dict[Line, tuple[str, ...]] = {}
    for changes in _in_order():
        left = {line: said for line, said in differing.items() if line not in causes}
        if not left:
            break
        for line in trial.explained(changes, left):
            causes[line] = tuple(change.cause for change in changes)
    return [AuditRow(*line, said.total, recomputed.get(line, 0), causes.get(line, (UNEXPLAINED,))) for line, said in differing.items()]


class _Trial:
    """The house's month decided under replaced inputs; each set of replaced facts is decided once."""

    def __init__(self, house: HouseFacts, facts: Facts, law: Law, month: Month, senders: Mapping[EntityId, SenderFacts]) -> None:
        self._house = house
        self._facts = facts.at(house.oktmo)
        self._law = law
        self._month = month
        self._senders = senders
        self._services = {service.service_id: service for service in house.services}
        self._decided: dict[tuple[int, ...], tuple[Rules, dict[Line, LinePlan], dict[EntityId, int]]] = {}

    def explained(self, changes: Sequence[_Change], lines: Mapping[Line, Stated]) -> list[Line]:
        """Which of the lines come out as stated under the changes."""
        rules, plans, sharers = self._decide(changes)
        tried: list[tuple[Line, LinePlan]] = []
        for line, said in lines.items():
            plan = plans.get(line)
            if plan is None:
                continue
            for change in changes:
                if change.line is not None:
                    context = _Context(plan, self._services[line[1]], said, self._senders.get(line[0]), rules, sharers[line[1]])
                    plan = change.line(context)
            tried.append((line, plan))
        results = evaluate([plan for _, plan in tried], month=self._month, version=rules.version)
        return [line for (line, _), result in zip(tried, results, strict=True) if result.total == lines[line].total]

    def _decide(self, changes: Sequence[_Change]) -> tuple[Rules, dict[Line, LinePlan], dict[EntityId, int]]:
        before = [change for change in changes if change.house is not None or change.settings]
        key = tuple(_CHANGES.index(change) for change in before)
        if key not in self._decided:
            house, settings = self._house, dict(self._facts.settings)
            for change in before:
                settings.update(change.settings)
                house = house if change.house is None else change.house(house, self._senders)
            rules = Rules(replace(self._facts, settings=settings), self._law, self._month)
            plans = {(plan.account_id, plan.service_id): plan for plan in decide_house(house, rules).whole()}
            sharers: dict[EntityId, int] = {}
            for _, service in plans:
                sharers[service] = sharers.get(service, 0) + 1
            self._decided[key] = (rules, plans, sharers)
        return self._decided[key]


def _in_order() -> Iterator[tuple[_Change, ...]]:
    """Single changes in the order of causes, then pairs of different causes in the same order."""
    yield from ((change,) for change in _CHANGES)
    yield from (pair for pair in combinations(_CHANGES, 2) if pair[0].cause != pair[1].cause)


def _area(context: _Context) -> LinePlan:
    """A line by area: the area it states; a line shared by area: the sender's own area of the account."""
    own = None if context.sender is None else Fraction(context.sender.area_e2, 100)
    area = context.stated.volume if context.plan.method == "area" and context.stated.volume else own
    if area is None:
        return context.plan
    return _with_values(context.plan, lambda row: {"S": area} if "S" in row.values else {})


def _residents(house: HouseFacts, senders: Mapping[EntityId, SenderFacts]) -> HouseFacts:
    """Persons by the sender: those it names, else its bare number."""
    accounts = []
    for account in house.accounts:
        own = senders.get(account.account_id)
        if own is None:
            accounts.append(account)
            continue
        counted = tuple(ResidenceFacts(f"{number}", _LONG_AGO, None, account.source) for number in range(own.residents or 0))
        accounts.append(replace(account, residences=own.residences or counted))
    return replace(house, accounts=tuple(accounts))


def _tariff(context: _Context) -> LinePlan:
    """The tariff that the line states, slice by slice; of a contribution it is the minimum and what the owners add together."""
    slices = [(group[0].first, group[0].last) for group in context.plan.base]
    if len(slices) != len(context.stated.tariffs):
        return context.plan

    def replaced(row: Row) -> dict[str, Fraction]:
        for (first, last), tariff in zip(slices, context.stated.tariffs, strict=True):
            if "T" in row.values and first <= row.first and row.last <= last:
                return {"T": tariff - row.values.get("e", Fraction(0))}
        return {}

    return _with_values(context.plan, replaced)


def _coefficient(context: _Context) -> LinePlan:
    """The raising coefficient left out where it is due, applied where it is not."""
    if context.plan.with_k:
        return replace(context.plan, with_k=())
    resource = resource_of(context.service)
    by_norm = all(row.clause == "formula_4" for group in context.plan.base for row in group)
    if resource is None or not by_norm or f"coefficient.{resource}" not in context.rules.law.parameters:
        return context.plan
    month = context.rules.month
    return replace(context.plan, with_k=with_coefficient(context.plan.base, context.rules.coefficients(resource, month.first, month.last)))


def _equal_shares(context: _Context) -> LinePlan:
    """The common volume shared equally among the accounts, not by area."""
    if context.service.provision != _COMMON:
        return context.plan
    share = {"S": Fraction(1), "S_all": Fraction(context.sharers)}
    return _with_values(context.plan, lambda row: share if share.keys() <= row.values.keys() else {})


def _no_heat_meter(house: HouseFacts, _: Mapping[EntityId, SenderFacts]) -> HouseFacts:
    """The house as if it had no heat meter, so that heating goes by the norm."""
    heating = {service.key for service in house.services if service.utility_kind == _HEATING}
    return replace(house, meters=tuple(meter for meter in house.meters if meter.service not in heating))


def _with_values(plan: LinePlan, values: Callable[[Row], Mapping[str, Fraction]]) -> LinePlan:
    """The plan with some arguments of its rows replaced."""

    def changed(groups: tuple[Group, ...]) -> tuple[Group, ...]:
        return tuple(tuple(replace(row, values={**row.values, **values(row)}) for row in group) for group in groups)

    return replace(plan, base=changed(plan.base), with_k=changed(plan.with_k), recalculation=changed(plan.recalculation))


_CHANGES = (
    _Change("area", line=_area),
    _Change("residents", house=_residents),
    _Change("tariff", line=_tariff),
    _Change("coefficient", line=_coefficient),
    _Change("interruption", settings={"interruption_limits": "stated"}),
    _Change("interruption", line=lambda context: replace(context.plan, reduction=None)),
    _Change("soi_share", line=_equal_shares),
    _Change("heating_method", house=_no_heat_meter),
    _Change("absence", line=lambda context: replace(context.plan, recalculation=())),
    _Change("absence", settings={"metered_absence": "allow"}),
)
"""Every way to replace one input, in the order of :data:`CAUSES`."""
