"""What changes a charged line: absence, interruptions, relief, and months that a late reading charges anew (order: section 17.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from core.charges import clauses
from core.charges.absences import absent_days
from core.charges.interruptions import lasted, reduction_of
from core.charges.payers import Payers
from core.charges.persons import days_between, persons
from core.charges.reliefs import Cap, relief_row, relieved
from core.charges.rows import Group, LinePlan, Row
from core.charges.rules import Resource, Rules, Valued, is_heat_of_water, resource_of
from core.charges.volumes import MonthVolume, person_norms, service_days
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, InterruptionFacts, ReliefFacts, ServiceFacts
from core.money import kopecks

__all__ = ["Corrections"]

_INDIVIDUAL = 1
_BY_AREA = 2


@dataclass(slots=True)
class Corrections:
    """Corrections of one service of a house."""

    house: HouseFacts
    rules: Rules
    service: ServiceFacts
    payers: Payers
    _waters: tuple[ServiceFacts, ...] = field(init=False)
    _reached: list[frozenset[str]] | None = field(init=False, default=None)
    """Keys of the accounts that each of the waters is charged on in the month."""
    _interrupted: tuple[InterruptionFacts, ...] | None = field(init=False, default=None)
    _lowered: dict[tuple[Resource, bool], tuple[Row | None, Row | None]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._waters = tuple(
            one
            for one in self.house.services
            if one.provision == _INDIVIDUAL and resource_of(one) in ("cold_water", "hot_water") and not is_heat_of_water(one)
        )

    def absence(self, account: AccountFacts, resource: Resource, tariffs: Sequence[Valued]) -> tuple[Group, ...]:
        """Rows that take the norm of absent days away, one group for each tariff; of wastewater the norms of both waters together."""
        if not account.absences:
            return ()
        absences = absent_days(account, resource, meters=self.payers.meters(account), services=self.house.services, rules=self.rules)
        groups = []
        for tariff in tariffs if absences else ():
            days = sum(absence.within(tariff.first, tariff.last) for absence in absences)
            row = self._absent(account, resource, tariff, days, tuple(absence.record for absence in absences)) if days else None
            if row is not None:
                groups.append((row,))
        return tuple(groups)

    def _absent(self, account: AccountFacts, resource: Resource, tariff: Valued, days: int, records: tuple[RecordId, ...]) -> Row | None:
        values = {"T": tariff.value, "a": Fraction(days), "D": Fraction(self.rules.month.days)}
        sources = {"T": tariff.records, "a": records}
        if resource == "waste":
            return self._absent_waste(account, tariff, values, sources)
        norms = self._person_norms(account, resource, tariff.last)
        if not norms:
            return None
        values["N"] = sum((norm.value for norm in norms), Fraction(0))
        sources["N"] = tuple(source for norm in norms for source in norm.records)
        if is_heat_of_water(self.service):
            heat = self.rules.heat_of_water(self.service, tariff.last)
            values["q"], sources["q"] = heat.value, heat.records
            return Row("absence_two_part", values, sources, {}, tariff.first, tariff.last)
        return Row("absence", values, sources, {}, tariff.first, tariff.last)

    def _absent_waste(
        self, account: AccountFacts, tariff: Valued, values: dict[str, Fraction], sources: dict[str, tuple[RecordId, ...]]
    ) -> Row:
        """п. 148(44): by persons as of water, by area in the proportion of the absent to all."""
        by_area = self.house.waste_basis == _BY_AREA
        norm = self.rules.norms(
            "per_m2_year" if by_area else "per_person_year", tariff.last, tariff.last, utility=self.service.utility_kind,
            resource=self.service.resource_kind, what=f"«{self.service.name}»",
        )[0]  # fmt: skip
        values |= {"N_year": norm.value}
        sources |= {"N_year": norm.records}
        if not by_area:
            return Row("absence_waste", values, sources, {}, tariff.first, tariff.last)
        month = self.rules.month
        living = persons(account, month, self.rules, first=month.first, last=month.last)
        values |= {"S": Fraction(account.area_e2, 100), "n_absent": Fraction(1), "n_all": living.count}
        sources |= {"S": (account.source,), "n_all": living.records}
        return Row("absence_by_area", values, sources, {}, tariff.first, tariff.last)

    def _person_norms(self, account: AccountFacts, resource: Resource, day: date) -> list[Valued]:
        """Norms for one person that an absent person does not use."""

        def norm(service: ServiceFacts, basis: str = "per_person") -> Valued:
            if basis == "per_person":
                return person_norms(account, service, self.rules.month, (day, day), rules=self.rules)[0]
            return self.rules.norms(
                basis, day, day, utility=service.utility_kind, resource=service.resource_kind, what=f"«{service.name}»"
            )[0]

        if resource == "gas":
            parts = [("per_person_cooking", account.gas_stove), ("per_person_heater", account.gas_heater)]
            return [norm(self.service, basis) for basis, has in parts if has]
        if resource == "wastewater":
            return [norm(service) for service in self.waters(account)]
        if is_heat_of_water(self.service):
            carrier = next((one for one in self.waters(account) if one.utility_kind == self.service.utility_kind), None)
            return [] if carrier is None else [norm(carrier)]
        return [norm(self.service)]

    def waters(self, account: AccountFacts) -> list[ServiceFacts]:
        """Cold and hot water that the payer is provided with in the month; of two-component hot water the carrier."""
        return [water for water, _ in self.held_waters(account)]

    def held_waters(self, account: AccountFacts) -> list[tuple[ServiceFacts, AccountFacts]]:
        """The same, each with the account of the payer that it is charged on."""
        if self._reached is None:
            month, payers = self.rules.month, self.payers
            self._reached = [
                frozenset(one.key for one in payers.carrying(water) if service_days(one, water, month)) for water in self._waters
            ]
        found = []
        for water, reached in zip(self._waters, self._reached, strict=True):
            if account.key in reached:
                found.append((water, account))
            elif (holder := self.payers.carrier(account, water)) is not None and holder.key in reached:
                found.append((water, holder))
        return found

    def interruptions(self, plan: LinePlan, resource: Resource, *, metered: bool) -> LinePlan:
        """The line with the reduction for interruptions of this service in the house; without a meter also what was not delivered."""
        if self._interrupted is None:
            self._interrupted = tuple(item for item in self.house.interruptions if item.service == self.service.key)
        if not self._interrupted:
            return plan
        undelivered, reduction = self._lowering(resource, metered=metered)
        if undelivered is not None:
            plan = replace(plan, undelivered=undelivered)
        if reduction is None:
            return plan
        of_surcharge = self.rules.choice("interruption_base", self.rules.month.last) == "all_lines"
        return replace(plan, reduction=reduction, reduces_surcharge=of_surcharge)

    def _lowering(self, resource: Resource, *, metered: bool) -> tuple[Row | None, Row | None]:
        """Rows of what was not delivered and of the reduction: the same for all accounts of the house."""
        key = (resource, metered)
        if key not in self._lowered:
            rules, month, mine = self.rules, self.rules.month, self._interrupted or ()
            undelivered = reduction = None
            found = reduction_of(mine, resource, month, rules)
            if not metered and resource != "heating" and rules.choice("undelivered_volume", month.last) == "by_time":
                hours = lasted(mine, month)
                if hours:
                    values = {"h": hours, "H": Fraction(month.days * 24)}
                    undelivered = Row("undelivered", values, {"h": tuple(item.source for item in mine)}, {}, month.first, month.last)
            if found is not None:
                law = {"r": found.percent.law} if found.percent.law else {}
                records = {"h": found.records, "r": found.percent.records}
                reduction = Row("interruption", {"h": found.hours, "r": found.percent.value}, records, law, month.first, month.last)
            self._lowered[key] = (undelivered, reduction)
        return self._lowered[key]

    def relief(self, plan: LinePlan, account: AccountFacts, resource: Resource, volume: MonthVolume | Fraction) -> LinePlan:
        """The line with the measures of support of its payer's account for this service, one row for each row of the base."""
        if not plan.base or not any(item.service in ("", self.service.key) for item in account.reliefs):
            return plan
        slices = [group[0] for group in plan.base if "T" in group[0].values]  # of the whole volume of the month, on the days of each tariff
        return relieved(plan, account, self.service, slices, lambda item, row: self._relieved(account, resource, item, row, volume))

    def _relieved(
        self, account: AccountFacts, resource: Resource, item: ReliefFacts, base: Row, volume: MonthVolume | Fraction
    ) -> Row | None:
        month = self.rules.month
        living = persons(account, month, self.rules, first=month.first, last=month.last)
        norms = self._person_norms(account, resource, base.last)
        cap = Cap(sum((norm.value for norm in norms), Fraction(0)), tuple(source for norm in norms for source in norm.records))
        sources = tuple(source for name in ("V", "V_cold", "V_hot", "n", "V_sum", "V_read") for source in base.records.get(name, ()))
        return relief_row(
            item, base, volume=volume if isinstance(volume, Fraction) else volume.volume, sources=sources, living=living, cap=cap,
            whole_days=base.values["D"], tariff=base.values["T"], rules=self.rules,
        )  # fmt: skip

    def rebuilt(self, volume: MonthVolume) -> tuple[Group, ...]:
        """Earlier months charged anew by a late reading: the new charge of each at its own tariff, less what it was charged."""
        groups: list[Group] = []
        records = tuple(dict.fromkeys(source for part in volume.parts for ids in part.records.values() for source in ids))
        for item in volume.rebuilt:
            month = item.month
            clause, more, sources = "formula_1", dict[str, Fraction](), {"V": records}
            if is_heat_of_water(self.service):
                heat = self.rules.heat_of_water(self.service, month.last)
                clause, more, sources = "formula_23", {"q": heat.value}, {"V": records, "q": heat.records}
            for tariff in self.rules.tariffs(self.service, self.house.oktmo, month.first, month.last):
                days = {"T": tariff.value, "d": Fraction(days_between(tariff.first, tariff.last)), "D": Fraction(month.days)} | more
                before = kopecks(Fraction(getattr(clauses, clause)(V=item.charged, **days)))
                ids = {**sources, "T": tariff.records}
                groups.append((Row(clause, {"V": item.volume, **days}, ids, {}, tariff.first, tariff.last),))
                groups.append((Row("charged_before", {"P": Fraction(before, 100)}, {"P": records}, {}, tariff.first, tariff.last),))
        return tuple(groups)
