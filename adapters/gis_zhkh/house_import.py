"""Codec of houses that a managing organisation places (importHouseUOData): the block of flats, its entrances, premises and rooms.

Every object has its TransportGUID; what is there already is named by its GUID and changed. The cadastral number is stated, or that the
registry gives none (``No_RSO_GKN_EGRP_Registered``). A flat needs its entrance: one that is there, or one of the same message, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.values import NsiRef, decimal_text, nsi_mapping
from core.errors import InvariantError
from core.ids import TransportGuid
from xsd.tables import ALBUM

__all__ = ["Entrance", "HouseBasics", "HouseToPlace", "PremisesToPlace", "RoomToPlace", "import_house_request"]

Element: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True)
class RoomToPlace:
    """A room of a flat; areas in hundredths of a square metre."""

    transport_guid: TransportGuid
    number: str
    area_e2: int
    cadastral: str = ""
    room_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class PremisesToPlace:
    """Premises of the house; with ``premises_guid`` those that are there are changed."""

    transport_guid: TransportGuid
    number: str
    area_e2: int
    residential: bool = True
    entrance: str = ""
    """Number of its entrance; empty: it has none."""
    characteristic: NsiRef | None = None
    """Separate or communal, an element of book 30."""
    common_property: bool = False
    """Of non-residential premises."""
    cadastral: str = ""
    premises_guid: UUID | None = None
    rooms: tuple[RoomToPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class Entrance:
    """An entrance with its storeys."""

    transport_guid: TransportGuid
    number: str
    storeys: int | None = None
    year: int | None = None
    entrance_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class HouseBasics:
    """What is said of the house itself; ``state`` (book 24), ``stage`` (338), ``zone`` (32). None: of a house that is there nothing is
    changed; a new one needs them all, but the least number of floors and the stage."""

    fias: UUID
    area_e2: int | None
    state: NsiRef | None
    zone: NsiRef | None
    used_since: int | None
    floors: str | None
    underground_floors: str | None
    least_floors: int | None = None
    stage: NsiRef | None = None
    cadastral: str = ""
    cultural_heritage: bool | None = False


@dataclass(frozen=True, slots=True)
class HouseToPlace:
    """A house with what is placed in it; ``is_new`` when the system does not have it yet."""

    transport_guid: TransportGuid
    basics: HouseBasics
    is_new: bool
    entrances: tuple[Entrance, ...] = ()
    premises: tuple[PremisesToPlace, ...] = ()


def import_house_request(house: HouseToPlace, *, album: str = ALBUM) -> Element:
    """Place or change one block of flats."""
    numbers = [(one.number, one.residential) for one in house.premises]
    if len(set(numbers)) != len(numbers):
        raise InvariantError("GIS-0131", "Номер помещения дома встречается дважды.")
    lacking = {one.entrance for one in house.premises if one.residential and one.entrance and one.premises_guid is None}
    lacking -= {one.number for one in house.entrances}
    if lacking and house.is_new:
        raise InvariantError("GIS-0132", f"В новом доме нет подъездов {', '.join(sorted(lacking))}, а помещения на них ссылаются.")
    said = house.basics
    if house.is_new and None in (said.area_e2, said.state, said.zone, said.used_since, said.floors, said.underground_floors):
        raise InvariantError("GIS-0139", "Сведений о новом доме недостаёт.")
    block: dict[str, Any] = {"ApartmentHouseToCreate" if house.is_new else "ApartmentHouseToUpdate": _house(house)}
    rows: dict[str, list[dict[str, Any]]] = {}
    for one in house.premises:
        if not one.residential:
            name = "NonResidentialPremiseToCreate" if one.premises_guid is None else "NonResidentialPremiseToUpdate"
            rows.setdefault(name, []).append(_shop(one))
    for entrance in house.entrances:
        name = "EntranceToCreate" if entrance.entrance_guid is None else "EntranceToUpdate"
        rows.setdefault(name, []).append(_entrance(entrance))
    flats = [_flat(one) for one in house.premises if one.residential]
    value = {"@Id": SIGNED_ID, "ApartmentHouse": {**block, **rows, "ResidentialPremises": flats or None}}
    return xmlio.render("house-management:importHouseUORequest", value, album=album)


def _house(house: HouseToPlace) -> dict[str, Any]:
    basics = house.basics
    return {
        "BasicCharacteristicts": {
            **_cadastre(basics.cadastral),
            "FIASHouseGuid": basics.fias,
            "TotalSquare": None if basics.area_e2 is None else decimal_text(basics.area_e2, 2),
            "State": None if basics.state is None else nsi_mapping(basics.state),
            "LifeCycleStage": None if basics.stage is None else nsi_mapping(basics.stage),
            "UsedYear": basics.used_since,
            "FloorCount": basics.floors,
            "OlsonTZ": None if basics.zone is None else nsi_mapping(basics.zone),
            "CulturalHeritage": basics.cultural_heritage,
        },
        "UndergroundFloorCount": basics.underground_floors,
        "MinFloorCount": basics.least_floors,
        "TransportGUID": house.transport_guid,
    }


def _cadastre(number: str) -> dict[str, Any]:
    return {"CadastralNumber": number} if number else {"No_RSO_GKN_EGRP_Registered": True}


def _entrance(one: Entrance) -> dict[str, Any]:
    return {
        "EntranceNum": one.number,
        "StoreysCount": one.storeys,
        "CreationYear": one.year,
        "TransportGUID": one.transport_guid,
        **({} if one.entrance_guid is None else {"EntranceGUID": one.entrance_guid}),
    }


def _shop(one: PremisesToPlace) -> dict[str, Any]:
    return {
        **_cadastre(one.cadastral),
        "PremisesNum": one.number,
        "TotalArea": decimal_text(one.area_e2, 2),
        "IsCommonProperty": one.common_property,
        "TransportGUID": one.transport_guid,
        **({} if one.premises_guid is None else {"PremisesGUID": one.premises_guid}),
    }


def _flat(one: PremisesToPlace) -> dict[str, Any]:
    value: dict[str, Any] = {
        **_cadastre(one.cadastral),
        "PremisesNum": one.number,
        **({"EntranceNum": one.entrance} if one.entrance else {"HasNoEntrance": True}),
        "PremisesCharacteristic": None if one.characteristic is None else nsi_mapping(one.characteristic),
        "TotalArea": decimal_text(one.area_e2, 2),
        "NoGrossArea": True,
        "TransportGUID": one.transport_guid,
    }
    if one.premises_guid is not None:
        value["PremisesGUID"] = one.premises_guid
    rooms: dict[str, list[dict[str, Any]]] = {}
    for room in one.rooms:
        row: dict[str, Any] = {
            **_cadastre(room.cadastral),
            "RoomNumber": room.number,
            "Square": decimal_text(room.area_e2, 2),
            "TransportGUID": room.transport_guid,
        }
        if room.room_guid is not None:
            row["LivingRoomGUID"] = room.room_guid
        rooms.setdefault("LivingRoomToCreate" if room.room_guid is None else "LivingRoomToUpdate", []).append(row)
    return {"ResidentialPremisesToCreate" if one.premises_guid is None else "ResidentialPremisesToUpdate": value, **rooms}
