"""The line of one service for one account: clause, tariff, creditor, and the recalculations that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from core.charges.absences import absent_days
from core.charges.common_property import CommonVolume, shared_part
from core.charges.findings import Held
from core.charges.heating import heating_part
from core.charges.interruptions import reduction_of
from core.charges.rows import Group, LinePlan, Row, groups_of, with_coefficient
from core.charges.rules import Resource, Rules, Valued, is_plain, resource_of
from core.charges.volumes import MonthVolume, Part, service_days
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.lines import Method
from core.period import Month

__all__ = ["LineDecider"]

_UTILITY, _HOUSING = 1, 2
_CONTRIBUTION, _MAINTENANCE = 2, 3
_COMMON = 2
_IMPOSSIBLE = 1


@dataclass(slots=True)
class LineDecider:
    """Decides the lines of one service of a house; what is the same for all accounts stands here."""

    house: HouseFacts
    rules: Rules
    service_facts: ServiceFacts
    metered: Mapping[str, Mapping[str, list[MonthVolume | Held]]]
    meters: Mapping[str, Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]]]
    common: CommonVolume | None
    metered_flats: bool
    """Some account of the house has a meter of the service."""

    def line(self, account: AccountFacts) -> LinePlan | None:
        """The line of the account; None when the service is out of season. Missing facts are :class:`Held`."""
        service = self.service_facts
        days = service_days(account, service, self.rules.month)
        assert days is not None
        if service.kind == _HOUSING and service.provision == _COMMON:
            return self._common_line(account, days)
        if service.kind == _HOUSING and service.housing_kind == _MAINTENANCE:
            return self._maintenance_line(account, days)
        if service.kind == _HOUSING and service.housing_kind == _CONTRIBUTION:
            return self._contribution_line(account, days)
        resource = resource_of(service)
        if service.kind == _UTILITY and is_plain(service):
            if resource == "wastewater":
                return self._wastewater_line(account, days)
            if resource == "heating":
                return self._heating_line(account, days)
            if resource is not None and service.key in self.metered:
                return self._metered_line(account, resource, days)
        raise Held(
            "CH-006",
            "для услуги с такими кодами правило начисления не определено",
            hint="Проверьте коды услуги (УК); если они верны, сообщите разработчику.",
            clause="п. 42",
            scope="service",
        )

    def _plan(
        self,
        account: AccountFacts,
        parts: tuple[Part, ...],
        tariffs: tuple[Valued, ...],
        *,
        days: tuple[date, date],
        method: Method,
        creditor: EntityId | None = None,
        sources: tuple[RecordId, ...] = (),
    ) -> LinePlan:
        owner = creditor if creditor is not None else _one_supplier(tariffs)
        base = groups_of(parts, tariffs, days=days, month_days=self.rules.month.days)
        tariff = tariffs[0].value if len(tariffs) == 1 else None
        named = (self.service_facts.source, account.source, *sources)
        return LinePlan(account.account_id, self.service_facts.service_id, owner, method, tariff, base, sources=named)

    def _maintenance_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan:
        house = self.house
        if house.price_e6 is None or house.price_source is None:
            raise Held("CH-008", "нет цены содержания жилого помещения", hint="Цену присылает УК.", clause="ЖК ст. 156", scope="service")
        price = Valued(*days, Fraction(house.price_e6, 10**6), (house.price_source,))
        return self._plan(account, (_area_part("maintenance", account),), (price,), days=days, method="area", creditor=self._manager())

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
        excess = Fraction(house.contribution_excess_e6, 10**6)
        part = _area_part("contribution", account, e=(excess, (house.contribution_source,)))
        minimum = self.rules.contribution_tariffs(house.oktmo, *days)
        plan = self._plan(account, (part,), minimum, days=days, method="area", creditor=house.contribution_creditor_id)
        shown = None if plan.tariff is None else plan.tariff + excess
        return replace(plan, tariff=shown)

    def _common_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan:
        base = next((item for item in self.house.services if item.key == self.service_facts.base_service), None)
        if base is None or self.common is None:
            raise Held(
                "CH-014", "в доме нет базовой услуги, по тарифу которой начисляется общее имущество", hint="Присылает УК (DICTUSLUGA.6).",
                clause="ЖК ст. 156 ч. 9.2", scope="service",
            )  # fmt: skip
        tariffs = self.rules.tariffs(base, self.house.oktmo, *days)
        part = shared_part(self.common, area=Fraction(account.area_e2, 100), area_source=account.source, house=self.house)
        method: Method = "odpu" if self.common.method == "odpu" else "norm"
        decided = () if self.house.soi_mode_source is None else (self.house.soi_mode_source,)
        return self._plan(account, (part,), tariffs, days=days, method=method, creditor=self._manager(), sources=decided)

    def _heating_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        part, method = heating_part(
            account, self.service_facts, self.house, meters=self.meters, metered_flats=self.metered_flats, rules=self.rules
        )
        if part is None:
            return None
        tariffs = self.rules.tariffs(self.service_facts, self.house.oktmo, *days)
        plan = self._plan(account, (part,), tariffs, days=days, method=method)
        return self._reduced(plan, "heating", metered=method != "norm")

    def _wastewater_line(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan:
        values: dict[str, Fraction] = {}
        records: dict[str, tuple[RecordId, ...]] = {}
        for symbol, wanted in (("V_cold", "cold_water"), ("V_hot", "hot_water")):
            total, sources = Fraction(0), tuple[RecordId, ...]()
            for service in self.house.services:
                if resource_of(service) == wanted and service.key in self.metered and service_days(account, service, self.rules.month):
                    volume = self._charged(account, service)
                    total += volume.volume
                    sources += tuple(source for part in volume.parts for ids in part.records.values() for source in ids)
            values[symbol], records[symbol] = total, tuple(dict.fromkeys(sources))
        part = Part("wastewater", values, records)
        tariffs = self.rules.tariffs(self.service_facts, self.house.oktmo, *days)
        plan = self._plan(account, (part,), tariffs, days=days, method="sum_water")
        water = tuple(s for s in self.house.services if s.provision == 1 and resource_of(s) in ("cold_water", "hot_water"))
        absent = self._absence_groups(account, "wastewater", water, tariffs)
        return self._reduced(plan, "wastewater", metered=True, recalculation=absent)

    def _metered_line(self, account: AccountFacts, resource: Resource, days: tuple[date, date]) -> LinePlan:
        service = self.service_facts
        volume = self._charged(account, service)
        tariffs = self.rules.tariffs(service, self.house.oktmo, *days)
        plan = self._plan(account, volume.parts, tariffs, days=days, method=volume.method, sources=(account.place_source,))
        recalculation: tuple[Group, ...] = ()
        if volume.method == "norm":
            if self._raises(account, resource, volume):
                raised = with_coefficient(plan.base, self.rules.coefficients(resource, *days))
                plan = replace(plan, with_k=raised)
            recalculation = self._absence_groups(account, resource, (service,), tariffs)
        return self._reduced(plan, resource, metered=volume.metered, recalculation=recalculation)

    def _charged(self, account: AccountFacts, service: ServiceFacts) -> MonthVolume:
        volume = self.metered[service.key][account.key][-1]
        if isinstance(volume, Held):
            raise volume
        return volume

    def _raises(self, account: AccountFacts, resource: Resource, volume: MonthVolume) -> bool:
        """Whether the norm of the month is due with the coefficient (п. 42, 60).

        A meter whose average has run out raises it; a valid meter without a reading does not; no meter at all does, unless an act says
        that none can be installed.
        """
        if not self.rules.coefficient_is_due(resource, self.rules.month.last):
            return False
        return volume.raised if volume.metered else account.no_meter_reason != _IMPOSSIBLE

    def _absence_groups(
        self, account: AccountFacts, resource: Resource, services: tuple[ServiceFacts, ...], tariffs: tuple[Valued, ...]
    ) -> tuple[Group, ...]:
        """Rows that take the norm of absent days away, one group for each tariff; of wastewater the norms of both waters together."""
        absences = absent_days(account, resource, services=self.house.services, rules=self.rules)
        groups = []
        for tariff in tariffs if absences else ():
            days = sum(absence.within(tariff.first, tariff.last) for absence in absences)
            norms = [
                self.rules.norms(
                    "per_person", tariff.last, tariff.last, utility=item.utility_kind, resource=item.resource_kind, what=f"«{item.name}»"
                )[0]
                for item in services
                if service_days(account, item, self.rules.month)
            ]
            if days and norms:
                values = {"N": sum((norm.value for norm in norms), Fraction(0)), "T": tariff.value, "a": Fraction(days)}
                values["D"] = Fraction(self.rules.month.days)
                records = {
                    "N": tuple(source for norm in norms for source in norm.records),
                    "T": tariff.records,
                    "a": tuple(absence.record for absence in absences),
                }
                groups.append((Row("absence", values, records, {}, tariff.first, tariff.last),))
        return tuple(groups)

    def _reduced(self, plan: LinePlan, resource: Resource, *, metered: bool, recalculation: tuple[Group, ...] = ()) -> LinePlan:
        """The line with its recalculations: absence, and the reduction for interruptions of this service in the house."""
        month = self.rules.month
        mine = [item for item in self.house.interruptions if item.service == self.service_facts.key]
        found = reduction_of(mine, resource, month, self.rules) if mine else None
        row = None
        if found is not None:
            if not metered and resource != "heating" and self.rules.choice("undelivered_volume", month.last) == "by_time":
                raise Held(
                    "CH-015",
                    "перерыв у потребителя без прибора: непоставленный объём по времени не рассчитывается",
                    hint="Задайте настройку региона undelivered_volume.",
                    clause="п. 100",
                )
            law = {"r": found.percent.law} if found.percent.law else {}
            records = {"h": found.records, "r": found.percent.records}
            row = Row("interruption", {"h": found.hours, "r": found.percent.value}, records, law, month.first, month.last)
        return replace(plan, recalculation=recalculation, reduction=row)

    def _manager(self) -> EntityId:
        if self.house.manager_id is None:
            raise Held(
                "CH-016", "не указана управляющая организация (HOUSE.33)", hint="Присылает УК.", clause="ЖК ст. 155", scope="service"
            )
        return self.house.manager_id


def _area_part(clause: str, account: AccountFacts, **more: tuple[Fraction, tuple[RecordId, ...]]) -> Part:
    if account.area_e2 <= 0:
        raise Held("CH-017", "нет площади помещения", hint="Присылает УК.", clause="ЖК ст. 154, 158")
    values = {"S": Fraction(account.area_e2, 100), **{name: value for name, (value, _) in more.items()}}
    records = {"S": (account.source,), **{name: ids for name, (_, ids) in more.items()}}
    return Part(clause, values, records, by_days_of_month=True)


def _one_supplier(tariffs: tuple[Valued, ...]) -> EntityId:
    suppliers = {tariff.supplier for tariff in tariffs}
    supplier = suppliers.pop()
    if supplier is None or suppliers:
        raise Held(
            "CH-018",
            "у тарифа нет одного поставщика, получатель платы неизвестен",
            hint="Укажите поставщика тарифа в настройках региона.",
            clause="п. 38",
            scope="service",
        )
    return supplier
