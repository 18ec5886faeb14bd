"""What must be known before anything is sent: who we are there, reference books, houses with premises. Exports only; results go to the
crosswalk.

An identifier that no export gave is not known, and what needs it waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.ids import CENTRE, EntityId, MessageId, ProviderId
from core.issued.lookup import billed_providers
from core.outbox import Exchange, Item
from core.records.crosswalk import ExternalId, external_ids, find_by_external, link
from core.records.entities import ensure_entity, organisations_of_inn
from core.records.latest import read_accounts, read_houses_list, read_services
from core.records.rows import AccountRow, HouseRow, ServiceRow
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.gateway import AskBook, AskHouse, AskOrganisations, AskProviders, BookElement, Content, FederalPlace, Request

__all__ = ["BOOKS", "OWN_BOOKS", "REVOKED", "billed_services", "house_accounts", "known", "same_number"]

BOOKS: tuple[tuple[str, bool], ...] = (("2", False), ("50", False), ("329", False), ("1", True), ("51", True))
"""Books that bills point into: resources, housing services, penalties; the provider's additional and utility services."""
REVOKED = "revoked"
"""In the crosswalk in place of an identifier: the delegation is gone."""
OWN_BOOKS = frozenset(number for number, is_own in BOOKS if is_own)
_UTILITY_BOOK = "3"
_RESOURCE_BOOK = "2"
_RESOURCE_PARTS_BOOK = "337"
_PENALTY_CODE = "1"
_COURT_COSTS = ("2", "3", "4")
_UTILITY, _HOUSING, _COMMON_PROPERTY = 1, 2, 2


def known(
    connection: Connection, federal: Federal, kind: str, *, provider_id: ProviderId, things: Iterable[EntityId] | None = None
) -> dict[EntityId, str]:
    """Federal identifiers of a kind, by our number of the thing; of all things, or of these."""
    return external_ids(connection, provider_id=provider_id, system=federal.system, kind=kind, things=things)


def billed_services(connection: Connection, provider_id: ProviderId) -> list[tuple[ProviderId, ServiceRow]]:
    """Services that a provider's bills may name, each with its sender: its own, then those of senders whose accounts stand on its bills.

    All of them become elements of books that the provider itself may point into; a neighbour's own book is closed to it (SRV007079).
    """
    senders = (provider_id, *billed_providers(connection, provider_id))
    return [(sender, row) for sender in senders for row in read_services(connection, provider_id=sender)]


def same_number(number: str) -> str:
    """A number of a flat, room or account as it is compared: without blanks and letter case."""
    return "".join(number.split()).casefold()


def _learn(
    connection: Connection, federal: Federal, found: Iterable[tuple[EntityId, str, str]], message_id: MessageId, *, provider_id: ProviderId
) -> None:
    rows = [ExternalId(entity, provider_id, federal.system, kind, value) for entity, kind, value in found]
    if rows:
        link(connection, rows, message_id=message_id, at=federal.clock.now())


