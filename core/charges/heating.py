"""Heating (section 5): in the season or evenly, by the norm or the house meter, with meters in flats, with own heating, with rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from core.charges.findings import Held, no_area
from core.charges.heat_year import counted_in_year
from core.charges.house_meters import Counted, average_instead, installed_by, stopped_meters, unread
from core.charges.payers import Payers
from core.charges.persons import days_between
from core.charges.rules import Rules, Valued
from core.charges.volumes import MonthVolume, Part, service_days, volume_of
from core.exact import scaled
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, MeterFacts, ServiceFacts
from core.model.lines import Method
from core.period import Month

__all__ = ["HeatMeters", "HotWater", "heating_part"]

_CLAUSE = "п. 42(1)"

_HouseMeters = Mapping[str, Mapping[Month, Counted]]


@dataclass(frozen=True, slots=True)
class HotWater:
    """Hot water of all premises of the house in the month, and the heat of 1 m³."""

    volume: Fraction
    heat: Valued
    records: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class HeatMeters:
    """Meters of flats in the month: own volumes by account key, their sum, and the area they heat (by days of the month)."""

    own: Mapping[str, tuple[Fraction, Method, tuple[RecordId, ...]]]
    area: Fraction
    own_heating: bool = True
    """Whether some premises of the house may have heating of their own."""

    @property
    def together(self) -> Fraction:
        """What all of them counted."""
        return sum((volume for volume, _, _ in self.own.values()), Fraction(0))

    @classmethod
    def of(
        cls, house: HouseFacts, service: ServiceFacts, metered: Mapping[str, MonthVolume | Held], payers: Payers, rules: Rules
    ) -> HeatMeters:
        """The flats whose meter gives a volume in the month; one that goes by the norm counts as a flat without a meter."""
        own: dict[str, tuple[Fraction, Method, tuple[RecordId, ...]]] = {}
        area = Fraction(0)
        for account in house.accounts:
            if account.key not in metered or not payers.carries(account, service):
                continue
            volume = metered[account.key]
            if isinstance(volume, Held):
                raise volume
            if not volume.metered or volume.method == "norm":
                continue
            days = service_days(account, service, rules.month)
            if days is None:
                continue
            if account.area_e2 <= 0:
                raise no_area(_CLAUSE, of_house=account)
            sources = tuple(dict.fromkeys(source for part in volume.parts for ids in part.records.values() for source in ids))
            own[account.key] = (volume.volume, volume.method, sources)
            area += Fraction(account.area_e2 * days_between(*days), 100 * rules.month.days)
        return cls(own, area, any(account.own_heating_e2 for account in house.accounts))


def heating_part(
    account: AccountFacts,
    service: ServiceFacts,
    house: HouseFacts,
    *,
    meters: _HouseMeters,
    flats: HeatMeters,
    rules: Rules,
    hot_water: HotWater | None = None,
) -> tuple[Part | None, Method]:
    """The heat of an account in the month; no part outside the season. ``hot_water`` is needed for an open system only."""
    season = rules.heating_months()
    way = rules.text("heating_payment", "")
    if way not in ("season", "evenly"):
        raise Held(
            "CH-011",
            "не задан способ оплаты отопления (heating_payment)",
            hint="Задайте его в настройках региона.",
            clause=_CLAUSE,
            scope="service",
        )
    if way == "season" and rules.month.month not in season:
        return None, "norm"
    if account.area_e2 <= 0:
        raise no_area(_CLAUSE)
    heat = _Heat(
        account, service, house, rules, evenly=way == "evenly", season=len(season), hot_water=hot_water, own_heating=flats.own_heating
    )
    part, method = _whole(heat, meters, flats)
    if account.room_number is not None and rules.choice("communal_area", rules.month.last) == "computed":
        return _of_room(heat, meters, flats), method
    return part, method


@dataclass(frozen=True, slots=True)
class _Heat:
    """What every way of heating needs."""

    account: AccountFacts
    service: ServiceFacts
    house: HouseFacts
    rules: Rules
    evenly: bool
    season: int
    hot_water: HotWater | None = None
    own_heating: bool = True
    """False: no premises of the house have heating of their own, so nobody needs to look for it."""

    def own_part(self) -> Fraction:
        """Area with lawful own heating; by the default only whole premises count."""
        account = self.account
        if self.rules.choice("own_heating_unit", self.rules.month.last) == "premises" and account.own_heating_e2 < account.area_e2:
            return Fraction(0)
        return Fraction(min(account.own_heating_e2, account.area_e2), 100)

    def own_of_house(self) -> Fraction:
        """Area of all premises with lawful own heating."""
        if not self.own_heating:
            return Fraction(0)
        whole = self.rules.choice("own_heating_unit", self.rules.month.last) == "premises"
        parts = {one.premises_number + (one.room_number or ""): one for one in self.house.accounts}.values()
        areas = [min(one.own_heating_e2, one.area_e2) for one in parts if not whole or one.own_heating_e2 >= one.area_e2]
        return Fraction(sum(areas), 100)

    def share(self) -> tuple[dict[str, Fraction], dict[str, tuple[RecordId, ...]]]:
        """Area of the premises, and of all premises of the house."""
        if not self.house.useful_area_e2:
            raise Held("CH-004", "нет площади всех помещений дома (HOUSE.25)", hint="Присылает УК.", clause=_CLAUSE, scope="house")
        values = {"S": scaled(self.account.area_e2, 100), "S_all": scaled(self.house.useful_area_e2, 100)}
        return values, {"S": (self.account.source,), "S_all": (self.house.source,)}

    def heated(self) -> Fraction:
        """Area of common premises with heating devices; not given is zero."""
        return Fraction(self.house.heated_common_area_e2 or 0, 100)


def _whole(heat: _Heat, meters: _HouseMeters, flats: HeatMeters) -> tuple[Part, Method]:
    """The part of whole premises by the facts of the house."""
    mine = installed_by((meter for meter in heat.house.meters if meter.service == heat.service.key), heat.rules.month)
    if not mine:
        return _by_norm(heat), "norm"
    if heat.evenly:
        counted = _last_year(heat, mine)
        if counted is None:
            return _by_norm(heat), "norm"
        values, records = heat.share()
        values["V_year"], records["V_year"] = counted
        return Part("formula_3_evenly", values, records, by_days_of_month=True), "odpu"
    known = meters.get(heat.service.key, {})
    if heat.rules.month not in known:
        return _out_of_order(heat, mine, known)
    if heat.house.open_heating:
        return _open_system(heat, known[heat.rules.month], flats), "odpu"
    if flats.own:
        return _by_flats(heat, known[heat.rules.month], flats)
    return _by_area(heat, known[heat.rules.month]), "odpu"


def _last_year(heat: _Heat, mine: list[MeterFacts]) -> Counted | None:
    """Heat of the year before: as an act says, else by the readings at both its ends; None: no data, the norm is charged."""
    if heat.house.heat_last_year_e6 is not None:
        return Fraction(heat.house.heat_last_year_e6, 10**6), heat.house.heat_last_year_sources
    return counted_in_year(mine, heat.rules.month.year - 1)


def _by_norm(heat: _Heat) -> Part:
    """Formulas 2–2(4), without a house meter."""
    account, heated, own = heat.account, heat.heated(), heat.own_part()
    norm = heat.rules.norms(
        "per_m2", heat.rules.month.last, heat.rules.month.last, utility=6, resource=heat.service.resource_kind,
        what=f"«{heat.service.name}», на 1 м²",
    )[0]  # fmt: skip
    values = {"S": scaled(account.area_e2, 100), "N": norm.value}
    records: dict[str, tuple[RecordId, ...]] = {"S": (account.source,), "N": norm.records}
    if heat.evenly:
        values["k"] = Fraction(heat.season)
        records["k"] = heat.rules.setting_source("heating_months")
    if not heated and not own:
        return Part("formula_2_1" if heat.evenly else "formula_2", values, records, by_days_of_month=True)
    shared, sources = heat.share()
    values |= shared | {"S_heated": heated}
    records |= sources | {"S_heated": (heat.house.source,)}
    if not own and not heat.evenly:
        return Part("formula_2_3", values, records, by_days_of_month=True)
    values["S_own_part"], records["S_own_part"] = own, (account.own_heating_source or account.source,)
    return Part("formula_2_4" if heat.evenly else "formula_2_3_own", values, records, by_days_of_month=True)


def _by_area(heat: _Heat, read: Counted) -> Part:
    """Formula 3 and 3(6): the house meter's heat by area."""
    values, records = heat.share()
    values["V_house"], records["V_house"] = read
    heated, own = heat.heated(), heat.own_of_house()
    if not heated and not own:
        return Part("formula_3", values, records, by_days_of_month=True)
    values |= {"S_own": own, "S_heated": heated}
    records |= {
        "S_heated": (heat.house.source,),
        "S_own": tuple(one.own_heating_source or one.source for one in heat.house.accounts if one.own_heating_e2),
    }
    mine = heat.own_part()
    if not mine:
        return Part("formula_3_common", values, records, by_days_of_month=True)
    values["S_own_part"], records["S_own_part"] = mine, (heat.account.own_heating_source or heat.account.source,)
    return Part("formula_3_own", values, records, by_days_of_month=True)


