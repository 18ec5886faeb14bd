"""Houses that a managing organisation places, individual services of accounts, and contracts as they are exported."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from erkc.stands.gis.desk import Call, Content, Errors, accepted, change, forget, found, listed, nothing, put, refused, wrong_element
from erkc.stands.gis.gate import Refusal
from erkc.stands.gis.seed import guid

__all__ = ["export_individual", "export_management", "export_supply", "import_house", "import_individual"]

_SUPPLY_PAGE = 1000


def import_house(call: Call) -> Content:
    """The house and everything in it; each object has a result of its own."""
    block = call.message["ApartmentHouse"]
    is_new = "ApartmentHouseToCreate" in block
    stated = block["ApartmentHouseToCreate" if is_new else "ApartmentHouseToUpdate"]
    basic = stated["BasicCharacteristicts"]
    fias = basic["FIASHouseGuid"].lower()
    if not is_new and fias not in call.seeded.houses:
        raise Refusal("INT002000", f"Дом {fias} не найден")
    if not is_new and not call.seeded.serves(call.sender, fias):
        raise Refusal("AUT011003", "Дом не обслуживается организацией")
    if is_new and fias in call.seeded.houses:
        raise Refusal("INT004132", f"Дом {fias} уже размещён")
    content = copy.deepcopy(call.seeded.content)
    if is_new:
        owner = call.seeded.by_ppa[call.sender]["ogrn"]
        content["houses"].append({"fias": fias, "address": "", "served_by": [owner], "premises": [], "entrances": []})
    house = next(one for one in content["houses"] if one["fias"] == fias)
    results = [_result(call, stated["TransportGUID"], fias, f"D{fias[:8]}")]
    results += _entrances(call, house, block)
    results += _premises(call, house, block)
    call.state.reseed(call.connection, content)
    return {"ImportResult": [{"@version": "10.0.1.1", "CommonResult": results}]}


def _result(call: Call, transport: str, own: str, number: str) -> Content:
    return accepted(call, transport, own, number)


def _entrances(call: Call, house: dict[str, Any], block: Mapping[str, Any]) -> list[Content]:
    known: list[str] = house.setdefault("entrances", [])
    results = []
    for item in listed(block, "EntranceToCreate"):
        if item["EntranceNum"] in known:
            results.append(refused(item["TransportGUID"], [("INT004057", f"Подъезд {item['EntranceNum']} повторяется")]))
            continue
        known.append(item["EntranceNum"])
        results.append(_result(call, item["TransportGUID"], guid("entrance", house["fias"], item["EntranceNum"]), item["EntranceNum"]))
    for item in listed(block, "EntranceToUpdate"):
        results.append(_result(call, item["TransportGUID"], item["EntranceGUID"].lower(), item["EntranceNum"]))
    return results


def _premises(call: Call, house: dict[str, Any], block: Mapping[str, Any]) -> list[Content]:
    results = []
    rows: list[tuple[Any, bool, Any, list[Any]]] = [
        (item, False, item, [])
        for name in ("NonResidentialPremiseToCreate", "NonResidentialPremiseToUpdate")
        for item in listed(block, name)
    ]
    for flat in listed(block, "ResidentialPremises"):
        stated = flat.get("ResidentialPremisesToCreate") or flat["ResidentialPremisesToUpdate"]
        rows.append((stated, True, flat, listed(flat, "LivingRoomToCreate") + listed(flat, "LivingRoomToUpdate")))
    for item, residential, _, rooms in rows:
        place, errors = _place(house, item, residential=residential)
        if errors or place is None:
            results.append(refused(item["TransportGUID"], errors))
            continue
        place["area"] = item.get("TotalArea", place["area"])
        results.append(_result(call, item["TransportGUID"], place["guid"], f"П{place['guid'][:8]}"))
        for room in rooms:
            results.append(_room(call, house, place, room))
    return results


def _place(house: dict[str, Any], item: Mapping[str, Any], *, residential: bool) -> tuple[dict[str, Any] | None, Errors]:
    """The premises that an item is about: those named by GUID, or new ones."""
    named = str(item.get("PremisesGUID") or "").lower()
    if named:
        there = next((one for one in house["premises"] if one["guid"] == named), None)
        return there, [] if there else [("INT002034", f"Помещение {named} не найдено")]
    number = item["PremisesNum"]
    if any(one["number"] == number and one["residential"] is residential for one in house["premises"]):
        return None, [("INT004027", f"Помещение {number} повторяется")]
    entrance = item.get("EntranceNum")
    if entrance and entrance not in house.get("entrances", []):
        return None, [("INT004065", f"Подъезда {entrance} в доме нет")]
    place = {
        "number": number,
        "residential": residential,
        "area": "",
        "guid": guid("premises", house["fias"], number, str(residential)),
        "rooms": [],
    }
    house["premises"].append(place)
    return place, []


def _room(call: Call, house: dict[str, Any], place: dict[str, Any], item: Mapping[str, Any]) -> Content:
    named, number = str(item.get("LivingRoomGUID") or "").lower(), item["RoomNumber"]
    there = next((one for one in place["rooms"] if one["guid"] == named or (not named and one["number"] == number)), None)
    if (there is None) == bool(named):
        text = f"Комната {named} не найдена" if named else f"Комната {number} повторяется"
        return refused(item["TransportGUID"], [("INT002034" if named else "INT004028", text)])
    if there is None:
        there = {"number": number, "guid": guid("room", house["fias"], place["number"], number)}
        place["rooms"].append(there)
    return _result(call, item["TransportGUID"], there["guid"], f"К{there['guid'][:8]}")


def import_individual(call: Call) -> Content:
    """Individual services: the account is the sender's, the service is in its book."""
    results = []
    for item in listed(call.message, "IndividualService"):
        named = item.get("AccountIndividualServiceGUID")
        errors = wrong_element(call, item["AdditionalService"])
        if item["EndDate"] < item["BeginDate"]:
            errors.append(("INT004210", "Услуга кончается раньше, чем начинается"))
        there = found(call, "individual service", object_guid=named) if named else []
        if named and not there:
            errors.append(("INT002000", f"Индивидуальная услуга {named} не найдена"))
        account = there[0].parent if there else str(item.get("AccountGUID", "")).lower()
        if not call.connection.execute("SELECT 1 FROM account WHERE guid = ? AND sender = ?", (account, call.sender)).fetchone():
            errors.append(("INT002034", f"Лицевой счёт {account} не найден"))
        if errors:
            results.append(refused(item["TransportGUID"], errors))
            continue
        content = {name: item[name] for name in ("BeginDate", "EndDate", "AdditionalService", "Attachment")}
        if there:
            change(call, there[0].guid, content)
        own = there[0].guid if there else put(call, "individual service", "", content, parent=account)
        results.append(accepted(call, item["TransportGUID"], own))
    for item in listed(call.message, "DeleteIndividualService"):
        there = found(call, "individual service", object_guid=item["AccountIndividualServiceGUID"])
        if not there:
            results.append(refused(item["TransportGUID"], [("INT002000", "Индивидуальная услуга не найдена")]))
            continue
        forget(call, there[0].guid)
        results.append(accepted(call, item["TransportGUID"], there[0].guid))
    return {"ImportResult": [{"@version": "10.0.1.1", "CommonResult": results}]}


