"""Safety bounds before a month is posted (section 17.3): what looks wrong stops the house until an operator accepts it with a reason.

Nothing here changes a line. Amounts of other months come as arguments; where there is none, what needs it is not asked. A region may set
its own bounds (``bound_times_norm`` …); the limit of growth is the region's or the municipality's (charging rules, section 5).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from core.charges import clauses
from core.charges.balance import HEAT_UNITS
from core.charges.engine import HouseCharges
from core.charges.findings import ChargeFinding, Held, finding
from core.charges.limits import IndexedService, growth
from core.charges.rules import Resource, Rules, is_heat_of_water, resource_of
from core.charges.traced import number_text
from core.charges.volumes import norm_parts, service_days, volume_of
from core.exact import Exact, together
from core.ids import EntityId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.inputs import LikeInputs
from core.model.lines import ChargeLine
from core.money import format_roubles, rounded
from core.period import Month

__all__ = ["BaseLine", "Earlier", "base_month", "check_bounds"]

_CLAUSE = "контроль перед проведением"
_UTILITY = 1
_METERED = frozenset({"ipu", "ipu_replaced", "ipu_after_average", "average", "ipu_flat"})
_BY_PERSONS = frozenset({"cold_water", "hot_water", "electricity"})
_COMMON = 2
_SHARES_OF_HEAT = HEAT_UNITS | {"formula_8"}

_Key = tuple[EntityId, EntityId]
_Household = tuple[int, int | None, int | None, bool, bool]
"""Residents, all of them here on every day of the month; where there are none the owners; rooms; gas stove and heater."""


@dataclass(frozen=True, slots=True)
class BaseLine:
    """A line of the base month of the growth limit: volume and tariff in millionths; None: it had several tariffs."""

    volume_e6: int
    tariff_e6: int | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What other months came to, by account and service; kopecks. Empty where the month is not in the ledger."""

    last_year: Mapping[_Key, int] = field(default_factory=dict)
    """Totals of the same month last year."""
    month_before: Mapping[_Key, int] = field(default_factory=dict)
    """Totals of the month before."""
    base: Mapping[_Key, BaseLine] = field(default_factory=dict)
    """Lines of the base month of the growth limit."""
    names: Mapping[EntityId, str] = field(default_factory=dict)
    """Names of services that the house may no longer have."""


def base_month(month: Month) -> Month:
    """The month that growth is counted from: December of the year before (ПП № 400)."""
    return Month(month.year - 1, 12)


def check_bounds(charges: HouseCharges, house: HouseFacts, rules: Rules, earlier: Earlier | None = None) -> list[ChargeFinding]:
    """Findings with the effect ``stop_house``; none for a house that is held already."""
    if charges.held:
        return []
    return list(_Check(charges, house, rules.at(house.oktmo), earlier or Earlier()).findings())


