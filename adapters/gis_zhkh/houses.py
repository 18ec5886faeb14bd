"""Codec of houses: ask for a house by its ФИАС identifier, read its premises and rooms with their federal identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import guid, listed
from xsd.tables import ALBUM

__all__ = ["FederalHouse", "FederalPremises", "FederalRoom", "export_house_request", "read_house"]

Element: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True)
class FederalRoom:
    """A room (комната); ``actual`` is False once it is terminated or annulled."""

    guid: UUID
    number: str
    actual: bool


@dataclass(frozen=True, slots=True)
class FederalPremises:
    """A flat, a non-residential premises or a block of a living house, as the federal system knows it."""

    guid: UUID
    number: str
    residential: bool
    entrance: str | None
    area: str | None
    """Square metres as the reply gives them."""
    unique_number: str | None
    actual: bool
    rooms: tuple[FederalRoom, ...]


@dataclass(frozen=True, slots=True)
class FederalHouse:
    """A house. ``fias_guid`` is the one the system holds, which may differ from the one asked for."""

    unique_number: str
    fias_guid: UUID | None
    apartment_house: bool
    actual: bool
    premises: tuple[FederalPremises, ...]
    rooms: tuple[FederalRoom, ...]
    """Rooms that stand directly in a living house."""


def export_house_request(fias: UUID, *, album: str = ALBUM) -> Element:
    """Ask for one house; the version asked for decides what the answer holds, so it is the newest we read."""
    return xmlio.render("house-management:exportHouseRequest", {"@Id": SIGNED_ID, "FIASHouseGuid": fias}, album=album)


def read_house(reply: StateReply) -> FederalHouse | None:
    """The house of an export; None when there was nothing to export."""
    value = reply.content.get("exportHouseResult")
    if value is None:
        return None
    apartment = value.get("ApartmentHouse")
    house = apartment if apartment is not None else value.get("LivingHouse", {})
    basic = house.get("BasicCharacteristicts", {})
    premises = [
        *(_premises(one, residential=True) for one in listed(house, "ResidentialPremises")),
        *(_premises(one, residential=False) for one in listed(house, "NonResidentialPremises")),
        *(_premises(one, residential=True) for one in listed(house, "Block")),
    ]
    return FederalHouse(
        unique_number=str(value.get("HouseUniqueNumber", "")),
        fias_guid=guid(basic["FIASHouseGuid"]) if basic.get("FIASHouseGuid") else None,
        apartment_house=apartment is not None,
        actual=_actual(basic),
        premises=tuple(premises),
        rooms=tuple(_room(one) for one in listed(house, "LivingRoom")),
    )


def _actual(value: Mapping[str, Any]) -> bool:
    return not (value.get("TerminationDate") or value.get("AnnulmentReason") or value.get("DemolishionDate"))


def _premises(value: Mapping[str, Any], *, residential: bool) -> FederalPremises:
    return FederalPremises(
        guid=guid(value.get("PremisesGUID") or value["BlockGUID"]),
        number=str(value.get("PremisesNum") or value.get("BlockNum") or ""),
        residential=residential and value.get("Category", "Residential") == "Residential",
        entrance=value.get("EntranceNum"),
        area=value.get("TotalArea"),
        unique_number=value.get("PremisesUniqueNumber") or value.get("BlockUniqueNumber"),
        actual=_actual(value),
        rooms=tuple(_room(one) for one in listed(value, "LivingRoom")),
    )


def _room(value: Mapping[str, Any]) -> FederalRoom:
    return FederalRoom(guid(value["LivingRoomGUID"]), str(value.get("RoomNumber", "")), _actual(value))
