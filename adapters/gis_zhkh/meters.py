"""Codec of meters (приборы учёта): place, change, archive, replace, and export.

What the schema leaves optional and the system demands (stamp, model, day of the factory seal, day of commissioning) is demanded here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef, decimal_text, guid, listed, nsi_mapping
from core.errors import InvariantError
from core.ids import TransportGuid
from xsd.tables import ALBUM

__all__ = [
    "ArchiveMeter", "FederalMeter", "MeterPassport", "MeterPlace", "MeterResource", "NewMeter", "ReplaceMeter", "Tariffs",
    "export_meters_request", "import_meters_request", "read_meters",
]  # fmt: skip

Element: TypeAlias = etree._Element
PlaceKind = Literal[
    "CollectiveDevice", "ResidentialPremiseDevice", "NonResidentialPremiseDevice", "ApartmentHouseDevice", "LivingRoomDevice",
    "CollectiveApartmentDevice",
]  # fmt: skip
_PLACE_NAMES: Mapping[PlaceKind, str] = {
    "CollectiveDevice": "FIASHouseGuid",
    "ResidentialPremiseDevice": "PremiseGUID",
    "NonResidentialPremiseDevice": "PremiseGUID",
    "ApartmentHouseDevice": "FIASHouseGuid",
    "LivingRoomDevice": "LivingRoomGUID",
    "CollectiveApartmentDevice": "PremiseGUID",
}


@dataclass(frozen=True, slots=True)
class MeterPlace:
    """Where a meter is: the house, or premises or rooms with the accounts that are charged by it."""

    kind: PlaceKind
    places: tuple[UUID, ...]
    accounts: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterResource:
    """What is measured with one rate: an element of book 2, the starting reading in thousandths, the unit (ОКЕИ)."""

    resource: NsiRef
    start_e3: int
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Tariffs:
    """Readings of electricity by rate, thousandths: one to three."""

    values_e3: tuple[int, ...]

    def mapping(self) -> dict[str, str]:
        """The rates as the tables write them."""
        if not 1 <= len(self.values_e3) <= 3 or min(self.values_e3) < 0:
            raise InvariantError("GIS-0120", "Показания по тарифам: от одного до трёх, не меньше нуля.")
        return {f"MeteringValueT{number}": decimal_text(value, 3) for number, value in enumerate(self.values_e3, 1)}


@dataclass(frozen=True, slots=True)
class MeterPassport:
    """What is said of a meter itself."""

    number: str
    stamp: str
    model: str
    sealed_on: date
    """Day of the seal of the factory or of the last verification."""
    commissioned_on: date | None
    installed_on: date | None = None
    first_verified_on: date | None = None
    interval: NsiRef | None = None
    """Time between verifications, an element of book 16."""
    remote_info: str | None = None
    """How it is read remotely; None: it is not."""
    temperature_sensor: bool = False
    pressure_sensor: bool = False


@dataclass(frozen=True, slots=True)
class NewMeter:
    """A meter to place; with ``version_guid`` one that is there and has no readings yet is changed to this."""

    transport_guid: TransportGuid
    passport: MeterPassport
    place: MeterPlace
    measures: tuple[MeterResource, ...] | Tariffs
    """Resources of one rate (at most three), or electricity."""
    transformation_e4: int | None = None
    version_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class ArchiveMeter:
    """A meter to take out of service; ``reason`` is an element of book 21."""

    transport_guid: TransportGuid
    version_guid: UUID
    reason: NsiRef


@dataclass(frozen=True, slots=True)
class ReplaceMeter:
    """A meter that another one stands for from now on; without ``reason`` (book 224) it is for the planned verification."""

    transport_guid: TransportGuid
    version_guid: UUID
    by_version: UUID
    verified_on: date
    last: tuple[MeterResource, ...] | Tariffs | None = None
    reason: NsiRef | None = None


@dataclass(frozen=True, slots=True)
class FederalMeter:
    """A meter as the federal system holds it: the root stays, the version changes with each edit."""

    root_guid: UUID
    version_guid: UUID
    number: str
    federal_number: str
    active: bool
    kind: str
    places: tuple[UUID, ...]
    accounts: tuple[UUID, ...]
    resources: tuple[str, ...]
    """Codes of book 2; electricity names none."""


def import_meters_request(
    meters: Sequence[NewMeter | ArchiveMeter | ReplaceMeter], *, house_fias: UUID | None, album: str = ALBUM
) -> Element:
    """Place, change, archive or replace at most 100 meters of a house."""
    limits.check(len(meters), "request_meters", album=album)
    value = {"@Id": SIGNED_ID, "FIASHouseGuid": house_fias, "MeteringDevice": [_device(one) for one in meters]}
    return xmlio.render("house-management:importMeteringDeviceDataRequest", value, album=album)


def _device(one: NewMeter | ArchiveMeter | ReplaceMeter) -> dict[str, Any]:
    value: dict[str, Any] = {"TransportGUID": one.transport_guid}
    match one:
        case NewMeter():
            full = _full(one)
            if one.version_guid is None:
                return {**value, "DeviceDataToCreate": full}
            update: dict[str, Any] = {"UpdateBeforeDevicesValues": full}
        case ArchiveMeter():
            update = {"ArchiveDevice": {"ArchivingReason": nsi_mapping(one.reason)}}
        case ReplaceMeter():
            update = {"ReplaceDevice": _replacement(one)}
        case _:
            assert_never(one)
    return {**value, "DeviceDataToUpdate": {"MeteringDeviceVersionGUID": one.version_guid, **update}}


def _full(meter: NewMeter) -> dict[str, Any]:
    passport, place = meter.passport, meter.place
    collective = place.kind == "CollectiveDevice"
    lacks_day = passport.commissioned_on is None and not collective
    lacks_check = collective and (passport.first_verified_on is None or passport.interval is None)
    if not passport.stamp or not passport.model or lacks_day or lacks_check:
        raise InvariantError(
            "GIS-0121",
            f"Прибор {passport.number}: нужны марка, модель, день ввода, а для общедомового — день и интервал поверки.",
        )
    if not collective and (not place.places or not place.accounts):
        raise InvariantError("GIS-0122", f"Прибор {passport.number}: нужны помещение и лицевой счёт.")
    basic: dict[str, Any] = {
        "MeteringDeviceNumber": passport.number,
        "MeteringDeviceStamp": passport.stamp,
        "MeteringDeviceModel": passport.model,
        "InstallationDate": passport.installed_on,
        "CommissioningDate": passport.commissioned_on,
        "RemoteMeteringMode": passport.remote_info is not None,
        "RemoteMeteringInfo": passport.remote_info,
        "FirstVerificationDate": passport.first_verified_on,
        "VerificationInterval": None if passport.interval is None else nsi_mapping(passport.interval),
        "FactorySealDate": passport.sealed_on,
        "TemperatureSensor": passport.temperature_sensor,
        "PressureSensor": passport.pressure_sensor,
        place.kind: {_PLACE_NAMES[place.kind]: list(place.places) or None, **({} if collective else {"AccountGUID": list(place.accounts)})},
    }
    value: dict[str, Any] = {"BasicChatacteristicts": basic, "NotLinkedWithMetering": True}
    if isinstance(meter.measures, Tariffs):
        ratio = None if meter.transformation_e4 is None else decimal_text(meter.transformation_e4, 4)
        return {**value, "MunicipalResourceEnergy": {**meter.measures.mapping(), "TransformationRatio": ratio, "Unit": "245"}}
    return {**value, "MunicipalResourceNotEnergy": [{**_one_rate(one), "Unit": one.unit} for one in meter.measures]}


def _one_rate(one: MeterResource) -> dict[str, Any]:
    return {"MunicipalResource": nsi_mapping(one.resource), "MeteringValue": decimal_text(one.start_e3, 3)}


def _replacement(one: ReplaceMeter) -> dict[str, Any]:
    value: dict[str, Any] = {"VerificationDate": one.verified_on, "ReplacingMeteringDeviceVersionGUID": one.by_version}
    value |= {"PlannedVerification": True} if one.reason is None else {"ReasonVerification": nsi_mapping(one.reason)}
    if isinstance(one.last, Tariffs):
        value["DeviceValueMunicipalResourceElectric"] = one.last.mapping()
    elif one.last:
        value["DeviceValueMunicipalResourceNotElectric"] = [_one_rate(last) for last in one.last]
    return value


def export_meters_request(
    *, house_fias: UUID | None = None, root_guid: UUID | None = None, archived: bool = False, album: str = ALBUM
) -> Element:
    """Ask for the meters of a house, or for one meter by its root."""
    if (house_fias is None) == (root_guid is None):
        raise InvariantError("GIS-0123", "Выгрузка приборов учёта: нужно ровно одно из дома и прибора.")
    value: dict[str, Any] = {"@Id": SIGNED_ID}
    if root_guid is not None:
        value["MeteringDeviceRootGUID"] = root_guid
    else:
        value |= {"FIASHouseGuid": house_fias, "SearchArchived": archived}
    return xmlio.render("house-management:exportMeteringDeviceDataRequest", value, album=album)


def read_meters(reply: StateReply) -> tuple[FederalMeter, ...]:
    """Meters of an export."""
    return tuple(_meter(value) for value in listed(reply.content, "exportMeteringDeviceDataResult"))


def _meter(value: Mapping[str, Any]) -> FederalMeter:
    basic = value["BasicChatacteristicts"]
    kind: PlaceKind = next(name for name in _PLACE_NAMES if name in basic)
    place = basic[kind] if isinstance(basic[kind], Mapping) else {}
    measured = [*listed(value, "MunicipalResourceNotEnergy"), *listed(value, "MunicipalResources")]
    return FederalMeter(
        root_guid=guid(value["MeteringDeviceRootGUID"]),
        version_guid=guid(value["MeteringDeviceVersionGUID"]),
        number=str(basic["MeteringDeviceNumber"]),
        federal_number=str(value.get("MeteringDeviceGISGKHNumber", "")),
        active=str(value.get("StatusRootDoc", "")).strip() == "Active",
        kind=kind,
        places=tuple(guid(text) for text in listed(place, _PLACE_NAMES[kind])),
        accounts=tuple(guid(text) for text in listed(place, "AccountGUID")),
        resources=tuple(str(one["MunicipalResource"]["Code"]) for one in measured),
    )