@dataclass(slots=True)
class _Check:
    charges: HouseCharges
    house: HouseFacts
    rules: Rules
    earlier: Earlier
    _most: dict[tuple[EntityId, _Household], int | None] = field(init=False, default_factory=dict)
    """Bounds by service of households that differ in nothing."""

    def findings(self) -> Iterator[ChargeFinding]:
        """All checks of the house, line by line, account by account, then its volumes."""
        accounts = {account.account_id: account for account in self.house.accounts}
        services = {service.service_id: service for service in self.house.services}
        by_persons = {key for key, one in services.items() if resource_of(one) in _BY_PERSONS and not is_heat_of_water(one)}
        lines: dict[EntityId, list[ChargeLine]] = defaultdict(list)
        households = {key: self._household(account) for key, account in accounts.items()}
        last_year, most = self.earlier.last_year, self._most
        for line in self.charges.lines:
            lines[line.account_id].append(line)
            if last_year:
                yield from self._beside_last_year(line, accounts[line.account_id], services[line.service_id])
            if line.service_id in by_persons and line.method in _METERED:
                household = households[line.account_id]
                known = None if household is None else most.get((line.service_id, household))
                if known is None or line.volume_e6 > known:
                    yield from self._beside_norm(line, accounts[line.account_id], services[line.service_id], household)
        for (account_id, service_id, _), times in self._seen():
            if times > 1:
                said = f"услуга начислена {times} раза за месяц; в расчёте оставлена одна строка"
                yield self._found("CH-036", said, accounts[account_id], services[service_id])
        before: dict[EntityId, list[EntityId]] = defaultdict(list)
        for (account_id, service_id), amount in self.earlier.month_before.items():
            if amount:
                before[account_id].append(service_id)
        for account in self.house.accounts:
            if account.opened_on <= self.rules.month.last and (account.closed_on is None or account.closed_on >= self.rules.month.first):
                yield from self._account(account, lines[account.account_id], before[account.account_id], services)
        yield from self._volumes(services)

    def _seen(self) -> Iterator[tuple[tuple[EntityId, EntityId, EntityId], int]]:
        """How often an account is charged a service for a creditor; nothing where it is once always."""
        keys = [(line.account_id, line.service_id, line.creditor_id) for line in self.charges.lines]
        if len(set(keys)) < len(keys):
            yield from Counter(keys).items()

    def _beside_last_year(self, line: ChargeLine, account: AccountFacts, service: ServiceFacts) -> Iterator[ChargeFinding]:
        last_year = self.earlier.last_year.get((line.account_id, line.service_id), 0)
        if last_year > 0 and line.total > (times := self.rules.number("bound.times_last_year", self.rules.month.last).value) * last_year:
            said = f"{format_roubles(line.total)} руб. — больше {times} сумм прошлого года ({format_roubles(last_year)} руб.)"
            yield self._found("CH-030", said, account, service)

    def _beside_norm(
        self, line: ChargeLine, account: AccountFacts, service: ServiceFacts, household: _Household | None
    ) -> Iterator[ChargeFinding]:
        most = self._most_e6(account, service, household) if account.residential else None
        if most is not None and line.volume_e6 > most:
            times = self.rules.number("bound.times_norm", self.rules.month.last).value
            yield self._found("CH-031", f"объём больше {times} нормативов", account, service)

    def _household(self, account: AccountFacts) -> _Household | None:
        """What the norm of an account depends on, where that is the same on all days of the month."""
        start = self.rules.month.first
        if account.opened_on > start or account.closed_on is not None or not account.residential:
            return None
        if any(one.last is not None or one.first > start for one in account.residences):
            return None
        return (
            len(account.residences),
            None if account.residences else account.owners,
            account.rooms,
            account.gas_stove,
            account.gas_heater,
        )

    def _most_e6(self, account: AccountFacts, service: ServiceFacts, household: _Household | None) -> int | None:
        """The greatest volume that nobody need look at, whole millionths; None where no norm is approved, which bounds nothing."""
        days, resource = service_days(account, service, self.rules.month), resource_of(service)
        if days is None or resource is None:
            return None
        if household is None:
            return self._bound(account, service, resource, days)
        key = ("bound", service.utility_kind, service.resource_kind, days, household)
        if key not in self.rules.worked_out:
            self.rules.worked_out[key] = self._bound(account, service, resource, days)
        most: int | None = self.rules.worked_out[key]
        self._most[service.service_id, household] = most
        return most

    def _bound(self, account: AccountFacts, service: ServiceFacts, resource: Resource, days: tuple[date, date]) -> int | None:
        try:
            parts = norm_parts(account, service, self.rules.month, resource=resource, days=days, rules=self.rules)
        except Held:
            parts = ()
        norm = sum((volume_of(part) for part in parts), Fraction(0))
        times = self.rules.number("bound.times_norm", self.rules.month.last).value
        return floor(times * norm * 10**6) if norm else None

    def _account(
        self, account: AccountFacts, lines: Sequence[ChargeLine], before: Sequence[EntityId], services: Mapping[EntityId, ServiceFacts]
    ) -> Iterator[ChargeFinding]:
        total = sum([line.base + line.surcharge + line.recalculation - line.underdelivery - line.benefit for line in lines])
        if total < 0:
            yield self._found("CH-032", f"итог месяца отрицательный: {format_roubles(total)} руб.", account)
        elif total == 0:
            yield self._found("CH-033", "открытому лицевому счёту ничего не начислено", account)
        charged = {line.service_id for line in lines} if before else set()
        for service_id in before:
            if service_id not in charged and not self._out_of_season(services.get(service_id)):
                yield self._gone(account, service_id, services.get(service_id))
        yield from self._growth(account, lines, services)

    def _out_of_season(self, service: ServiceFacts | None) -> bool:
        """Whether the service is one that the month does not have."""
        if service is None or resource_of(service) != "heating":
            return False
        try:
            return self.rules.month.month not in self.rules.heating_months()
        except Held:
            return True

    def _gone(self, account: AccountFacts, service_id: EntityId, service: ServiceFacts | None) -> ChargeFinding:
        name = "" if service is not None else f"«{self.earlier.names.get(service_id, f'№ {service_id}')}»: "
        found = self._found("CH-034", f"{name}услуга была в прошлом месяце, в этом её нет", account, service)
        return replace(found, service_id=service_id)

    def _growth(
        self, account: AccountFacts, lines: Sequence[ChargeLine], services: Mapping[EntityId, ServiceFacts]
    ) -> Iterator[ChargeFinding]:
        """Growth of the payment for utilities at the volumes of the base month, against the limit of the municipality."""
        if not self.earlier.base or not account.residential:
            return
        limit = self.rules.growth_limit(self.house.oktmo)
        if limit is None:
            return
        indexed = [
            IndexedService(Fraction(base.volume_e6, 10**6), _roubles(base.tariff_e6), _roubles(line.tariff_e6))
            for line in lines
            if services[line.service_id].kind == _UTILITY
            and (base := self.earlier.base.get((account.account_id, line.service_id))) is not None
        ]
        found = growth(indexed, limit=limit.value)
        if found is not None and found.above_limit:
            grown, limit_shown = _percent(found.growth_e2), _percent(found.limit_e2)
            said = f"плата за коммунальные услуги к декабрю {self.rules.month.year - 1} выросла на {grown} %, предел {limit_shown} %"
            yield self._found("CH-038", said, account)

    def _volumes(self, services: Mapping[EntityId, ServiceFacts]) -> Iterator[ChargeFinding]:
        month = str(self.rules.month)
        found = {(v.service, v.what): Fraction(v.volume_e6, 10**6) for v in self.charges.volumes if v.month == month}
        keys = {service.key: service for service in services.values()}
        allowed = self.rules.number("bound.house_residue_percent", self.rules.month.last).value
        for (key, what), volume in found.items():
            individual = found.get((key, "individual"))
            if what == "meter" and individual is not None and abs(volume - individual) * 100 > allowed * volume:
                yield self._found(
                    "CH-035", f"общедомовой прибор и индивидуальные объёмы расходятся больше чем на {allowed} %", None, keys.get(key)
                )
            service = keys.get(key)
            if what == "soi" and service is not None and service.provision == _COMMON:
                yield from self._shares(service, volume)
            if what == "meter" and service is not None and resource_of(service) == "heating":
                yield from self._heat(service, services, volume)

    def _shares(self, service: ServiceFacts, whole: Fraction) -> Iterator[ChargeFinding]:
        """Shares of a common volume add up to it; premises that have no account here leave a part of it to nobody."""
        lines = [line for line in self.charges.lines if line.service_id == service.service_id]
        shared = _exact_volume(lines)
        if lines and abs(shared - whole) * 10**5 > max(whole, Fraction(1)):
            yield self._found("CH-037", _do_not_add_up(shared, whole), None, service)

    def _heat(self, service: ServiceFacts, services: Mapping[EntityId, ServiceFacts], measured: Fraction) -> Iterator[ChargeFinding]:
        """Shares of the heat of the house meter, of all who charge it, add up to it; volumes of lines are rounded to millionths."""
        lines = [line for line in self.charges.lines if resource_of(services[line.service_id]) == "heating"]
        rows = [row for group in _by_template(lines) for row in _rows(group[0])]
        if not rows or any(row["clause"] not in _SHARES_OF_HEAT for row in rows):
            return
        values: Mapping[str, str] = rows[0]["values"]
        whole = measured - Fraction(values.get("q", "0")) * Fraction(values.get("V_hot", "0"))
        shared = Fraction(sum(line.volume_e6 for line in lines), 10**6)
        if abs(shared - whole) > max(whole, Fraction(1)) / 10**5 + Fraction(len(lines), 2 * 10**6):
            yield self._found("CH-037", _do_not_add_up(shared, whole), None, service)

    def _found(self, code: str, said: str, account: AccountFacts | None, service: ServiceFacts | None = None) -> ChargeFinding:
        held = Held(code, said, hint="Проверьте и примите с причиной: erkc bill accept.", clause=_CLAUSE)
        return finding(held, month=self.rules.month, house=self.house, account=account, service=service, effect="stop_house")


