"""Exports that tell identifiers: organisations, reference books, houses with premises."""

from __future__ import annotations

import sqlite3
from typing import Any

from lxml import etree

from erkc.stands.gis.gate import Refusal, check_house
from erkc.stands.gis.names import BASE, HOUSES, NSI_BASE, ORGANISATIONS, ORGANISATIONS_BASE, REGISTRY, XSI, add, first, q, text
from erkc.stands.gis.state import Seeded

__all__ = ["export_book", "export_data_provider", "export_house", "export_organisations"]

_PAGE = 1000


def export_data_provider(seeded: Seeded, body: etree._Element, result: etree._Element) -> None:
    """Organisations that the information system may act for."""
    providers = [item for item in seeded.organisations if item["is_provider"]]
    if not providers:
        raise Refusal("INT002012", "Нет объектов для экспорта")
    for item in providers:
        entry = add(result, REGISTRY, "exportDataProviderResult")
        add(entry, REGISTRY, "DataProviderGUID", item["ppa_guid"])
        add(entry, REGISTRY, "IsActual", "true")
        add(add(entry, ORGANISATIONS_BASE, "RegOrg"), ORGANISATIONS_BASE, "orgRootEntityGUID", item["root_guid"])


def export_organisations(seeded: Seeded, body: etree._Element, result: etree._Element) -> None:
    """Organisations by ОГРН (with КПП where given) or by one of their GUIDs."""
    found: dict[str, dict[str, Any]] = {}
    for criteria in body.iterfind(q(REGISTRY, "SearchCriteria")):
        asked = {
            name: text(criteria, name).lower() for name in ("OGRN", "OGRNIP", "KPP", "orgRootEntityGUID", "orgVersionGUID", "orgPPAGUID")
        }
        for item in seeded.organisations:
            by_number = (asked["OGRN"] or asked["OGRNIP"]) == item["ogrn"] and asked["KPP"] in ("", item["kpp"])
            by_guid = item["root_guid"] == asked["orgRootEntityGUID"] or item["version_guid"] == asked["orgVersionGUID"]
            if by_number or by_guid or item["ppa_guid"] == asked["orgPPAGUID"]:
                found[item["ogrn"]] = item
    if not found:
        raise Refusal("INT002012", "Нет объектов для экспорта")
    for item in found.values():
        entry = add(result, REGISTRY, "exportOrgRegistryResult")
        add(entry, ORGANISATIONS_BASE, "orgRootEntityGUID", item["root_guid"])
        version = add(entry, REGISTRY, "OrgVersion")
        add(version, ORGANISATIONS_BASE, "orgVersionGUID", item["version_guid"])
        add(version, REGISTRY, "lastEditingDate", "2026-01-12")
        add(version, REGISTRY, "IsActual", "true")
        legal = add(version, REGISTRY, "Legal")
        add(legal, ORGANISATIONS_BASE, "FullName", item["name"])
        add(legal, ORGANISATIONS, "OGRN", item["ogrn"])
        add(legal, ORGANISATIONS, "INN", item["inn"])
        if item["kpp"]:
            add(legal, ORGANISATIONS, "KPP", item["kpp"])
        add(entry, BASE, "orgPPAGUID", item["ppa_guid"])
        add(entry, REGISTRY, "isRegistered", "true")