def _open_system(heat: _Heat, read: Counted, flats: HeatMeters) -> Part:
    """п. 42(1): one house meter for heat and hot water: the norm of heat of all hot water is taken off first."""
    hot = heat.hot_water
    if hot is None or flats.own or heat.heated() or heat.own_of_house():
        raise Held(
            "CH-019",
            "открытая система: нет объёма горячей воды дома или норматива тепла на 1 м³, либо есть приборы квартир или своё отопление",
            hint="Пришлите услугу горячей воды; иначе сообщите разработчику.",
            clause=_CLAUSE,
            scope="service",
        )
    values, records = heat.share()
    values |= {"V_house": read[0], "q": hot.heat.value, "V_hot": hot.volume}
    records |= {"V_house": read[1], "q": hot.heat.records, "V_hot": hot.records}
    return Part("formula_3_open", values, records, by_days_of_month=True)


def _by_flats(heat: _Heat, read: Counted, flats: HeatMeters) -> tuple[Part, Method]:
    """Formulas 3(1), 3(3) and 3(7): own readings, others by the mean of the metered area, and the rest, which may be negative."""
    if heat.own_of_house():
        raise Held(
            "CH-019", "в доме и приборы тепла в квартирах, и своё отопление: порядок не определён", hint="Сообщите разработчику.",
            clause="формула 3(1)", scope="service",
        )  # fmt: skip
    values, records = heat.share()
    whole, used = values["S_all"], flats.together
    sources = tuple(dict.fromkeys(source for _, _, ids in flats.own.values() for source in ids))
    individual = used + max(whole - flats.area, Fraction(0)) * used / flats.area
    values |= {"V_house": read[0], "V_individual": individual}
    records |= {"V_house": read[1], "V_individual": sources}
    if heat.account.key not in flats.own:
        values |= {"V_metered": used, "S_metered": flats.area}
        records |= {"V_metered": sources, "S_metered": tuple(one.source for one in heat.house.accounts if one.key in flats.own)}
        return Part("formula_3_7", values, records, by_days_of_month=True), "odpu_part_metered"
    own, _, ids = flats.own[heat.account.key]
    values["V"], records["V"] = own, ids
    days = service_days(heat.account, heat.service, heat.rules.month)
    if days is not None and days_between(*days) < heat.rules.month.days:
        # The meter counted on the days of the account only, its area holds for those days: the whole part is charged once.
        values["S"] *= Fraction(days_between(*days), heat.rules.month.days)
        return Part("formula_3_1", values, records), "ipu_odpu"
    return Part("formula_3_1", values, records, by_days_of_month=True), "ipu_odpu"


