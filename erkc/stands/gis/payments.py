"""Payments: notifications of who took money, their cancellation, what is to be paid, and notifications as the payee exports them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from erkc.stands.gis.desk import Call, Content, Errors, Object, accepted, change, found, listed, nothing, put, refused

__all__ = ["cancel_acknowledgments", "cancel_notifications", "details", "export_notifications", "import_notifications", "import_supplier"]

_SMALLEST_PAGE = 100


def import_notifications(call: Call) -> Content:
    """Both forms: the order number is unique for ever, the document or the account must be there."""
    results = []
    for item in listed(call.message, "NotificationOfOrderExecutionType") + listed(call.message, "NotificationOfOrderExecution139Type"):
        order = item["OrderInfo"]
        errors = _known_target(call, order)
        if found(call, "notification", key=order["OrderID"], of_all=True):
            errors.append(("INT008105", f"Распоряжение {order['OrderID']} уже размещено"))
        if errors:
            results.append(refused(item["TransportGUID"], errors))
            continue
        results.append(accepted(call, item["TransportGUID"], _tell(call, order, int(Decimal(order["Amount"]))), order["OrderID"]))
    return {"ImportResult": results}


def _tell(call: Call, order: Mapping[str, Any], amount: int) -> str:
    acceptor = call.sender
    call.connection.execute("INSERT INTO payment_order VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (order["OrderID"], acceptor, amount))
    period: Mapping[str, Any] = order.get("MonthAndYear") or order
    content = {
        "OrderDate": order["OrderDate"],
        "Amount": amount,
        "PaymentDocumentID": order.get("PaymentDocumentID"),
        "UnifiedAccountNumber": order.get("UnifiedAccountNumber"),
        "ServiceID": order.get("ServiceID") or (order.get("Service") or {}).get("ServiceID"),
        "Year": period.get("Year"),
        "Month": period.get("Month"),
        "annulled": False,
    }
    return put(call, "notification", order["OrderID"], content, parent=acceptor)


def _known_target(call: Call, order: Mapping[str, Any]) -> Errors:
    """The document, account or service that is paid for, of whichever organisation."""
    document = order.get("PaymentDocumentID")
    if document:
        row = call.connection.execute("SELECT withdrawn FROM bill WHERE ipd = ?", (document,)).fetchone()
        if row is None:
            return [("INT002000", f"Платёжный документ {document} не найден")]
        return [("SRV008070", f"Платёжный документ {document} отозван")] if row["withdrawn"] else []
    for column, value in (
        ("els", order.get("UnifiedAccountNumber")),
        ("izku", order.get("ServiceID") or (order.get("Service") or {}).get("ServiceID")),
    ):
        if value and call.connection.execute(f"SELECT 1 FROM account WHERE {column} = ?", (value,)).fetchone() is None:
            return [("INT002000", f"Лицевой счёт {value} не найден")]
    return []


def import_supplier(call: Call) -> Content:
    """Money that the executor took itself; the order number is given here."""
    results = []
    for item in listed(call.message, "SupplierNotificationOfOrderExecution"):
        errors = _known_target(call, item)
        if errors:
            results.append(refused(item["TransportGUID"], errors))
            continue
        kopecks = int(Decimal(item["Amount"]) * 100)
        order = {**item, "OrderID": str(item["TransportGUID"]).replace("-", ""), "MonthAndYear": item.get("OrderPeriod")}
        results.append(accepted(call, item["TransportGUID"], _tell(call, order, kopecks), order["OrderID"]))
    return {"ImportResult": results}


def cancel_notifications(call: Call) -> Content:
    """Annul what is there, is not annulled, and is not acknowledged."""
    results = []
    for item in listed(call.message, "NotificationOfOrderExecutionCancellation"):
        there = found(call, "notification", key=item["OrderID"])
        errors: Errors = []
        if not there:
            errors.append(("INT002000", f"Распоряжение {item['OrderID']} не найдено"))
        elif there[0].content["annulled"]:
            errors.append(("INT008106", f"Распоряжение {item['OrderID']} уже аннулировано"))
        elif _acknowledged(call, there[0]):
            errors.append(("SRV008071", f"Распоряжение {item['OrderID']} сквитировано"))
        if errors:
            results.append(refused(item["TransportGUID"], errors))
            continue
        change(call, there[0].guid, {**there[0].content, "annulled": True})
        results.append(accepted(call, item["TransportGUID"], there[0].guid, item["OrderID"]))
    return {"ImportResult": results}


def _acknowledged(call: Call, notification: Object) -> int:
    """Kopecks of a payment that are acknowledged, named by its number or its identifier."""
    statement = "SELECT coalesce(sum(amount), 0) FROM acknowledgment WHERE notification IN (?, ?)"
    return int(call.connection.execute(statement, (notification.key, notification.guid)).fetchone()[0])


def cancel_acknowledgments(call: Call) -> Content:
    """Take back what a payment was acknowledged with for a document."""
    results = []
    for item in listed(call.message, "AckCancellation"):
        named = item.get("NotificationsOfOrderExecutionGUID") or item.get("OrderID") or item.get("OrderIDMultipurpose")
        names = [str(named)]
        for other in found(call, "notification", of_all=True):
            names += [other.key, other.guid] if str(named).lower() in (other.key.lower(), other.guid) else []
        marks = ", ".join("?" for _ in names)
        gone = call.connection.execute(
            f"DELETE FROM acknowledgment WHERE sender = ? AND ipd = ? AND notification IN ({marks}) RETURNING guid",
            (call.sender, item["PaymentDocumentID"], *names),
        ).fetchall()
        if gone:
            results.append(accepted(call, item["TransportGUID"], gone[0]["guid"], item["PaymentDocumentID"]))
        else:
            error = ("INT002000", f"Квитирование документа {item['PaymentDocumentID']} с платежом {named} не найдено")
            results.append(refused(item["TransportGUID"], [error]))
    return {"ImportResult": results}


def export_notifications(call: Call) -> Content:
    """Payments of the sender's documents and accounts, page by page."""
    rows = [one for one in found(call, "notification", of_all=True) if _concerns(call, one)]
    wanted = call.message.get("SupplierIDs")
    if wanted is not None:
        rows = [one for one in rows if _of_document(one, wanted)]
    else:
        asked = call.message["Notifications"]
        single = asked.get("NotificationsOfOrderExecutionGUID")
        if single:
            rows = [one for one in rows if one.guid == single.lower()]
        else:
            first = date.fromisoformat(asked["DateFrom"])
            last = first + timedelta(days=int(asked["DaysInterval"]))
            statuses = {int(status) for status in asked["AckStatus"]}
            rows = [one for one in rows if first <= date.fromisoformat(one.content["OrderDate"]) < last and _status(call, one) in statuses]
    after = (call.message.get("ExportNotificationsOfOrderExecutionGUID") or "").lower()
    if after:
        numbers = [one.guid for one in rows]
        rows = rows[numbers.index(after) :] if after in numbers else []
    if not rows:
        raise nothing()
    size = int(call.message.get("PageSize") or _SMALLEST_PAGE)
    shown = [_shown(call, one) for one in rows[:size]]
    content: Content = {"exportNotificationsOfOrderExecutionResult": [{"NotificationOfOrderExecutionWithStatus": shown}]}
    if len(rows) > size:
        content["ExportNotificationsOfOrderExecutionGUID"] = rows[size].guid
    return content