def _absorb_organisations(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    found = []
    by_inn = organisations_of_inn(connection)
    for item in content.organisations:
        if not item.inn:
            continue
        for entity in by_inn.get(item.inn) or (ensure_entity(connection, CENTRE, "organisation", item.inn),):
            found += [(entity, "root_guid", str(item.root_guid)), (entity, "version_guid", str(item.version_guid))]
            if item.ppa_guid is not None:
                found.append((entity, "ppa_guid", str(item.ppa_guid)))
    _learn(connection, federal, found, message_id, provider_id=CENTRE)


def _absorb_providers(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    found = [
        (entity, "data_provider", str(guid))
        for guid in content.providers
        for entity in find_by_external(connection, system=federal.system, kind="ppa_guid", value=str(guid))
    ]
    still = {entity for entity, _, _ in found}
    before = known(connection, federal, "data_provider", provider_id=CENTRE)
    if not content.is_partial:
        found += [(entity, "data_provider", REVOKED) for entity, value in before.items() if entity not in still and value != REVOKED]
    _learn(connection, federal, found, message_id, provider_id=CENTRE)


def _absorb_book(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    provider_id, request = exchange.provider_id, exchange.request
    services = [service for _, service in billed_services(connection, provider_id)]
    chosen = {EntityId(int(key)): code for key, code in request.get("chosen", {}).items()}
    found = [
        (entity, "nsi_chosen", f"{item.element.book}/{code}")
        for entity, code in chosen.items()
        if (item := _of_code(content.elements, code))
    ]
    held = known(connection, federal, "nsi_chosen", provider_id=provider_id) | {entity: value for entity, _, value in found}
    for service in services:
        if service.entity_id in held:
            book, _, code = held[service.entity_id].partition("/")
            match = _of_code(content.elements, code) if book == request["number"] else None
        else:
            match = _element_of(service, content.elements)
        if match is not None:
            found.append((service.entity_id, "nsi", str(match.element)))
    if request["number"] == "329":
        own = federal.provider_entity(connection, provider_id)
        penalty = next((item for item in content.elements if item.element.code == _PENALTY_CODE), None)
        if penalty is not None:
            _learn(connection, federal, [(own, "nsi_penalty", str(penalty.element))], message_id, provider_id=CENTRE)
        costs = {code: item for item in content.elements if (code := item.element.code) in _COURT_COSTS}
        _learn(
            connection,
            federal,
            [(own, f"nsi_court_{code}", str(item.element)) for code, item in costs.items()],
            message_id,
            provider_id=CENTRE,
        )
    if request["number"] == _RESOURCE_BOOK:
        own = federal.provider_entity(connection, provider_id)
        resources = [(own, f"nsi_resource_{item.element.code}", str(item.element)) for item in content.elements]
        _learn(connection, federal, resources, message_id, provider_id=CENTRE)
    if request["number"] == _UTILITY_BOOK:
        found += [(one.entity_id, "nsi_group", str(item.element)) for one in services if (item := _group_of(one, content.elements))]
    if request["number"] == _RESOURCE_PARTS_BOOK:
        found += [(one.entity_id, "nsi_general", str(item.element)) for one in services if (item := _part_of(one, content.elements))]
    _learn(connection, federal, found, message_id, provider_id=provider_id)
    if request["page"] < content.pages:
        following = {**request, "page": request["page"] + 1}
        subject = _book_subject(following) if not chosen else f"{exchange.subject}/{following['page']}"
        begin(connection, federal, "book", provider_id=provider_id, subject=subject, request=following)


def _of_code(elements: Sequence[BookElement], code: str) -> BookElement | None:
    return next((item for item in elements if item.element.code == code), None)


def _element_of(service: ServiceRow, elements: Sequence[BookElement]) -> BookElement | None:
    """The element that a service of the sender is, by its codes; among several of one kind the one of the same name."""
    fitting = [item for item in elements if _fits(service, item)]
    named = [item for item in fitting if same_number(item.name) == same_number(service.name)]
    if len(named) == 1:
        return named[0]
    return fitting[0] if len(fitting) == 1 else None


def _fits(service: ServiceRow, item: BookElement) -> bool:
    book, code = item.element.book, item.element.code
    if service.kind == _UTILITY:
        return book == "51" and (_UTILITY_BOOK, str(service.utility_kind)) in item.refers
    if service.kind == _HOUSING and service.provision == _COMMON_PROPERTY:
        return book == "2" and code == str(service.resource_kind)
    if service.kind == _HOUSING and service.housing_kind is not None:
        return book == "50" and code == str(service.housing_kind)
    return book == "1" and same_number(item.name) == same_number(service.name)


def _group_of(service: ServiceRow, elements: Sequence[BookElement]) -> BookElement | None:
    """The utility of book 3 that a service of one rate is a part of; None where there is one rate."""
    if service.kind != _UTILITY or service.zone is None:
        return None
    return next((item for item in elements if item.element.code == str(service.utility_kind)), None)


def _part_of(service: ServiceRow, elements: Sequence[BookElement]) -> BookElement | None:
    """The element of book 337 that a common-property service is, by its name under its resource."""
    if service.kind != _HOUSING or service.provision != _COMMON_PROPERTY:
        return None
    fitting = [item for item in elements if same_number(item.name) == same_number(service.name)]
    return fitting[0] if len(fitting) == 1 else None


def needed_books(services: Sequence[ServiceRow]) -> tuple[tuple[str, bool], ...]:
    """Books that these services point into: utilities only where a service is one of several rates, parts of common-property resources
    only where a resource has several services."""
    books = list(BOOKS)
    if any(service.kind == _UTILITY and service.zone is not None for service in services):
        books.append((_UTILITY_BOOK, False))
    resources = [one.resource_kind for one in services if one.kind == _HOUSING and one.provision == _COMMON_PROPERTY]
    if len(set(resources)) != len(resources):
        books.append((_RESOURCE_PARTS_BOOK, True))
    return tuple(books)


def _absorb_house(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    provider_id, house_id = exchange.provider_id, EntityId(exchange.request["house_id"])
    flats = {(same_number(item.number), item.residential): item for item in content.places if item.room is None}
    rooms = {(same_number(item.number), same_number(item.room)): item for item in content.places if item.room is not None}
    found: list[tuple[EntityId, str, str]] = []
    if content.places:
        found.append((house_id, "house_guid", str(exchange.request["fias"])))
    for row in house_accounts(connection, provider_id, house_id):
        found += _places_of(row, flats, rooms)
    _learn(connection, federal, dict.fromkeys(found), message_id, provider_id=provider_id)


def _places_of(
    row: AccountRow, flats: Mapping[tuple[str, bool], FederalPlace], rooms: Mapping[tuple[str, str], FederalPlace]
) -> list[tuple[EntityId, str, str]]:
    found = []
    flat = flats.get((same_number(row.premises_number), row.premises_kind != 2))
    if flat is not None and row.premises_id is not None:
        found.append((row.premises_id, "premises_guid", str(flat.guid)))
    if row.room_id is not None and row.room_number is not None:
        room = rooms.get((same_number(row.premises_number), same_number(row.room_number)))
        if room is not None:
            found.append((row.room_id, "room_guid", str(room.guid)))
    return found


def house_accounts(connection: Connection, provider_id: ProviderId, house_id: EntityId) -> list[AccountRow]:
    """The accounts of a house as they stand."""
    return list(read_accounts(connection, provider_id=provider_id, house=house_id))


def _providers(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskProviders()


def _organisations(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskOrganisations(tuple(request["ogrns"]))


def _book(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskBook(request["number"], request["own"], request["page"])


def _house(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskHouse(request["fias"])


register(Act("providers", _providers, absorb=_absorb_providers, for_provider=False))
register(Act("organisations", _organisations, absorb=_absorb_organisations, for_provider=False))
register(Act("book", _book, absorb=_absorb_book))
register(Act("house", _house, absorb=_absorb_house))


def _book_subject(request: Mapping[str, Any]) -> str:
    return f"book/{'own' if request['own'] else 'common'}/{request['number']}/{request['page']}"


def ask_organisations(connection: Connection, federal: Federal, provider_id: ProviderId, ogrns: Mapping[EntityId, str]) -> int:
    """Look up organisations (our number → ОГРН) whose identifiers are not known; how many are asked for."""
    there = known(connection, federal, "root_guid", provider_id=CENTRE)
    missing = sorted({ogrn for entity, ogrn in ogrns.items() if entity not in there and ogrn})
    for start in range(0, len(missing), 100):
        part = missing[start : start + 100]
        begin(connection, federal, "organisations", provider_id=provider_id, subject=f"organisations/{part[0]}", request={"ogrns": part})
    return len(missing)


def may_act_for(connection: Connection, federal: Federal, provider_id: ProviderId) -> bool:
    """Whether the provider has delegated its rights to this system, as the last export told."""
    own = federal.provider_entity(connection, provider_id)
    return known(connection, federal, "data_provider", provider_id=CENTRE).get(own, REVOKED) != REVOKED


def ask_providers(connection: Connection, federal: Federal, provider_id: ProviderId, *, anew: bool = False) -> bool:
    """The self-check whom this system may act for, unless the provider is known to be among them (``anew``: even then)."""
    if may_act_for(connection, federal, provider_id) and not anew:
        return False
    begin(connection, federal, "providers", provider_id=provider_id, subject="providers", request={})
    return True


def ask_books(connection: Connection, federal: Federal, provider_id: ProviderId) -> int:
    """Fetch the reference books while some service or the penalty has no element; how many are asked for."""
    matched = known(connection, federal, "nsi", provider_id=provider_id)
    services = [service for _, service in billed_services(connection, provider_id)]
    own = federal.provider_entity(connection, provider_id)
    complete = own in known(connection, federal, "nsi_penalty", provider_id=CENTRE) and all(
        service.entity_id in matched for service in services
    )
    if complete:
        return 0
    books = needed_books(services)
    for number, is_own in books:
        request = {"number": number, "own": is_own, "page": 1}
        begin(connection, federal, "book", provider_id=provider_id, subject=_book_subject(request), request=request)
    return len(books)


def ask_houses(connection: Connection, federal: Federal, provider_id: ProviderId) -> int:
    """Fetch the houses in which some account's place has no identifier; how many are asked for."""
    houses: dict[EntityId, HouseRow] = {house.entity_id: house for house in read_houses_list(connection, provider_id=provider_id)}
    premises = known(connection, federal, "premises_guid", provider_id=provider_id)
    rooms = known(connection, federal, "room_guid", provider_id=provider_id)
    wanted = {
        row.house_id
        for row in read_accounts(connection, provider_id=provider_id)
        if row.house_id in houses and ((row.room_id not in rooms) if row.room_id is not None else (row.premises_id not in premises))
    }
    for house_id in sorted(wanted):
        fias = str(UUID(houses[house_id].fias))
        begin(connection, federal, "house", provider_id=provider_id, subject=f"house/{fias}", request={"house_id": house_id, "fias": fias})
    return len(wanted)
