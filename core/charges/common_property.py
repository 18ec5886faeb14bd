"""The house's volumes for common property (КР на СОИ), month by month: ЖК ст. 156 ч. 9.2, 9.3; ПП № 124 п. 21(1).

By the house meter the volume is what individual volumes leave of it; it is never below zero, and what would be below is carried to the next
months. Individual volumes are those that are charged, without coefficients. The months are frozen with the calculation as house volumes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from typing import Literal

from core.charges import clauses
from core.charges.findings import Held
from core.charges.house_meters import AverageMonth, Counted, StoppedMeter, average_instead, installed_by, stopped_meters, unread
from core.charges.rules import Rules
from core.charges.volumes import Part
from core.exact import scaled
from core.ids import RecordId
from core.model.facts import HouseFacts, MeterFacts, ServiceFacts
from core.period import Month

__all__ = ["CommonMonth", "CommonVolume", "Regime", "common_month", "common_volumes", "regime_of", "shared_part"]


class Regime(Enum):
    """How a house charges a resource of its common property; values are those of the setting ``soi_regime``."""

    NORM = "soi_norm"
    BY_METER = "soi_by_meter"
    AVERAGE = "soi_average"
    NORM_THEN_RECALCULATION = "soi_norm_then_recalc"
    ODN = "odn_354"
    """The supplier is the provider: formulas 10–15 with the cap of п. 44."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CommonMonth:
    """A house's month of common needs: what is charged, what is carried on (not negative), what the provider bears, the exact rest."""

    charged: Fraction
    carried: Fraction
    borne_by_provider: Fraction
    rest: Fraction | None
    """House meter less individual volumes, either sign; None without a house meter."""


def common_month(
    regime: Regime,
    *,
    house: Fraction | None,
    individual: Fraction | None,
    carried: Fraction,
    norm: Fraction | None,
    average: Fraction | None,
    capped: bool,
    keeps_negative: bool,
) -> CommonMonth:
    """One month of a house by its regime; volumes that the regime does not need may be None, a needed one is a ``ValueError``."""
    rest = None if house is None or individual is None else house - individual
    zero = Fraction(0)
    if regime is Regime.NONE:
        return CommonMonth(zero, zero, zero, rest)
    if regime is Regime.AVERAGE:
        return CommonMonth(_needed(average, "average month"), zero, zero, rest)
    if regime in (Regime.NORM, Regime.NORM_THEN_RECALCULATION) or (regime is Regime.ODN and rest is None):
        return CommonMonth(_needed(norm, "norm"), zero, zero, rest)
    values = {"V_house": _needed(house, "house meter"), "V_individual": _needed(individual, "individual volumes")}
    if regime is Regime.BY_METER:
        charged = Fraction(clauses.house_rest(**values, V_carried=carried))
        kept = Fraction(clauses.house_carry(**values, V_carried=carried)) if keeps_negative else zero
        return CommonMonth(charged, kept, zero, rest)
    whole = Fraction(clauses.positive_part(_needed(rest, "house meter")))
    charged = min(whole, _needed(norm, "norm")) if capped else whole
    return CommonMonth(charged, zero, whole - charged, rest)


def _needed(value: Fraction | None, what: str) -> Fraction:
    if value is None:
        raise ValueError(f"the regime needs the {what}")
    return value


_NORM, _METER, _AVERAGE, _NORM_WITH_RECALCULATION = 1, 2, 3, 4

CommonMethod = Literal["odpu", "norm", "average", "none"]
_METER_METHOD: CommonMethod = "odpu"
_AVERAGE_METHOD: CommonMethod = "average"


@dataclass(frozen=True, slots=True)
class CommonVolume:
    """Volume of common needs of a house in a month, with the clause and the arguments that the accounts' shares are computed from."""

    month: Month
    method: CommonMethod
    volume: Fraction
    values: Mapping[str, Fraction]
    records: Mapping[str, tuple[RecordId, ...]]
    clause: str = "soi_norm"
    negative: tuple[Fraction, Fraction] | None = None
    """House meter and individual volumes, where their negative rest lowers own volumes (п. 47)."""
    stopped: tuple[StoppedMeter, ...] = ()
    """House meters out of order, in whose place the average or the norm was taken."""


