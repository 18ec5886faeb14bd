"""Electricity by ranges of consumption (диапазоны): the volume of all zones is cut by the bounds; each zone is split
in the proportion of the ranges, and each range has a tariff of its own. Bounds are wider by ``range_factor`` in the heating season, in
a house that is heated by electricity and has no gas (an act says so).

What would need one tariff for the whole volume (absence, relief, an act, a late reading that rebuilds months, the raising coefficient) is
held where the month goes beyond the first range: which range such a volume stands in is not said by the act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

from core.charges.findings import Held
from core.charges.plans import plan_of
from core.charges.ranges import cut_by_ranges
from core.charges.rows import LinePlan
from core.charges.rules import Rules, Sourced, Valued
from core.charges.volumes import MonthVolume, Part
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, ServiceFacts

__all__ = ["Ranged", "by_ranges"]

_INDIVIDUAL = 1


class Ranged:
    """The line of a zone by ranges, and what its corrections may go by."""

    def __init__(self, plan: LinePlan, tariffs: tuple[Valued, ...], beyond_first: bool) -> None:
        self.plan = plan
        self.tariffs = tariffs
        """Tariffs of the first range."""
        self._beyond_first = beyond_first

    def refuse_if_beyond(self, what: str) -> None:
        """Hold the line where a correction would need to know the range of its volume."""
        if self._beyond_first:
            raise Held(
                "CH-046", f"{what}, а объём месяца вышел за первый диапазон: в каком диапазоне этот объём, не задано",
                hint="Начислите вручную.", clause="диапазоны",
            )  # fmt: skip


def by_ranges(
    account: AccountFacts, service: ServiceFacts, parts: tuple[Part, ...], volume: MonthVolume, *, house: HouseFacts, rules: Rules,
    metered: Mapping[str, Mapping[str, MonthVolume | Held]], days: tuple[date, date],
) -> Ranged | None:  # fmt: skip
    """The line by ranges; None where the region has no such tariffs for the service."""
    numbers = rules.range_numbers(service, house.oktmo)
    if not numbers:
        return None
    bounds, factor = rules.range_bounds(len(numbers)), _factor(house, rules)
    zones = _zones(account, service, house, metered)
    together = sum((zone.volume for zone in zones), Fraction(0))
    cut = cut_by_ranges(together, [bound.value for bound in bounds], factor=factor.value)
    sources = tuple(dict.fromkeys(source for part in parts for ids in part.records.values() for source in ids))
    of_month = tuple(dict.fromkeys(source for zone in zones for part in zone.parts for ids in part.records.values() for source in ids))
    said = tuple(dict.fromkeys((*(source for bound in bounds for source in bound.records), *factor.records)))
    tariffs = {number: rules.tariffs(service, house.oktmo, *days, range_number=number) for number in numbers}
    plans = []
    for number, inside in zip(numbers, cut, strict=True):
        if inside or (number == numbers[0] and not together):
            part = _part(volume.volume, inside, together, sources=sources, of_month=of_month, bounds=said)
            plans.append(plan_of(account, service, (part,), tariffs[number], days=days, method=volume.method, rules=rules))
    together_plan = replace(plans[0], base=tuple(group for plan in plans for group in plan.base), sources=plans[0].sources)
    if len(plans) > 1:
        together_plan = replace(together_plan, tariff=None)
    return Ranged(together_plan, tariffs[numbers[0]], len(plans) > 1)


def _part(
    zone: Fraction, inside: Fraction, together: Fraction, *, sources: tuple[RecordId, ...], of_month: tuple[RecordId, ...],
    bounds: tuple[RecordId, ...],
) -> Part:  # fmt: skip
    if not together:
        return Part("formula_1", {"V": zone}, {"V": sources})
    records = {"V_zone": sources, "V_range": tuple(dict.fromkeys((*of_month, *bounds))), "V_month": of_month}
    return Part("formula_1_range", {"V_zone": zone, "V_range": inside, "V_month": together}, records)


def _factor(house: HouseFacts, rules: Rules) -> Sourced:
    """What the bounds are wider by, with the act that it rests on."""
    if not house.electric_heating or rules.month.month not in rules.heating_months():
        return Sourced(Fraction(1))
    factor = rules.number("setting.range_factor", rules.month.last)
    return replace(factor, records=(*factor.records, *house.electric_heating_sources))


def _zones(
    account: AccountFacts, service: ServiceFacts, house: HouseFacts, metered: Mapping[str, Mapping[str, MonthVolume | Held]]
) -> list[MonthVolume]:
    """Volumes of the account's services of the same utility in the month: its zones."""
    found = []
    for one in house.services:
        if one.utility_kind == service.utility_kind and one.provision == _INDIVIDUAL and account.key in metered.get(one.key, {}):
            volume = metered[one.key][account.key]
            if isinstance(volume, Held):
                raise volume
            found.append(volume)
    return found
