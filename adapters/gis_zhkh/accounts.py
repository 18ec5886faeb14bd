"""Codec of personal accounts (лицевые счета): open, change, close, and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any, TypeAlias
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
    "AccountKind", "AccountPlaceGuids", "AccountToPlace", "Closing", "FederalAccount", "PersonPayer", "SupplyContract",
    "export_account_request", "import_account_request", "read_accounts",
]  # fmt: skip

Element: TypeAlias = etree._Element


class AccountKind(IntEnum):
    """Which kind of organisation keeps the account; the numbers are those of the senders' archives (KVAR, field 31)."""

    MANAGEMENT = 1
    SUPPLIER = 2
    CAPITAL_REPAIR = 3
    CENTRE = 4
    """РЦ: payment documents must then name the provider of every service."""
    AUTHORITY = 5
    WASTE = 6


_FLAGS = {
    AccountKind.MANAGEMENT: "isUOAccount",
    AccountKind.SUPPLIER: "isRSOAccount",
    AccountKind.CAPITAL_REPAIR: "isCRAccount",
    AccountKind.CENTRE: "isRCAccount",
    AccountKind.AUTHORITY: "isOGVorOMSAccount",
    AccountKind.WASTE: "isTKOAccount",
}


@dataclass(frozen=True, slots=True)
class AccountPlaceGuids:
    """Where the account is: exactly one of premises, room, or a whole house (by ФИАС); share in hundredths of a percent."""

    premises: UUID | None = None
    room: UUID | None = None
    house_fias: UUID | None = None
    share_e2: int | None = None


@dataclass(frozen=True, slots=True)
class PersonPayer:
    """A person who pays. Without СНИЛС the citizen's own cabinet is not linked by itself; that is allowed."""

    surname: str
    first_name: str
    patronymic: str | None = None
    snils: str | None = None
    """11 digits."""
    renter: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """Why (book 22) and when an account closes."""

    reason: NsiRef
    on: date
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SupplyContract:
    """The contract that a supplier's or a waste operator's account stands on."""

    number: str
    signed_on: date


@dataclass(frozen=True, slots=True)
class AccountToPlace:
    """An account as it is sent: the full state. With ``account_guid`` the known account is changed, without it a new one is opened."""

    transport_guid: TransportGuid
    kind: AccountKind
    number: str
    places: tuple[AccountPlaceGuids, ...]
    payer: PersonPayer | UUID | None = None
    """A person, or an organisation by its version identifier (not its root)."""
    account_guid: UUID | None = None
    residents: int | None = None
    total_square_e2: int | None = None
    residential_square_e2: int | None = None
    heated_area_e2: int | None = None
    closing: Closing | None = None
    contracts: tuple[SupplyContract, ...] = ()


@dataclass(frozen=True, slots=True)
class FederalAccount:
    """An account as the federal system holds it."""

    account_guid: UUID
    number: str | None
    kind: AccountKind | None
    els: str
    service_identifier: str | None
    places: tuple[AccountPlaceGuids, ...]
    closed_on: date | None


def import_account_request(accounts: Sequence[AccountToPlace], *, album: str = ALBUM) -> Element:
    """Open, change or close at most 100 accounts; each keeps the TransportGUID it was given before rendering."""
    limits.check(len(accounts), "request_accounts", album=album)
    value = {"@Id": SIGNED_ID, "Account": [_account(one) for one in accounts]}
    return xmlio.render("house-management:importAccountRequest", value, album=album)


def _account(account: AccountToPlace) -> dict[str, Any]:
    closing = account.closing
    return {
        _FLAGS[account.kind]: True,
        "LivingPersonsNumber": account.residents,
        "TotalSquare": _square(account.total_square_e2),
        "ResidentialSquare": _square(account.residential_square_e2),
        "HeatedArea": _square(account.heated_area_e2),
        "Closed": None
        if closing is None
        else {"CloseReason": nsi_mapping(closing.reason), "CloseDate": closing.on, "Description": closing.description},
        "Accommodation": [_place(place) for place in account.places],
        "PayerInfo": _payer(account.payer),
        "TransportGUID": account.transport_guid,
        "AccountNumber": account.number,
        "AccountGUID": account.account_guid,
        "AccountReasons": _reasons(account),
    }


