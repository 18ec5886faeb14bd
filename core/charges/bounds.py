"""Safety bounds before a month is posted (section 17.3): what looks wrong stops the house until an operator accepts it with a reason.

Nothing here changes a line. Amounts of other months come as arguments; a region may set its own bounds (``bound_times_norm`` …).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.engine import HouseCharges
from core.charges.findings import ChargeFinding, Held, finding
from core.charges.rules import Rules, is_heat_of_water, resource_of
from core.charges.traced import number_text
from core.charges.volumes import norm_parts, service_days, volume_of
from core.ids import EntityId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.lines import ChargeLine
from core.money import format_roubles, rounded

__all__ = ["Earlier", "check_bounds"]

_CLAUSE = "контроль перед проведением"
_METERED = frozenset({"ipu", "ipu_replaced", "ipu_after_average", "average", "ipu_flat"})
_BY_PERSONS = frozenset({"cold_water", "hot_water", "electricity"})
_COMMON = 2

_Key = tuple[EntityId, EntityId]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What other months came to, by account and service: totals of the same month last year, and the services of the month before."""

    last_year: Mapping[_Key, int] = field(default_factory=dict)
    month_before: Mapping[_Key, int] = field(default_factory=dict)


def check_bounds(charges: HouseCharges, house: HouseFacts, rules: Rules, earlier: Earlier | None = None) -> list[ChargeFinding]:
    """Findings with the effect ``hold_house``; none for a house that is held already."""
    if charges.held:
        return []
    return list(_Check(charges, house, rules, earlier or Earlier()).findings())


@dataclass(slots=True)
class _Check:
    charges: HouseCharges
    house: HouseFacts
    rules: Rules
    earlier: Earlier

    def findings(self) -> Iterator[ChargeFinding]:
        """All checks of the house, line by line, account by account, then its volumes."""
        accounts = {account.account_id: account for account in self.house.accounts}
        services = {service.service_id: service for service in self.house.services}
        totals: dict[EntityId, int] = defaultdict(int)
        seen: Counter[tuple[EntityId, EntityId, EntityId]] = Counter()
        for line in self.charges.lines:
            account, service = accounts[line.account_id], services[line.service_id]
            totals[line.account_id] += line.total
            seen[line.account_id, line.service_id, line.creditor_id] += 1
            yield from self._line(line, account, service)
        for (account_id, service_id, _), times in seen.items():
            if times > 1:
                yield self._found("CH-036", f"услуга начислена {times} раза за месяц", accounts[account_id], services[service_id])
        for account in self.house.accounts:
            yield from self._account(account, totals, services)
        yield from self._volumes(services)

    def _line(self, line: ChargeLine, account: AccountFacts, service: ServiceFacts) -> Iterator[ChargeFinding]:
        month = self.rules.month
        last_year = self.earlier.last_year.get((line.account_id, line.service_id), 0)
        times = self.rules.number("bound.times_last_year", month.last).value
        if last_year > 0 and line.total > times * last_year:
            said = f"{format_roubles(line.total)} руб. — больше {times} сумм прошлого года ({format_roubles(last_year)} руб.)"
            yield self._found("CH-030", said, account, service)
        if line.method not in _METERED or resource_of(service) not in _BY_PERSONS or is_heat_of_water(service) or not account.residential:
            return
        norm = self._norm(account, service)
        times = self.rules.number("bound.times_norm", month.last).value
        if norm and Fraction(line.volume_e6, 10**6) > times * norm:
            yield self._found("CH-031", f"объём больше {times} нормативов", account, service)

    def _norm(self, account: AccountFacts, service: ServiceFacts) -> Fraction:
        """The volume by the norm; zero where no norm is approved, which bounds nothing."""
        days, resource = service_days(account, service, self.rules.month), resource_of(service)
        if days is None or resource is None:
            return Fraction(0)
        try:
            parts = norm_parts(account, service, self.rules.month, resource=resource, days=days, rules=self.rules)
        except Held:
            return Fraction(0)
        return sum((volume_of(part) for part in parts), Fraction(0))

    def _account(
        self, account: AccountFacts, totals: Mapping[EntityId, int], services: Mapping[EntityId, ServiceFacts]
    ) -> Iterator[ChargeFinding]:
        month = self.rules.month
        if account.opened_on > month.last or (account.closed_on is not None and account.closed_on < month.first):
            return
        total = totals.get(account.account_id, 0)
        if total < 0:
            yield self._found("CH-032", f"итог месяца отрицательный: {format_roubles(total)} руб.", account)
        elif total == 0:
            yield self._found("CH-033", "открытому лицевому счёту ничего не начислено", account)
        charged = {line.service_id for line in self.charges.lines if line.account_id == account.account_id}
        for (account_id, service_id), amount in self.earlier.month_before.items():
            service = services.get(service_id)
            if account_id == account.account_id and amount and service_id not in charged and not _seasonal(service):
                yield self._found("CH-034", "услуга была в прошлом месяце, в этом её нет", account, service)

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

    def _shares(self, service: ServiceFacts, whole: Fraction) -> Iterator[ChargeFinding]:
        """Shares of a common volume add up to it; premises that have no account here leave a part of it to nobody."""
        lines = [line for line in self.charges.lines if line.service_id == service.service_id]
        shared = sum((_exact_volume(line) for line in lines), Fraction(0))
        if lines and abs(shared - whole) * 10**5 > max(whole, Fraction(1)):
            said = f"доли дают {_shown(shared)} из {_shown(whole)}: площади счетов не равны площади дома"
            yield self._found("CH-037", said, None, service)

    def _found(self, code: str, said: str, account: AccountFacts | None, service: ServiceFacts | None = None) -> ChargeFinding:
        held = Held(code, said, hint="Проверьте и примите с причиной: erkc bill accept.", clause=_CLAUSE)
        return finding(held, month=self.rules.month, house=self.house, account=account, service=service, effect="hold_house")


def _shown(volume: Fraction) -> str:
    """A volume for people, to three places."""
    return number_text(Fraction(rounded(volume, 1000), 1000))


def _seasonal(service: ServiceFacts | None) -> bool:
    """A service that the house no longer has, or that has a season of its own."""
    return service is None or resource_of(service) == "heating"


def _exact_volume(line: ChargeLine) -> Fraction:
    """The volume of the line from its inputs: its clauses at one rouble for a unit (``Any``: JSON values)."""
    groups: Any = line.inputs["base"]
    total = Fraction(0)
    for row in (row for group in groups for row in group):
        values = {name: Fraction(text) for name, text in row["values"].items()}
        total += Fraction(getattr(clauses, row["clause"])(**{**values, "T": Fraction(1)}))
    return total
