"""Codec of the organisation registry: whom this information system may act for, and who is who."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import guid, listed
from xsd.tables import ALBUM

__all__ = [
    "DataProvider",
    "RegisteredOrganisation",
    "export_data_provider_request",
    "export_org_registry_request",
    "read_organisations",
    "read_providers",
]

Element: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True)
class DataProvider:
    """A provider (поставщик информации) this system may act for."""

    provider_guid: UUID
    actual: bool
    root_guid: UUID
    """Корневая сущность of the organisation."""


@dataclass(frozen=True, slots=True)
class RegisteredOrganisation:
    """An organisation of the registry: root, version and personal account are three different identifiers of it."""

    root_guid: UUID
    version_guid: UUID
    ppa_guid: UUID | None
    """Личный кабинет: what headers and ``orgPPAGUID`` fields take; None when it has none."""
    name: str
    short_name: str | None
    ogrn: str | None
    inn: str | None
    kpp: str | None
    actual: bool
    edited_on: date | None
    role_codes: tuple[str, ...]


def export_data_provider_request(*, only_actual: bool = True, album: str = ALBUM) -> Element:
    """Which organisations may this system act for: the self-check at start."""
    value = {"@Id": SIGNED_ID, "IsActual": True if only_actual else None}
    return xmlio.render("organizations-registry-common:exportDataProviderRequest", value, album=album)


def export_org_registry_request(ogrns: Sequence[str], *, kpp: Mapping[str, str] | None = None, album: str = ALBUM) -> Element:
    """Look organisations up by ОГРН (13 digits; an entrepreneur's has 15), at most 100; ``kpp`` narrows an ОГРН to a branch."""
    criteria = [
        {"OGRNIP": ogrn} if len(ogrn) == 15 else {"OGRN": ogrn, "KPP": (kpp or {}).get(ogrn)}
        for ogrn in ogrns
    ]  # fmt: skip
    return xmlio.render(
        "organizations-registry-common:exportOrgRegistryRequest", {"@Id": SIGNED_ID, "SearchCriteria": criteria}, album=album
    )


def read_providers(reply: StateReply) -> tuple[DataProvider, ...]:
    """Providers of an export; empty when there are none."""
    return tuple(
        DataProvider(
            guid(value["DataProviderGUID"]),
            value.get("IsActual", "").strip() in ("true", "1"),
            guid(value["RegOrg"]["orgRootEntityGUID"]),
        )
        for value in listed(reply.content, "exportDataProviderResult")
    )


def read_organisations(reply: StateReply) -> tuple[RegisteredOrganisation, ...]:
    """Organisations of an export."""
    return tuple(_organisation(value) for value in listed(reply.content, "exportOrgRegistryResult"))


def _organisation(value: Mapping[str, Any]) -> RegisteredOrganisation:
    version = value["OrgVersion"]
    facts: Mapping[str, Any] = next((version[kind] for kind in ("Legal", "Subsidiary", "Entrp", "ForeignBranch") if kind in version), {})
    person = " ".join(facts[part] for part in ("Surname", "FirstName", "Patronymic") if facts.get(part))
    edited = version.get("lastEditingDate")
    return RegisteredOrganisation(
        root_guid=guid(value["orgRootEntityGUID"]),
        version_guid=guid(version["orgVersionGUID"]),
        ppa_guid=guid(value["orgPPAGUID"]) if value.get("orgPPAGUID") else None,
        name=facts.get("FullName") or person,
        short_name=facts.get("ShortName"),
        ogrn=facts.get("OGRN") or facts.get("OGRNIP"),
        inn=facts.get("INN"),
        kpp=facts.get("KPP"),
        actual=version.get("IsActual", "").strip() in ("true", "1"),
        edited_on=date.fromisoformat(edited.strip()[:10]) if edited else None,
        role_codes=tuple(str(role["Code"]) for role in listed(value, "organizationRoles")),
    )
