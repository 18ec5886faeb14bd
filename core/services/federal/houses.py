"""Houses to the federal system: blocks of flats, premises and rooms of our records that it does not have, placed once.

    house (export) → not there: the house, its premises and rooms in a message · there: what is missing in it → export again where an
    answer was lost

What a new house needs is taken from the records, else from what a person states; without it the house waits, and what it lacks is told. A
house that is there is not changed, only added to. Premises of two records with one number are a person's to sort out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.records.crosswalk import ExternalId, link
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.directory import known, same_number
from core.services.federal.elements_found import find_element
from core.services.federal.gateway import Answer, AskHouse, Content, FederalPlace, NsiElement, Request
from core.services.federal.own_houses import OwnHouse, OwnPremises, OwnRoom, StatedHouse, own_houses
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_housing import HouseCard, PlaceHouse, PremisesCard, RoomCard

__all__ = ["HouseStanding", "house_standing", "look_at_houses", "place_houses"]

_KIND = "house_part"
_STATES, _ZONES = "24", "32"
_PACKAGE = 100
"""Premises in one message."""
_ABSENT = frozenset(("INT002000",))
"""How the federal system says that it does not have a house."""


@dataclass(frozen=True, slots=True)
class HouseStanding:
    """How our houses, premises and rooms stand: there, on their way, refused and held with reasons."""

    finished: bool
    houses: int
    houses_there: int
    places: int
    """Premises and rooms."""
    places_there: int
    waiting: int
    refused: Mapping[str, tuple[tuple[str, str], ...]]
    held: Mapping[str, str]


def look_at_houses(
    federal: Federal, *, provider_id: ProviderId, fias: Collection[str] = (), waiting: Waiting | None = None
) -> HouseStanding:
    """Export our houses, or just these; how they stand by what came."""
    ran = _ask(federal, provider_id, _chosen(federal, provider_id, fias), None, waiting)
    return house_standing(federal, provider_id=provider_id, fias=fias, finished=ran.finished)


def place_houses(
    federal: Federal,
    *,
    provider_id: ProviderId,
    fias: Collection[str] = (),
    stated: StatedHouse | None = None,
    waiting: Waiting | None = None,
) -> HouseStanding:
    """Place what the federal system does not have of our houses, or of just these; how they stand afterwards. ``stated`` stands in where
    the records do not say something of a house. ``InputError`` GIS-0539 when there is no such house."""
    chosen = _chosen(federal, provider_id, fias)
    ran = _ask(federal, provider_id, chosen, {}, waiting)
    shown = _shown(federal, provider_id)
    lacking = dict.fromkeys((one.fias for one in chosen), "")
    for one in chosen:
        if one.fias not in shown or shown[one.fias].has_house:
            continue
        said = one.stated.or_else(stated or StatedHouse())
        lacking[one.fias] = said.lacking()
        if not lacking[one.fias]:
            ran = _ask(federal, provider_id, [one], _card(federal, provider_id, said, waiting), waiting)
    return house_standing(federal, provider_id=provider_id, fias=fias, finished=ran.finished, lacking=lacking)


def house_standing(
    federal: Federal,
    *,
    provider_id: ProviderId,
    fias: Collection[str] = (),
    finished: bool = True,
    lacking: Mapping[str, str] | None = None,
) -> HouseStanding:
    """How houses stand by the last exports, which are read from the archive, and by what was placed since."""
    chosen, shown = _chosen(federal, provider_id, fias), _shown(federal, provider_id)
    titles: dict[int, str] = {}
    held: dict[str, str] = {}
    missing: set[int] = set()
    places = houses_there = 0
    for house in chosen:
        content = shown.get(house.fias)
        number = _number(provider_id, house.fias, "house")
        titles[number] = house.address
        if content is None:
            held[house.address] = "ГИС ЖКХ ещё не спрошена о доме"
        elif not content.has_house:
            missing.add(number)
            lacks = house.stated.lacking() if lacking is None else lacking.get(house.fias, "")
            if lacks:
                held[house.address] = f"в данных поставщика нет {lacks} (HOUSE, поля 11, 17–22); назовите их ключами команды"
        houses_there += content is not None and content.has_house
        there = _Places(() if content is None else content.places)
        twice = _twice(house)
        for one in house.premises:
            for room in (None, *one.rooms):
                own = _place_number(provider_id, house.fias, one, room)
                title = f"{house.address}, {'кв.' if one.residential else 'пом.'} {one.number}" + (f", комн. {room.number}" if room else "")
                titles[own] = title
                places += 1
                if not there.has(one, room):
                    missing.add(own)
                    reason = _unfit(one, room, twice)
                    held |= {title: reason} if reason else {}
    with federal.engine.connect() as connection:
        live = outbox.live(connection, _KIND, sorted(missing))
        refusals = outbox.refusals(connection, _KIND, provider_id=provider_id)
    placed = {number for number in missing if number in live and live[number].state == "accepted"}
    houses_there += sum(_number(provider_id, house.fias, "house") in placed for house in chosen)
    every_house = {_number(provider_id, house.fias, "house") for house in chosen}
    refused = {titles[number]: reasons for number, reasons in refusals.items() if number in missing and number not in live}
    return HouseStanding(
        finished,
        len(chosen),
        houses_there,
        places,
        places - len(missing - every_house) + len(placed - every_house),
        len([number for number in missing if number in live and live[number].state == "waiting"]),
        refused,
        {title: reason for title, reason in held.items() if title not in refused},
    )


class _Places:
    """Premises and rooms that an export shows, as ours are compared with them."""

    def __init__(self, places: Sequence[FederalPlace]) -> None:
        self.guids = {
            (same_number(one.number), one.residential, None if one.room is None else same_number(one.room)): one.guid for one in places
        }

    def of(self, number: str, residential: bool, room: str | None = None) -> UUID | None:
        """The identifier of a place."""
        return self.guids.get((same_number(number), residential, None if room is None else same_number(room)))

    def has(self, one: OwnPremises, room: OwnRoom | None) -> bool:
        """Whether a place of ours is there."""
        return self.of(one.number, one.residential, None if room is None else room.number) is not None


def _twice(house: OwnHouse) -> set[tuple[str, bool]]:
    """Numbers of premises that several records of a house have."""
    counted = Counter((same_number(one.number), one.residential) for one in house.premises)
    return {key for key, count in counted.items() if count > 1}


def _unfit(one: OwnPremises, room: OwnRoom | None, twice: set[tuple[str, bool]]) -> str:
    """Why a place cannot be placed, in Russian; empty when it can."""
    if (same_number(one.number), one.residential) in twice:
        return "помещений с таким номером в данных несколько"
    area = one.area_e2 if room is None else min(one.area_e2, room.area_e2)
    number = one.number if room is None else room.number
    return "" if area > 0 and number else "в данных поставщика нет площади или номера (PREMISES, ROOM)"


def _chosen(federal: Federal, provider_id: ProviderId, fias: Collection[str]) -> list[OwnHouse]:
    with federal.engine.connect() as connection:
        owned = own_houses(connection, provider_id)
    wanted = {one.lower() for one in fias}
    strange = sorted(wanted - {one.fias for one in owned})
    if strange:
        raise InputError(
            "GIS-0539",
            f"Многоквартирного дома {', '.join(strange)} в данных нет.",
            hint="Назовите ФИАС дома; дома показывает erkc gis houses show.",
        )
    return [one for one in owned if not wanted or one.fias in wanted]


def _shown(federal: Federal, provider_id: ProviderId) -> dict[str, Content]:
    """What the last export of each house showed, by ФИАС."""
    newest: dict[str, Exchange] = {}
    with federal.engine.connect() as connection:
        for one in outbox.exchanges(connection, system=federal.system, states=("done",), provider_id=provider_id, act="house_there"):
            if one.result_message_id is not None:
                newest[one.request["fias"]] = one
        read = {fias: (one.operation, archive.read(connection, MessageId(one.result_message_id or 0))) for fias, one in newest.items()}
    return {fias: federal.gateway.read(operation, data) for fias, (operation, data) in read.items()}


def _ask(
    federal: Federal, provider_id: ProviderId, houses: Sequence[OwnHouse], card: Mapping[str, Any] | None, waiting: Waiting | None
) -> Ran:
    """Export houses; with a ``card`` what is missing leaves with the answer, the house itself too when the card is not empty."""
    name = "house_there" if card is None else "house_to_create" if card else "house_to_complete"
    with federal.write("ask for houses") as connection:
        for one in houses:
            request = {"fias": one.fias, "house_id": one.entity_id, "card": None if card is None else dict(card)}
            begin(connection, federal, "house_there", provider_id=provider_id, subject=f"{name}/{one.fias}", request=request)
    return run_waiting(federal, provider_id, waiting)


def _card(federal: Federal, provider_id: ProviderId, said: StatedHouse, waiting: Waiting | None) -> dict[str, Any]:
    """What is stored of a house to place."""
    state, zone = (
        find_element(federal, provider_id=provider_id, book=book, code=code, waiting=waiting)
        for book, code in ((_STATES, said.state), (_ZONES, said.zone))
    )
    return {
        "area": said.area_e2,
        "used_since": said.used_since,
        "floors": said.floors,
        "least_floors": said.least_floors,
        "underground_floors": said.underground_floors,
        "state": str(state),
        "zone": str(zone),
    }


def _number(provider_id: ProviderId, *key: str) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join((_KIND, str(provider_id), *key)).encode()).digest()[:8], "big") >> 1


def _place_number(provider_id: ProviderId, fias: str, one: OwnPremises, room: OwnRoom | None) -> int:
    return _number(provider_id, fias, "room" if room else "premises", str(room.entity_id if room else one.entity_id))


def _ask_house(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskHouse(request["fias"])


def _absorb(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """What is not there leaves; what was refused leaves again with a person's next command."""
    provider_id, asked = exchange.provider_id, exchange.request
    card = asked["card"]
    if card is None or (not content.has_house and not card):
        return
    house = next((one for one in own_houses(connection, provider_id) if one.entity_id == asked["house_id"]), None)
    if house is None:
        return
    there, twice = _Places(content.places), _twice(house)
    parts: list[dict[str, Any]] = []
    numbers = [_place_number(provider_id, house.fias, one, room) for one in house.premises for room in (None, *one.rooms)]
    live = outbox.live(connection, _KIND, numbers)

    def leaves(one: OwnPremises, room: OwnRoom | None) -> bool:
        return not (there.has(one, room) or _place_number(provider_id, house.fias, one, room) in live or _unfit(one, room, twice))

    for one in house.premises:
        guid = there.of(one.number, one.residential)
        rooms = [room for room in one.rooms if leaves(one, room)]
        if leaves(one, None) or (guid is not None and rooms):
            parts.append(_part(provider_id, house, one, rooms, guid))
    is_new = not content.has_house
    house_number = _number(provider_id, house.fias, "house")
    if is_new and outbox.live(connection, _KIND, [house_number]):
        return
    packages = [parts[start : start + _PACKAGE] for start in range(0, len(parts), _PACKAGE)] or ([[]] if is_new else [])
    for package in packages[:1] if is_new else packages:
        rows = {number: row for part in package for number, row in part.items()}
        own = house_number if is_new else _number(provider_id, house.fias, "added to", *rows)
        rows[str(own)] = {"what": "house"}
        request = {
            "fias": house.fias,
            "house_id": house.entity_id,
            "cadastral": house.cadastral,
            "card": card if is_new else None,
            "more": is_new and len(packages) > 1,
            "rows": rows,
        }
        subject = f"new_houses/{house.fias}/{own}"
        numbers = [int(number) for number in rows]
        begin(connection, federal, "new_houses", provider_id=provider_id, subject=subject, request=request, local_ids=numbers)


