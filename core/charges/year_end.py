"""Corrections of the year before, in one month of the first quarter: which are due to a line, and from which facts (section 5.5, 12.1, 13).

Each is a group of the month's line: what the year really came to by the house meter (or the containers), less what was charged for the same
months. The numbers are those that the ledger froze; months of the year that were not posted here are neither added nor taken off, except of
heating paid evenly, whose year is corrected whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.charges.common_property import Regime, regime_of
from core.charges.findings import Held
from core.charges.house_meters import Counted, installed_by
from core.charges.payers import Payers
from core.charges.persons import days_between, persons
from core.charges.rows import Group, Row
from core.charges.rules import Rules, Valued, resource_of
from core.charges.volumes import service_days
from core.charges.yearly import YearSlice, common_correction, heating_correction, waste_correction
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts, YearFacts
from core.period import Month

__all__ = ["YearEnd", "is_due"]

_COMMON = 2
_BY_AREA = 2
_WHOLE_YEAR = 12


def is_due(rules: Rules) -> bool:
    """Whether the month of the rules is the one in which corrections of the year before are made."""
    return rules.month.month == rules.number("setting.yearly_month", rules.month.last).value


@dataclass(slots=True)
class YearEnd:
    """The corrections of one service of a house for the year before."""

    house: HouseFacts
    rules: Rules
    service: ServiceFacts
    payers: Payers
    meters: Mapping[str, Mapping[Month, Counted]]
    """The house meters' months with their readings, to name the records of a volume."""

    def of(self, account: AccountFacts) -> tuple[Group, ...]:
        """What the line of the account is corrected by; ``Held`` where a correction is due and can not be made."""
        year = self.house.last_year
        if year is None or not year.months or not is_due(self.rules):
            return ()
        if self.service.provision == _COMMON:
            return self._common(account, year)
        resource = resource_of(self.service)
        if resource == "heating":
            return self._heating(account, year)
        if resource == "waste":
            return self._waste(account, year)
        return ()

    def _common(self, account: AccountFacts, year: YearFacts) -> tuple[Group, ...]:
        """КР на СОИ charged by the norm or the average, where there is a house meter."""
        base = next((one for one in (*self.house.base_services, *self.house.services) if one.key == self.service.base_service), None)
        if base is None or not self.house.useful_area_e2:
            return ()
        devices = installed_by((meter for meter in self.house.meters if meter.service == base.key), year.months[-1])
        if regime_of(self.house, has_meter=bool(devices), rules=self.rules) not in (Regime.AVERAGE, Regime.NORM_THEN_RECALCULATION):
            return ()
        slices, months, tariffs = list[YearSlice](), list[Month](), list[Valued]()
        for month in year.months:
            share = self._share(account, month)
            key = (base.key, month)
            if not share or key not in year.meter or key not in year.individual:
                continue
            months.append(month)
            tariffs += self.rules.tariffs(base, self.house.oktmo, month.first, month.last)
            house, individual = (Fraction(volume[key], 10**6) * share for volume in (year.meter, year.individual))
            slices.append(
                YearSlice(month.first, month.last, Fraction(0), house, individual=individual, records=self._readings(base, month))
            )
        if not slices:
            return ()
        group = common_correction(
            slices, area=Fraction(account.area_e2, 100), area_of_house=Fraction(self.house.useful_area_e2, 100), tariff=_mean(tariffs),
            charged=self._charged(account, months, year),
        )  # fmt: skip
        return (self._sourced(group, account, tariffs),)

    def _heating(self, account: AccountFacts, year: YearFacts) -> tuple[Group, ...]:
        """Formula 3(2) where heating is paid evenly; formula 6 for premises with allocators, where these have more than half of it."""
        house = self.house
        allocated = self._allocated()
        evenly = self.rules.text("heating_payment", "") == "evenly"
        by_units = account.allocator_e3 is not None and bool(allocated)
        if not (evenly or by_units):
            return ()
        if not any(meter.service == self.service.key for meter in house.meters):
            return ()
        if len(year.months) < _WHOLE_YEAR:
            raise _not_made(f"в базе проведено месяцев прошлого года: {len(year.months)} из 12")
        if any(one.own_heating_e2 for one in house.accounts) or house.heated_common_area_e2 or self._has_flat_meters():
            raise _not_made("в доме своё отопление, отапливаемые общие помещения или приборы квартир: порядок перерасчёта не определён")
        if not house.useful_area_e2:
            return ()
        season = self.rules.heating_months()
        if missing := [month for month in year.months if month.month in season and (self.service.key, month) not in year.meter]:
            raise _not_made(f"нет показаний общедомового прибора за {missing[0].title}")
        slices, tariffs = list[YearSlice](), list[Valued]()
        for month in year.months:
            volume = Fraction(year.meter.get((self.service.key, month), 0), 10**6)
            share = self._share(account, month)
            if not (volume and share):
                continue
            for tariff in self.rules.tariffs(self.service, house.oktmo, month.first, month.last):
                part = volume * share * days_between(tariff.first, tariff.last) / month.days
                tariffs.append(tariff)
                slices.append(YearSlice(tariff.first, tariff.last, tariff.value, part, records=self._readings(self.service, month)))
        if not slices:
            return ()
        charged = self._charged(account, [month for month in year.months if self._share(account, month)], year)
        area, whole = Fraction(account.area_e2, 100), Fraction(house.useful_area_e2, 100)
        if by_units:
            return (self._by_units(account, slices, allocated, whole, charged),)
        return (self._sourced(heating_correction(slices, area=area, area_of_house=whole, charged=charged), account, tariffs),)

    def _by_units(
        self, account: AccountFacts, slices: list[YearSlice], allocated: list[AccountFacts], whole: Fraction, charged: Fraction
    ) -> Group:
        units = {one.account_id: Fraction(one.allocator_e3 or 0, 1000) for one in allocated}
        sources = tuple(one.allocator_source or one.source for one in allocated)
        area = sum((Fraction(one.area_e2, 100) for one in allocated), Fraction(0))
        mine = (account.allocator_source or account.source,)
        rows = []
        for number, part in enumerate(slices, start=1):
            values = {
                "V_house": part.house, "T": part.tariff, "S_allocators": area, "S_all": whole, "u": units[account.account_id],
                "u_all": sum(units.values(), Fraction(0)), "P": charged if number == len(slices) else Fraction(0),
            }  # fmt: skip
            records = {
                "V_house": part.records, "u": mine, "u_all": sources, "S_allocators": tuple(one.source for one in allocated),
                "S_all": (self.house.source,),
            }  # fmt: skip
            rows.append(Row("formula_6", values, records, {}, part.first, part.last))
        return tuple(rows)

    def _allocated(self) -> list[AccountFacts]:
        """Premises with allocators, where they have more than half of the area of the house; else none are used."""
        found = [one for one in self.house.accounts if one.allocator_e3 is not None and self.payers.carries(one, self.service)]
        area = sum(one.area_e2 for one in found)
        return found if 2 * area > (self.house.useful_area_e2 or 0) and any(one.allocator_e3 for one in found) else []

    def _has_flat_meters(self) -> bool:
        return any(meter.service == self.service.key for account in self.house.accounts for meter in account.meters)

    def _waste(self, account: AccountFacts, year: YearFacts) -> tuple[Group, ...]:
        """Formulas 9(3), 9(4) for the months whose containers are known, where the region recalculates the year (ПП № 318)."""
        if self.rules.choice("waste_yearly_recalc", self.rules.month.last) != "true" or not account.residential:
            return ()
        by_area = self.house.waste_basis == _BY_AREA
        slices, months, tariffs = list[YearSlice](), list[Month](), list[Valued]()
        for month, taken in self.house.containers_of_year:
            days = service_days(account, self.service, month)
            if month not in year.months or days is None:
                continue
            months.append(month)
            share = self._waste_share(account, month, days, by_area=by_area)
            whole = Fraction(taken.site_e2, 100) if taken.site_e2 is not None else self._waste_site(month, by_area=by_area)
            if not whole:
                raise _not_made(f"на контейнерную площадку за {month.title} не приходится ни одного жителя или ни одного метра")
            for tariff in self.rules.tariffs(self.service, self.house.oktmo, month.first, month.last):
                volume = Fraction(taken.volume_e3, 1000) * days_between(tariff.first, tariff.last) / month.days
                tariffs.append(tariff)
                slices.append(
                    YearSlice(
                        tariff.first, tariff.last, tariff.value, volume, share=share, whole=whole, by_area=by_area, records=(taken.source,)
                    )
                )  # fmt: skip
        if not slices:
            return ()
        return (self._sourced(waste_correction(slices, charged=self._charged(account, months, year)), account, tariffs),)

    def _waste_share(self, account: AccountFacts, month: Month, days: tuple[date, date], *, by_area: bool) -> Fraction:
        if by_area:
            return Fraction(account.area_e2 * days_between(*days), 100 * month.days)
        return persons(account, month, self.rules, first=days[0], last=days[1]).count

    def _waste_site(self, month: Month, *, by_area: bool) -> Fraction:
        together = Fraction(0)
        for one in self.house.accounts:
            days = service_days(one, self.service, month) if one.residential and self.payers.carries(one, self.service) else None
            if days is not None:
                together += self._waste_share(one, month, days, by_area=by_area)
        return together

    def _share(self, account: AccountFacts, month: Month) -> Fraction:
        """Part of the month that the service was provided to the account on."""
        days = service_days(account, self.service, month)
        return Fraction(0) if days is None else Fraction(days_between(*days), month.days)

    def _charged(self, account: AccountFacts, months: list[Month], year: YearFacts) -> Fraction:
        kopecks = sum(year.charged.get((account.account_id, self.service.service_id, month), 0) for month in dict.fromkeys(months))
        return Fraction(kopecks, 100)

    def _readings(self, service: ServiceFacts, month: Month) -> tuple[RecordId, ...]:
        known = self.meters.get(service.key, {}).get(month)
        return () if known is None else known[1]

    def _sourced(self, group: Group, account: AccountFacts, tariffs: list[Valued]) -> Group:
        """The rows with the records of area, house and tariffs."""
        rows = []
        for row in group:
            at = [one for one in tariffs if one.first <= row.last and row.first <= one.last]
            records = {**row.records, "T": tuple(dict.fromkeys(source for one in at for source in one.records))}
            for symbol, source in (("S", account.source), ("S_all", self.house.source), ("n", account.source)):
                records.setdefault(symbol, (source,))
            kept = {symbol: ids for symbol, ids in records.items() if symbol in row.values}
            rows.append(Row(row.clause, row.values, kept, row.law, row.first, row.last))
        return tuple(rows)


def _mean(tariffs: Sequence[Valued]) -> Fraction:
    """The tariff of the months by their days: the year's rest is one volume, netted over all of them."""
    days = sum(days_between(one.first, one.last) for one in tariffs)
    return sum((one.value * days_between(one.first, one.last) for one in tariffs), Fraction(0)) / days


def _not_made(cause: str) -> Held:
    return Held(
        "CH-053", f"перерасчёт за прошлый год не сделан: {cause}", hint="Сделайте его вручную или пришлите недостающее до конца квартала.",
        clause="п. 42(1), 148; ЖК ст. 156 ч. 9.2", scope="service",
    )  # fmt: skip
