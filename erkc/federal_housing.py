"""Messages about houses in the federal system's terms: meters, readings at verification, own books, individual services, contracts,
premises."""

from __future__ import annotations

from typing import Literal, assert_never
from uuid import UUID

from lxml import etree

from adapters.gis_zhkh import contracts, house_import, individual_services, meters, nsi_import, readings
from adapters.gis_zhkh.attachments import Attachment
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef
from core.errors import InvariantError
from core.services.federal import wire_housing as wire
from core.services.federal.elements import NsiElement
from core.services.federal.gateway import Content

__all__ = ["REQUESTS", "Request", "body", "content", "verified"]

REQUESTS = (
    wire.PlaceMeters,
    wire.PlaceBookElements,
    wire.PlaceIndividualServices,
    wire.RemoveIndividualServices,
    wire.AskIndividualServices,
    wire.AskContracts,
    wire.PlaceHouse,
)
Request = (
    wire.PlaceMeters
    | wire.PlaceBookElements
    | wire.PlaceIndividualServices
    | wire.RemoveIndividualServices
    | wire.AskIndividualServices
    | wire.AskContracts
    | wire.PlaceHouse
)
_PARENTS: tuple[Literal["1", "2", "3", "8"], ...] = ("1", "2", "3", "8")


def body(request: Request) -> tuple[str, etree._Element]:
    """The operation and its message."""
    match request:
        case wire.PlaceMeters(fias, cards):
            return "importMeteringDeviceData", meters.import_meters_request([_meter(card) for card in cards], house_fias=UUID(fias))
        case wire.PlaceBookElements():
            return _book(request)
        case wire.PlaceIndividualServices(services):
            return "importAccountIndividualServices", individual_services.import_individual_services_request(
                [_individual(card) for card in services]
            )
        case wire.RemoveIndividualServices(gone):
            removals = [individual_services.IndividualServiceRemoval(transport, placed) for transport, placed in gone]
            return "importAccountIndividualServices", individual_services.remove_individual_services_request(removals)
        case wire.AskIndividualServices(accounts):
            return "exportAccountIndividualServices", individual_services.export_individual_services_request(accounts)
        case wire.AskContracts(organisation, houses, after):
            if organisation is None:
                return "exportSupplyResourceContractData", contracts.export_supply_contracts_request(after=after)
            return "exportCAChData", contracts.export_management_request(organisation=organisation, houses=houses)
        case wire.PlaceHouse():
            return "importHouseUOData", house_import.import_house_request(_house(request))
        case _:
            assert_never(request)


def _reference(element: NsiElement) -> NsiRef:
    return NsiRef(element.code, element.guid)


def _needed(element: NsiElement | None, what: str) -> NsiRef:
    if element is None:
        raise InvariantError("GIS-0535", f"В сообщении не названо: {what}.")
    return _reference(element)


def _meter(card: wire.MeterCard) -> meters.NewMeter | meters.ArchiveMeter:
    if card.archived is not None and card.version is not None:
        return meters.ArchiveMeter(card.transport_guid, card.version, _reference(card.archived))
    passport = meters.MeterPassport(
        card.serial, card.make, card.model, card.sealed_on, card.commissioned_on, first_verified_on=card.verified_on
    )
    place = meters.MeterPlace("LivingRoomDevice" if card.is_room else "ResidentialPremiseDevice", card.places, card.accounts)
    measures: tuple[meters.MeterResource, ...] | meters.Tariffs = meters.Tariffs(card.start_e3)
    if card.resource is not None:
        measures = (meters.MeterResource(_reference(card.resource), card.start_e3[0], card.okei or None),)
    return meters.NewMeter(card.transport_guid, passport, place, measures, version_guid=card.version)


def verified(card: wire.VerificationCard) -> readings.MeterReadings:
    """A meter that is told of a verification."""

    def shown(values: tuple[int, ...]) -> tuple[readings.OneRate, ...] | meters.Tariffs:
        return meters.Tariffs(values) if card.resource is None else (readings.OneRate(_reference(card.resource), values[0]),)

    return readings.MeterReadings(
        card.root,
        verified=readings.Verified(
            card.transport_guid,
            shown(card.before_e3),
            shown(card.after_e3),
            card.started_on,
            card.ended_on,
            card.sealed_on,
            None if card.reason is None else _reference(card.reason),
        ),
    )


