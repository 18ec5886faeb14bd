"""Lines of utilities: by meters, average or norm; wastewater; two-component hot water; waste; heating; solid fuel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from core.charges.corrections import Corrections
from core.charges.findings import Held
from core.charges.heating import HeatMeters, heating_part
from core.charges.norms import RAISED, coefficient_is_due
from core.charges.payers import Payers
from core.charges.persons import persons
from core.charges.rows import LinePlan, groups_of, with_coefficient
from core.charges.rules import Resource, Rules, Valued, is_heat_of_water, resource_of
from core.charges.volumes import MonthVolume, Part, service_days, volume_of
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts
from core.model.lines import Method
from core.money import rounded
from core.period import Month

__all__ = ["UtilityLines", "area_part", "plan_of"]

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
    metered: Mapping[str, Mapping[str, list[MonthVolume | Held]]]
    meters: Mapping[str, Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]]]
    negative: Mapping[str, tuple[Fraction, Fraction]]

    def metered_line(self, account: AccountFacts, resource: Resource, days: tuple[date, date]) -> LinePlan | None:
        """Formula 1, п. 59, formula 4 or 4(1); None where the premises do not use the service at all (no gas stove)."""
        volume = self._charged(account, self.service)
        if not volume.parts:
            return None
        if volume.method == "norm" and self.service.zone in _ZONES:
            raise Held(
                "CH-020", "нет показаний по тарифным зонам, а норматив по зонам не делится",
                hint="Пришлите показания или услугу на один тариф.",
                clause="п. 42",
            )  # fmt: skip
        tariffs = self._tariffs(days)
        parts = volume.parts
        if self.service.key in self.negative:
            parts = self._lowered(account, volume, days)
        plan = self._plan(account, parts, tariffs, days=days, method=volume.method, sources=(account.place_source,))
        return self._corrected(plan, account, resource, volume, tariffs, days)

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
        carrier = next(
            (one for one in Corrections(self.house, self.rules, self.service, self.payers).waters(account) if self._heated(one)), None
        )
        if carrier is None:
            raise Held(
                "CH-023", "нет услуги «горячая вода: носитель», по объёму которой считается тепло", hint="Присылает РСО (DICTUSLUGA).",
                clause="формула 23", scope="service",
            )  # fmt: skip
        holder = self.payers.carrier(account, carrier)
        assert holder is not None
        volume = self._charged(holder, carrier)
        heat = self.rules.heat_of_water(self.service, self.rules.month.last)
        parts = tuple(_heated_part(part, heat) for part in volume.parts)
        if not parts:
            return None
        tariffs = self._tariffs(days)
        plan = self._plan(account, parts, tariffs, days=days, method=volume.method, sources=(account.place_source,))
        return self._corrected(plan, account, "hot_water", volume, tariffs, days)

    def wastewater(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        """By its own meter where there is one, else cold and hot water as charged, of whoever supplies them to the payer."""
        own = self.metered.get(self.service.key, {}).get(account.key)
        if own is not None and isinstance(own[-1], MonthVolume) and own[-1].metered and own[-1].method != "norm":
            return self.metered_line(account, "wastewater", days)
        corrections = Corrections(self.house, self.rules, self.service, self.payers)
        values = {"V_cold": Fraction(0), "V_hot": Fraction(0)}
        records: dict[str, tuple[RecordId, ...]] = {"V_cold": (), "V_hot": ()}
        raised = Fraction(0)
        for water in corrections.waters(account):
            holder = self.payers.carrier(account, water)
            assert holder is not None
            volume = self._charged(holder, water)
            symbol = "V_cold" if resource_of(water) == "cold_water" else "V_hot"
            values[symbol] += volume.volume
            if volume.method == "norm" and self._raises(holder, "cold_water" if symbol == "V_cold" else "hot_water", volume):
                raised += volume.volume
            found = tuple(source for part in volume.parts for ids in part.records.values() for source in ids)
            records[symbol] = tuple(dict.fromkeys((*records[symbol], *found)))
        tariffs = self._tariffs(days)
        plan = self._plan(account, (Part("wastewater", values, records),), tariffs, days=days, method="sum_water")
        coefficient = self.rules.wastewater_coefficient()
        if coefficient.value != 1 and raised:
            together = values["V_cold"] + values["V_hot"]
            excess = {"V_plain": together - raised, "V_raised": raised, "K": coefficient.value}
            sources = (*records["V_cold"], *records["V_hot"])
            part = Part("wastewater_raised", excess, {"V_plain": sources, "V_raised": sources, "K": coefficient.records})
            plan = replace(plan, with_k=groups_of((part,), tariffs, days=days, month_days=self.rules.month.days))
        plan = replace(plan, recalculation=corrections.absence(account, "wastewater", tariffs))
        plan = corrections.interruptions(plan, "wastewater", metered=True)
        return corrections.relief(plan, account, "wastewater", values["V_cold"] + values["V_hot"])

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
        corrections = Corrections(self.house, self.rules, self.service, self.payers)
        return replace(plan, recalculation=corrections.absence(account, "waste", tariffs))

    def solid_fuel(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan:
        """Solid fuel by the norm for the area; deliveries come as readings of a meter of the service."""
        norm = self.rules.norms(
            "per_m2", *days, utility=self.service.utility_kind, resource=self.service.resource_kind, what=f"«{self.service.name}», на 1 м²"
        )[0]
        part = area_part("formula_2", account, N=(norm.value, norm.records))
        return self._plan(account, (part,), self._tariffs(days), days=days, method="norm")

    def heating(self, account: AccountFacts, days: tuple[date, date]) -> LinePlan | None:
        """Heating in every way of section 5; None outside the season."""
        flats = HeatMeters.of(self.house, self.service, self.metered.get(self.service.key, {}), self.payers, self.rules)
        part, method = heating_part(account, self.service, self.house, meters=self.meters, flats=flats, rules=self.rules)
        if part is None:
            return None
        plan = self._plan(account, (part,), self._tariffs(days), days=days, method=method)
        corrections = Corrections(self.house, self.rules, self.service, self.payers)
        return corrections.interruptions(plan, "heating", metered=method != "norm")

    def _corrected(
        self, plan: LinePlan, account: AccountFacts, resource: Resource, volume: MonthVolume, tariffs: tuple[Valued, ...],
        days: tuple[date, date],
    ) -> LinePlan:  # fmt: skip
        """Coefficient, absence, late months, interruption and relief of a line by meters or by the norm."""
        corrections = Corrections(self.house, self.rules, self.service, self.payers)
        if volume.method == "norm":
            if resource in RAISED and self._raises(account, resource, volume):
                plan = replace(plan, with_k=with_coefficient(plan.base, self.rules.coefficients(resource, *days)))
            plan = replace(plan, recalculation=corrections.absence(account, resource, tariffs))
        elif volume.rebuilt:
            plan = replace(plan, recalculation=corrections.rebuilt(volume))
        plan = corrections.interruptions(plan, resource, metered=volume.metered)
        return corrections.relief(plan, account, resource, volume)

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

    def _heated(self, water: ServiceFacts) -> bool:
        return water.utility_kind == self.service.utility_kind and not is_heat_of_water(water)

    def _charged(self, account: AccountFacts, service: ServiceFacts) -> MonthVolume:
        volume = self.metered[service.key][account.key][-1]
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


def plan_of(
    account: AccountFacts, service: ServiceFacts, parts: tuple[Part, ...], tariffs: tuple[Valued, ...], *, days: tuple[date, date],
    method: Method, rules: Rules, creditor: EntityId | None = None, sources: tuple[RecordId, ...] = (),
) -> LinePlan:  # fmt: skip
    """A line of the parts on the days of each tariff; without a creditor named it is the supplier of the tariff."""
    owner = creditor if creditor is not None else _one_supplier(tariffs)
    digits = rules.choice("volume_rounding", rules.month.last)
    if digits != "none" and service.kind == 1:
        parts = tuple(_rounded_part(part, int(digits)) for part in parts)
    base = groups_of(_by_areas(parts, account, days), tariffs, days=days, month_days=rules.month.days)
    tariff = tariffs[0].value if len(tariffs) == 1 else None
    return LinePlan(account.account_id, service.service_id, owner, method, tariff, base, sources=(service.source, account.source, *sources))


def area_part(clause: str, account: AccountFacts, **more: tuple[Fraction, tuple[RecordId, ...]]) -> Part:
    """A clause of the area of the premises, charged by days of the month."""
    if account.area_e2 <= 0:
        raise Held("CH-017", "нет площади помещения", hint="Присылает УК.", clause="ЖК ст. 154, 158")
    values = {"S": Fraction(account.area_e2, 100), **{name: value for name, (value, _) in more.items()}}
    records = {"S": (account.source,), **{name: ids for name, (_, ids) in more.items()}}
    return Part(clause, values, records, by_days_of_month=True)


def _by_areas(parts: tuple[Part, ...], account: AccountFacts, days: tuple[date, date]) -> tuple[Part, ...]:
    """Parts of an area that changed on some of the days: one for the days of each area."""
    changes = sorted(change for change in account.areas if change[0] <= days[1])
    if not changes:
        return parts
    starts = [max(first, days[0]) for first, _, _ in changes]
    ends = [*(start - timedelta(days=1) for start in starts[1:]), days[1]]
    spread: list[Part] = []
    for part in parts:
        if not part.by_days_of_month or "S" not in part.values:
            spread.append(part)
            continue
        if changes[0][0] > days[0]:
            spread.append(replace(part, first=days[0], last=changes[0][0] - timedelta(days=1)))
        for (_, area, source), first, last in zip(changes, starts, ends, strict=True):
            if first <= last:
                values, records = {**part.values, "S": Fraction(area, 100)}, {**part.records, "S": (source,)}
                spread.append(replace(part, values=values, records=records, first=first, last=last))
    return tuple(spread)


def _rounded_part(part: Part, digits: int) -> Part:
    """The same part by its volume rounded before the tariff (setting ``volume_rounding``)."""
    scale = 10**digits
    records = tuple(dict.fromkeys(source for ids in part.records.values() for source in ids))
    volume = Fraction(rounded(volume_of(part), scale), scale)
    if part.clause in ("formula_4", "formula_23_norm"):
        return replace(part, clause="formula_4", values={"n": Fraction(1), "N": volume}, records={"n": (), "N": records})
    return replace(part, clause="formula_1", values={"V": volume}, records={"V": records})


def _heated_part(part: Part, heat: Valued) -> Part:
    """The heat of a volume of hot water: of the norm by its own formula, so that the coefficient finds it."""
    records = {**part.records, "q": heat.records}
    if part.clause == "formula_4":
        return replace(part, clause="formula_23_norm", values={**part.values, "q": heat.value}, records=records)
    sources = tuple(dict.fromkeys(source for ids in part.records.values() for source in ids))
    return replace(
        part, clause="formula_23", values={"V": volume_of(part), "q": heat.value}, records={"V": sources, "q": heat.records}, law={}
    )


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
