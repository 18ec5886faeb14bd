"""Charges in the shape of the towns' expected results: decimals as text, sums in roubles."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.charges import HouseCharges
from core.ids import EntityId
from core.model.lines import ChargeLine
from core.money import format_roubles

__all__ = ["line_as_expected", "places", "volumes_as_expected"]


def places(value_e6: int, digits: int = 6) -> str:
    """A quantity in millionths with so many decimal places."""
    return f"{Decimal(value_e6).scaleb(-6):.{digits}f}"


def line_as_expected(line: ChargeLine, inn: Mapping[EntityId, str]) -> dict[str, Any]:
    """One line; ``inn`` names the creditors."""
    return {
        "c": inn[line.creditor_id],
        "v": places(line.volume_e6),
        "t": None if line.tariff_e6 is None else places(line.tariff_e6, 2),
        "m": line.method,
        "base": format_roubles(line.base),
        "mult": format_roubles(line.surcharge),
        "recalc": format_roubles(line.recalculation),
        "nedo": format_roubles(line.underdelivery),
        "benefit": format_roubles(line.benefit),
        "total": format_roubles(line.total),
    }


def volumes_as_expected(house: HouseCharges) -> dict[str, dict[str, dict[str, Any]]]:
    """Volumes of a house by what they are, service and month."""
    found: dict[str, dict[str, dict[str, Any]]] = {"meters": {}, "individual": {}, "soi": {}}
    for volume in house.volumes:
        key = "meters" if volume.what == "meter" else volume.what
        shown: Any = places(volume.volume_e6, 3 if volume.what == "meter" else 6)
        if volume.what == "soi":
            shown = {"v": shown, "m": volume.method}
        found[key].setdefault(volume.service, {})[volume.month] = shown
    return found
