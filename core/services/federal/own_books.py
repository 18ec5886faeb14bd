"""Elements of the provider's own books (1 additional services, 51 utilities, 337 common-property resources) for services that have none.

    own books (export) → services that nothing there is → elements created → the books again, so that the services are matched

An element of the same name and unit cannot be created twice, so a lost message is looked for by name in the book.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection

from core import outbox
from core.ids import MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.records.latest import read_services
from core.records.rows import ServiceRow
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.directory import known, same_number
from core.services.federal.elements_found import find_element
from core.services.federal.gateway import Answer, AskBook, Content, NsiElement, Request
from core.services.federal.resources import RESOURCES
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_housing import BookCard, PlaceBookElements

__all__ = ["PlacedElements", "place_own_elements"]

_UTILITY, _HOUSING, _COMMON_PROPERTY = 1, 2, 2
_WASTEWATER, _WASTEWATER_RESOURCE = 3, "8"
_PARENTS = frozenset((1, 2, 3, 8))
Book = Literal["1", "51", "337"]


@dataclass(frozen=True, slots=True)
class PlacedElements:
    """What came of it: elements begun, those refused with the reasons by the service's name, and services that no own book is for."""

    begun: int
    refused: Mapping[str, tuple[tuple[str, str], ...]]
    left: tuple[str, ...]


def place_own_elements(federal: Federal, *, provider_id: ProviderId, waiting: Waiting | None = None) -> PlacedElements:
    """Create what services of the provider lack in its own books; afterwards they are matched with it."""
    _ask_own_books(federal, provider_id, "before")
    run_waiting(federal, provider_id, waiting)
    with federal.engine.connect() as connection:
        lacking = _lacking(connection, federal, provider_id)
    rows: dict[Book, dict[int, dict[str, Any]]] = {}
    left: list[str] = []
    names: dict[int, str] = {}
    for service in lacking:
        book = _book_of(service)
        if book is None:
            left.append(service.name)
            continue
        number = _number(provider_id, service, book)
        names[number] = service.name
        rows.setdefault(book, {})[number] = _row(federal, provider_id, service, book, waiting)
    begun = sum(_begin(federal, provider_id, book, listed) for book, listed in rows.items())
    run_waiting(federal, provider_id, waiting)
    if begun:
        _ask_own_books(federal, provider_id, "after")
        run_waiting(federal, provider_id, waiting)
    with federal.engine.connect() as connection:
        refusals = outbox.refusals(connection, "book_element", provider_id=provider_id)
    refused = {names[number]: reasons for number, reasons in refusals.items() if number in names}
    return PlacedElements(begun, refused, tuple(left))


def _ask_own_books(federal: Federal, provider_id: ProviderId, when: str) -> None:
    with federal.write("ask for own books") as connection:
        books = {book for row in read_services(connection, provider_id=provider_id) if (book := _book_of(row)) is not None}
        for book in sorted(books):
            request = {"number": book, "own": True, "page": 1}
            subject = f"book/own/{book}/1/{when}"
            begin(connection, federal, "book", provider_id=provider_id, subject=subject, request=request)


def _lacking(connection: Connection, federal: Federal, provider_id: ProviderId) -> list[ServiceRow]:
    """Services without an element; parts of a common-property resource that several services share need one of book 337 besides."""
    matched = known(connection, federal, "nsi", provider_id=provider_id)
    general = known(connection, federal, "nsi_general", provider_id=provider_id)
    services = read_services(connection, provider_id=provider_id)
    shared = [one.resource_kind for one in services if _is_common(one)]
    return [
        one
        for one in services
        if (one.entity_id not in general and shared.count(one.resource_kind) > 1 if _is_common(one) else one.entity_id not in matched)
    ]


def _is_common(service: ServiceRow) -> bool:
    return service.kind == _HOUSING and service.provision == _COMMON_PROPERTY


def _book_of(service: ServiceRow) -> Book | None:
    if service.kind == _UTILITY:
        return "51"
    if service.kind == _HOUSING:
        return "337" if _is_common(service) and service.resource_kind in _PARENTS else None
    return "1"


def _row(federal: Federal, provider_id: ProviderId, service: ServiceRow, book: Book, waiting: Waiting | None) -> dict[str, Any]:
    def element(number: str, code: str) -> str:
        return str(find_element(federal, provider_id=provider_id, book=number, code=code, waiting=waiting))

    row: dict[str, Any] = {"service": service.entity_id, "name": service.name, "okei": service.okei, "utility": None, "resource": None}
    row["parent"] = ""
    if book == "51":
        row |= {"utility": element("3", str(service.utility_kind)), "resource": element("2", _resource_of(service))}
    elif book == "337":
        row |= {"resource": element("2", str(service.resource_kind)), "parent": str(service.resource_kind)}
    return row


def _resource_of(service: ServiceRow) -> str:
    """Code of book 2: as the sender says, else that of the utility."""
    if service.resource_kind is not None:
        return str(service.resource_kind)
    if service.utility_kind == _WASTEWATER:
        return _WASTEWATER_RESOURCE
    return RESOURCES.get(service.utility_kind or 0, str(service.utility_kind))


def _number(provider_id: ProviderId, service: ServiceRow, book: Book) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    key = "\x1f".join(("book element", str(provider_id), str(service.entity_id), book, service.name, service.okei))
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") >> 1


def _begin(federal: Federal, provider_id: ProviderId, book: Book, rows: Mapping[int, Mapping[str, Any]]) -> int:
    """Begin creating what is not on its way; the export has just shown that what was created before is gone."""
    with federal.write("place elements of own books") as connection:
        live = outbox.live(connection, "book_element", list(rows))
        fresh = [number for number in rows if number not in live or live[number].state == "accepted"]
        outbox.retract(connection, "book_element", fresh)
        size = federal.gateway.fits("book_element")
        for start in range(0, len(fresh), size):
            part = fresh[start : start + size]
            request = {"book": book, "rows": {str(number): rows[number] for number in part}}
            subject = f"book_elements/{book}/{part[0]}"
            begin(connection, federal, "book_elements", provider_id=provider_id, subject=subject, request=request, local_ids=part)
    return len(fresh)


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    cards = []
    for item in items:
        row = request["rows"][str(item.local_id)]
        utility, resource = (None if row[name] is None else NsiElement.parse(row[name]) for name in ("utility", "resource"))
        cards.append(BookCard(item.transport_guid, row["name"], row["okei"], utility, resource, row["parent"]))
    return PlaceBookElements(request["book"], tuple(cards))


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "own_book_found", {"number": exchange.request["book"]}


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskBook(request["number"], True, 1)


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    there = {same_number(one.name): one.element for one in content.elements}
    found: dict[TransportGuid, Answer] = {}
    for item in items:
        element = there.get(same_number(exchange.request["rows"][str(item.local_id)]["name"]))
        if element is not None:
            found[item.transport_guid] = Answer(item.transport_guid, "accepted", str(element.guid), element.code, None, None, ())
    return found


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The export serves the comparison that asked for it."""


register(Act("book_elements", _compose, kind="book_element", search=_search, match=_match))
register(Act("own_book_found", _ask, absorb=_absorb_nothing))
