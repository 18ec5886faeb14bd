"""Blocks of flats with their premises and rooms as the records of a sender have them, for the federal register of houses."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.model.records import House, Premises, Room
from core.records.bodies import read_records
from core.records.entities import entity_ids

__all__ = ["OwnHouse", "OwnPremises", "OwnRoom", "StatedHouse", "own_houses"]

_APARTMENT_HOUSE = 1
_RESIDENTIAL = 1
_CONDITIONS = {1: "Аварийный", 2: "Исправный", 3: "Ветхий"}
"""Condition of Формат 4.0 → name of its element in book 24."""


@dataclass(frozen=True, slots=True)
class StatedHouse:
    """What the federal system wants to know of a house that it does not have. ``state`` (book 24) and ``zone`` (book 32): code or name of
    an element; empty and None where nobody has said it."""

    area_e2: int | None = None
    used_since: int | None = None
    floors: int | None = None
    least_floors: int | None = None
    underground_floors: int | None = None
    state: str = ""
    zone: str = ""

    def or_else(self, other: StatedHouse) -> StatedHouse:
        """With what this one lacks taken from another."""
        lacks = {name: getattr(other, name) for name in self.__slots__ if getattr(self, name) in (None, "")}
        return replace(self, **lacks)

    def lacking(self) -> str:
        """What is not said, in Russian; empty when the house can go."""
        needs = (
            ("общей площади", self.area_e2 or None),
            ("состояния", self.state or None),
            ("года ввода", self.used_since),
            ("числа этажей", self.floors),
            ("числа подземных этажей", self.underground_floors),
            ("часовой зоны", self.zone or None),
        )
        return ", ".join(name for name, value in needs if value is None)


@dataclass(frozen=True, slots=True)
class OwnRoom:
    """A room of a communal flat."""

    entity_id: EntityId
    number: str
    area_e2: int


@dataclass(frozen=True, slots=True)
class OwnPremises:
    """Premises with their rooms."""

    entity_id: EntityId
    number: str
    residential: bool
    common_property: bool
    area_e2: int
    cadastral: str
    rooms: tuple[OwnRoom, ...]


@dataclass(frozen=True, slots=True)
class OwnHouse:
    """A block of flats of our records."""

    entity_id: EntityId
    fias: str
    address: str
    cadastral: str
    stated: StatedHouse
    premises: list[OwnPremises] = field(default_factory=list)


def own_houses(connection: Connection, provider_id: ProviderId) -> list[OwnHouse]:
    """Blocks of flats as they stand in the records, by address; premises that have ceased are left out."""
    numbers = {kind: entity_ids(connection, provider_id, kind) for kind in ("house", "premises", "room")}
    rooms: dict[str, list[OwnRoom]] = defaultdict(list)
    for room in read_records(connection, Room, provider_id=provider_id):
        if room.body.premises is not None:
            rooms[room.body.premises].append(OwnRoom(numbers["room"][room.key], room.body.number, room.body.area_e2))
    houses = {}
    for record in read_records(connection, House, provider_id=provider_id):
        body = record.body
        if body.house_kind == _APARTMENT_HOUSE:
            stated = StatedHouse(
                body.total_area_e2,
                body.used_since,
                body.floors,
                body.least_floors,
                body.underground_floors,
                _CONDITIONS.get(body.condition or 0, ""),
                body.time_zone,
            )
            houses[record.key] = OwnHouse(numbers["house"][record.key], body.fias.lower(), body.address, body.cadastral, stated)
    for premises in read_records(connection, Premises, provider_id=provider_id):
        one = premises.body
        if one.house in houses and one.ceased_on is None:
            own = tuple(rooms[premises.key]) if one.kind == _RESIDENTIAL else ()
            found = OwnPremises(
                numbers["premises"][premises.key],
                one.number,
                one.kind == _RESIDENTIAL,
                one.common_property,
                one.area_e2,
                one.cadastral,
                own,
            )
            houses[one.house].premises.append(found)
    return sorted(houses.values(), key=lambda house: (house.address, house.fias))