def export_book(seeded: Seeded, sender: str, body: etree._Element, result: etree._Element) -> None:
    """A reference book: a common one, or the sender's own; by pages where a page is asked for."""
    namespace = etree.QName(result).namespace or ""
    owner = seeded.by_ppa[sender]["ogrn"] if sender else ""
    number = text(body, "RegistryNumber")
    book = seeded.books.get((owner, number))
    if book is None or not book["elements"]:
        raise Refusal("INT016001", f"Справочник {number} не найден или пуст")
    page = text(body, "Page")
    elements: list[dict[str, Any]] = book["elements"]
    if not page and len(elements) > _PAGE:
        raise Refusal("INT016043" if sender else "INT016041", "Справочник слишком велик: используйте постраничную выгрузку")
    shown = elements[(int(page) - 1) * _PAGE : int(page) * _PAGE] if page else elements
    if not shown:
        raise Refusal("INT002012", "Нет объектов для экспорта")
    item = add(result, namespace, "NsiPagingItem" if page else "NsiItem")
    add(item, NSI_BASE, "NsiItemRegistryNumber", number)
    add(item, NSI_BASE, "Created", "2026-01-12T00:00:00+03:00")
    for element in shown:
        _element(seeded, item, element)
    if page:
        add(item, namespace, "TotalItemsCount", str(len(elements)))
        add(item, namespace, "TotalPages", str((len(elements) + _PAGE - 1) // _PAGE))
        add(item, namespace, "CurrentPage", page)


def _element(seeded: Seeded, item: etree._Element, element: dict[str, Any]) -> None:
    entry = add(item, NSI_BASE, "NsiElement")
    add(entry, NSI_BASE, "Code", element["code"])
    add(entry, NSI_BASE, "GUID", element["guid"])
    add(entry, NSI_BASE, "Modified", "2026-01-12T00:00:00+03:00")
    add(entry, NSI_BASE, "IsActual", "false" if element.get("gone") else "true")
    name = _field(entry, "NsiElementStringFieldType", "Наименование")
    add(name, NSI_BASE, "Value", element["name"])
    if element["okei"]:
        add(_field(entry, "NsiElementOkeiRefFieldType", "Единица измерения"), NSI_BASE, "Code", element["okei"])
    for number, code in element["refers"]:
        reference = add(_field(entry, "NsiElementNsiRefFieldType", f"Ссылка на справочник {number}"), NSI_BASE, "NsiRef")
        add(reference, NSI_BASE, "NsiItemRegistryNumber", number)
        target = add(reference, NSI_BASE, "Ref")
        add(target, NSI_BASE, "Code", code)
        common = seeded.books.get(("", number), {"elements": []})["elements"]
        add(target, NSI_BASE, "GUID", next((other["guid"] for other in common if other["code"] == code), element["guid"]))


def _field(entry: etree._Element, kind: str, name: str) -> etree._Element:
    field = add(entry, NSI_BASE, "NsiElementField")
    field.set(q(XSI, "type"), f"nsi-base:{kind}")
    add(field, NSI_BASE, "Name", name)
    return field


def export_house(seeded: Seeded, sender: str, connection: sqlite3.Connection, body: etree._Element, result: etree._Element) -> None:
    """A block of flats with its premises and rooms."""
    fias = check_house(seeded, sender, body)
    house = seeded.houses[fias]
    entry = add(result, HOUSES, "exportHouseResult")
    add(entry, HOUSES, "HouseUniqueNumber", f"D{fias[:8]}")
    add(entry, HOUSES, "ModificationDate", "2026-01-12T00:00:00+03:00")
    block = add(entry, HOUSES, "ApartmentHouse")
    basic = add(block, HOUSES, "BasicCharacteristicts")
    add(basic, HOUSES, "FIASHouseGuid", fias)
    for residential in (True, False):
        for flat in house["premises"]:
            if flat["residential"] is residential:
                _premises(block, flat)


def _premises(block: etree._Element, flat: dict[str, Any]) -> None:
    entry = add(block, HOUSES, "ResidentialPremises" if flat["residential"] else "NonResidentialPremises")
    add(entry, HOUSES, "PremisesNum", flat["number"])
    if flat["area"]:
        add(entry, HOUSES, "TotalArea", flat["area"])
    add(entry, HOUSES, "PremisesUniqueNumber", f"П{flat['guid'][:8]}")
    add(entry, HOUSES, "ModificationDate", "2026-01-12T00:00:00+03:00")
    for room in flat["rooms"]:
        place = add(entry, HOUSES, "LivingRoom")
        add(place, HOUSES, "RoomNumber", room["number"])
        add(place, HOUSES, "LivingRoomUniqueNumber", f"К{room['guid'][:8]}")
        add(place, HOUSES, "ModificationDate", "2026-01-12T00:00:00+03:00")
        add(place, HOUSES, "LivingRoomGUID", room["guid"])
    add(entry, HOUSES, "PremisesGUID", flat["guid"])


def known_element(seeded: Seeded, sender: str, reference: etree._Element) -> tuple[str, str] | None:
    """What is wrong with an ``nsiRef``: code and text; None when the element exists and the code is its own."""
    codes = seeded.elements_for(sender)
    element_guid, code = text(reference, "GUID").lower(), text(reference, "Code")
    if element_guid not in codes:
        return "SRV007079", f"Элемент справочника {element_guid} не найден: возможно, он взят из другого контура"
    if code != codes[element_guid]:
        return "INT016001", f"Код {code} не принадлежит элементу справочника {element_guid}"
    return None


def references(document: etree._Element) -> list[etree._Element]:
    """Every ``nsiRef`` in a document."""
    return [child.getparent() for child in document.iter(q(NSI_BASE, "GUID")) if first(child.getparent(), "Code") is not None]