def common_volumes(
    house: HouseFacts,
    service: ServiceFacts,
    *,
    meter: Mapping[Month, Counted],
    devices: Sequence[MeterFacts],
    individual: Mapping[Month, Fraction | None],
    rules: Rules,
) -> list[CommonVolume]:
    """The service in every month of ``individual``; a month of it that is None makes the house's volume unknown and holds the house.

    ``meter``: what the house meters of the base service, ``devices``, counted.
    """
    regime = regime_of(house, has_meter=bool(devices), rules=rules)
    if regime is Regime.NONE:
        return [CommonVolume(month, "none", Fraction(0), {}, {}) for month in individual]
    if regime is Regime.AVERAGE:
        return [_by_average(house, service, month) for month in individual]
    if regime not in (Regime.BY_METER, Regime.ODN) or not devices:
        return [known for month in individual if (known := _norm_of(house, service, month, rules)) is not None]
    found = []
    carried = Fraction(0)
    for month, together in individual.items():
        if month == rules.month and rules.choice("negative_common", month.last) != "forget":
            carried = dict(house.carried).get(service.key, carried)
        stopped: tuple[StoppedMeter, ...] = ()
        read: Counted | AverageMonth | None = meter.get(month)
        installed = installed_by(devices, month)
        if read is None and installed and month >= min(meter, default=rules.month):
            stopped = tuple(stopped_meters(installed, month))
            if not stopped:
                raise unread(installed, month, clause="ЖК ст. 156 ч. 9.2")
            read = average_instead(meter, month, rules)
        if read is None:
            known = _norm_of(house, service, month, rules)
            if known is not None:
                found.append(replace(known, stopped=stopped))
            continue
        if together is None:
            raise Held(
                "CH-004",
                f"неизвестен объём одного из помещений за {month.title}, остаток общедомового прибора не определить",
                hint="Устраните замечания по лицевым счетам дома.",
                clause="ЖК ст. 156 ч. 9.2",
                scope="house",
            )
        if regime is Regime.ODN:
            found.append(replace(_odn(house, service, month, read, together, rules), stopped=stopped))
            continue
        volume = _by_meter(month, read, together, carried)
        found.append(replace(volume, stopped=stopped))
        if rules.choice("negative_common", month.last) != "forget":
            carried = Fraction(clauses.house_carry(_counted(read), together, carried))
    return found


def _norm_of(house: HouseFacts, service: ServiceFacts, month: Month, rules: Rules) -> CommonVolume | None:
    """A month by the norm; an earlier one whose norm is not known is left out, since nothing of it is carried on."""
    try:
        return _by_norm(house, service, month, rules)
    except Held:
        if month == rules.month:
            raise
        return None


def _counted(read: Counted | AverageMonth) -> Fraction:
    return read.volume if isinstance(read, AverageMonth) else read[0]


def _by_meter(month: Month, read: Counted | AverageMonth, together: Fraction, carried: Fraction) -> CommonVolume:
    """What the house meter, or its average month while it is out of order, leaves for common property."""
    rest = Fraction(clauses.house_rest(_counted(read), together, carried))
    values = {"V_individual": together, "V_carried": carried}
    if isinstance(read, AverageMonth):
        return CommonVolume(month, "average", rest, {**read.values, **values}, read.records, "soi_house_average")
    return CommonVolume(month, "odpu", rest, {"V_house": read[0], **values}, {"V_house": read[1]}, "soi_by_meter")


