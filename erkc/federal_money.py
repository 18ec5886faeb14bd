"""Messages about money in the federal system's terms: notifications and their cancellation, details to pay by, settlements."""

from __future__ import annotations

from typing import Any, assert_never

from lxml import etree

from adapters.gis_zhkh import notifications, payments, settlements
from adapters.gis_zhkh.replies import StateReply
from core.services.federal import wire_payments as wire
from core.services.federal.gateway import Content, ToldPayment

__all__ = ["REQUESTS", "Request", "body", "content", "told"]

REQUESTS = (
    wire.TellPayments,
    wire.TellOwnPayments,
    wire.CancelNotifications,
    wire.AskNotificationsOfDay,
    wire.AskDetails,
    wire.PlaceSettlements,
    wire.AskSettlements,
)
Request = (
    wire.TellPayments
    | wire.TellOwnPayments
    | wire.CancelNotifications
    | wire.AskNotificationsOfDay
    | wire.AskDetails
    | wire.PlaceSettlements
    | wire.AskSettlements
)


def body(request: Request) -> tuple[str, etree._Element]:
    """The operation and its message."""
    match request:
        case wire.TellPayments(cards):
            if all(card.payee is None for card in cards):
                short = [_short(card) for card in cards]
                return "importNotificationsOfOrderExecution", payments.import_notifications_139_request(short)
            return "importNotificationsOfOrderExecution", payments.import_notifications_request([_full(card) for card in cards])
        case wire.TellOwnPayments(cards):
            own = [
                payments.SupplierNotification(card.transport_guid, card.on, card.amount, payment_document_id=card.ipd, month=card.month)
                for card in cards
            ]
            return "importSupplierNotificationsOfOrderExecution", payments.import_supplier_notifications_request(own)
        case wire.CancelNotifications(cancellations):
            gone = [
                payments.NotificationCancellation(one.transport_guid, one.order_id, one.on, one.comment[:210] or None)
                for one in cancellations
            ]
            return "importNotificationsOfOrderExecutionCancellation", payments.cancel_notifications_request(gone)
        case wire.AskNotificationsOfDay(on, after):
            asked = notifications.export_notifications_of_days_request(on, 1, list(notifications.AckStatus), after=after)
            return "exportNotificationsOfOrderExecutionPaginal", asked
        case wire.AskDetails(ipd, els, izku, month, payer):
            asked = payments.export_details_request(payment_document_id=ipd, els=els, service_identifier=izku, month=month, payer=payer)
            return "exportPaymentDocumentDetails", asked
        case wire.PlaceSettlements(cards):
            return "importRSOSettlements", settlements.import_settlements_request([_settlement(card) for card in cards])
        case wire.AskSettlements(contracts):
            return "exportSettlements", settlements.export_settlements_request(contracts=contracts)
        case _:
            assert_never(request)


def _full(card: wire.NotificationCard) -> payments.OrderNotification:
    if card.payee is None:
        raise ValueError(f"payment {card.order_id}: no payee in the full form")
    payee = payments.PayeeDetails(
        card.payee.inn,
        card.payee.kpp,
        card.payee.name,
        card.payee.bank_name,
        card.payee.bik,
        card.payee.account,
        card.payee.correspondent or None,
    )
    return payments.OrderNotification(
        card.transport_guid, card.order_id, card.on, card.amount, payee, payment_document_id=card.ipd, month=card.month
    )


def _short(card: wire.NotificationCard) -> payments.ShortNotification:
    if card.document_guid is None:
        raise ValueError(f"payment {card.order_id}: no identifier of the document")
    target = payments.ByDocument(card.ipd, card.document_guid)
    return payments.ShortNotification(card.transport_guid, card.order_id, card.on, card.amount, target, card.month)


def _settlement(card: wire.SettlementCard) -> settlements.Settlement | settlements.SettlementAnnulment:
    if card.annulled is not None and card.placed is not None:
        return settlements.SettlementAnnulment(card.transport_guid, card.placed, card.annulled)
    months = tuple(
        settlements.SettlementMonth(one.month, one.charged, one.received, one.debt, one.overpaid, one.annulled) for one in card.months
    )
    return settlements.Settlement(card.transport_guid, card.contract, months, card.placed)


def told(reply: StateReply) -> Content:
    """Payments that the federal system was told of, a page of them."""
    page = notifications.read_notifications(reply)
    found = tuple(
        ToldPayment(
            one.guid,
            one.order_id,
            one.payment_document_id or "",
            one.amount,
            one.acknowledged,
            one.ordered_on,
            one.status is notifications.AckStatus.ANNULLED,
        )
        for one in page.notifications
    )
    return Content(payments=found, following=page.following)


def content(reply: StateReply, operation_name: str) -> Content | None:
    """An export about money; None when the operation is another one."""
    match operation_name:
        case "exportNotificationsOfOrderExecutionPaginal":
            return told(reply)
        case "exportPaymentDocumentDetails":
            return Content(details=tuple(_details(one) for one in payments.read_details(reply)))
        case "exportSettlements":
            return Content(settlements=tuple(_there(one) for one in settlements.read_settlements(reply)))
        case _:
            return None


def _details(one: payments.PaymentDetails) -> wire.PaymentDetails:
    accounts = tuple((bik, number) for bik, number, _ in one.accounts)
    return wire.PaymentDetails(
        one.payment_document_id, one.service_identifier, one.els, one.inn, accounts, one.reminder, one.debt, one.total
    )


def _there(one: settlements.FederalSettlement) -> wire.FederalSettlement:
    months = tuple(wire.SettlementMonth(*_values(month)) for month in one.months)
    return wire.FederalSettlement(one.settlement_guid, one.contract, months, one.annulled)


def _values(month: settlements.SettlementMonth) -> tuple[Any, ...]:  # the two months have the same fields in the same order
    return month.month, month.charged, month.received, month.debt, month.overpaid, month.annulled
