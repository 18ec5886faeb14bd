"""Codec of payments: notifications of who took the money (both forms), those of the provider's own cash desk, cancellation, details.

An operator's notification counts whole kopecks; a provider's own and the acknowledgments' totals differ: its amount is in roubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import guid, listed, money
from core.errors import InputError, InvariantError
from core.ids import TransportGuid
from core.period import Month
from xsd.tables import ALBUM

__all__ = [
    "ByDocument", "ByService", "NotificationCancellation", "OrderNotification", "PayeeDetails", "PaymentDetails", "ShortNotification",
    "SupplierNotification", "cancel_notifications_request", "export_details_request", "import_notifications_139_request",
    "import_notifications_request", "import_supplier_notifications_request", "read_details",
]  # fmt: skip

Element: TypeAlias = etree._Element
_ORDER_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PayeeDetails:
    """Who is paid, with bank details."""

    inn: str
    kpp: str
    name: str
    bank_name: str
    bik: str
    account: str
    correspondent: str | None = None
    kbk: str | None = None
    oktmo: str | None = None


@dataclass(frozen=True, slots=True)
class OrderNotification:
    """A payment in the full form: payee and requisites stand in it. ``order_id`` is the УИП of exactly 32 characters; kopecks."""

    transport_guid: TransportGuid
    order_id: str
    ordered_on: date
    amount: int
    payee: PayeeDetails
    purpose: str | None = None
    payment_document_id: str | None = None
    document_number: str | None = None
    month: Month | None = None
    els: str | None = None
    service_identifier: str | None = None
    account_number: str | None = None
    online: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ByService:
    """What is paid, by ИЖКУ and its federal identifier."""

    service_identifier: str
    guid: UUID


@dataclass(frozen=True, slots=True)
class ByDocument:
    """What is paid, by ИПД and its federal identifier."""

    payment_document_id: str
    guid: UUID


@dataclass(frozen=True, slots=True)
class ShortNotification:
    """A payment in the form of п. 139: no payee, the document or the account says who is paid; kopecks."""

    transport_guid: TransportGuid
    order_id: str
    ordered_on: date
    amount: int
    target: ByService | ByDocument
    month: Month | None = None
    requisites: UUID | None = None
    online: bool = False


@dataclass(frozen=True, slots=True)
class SupplierNotification:
    """Money that the provider (or its settlement centre) took itself; ``target`` is ИПД or ИЖКУ by its length; kopecks on our side."""

    transport_guid: TransportGuid
    paid_on: date
    amount: int
    payment_document_id: str | None = None
    service_identifier: str | None = None
    month: Month | None = None
    online: bool = False


@dataclass(frozen=True, slots=True)
class NotificationCancellation:
    """A notification to annul, by its order number."""

    transport_guid: TransportGuid
    order_id: str
    cancelled_on: date
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """What a document or an account asks for: identifiers to pay by, recipient, sums in kopecks (None: withheld)."""

    payment_document_id: str | None
    document_guid: UUID | None
    service_identifier: str | None
    service_guid: UUID | None
    els: str | None
    inn: str
    accounts: tuple[tuple[str, str, UUID | None], ...]
    """(БИК, account, identifier of the details)."""
    reminder: int | None
    debt: int | None
    total: int | None


def import_notifications_request(notifications: Sequence[OrderNotification], *, album: str = ALBUM) -> Element:
    """Tell of at most 500 payments in the full form."""
    _check([one.order_id for one in notifications], album)
    value = {"@Id": SIGNED_ID, "NotificationOfOrderExecutionType": [_full(one) for one in notifications]}
    return xmlio.render("payment:importNotificationsOfOrderExecutionRequest", value, album=album)


def import_notifications_139_request(notifications: Sequence[ShortNotification], *, album: str = ALBUM) -> Element:
    """Tell of at most 500 payments in the form of п. 139."""
    _check([one.order_id for one in notifications], album)
    value = {"@Id": SIGNED_ID, "NotificationOfOrderExecution139Type": [_short(one) for one in notifications]}
    return xmlio.render("payment:importNotificationsOfOrderExecutionRequest", value, album=album)


def _check(orders: Sequence[str], album: str) -> None:
    limits.check(len(orders), "request_notifications", album=album)
    wrong = [order for order in orders if len(order) != _ORDER_LENGTH]
    if wrong or len(set(orders)) != len(orders):
        raise InvariantError("GIS-0115", "Номер распоряжения (УИП) извещения: ровно 32 знака и каждый раз другой.")


def _full(one: OrderNotification) -> dict[str, Any]:
    payee = one.payee
    person = len(payee.inn) == 12
    recipient: dict[str, Any] = {"INN": payee.inn}
    recipient |= {"EntprFIO": payee.name[:160]} if person else {"Legal": {"KPP": payee.kpp, "Name": payee.name}}
    recipient["PaymentInformation"] = {
        "RecipientINN": payee.inn,
        "RecipientKPP": None if person else payee.kpp,
        "BankName": payee.bank_name,
        "PaymentRecipient": payee.name,
        "BankBIK": payee.bik,
        "operatingAccountNumber": payee.account,
        "CorrespondentBankAccount": payee.correspondent,
        "KBK": payee.kbk,
        "OKTMO": payee.oktmo,
    }
    order: dict[str, Any] = {
        "OrderID": one.order_id,
        "OrderDate": one.ordered_on,
        "Amount": _kopecks(one.amount),
        "PaymentPurpose": one.purpose,
        "OnlinePayment": True if one.online else None,
        "Comment": one.comment,
        "PaymentDocumentID": one.payment_document_id,
        "PaymentDocumentNumber": one.document_number,
        **({} if one.month is None else {"Year": one.month.year, "Month": one.month.month}),
        "UnifiedAccountNumber": one.els,
        "Service": None if one.service_identifier is None else {"ServiceID": one.service_identifier},
        "AccountNumber": one.account_number,
    }
    return {"RecipientInfo": recipient, "OrderInfo": order, "TransportGUID": one.transport_guid}


def _short(one: ShortNotification) -> dict[str, Any]:
    target = one.target
    if isinstance(target, ByService):
        named: dict[str, Any] = {"ServiceID": target.service_identifier, "ServiceIDGUID": target.guid}
    else:
        named = {"PaymentDocumentID": target.payment_document_id, "PaymentDocumentGUID": target.guid}
    order = {
        "OrderID": one.order_id,
        "OrderDate": one.ordered_on,
        "Amount": _kopecks(one.amount),
        "OnlinePayment": True if one.online else None,
        "MonthAndYear": None if one.month is None else {"Year": one.month.year, "Month": one.month.month},
        **named,
        "PaymentInformationGUID": one.requisites,
    }
    return {"OrderInfo": order, "TransportGUID": one.transport_guid}


def _kopecks(amount: int) -> int:
    if amount <= 0:
        raise InvariantError("GIS-0116", "Сумма платежа в извещении должна быть больше нуля.")
    return amount


def import_supplier_notifications_request(notifications: Sequence[SupplierNotification], *, album: str = ALBUM) -> Element:
    """Tell of at most 250 payments that the provider took itself."""
    limits.check(len(notifications), "request_supplier_notifications", album=album)
    value = {"@Id": SIGNED_ID, "SupplierNotificationOfOrderExecution": [_supplier(one) for one in notifications]}
    return xmlio.render("payment:importSupplierNotificationsOfOrderExecutionRequest", value, album=album)


def _supplier(one: SupplierNotification) -> dict[str, Any]:
    if (one.payment_document_id is None) == (one.service_identifier is None):
        raise InvariantError("GIS-0117", "Извещение исполнителя: нужно ровно одно из документа и ИЖКУ.")
    return {
        "OrderDate": one.paid_on,
        "OrderPeriod": None if one.month is None else {"Month": one.month.month, "Year": one.month.year},
        "PaymentDocumentID": one.payment_document_id,
        "ServiceID": one.service_identifier,
        "Amount": money(_kopecks(one.amount)),
        "OnlinePayment": True if one.online else None,
        "TransportGUID": one.transport_guid,
    }


def cancel_notifications_request(cancellations: Sequence[NotificationCancellation], *, album: str = ALBUM) -> Element:
    """Annul at most 500 notifications, each once."""
    limits.check(len(cancellations), "request_cancellations", album=album)
    if len({one.order_id for one in cancellations}) != len(cancellations):
        raise InvariantError("GIS-0118", "Аннулирование извещений: номер распоряжения встречается дважды.")
    rows = [
        {"OrderID": one.order_id, "CancellationDate": one.cancelled_on, "Comment": one.comment, "TransportGUID": one.transport_guid}
        for one in cancellations
    ]
    value = {"@Id": SIGNED_ID, "NotificationOfOrderExecutionCancellation": rows}
    return xmlio.render("payment:importNotificationsOfOrderExecutionCancellationRequest", value, album=album)


def export_details_request(
    *,
    payment_document_id: str | None = None,
    els: str | None = None,
    service_identifier: str | None = None,
    month: Month | None = None,
    payer: tuple[str, str] | None = None,
    album: str = ALBUM,
) -> Element:
    """Ask what is to be paid by a document, an ЕЛС or an ИЖКУ. Sums are told only to who names the payer: ИНН and КПП in ``payer``."""
    if sum(value is not None for value in (payment_document_id, els, service_identifier)) != 1:
        raise InvariantError("GIS-0119", "Реквизиты для оплаты: нужно ровно одно из документа, ЕЛС и ИЖКУ.")
    value: dict[str, Any] = {"@Id": SIGNED_ID, "PaymentDocumentID": payment_document_id}
    if payment_document_id is None:
        value |= {"UnifiedAccountNumber": els, "ServiceID": service_identifier}
        value |= {} if month is None else {"Year": month.year, "Month": month.month}
    if payer is not None:
        value["AmountRequired"] = {"Legal": {"INN": payer[0], "KPP": payer[1]}}
    return xmlio.render("payment:exportPaymentDocumentDetailsRequest", value, album=album)


def read_details(reply: StateReply) -> tuple[PaymentDetails, ...]:
    """Documents to pay, or accounts without a charge; empty when there was nothing."""
    result = reply.content.get("exportPaymentDocumentDetailsResult")
    if not isinstance(result, Mapping):
        return ()
    documents = [_of_document(one) for one in listed(result.get("Charge", {}), "PaymentDocument")]
    return (*documents, *(_of_service(one) for one in listed(result, "Service")))


def _of_document(value: Mapping[str, Any]) -> PaymentDetails:
    details = value["PaymentDocumentDetails"]
    executor = details["ExecutorInformation"]
    return PaymentDetails(
        payment_document_id=value.get("PaymentDocumentID"),
        document_guid=_optional(value.get("PaymentDocumentGUID")),
        service_identifier=value.get("ServiceID"),
        service_guid=None,
        els=value.get("UnifiedAccountNumber"),
        inn=str(executor["INN"]),
        accounts=_accounts(executor),
        reminder=_sum(details.get("Reminder")),
        debt=_sum(details.get("Debt")),
        total=_sum(details.get("TotalWithDebtAndAdvance")),
    )


def _of_service(value: Mapping[str, Any]) -> PaymentDetails:
    executor = value["ExecutorInformation"]
    return PaymentDetails(
        payment_document_id=None,
        document_guid=None,
        service_identifier=value.get("ServiceID"),
        service_guid=_optional(value.get("ServiceIDGuid")),
        els=value.get("UnifiedAccountNumber"),
        inn=str(executor["INN"]),
        accounts=_accounts(executor),
        reminder=None,
        debt=None,
        total=None,
    )


def _accounts(executor: Mapping[str, Any]) -> tuple[tuple[str, str, UUID | None], ...]:
    return tuple(
        (str(one["BankBIK"]), str(one["operatingAccountNumber"]), _optional(one.get("PaymentInformationGuid")))
        for one in listed(executor, "PaymentInformation")
    )


def _optional(text: str | None) -> UUID | None:
    return guid(text) if text else None


def _sum(text: str | None) -> int | None:
    """Whole kopecks of a reply."""
    if not text:
        return None
    whole, _, part = text.strip().partition(".")
    if part.strip("0") or not whole.lstrip("-").isdigit():
        raise InputError("GIS-0311", f"Сумма в ответе не читается: {text!r}.")
    return int(whole)
