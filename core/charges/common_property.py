"""The house's volumes for common property (КР на СОИ), month by month: ЖК ст. 156 ч. 9.2, 9.3; ПП № 124 п. 21(1).

By the house meter the volume is what individual volumes leave of it; it is never below zero, and what would be below is carried to the next
months. Individual volumes are those that are charged, without coefficients. The months are frozen with the calculation as house volumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Literal

from core.charges import clauses
from core.charges.findings import Held
from core.charges.rules import Rules
from core.charges.volumes import Part
from core.ids import RecordId
from core.model.facts import HouseFacts, ServiceFacts
from core.period import Month

__all__ = ["CommonMonth", "CommonVolume", "Regime", "common_month", "common_volumes", "shared_part"]


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


@dataclass(frozen=True, slots=True)
class CommonVolume:
    """Volume of common needs of a house in a month, with the clause and the arguments that the accounts' shares are computed from."""

    month: Month
    method: Literal["odpu", "norm", "average", "none"]
    volume: Fraction
    values: Mapping[str, Fraction]
    records: Mapping[str, tuple[RecordId, ...]]
    clause: str = "soi_norm"
    negative: tuple[Fraction, Fraction] | None = None
    """House meter and individual volumes, where their negative rest lowers own volumes (п. 47)."""


def common_volumes(
    house: HouseFacts,
    service: ServiceFacts,
    *,
    meter: Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]],
    has_meter: bool,
    individual: Mapping[Month, Fraction | None],
    rules: Rules,
) -> list[CommonVolume]:
    """The service in every month of ``individual``; a month of it that is None makes the house's volume unknown and holds the house."""
    regime = _regime(house, has_meter=has_meter, rules=rules)
    if regime is Regime.NONE:
        return [CommonVolume(month, "none", Fraction(0), {}, {}) for month in individual]
    if regime is Regime.AVERAGE:
        return [_by_average(house, service, month) for month in individual]
    if regime not in (Regime.BY_METER, Regime.ODN) or not has_meter:
        return [_by_norm(house, service, month, rules) for month in individual]
    found = []
    carried = Fraction(0)
    for month, together in individual.items():
        if month not in meter and month < min(meter, default=rules.month):
            found.append(_by_norm(house, service, month, rules))
            continue
        house_volume, readings = _read(meter, month)
        if together is None:
            raise Held(
                "CH-004",
                f"неизвестен объём одного из помещений за {month.title}, остаток общедомового прибора не определить",
                hint="Устраните замечания по лицевым счетам дома.",
                clause="ЖК ст. 156 ч. 9.2",
                scope="house",
            )
        values = {"V_house": house_volume, "V_individual": together}
        if regime is Regime.ODN:
            found.append(_odn(house, service, month, values, readings, rules))
            continue
        values["V_carried"] = carried
        rest = Fraction(clauses.house_rest(**values))
        found.append(CommonVolume(month, "odpu", rest, values, {"V_house": readings}, "soi_by_meter"))
        if rules.choice("negative_common", month.last) != "forget":
            carried = Fraction(clauses.house_carry(**values))
    return found


def shared_part(common: CommonVolume, *, area: Fraction, area_source: RecordId, house: HouseFacts) -> Part:
    """An account's share of the common volume: by its area in the area of all premises."""
    if not house.useful_area_e2:
        raise Held("CH-004", "нет площади всех помещений дома (HOUSE.25)", hint="Присылает УК.", clause="ЖК ст. 156 ч. 9.2", scope="house")
    values = {**common.values, "S": area, "S_all": Fraction(house.useful_area_e2, 100)}
    records = {**common.records, "S": (area_source,), "S_all": (house.source,)}
    return Part(common.clause, values, records, by_days_of_month=True)


def _read(meter: Mapping[Month, tuple[Fraction, tuple[RecordId, ...]]], month: Month) -> tuple[Fraction, tuple[RecordId, ...]]:
    if month in meter:
        return meter[month]
    raise Held(
        "CH-005",
        f"нет показания общедомового прибора за {month.title}",
        hint="Показание присылает УК или РСО, отвечающая за прибор.",
        clause="ЖК ст. 156 ч. 9.2",
        scope="house",
    )


def _regime(house: HouseFacts, *, has_meter: bool, rules: Rules) -> Regime:
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
    house: HouseFacts, service: ServiceFacts, month: Month, values: dict[str, Fraction], readings: tuple[RecordId, ...], rules: Rules
) -> CommonVolume:
    """ОДН by ПП 354 with a house meter: capped by the norm unless the owners decided otherwise; a negative rest lowers own volumes."""
    records: dict[str, tuple[RecordId, ...]] = {"V_house": readings}
    lowers = values["V_house"] < values["V_individual"] and rules.choice("negative_common", month.last) != "forget"
    negative = (values["V_house"], values["V_individual"]) if lowers else None
    whole = max(values["V_house"] - values["V_individual"], Fraction(0))
    if rules.choice("odn_cap", month.last) == "meeting_decided":
        return CommonVolume(month, "odpu", whole, values, records, "formula_12", negative)
    norm = _by_norm(house, service, month, rules)
    return CommonVolume(
        month, "odpu", min(whole, norm.volume), {**values, **norm.values}, {**records, **norm.records}, "formula_12_capped", negative
    )


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
    if house.common_area_e2 is None:
        raise Held("CH-004", "нет площади общего имущества (HOUSE.24)", hint="Присылает УК.", clause="ЖК ст. 156 ч. 9.2", scope="house")
    norms = rules.norms(
        "per_m2_common", month.last, month.last, utility=None, resource=service.resource_kind, what=f"«{service.name}», на общее имущество"
    )
    values = {"N": norms[0].value, "S_common": Fraction(house.common_area_e2, 100)}
    volume = values["N"] * values["S_common"]
    return CommonVolume(month, "norm", volume, values, {"N": norms[0].records, "S_common": (house.source,)})
