"""Heat and hot water made in the house by its provider (formulas 18–22): the resources used, each at its own tariff.

A line has a part for each resource and, for hot water, one for the cold water that was heated. Upkeep of the boiler belongs to maintenance.
The raising coefficient is not applied: the act has none for these formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from core.charges.findings import Held, no_area
from core.charges.plans import plan_of
from core.charges.rows import Group, LinePlan
from core.charges.rules import Rules
from core.charges.volumes import MonthVolume, Part
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, BoilerFacts, HouseFacts, ServiceFacts
from core.model.lines import Method

__all__ = ["boiler_heating", "boiler_hot_water"]

_COLD_WATER = 1
_Days = tuple[date, date]


def boiler_heating(account: AccountFacts, service: ServiceFacts, house: HouseFacts, rules: Rules, *, days: _Days) -> LinePlan:
    """Formula 18 by area, formula 19 for a room by its living area in the flat."""
    if not house.useful_area_e2:
        raise Held("CH-004", "нет площади всех помещений дома (HOUSE.25)", hint="Присылает УК.", clause="формула 18", scope="house")
    if account.area_e2 <= 0:
        raise no_area("формула 18")
    values = {"S": Fraction(account.area_e2, 100), "S_all": Fraction(house.useful_area_e2, 100)}
    records: dict[str, tuple[RecordId, ...]] = {"S": (account.source,), "S_all": (house.source,)}
    clause = "formula_18"
    rooms = [one for one in house.accounts if one.room_number is not None and one.premises_number == account.premises_number]
    if account.room_number is not None and all(one.living_area_e2 for one in rooms):
        clause = "formula_19"
        values |= {
            "S": Fraction(sum(one.area_e2 for one in rooms), 100), "S_room": Fraction(account.living_area_e2 or 0, 100),
            "S_rooms": Fraction(sum(one.living_area_e2 or 0 for one in rooms), 100),
        }  # fmt: skip
        records |= {"S_room": (account.source,), "S_rooms": tuple(one.source for one in rooms)}
    parts = []
    for resource in _of(house, "heating"):
        own = {**values, "V_resource": _used(resource)}
        parts.append((resource, Part(clause, own, {**records, "V_resource": (resource.source,)}, by_days_of_month=True)))
    return _plan(account, service, house, rules, parts, days=days, method="odpu")


def boiler_hot_water(
    account: AccountFacts, service: ServiceFacts, house: HouseFacts, rules: Rules, *, volumes: Mapping[str, MonthVolume | Held],
    days: _Days,
) -> LinePlan | None:  # fmt: skip
    """Formulas 20–22: cold water of the account's volume, and its part of each resource by the volumes of all premises."""
    volume = volumes[account.key]
    if isinstance(volume, Held):
        raise volume
    together = Fraction(0)
    for other in volumes.values():
        if isinstance(other, Held):
            raise Held(other.code, other.message, hint=other.hint, clause=other.clause, scope="service")
        together += other.volume
    if not together or not volume.parts:
        return None
    sources = tuple(dict.fromkeys(source for part in volume.parts for ids in part.records.values() for source in ids))
    water = replace(service, utility_kind=_COLD_WATER, resource_kind=_COLD_WATER)
    base = plan_of(
        account, service, volume.parts, rules.tariffs(water, house.oktmo, *days), days=days, method=volume.method, rules=rules,
        creditor=_manager(house),
    )  # fmt: skip
    parts = []
    for resource in _of(house, "hot_water"):
        values = {"V_resource": Fraction(resource.volume_e3, 1000), "V": volume.volume, "V_hot_all": together}
        records = {"V_resource": (resource.source,), "V": sources}
        if resource.heat_e6 is None or resource.heat_all_e6 is None:
            parts.append((resource, Part("formula_20", values, records)))
            continue
        values |= {"Q": Fraction(resource.heat_e6, 10**6), "Q_all": Fraction(resource.heat_all_e6, 10**6)}
        parts.append((resource, Part("formula_20_1", values, {**records, "Q": (resource.source,), "Q_all": (resource.source,)})))
    burned = _plan(account, service, house, rules, parts, days=days, method=volume.method)
    return replace(base, base=(*base.base, *burned.base), tariff=None)


def _plan(
    account: AccountFacts, service: ServiceFacts, house: HouseFacts, rules: Rules, parts: Sequence[tuple[BoilerFacts, Part]], *,
    days: _Days, method: Method,
) -> LinePlan:  # fmt: skip
    """A line of parts that have tariffs of their own; the provider who makes the heat is the creditor."""
    groups: list[Group] = []
    plans = []
    for resource, part in parts:
        bought = replace(service, utility_kind=resource.utility_kind, resource_kind=resource.resource_kind, zone=None)
        tariffs = rules.tariffs(bought, house.oktmo, *days)
        plans.append(plan_of(account, service, (part,), tariffs, days=days, method=method, rules=rules, creditor=_manager(house)))
        groups += plans[-1].base
    return replace(plans[0], base=tuple(groups), tariff=plans[0].tariff if len(groups) == 1 else None)


def _of(house: HouseFacts, purpose: str) -> list[BoilerFacts]:
    return [one for one in house.boiler if one.purpose == purpose]


def _used(resource: BoilerFacts) -> Fraction:
    """The volume used for the purpose: where the resource serves both, by the heat produced for it."""
    volume = Fraction(resource.volume_e3, 1000)
    if resource.heat_e6 is None or resource.heat_all_e6 is None:
        return volume
    return volume * resource.heat_e6 / resource.heat_all_e6


def _manager(house: HouseFacts) -> EntityId:
    if house.manager_id is None:
        raise Held("CH-016", "не указана управляющая организация (HOUSE.33)", hint="Присылает УК.", clause="формула 18", scope="service")
    return house.manager_id
