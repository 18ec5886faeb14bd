"""Safety bounds of a draft, batch of houses by batch: what other months came to is read for the accounts at hand in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.charges.bounds import BaseLine, Earlier, base_month, check_bounds
from core.charges.findings import ChargeFinding
from core.charges.law import Law
from core.charges.rules import Rules
from core.ids import CalculationId, EntityId, ProviderId
from core.ledger.earlier import earlier_lines, posted_calculations
from core.model.facts import HouseFacts
from core.model.finding import Finding, Position
from core.model.lines import ChargeLine
from core.period import Month
from core.records.latest import read_services
from core.services.rebuild import Batch

__all__ = ["Bounds", "once"]

_Key = tuple[EntityId, EntityId]


@dataclass(slots=True)
class Bounds:
    """The bounds of a provider's month; what is the same for all houses is read once."""

    connection: Connection
    provider_id: ProviderId
    month: Month
    law: Law
    _earlier: dict[Month, CalculationId] = field(init=False)
    _names: dict[EntityId, str] = field(init=False)
    _rules: Rules | None = field(init=False, default=None)
    _unlimited: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        wanted = {self.month.previous(), self.month.previous(12), base_month(self.month)}
        self._earlier = posted_calculations(self.connection, provider_id=self.provider_id, months=sorted(wanted))
        services = read_services(self.connection, provider_id=self.provider_id, month=self.month) if self._earlier else ()
        self._names = {row.entity_id: row.name for row in services}

    def findings(self, batch: Batch) -> Iterator[Finding]:
        """What looks wrong in a batch of computed houses: each is looked at as a whole, and told is what concerns the provider."""
        if self._rules is None:
            self._rules = Rules(batch.facts, self.law, self.month)
        houses = [one.house for one in batch.houses]
        for one, whole, own, before in zip(batch.houses, batch.whole, batch.charged, self._read(houses), strict=True):
            if own.held:
                continue
            house = one.house
            found = check_bounds(whole, house, self._rules, before)
            yield from (item for item in found if not one.is_joint or _concerns(item, one.own))
            if before.base and not self._unlimited and self._rules.at(house.oktmo).growth_limit(house.oktmo) is None:
                self._unlimited = True
                yield _no_limit(self.month)

    def _read(self, houses: Sequence[HouseFacts]) -> list[Earlier]:
        """What is known of earlier months, house by house."""
        place = {account.account_id: n for n, house in enumerate(houses) for account in house.accounts}
        last_year: list[dict[_Key, int]] = [{} for _ in houses]
        month_before: list[dict[_Key, int]] = [{} for _ in houses]
        base: list[dict[_Key, BaseLine]] = [{} for _ in houses]
        for line in earlier_lines(self.connection, self._earlier, list(place)):
            key, n = (line.account_id, line.service_id), place[line.account_id]
            if line.month == self.month.previous(12):
                last_year[n][key] = line.total
            if line.month == self.month.previous():
                month_before[n][key] = line.total
            if line.month == base_month(self.month):
                base[n][key] = BaseLine(line.volume_e6, line.tariff_e6)
        return [Earlier(*three, self._names) for three in zip(last_year, month_before, base, strict=True)]


def _concerns(item: ChargeFinding, own: HouseFacts) -> bool:
    """Whether a finding about a house of several senders is about an account or a service of this one."""
    if item.account_id is not None:
        return any(account.account_id == item.account_id for account in own.accounts)
    return item.service_id is None or any(service.service_id == item.service_id for service in own.services)


def once(lines: Iterable[ChargeLine]) -> Iterator[ChargeLine]:
    """Each service of an account and creditor once: of a duplicate, which CH-036 reports, the last stands."""
    return iter({(line.account_id, line.service_id, line.creditor_id): line for line in lines}.values())


def _no_limit(month: Month) -> Finding:
    return Finding(
        Position(f"начисление {month}"),
        "CH-039",
        "warning",
        "ignore",
        message=f"Предельный индекс роста платы на {month.title} не задан: рост платы граждан не проверен (ПП № 400).",
        hint="Задайте настройку региона bound_growth_percent или bound_growth_by_oktmo (по началу ОКТМО) и загрузите: erkc region load.",
    )
