"""Results that went wrong: what a fault makes of the answer to a message that was worked through."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator

from lxml import etree

from erkc.stands.gis.accounts import common_result, refuse
from erkc.stands.gis.names import BASE, HOUSES, add, q, text

__all__ = ["LARGE", "busy_items", "refuse_for_now", "reprefixed", "spoil"]

LARGE = 10_500_000
"""Bytes that are added to an answer that is too large for careless readers."""
_BUSY = [("INT002018", "Объект временно недоступен для изменения, повторите запрос позже")]
_REQUISITES = "PaymentInformation"
"""Has a TransportGUID too, and is no item."""


def busy_items(body: etree._Element) -> list[str]:
    """Take every other item out of a request; their transport identifiers."""
    items = [item for item in body if text(item, "TransportGUID") and etree.QName(item).localname != _REQUISITES]
    taken = items[::2]
    for item in taken:
        body.remove(item)
    return [text(item, "TransportGUID") for item in taken]


def refuse_for_now(result: etree._Element, transports: list[str]) -> None:
    """Answer items that were taken out: refused for now."""
    namespace = etree.QName(result).namespace or ""
    holder, name = result, "ImportResult"
    if namespace == HOUSES:
        found = result.find(q(HOUSES, "ImportResult"))
        holder = found if found is not None else add(result, HOUSES, "ImportResult")
        holder.set(q(BASE, "version"), "10.0.1.1")
        name = "CommonResult"
    for transport in transports:
        refuse(common_result(holder, name, namespace, transport), _BUSY)


def spoil(result: etree._Element, fault: str) -> None:
    """Leave out, repeat, add or turn round what was said of single items."""
    entries = list(_entries(result))
    if not entries:
        return
    last = entries[-1]
    holder = last.getparent()
    assert holder is not None
    match fault:
        case "missing_item":
            holder.remove(last)
        case "duplicate_item":
            holder.append(copy.deepcopy(last))
        case "foreign_item":
            stranger = copy.deepcopy(last)
            for identifier in stranger.iter(q(BASE, "TransportGUID")):
                identifier.text = str(uuid.uuid5(uuid.NAMESPACE_OID, identifier.text or ""))
            holder.append(stranger)
        case "reordered":
            for entry in entries:
                holder.remove(entry)
            holder.extend(reversed(entries))
        case _:
            raise ValueError(f"{fault} is no fault of single items")


def _entries(result: etree._Element) -> Iterator[etree._Element]:
    for identifier in result.iter(q(BASE, "TransportGUID")):
        entry = identifier.getparent()
        if entry is not None:
            yield entry


def reprefixed(result: etree._Element) -> etree._Element:
    """The same element with prefixes of its namespaces that nobody has seen before."""
    namespaces = dict.fromkeys(uri for element in result.iter(etree.Element) for uri in element.nsmap.values())
    other = etree.Element(result.tag, dict(result.attrib), nsmap={f"n{place}": uri for place, uri in enumerate(namespaces)})
    other.text = result.text
    other.extend(copy.deepcopy(child) for child in result)
    return other