def _concerns(call: Call, one: Object) -> bool:
    """Whether the sender is who is paid."""
    content = one.content
    document = content.get("PaymentDocumentID")
    if document:
        return call.connection.execute("SELECT 1 FROM bill WHERE ipd = ? AND sender = ?", (document, call.sender)).fetchone() is not None
    for column, value in (("els", content.get("UnifiedAccountNumber")), ("izku", content.get("ServiceID"))):
        if value:
            statement = f"SELECT 1 FROM account WHERE {column} = ? AND sender = ?"
            return call.connection.execute(statement, (value, call.sender)).fetchone() is not None
    return False


def _of_document(one: Object, wanted: Mapping[str, Any]) -> bool:
    names = ("PaymentDocumentID", "UnifiedAccountNumber", "ServiceID")
    return any(wanted.get(name) and wanted[name] == one.content.get(name) for name in names)


def _status(call: Call, one: Object) -> int:
    done = _acknowledged(call, one)
    if one.content["annulled"]:
        return 1
    statement = "SELECT 1 FROM acknowledgment WHERE notification IN (?, ?) AND service = 'impossible'"
    if call.connection.execute(statement, (one.key, one.guid)).fetchone():
        return 5
    return 0 if not done else 2 if done >= one.content["Amount"] else 3


