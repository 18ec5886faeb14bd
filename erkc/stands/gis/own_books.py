"""A provider's own books (1, 51, 337): elements are created, changed, deleted, brought back; the list of common books."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from erkc.stands.gis.desk import Call, Content, Errors, accepted, listed, refused, wrong_element
from erkc.stands.gis.names import moment
from erkc.stands.gis.seed import guid
from erkc.stands.gis.state import next_number

__all__ = ["import_additional", "import_general", "import_utilities", "list_books"]

_TITLES = {
    "2": "Вид коммунального ресурса",
    "3": "Вид коммунальной услуги",
    "50": "Вид жилищной услуги",
    "329": "Неустойки и судебные расходы",
}


def import_additional(call: Call) -> Content:
    """Book 1."""
    rows = [
        (
            item,
            {"name": item["AdditionalServiceTypeName"], "okei": item.get("OKEI") or item.get("StringDimensionUnit", ""), "refers": []},
            "",
        )
        for item in listed(call.message, "ImportAdditionalServiceType")
    ]
    return _book(call, "1", rows, "AdditionalServiceType")


def import_utilities(call: Call) -> Content:
    """Book 51: each element is a kind of a utility of book 3."""
    rows = [
        (
            item,
            {
                "name": item["MainMunicipalServiceName"],
                "okei": item.get("OKEI", ""),
                "refers": [["3", item["MunicipalServiceRef"]["Code"]], ["2", item["MunicipalResourceRef"]["Code"]]],
            },
            f"{item['MunicipalServiceRef']['Code']}.",
        )
        for item in listed(call.message, "ImportMainMunicipalService")
    ]
    return _book(call, "51", rows, "MainMunicipalService")


def import_general(call: Call) -> Content:
    """Book 337 under its system rows."""
    rows = [
        (
            item,
            {
                "name": item["GeneralMunicipalResourceName"],
                "okei": item["OKEI"],
                "refers": [["2", item["MunicipalResourceRef"]["Code"]]],
            },
            f"{top['ParentCode']}.",
        )
        for top in listed(call.message, "TopLevelMunicipalResource")
        for item in listed(top, "ImportGeneralMunicipalResource")
    ]
    return _book(call, "337", rows, "GeneralMunicipalResource")


def _book(call: Call, number: str, rows: list[tuple[Mapping[str, Any], dict[str, Any], str]], kind: str) -> Content:
    owner = call.seeded.by_ppa[call.sender]["ogrn"]
    content = copy.deepcopy(call.seeded.content)
    book = next((one for one in content["books"] if one["owner"] == owner and one["number"] == number), None)
    if book is None:
        book = {"number": number, "owner": owner, "elements": []}
        content["books"].append(book)
    elements: list[dict[str, Any]] = book["elements"]
    results = []
    for item, values, prefix in rows:
        results.append(_import(call, number, elements, item, values, prefix))
    for name, gone in ((f"Delete{kind}", True), (f"Recover{kind}", False)):
        for item in listed(call.message, name):
            element = next((one for one in elements if one["guid"] == item["ElementGuid"].lower()), None)
            if element is None or bool(element.get("gone")) is gone:
                results.append(refused(item["TransportGUID"], [("INT016001", f"Элемент {item['ElementGuid']} не найден")]))
                continue
            element["gone"] = gone
            results.append(accepted(call, item["TransportGUID"], element["guid"], element["code"]))
    call.state.reseed(call.connection, content)
    return {"ImportResult": results}


def _import(
    call: Call, number: str, elements: list[dict[str, Any]], item: Mapping[str, Any], values: dict[str, Any], prefix: str
) -> Content:
    transport, named = item["TransportGUID"], str(item.get("ElementGuid") or "").lower()
    errors: Errors = [error for name in ("MunicipalServiceRef", "MunicipalResourceRef") for error in wrong_element(call, item.get(name))]
    there = next((one for one in elements if one["guid"] == named), None)
    if named and there is None:
        errors.append(("INT016001", f"Элемент {named} не найден"))
    twin = next((one for one in elements if one is not there and not one.get("gone") and _same(one, values)), None)
    if twin is not None:
        errors.append(("INT016002", f"Элемент «{values['name']}» с такой единицей уже есть"))
    if errors:
        return refused(transport, errors)
    if there is not None:
        there |= values
        return accepted(call, transport, there["guid"], there["code"])
    ordinal = sum(one["code"].startswith(prefix) for one in elements) + 1
    codes = {one["code"] for one in elements}
    while f"{prefix}{ordinal}" in codes:
        ordinal += 1
    own = guid("own element", number, str(next_number(call.connection, "own element")))
    elements.append({"code": f"{prefix}{ordinal}", "guid": own, **values})
    return accepted(call, transport, own, f"{prefix}{ordinal}")


def _same(one: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return " ".join(one["name"].split()).casefold() == " ".join(values["name"].split()).casefold() and one["okei"] == values["okei"]


def list_books(call: Call) -> Content:
    """The common books that this stand has."""
    numbers = sorted({book["number"] for book in call.seeded.content["books"] if not book["owner"]}, key=int)
    rows = [
        {"RegistryNumber": number, "Name": _TITLES.get(number, f"Справочник {number}"), "Modified": moment(call.now)} for number in numbers
    ]
    return {"NsiList": {"Created": moment(call.now), "NsiItemInfo": rows, "ListGroup": "NSI"}}