def _square(value_e2: int | None) -> str | None:
    return None if value_e2 is None else decimal_text(value_e2, 2)


def _place(place: AccountPlaceGuids) -> dict[str, Any]:
    named = {"PremisesGUID": place.premises, "LivingRoomGUID": place.room, "FIASHouseGuid": place.house_fias}
    if sum(value is not None for value in named.values()) != 1:
        raise InvariantError("GIS-0104", "Место лицевого счёта: нужно ровно одно из помещения, комнаты и дома.")
    return {**named, "SharePercent": None if place.share_e2 is None else decimal_text(place.share_e2, 2)}


def _payer(payer: PersonPayer | UUID | None) -> dict[str, Any]:
    """PayerInfo is mandatory and may be empty."""
    if payer is None:
        return {}
    if isinstance(payer, UUID):
        return {"Org": {"orgVersionGUID": payer}}
    person = {"Surname": payer.surname, "FirstName": payer.first_name, "Patronymic": payer.patronymic or None, "SNILS": payer.snils}
    return {"IsRenter": True if payer.renter else None, "Ind": person}


def _reasons(account: AccountToPlace) -> dict[str, Any] | None:
    if not account.contracts:
        return None
    if account.kind is AccountKind.WASTE:
        rows = [{"ContractNumber": one.number, "SigningDate": one.signed_on, "DateEntry": one.signed_on} for one in account.contracts]
        return {"TKOContract": rows}
    rows = [{"ContractNumber": one.number, "SigningDate": one.signed_on, "IsContract": True} for one in account.contracts]
    return {"SupplyResourceContract": rows}


def export_account_request(
    *, house_fias: UUID | None = None, account_guids: Sequence[UUID] = (), els: Sequence[str] = (), album: str = ALBUM
) -> Element:
    """Ask for the accounts of a house, or for accounts by identifier (at most 1000): exactly one of the three."""
    if sum((house_fias is not None, bool(account_guids), bool(els))) != 1:
        raise InvariantError("GIS-0105", "Выгрузка лицевых счетов: нужно ровно одно из дома, идентификаторов и ЕЛС.")
    if house_fias is None:
        limits.check(len(account_guids) or len(els), "request_identifiers", album=album)
    value = {
        "@Id": SIGNED_ID,
        "FIASHouseGuid": house_fias,
        "AccountGUID": list(account_guids) or None,
        "UnifiedAccountNumber": list(els) or None,
    }
    return xmlio.render("house-management:exportAccountRequest", value, album=album)


def read_accounts(reply: StateReply) -> tuple[FederalAccount, ...]:
    """Accounts of an export."""
    return tuple(_federal(value) for value in listed(reply.content, "exportAccountResult"))


def _federal(value: Mapping[str, Any]) -> FederalAccount:
    closed = value.get("Closed", {}).get("CloseDate")
    return FederalAccount(
        account_guid=guid(value["AccountGUID"]),
        number=value.get("AccountNumber"),
        kind=next((kind for kind, flag in _FLAGS.items() if flag in value), None),
        els=str(value["UnifiedAccountNumber"]),
        service_identifier=value.get("ServiceID"),
        places=tuple(
            AccountPlaceGuids(
                premises=guid(place["PremisesGUID"]) if place.get("PremisesGUID") else None,
                room=guid(place["LivingRoomGUID"]) if place.get("LivingRoomGUID") else None,
                house_fias=guid(place["FIASHouseGuid"]) if place.get("FIASHouseGuid") else None,
            )
            for place in listed(value, "Accommodation")
        ),
        closed_on=date.fromisoformat(closed.strip()[:10]) if closed else None,
    )