def export_individual(call: Call) -> Content:
    """Of accounts, or by identifiers."""
    accounts = {value.lower() for value in listed(call.message, "AccountGuid")}
    named = {value.lower() for value in listed(call.message, "AccountIndividualServiceGUID")}
    rows = [one for one in found(call, "individual service") if one.parent in accounts or one.guid in named]
    if not rows:
        raise nothing()
    today = call.now.date().isoformat()
    return {
        "exportAccountIndividualServicesResult": [
            {
                **one.content,
                "AccountIndividualServiceGUID": one.guid,
                "AccountGUID": one.parent,
                "IsActual": one.content["EndDate"] >= today,
            }
            for one in rows
        ]
    }


def export_management(call: Call) -> Content:
    """A contract of every house that the organisation serves, with the services of its books."""
    rows = []
    for criteria in listed(call.message, "Criteria"):
        organisation = next((one for one in call.seeded.organisations if one["root_guid"] == str(criteria.get("UOGUID", "")).lower()), None)
        for fias, house in call.seeded.houses.items():
            managers = [organisation] if organisation else call.seeded.organisations
            for manager in managers:
                contract = guid("management", manager["ogrn"], fias)
                serves = manager["ogrn"] in house["served_by"] or not house["served_by"]
                asked = fias == str(criteria.get("FIASHouseGuid", "")).lower() or contract == str(criteria.get("ContractGUID", "")).lower()
                if serves and asked:
                    rows.append({"Contract": _contract(call, contract, fias, manager)})
    if not rows:
        raise nothing()
    return {"exportCAChResult": rows}


