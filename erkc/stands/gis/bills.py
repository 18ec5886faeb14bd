"""Payment documents: taking, re-issuing, withdrawing, exporting; acknowledgments of payments against them."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from decimal import Decimal

from lxml import etree

from erkc.stands.gis.accounts import common_result, confirm, refuse
from erkc.stands.gis.gate import Refusal
from erkc.stands.gis.names import ACCOUNT, BASE, BILLS, BILLS_BASE, PAYMENTS, add, first, q, text
from erkc.stands.gis.registry import known_element, references
from erkc.stands.gis.seed import guid
from erkc.stands.gis.state import Seeded, next_number

__all__ = ["export_bills", "import_acknowledgments", "import_bills"]

_SUMS = (
    "TotalPayableByChargeInfo",
    "TotalPayableOverallByChargeInfo",
    "DebtPreviousPeriods",
    "AdvanceBllingPeriod",
    "PaymentsTaken",
    "AdditionalInformation",
    "TotalPayableByPD",
    "TotalByPenaltiesAndCourtCosts",
    "TotalPayableByPDWithDebtAndAdvance",
)
_SERVICES = (
    "HousingService",
    "AdditionalService",
    "MunicipalService",
    "TypeMunicipalService",
    "CapitalRepairCharge",
    "CapitalRepairYearCharge",
    "CapitalRepairDebt",
    "Insurance",
    "PenaltiesAndCourtCosts",
)

Errors = list[tuple[str, str]]


def import_bills(
    seeded: Seeded, sender: str, connection: sqlite3.Connection, body: etree._Element, result: etree._Element, *, now: datetime
) -> None:
    """Each document on its own; withdrawals come in a request of their own."""
    for withdrawal in body.iterfind(q(BILLS, "WithdrawPaymentDocument")):
        _withdraw(sender, connection, withdrawal, result, now)
    year, month = text(body, "Year"), text(body, "Month")
    requisites = {
        text(item, "TransportGUID").lower(): [text(item, "BankBIK"), text(item, "operatingAccountNumber")]
        for item in body.iterfind(q(BILLS, "PaymentInformation"))
    }
    confirmed = text(body, "ConfirmAmountsCorrect") == "true"
    codes = seeded.elements_for(sender)
    for document in body.iterfind(q(BILLS, "PaymentDocument")):
        entry = common_result(result, "ImportResult", BILLS, text(document, "TransportGUID"))
        account = connection.execute(
            "SELECT guid, kind, izku FROM account WHERE guid = ? AND sender = ?", (text(document, "AccountGuid").lower(), sender)
        ).fetchone()
        errors: Errors = []
        if account is None:
            errors.append(("INT002034", f"Лицевой счёт {text(document, 'AccountGuid')} не найден"))
        else:
            errors += _payees(seeded, document, account["kind"], body)
        errors += _elements(seeded, sender, document, codes)
        errors += _keys(document, requisites)
        errors += [] if confirmed else _amounts(document)
        previous = _previous(connection, sender, document, year=year, month=month, errors=errors)
        if errors:
            refuse(entry, errors)
            continue
        used = sorted({tuple(requisites[key]) for key in _used_keys(document) if key in requisites})
        bill_guid, ipd = _store(
            connection, sender, document, account, previous, year=year, month=month, requisites=json.dumps(used), now=now
        )
        confirm(entry, bill_guid, ipd, now)


def _elements(seeded: Seeded, sender: str, document: etree._Element, codes: dict[str, str]) -> Errors:
    wrong = []
    for reference in references(document):
        if codes.get(text(reference, "GUID").lower()) != text(reference, "Code"):
            problem = known_element(seeded, sender, reference)
            if problem is not None:
                wrong.append(problem)
    return wrong


def _payees(seeded: Seeded, document: etree._Element, kind: str, body: etree._Element) -> Errors:
    """The provider of each service stands in documents of a settlement centre's accounts and nowhere else."""
    named = list(document.iter(q(BILLS, "orgPPAGUID")))
    if kind != "isRCAccount":
        return [("SRV008076", "Поставщик услуги указан, хотя лицевой счёт не расчётного центра")] if named else []
    unknown = [item.text or "" for item in named if (item.text or "").lower() not in seeded.by_ppa]
    errors = [("AUT011002", f"Поставщик услуги {value} не найден") for value in unknown]
    without = [service for name in _SERVICES for service in document.iter(q(BILLS, name)) if not text(service, "orgPPAGUID")]
    if without or body.find(q(BILLS, "PaymentProviderInformation")) is None:
        errors.append(("SRV008076", "Для лицевого счёта расчётного центра поставщик указывается у каждой услуги и в запросе"))
    return errors


