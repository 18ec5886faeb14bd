"""What a bill needs to become a federal document: identifiers it is placed under and everything federal that it points to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from adapters.gis_zhkh.values import NsiRef
from core.errors import InputError
from core.ids import EntityId, TransportGuid
from core.model.bill import BillContent, BillLine, BillRecipient

__all__ = ["BillReferences", "BillToPlace", "Requisite", "key_of", "lacking", "provider_of", "service_ref"]


@dataclass(frozen=True, slots=True)
class Requisite:
    """Bank details of a recipient; the federal system must know them already."""

    bik: str
    account: str


@dataclass(frozen=True, slots=True)
class BillReferences:
    """Everything federal that a document points to, from the crosswalk; nothing is invented."""

    services: Mapping[EntityId, NsiRef]
    """Service → element of book 50 (housing), 51 (utility), 1 (additional) or 2 (common-property resource)."""
    requisites: Mapping[Requisite, UUID]
    """Bank details → the TransportGUID they have in this request."""
    penalty: NsiRef | None = None
    """Element «пени» of book 329."""
    court_costs: Mapping[int, NsiRef] = field(default_factory=dict)
    """Kind of a court cost → its element of book 329."""
    groups: Mapping[EntityId, NsiRef] = field(default_factory=dict)
    """Service that is a part of a utility with several rates (day and night) → the utility, an element of book 3."""
    general: Mapping[EntityId, NsiRef] = field(default_factory=dict)
    """Common-property service that is a part of a resource (cold water and heat of hot water) → its element of book 337."""
    insurance: Mapping[EntityId, UUID] = field(default_factory=dict)
    """Service that is a voluntary insurance → InsuranceProductGUID."""
    organisations: Mapping[EntityId, UUID] = field(default_factory=dict)
    """Creditor → orgPPAGUID."""
    provider: UUID | None = None
    """orgPPAGUID of the provider when a settlement centre keeps the accounts (isRCAccount); None for other kinds, which must not."""


@dataclass(frozen=True, slots=True)
class BillToPlace:
    """A bill with the identifiers it is placed under; the TransportGUID was stored before this value was made."""

    content: BillContent
    account_guid: UUID
    transport_guid: TransportGuid
    payment_document_id: str | None = None
    """ИПД of the placed document that this one replaces by a new version."""


def lacking(bill: BillToPlace, what: str) -> InputError:
    """The error that names what one document lacks; the other documents of the request do not suffer from it."""
    return InputError(
        "GIS-0201",
        f"Документ {bill.content.number} нельзя разместить: {what}.",
        hint="Дополните соответствия с ГИС ЖКХ и повторите.",
        number=bill.content.number,
    )


def key_of(recipient: BillRecipient, bill: BillToPlace, references: BillReferences) -> UUID:
    """The TransportGUID that a recipient's bank details have in this request."""
    key = references.requisites.get(Requisite(recipient.bik, recipient.bank_account))
    if key is None:
        raise lacking(bill, f"реквизитов получателя {recipient.name} (БИК {recipient.bik}, счёт {recipient.bank_account}) нет в запросе")
    return key


def service_ref(line: BillLine, bill: BillToPlace, references: BillReferences) -> NsiRef:
    """The element of the federal book that a line's service is."""
    ref = references.services.get(line.service_id)
    if ref is None:
        raise lacking(bill, f"услуга «{line.name}» не сопоставлена со справочником")
    return ref


def provider_of(creditor_id: EntityId, name: str, bill: BillToPlace, *, references: BillReferences) -> UUID | None:
    """orgPPAGUID of a creditor; None unless a settlement centre keeps the account, because nobody else may name it."""
    if references.provider is None:
        return None
    guid = references.organisations.get(creditor_id)
    if guid is None:
        raise lacking(bill, f"у получателя «{name}» нет идентификатора в реестре организаций")
    return guid
