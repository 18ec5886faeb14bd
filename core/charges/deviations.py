"""Deviations of quality that lower a charge (раздел IX, Annex 1): temperature of heating and hot water, days of bad quality, late waste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from fractions import Fraction

from core.charges.findings import Held
from core.charges.persons import days_between
from core.charges.quality import Measured, Tolerances, delay_blocks, heating_degree_hours, hot_water_hours
from core.charges.rows import LinePlan, Row
from core.charges.rules import Resource, Rules, is_carrier, is_heat_of_water
from core.model.facts import AccountFacts, DeviationFacts, HouseFacts, ServiceFacts
from core.period import Month

__all__ = ["lowered_by_quality"]

_COLD_WATER = 1


def lowered_by_quality(
    plan: LinePlan, account: AccountFacts, service: ServiceFacts, resource: Resource, house: HouseFacts, rules: Rules, *, volume: Fraction
) -> LinePlan:
    """The line with reductions for the deviations of the month in the house or in the premises of the account."""
    mine = [
        item
        for item in house.deviations
        if item.service == service.key and item.account in (None, account.key) and _clipped(item, rules.month) is not None
    ]
    if not mine:
        return plan
    rows: list[Row] = []
    temperatures = [item for item in mine if item.kind == "temperature" and item.degrees_e1 is not None]
    if temperatures and resource == "heating":
        rows += _heating(temperatures, rules)
    if temperatures and resource == "hot_water":
        rows += _hot_water(temperatures, service, house, rules, volume)
    rows += [_days(item, rules) for item in mine if item.kind == "days"]
    rows += [row for item in mine if item.kind == "delay" and (row := _delay(item, rules)) is not None]
    return replace(plan, quality=tuple(rows))


def _heating(items: Sequence[DeviationFacts], rules: Rules) -> list[Row]:
    month = rules.month
    how = rules.choice("heating_degrees", month.last)
    hours = sum(
        (
            heating_degree_hours([_measured(item, month)], _tolerances(rules), norm=Fraction(item.required_e1, 10), how=how)
            for item in items
        ),
        Fraction(0),
    )
    return [_percent(items, hours, "quality.heating.percent_per_degree", rules)] if hours else []


def _hot_water(items: Sequence[DeviationFacts], service: ServiceFacts, house: HouseFacts, rules: Rules, volume: Fraction) -> list[Row]:
    """Steps below the tolerance; hours below 40 °C at the tariff of cold water: of two components the carrier costs that already, and the
    heat of those hours is dropped."""
    month = rules.month
    hours = hot_water_hours([_measured(item, month) for item in items], _tolerances(rules))
    rows = [_percent(items, hours.steps, "quality.hot_water.percent_per_step", rules)] if hours.steps else []
    sources = tuple(item.source for item in items)
    if not hours.cold or is_carrier(service):
        return rows
    if is_heat_of_water(service):
        values = {"a": hours.cold / 24, "D": Fraction(month.days)}
        return [*rows, Row("quality_days", values, {"a": sources}, {}, month.first, month.last)]
    cold = next((one for one in house.services if one.utility_kind == _COLD_WATER and one.provision == 1), None)
    if cold is None:
        raise Held(
            "CH-014", "горячая вода холоднее 40 °C, а услуги «холодная вода», по тарифу которой она оплачивается, в доме нет",
            hint="Присылает УК или РСО (DICTUSLUGA).", clause="приложение 1, п. 5",
        )  # fmt: skip
    day = month.last
    prices = {"T_hot": rules.tariffs(service, house.oktmo, day, day)[0], "T": rules.tariffs(cold, house.oktmo, day, day)[0]}
    values = {"V": volume, "h": hours.cold, "H": Fraction(month.days * 24), **{name: price.value for name, price in prices.items()}}
    records = {"h": sources, **{name: price.records for name, price in prices.items()}}
    return [*rows, Row("cold_instead_of_hot", values, records, {}, month.first, month.last)]


def _days(item: DeviationFacts, rules: Rules) -> Row:
    """Whole days of bad quality: the fee of each is dropped."""
    month = rules.month
    last = (item.ends_at - timedelta(microseconds=1)).date()
    days = days_between(max(item.starts_at.date(), month.first), min(last, month.last))
    values = {"a": Fraction(days), "D": Fraction(month.days)}
    return Row("quality_days", values, {"a": (item.source,)}, {}, month.first, month.last)


def _delay(item: DeviationFacts, rules: Rules) -> Row | None:
    """Waste not taken away in time: full days beyond the limits, which depend on the air; not known counts as warm."""
    month = rules.month
    cold = item.degrees_e1 is not None and Fraction(item.degrees_e1, 10) <= rules.number("waste.cold_air", month.last).value
    single = rules.number(f"waste.single_hours_{'cold' if cold else 'warm'}", month.last).value
    measured = _measured(item, month)
    hours = Fraction((measured.ends_at - measured.starts_at) // timedelta(seconds=1), 3600)
    blocks = delay_blocks(hours, at_once=single, in_month=rules.number("waste.month_hours", month.last).value)
    return _percent([item], Fraction(blocks), "waste.percent_per_block", rules) if blocks else None


def _tolerances(rules: Rules) -> Tolerances:
    return Tolerances.of(lambda name: rules.number(name, rules.month.last).value)


def _percent(items: Sequence[DeviationFacts], hours: Fraction, parameter: str, rules: Rules) -> Row:
    month, percent = rules.month, rules.number(parameter, rules.month.last)
    law = {"r": percent.law} if percent.law else {}
    records = {"h": tuple(item.source for item in items), "r": percent.records}
    return Row("interruption", {"h": hours, "r": percent.value}, records, law, month.first, month.last)


def _measured(item: DeviationFacts, month: Month) -> Measured:
    clipped = _clipped(item, month)
    assert clipped is not None
    return Measured(*clipped, Fraction(item.degrees_e1 or 0, 10))


def _clipped(item: DeviationFacts, month: Month) -> tuple[datetime, datetime] | None:
    first = max(item.starts_at, datetime.combine(month.first, time.min, item.starts_at.tzinfo))
    last = min(item.ends_at, datetime.combine(month.next().first, time.min, item.ends_at.tzinfo))
    return (first, last) if first < last else None
