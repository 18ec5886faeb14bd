"""Names of the wire and a builder for answers."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

__all__ = [
    "ACCOUNT",
    "BASE",
    "BILLS",
    "BILLS_BASE",
    "HOUSES",
    "NSI",
    "NSI_BASE",
    "NSI_COMMON",
    "ORGANISATIONS",
    "ORGANISATIONS_BASE",
    "PAYMENTS",
    "REGISTRY",
    "SOAP",
    "VERSION",
    "XSI",
    "add",
    "envelope",
    "first",
    "moment",
    "q",
    "text",
]

_ROOT = "http://dom.gosuslugi.ru/schema/integration/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
BASE = _ROOT + "base/"
NSI_BASE = _ROOT + "nsi-base/"
NSI = _ROOT + "nsi/"
NSI_COMMON = _ROOT + "nsi-common/"
REGISTRY = _ROOT + "organizations-registry-common/"
ORGANISATIONS = _ROOT + "organizations-base/"
ORGANISATIONS_BASE = _ROOT + "organizations-registry-base/"
HOUSES = _ROOT + "house-management/"
ACCOUNT = _ROOT + "account-base/"
BILLS = _ROOT + "bills/"
BILLS_BASE = _ROOT + "bills-base/"
PAYMENTS = _ROOT + "payments-base/"
VERSION = f"{{{BASE}}}version"

_PREFIXES = {
    "soapenv": SOAP,
    "base": BASE,
    "nsi-base": NSI_BASE,
    "nsi": NSI,
    "nsi-common": NSI_COMMON,
    "orc": REGISTRY,
    "ob": ORGANISATIONS,
    "orb": ORGANISATIONS_BASE,
    "hm": HOUSES,
    "ab": ACCOUNT,
    "bills": BILLS,
    "bb": BILLS_BASE,
    "pb": PAYMENTS,
    "xsi": XSI,
}


def q(namespace: str, name: str) -> str:
    """A qualified name."""
    return f"{{{namespace}}}{name}"


def add(parent: etree._Element, namespace: str, name: str, value: str | None = None) -> etree._Element:
    """A child with its text."""
    child = etree.SubElement(parent, q(namespace, name))
    child.text = value
    return child


def first(element: etree._Element, *names: str) -> etree._Element | None:
    """The first descendant of any of the local names, in the order of the document."""
    return next((child for child in element.iter(etree.Element) if etree.QName(child).localname in names), None)


def text(element: etree._Element | None, *names: str) -> str:
    """The text of the first child (not deeper) of any of the local names; empty when there is none."""
    for child in element if element is not None else ():
        if isinstance(child.tag, str) and etree.QName(child).localname in names:
            return (child.text or "").strip()
    return ""


def moment(at: datetime) -> str:
    """A server's time as the wire has it."""
    return at.isoformat(timespec="milliseconds")


def envelope(body: etree._Element | None = None, *, header: tuple[str, str] | None = None) -> tuple[etree._Element, etree._Element]:
    """A SOAP envelope and its body; ``header`` is (date, message GUID) of a reply."""
    prefixes = {name: uri for name, uri in _PREFIXES.items() if name in ("soapenv", "base")}
    root = etree.Element(q(SOAP, "Envelope"), nsmap=prefixes)
    if header is not None:
        result = add(add(root, SOAP, "Header"), BASE, "ResultHeader")
        add(result, BASE, "Date", header[0])
        add(result, BASE, "MessageGUID", header[1])
    holder = add(root, SOAP, "Body")
    if body is not None:
        holder.append(body)
    return root, holder


def result_root(namespace: str, version: str) -> etree._Element:
    """An empty ``getStateResult`` of a service."""
    root = etree.Element(q(namespace, "getStateResult"), nsmap=_PREFIXES)
    root.set(VERSION, version)
    return root