def _out_of_order(heat: _Heat, mine: list[MeterFacts], known: Mapping[Month, Counted]) -> tuple[Part, Method]:
    """п. 59(1): a house meter that does not count: the average of the season for three months, then the norm without a coefficient."""
    month = heat.rules.month
    if not stopped_meters(mine, month):
        raise unread(mine, month, clause="п. 59(1)")
    season = heat.rules.heating_months()
    average = average_instead(known, month, heat.rules, counts=lambda one: one.month in season)
    if average is None:
        return _by_norm(heat), "norm"
    values, records = heat.share()
    return Part("formula_3_average", {**values, **average.values}, {**records, **average.records}, by_days_of_month=True), "average"


def _of_room(heat: _Heat, meters: _HouseMeters, flats: HeatMeters) -> Part:
    """Formula 8: the heat of the whole flat by living area of its rooms; ``communal_area = computed`` needs both areas."""
    account = heat.account
    rooms = [one for one in heat.house.accounts if one.premises_number == account.premises_number and one.room_number is not None]
    rooms = list({one.room_number: one for one in rooms}.values())
    if any(not one.living_area_e2 for one in rooms) or flats.own:
        raise Held(
            "CH-019",
            "комната в коммунальной квартире: нет жилой площади комнат для формулы 8",
            hint="Пришлите площади комнат (ROOM.8) или задайте настройку communal_area.",
            clause="формула 8",
        )
    whole = _Heat(
        _flat(account, rooms),
        heat.service,
        heat.house,
        heat.rules,
        evenly=heat.evenly,
        season=heat.season,
        hot_water=heat.hot_water,
        own_heating=heat.own_heating,
    )
    part, _ = _whole(whole, meters, flats)
    living = Fraction(account.living_area_e2 or 0, 100)
    together = Fraction(sum(one.living_area_e2 or 0 for one in rooms), 100)
    sources = tuple(dict.fromkeys(source for ids in part.records.values() for source in ids))
    values = {"V_flat": volume_of(part), "S_room": living, "S_rooms": together}
    records = {"V_flat": sources, "S_room": _living(account), "S_rooms": tuple(source for one in rooms for source in _living(one))}
    return Part("formula_8", values, records, by_days_of_month=True)


def _living(account: AccountFacts) -> tuple[RecordId, ...]:
    """The record that says the living area of a room."""
    return (account.living_area_source or account.source,)


def _flat(account: AccountFacts, rooms: list[AccountFacts]) -> AccountFacts:
    """The flat as one account: its area is that of all rooms with their parts of the common area."""
    return replace(account, area_e2=sum(one.area_e2 for one in rooms), own_heating_e2=sum(one.own_heating_e2 for one in rooms))
