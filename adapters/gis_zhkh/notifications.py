"""Codec of notifications of payments (извещения о принятии к исполнению распоряжений), read by who is paid: page by page, with what each
is acknowledged against. Amounts are whole kopecks here."""

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
from adapters.gis_zhkh.values import guid, listed
from core.errors import InputError, InvariantError
from core.period import Month
from xsd.tables import ALBUM

__all__ = [
    "AckStatus", "Notification", "NotificationPage", "export_notifications_of_days_request", "export_notifications_of_document_request",
    "read_notifications",
]  # fmt: skip

Element: TypeAlias = etree._Element
_REQUEST = "bills:exportNotificationsOfOrderExecutionPaginalRequest"
_LONGEST_DAYS = 7


class AckStatus(IntEnum):
    """How far a notification is acknowledged."""

    NEW = 0
    ANNULLED = 1
    ACKNOWLEDGED = 2
    PARTLY = 3
    PRELIMINARY = 4
    IMPOSSIBLE = 5


@dataclass(frozen=True, slots=True)
class Notification:
    """A payment that the federal system was told of; amounts in kopecks."""

    guid: UUID
    order_id: str
    ordered_on: date
    amount: int
    status: AckStatus
    acknowledged: int
    taken_by: UUID
    """orgPPAGUID of who took the money."""
    payment_document_id: str | None
    month: Month | None
    els: str | None


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page; ``following`` is asked for the next one, None after the last."""

    notifications: tuple[Notification, ...]
    following: UUID | None


def export_notifications_of_document_request(payment_document_id: str, *, after: UUID | None = None, album: str = ALBUM) -> Element:
    """Ask which payments a placed document got: what must be cancelled before it can be withdrawn."""
    return _request({"SupplierIDs": {"PaymentDocumentID": payment_document_id}}, after, album)


def export_notifications_of_days_request(
    since: date, days: int, statuses: Sequence[AckStatus], *, after: UUID | None = None, album: str = ALBUM
) -> Element:
    """Ask for the notifications of 1 to 7 days from ``since`` that stand so."""
    if not 1 <= days <= _LONGEST_DAYS or not statuses or len(set(statuses)) != len(statuses):
        raise InvariantError("GIS-0110", "Извещения выгружаются за 1–7 дней, с перечнем разных состояний квитирования.")
    value = {"Notifications": {"DaysInterval": days, "AckStatus": [int(status) for status in statuses], "DateFrom": since}}
    return _request(value, after, album)


def _request(value: Mapping[str, Any], after: UUID | None, album: str) -> Element:
    page = limits.limit("notifications_page", album=album)
    whole = {"@Id": SIGNED_ID, **value, "ExportNotificationsOfOrderExecutionGUID": after, "PageSize": page}
    return xmlio.render(_REQUEST, whole, album=album)


def read_notifications(reply: StateReply) -> NotificationPage:
    """The page of an export; empty when there was nothing."""
    rows = [
        _notification(one)
        for result in listed(reply.content, "exportNotificationsOfOrderExecutionResult")
        for one in listed(result, "NotificationOfOrderExecutionWithStatus")
    ]
    following = reply.content.get("ExportNotificationsOfOrderExecutionGUID")
    return NotificationPage(tuple(rows), guid(following) if following else None)


def _notification(value: Mapping[str, Any]) -> Notification:
    order = value["OrderInfo"]
    return Notification(
        guid=guid(value["NotificationsOfOrderExecutionGUID"]),
        order_id=str(order["OrderID"]).strip(),
        ordered_on=date.fromisoformat(order["OrderDate"][:10]),
        amount=_whole(order["Amount"]),
        status=AckStatus(int(value["AckStatus"])),
        acknowledged=_whole(value["AcknowledgmentAmount"]),
        taken_by=guid(value["orgPPAGUID"]),
        payment_document_id=order.get("PaymentDocumentID"),
        month=Month(int(order["Year"]), int(order["Month"])) if order.get("Year") and order.get("Month") else None,
        els=order.get("UnifiedAccountNumber"),
    )


def _whole(text: str) -> int:
    """Kopecks as the exchange writes them: a whole number, perhaps with noughts after the point."""
    whole, _, part = text.strip().partition(".")
    if part.strip("0") or not whole.lstrip("-").isdigit():
        raise InputError("GIS-0311", f"Сумма в ответе не читается: {text!r}.")
    return int(whole)