def _used_keys(document: etree._Element) -> list[str]:
    return [(item.text or "").strip().lower() for item in document.iter(q(BILLS, "PaymentInformationKey"))]


def _keys(document: etree._Element, requisites: dict[str, list[str]]) -> Errors:
    unknown = [key for key in _used_keys(document) if key not in requisites]
    return [("SRV008076", f"Платёжные реквизиты {key} не указаны в запросе") for key in unknown]


def _amounts(document: etree._Element) -> Errors:
    """The sum over services must be the stated one, unless the sender insists on its numbers."""
    stated = text(document, "TotalPayableByChargeInfo")
    services = [
        first(service, "TypeMunicipalService") if etree.QName(service).localname == "GroupMunicipalService" else service
        for service in document.iterfind(f"{q(BILLS, 'ChargeInfo')}/*")
    ]
    services += [item for name in ("CapitalRepairCharge", "Insurance") for item in document.iterfind(q(BILLS, name))]
    services += list(document.iterfind(f"{q(BILLS, 'CapitalRepairYearCharge')}/{q(BILLS, 'CapitalRepairMonthlyCharge')}"))
    lines = [Decimal(text(service, "TotalPayable")) for service in services if text(service, "TotalPayable")]
    if stated and lines and Decimal(stated) != sum(lines):
        return [("INT008165", f"Сумма {stated} расходится с рассчитанной автоматически {sum(lines)}")]
    return []


def _previous(
    connection: sqlite3.Connection, sender: str, document: etree._Element, *, year: str, month: str, errors: Errors
) -> sqlite3.Row | None:
    """The document that this one re-issues; a repeated number without its identifier is an error."""
    ipd, number = text(document, "PaymentDocumentID"), text(document, "PaymentDocumentNumber")
    row: sqlite3.Row | None
    if ipd:
        row = connection.execute("SELECT * FROM bill WHERE ipd = ? AND sender = ?", (ipd, sender)).fetchone()
        if row is None:
            errors.append(("INT002000", f"Платёжный документ {ipd} не найден"))
        elif row["withdrawn"]:
            errors.append(("SRV008070", f"Платёжный документ {ipd} отозван"))
        return row
    statement = "SELECT ipd FROM bill WHERE sender = ? AND number = ? AND year = ? AND month = ? AND withdrawn = 0"
    row = connection.execute(statement, (sender, number, int(year), int(month))).fetchone() if number else None
    if row is not None:
        errors.append(("INT008103", f"Платёжный документ с номером {number} уже размещён"))
    return None


def _store(
    connection: sqlite3.Connection,
    sender: str,
    document: etree._Element,
    account: sqlite3.Row,
    previous: sqlite3.Row | None,
    *,
    year: str,
    month: str,
    requisites: str,
    now: datetime,
) -> tuple[str, str]:
    total = text(document, "TotalPayableByPDWithDebtAndAdvance", "TotalPayableByPD", "TotalPayableByChargeInfo")
    content = etree.tostring(document)
    if previous is not None:
        statement = "UPDATE bill SET version = version + 1, total = ?, requisites = ?, body = ?, placed_at = ? WHERE guid = ?"
        connection.execute(statement, (total, requisites, content, now.isoformat(), previous["guid"]))
        return previous["guid"], previous["ipd"]
    ordinal = next_number(connection, f"ipd {account['izku']} {year} {month}")
    ipd = f"{account['izku']}-{int(year) % 10}{int(month):X}{ordinal:02d}"
    bill_guid = guid("bill", str(next_number(connection, "bill")))
    number = text(document, "PaymentDocumentNumber")
    connection.execute(
        "INSERT INTO bill VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?, ?)",
        (bill_guid, sender, account["guid"], number, int(year), int(month), ipd, total, requisites, content, now.isoformat()),
    )
    return bill_guid, ipd


