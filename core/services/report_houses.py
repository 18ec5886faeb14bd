"""Houses of a month's report: areas, regimes and volumes once for all senders of a house, how they were matched, where they differ."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from core.ids import EntityId
from core.ledger.calculations import read_volumes
from core.services.joint_houses import JointHouse
from core.services.month_view import Json, ProviderMonth, area, volume

__all__ = ["conflicts_section", "crosswalk_section", "houses_section"]

_VOLUMES = {"meter": "meters", "individual": "individual", "soi": "soi"}
"""Sections of a house by what a volume is."""

_ByService = dict[str, dict[str, object]]


def houses_section(parts: Sequence[ProviderMonth]) -> Json:
    """The section ``houses`` over all providers, by the GUID that is believed."""
    result: Json = {}
    for part in parts:
        volumes = _volumes(part)
        for house_id, joint in part.joint.items():
            house = result.setdefault(joint.house.fias, _described(joint))
            assert isinstance(house, dict)
            for what, section in _VOLUMES.items():
                for service, by_month in volumes[house_id][what].items():
                    key = service if service not in house[section] else f"{part.provider.inn}/{service}"
                    house[section][key] = by_month
            if volumes[house_id]["correction"]:
                house.setdefault("corrections", {}).update(volumes[house_id]["correction"])
    return result


def crosswalk_section(parts: Sequence[ProviderMonth]) -> list[Json]:
    """Houses that several senders report, and what they were matched by."""
    return _once(
        {
            "house": joint.house.fias,
            "ids": {joint.sender(place).inn: _number(name.key) for place, name in enumerate(joint.same.names)},
            "matched_by": joint.same.matched_by,
        }
        for part in parts
        for joint in part.joint.values()
        if joint.is_joint
    )


def conflicts_section(parts: Sequence[ProviderMonth]) -> list[Json]:
    """What senders of one house say differently, and whose value was taken."""
    return _once(
        {
            "entity": conflict.entity,
            "house": joint.house.fias,
            "premises": conflict.premises,
            "attribute": conflict.attribute,
            "values": {joint.sender(place).inn: value for place, value in conflict.values},
            "chosen": joint.sender(conflict.chosen).inn,
        }
        for part in parts
        for joint in part.joint.values()
        for conflict in joint.conflicts
    )


def _described(joint: JointHouse) -> Json:
    house = joint.house
    described: Json = {
        "S_total": area(house.useful_area_e2),
        "S_common": area(house.common_area_e2),
        "soi_mode": house.soi_mode,
        "meters": {},
        "individual": {},
        "soi": {},
    }
    if house.waste_basis is not None:
        described["waste_basis"] = house.waste_basis
    return described


def _volumes(part: ProviderMonth) -> dict[EntityId, dict[str, _ByService]]:
    """The provider's volumes by house, what they are, service and month."""
    found: dict[EntityId, dict[str, _ByService]] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    if part.calculation is None:
        return found
    for row in read_volumes(part.connection, part.calculation):
        value: object = volume(row.volume_e6)
        if row.what == "meter":
            value = volume(row.volume_e6)[:-3]
        elif row.what == "soi":
            value = {"v": volume(row.volume_e6), "m": row.method}
        found[row.house_id][row.what][row.service][row.month] = value
    return found


def _once(rows: Iterable[Json]) -> list[Json]:
    """Each row once: every sender of a house sees the same."""
    return list({json.dumps(row, sort_keys=True, ensure_ascii=False): row for row in rows}.values())


def _number(key: str) -> int | str:
    return int(key) if key.isdecimal() else key
