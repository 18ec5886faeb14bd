"""The stand's service for settlement centres: every request must pass the schema, the same identifier has its effect once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from lxml import etree

from adapters.signing import GOST, RSA, Certificate, SignatureError, digester_for, verify_message
from xsd.rgis import NAMESPACE, problems

__all__ = ["BadMessage", "answer", "body_of", "fault", "operation_of", "refusal"]

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_GET = "GetChargePaymentRkc"


class BadMessage(ValueError):
    """The message is no request of the service; the text says why."""


def body_of(data: bytes, authorities: Sequence[Certificate] | None, now: datetime) -> etree._Element:
    """The request inside the envelope, checked; with ``authorities`` it must be signed by a certificate of one of them, in force now."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        found = etree.fromstring(data, parser).find(f"{{{_SOAP}}}Body/*")
    except etree.XMLSyntaxError as error:
        raise BadMessage(f"не XML: {error}") from error
    if found is None:
        raise BadMessage("нет тела сообщения")
    wrong = problems(found)
    if wrong:
        raise BadMessage(wrong[0])
    signature = found.find(f"{{{_DS}}}Signature")
    if authorities is not None:
        profile = GOST if GOST.signature_uri.encode() in data else RSA
        try:
            verify_message(data, digester=digester_for(profile), now=now, authorities=authorities, profile=profile)
        except SignatureError as error:
            raise BadMessage(f"{error.code}: {error.message}") from error
    if signature is not None:
        found.remove(signature)
    return found


def operation_of(body: etree._Element) -> str:
    """The operation by the name of its request."""
    name: str = etree.QName(body).localname
    return name.removesuffix("Request")


def answer(base: sqlite3.Connection, body: etree._Element) -> bytes:
    """Do what is asked for, once."""
    operation = operation_of(body)
    if operation == _GET:
        return _page(base, body)
    if base.execute("SELECT 1 FROM soap WHERE id = ?", (body.get("MessageId"),)).fetchone() is None:
        base.execute("INSERT INTO soap VALUES (?, ?)", (body.get("MessageId"), operation))
        file = _values(body[0])
        inn = file.get("RKC_INN") or file.get("AGENT_INN", "")
        for row in (_values(child) for child in body[1:]):
            said = json.dumps(row, ensure_ascii=False)
            if operation == "SyncPersAccRkc":
                base.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?)", (inn, row["ACC_NUMBER"], said))
            elif operation == "SyncChargePaymentAgent":
                base.execute("INSERT INTO agent_payment VALUES (?, ?, ?, ?)", (body.get("MessageId"), inn, row["PERSONAL_ACC"], said))
            else:
                place = (inn, row["PERSONAL_ACC"], int(row["YEAR"]), int(row["MONTH"]), said)
                base.execute("INSERT OR REPLACE INTO charge VALUES (?, ?, ?, ?, ?)", place)
    return _result(operation, 0, "")


def refusal(operation: str) -> bytes:
    """A result that says no."""
    return _result(operation, 2, "Не сохранено")


def fault(text: str) -> bytes:
    """A SOAP Fault."""
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    found = etree.SubElement(etree.SubElement(envelope, f"{{{_SOAP}}}Body"), f"{{{_SOAP}}}Fault")
    etree.SubElement(found, "faultcode").text = "soap:Client"
    etree.SubElement(found, "faultstring").text = text
    return bytes(etree.tostring(envelope))


def _page(base: sqlite3.Connection, body: etree._Element) -> bytes:
    asked = _values(body)
    where = (asked["INN"], int(asked["YEAR"]), int(asked["MONTH"]))
    rows = [json.loads(row["row"]) for row in base.execute(
        "SELECT row FROM charge WHERE inn = ? AND year = ? AND month = ? ORDER BY number", where)]  # fmt: skip
    page, size = int(asked["PAGE"]), int(asked["COUNT"])
    response = etree.Element(f"{{{NAMESPACE}}}{_GET}Response", nsmap={None: NAMESPACE})
    sums = {name: sum((Decimal(row.get(name, "0")) for row in rows), Decimal(0)) for name in ("CHARGED_SUM", "PAID_SUM")}
    _put(response, {"PAGE": str(page), "COUNT": str(len(rows)), "CHARGE_SUM": f"{sums['CHARGED_SUM']:.2f}",
                    "PAID_SUM": f"{sums['PAID_SUM']:.2f}"})  # fmt: skip
    for row in rows[(page - 1) * size : page * size]:
        _put(etree.SubElement(response, f"{{{NAMESPACE}}}PAYMENT"), row)
    return _envelope(response)


def _result(operation: str, code: int, text: str) -> bytes:
    response = etree.Element(f"{{{NAMESPACE}}}{operation}Response", nsmap={None: NAMESPACE})
    _put(etree.SubElement(response, f"{{{NAMESPACE}}}RESULT"), {"KOD": str(code)} | ({"DESCRIPTION": text} if text else {}))
    return _envelope(response)


def _envelope(body: etree._Element) -> bytes:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    etree.SubElement(envelope, f"{{{_SOAP}}}Body").append(body)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _values(element: etree._Element) -> dict[str, str]:
    return {etree.QName(child).localname: child.text or "" for child in element if len(child) == 0}


def _put(parent: etree._Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = value