def _withdraw(sender: str, connection: sqlite3.Connection, withdrawal: etree._Element, result: etree._Element, now: datetime) -> None:
    entry = common_result(result, "ImportResult", BILLS, text(withdrawal, "TransportGUID"))
    ipd = text(withdrawal, "PaymentDocumentID")
    row = connection.execute("SELECT guid, withdrawn FROM bill WHERE ipd = ? AND sender = ?", (ipd, sender)).fetchone()
    if row is None:
        refuse(entry, [("INT002000", f"Платёжный документ {ipd} не найден")])
    elif row["withdrawn"]:
        refuse(entry, [("SRV008070", f"Платёжный документ {ipd} уже отозван")])
    elif connection.execute("SELECT 1 FROM acknowledgment WHERE ipd = ?", (ipd,)).fetchone():
        refuse(entry, [("SRV008071", f"Отзыв невозможен: документ {ipd} сквитирован")])
    else:
        connection.execute("UPDATE bill SET withdrawn = 1 WHERE ipd = ?", (ipd,))
        confirm(entry, row["guid"], ipd, now)


def export_bills(seeded: Seeded, sender: str, connection: sqlite3.Connection, body: etree._Element, result: etree._Element) -> None:
    """Documents by ИПД, or of a month by ЕЛС, ИЖКУ, account, or house with numbers."""
    where, values = _asked(body)
    rows = connection.execute(
        f"SELECT b.* FROM bill b JOIN account a ON a.guid = b.account WHERE b.sender = ? AND {where} ORDER BY b.rowid", (sender, *values)
    ).fetchall()
    if not rows:
        raise Refusal("INT002012", "Нет объектов для экспорта")
    for row in rows:
        document = add(add(result, BILLS, "exportPaymentDocResult"), BILLS, "PaymentDocument")
        content = etree.fromstring(row["body"])
        add(document, ACCOUNT, "AccountGuid", row["account"])
        if row["number"]:
            add(document, BILLS_BASE, "PaymentDocumentNumber", row["number"])
        add(document, BILLS, "Withdraw" if row["withdrawn"] else "Expose", "true")
        for name in _SUMS:
            if value := text(content, name):
                add(document, BILLS, name, value)
        add(document, BASE, "Month", str(row["month"]))
        add(document, BASE, "Year", str(row["year"]))
        add(document, BILLS_BASE, "PaymentDocumentID", row["ipd"])
        for bik, number in json.loads(row["requisites"]) or [("", "")]:
            details = add(document, BILLS, "PaymentInformation")
            if bik:
                add(details, PAYMENTS, "BankBIK", bik)
                add(details, PAYMENTS, "operatingAccountNumber", number)


def _asked(body: etree._Element) -> tuple[str, list[object]]:
    def listed(namespace: str, name: str) -> list[object]:
        return [(item.text or "").strip() for item in body.iterfind(q(namespace, name))]

    def among(column: str, values: list[object]) -> str:
        return f"{column} IN ({', '.join('?' for _ in values)})"

    ipds = listed(BILLS_BASE, "PaymentDocumentID")
    if ipds:
        return among("b.ipd", ipds), ipds
    period = "b.year = ? AND b.month = ? AND "
    dates: list[object] = [int(text(body, "Year")), int(text(body, "Month"))]
    for column, namespace, name in (
        ("a.els", ACCOUNT, "UnifiedAccountNumber"),
        ("a.izku", ACCOUNT, "ServiceID"),
        ("a.guid", BILLS, "AccountGUID"),
        ("a.guid", ACCOUNT, "AccountGuid"),
        ("a.number", ACCOUNT, "AccountNumber"),
        ("b.number", BILLS_BASE, "PaymentDocumentNumber"),
    ):
        values = listed(namespace, name)
        if values:
            house = first(body, "FIASHouseGuid")
            values = [str(value).lower() for value in values] if column == "a.guid" else values
            if house is not None:
                return period + "a.fias = ? AND " + among(column, values), [*dates, (house.text or "").strip().lower(), *values]
            return period + among(column, values), [*dates, *values]
    raise Refusal("FMT001300", "Не указано, какие документы выгрузить")