def shared_part(common: CommonVolume, *, area: Fraction, area_source: RecordId, house: HouseFacts) -> Part:
    """An account's share of the common volume: by its area in the area of all premises."""
    if not house.useful_area_e2:
        raise Held("CH-004", "нет площади всех помещений дома (HOUSE.25)", hint="Присылает УК.", clause="ЖК ст. 156 ч. 9.2", scope="house")
    values = {**common.values, "S": area, "S_all": scaled(house.useful_area_e2, 100)}
    records = {**common.records, "S": (area_source,), "S_all": (house.source,)}
    return Part(common.clause, values, records, by_days_of_month=True)


def regime_of(house: HouseFacts, *, has_meter: bool, rules: Rules) -> Regime:
    """How the house charges for common property: decided by its owners, else by the setting; without a house meter always by norm."""
    decided = {
        None: Regime(rules.choice("soi_regime", rules.month.last)), _NORM: Regime.NORM, _METER: Regime.BY_METER,
        _AVERAGE: Regime.AVERAGE, _NORM_WITH_RECALCULATION: Regime.NORM_THEN_RECALCULATION,
    }  # fmt: skip
    if house.soi_mode not in decided:
        raise Held(
            "CH-013", f"неизвестный порядок СОИ: {house.soi_mode}", hint="УК присылает код 1–4.", clause="ЖК ст. 156 ч. 9.2", scope="house"
        )
    regime = decided[house.soi_mode]
    return regime if has_meter or regime in (Regime.NONE, Regime.ODN) else Regime.NORM


def _odn(
    house: HouseFacts, service: ServiceFacts, month: Month, read: Counted | AverageMonth, together: Fraction, rules: Rules
) -> CommonVolume:
    """ОДН by ПП 354 with a house meter: capped by the norm unless the owners decided otherwise; a negative rest lowers own volumes.

    While the meter is out of order its average month stands for its volume; an average below the individual volumes lowers nothing, since
    nobody measured that they were less.
    """
    counted = _counted(read)
    whole = max(counted - together, Fraction(0))
    negative = None
    if isinstance(read, AverageMonth):
        clause, method = "formula_12_average", _AVERAGE_METHOD
        values, records = {**read.values, "V_individual": together}, dict(read.records)
    else:
        clause, method = "formula_12", _METER_METHOD
        values, records = {"V_house": counted, "V_individual": together}, {"V_house": read[1]}
        if counted < together and rules.choice("negative_common", month.last) != "forget":
            negative = (counted, together)
    if rules.choice("odn_cap", month.last) == "meeting_decided":
        return CommonVolume(month, method, whole, values, records, clause, negative)
    norm = _by_norm(house, service, month, rules)
    values, records = {**values, **norm.values}, {**records, **norm.records}
    return CommonVolume(month, method, min(whole, norm.volume), values, records, f"{clause}_capped", negative)


def _by_average(house: HouseFacts, service: ServiceFacts, month: Month) -> CommonVolume:
    averages = dict(house.average_common_e6)
    if service.key not in averages:
        raise Held(
            "CH-013",
            "порядок СОИ «по среднему»: нет объёмов прошлого года",
            hint="Пришлите показания общедомового прибора за прошлый год.",
            clause="ЖК ст. 156 ч. 9.2",
            scope="house",
        )
    average = Fraction(averages[service.key], 10**6)
    return CommonVolume(month, "average", average, {"V_average": average}, {"V_average": (house.source,)}, "soi_average")


def _by_norm(house: HouseFacts, service: ServiceFacts, month: Month, rules: Rules) -> CommonVolume:
    if not house.common_area_e2:
        raise Held("CH-004", "нет площади общего имущества (HOUSE.24)", hint="Присылает УК.", clause="ЖК ст. 156 ч. 9.2", scope="house")
    norms = rules.norms(
        "per_m2_common", month.last, month.last, utility=None, resource=service.resource_kind, what=f"«{service.name}», на общее имущество"
    )
    values = {"N": norms[0].value, "S_common": scaled(house.common_area_e2, 100)}
    volume = values["N"] * values["S_common"]
    return CommonVolume(month, "norm", volume, values, {"N": norms[0].records, "S_common": (house.source,)})