def _roubles(tariff_e6: int | None) -> Fraction | None:
    return None if tariff_e6 is None else Fraction(tariff_e6, 10**6)


def _percent(value_e2: int) -> str:
    return number_text(Fraction(value_e2, 100))


def _shown(volume: Fraction) -> str:
    """A volume for people, to three places."""
    return number_text(Fraction(rounded(volume, 1000), 1000))


def _do_not_add_up(shared: Fraction, whole: Fraction) -> str:
    return f"доли дают {_shown(shared)} из {_shown(whole)}: площади счетов не равны площади дома"


def _rows(line: ChargeLine) -> list[Mapping[str, Any]]:
    """Rows of the line's base (``Any``: JSON values)."""
    groups: Any = line.inputs["base"]
    return [row for group in groups for row in group]


def _by_template(lines: Sequence[ChargeLine]) -> list[list[ChargeLine]]:
    """Lines whose inputs differ in the holes of one template only, together; every other line by itself."""
    groups: dict[object, list[ChargeLine]] = defaultdict(list)
    for line in lines:
        groups[line.inputs.template if isinstance(line.inputs, LikeInputs) else id(line)].append(line)
    return list(groups.values())


def _volume_of_alike(inputs: Sequence[LikeInputs], rows: Sequence[Mapping[str, Any]]) -> Fraction:
    """The volume of all lines of a template: their clauses are linear in what the lines bring, so the sums of that bring the sum."""
    brought = [together(values) for values in zip(*(one.brought.values for one in inputs), strict=True)]
    total = Fraction(0)
    for row in rows:
        shared = {name: Fraction(shown) for name, shown in row["values"].items()}
        arguments = {**shared, **dict(zip(inputs[0].template.symbols, brought, strict=True)), "T": Fraction(1)}
        total += Fraction(getattr(clauses, row["clause"])(**arguments))
    return total


