"""Electricity by ranges of consumption (section 4): the account's volume of the month cut by bounds, each range at its tariff.

Zones are cut together: a zone's volume stands in a range by the share that the range has in the month's volume. While the month stays
in the first range the line is the ordinary one. Bounds are wider by ``range_factor`` in the heating season where the house is heated by
electricity and has no gas, which is a fact of the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

from core.charges.findings import Held
from core.charges.plans import plan_of
from core.charges.ranges import cut_by_ranges
from core.charges.rows import LinePlan
from core.charges.rules import Rules, Sourced, resource_of
from core.charges.volumes import MonthVolume, Part
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts

__all__ = ["by_ranges"]

_INDIVIDUAL = 1
_CLAUSE = "диапазоны потребления"


def by_ranges(
    plan: LinePlan,
    account: AccountFacts,
    service: ServiceFacts,
    house: HouseFacts,
    rules: Rules,
    *,
    metered: Mapping[str, Mapping[str, list[MonthVolume | Held]]],
    days: tuple[date, date],
) -> LinePlan:
    """The line of a zone (or of the only one) with its base cut by ranges; as it is where the region has none, or one range is enough."""
    numbers = rules.ranges_of(service, house.oktmo, *days)
    if not numbers:
        return plan
    if not account.residential:
        return plan
    zones = _zones(account, house, metered)
    month = sum((volume.volume for volume in zones.values()), Fraction(0))
    factor = _factor(house, rules)
    bounds = rules.range_bounds()
    if len(bounds.values) + 1 < max(numbers):
        raise Held(
            "CH-011", f"тарифы заданы для {max(numbers)} диапазонов, а границ (electricity_ranges) {len(bounds.values)}",
            hint="Исправьте настройки региона.", clause=_CLAUSE, scope="service",
        )  # fmt: skip
    cut = cut_by_ranges(month, bounds.values, factor=factor.value)
    if not any(cut[1:]):
        return plan
    mine = zones[service.key]
    if mine.method == "norm":
        raise Held(
            "CH-020", "норматив больше первого диапазона потребления, а по диапазонам и зонам он не делится",
            hint="Пришлите показания прибора.", clause=_CLAUSE,
        )  # fmt: skip
    sources = _sources(zones.values())
    whole = tuple(dict.fromkeys((*sources, *bounds.records, *factor.records, *house.electric_heating_sources)))
    law = {"V_range": factor.law} if factor.law and factor.value != 1 else {}
    base: list[LinePlan] = []
    for number, part in enumerate(cut, start=1):
        if not part:
            continue
        values = {"V_zone": mine.volume, "V_range": part, "V_month": month}
        records = {"V_zone": _sources([mine]), "V_range": whole, "V_month": sources}
        tariffs = rules.tariffs(service, house.oktmo, *days, range_number=number)
        ranged = Part("formula_1_range", values, records, law)
        base.append(plan_of(account, service, (ranged,), tariffs, days=days, method=plan.method, rules=rules, creditor=plan.creditor_id))
    return replace(plan, base=tuple(group for one in base for group in one.base), tariff=None)


def _zones(
    account: AccountFacts, house: HouseFacts, metered: Mapping[str, Mapping[str, list[MonthVolume | Held]]]
) -> dict[str, MonthVolume]:
    """Volumes of the account's electricity by service key; a zone that is held holds the others, which are cut with it."""
    found: dict[str, MonthVolume] = {}
    for service in house.services:
        if resource_of(service) != "electricity" or service.provision != _INDIVIDUAL or account.key not in metered.get(service.key, {}):
            continue
        volume = metered[service.key][account.key][-1]
        if isinstance(volume, Held):
            raise volume
        found[service.key] = volume
    return found


def _factor(house: HouseFacts, rules: Rules) -> Sourced:
    if house.electric_heating and rules.month.month in rules.heating_months():
        return rules.number("setting.range_factor", rules.month.last)
    return Sourced(Fraction(1))


def _sources(volumes: Iterable[MonthVolume]) -> tuple[RecordId, ...]:
    return tuple(dict.fromkeys(source for volume in volumes for part in volume.parts for ids in part.records.values() for source in ids))
