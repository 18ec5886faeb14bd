"""Codec of the reference books: nsi-common (books of the system) and nsi (books of a provider: 1, 51, 337 …)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef, guid, instant, listed, read_nsi_ref
from xsd.tables import ALBUM

__all__ = [
    "Book", "BookElement", "BookField", "PageOf", "export_data_provider_nsi_item_request", "export_data_provider_nsi_paging_item_request",
    "export_nsi_item_request", "export_nsi_paging_item_request", "read_book",
]  # fmt: skip

Element: TypeAlias = etree._Element
Group = Literal["NSI", "NSIRAO"]


@dataclass(frozen=True, slots=True)
class BookField:
    """One field of an element. ``value`` is its text (a code for OKEI); ``refs`` point into other books as (book number, reference)."""

    name: str
    kind: str
    """Text, Boolean, Integer … : the concrete type without ``NsiElement`` and ``FieldType``."""
    value: str | None
    refs: tuple[tuple[int, NsiRef], ...] = ()


@dataclass(frozen=True, slots=True)
class BookElement:
    """One element of a book. A book may hold several versions of a code: take the actual one."""

    code: str
    ref: NsiRef
    name: str
    """Value of the first text field; the books call that field differently."""
    actual: bool
    modified_at: datetime | None
    parent_code: str | None
    fields: tuple[BookField, ...]


@dataclass(frozen=True, slots=True)
class PageOf:
    """Where a paged answer stands."""

    page: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Book:
    """A reference book with its elements, parents before their children."""

    number: int
    created_at: datetime | None
    elements: tuple[BookElement, ...]
    page: PageOf | None = None

    def actual(self) -> Iterator[BookElement]:
        """Elements in force."""
        return (element for element in self.elements if element.actual)


def export_nsi_item_request(
    registry_number: int, *, group: Group = "NSI", modified_after: datetime | None = None, album: str = ALBUM
) -> Element:
    """Ask for a book of the system as a whole; a large one answers INT016041, then page through it."""
    value = {"@Id": SIGNED_ID, "RegistryNumber": registry_number, "ListGroup": group, "ModifiedAfter": modified_after}
    return xmlio.render("nsi-common:exportNsiItemRequest", value, album=album)


def export_nsi_paging_item_request(registry_number: int, page: int, *, group: Group = "NSI", album: str = ALBUM) -> Element:
    """Ask for one page (from 1) of a book of the system."""
    value = {"@Id": SIGNED_ID, "RegistryNumber": registry_number, "ListGroup": group, "Page": page}
    return xmlio.render("nsi-common:exportNsiPagingItemRequest", value, album=album)


def export_data_provider_nsi_item_request(registry_number: int, *, modified_after: datetime | None = None, album: str = ALBUM) -> Element:
    """Ask for a provider's own book; the provider is the organisation of the header."""
    value = {"@Id": SIGNED_ID, "RegistryNumber": registry_number, "ModifiedAfter": modified_after}
    return xmlio.render("nsi:exportDataProviderNsiItemRequest", value, album=album)


def export_data_provider_nsi_paging_item_request(registry_number: int, page: int, *, album: str = ALBUM) -> Element:
    """Ask for one page (from 1) of a provider's own book."""
    value = {"@Id": SIGNED_ID, "RegistryNumber": registry_number, "Page": page}
    return xmlio.render("nsi:exportDataProviderNsiPagingItemRequest", value, album=album)


def read_book(reply: StateReply) -> Book | None:
    """The book of an export; None when there was nothing to export."""
    value = reply.content.get("NsiItem") or reply.content.get("NsiPagingItem")
    if value is None:
        return None
    page = PageOf(int(value["CurrentPage"]), int(value["TotalPages"]), int(value["TotalItemsCount"])) if "TotalPages" in value else None
    elements = tuple(found for element in listed(value, "NsiElement") for found in _elements(element, None))
    return Book(int(value["NsiItemRegistryNumber"]), instant(value.get("Created")), elements, page)


def _elements(value: Mapping[str, Any], parent: str | None) -> Iterator[BookElement]:
    fields = tuple(_field(field) for field in listed(value, "NsiElementField"))
    name = next((field.value for field in fields if field.kind == "String" and field.value), "")
    code = str(value["Code"]).strip()
    yield BookElement(
        code=code,
        ref=NsiRef(code, guid(value["GUID"]), name or None),
        name=name,
        actual=value.get("IsActual", "").strip() in ("true", "1"),
        modified_at=instant(value.get("Modified") or value.get("StartDate")),
        parent_code=parent,
        fields=fields,
    )
    for child in listed(value, "ChildElement"):
        yield from _elements(child, code)


def _field(value: Mapping[str, Any]) -> BookField:
    kind = str(value.get("@xsi:type", "")).removeprefix("NsiElement").removesuffix("FieldType")
    refs: list[tuple[int, NsiRef]] = []
    for ref in listed(value, "NsiRef"):
        if "Ref" in ref:
            refs.append((int(ref["NsiItemRegistryNumber"]), read_nsi_ref(ref["Ref"])))
    text = value.get("Value", value.get("Code"))
    if kind == "Enum":
        text = "; ".join(str(position.get("Value", "")) for position in listed(value, "Position"))
    return BookField(str(value.get("Name", "")), kind, text, tuple(refs))
