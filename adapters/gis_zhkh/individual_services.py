"""Codec of individual services of an account (индивидуальные услуги): place, remove, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.attachments import Attachment
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef, guid, listed, nsi_mapping, read_nsi_ref
from core.errors import InvariantError
from core.ids import TransportGuid
from xsd.tables import ALBUM

__all__ = [
    "FederalIndividualService", "IndividualService", "IndividualServiceRemoval", "export_individual_services_request",
    "import_individual_services_request", "read_individual_services", "remove_individual_services_request",
]  # fmt: skip

Element: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True)
class IndividualService:
    """An additional service (book 1) that one account has ordered; ``placed`` names one that is there and is changed."""

    transport_guid: TransportGuid
    account_guid: UUID
    service: NsiRef
    begins_on: date
    ends_on: date
    document: Attachment
    placed: UUID | None = None


@dataclass(frozen=True, slots=True)
class IndividualServiceRemoval:
    """An individual service to remove."""

    transport_guid: TransportGuid
    placed: UUID


@dataclass(frozen=True, slots=True)
class FederalIndividualService:
    """An individual service as the federal system holds it."""

    guid: UUID
    account_guid: UUID
    service: NsiRef
    begins_on: date
    ends_on: date
    actual: bool


def import_individual_services_request(services: Sequence[IndividualService], *, album: str = ALBUM) -> Element:
    """Place or change at most 1000 individual services."""
    limits.check(len(services), "request_individual_services", album=album)
    value = {"@Id": SIGNED_ID, "IndividualService": [_service(one) for one in services]}
    return xmlio.render("house-management:importAccountIndividualServicesRequest", value, album=album)


def _service(one: IndividualService) -> dict[str, Any]:
    if one.ends_on < one.begins_on:
        raise InvariantError("GIS-0127", "Индивидуальная услуга кончается раньше, чем начинается.")
    value: dict[str, Any] = {
        "BeginDate": one.begins_on,
        "EndDate": one.ends_on,
        "AdditionalService": nsi_mapping(one.service),
        "Attachment": one.document.mapping(),
        "TransportGUID": one.transport_guid,
    }
    return value | ({"AccountGUID": one.account_guid} if one.placed is None else {"AccountIndividualServiceGUID": one.placed})


def remove_individual_services_request(removals: Sequence[IndividualServiceRemoval], *, album: str = ALBUM) -> Element:
    """Remove at most 1000 individual services."""
    limits.check(len(removals), "request_individual_services", album=album)
    rows = [{"TransportGUID": one.transport_guid, "AccountIndividualServiceGUID": one.placed} for one in removals]
    value = {"@Id": SIGNED_ID, "DeleteIndividualService": rows}
    return xmlio.render("house-management:importAccountIndividualServicesRequest", value, album=album)


def export_individual_services_request(account_guids: Sequence[UUID], *, album: str = ALBUM) -> Element:
    """Ask for the individual services of at most 1000 accounts."""
    limits.check(len(account_guids), "request_identifiers", album=album)
    value = {"@Id": SIGNED_ID, "AccountGuid": list(account_guids)}
    return xmlio.render("house-management:exportAccountIndividualServicesRequest", value, album=album)


def read_individual_services(reply: StateReply) -> tuple[FederalIndividualService, ...]:
    """Individual services of an export."""
    return tuple(_federal(value) for value in listed(reply.content, "exportAccountIndividualServicesResult"))


def _federal(value: Mapping[str, Any]) -> FederalIndividualService:
    return FederalIndividualService(
        guid=guid(value["AccountIndividualServiceGUID"]),
        account_guid=guid(value["AccountGUID"]),
        service=read_nsi_ref(value["AdditionalService"]),
        begins_on=date.fromisoformat(value["BeginDate"][:10]),
        ends_on=date.fromisoformat(value["EndDate"][:10]),
        actual=value.get("IsActual", "").strip() in ("true", "1"),
    )