def import_acknowledgments(
    seeded: Seeded, sender: str, connection: sqlite3.Connection, body: etree._Element, result: etree._Element, *, now: datetime
) -> None:
    """Each acknowledgment names a payment, a document, a service in it and an amount in kopecks."""
    for item in body.iterfind(q(BILLS, "AcknowledgmentRequestInfo")):
        entry = common_result(result, "ImportResult", BILLS, text(item, "TransportGUID"))
        errors, parts = _acknowledged(seeded, sender, connection, item)
        if errors:
            refuse(entry, errors)
            continue
        own = guid("acknowledgment", str(next_number(connection, "acknowledgment")))
        connection.execute("INSERT INTO acknowledgment VALUES (?, ?, ?, ?, ?, ?, ?)", (own, sender, *parts, now.isoformat()))
        confirm(entry, own, str(parts[1]), now)


def _charges(seeded: Seeded, document: bytes, service: str, *, is_housing: bool) -> bool:
    """Whether a document charges a service; the contribution stands in it without a reference and is acknowledged as a housing service."""
    if service.encode() in document:
        return True
    housing = seeded.books.get(("", "50"), {"elements": []})["elements"]
    return is_housing and b":capitalrepaircharge" in document and service in {item["guid"] for item in housing}


def _acknowledged(
    seeded: Seeded, sender: str, connection: sqlite3.Connection, item: etree._Element
) -> tuple[Errors, tuple[str, str, str, int]]:
    notification = text(item, "NotificationsOfOrderExecutionGUID", "OrderID", "OrderIDMultipurpose")
    acceptor = text(item, "orgPPAGUID").lower()
    ack = first(item, "PaymentDocumentAck")
    if ack is None:
        return [], (notification, "", "impossible", 0)
    ipd, amount = text(ack, "PaymentDocumentID"), int(Decimal(text(ack, "Amount")))
    service = text(ack, "HSType", "MSType", "ASType") or text(first(ack, "PServiceType", "TMSType"), "GUID")
    errors: Errors = []
    if acceptor and acceptor not in seeded.by_ppa:
        errors.append(("AUT011002", f"Организация, принявшая платёж, не найдена: {acceptor}"))
    bill = connection.execute("SELECT body, withdrawn FROM bill WHERE ipd = ? AND sender = ?", (ipd, sender)).fetchone()
    if bill is None:
        errors.append(("INT002000", f"Платёжный документ {ipd} не найден"))
    elif bill["withdrawn"]:
        errors.append(("SRV008070", f"Платёжный документ {ipd} отозван"))
    elif not _charges(seeded, bytes(bill["body"]).lower(), service.lower(), is_housing=bool(text(ack, "HSType"))):
        errors.append(("SRV008076", f"Услуги {service} нет в платёжном документе {ipd}"))
    if amount <= 0:
        errors.append(("INT008165", "Сумма квитирования должна быть больше нуля"))
    statement = "SELECT 1 FROM acknowledgment WHERE notification = ? AND ipd = ? AND service = ?"
    if connection.execute(statement, (notification, ipd, service)).fetchone():
        errors.append(("INT008104", "Извещение уже сквитировано с этой услугой документа"))
    told = connection.execute(
        "SELECT guid, key, content FROM object WHERE kind = 'notification' AND (key = ? OR guid = ?)", (notification, notification.lower())
    ).fetchone()
    if told is not None and json.loads(told["content"])["annulled"]:
        errors.append(("INT002000", f"Извещение о платеже {notification} аннулировано"))
    names = (notification, notification) if told is None else (told["key"], told["guid"])
    order = connection.execute("SELECT amount FROM payment_order WHERE order_id IN (?, ?)", names).fetchone()
    if order is None and seeded.content["check_orders"]:
        errors.append(("INT002000", f"Извещение о платеже {notification} не найдено"))
    if order is not None:
        statement = "SELECT coalesce(sum(amount), 0) FROM acknowledgment WHERE notification IN (?, ?)"
        done = connection.execute(statement, names).fetchone()[0]
        if done + amount > order["amount"]:
            errors.append(("INT008165", "Сквитировано больше, чем уплачено"))
    return errors, (notification, ipd, service, amount)