def _exact_volume(lines: Sequence[ChargeLine]) -> Fraction:
    """The volume of lines together from their inputs: their clauses at one rouble for a unit, in columns."""
    columns: dict[tuple[str, ...], list[list[Fraction]]] = {}
    numbers: dict[str, Fraction] = {}
    alone = []
    total = Fraction(0)
    for group in _by_template(lines):
        if isinstance(group[0].inputs, LikeInputs):
            total += _volume_of_alike([line.inputs for line in group if isinstance(line.inputs, LikeInputs)], _rows(group[0]))
        else:
            alone += group
    for line in alone:
        for row in _rows(line):
            values: Mapping[str, str] = row["values"]
            column = columns.setdefault((row["clause"], *values), [[] for _ in values])
            for arguments, shown in zip(column, values.values(), strict=True):
                if shown not in numbers:
                    numbers[shown] = Fraction(shown)
                arguments.append(numbers[shown])
    for (clause, *names), column in columns.items():
        arguments_of = {name: Exact.column(arguments) for name, arguments in zip(names, column, strict=True)}
        volumes = getattr(clauses, clause)(**{**arguments_of, "T": Exact.of(1)}).fractions()
        total += together(volumes) if len(volumes) == len(column[0]) else volumes[0] * len(column[0])
    return total
