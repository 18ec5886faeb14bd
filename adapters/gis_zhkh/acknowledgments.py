"""Codec of the acknowledgment (квитирование): a payment that the federal system knows is tied to lines of placed documents.

Here, unlike everywhere else, amounts are whole **kopecks**, although the schema types them as decimals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.values import NsiRef, nsi_mapping
from core.errors import InvariantError
from core.ids import TransportGuid
from xsd.tables import ALBUM

__all__ = ["AckCancellation", "Acknowledgment", "Order", "cancel_acknowledgment_request", "import_acknowledgment_request"]

Element: TypeAlias = etree._Element
Branch = Literal["HSType", "MSType", "ASType", "PServiceType"]
_LONGEST_ORDER = 32


@dataclass(frozen=True, slots=True)
class Order:
    """How a payment is named: by the federal notification, or by its order number (УИП) and the organisation that took the money."""

    notification: UUID | None = None
    order_id: str | None = None
    taken_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """So many kopecks of a payment are for one service line of a placed document.

    ``branch`` says which kind the service is: HSType housing (and the contribution), MSType utility, ASType additional, PServiceType
    penalties and court costs. With ``impossible`` the payment is declared not to belong to any document, for that reason.
    """

    transport_guid: TransportGuid
    order: Order
    payment_document_id: str | None
    branch: Branch | None
    service: NsiRef | None
    amount: int
    impossible: str | None = None


@dataclass(frozen=True, slots=True)
class AckCancellation:
    """An acknowledgment to take back, before its document can be withdrawn."""

    transport_guid: TransportGuid
    order: Order
    payment_document_id: str


def import_acknowledgment_request(acknowledgments: Sequence[Acknowledgment], *, album: str = ALBUM) -> Element:
    """Acknowledge at most 100 service lines."""
    limits.check(len(acknowledgments), "request_acknowledgments", album=album)
    value = {"@Id": SIGNED_ID, "AcknowledgmentRequestInfo": [_info(one) for one in acknowledgments]}
    return xmlio.render("bills:importAcknowledgmentRequest", value, album=album)


def cancel_acknowledgment_request(cancellations: Sequence[AckCancellation], *, album: str = ALBUM) -> Element:
    """Take back at most 100 acknowledgments."""
    limits.check(len(cancellations), "request_acknowledgments", album=album)
    rows = [
        {**_order(one.order), "PaymentDocumentID": one.payment_document_id, "TransportGUID": one.transport_guid} for one in cancellations
    ]
    return xmlio.render("bills:importAcknowledgmentRequest", {"@Id": SIGNED_ID, "AckCancellation": rows}, album=album)


def _order(order: Order) -> dict[str, Any]:
    if order.notification is not None:
        return {"NotificationsOfOrderExecutionGUID": order.notification}
    if order.order_id is None or order.taken_by is None or not 1 <= len(order.order_id) <= _LONGEST_ORDER:
        raise InvariantError("GIS-0108", "Платёж называется извещением или номером распоряжения (до 32 знаков) с принявшей организацией.")
    name = "OrderID" if len(order.order_id) == _LONGEST_ORDER else "OrderIDMultipurpose"
    return {name: order.order_id, "orgPPAGUID": order.taken_by}


def _info(one: Acknowledgment) -> dict[str, Any]:
    value: dict[str, Any] = {**_order(one.order), "TransportGUID": one.transport_guid}
    if one.impossible is not None:
        return {**value, "AckImpossible": {"PaymentDocumentID": one.payment_document_id, "Reason": one.impossible[:210] or None}}
    if one.payment_document_id is None or one.service is None or one.branch is None or one.amount <= 0:
        raise InvariantError("GIS-0109", "Квитирование: нужны документ, услуга и сумма больше нуля.")
    service = nsi_mapping(one.service) if one.branch == "PServiceType" else one.service.guid
    return {**value, "PaymentDocumentAck": {"PaymentDocumentID": one.payment_document_id, one.branch: service, "Amount": one.amount}}
