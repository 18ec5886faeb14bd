"""The house's volumes for common property (КР на СОИ), month by month: ЖК ст. 156 ч. 9.2, 9.3; ПП № 124 п. 21(1).

By the house meter the volume is what individual volumes leave of it; it is never below zero, and what would be below is carried to the next
months. Individual volumes are those that are charged, without coefficients. The months are frozen with the calculation as house volumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from core.charges import clauses
from core.charges.findings import Held
from core.charges.rules import Rules
from core.charges.volumes import Part
from core.ids import RecordId
from core.model.facts import HouseFacts, ServiceFacts
from core.period import Month

__all__ = ["CommonVolume", "common_volumes", "shared_part"]

Regime = Literal["norm", "meter"]
_NORM, _METER, _AVERAGE, _NORM_WITH_RECALCULATION = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class CommonVolume:
    """Volume of common property of a house in a month, with the arguments that the accounts' shares are computed from."""

    month: Month
    method: Literal["odpu", "norm"]
    volume: Fraction
    values: Mapping[str, Fraction]
    records: Mapping[str, tuple[RecordId, ...]]


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
    if _regime(house, has_meter=has_meter) == "norm":
        return [_by_norm(house, service, month, rules) for month in individual]
    found = []
    carried = Fraction(0)
    for month, together in individual.items():
        if month not in meter:
            if month < min(meter, default=rules.month):
                found.append(_by_norm(house, service, month, rules))
                continue
            raise Held(
                "CH-005",
                f"нет показания общедомового прибора за {month.title}",
                hint="Показание присылает УК или РСО, отвечающая за прибор.",
                clause="ЖК ст. 156 ч. 9.2",
                scope="house",
            )
        if together is None:
            raise Held(
                "CH-004",
                f"неизвестен объём одного из помещений за {month.title}, остаток общедомового прибора не определить",
                hint="Устраните замечания по лицевым счетам дома.",
                clause="ЖК ст. 156 ч. 9.2",
                scope="house",
            )
        house_volume, readings = meter[month]
        values = {"V_house": house_volume, "V_individual": together, "V_carried": carried}
        found.append(CommonVolume(month, "odpu", Fraction(clauses.house_rest(**values)), values, {"V_house": readings}))
        if rules.choice("negative_common", month.last) == "carry":
            carried = Fraction(clauses.house_carry(**values))
    return found


def shared_part(common: CommonVolume, *, area: Fraction, area_source: RecordId, house: HouseFacts) -> Part:
    """An account's share of the common volume: by its area in the area of all premises."""
    if not house.useful_area_e2:
        raise Held("CH-004", "нет площади всех помещений дома (HOUSE.25)", hint="Присылает УК.", clause="ЖК ст. 156 ч. 9.2", scope="house")
    values = {**common.values, "S": area, "S_all": Fraction(house.useful_area_e2, 100)}
    records = {**common.records, "S": (area_source,), "S_all": (house.source,)}
    return Part("soi_by_meter" if common.method == "odpu" else "soi_norm", values, records, by_days_of_month=True)


def _regime(house: HouseFacts, *, has_meter: bool) -> Regime:
    """How the house charges for common property: decided by its owners, else by norm with a yearly recalculation; no meter: always norm."""
    if house.soi_mode not in (None, _NORM, _METER, _AVERAGE, _NORM_WITH_RECALCULATION):
        raise Held(
            "CH-013", f"неизвестный порядок СОИ: {house.soi_mode}", hint="УК присылает код 1–4.", clause="ЖК ст. 156 ч. 9.2", scope="house"
        )
    if not has_meter or (house.soi_mode != _METER and house.soi_mode != _AVERAGE):
        return "norm"
    if house.soi_mode == _AVERAGE:
        raise Held(
            "CH-013",
            "порядок СОИ «по среднему»: нет объёмов прошлого года",
            hint="Пришлите показания общедомового прибора за прошлый год.",
            clause="ЖК ст. 156 ч. 9.2",
            scope="house",
        )
    return "meter"


def _by_norm(house: HouseFacts, service: ServiceFacts, month: Month, rules: Rules) -> CommonVolume:
    if house.common_area_e2 is None:
        raise Held("CH-004", "нет площади общего имущества (HOUSE.24)", hint="Присылает УК.", clause="ЖК ст. 156 ч. 9.2", scope="house")
    norms = rules.norms(
        "per_m2_common", month.last, month.last, utility=None, resource=service.resource_kind, what=f"«{service.name}», на общее имущество"
    )
    values = {"N": norms[0].value, "S_common": Fraction(house.common_area_e2, 100)}
    volume = values["N"] * values["S_common"]
    return CommonVolume(month, "norm", volume, values, {"N": norms[0].records, "S_common": (house.source,)})
