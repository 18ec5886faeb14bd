"""Lines of utilities: by meters, average or norm; wastewater; two-component hot water; waste; heating; solid fuel."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from core.charges.absences import absent_days
from core.charges.alike import LINEAR, Alike, LikeLine
from core.charges.boiler import boiler_heating, boiler_hot_water
from core.charges.common_property import CommonVolume
from core.charges.corrections import Corrections
from core.charges.deviations import lowered_by_quality
from core.charges.findings import Held
from core.charges.heating import HeatMeters, HotWater, heating_part
from core.charges.norms import RAISED, coefficient_is_due
from core.charges.payers import Payers
from core.charges.persons import days_between, persons
from core.charges.plans import area_part, heated_part, plan_of
from core.charges.ranged import Ranged, by_ranges
from core.charges.rows import LinePlan, groups_of, with_coefficient
from core.charges.rules import Resource, Rules, Sourced, Valued, is_heat_of_water, resource_of
from core.charges.volumes import MonthVolume, Part, service_days
from core.exact import whole
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.inputs import Brought
from core.model.lines import Method
from core.period import Month

__all__ = ["UtilityLines"]

_IMPOSSIBLE = 1
_BY_PERSONS, _BY_AREA = 1, 2
_ZONES = (2, 3)


@dataclass(slots=True)
class UtilityLines:
    """Lines of one utility service of a house."""

    house: HouseFacts
    rules: Rules
    service: ServiceFacts
    payers: Payers
    metered: Mapping[str, Mapping[str, MonthVolume | Held]]
    meters: Mapping[str, Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]]]
    negative: Mapping[str, tuple[Fraction, Fraction]]
    hot_common: Sequence[CommonVolume]
    """Hot water of the house for common needs, which an open system heats too."""
    alike: Alike
    plain: Mapping[str, Brought]
    """Accounts whose lines may be like others, by key, with their areas."""
    _corrections: Corrections = field(init=False)
    _heat_meters: HeatMeters | None = None
    _raising_wastewater: Sourced | None = None

    def __post_init__(self) -> None:
        self._corrections = Corrections(self.house, self.rules, self.service, self.payers)

    def metered_line(self, account: AccountFacts, resource: Resource, days: tuple[date, date]) -> LinePlan | LikeLine | None:
        """Formula 1, п. 59, formula 4 or 4(1); None where the premises do not use the service at all (no gas stove)."""
        if resource == "hot_water" and any(one.purpose == "hot_water" for one in self.house.boiler):
            return boiler_hot_water(account, self.service, self.house, self.rules, volumes=self.metered[self.service.key], days=days)
        volume = self._charged(account, self.service)
        if not volume.parts:
            return None
        like = None if self.service.key in self.negative else self._like(account, volume, days)
        known = None if like is None else self.alike.known(*like)
        if known is not None:
            return known
        if volume.method == "norm" and self.service.zone in _ZONES:
            raise Held(
                "CH-020", "нет показаний по тарифным зонам, а норматив по зонам не делится",
                hint="Пришлите показания или услугу на один тариф.",
                clause="п. 42",
            )  # fmt: skip
        parts = volume.parts
        if self.service.key in self.negative:
            parts = self._lowered(account, volume, days)
        if resource == "electricity":
            ranged = by_ranges(account, self.service, parts, volume, house=self.house, rules=self.rules, metered=self.metered, days=days)
            if ranged is not None:
                return self._corrected_range(ranged, account, volume, days)
        tariffs = self._tariffs(days)
        plan = self._plan(account, parts, tariffs, days=days, method=volume.method, sources=self._place(account))
        plan = self._corrected(plan, account, resource, volume, tariffs, days)
        if like is not None:
            self.alike.learn(*like, plan)
        return plan

    def _like(self, account: AccountFacts, volume: MonthVolume, days: tuple[date, date]) -> tuple[Hashable, Brought] | None:
        """What makes the line of a volume like another, and what it brings of its own; None where it is like none."""
        part = volume.parts[0]
        symbols = LINEAR.get(part.clause)
        if symbols is None or len(volume.parts) > 1 or volume.rebuilt or part.law or not self.alike.on or account.key not in self.plain:
            return None
        (symbol,) = symbols
        means = (days, part.clause, part.first, part.last, part.by_days_of_month, volume.method, volume.metered, volume.raised)
        key: Hashable = (means, account.no_meter_reason)
        if len(part.values) > 1:
            key = (key, *[(name, value, part.records.get(name)) for name, value in part.values.items() if name != symbol])
        return key, Brought(account.account_id, (part.values[symbol],), (part.records[symbol],), (account.source, account.place_source))

    def _lowered(self, account: AccountFacts, volume: MonthVolume, days: tuple[date, date]) -> tuple[Part, ...]:
        """п. 47: the negative rest of the house by persons, at most to zero; non-residential premises keep their own volume."""
        if not account.residential:
            return volume.parts
        month, rules = self.rules.month, self.rules
        residents = [one for one in self.house.accounts if one.residential and self.payers.carries(one, self.service)]
        counted = [
            persons(one, month, rules, first=open_days[0], last=open_days[1])
            for one in residents
            if (open_days := service_days(one, self.service, month)) is not None
        ]
        mine = persons(account, month, rules, first=days[0], last=days[1])
        house, individual = self.negative[self.service.key]
        values = {
            "V": volume.volume, "V_house": house, "V_individual": individual, "n": mine.count,
            "n_house": sum((one.count for one in counted), Fraction(0)),
        }  # fmt: skip
        sources = tuple(dict.fromkeys(source for part in volume.parts for ids in part.records.values() for source in ids))
        records = {"V": sources, "n": mine.records, "n_house": tuple(source for one in counted for source in one.records)}
        return (Part("clause_47", values, records),)

    def heat_of_water(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        """Formulas 23 and 23(1): the volume of the carrier × heat in 1 m³; the coefficient is due on both components."""
        carrier = next((one for one in self._corrections.waters(account) if self._heated(one)), None)
        if carrier is None:
            raise Held(
                "CH-023", "нет услуги «горячая вода: носитель», по объёму которой считается тепло", hint="Присылает РСО (DICTUSLUGA).",
                clause="формула 23", scope="service",
            )  # fmt: skip
        holder = self.payers.carrier(account, carrier)
        assert holder is not None
        volume = self._charged(holder, carrier)
        heat = self.rules.heat_of_water(self.service, self.rules.month.last)
        parts = tuple(heated_part(part, heat) for part in volume.parts)
        if not parts:
            return None
        tariffs = self._tariffs(days)
        plan = self._plan(account, parts, tariffs, days=days, method=volume.method, sources=(account.place_source,))
        return self._corrected(plan, account, "hot_water", volume, tariffs, days)

    def wastewater(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | LikeLine | None:
        """By its own meter where there is one, else cold and hot water as charged, of whoever supplies them to the payer."""
        own = self.metered.get(self.service.key, {}).get(account.key)
        if isinstance(own, MonthVolume) and own.metered and own.method != "norm":
            return self.metered_line(account, "wastewater", days)
        corrections = self._corrections
        waters = corrections.held_waters(account)
        if not waters:
            raise Held(
                "CH-023", "нет ни холодной, ни горячей воды, по объёму которых считается водоотведение",
                hint="Присылает УК (DUOUUSLUGA) или РСО (DRSOUSLUGARES).", clause="п. 42", scope="service",
            )  # fmt: skip
        values = {"V_cold": whole(0), "V_hot": whole(0)}
        records: dict[str, tuple[RecordId, ...]] = {"V_cold": (), "V_hot": ()}
        raised = whole(0)
        for water, holder in waters:
            volume = self._charged(holder, water)
            symbol = "V_cold" if resource_of(water) == "cold_water" else "V_hot"
            is_first = not records[symbol]
            values[symbol] = volume.volume if is_first and not values[symbol] else values[symbol] + volume.volume
            if volume.method == "norm" and self._raises(holder, "cold_water" if symbol == "V_cold" else "hot_water", volume):
                raised += volume.volume
            if is_first and len(volume.parts) == 1 and len(volume.parts[0].records) == 1:
                (ids,) = volume.parts[0].records.values()
            else:
                ids = (*records[symbol], *(source for part in volume.parts for ids in part.records.values() for source in ids))
            records[symbol] = tuple(dict.fromkeys(ids))
        coefficient = self._raising_wastewater = self._raising_wastewater or self.rules.wastewater_coefficient()
        brought: Brought | None = None
        if account.key in self.plain and coefficient.value == 1:
            brought = Brought(account.account_id, tuple(values.values()), tuple(records.values()), (account.source,))
            known = self.alike.known(days, brought) if all(brought.records) else None
            if known is not None:
                return known
        tariffs = self._tariffs(days)
        plan = self._plan(account, (Part("wastewater", values, records),), tariffs, days=days, method="sum_water")
        if coefficient.value != 1 and raised:
            together = values["V_cold"] + values["V_hot"]
            excess = {"V_plain": together - raised, "V_raised": raised, "K": coefficient.value}
            sources = (*records["V_cold"], *records["V_hot"])
            part = Part("wastewater_raised", excess, {"V_plain": sources, "V_raised": sources, "K": coefficient.records})
            plan = replace(plan, with_k=groups_of((part,), tariffs, days=days, month_days=self.rules.month.days))
        if account.absences:
            plan = replace(plan, recalculation=corrections.absence(account, "wastewater", tariffs))
        plan = corrections.interruptions(plan, "wastewater", metered=True)
        plan = corrections.relief(plan, account, "wastewater", values["V_cold"] + values["V_hot"])
        if brought is not None:
            self.alike.learn(days, brought, plan)
        return plan

    def waste(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        """Formulas 9(1) and 9(2): by persons or by area, as the house is decided; residential premises only."""
        if not account.residential:
            return None
        if self.house.waste_basis not in (_BY_PERSONS, _BY_AREA):
            raise Held(
                "CH-024", "не сказано, по жителям или по площади платят за отходы (HOUSEDOC 9003)", hint="Присылает УК.",
                clause="формулы 9(1), 9(2)", scope="service",
            )  # fmt: skip
        by_area = self.house.waste_basis == _BY_AREA
        if self.house.containers and self.rules.choice("waste_yearly_recalc", self.rules.month.last) == "false":
            return self._waste_removed(account, days, by_area=by_area)
        norm = self.rules.norms(
            "per_m2_year" if by_area else "per_person_year", *days, utility=self.service.utility_kind,
            resource=self.service.resource_kind, what=f"«{self.service.name}»",
        )[0]  # fmt: skip
        decided = () if self.house.waste_basis_source is None else (self.house.waste_basis_source,)
        if by_area:
            part = area_part("formula_9_2", account, N_year=(norm.value, norm.records))
        else:
            living = persons(account, self.rules.month, self.rules, first=days[0], last=days[1])
            law = {"n": living.law} if living.law else {}
            part = Part("formula_9_1", {"n": living.count, "N_year": norm.value}, {"n": living.records, "N_year": norm.records}, law)
        tariffs = self._tariffs(days)
        method: Method = "area" if by_area else "residents"
        plan = self._plan(account, (part,), tariffs, days=days, method=method, sources=decided)
        corrections = self._corrections
        plan = replace(plan, recalculation=corrections.absence(account, "waste", tariffs))
        return lowered_by_quality(plan, account, self.service, "waste", self.house, self.rules, volume=Fraction(0))

    def _waste_removed(self, account: AccountFacts, days: tuple[date, date], *, by_area: bool) -> LinePlan:
        """Formulas 9(3) and 9(4): the volume taken away from the container site, by persons or area of the premises that it serves."""
        site, sources = self._site(by_area=by_area)
        parts = []
        for taken in self.house.containers:
            of_site = site if taken.site_e2 is None else Fraction(taken.site_e2, 100)
            if not of_site:
                raise Held(
                    "CH-004", "на контейнерную площадку не приходится ни одного жителя или ни одного метра", hint="Исправьте акт (site).",
                    clause="формулы 9(3), 9(4)", scope="service",
                )  # fmt: skip
            volume = (Fraction(taken.volume_e3, 1000), (taken.source,))
            of_site_records = sources if taken.site_e2 is None else (taken.source,)
            if by_area:
                parts.append(area_part("formula_9_4", account, V_removed=volume, S_site=(of_site, of_site_records)))
                continue
            living = persons(account, self.rules.month, self.rules, first=days[0], last=days[1])
            values = {"V_removed": volume[0], "n": living.count, "n_site": of_site}
            records = {"V_removed": volume[1], "n": living.records, "n_site": of_site_records}
            parts.append(Part("formula_9_3", values, records, {"n": living.law} if living.law else {}))
        plan = self._plan(account, tuple(parts), self._tariffs(days), days=days, method="area" if by_area else "residents")
        return lowered_by_quality(plan, account, self.service, "waste", self.house, self.rules, volume=Fraction(0))

    def _site(self, *, by_area: bool) -> tuple[Fraction, tuple[RecordId, ...]]:
        """Persons, or m², of the house's premises that pay for waste, by the days of the month."""
        month, together, sources = self.rules.month, Fraction(0), list[RecordId]()
        for one in self.house.accounts:
            days = service_days(one, self.service, month) if one.residential and self.payers.carries(one, self.service) else None
            if days is None:
                continue
            if by_area:
                together += Fraction(one.area_e2 * days_between(*days), 100 * month.days)
                sources.append(one.source)
            else:
                living = persons(one, month, self.rules, first=days[0], last=days[1])
                together += living.count
                sources += living.records
        return together, tuple(dict.fromkeys(sources))

    def solid_fuel(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        """Solid fuel by the norm for the area; where it is delivered, what was delivered in the month, at the tariff of the day."""
        if account.deliveries is not None:
            delivered = tuple(
                Part("formula_1", {"V": Fraction(one.volume_e3, 1000)}, {"V": (one.source,)}, first=one.delivered_on, last=one.delivered_on)
                for one in account.deliveries
                if days[0] <= one.delivered_on <= days[1]
            )
            return self._plan(account, delivered, self._tariffs(days), days=days, method="norm") if delivered else None
        norm = self.rules.norms(
            "per_m2", *days, utility=self.service.utility_kind, resource=self.service.resource_kind, what=f"«{self.service.name}», на 1 м²"
        )[0]
        part = area_part("formula_2", account, N=(norm.value, norm.records))
        return self._plan(account, (part,), self._tariffs(days), days=days, method="norm")

    def heating(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        """Heating in every way of section 5; None outside the season."""
        if any(one.purpose == "heating" for one in self.house.boiler):
            plan = boiler_heating(account, self.service, self.house, self.rules, days=days)
            return self._corrections.interruptions(plan, "heating", metered=True)
        if self._heat_meters is None:
            metered = self.metered.get(self.service.key, {})
            self._heat_meters = HeatMeters.of(self.house, self.service, metered, self.payers, self.rules)
        flats = self._heat_meters
        part, method = heating_part(
            account, self.service, self.house, meters=self.meters, flats=flats, rules=self.rules, hot_water=self._hot_water()
        )
        if part is None:
            return None
        plan = self._plan(account, (part,), self._tariffs(days), days=days, method=method)
        corrections = self._corrections
        plan = corrections.interruptions(plan, "heating", metered=method != "norm")
        return lowered_by_quality(plan, account, self.service, "heating", self.house, self.rules, volume=Fraction(0))

    def _hot_water(self) -> HotWater | None:
        """Hot water of premises and common needs, for an open system; None where it is not one, or volume or norm of heat is not known."""
        if not self.house.open_heating:
            return None
        services = [one for one in self.house.services if resource_of(one) == "hot_water" and one.key in self.metered]
        norms = [norm for norm in self.rules.facts.norms if norm.basis == "heat_per_m3" and norm.first <= self.rules.month.last]
        if not services or not norms:
            return None
        total, records = Fraction(0), list[RecordId]()
        for volume in (volume for service in services for volume in self.metered[service.key].values()):
            if isinstance(volume, Held):
                raise volume
            total += volume.volume
            records += [source for part in volume.parts for ids in part.records.values() for source in ids]
        for common in self.hot_common:
            total += common.volume
            records += [source for ids in common.records.values() for source in ids]
        norm = max(norms, key=lambda one: one.first)
        heat = Valued(norm.first, self.rules.month.last, Fraction(norm.value_e6, 10**6), (norm.source,))
        return HotWater(total, heat, tuple(dict.fromkeys(records)))

    def _corrected(
        self, plan: LinePlan, account: AccountFacts, resource: Resource, volume: MonthVolume, tariffs: tuple[Valued, ...],
        days: tuple[date, date],
    ) -> LinePlan:  # fmt: skip
        """Coefficient, absence, late months, interruption and relief of a line by meters or by the norm."""
        corrections = self._corrections
        if volume.method == "norm":
            if resource in RAISED and self._raises(account, resource, volume):
                plan = replace(plan, with_k=with_coefficient(plan.base, self.rules.coefficients(resource, *days)))
            if account.absences:
                plan = replace(plan, recalculation=corrections.absence(account, resource, tariffs))
        elif volume.rebuilt:
            plan = replace(plan, recalculation=corrections.rebuilt(volume))
        plan = corrections.interruptions(plan, resource, metered=volume.metered)
        if self.house.deviations:
            plan = lowered_by_quality(plan, account, self.service, resource, self.house, self.rules, volume=volume.volume)
        return corrections.relief(plan, account, resource, volume)

    def _corrected_range(self, ranged: Ranged, account: AccountFacts, volume: MonthVolume, days: tuple[date, date]) -> LinePlan:
        """Corrections of a line by ranges; those that need one tariff only within the first range."""
        if volume.method == "norm" and self._raises(account, "electricity", volume):
            raise Held("CH-046", "повышающий коэффициент при тарифах по диапазонам не задан", hint="Начислите вручную.", clause="диапазоны")
        meters = self.payers.meters(account)
        if volume.method == "norm" and absent_days(account, "electricity", meters=meters, services=self.house.services, rules=self.rules):
            ranged.refuse_if_beyond("перерасчёт за отсутствие")
        if volume.rebuilt:
            ranged.refuse_if_beyond("позднее показание пересчитывает прошлые месяцы")
        if any(one.service == self.service.key for one in account.acts):
            ranged.refuse_if_beyond("акт проверки прибора")
        if any(one.service in ("", self.service.key) for one in account.reliefs):
            ranged.refuse_if_beyond("льгота")
        plan = replace(ranged.plan, sources=(*ranged.plan.sources, *self._place(account)))
        return self._corrected(plan, account, "electricity", volume, ranged.tariffs, days)

    def _raises(self, account: AccountFacts, resource: Resource, volume: MonthVolume) -> bool:
        """Whether the norm of the month is due with the coefficient (п. 42, 60).

        A meter whose average has run out raises it; a valid meter without a reading does not; no meter at all does, unless an act says
        that none can be installed. On electricity the setting ``k_electricity_basis`` says what the ground is.
        """
        if volume.metered and not volume.raised:
            return False
        return coefficient_is_due(
            resource,
            basis=self.rules.choice("k_electricity_basis", self.rules.month.last),
            possible=volume.metered or account.no_meter_reason != _IMPOSSIBLE,
            access_refused=self.service.key in account.access_refused,
        )

    def _place(self, account: AccountFacts) -> tuple[RecordId, ...]:
        """What says whether a meter can be installed: the premises, and acts of refused access (п. 60(3))."""
        refused = account.access_refused_sources if self.service.key in account.access_refused else ()
        return (account.place_source, *refused)

    def _heated(self, water: ServiceFacts) -> bool:
        return water.utility_kind == self.service.utility_kind and not is_heat_of_water(water)

    def _charged(self, account: AccountFacts, service: ServiceFacts) -> MonthVolume:
        volume = self.metered[service.key][account.key]
        if isinstance(volume, Held):
            raise volume
        return volume

    def _tariffs(self, days: tuple[date, date]) -> tuple[Valued, ...]:
        return self.rules.tariffs(self.service, self.house.oktmo, *days)

    def _plan(
        self, account: AccountFacts, parts: tuple[Part, ...], tariffs: tuple[Valued, ...], *, days: tuple[date, date], method: Method,
        sources: tuple[RecordId, ...] = (),
    ) -> LinePlan:  # fmt: skip
        return plan_of(account, self.service, parts, tariffs, days=days, method=method, rules=self.rules, sources=sources)
