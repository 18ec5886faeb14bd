"""The line of one service for one account: housing services here, utilities in ``utilities``; which one it is follows from codes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from core.charges.acts import acts_of
from core.charges.alike import BY_AREA, Alike, LikeLine
from core.charges.common_property import CommonVolume, shared_part
from core.charges.findings import Held, no_area
from core.charges.payers import Payers
from core.charges.plans import area_part, plan_of
from core.charges.reliefs import relieved_whole
from core.charges.rows import LinePlan
from core.charges.rules import Rules, Valued, is_heat_of_water, resource_of
from core.charges.utilities import UtilityLines
from core.charges.volumes import MonthVolume, Part
from core.exact import scaled
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.inputs import Brought
from core.model.lines import Method
from core.period import Month

__all__ = ["LineDecider"]

_UTILITY, _HOUSING = 1, 2
_CONTRIBUTION, _MAINTENANCE = 2, 3
_COMMON = 2


@dataclass(slots=True)
class LineDecider:
    """Decides the lines of one service of a house; what is the same for all accounts stands here."""

    house: HouseFacts
    rules: Rules
    service_facts: ServiceFacts
    payers: Payers
    metered: Mapping[str, Mapping[str, MonthVolume | Held]]
    meters: Mapping[str, Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]]]
    common: CommonVolume | None
    negative: Mapping[str, tuple[Fraction, Fraction]]
    """House meter and individual volumes of services whose negative rest lowers own volumes (п. 47)."""
    hot_common: Sequence[CommonVolume]
    alike: Alike
    plain: Mapping[str, Brought]
    """Accounts whose lines may be like others, by key, with their areas."""
    _utilities: UtilityLines = field(init=False)
    _by_area: bool = field(init=False)
    """Whether lines of plain accounts differ in their areas only, as far as is known by now."""

    def __post_init__(self) -> None:
        self._utilities = UtilityLines(
            self.house, self.rules, self.service_facts, self.payers, self.metered, self.meters, self.negative, self.hot_common,
            self.alike, self.plain,
        )  # fmt: skip
        self._by_area = self.alike.on and self.service_facts.key not in self.metered

    def line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | LikeLine | None:
        """The line of the account on the days; None when the service is out of season or not for such premises. Missing facts are
        :class:`Held`."""
        if self._by_area:
            own = self.plain.get(account.key)
            if own is not None:
                return self.alike.known((days, account.residential), own) or self._of_area(account, days, own)
        decided = self._decided(account, days)
        if isinstance(decided, LinePlan) and account.reliefs:
            return relieved_whole(decided, account, self.service_facts, self.rules)
        return decided

    def _of_area(self, account: AccountFacts, days: tuple[date, date], own: Brought) -> LinePlan | LikeLine | None:
        """The line of a plain account of a service without meters: by its area alone, unless the first such line says that it is not."""
        decided = self._decided(account, days)
        if isinstance(decided, LinePlan):
            key = (days, account.residential)
            self._by_area = decided.base[0][0].clause in BY_AREA and self.alike.has_learned(key, own, decided)
        return decided

    def _decided(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | LikeLine | None:
        service = self.service_facts
        if service.kind == _HOUSING and service.provision == _COMMON:
            return self._common_line(account, days)
        if service.kind == _HOUSING and service.housing_kind == _MAINTENANCE:
            return self._maintenance_line(account, days)
        if service.kind == _HOUSING and service.housing_kind == _CONTRIBUTION:
            return self._contribution_line(account, days)
        if service.kind == _UTILITY:
            plan = self._utility_line(account, days)
            return self._with_acts(plan, account) if isinstance(plan, LinePlan) and account.acts else plan
        raise _unknown()

    def _utility_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | LikeLine | None:
        service, resource = self.service_facts, resource_of(self.service_facts)
        lines = self._utilities
        if resource == "wastewater":
            return lines.wastewater(account, days)
        if resource == "heating":
            return lines.heating(account, days)
        if resource == "waste":
            return lines.waste(account, days)
        if resource == "solid_fuel":
            return lines.solid_fuel(account, days)
        if is_heat_of_water(service):
            return lines.heat_of_water(account, days)
        if resource is not None and service.key in self.metered:
            return lines.metered_line(account, resource, days)
        raise _unknown()

    def _with_acts(self, plan: LinePlan, account: AccountFacts) -> LinePlan:
        """The line with what acts of the month charge anew: after all else, since no reduction or relief is of it (section 17.2)."""
        found = acts_of(account, self.service_facts, self.house, self.rules)
        return replace(plan, recalculation=(*plan.recalculation, *found)) if found else plan

    def _plan(
        self, account: AccountFacts, part: Part, tariffs: tuple[Valued, ...], *, days: tuple[date, date], method: Method,
        creditor: EntityId, sources: tuple[RecordId, ...] = (),
    ) -> LinePlan:  # fmt: skip
        return plan_of(
            account, self.service_facts, (part,), tariffs, days=days, method=method, rules=self.rules, creditor=creditor, sources=sources
        )

    def _maintenance_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan:
        house = self.house
        if house.price_e6 is None or house.price_source is None:
            raise Held("CH-008", "нет цены содержания жилого помещения", hint="Цену присылает УК.", clause="ЖК ст. 156", scope="service")
        price = Valued(*days, scaled(house.price_e6, 10**6), (house.price_source,))
        return self._plan(account, area_part("maintenance", account), (price,), days=days, method="area", creditor=self._manager())

    def _contribution_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan:
        house = self.house
        if house.contribution_excess_e6 is None or house.contribution_source is None or house.contribution_creditor_id is None:
            raise Held(
                "CH-009",
                "нет решения о фонде капитального ремонта или получателя взноса",
                hint="Присылает УК или региональный оператор.",
                clause="ЖК ст. 169, 170",
                scope="service",
            )
        excess = scaled(house.contribution_excess_e6, 10**6)
        part = area_part("contribution", account, e=(excess, (house.contribution_source,)))
        minimum = self.rules.contribution_tariffs(house.oktmo, *days)
        plan = self._plan(account, part, minimum, days=days, method="area", creditor=house.contribution_creditor_id)
        shown = None if plan.tariff is None else plan.tariff + excess
        return replace(plan, tariff=shown)

    def _common_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        services = (*self.house.base_services, *self.house.services)
        base = next((item for item in services if item.key == self.service_facts.base_service), None)
        if base is None or self.common is None:
            raise Held(
                "CH-014", "в доме нет базовой услуги, по тарифу которой начисляется общее имущество", hint="Присылает УК (DICTUSLUGA.6).",
                clause="ЖК ст. 156 ч. 9.2", scope="service",
            )  # fmt: skip
        if self.common.method == "none":
            return None
        if account.area_e2 <= 0:
            raise no_area("ЖК ст. 156 ч. 9.2")
        tariffs = self.rules.tariffs(base, self.house.oktmo, *days)
        part = shared_part(self.common, area=scaled(account.area_e2, 100), area_source=account.source, house=self.house)
        method: Method = {"odpu": "odpu", "average": "average"}.get(self.common.method, "norm")  # type: ignore[assignment]  # literals
        decided = () if self.house.soi_mode_source is None else (self.house.soi_mode_source,)
        return self._plan(account, part, tariffs, days=days, method=method, creditor=self._manager(), sources=decided)

    def _manager(self) -> EntityId:
        if self.house.manager_id is None:
            raise Held(
                "CH-016", "не указана управляющая организация (HOUSE.33)", hint="Присылает УК.", clause="ЖК ст. 155", scope="service"
            )
        return self.house.manager_id


def _unknown() -> Held:
    return Held(
        "CH-006",
        "для услуги с такими кодами правило начисления не определено",
        hint="Проверьте коды услуги (УК); если они верны, сообщите разработчику.",
        clause="п. 42",
        scope="service",
    )