def _book(request: wire.PlaceBookElements) -> tuple[str, etree._Element]:
    cards = request.elements
    match request.book:
        case "1":
            additional = [nsi_import.AdditionalElement(card.transport_guid, card.name, card.okei) for card in cards]
            return "importAdditionalServices", nsi_import.import_additional_services_request(additional)
        case "51":
            utilities = [
                nsi_import.UtilityElement(
                    card.transport_guid,
                    card.name,
                    _needed(card.utility, "вид коммунальной услуги"),
                    _needed(card.resource, "вид коммунального ресурса"),
                    card.okei or None,
                )
                for card in cards
            ]
            return "importMunicipalServices", nsi_import.import_utilities_request(utilities)
        case "337":
            general = [
                nsi_import.GeneralResourceElement(
                    card.transport_guid,
                    card.name,
                    next(code for code in _PARENTS if code == card.parent),
                    _needed(card.resource, "вид коммунального ресурса"),
                    card.okei,
                )
                for card in cards
            ]
            return "importGeneralNeedsMunicipalResource", nsi_import.import_general_resources_request(general)
        case _:
            assert_never(request.book)


def _individual(card: wire.IndividualServiceCard) -> individual_services.IndividualService:
    document = Attachment(card.file_name, card.file_guid, card.file_hash)
    return individual_services.IndividualService(
        card.transport_guid, card.account, _reference(card.service), card.first, card.last, document
    )


def _house(request: wire.PlaceHouse) -> house_import.HouseToPlace:
    card = request.house
    basics = house_import.HouseBasics(
        fias=UUID(card.fias),
        area_e2=card.area_e2,
        state=None if card.state is None else _reference(card.state),
        zone=None if card.zone is None else _reference(card.zone),
        used_since=card.used_since,
        floors=None if card.floors is None else str(card.floors),
        underground_floors=None if card.underground_floors is None else str(card.underground_floors),
        least_floors=card.least_floors,
        cadastral=card.cadastral,
        cultural_heritage=False if card.is_new else None,
    )
    premises = tuple(
        house_import.PremisesToPlace(
            one.transport_guid,
            one.number,
            one.area_e2,
            one.residential,
            cadastral=one.cadastral,
            common_property=one.common_property,
            premises_guid=one.placed,
            rooms=tuple(house_import.RoomToPlace(room.transport_guid, room.number, room.area_e2) for room in one.rooms),
        )
        for one in request.premises
    )
    return house_import.HouseToPlace(card.transport_guid, basics, card.is_new, premises=premises)


def content(reply: StateReply, operation_name: str) -> Content | None:
    """An export about houses; None when the operation is another one."""
    match operation_name:
        case "exportAccountIndividualServices":
            found = individual_services.read_individual_services(reply)
            return Content(
                individual_services=tuple(
                    wire.FederalIndividualService(one.guid, one.account_guid, one.service.guid, one.begins_on, one.ends_on, one.actual)
                    for one in found
                )
            )
        case "exportCAChData":
            return Content(contracts=tuple(_management(one) for one in contracts.read_management(reply)))
        case "exportSupplyResourceContractData":
            page = contracts.read_supply_contracts(reply)
            return Content(contracts=tuple(_supply(one) for one in page.contracts), following=page.following)
        case _:
            return None


def _management(one: contracts.Management) -> wire.Contract:
    services = tuple(dict.fromkeys(ref.guid for house in one.houses for ref in house.services))
    houses = tuple(house.fias for house in one.houses)
    return wire.Contract(one.kind, one.guid, one.number or "", one.status, None, houses, services)


def _supply(one: contracts.Supply) -> wire.Contract:
    services = tuple(dict.fromkeys(row.service.guid for row in one.services))
    return wire.Contract("supply", one.root_guid, one.number or "", one.state, one.signed_on, (), services)