def _part(provider_id: ProviderId, house: OwnHouse, one: OwnPremises, rooms: Sequence[OwnRoom], guid: UUID | None) -> dict[str, Any]:
    """Rows of premises and their rooms, by the number of each in the outbox; premises that are there are only named."""
    listed = {str(_place_number(provider_id, house.fias, one, room)): room for room in rooms}
    own = _place_number(provider_id, house.fias, one, None)
    if guid is not None:
        own = _number(provider_id, house.fias, "rooms", str(one.entity_id), *listed)
    premises = {
        "what": "premises",
        "entity": one.entity_id,
        "number": one.number,
        "residential": one.residential,
        "common": one.common_property,
        "area": one.area_e2,
        "cadastral": one.cadastral,
        "guid": None if guid is None else str(guid),
    }
    of_rooms = {
        number: {"what": "room", "entity": room.entity_id, "of": str(own), "number": room.number, "area": room.area_e2}
        for number, room in listed.items()
    }
    return {str(own): premises, **of_rooms}


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    """What the items are about; a house or premises that an earlier message has placed is named all the same, as the format wants."""
    rows: Mapping[str, Mapping[str, Any]] = request["rows"]
    carried = {str(item.local_id): item.transport_guid for item in items}
    house = next((number for number in rows if rows[number]["what"] == "house"), "")
    guids = known(connection, federal, "premises_guid", provider_id=provider_id)

    def name(number: str) -> TransportGuid:
        return carried.get(number) or TransportGuid(uuid5(items[0].transport_guid, number))

    premises = []
    for number, row in rows.items():
        rooms = tuple(
            RoomCard(carried[key], room["number"], room["area"])
            for key, room in rows.items()
            if room["what"] == "room" and room["of"] == number and key in carried
        )
        if row["what"] == "premises" and (number in carried or rooms):
            found = row["guid"] or guids.get(EntityId(row["entity"]))
            placed = UUID(found) if found is not None and (row["guid"] or number not in carried) else None
            premises.append(
                PremisesCard(name(number), row["number"], row["residential"], row["area"], row["cadastral"], placed, rooms, row["common"])
            )
    card = request["card"] if house in carried else None
    if card is None:
        return PlaceHouse(HouseCard(name(house), request["fias"], False, request["cadastral"]), tuple(premises))
    stated = HouseCard(
        name(house),
        request["fias"],
        True,
        request["cadastral"],
        card["area"],
        card["used_since"],
        card["floors"],
        card["underground_floors"],
        card["least_floors"],
        NsiElement.parse(card["state"]),
        NsiElement.parse(card["zone"]),
    )
    return PlaceHouse(stated, tuple(premises))


