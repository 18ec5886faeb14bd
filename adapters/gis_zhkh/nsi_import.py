"""Codec of a provider's own books: additional services (1), utilities (51), common-property resources (337); and the list of books.

An element of the same name and unit cannot be created twice, so a book is exported first and only what is missing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID, uuid5

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef, listed, nsi_mapping
from core.errors import InvariantError
from core.ids import TransportGuid
from xsd.tables import ALBUM

__all__ = [
    "AdditionalElement",
    "BookListed",
    "ElementChange",
    "GeneralResourceElement",
    "UtilityElement",
    "export_nsi_list_request",
    "import_additional_services_request",
    "import_general_resources_request",
    "import_utilities_request",
    "read_book_list",
]

Element: TypeAlias = etree._Element
_LONGEST_NAME = {"1": 100, "51": 100, "337": 255}


@dataclass(frozen=True, slots=True)
class AdditionalElement:
    """An element of book 1; with ``element_guid`` it changes the one that is there."""

    transport_guid: TransportGuid
    name: str
    okei: str
    element_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class UtilityElement:
    """An element of book 51: the utility of book 3 that it is a kind of, and the resource of book 2."""

    transport_guid: TransportGuid
    name: str
    utility: NsiRef
    resource: NsiRef
    okei: str | None = None
    sort_order: str | None = None
    element_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class GeneralResourceElement:
    """An element of book 337 under one of its system rows (1 cold water, 2 hot water, 3 electricity, 8 wastewater)."""

    transport_guid: TransportGuid
    name: str
    parent: Literal["1", "2", "3", "8"]
    resource: NsiRef
    okei: str
    sort_order: str | None = None
    element_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class ElementChange:
    """An element to delete, or (``recover``) to bring back."""

    transport_guid: TransportGuid
    element_guid: UUID
    recover: bool = False


@dataclass(frozen=True, slots=True)
class BookListed:
    """A book in the list of books."""

    number: int
    name: str


def import_additional_services_request(
    elements: Sequence[AdditionalElement], changes: Sequence[ElementChange] = (), *, album: str = ALBUM
) -> Element:
    """Create and change, delete and bring back elements of book 1; at most 1000 of each."""
    _check(elements, changes, album)
    rows = [
        {
            "TransportGUID": one.transport_guid,
            "ElementGuid": one.element_guid,
            "AdditionalServiceTypeName": _name(one.name, "1"),
            "OKEI": one.okei,
        }
        for one in elements
    ]
    value = {"@Id": SIGNED_ID, "ImportAdditionalServiceType": rows or None, **_changes(changes, "AdditionalServiceType")}
    return xmlio.render("nsi:importAdditionalServicesRequest", value, album=album)


def import_utilities_request(elements: Sequence[UtilityElement], changes: Sequence[ElementChange] = (), *, album: str = ALBUM) -> Element:
    """The same for book 51."""
    _check(elements, changes, album)
    rows = [
        {
            "TransportGUID": one.transport_guid,
            "ElementGuid": one.element_guid,
            "MunicipalServiceRef": nsi_mapping(one.utility),
            "MainMunicipalServiceName": _name(one.name, "51"),
            "MunicipalResourceRef": nsi_mapping(one.resource),
            "OKEI": one.okei,
            **_order(one.sort_order),
        }
        for one in elements
    ]
    value = {"@Id": SIGNED_ID, "ImportMainMunicipalService": rows or None, **_changes(changes, "MainMunicipalService")}
    return xmlio.render("nsi:importMunicipalServicesRequest", value, album=album)


def import_general_resources_request(
    elements: Sequence[GeneralResourceElement], changes: Sequence[ElementChange] = (), *, album: str = ALBUM
) -> Element:
    """The same for book 337."""
    _check(elements, changes, album)
    parents: dict[str, list[dict[str, Any]]] = {}
    for one in elements:
        parents.setdefault(one.parent, []).append(
            {
                "TransportGUID": one.transport_guid,
                "ElementGuid": one.element_guid,
                "GeneralMunicipalResourceName": _name(one.name, "337"),
                "MunicipalResourceRef": nsi_mapping(one.resource),
                "OKEI": one.okei,
                **_order(one.sort_order),
            }
        )
    tops = [
        {"ParentCode": parent, "TransportGUID": uuid5(rows[0]["TransportGUID"], "parent"), "ImportGeneralMunicipalResource": rows}
        for parent, rows in parents.items()
    ]
    value = {"@Id": SIGNED_ID, "TopLevelMunicipalResource": tops or None, **_changes(changes, "GeneralMunicipalResource")}
    return xmlio.render("nsi:importGeneralNeedsMunicipalResourceRequest", value, album=album)


def _check(elements: Sequence[object], changes: Sequence[ElementChange], album: str) -> None:
    for part in (elements, [one for one in changes if one.recover], [one for one in changes if not one.recover]):
        if part:
            limits.check(len(part), "request_nsi", album=album)
    if not elements and not changes:
        raise InvariantError("GIS-0129", "Справочник организации: передавать нечего.")


def _name(name: str, book: str) -> str:
    if not name.strip() or len(name) > _LONGEST_NAME[book]:
        raise InvariantError("GIS-0130", f"Название элемента справочника {book}: от 1 до {_LONGEST_NAME[book]} знаков, а не «{name}».")
    return name


def _order(order: str | None) -> dict[str, Any]:
    return {"SortOrderNotDefined": True} if order is None else {"SortOrder": order}


def _changes(changes: Sequence[ElementChange], kind: str) -> dict[str, Any]:
    def rows(recover: bool) -> list[dict[str, Any]] | None:
        found = [{"TransportGUID": one.transport_guid, "ElementGuid": one.element_guid} for one in changes if one.recover is recover]
        return found or None

    return {f"Recover{kind}": rows(True), f"Delete{kind}": rows(False)}


def export_nsi_list_request(*, group: Literal["NSI", "NSIRAO"] = "NSI", album: str = ALBUM) -> Element:
    """Ask which common books there are."""
    return xmlio.render("nsi-common:exportNsiListRequest", {"@Id": SIGNED_ID, "ListGroup": group}, album=album)


def read_book_list(reply: StateReply) -> tuple[BookListed, ...]:
    """The list of an export."""
    value: Mapping[str, Any] = reply.content.get("NsiList") or {}
    return tuple(BookListed(int(one["RegistryNumber"]), str(one["Name"])) for one in listed(value, "NsiItemInfo"))