def _shown(call: Call, one: Object) -> Content:
    content = one.content
    return {
        "OrderInfo": {
            "OrderID": one.key,
            "OrderDate": content["OrderDate"],
            "Amount": content["Amount"],
            "PaymentDocumentID": content.get("PaymentDocumentID"),
            **({"Year": content["Year"], "Month": content["Month"]} if content.get("Year") and content.get("Month") else {}),
            "UnifiedAccountNumber": content.get("UnifiedAccountNumber"),
        },
        "AckStatus": _status(call, one),
        "CreationDate": one.at,
        "AcknowledgmentRequestsList": {},
        "AcknowledgmentAmount": _acknowledged(call, one),
        "NotificationsOfOrderExecutionGUID": one.guid,
        "orgPPAGUID": one.parent,
    }


def details(call: Call) -> Content:
    """What a document asks for and where it is paid; an account without a document gives its service identifier."""
    asked = call.message
    where, value = next(
        (column, asked[name])
        for column, name in (("b.ipd", "PaymentDocumentID"), ("a.els", "UnifiedAccountNumber"), ("a.izku", "ServiceID"))
        if asked.get(name)
    )
    period, dates = "", []
    if asked.get("Year") and asked.get("Month"):
        period, dates = " AND b.year = ? AND b.month = ?", [int(asked["Year"]), int(asked["Month"])]
    rows = call.connection.execute(
        f"SELECT b.*, a.els, a.izku FROM bill b JOIN account a ON a.guid = b.account WHERE {where} = ?{period} AND b.withdrawn = 0",
        (value, *dates),
    ).fetchall()
    if not rows:
        raise nothing()
    return {
        "exportPaymentDocumentDetailsResult": {
            "Charge": {"PaymentDocument": [_detail(call, row, told="AmountRequired" in asked) for row in rows]}
        }
    }


def _detail(call: Call, row: Mapping[str, Any], *, told: bool) -> Content:

    organisation = call.seeded.by_ppa[row["sender"]]
    accounts = [
        {
            "RecipientINN": organisation["inn"],
            "BankName": "Банк",
            "PaymentRecipient": organisation["name"],
            "BankBIK": bik,
            "operatingAccountNumber": number,
        }
        for bik, number in json.loads(row["requisites"])
    ]
    total = int(Decimal(row["total"]) * 100)
    return {
        "PaymentDocumentID": row["ipd"],
        "PaymentDocumentNumber": row["number"] or None,
        "UnifiedAccountNumber": row["els"],
        "ServiceID": row["izku"],
        "PaymentDocumentDetails": {
            "ExecutorInformation": {
                "INN": organisation["inn"],
                "Legal": {"KPP": organisation["kpp"], "Name": organisation["name"]},
                "PaymentInformation": accounts,
                "MailingAddress": "не указан",
            },
            "Reminder": max(total, 0) if told else 0,
            **({"TotalWithDebtAndAdvance": total} if told else {}),
        },
        "Year": row["year"],
        "Month": row["month"],
        "PaymentDocumentGUID": row["guid"],
    }