def _accept(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    """Identifiers of what was taken are known from now on; what of a new house did not fit into the message follows."""
    found, provider_id = [], exchange.provider_id
    for item, answer in taken:
        row = exchange.request["rows"][str(item.local_id)]
        if row["what"] == "house":
            found.append((EntityId(exchange.request["house_id"]), "house_guid", exchange.request["fias"]))
        elif answer.guid is not None:
            found.append((EntityId(row["entity"]), "premises_guid" if row["what"] == "premises" else "room_guid", answer.guid))
    rows = [ExternalId(entity, provider_id, federal.system, kind, value) for entity, kind, value in found]
    if rows:
        link(connection, rows, message_id=message_id, at=federal.clock.now())
    if exchange.request["more"] and any(exchange.request["rows"][str(item.local_id)]["what"] == "house" for item, _ in taken):
        fias = exchange.request["fias"]
        request = {"fias": fias, "house_id": exchange.request["house_id"], "card": {}}
        begin(connection, federal, "house_there", provider_id=provider_id, subject=f"rest_of_house/{fias}", request=request)


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "house_found", {"fias": exchange.request["fias"]}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """Places by their numbers; what only had to be named is done when all in it is. Rooms of refused premises are refused with them."""
    rows, there = exchange.request["rows"], _Places(content.places)
    refused = {str(item.local_id) for item in outbox.items(connection, exchange.exchange_id) if item.state == "rejected"}
    found: dict[TransportGuid, Answer] = {}
    missing: set[str] = set()
    order = {"room": 0, "premises": 1, "house": 2}
    for item in sorted(items, key=lambda item: order[rows[str(item.local_id)]["what"]]):
        row, number = rows[str(item.local_id)], str(item.local_id)
        guid: UUID | None
        if row["what"] == "house":
            is_there = content.has_house and (exchange.request["card"] is not None or not missing)
            guid = UUID(exchange.request["fias"]) if is_there else None
        elif row["what"] == "premises":
            guid = there.of(row["number"], row["residential"])
            if row["guid"] and any(rows[one].get("of") == number for one in missing):
                guid = None
        else:
            guid = there.of(rows[row["of"]]["number"], True, row["number"])
        if guid is not None:
            found[item.transport_guid] = Answer(item.transport_guid, "accepted", str(guid), None, None, None, ())
        elif row.get("of") in refused:
            reason = (("GIS-0540", "Помещение комнаты не принято"),)
            found[item.transport_guid] = Answer(item.transport_guid, "rejected", None, None, None, None, reason)
        else:
            missing.add(number)
    return found


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The export serves the comparison that asked for it."""


register(Act("house_there", _ask_house, absorb=_absorb, done_codes=_ABSENT))
register(Act("house_found", _ask_house, absorb=_absorb_nothing, done_codes=_ABSENT))
register(Act("new_houses", _compose, kind=_KIND, accept=_accept, search=_search, match=_match))