def _contract(call: Call, contract: str, fias: str, manager: Mapping[str, Any]) -> Content:
    books = [book for book in call.seeded.content["books"] if book["owner"] == manager["ogrn"] and book["number"] in ("1", "51")]
    base = {"CurrentDoc": True}
    services = {
        number: [
            {
                "ServiceType": {"Code": one["code"], "GUID": one["guid"]},
                "StartDate": "2020-01-01",
                "EndDate": "2030-01-01",
                "BaseService": base,
            }
            for book in books
            if book["number"] == number
            for one in book["elements"]
        ]
        for number in ("1", "51")
    }
    house = {
        "FIASHouseGuid": fias,
        "StartDate": "2020-01-01",
        "ContractObjectVersionGUID": guid("management object", contract),
        "BaseMService": base,
        "HouseService": services["51"] or None,
        "AddService": services["1"] or None,
    }
    return {
        "DocNum": contract[:8],
        "SigningDate": "2019-12-15",
        "EffectiveDate": "2020-01-01",
        "PlanDateComptetion": "2030-01-01",
        "Owners": True,
        "ContractBase": {"Code": "1", "GUID": guid("book", "", "58", "1")},
        "ContractStatus": "Approved",
        "ContractGUID": contract,
        "ContractVersionGUID": guid("management version", contract),
        "ContractObject": [house],
    }


def export_supply(call: Call) -> Content:
    """Supply contracts that the seed names, of the sender's houses, page by page."""
    message = call.message
    roots = {value.lower() for value in listed(message, "ContractRootGUID")}
    fias = str(message.get("FIASHouseGuid", "")).lower()
    rows = [one for one in call.seeded.content.get("supply", []) if not fias or fias in one["houses"]]
    rows = [one for one in rows if not roots or one["root_guid"] in roots]
    after = str(message.get("ExportContractRootGUID") or "").lower()
    if after:
        order = [one["root_guid"] for one in rows]
        rows = rows[order.index(after) :] if after in order else []
    if not rows:
        raise nothing()
    rest = rows[_SUPPLY_PAGE:]
    page: Content = {"Contract": [_supply(one) for one in rows[:_SUPPLY_PAGE]]}
    page |= {"ExportContractRootGUID": rest[0]["root_guid"]} if rest else {"IsLastPage": True}
    return {"exportSupplyResourceContractResult": [page]}


def _supply(one: Mapping[str, Any]) -> Content:
    return {
        "IsContract": {"ContractNumber": one["number"], "SigningDate": one["signed_on"], "EffectiveDate": one["signed_on"]},
        "IndefiniteTerm": True,
        "Offer": True,
        "IsPlannedVolume": False,
        "ContractSubject": [
            {
                "ServiceType": {"Code": code, "GUID": guid("book", "", "3", code)},
                "MunicipalResource": {"Code": code, "GUID": guid("book", "", "239", code)},
                "StartSupplyDate": one["signed_on"],
                "TransportGUID": guid("supply subject", one["root_guid"], code),
            }
            for code in one["utilities"]
        ],
        "SpecifyingQualityIndicators": "D",
        "ContractRootGUID": one["root_guid"],
        "ContractGUID": guid("supply version", one["root_guid"]),
        "ContractState": "Proceed",
        "VersionNumber": 1,
        "VersionStatus": "Posted",
    }
