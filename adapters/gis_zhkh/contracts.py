"""Codec of contracts, read only: management contracts and charters (ДУ, устав) with their houses, supply contracts (ДРСО)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef, guid, listed, read_nsi_ref
from core.errors import InvariantError
from xsd.tables import ALBUM

__all__ = [
    "ManagedHouse", "Management", "SuppliedService", "Supply", "SupplyPage", "export_management_request", "export_supply_contracts_request",
    "read_management", "read_supply_contracts",
]  # fmt: skip

Element: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True)
class ManagedHouse:
    """A house under a contract or a charter; ``services`` are elements of the provider's books that are agreed for it."""

    fias: UUID
    starts_on: date
    ends_on: date | None
    services: tuple[NsiRef, ...]


@dataclass(frozen=True, slots=True)
class Management:
    """A management contract or a charter."""

    kind: Literal["contract", "charter"]
    guid: UUID
    version_guid: UUID
    number: str | None
    status: str
    houses: tuple[ManagedHouse, ...]


@dataclass(frozen=True, slots=True)
class SuppliedService:
    """What a supply contract delivers: the utility (book 3) and the resource (book 239), from … to."""

    service: NsiRef
    resource: NsiRef
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Supply:
    """A supply contract; ``root_guid`` stays over its versions."""

    root_guid: UUID
    guid: UUID
    number: str | None
    signed_on: date | None
    state: str
    version_status: str
    services: tuple[SuppliedService, ...]


@dataclass(frozen=True, slots=True)
class SupplyPage:
    """A page of supply contracts; ``following`` is asked for the next one, None after the last."""

    contracts: tuple[Supply, ...]
    following: UUID | None


def export_management_request(
    *, organisation: UUID | None = None, houses: Sequence[UUID] = (), contracts: Sequence[UUID] = (), album: str = ALBUM
) -> Element:
    """Ask for the last versions of contracts of an organisation (root identifier) by house, or of contracts by identifier; at most 100."""
    if bool(houses) == bool(contracts) or (bool(houses) and organisation is None):
        raise InvariantError("GIS-0128", "Выгрузка договоров управления: либо организация и дома, либо договоры.")
    limits.check(len(houses) + len(contracts), "request_contracts", album=album)
    criteria: list[dict[str, Any]] = [{"ContractGUID": contract} for contract in contracts]
    criteria += [{"UOGUID": organisation, "FIASHouseGuid": house, "LastVersionOnly": True} for house in houses]
    return xmlio.render("house-management:exportCAChAsyncRequest", {"@Id": SIGNED_ID, "Criteria": criteria}, album=album)


def read_management(reply: StateReply) -> tuple[Management, ...]:
    """Contracts and charters of an export."""
    found = []
    for value in listed(reply.content, "exportCAChResult"):
        if "Contract" in value:
            found.append(_management(value["Contract"], "contract"))
        if "Charter" in value:
            found.append(_management(value["Charter"], "charter"))
    return tuple(found)


def _management(value: Mapping[str, Any], kind: Literal["contract", "charter"]) -> Management:
    name = kind.capitalize()
    return Management(
        kind=kind,
        guid=guid(value[f"{name}GUID"]),
        version_guid=guid(value[f"{name}VersionGUID"]),
        number=value.get("DocNum"),
        status=str(value.get(f"{name}Status", "")).strip(),
        houses=tuple(_house(one) for one in listed(value, "ContractObject")),
    )


def _house(value: Mapping[str, Any]) -> ManagedHouse:
    services = [one["ServiceType"] for name in ("HouseService", "AddService") for one in listed(value, name) if "ServiceType" in one]
    return ManagedHouse(
        fias=guid(value["FIASHouseGuid"]),
        starts_on=_day(value["StartDate"]),
        ends_on=_day(value["EndDate"]) if value.get("EndDate") else None,
        services=tuple(read_nsi_ref(one) for one in services),
    )


def export_supply_contracts_request(
    *, roots: Sequence[UUID] = (), house_fias: UUID | None = None, after: UUID | None = None, album: str = ALBUM
) -> Element:
    """Ask for supply contracts by their roots (at most 1000), or for those of a house (or all), page by page."""
    value: dict[str, Any] = {"@Id": SIGNED_ID}
    if roots:
        limits.check(len(roots), "request_identifiers", album=album)
        value["ContractRootGUID"] = list(roots)
    else:
        value |= {"ExportContractRootGUID": after, "FIASHouseGuid": house_fias}
    return xmlio.render("house-management:exportSupplyResourceContractRequest", value, album=album)


def read_supply_contracts(reply: StateReply) -> SupplyPage:
    """The page of an export; empty when there was nothing."""
    contracts: list[Supply] = []
    following: str | None = None
    for result in listed(reply.content, "exportSupplyResourceContractResult"):
        contracts += [_supply(one) for one in listed(result, "Contract")]
        following = result.get("ExportContractRootGUID") or following
    return SupplyPage(tuple(contracts), guid(following) if following else None)


def _supply(value: Mapping[str, Any]) -> Supply:
    document: Mapping[str, Any] = value.get("IsContract") or value.get("IsNotContract") or {}
    return Supply(
        root_guid=guid(value["ContractRootGUID"]),
        guid=guid(value["ContractGUID"]),
        number=document.get("ContractNumber"),
        signed_on=_day(document["SigningDate"]) if document.get("SigningDate") else None,
        state=str(value.get("ContractState", "")).strip(),
        version_status=str(value.get("VersionStatus", "")).strip(),
        services=tuple(_subject(one) for one in listed(value, "ContractSubject")),
    )


def _subject(value: Mapping[str, Any]) -> SuppliedService:
    return SuppliedService(
        read_nsi_ref(value["ServiceType"]),
        read_nsi_ref(value["MunicipalResource"]),
        _day(value["StartSupplyDate"]),
        _day(value["EndSupplyDate"]) if value.get("EndSupplyDate") else None,
    )


def _day(text: str) -> date:
    return date.fromisoformat(text.strip()[:10])
