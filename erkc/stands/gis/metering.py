"""Meters and readings: placed, changed under a new version, archived, replaced; values checked against the last one of control."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from erkc.stands.gis.desk import Call, Content, Errors, Object, accepted, change, found, listed, nothing, put, refused, wrong_element
from erkc.stands.gis.gate import Refusal
from erkc.stands.gis.names import moment
from erkc.stands.gis.seed import guid

__all__ = ["export_history", "export_meters", "import_meters", "import_readings"]

_KINDS = (
    "CollectiveDevice", "ResidentialPremiseDevice", "NonResidentialPremiseDevice", "ApartmentHouseDevice", "LivingRoomDevice",
    "CollectiveApartmentDevice",
)  # fmt: skip
_RATES = ("MeteringValueT1", "MeteringValueT2", "MeteringValueT3")
_HISTORY_BLOCK = 1000


def import_meters(call: Call) -> Content:
    """Each on its own; the house of the message must be known and served."""
    fias = str(call.message.get("FIASHouseGuid", "")).lower()
    if fias:
        _check_house(call, fias)
    results = [_device(call, fias, item) for item in listed(call.message, "MeteringDevice")]
    return {"ImportResult": [{"@version": "10.0.1.1", "CommonResult": results}]}


def _check_house(call: Call, fias: str) -> None:
    if fias not in call.seeded.houses:
        raise Refusal("INT002000", f"Дом {fias} не найден")
    if not call.seeded.serves(call.sender, fias):
        raise Refusal("AUT011003", "Дом не обслуживается организацией")


def _device(call: Call, fias: str, item: Mapping[str, Any]) -> Content:
    transport = item["TransportGUID"]
    if "DeviceDataToCreate" in item:
        full = item["DeviceDataToCreate"]
        errors = _wrong(call, full)
        if errors:
            return refused(transport, errors)
        root = put(call, "meter", full["BasicChatacteristicts"]["MeteringDeviceNumber"], {}, parent=fias or _house_of(call, full))
        change(call, root, {"full": full, "version": 1, "version_guid": guid("meter version", root, "1"), "active": True})
        return _taken(call, transport, root, 1)
    update = item["DeviceDataToUpdate"]
    version = update["MeteringDeviceVersionGUID"].lower()
    there = next((one for one in found(call, "meter") if one.content["version_guid"] == version), None)
    if there is None:
        return refused(transport, [("INT002000", f"Версия прибора учёта {version} не найдена или не последняя")])
    content = dict(there.content)
    if not content["active"]:
        return refused(transport, [("SRV007080", "Прибор учёта в архиве")])
    if "UpdateBeforeDevicesValues" in update:
        errors = _wrong(call, update["UpdateBeforeDevicesValues"])
        if found(call, "reading", parent=there.guid):
            errors.append(("SRV007080", "У прибора учёта есть показания: изменить его целиком нельзя"))
        if errors:
            return refused(transport, errors)
        content["full"] = update["UpdateBeforeDevicesValues"]
    elif "ArchiveDevice" in update:
        errors = wrong_element(call, update["ArchiveDevice"]["ArchivingReason"])
        if errors:
            return refused(transport, errors)
        content |= {"active": False, "reason": update["ArchiveDevice"]["ArchivingReason"]}
    elif "ReplaceDevice" in update:
        by = update["ReplaceDevice"]["ReplacingMeteringDeviceVersionGUID"].lower()
        if not any(one.content["version_guid"] == by for one in found(call, "meter")):
            return refused(transport, [("INT002000", f"Заменяющий прибор {by} не найден")])
        content |= {"active": False}
    number = content["version"] + 1
    content |= {"version": number, "version_guid": guid("meter version", there.guid, str(number))}
    change(call, there.guid, content)
    return _taken(call, transport, there.guid, number)


def _taken(call: Call, transport: str, root: str, version: int) -> Content:
    (meter,) = found(call, "meter", object_guid=root)
    return accepted(
        call, transport, root, f"ПУ{int(root[:8], 16)}", importMeteringDevice={"MeteringDeviceGUID": meter.content["version_guid"]}
    )


def _wrong(call: Call, full: Mapping[str, Any]) -> Errors:
    basic = full["BasicChatacteristicts"]
    kind = next(name for name in _KINDS if name in basic)
    place = basic[kind] if isinstance(basic[kind], Mapping) else {}
    errors: Errors = []
    for name in ("PremiseGUID", "LivingRoomGUID"):
        errors += [
            ("INT002034", f"Помещение {value} не найдено") for value in listed(place, name) if value.lower() not in call.seeded.places
        ]
    for value in listed(place, "AccountGUID"):
        row = call.connection.execute("SELECT 1 FROM account WHERE guid = ? AND sender = ?", (value.lower(), call.sender)).fetchone()
        errors += [] if row else [("INT002034", f"Лицевой счёт {value} не найден")]
    for measured in listed(full, "MunicipalResourceNotEnergy"):
        errors += wrong_element(call, measured["MunicipalResource"])
    required = ("MeteringDeviceStamp", "MeteringDeviceModel", "FactorySealDate")
    errors += [("INT004200", f"Не указано обязательное значение {name}") for name in required if not basic.get(name)]
    if kind != "CollectiveDevice" and not basic.get("CommissioningDate"):
        errors.append(("INT004200", "Не указан день ввода в эксплуатацию"))
    return errors


def _house_of(call: Call, full: Mapping[str, Any]) -> str:
    basic = full["BasicChatacteristicts"]
    place = next(basic[name] for name in _KINDS if name in basic)
    for value in listed(place, "PremiseGUID") + listed(place, "LivingRoomGUID"):
        return call.seeded.places.get(value.lower(), "")
    return next((value.lower() for value in listed(place, "FIASHouseGuid")), "")


def export_meters(call: Call) -> Content:
    """Of a house, or one by its root or its version."""
    fias = str(call.message.get("FIASHouseGuid", "")).lower()
    if fias:
        _check_house(call, fias)
        archived = call.message.get("SearchArchived") == "true"
        rows = [one for one in found(call, "meter", parent=fias) if archived or one.content["active"]]
    else:
        named = str(call.message.get("MeteringDeviceRootGUID") or call.message.get("MeteringDeviceVersionGUID")).lower()
        rows = [one for one in found(call, "meter") if named in (one.guid, one.content["version_guid"])]
    if not rows:
        raise nothing()
    return {"exportMeteringDeviceDataResult": [_shown(one) for one in rows]}


def _shown(one: Object) -> Content:
    full = one.content["full"]
    status = "Active" if one.content["active"] else "Archival"
    return {
        **{key: value for key, value in full.items() if not key.startswith("@")},
        "MeteringDeviceRootGUID": one.guid,
        "StatusRootDoc": status,
        "MeteringDeviceVersionGUID": one.content["version_guid"],
        "VersionNumber": one.content["version"],
        "StatusVersion": status,
        "UpdateDateTime": one.at,
        "MeteringDeviceGISGKHNumber": f"ПУ{int(one.guid[:8], 16)}",
    }


def import_readings(call: Call) -> Content:
    """A result for every value; a current one may fall below the last current, never below the nearest earlier one of control."""
    results: list[Content] = []
    for item in listed(call.message, "MeteringDevicesValues"):
        named = str(item.get("MeteringDeviceRootGUID") or item.get("MeteringDeviceVersionGUID")).lower()
        meter = next((one for one in found(call, "meter") if named in (one.guid, one.content["version_guid"])), None)
        branch = next(name for name in ("OneRateDeviceValue", "ElectricDeviceValue", "VolumeDeviceValue") if name in item)
        for kind in ("ControlValue", "CurrentValue", "VerificationValue"):
            for value in listed(item[branch], kind):
                results.append(_value(call, meter, named, branch, kind, value))
    return {"ImportResult": results}


def _value(call: Call, meter: Object | None, named: str, branch: str, kind: str, value: Mapping[str, Any]) -> Content:
    transport = value["TransportGUID"]
    if meter is None:
        return refused(transport, [("INT002000", f"Прибор учёта {named} не найден")])
    electric = "MunicipalResourceEnergy" in meter.content["full"]
    errors: Errors = []
    if not meter.content["active"]:
        errors.append(("SRV007080", "Прибор учёта в архиве"))
    if electric != (branch == "ElectricDeviceValue"):
        errors.append(("INT007001", "Вид показаний не соответствует прибору учёта"))
    errors += [] if electric or kind == "VerificationValue" else wrong_element(call, value.get("MunicipalResource"))
    if not errors and kind == "CurrentValue":
        errors += _below_control(call, meter, value)
    if errors:
        return refused(transport, errors)
    content = {key: item for key, item in value.items() if key != "TransportGUID"}
    own = put(call, "reading", kind, {"branch": branch, "value": content}, parent=meter.guid)
    return accepted(call, transport, own)


def _below_control(call: Call, meter: Object, value: Mapping[str, Any]) -> Errors:
    resource = (value.get("MunicipalResource") or {}).get("Code")
    earlier = [
        one.content["value"]
        for one in found(call, "reading", key="ControlValue", parent=meter.guid)
        if (one.content["value"].get("MunicipalResource") or {}).get("Code") == resource
        and one.content["value"]["DateValue"] <= value["DateValue"]
    ]
    if not earlier:
        return []
    last = max(earlier, key=lambda one: str(one["DateValue"]))
    for name in ("MeteringValue", *_RATES):
        if value.get(name) and last.get(name) and Decimal(value[name]) < Decimal(last[name]):
            return [("INT007002", f"Показание {value[name]} меньше контрольного {last[name]} от {last['DateValue']}")]
    return []


def export_history(call: Call) -> Content:
    """What was told of the meters of houses in a period, block by block."""
    message = call.message
    houses = [value.lower() for value in listed(message, "FIASHouseGuid")]
    for fias in houses:
        _check_house(call, fias)
    roots = {value.lower() for value in listed(message, "MeteringDeviceRootGUID")}
    codes = {one["Code"] for one in listed(message, "MunicipalResource")}
    first = message.get("inputDateFrom") or call.now.date().replace(day=1).isoformat()
    last = message.get("inputDateTo") or call.now.date().isoformat()
    if (date.fromisoformat(last) - date.fromisoformat(first)).days > 62:
        raise Refusal("INT007003", "Период истории показаний больше двух месяцев")
    meters = [one for one in found(call, "meter") if (one.parent in houses or not houses) and (not roots or one.guid in roots)]
    shown = [(meter, values) for meter in meters if (values := _values(call, meter, codes, first, last))]
    after = str(message.get("ExportMeteringDeviceRootGUID") or "").lower()
    if after:
        numbers = [meter.guid for meter, _ in shown]
        shown = shown[numbers.index(after) :] if after in numbers else []
    if not shown:
        raise nothing()
    content: Content = {"exportMeteringDeviceHistoryResult": [_history(call, meter, values) for meter, values in shown[:_HISTORY_BLOCK]]}
    if len(houses) != 1:
        rest = shown[_HISTORY_BLOCK:]
        content["PagedOutput"] = {"ExportMeteringDeviceRootGUID": rest[0][0].guid} if rest else {"LastPage": True}
    return content


def _values(call: Call, meter: Object, codes: set[str], first: str, last: str) -> list[Object]:
    rows = []
    for one in found(call, "reading", parent=meter.guid):
        value = one.content["value"]
        code = (value.get("MunicipalResource") or {}).get("Code")
        day = value.get("DateValue") or value.get("EndDateValue")
        if first <= str(day)[:10] <= last and (code is None or not codes or code in codes):
            rows.append(one)
    return rows


def _history(call: Call, meter: Object, values: list[Object]) -> Content:
    electric = "MunicipalResourceEnergy" in meter.content["full"]
    kinds: dict[str, list[Content]] = {}
    for one in values:
        value = dict(one.content["value"])
        if one.key != "VerificationValue":
            value["DateValue"] = f"{value['DateValue'][:10]}T00:00:00+03:00"
            value |= {"ReadingsSource": "ИС", "orgPPAGUID": call.sender, "EnterIntoSystem": moment(call.now)}
            kinds.setdefault(one.key, []).append(value)
    return {"MeteringDeviceRootGUID": meter.guid, "ElectricDeviceValue" if electric else "OneRateDeviceValue": {"Values": kinds}}
