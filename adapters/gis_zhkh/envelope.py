"""SOAP 1.1 envelopes of the federal exchange: headers, the envelope around a message, and what an answer holds.

The header is built for one sending (its own MessageGUID and Date); the body is built once and signed in the envelope it goes out in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.operations import Operation
from core.errors import InputError, InvariantError
from xsd.tables import ALBUM

__all__ = ["SIGNED_ID", "SOAP", "Header", "Opened", "envelope", "get_state_request", "header_element", "open_envelope"]

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SIGNED_ID = "signed-data-container"
"""The usual ``Id`` of a signed message; unique in its document because there is one message in an envelope."""

Element: TypeAlias = etree._Element


@dataclass(frozen=True, slots=True)
class Header:
    """What a request says about itself; ``sent_at`` with its offset. ``creators`` are pairs (system, operator) of placement requests."""

    message_guid: UUID
    sent_at: datetime
    organisation: UUID | None = None
    """orgPPAGUID of the provider; services of the information system itself have none."""
    operator_signature: bool = False
    """Signed with the key of the operator of the system (the settlement centre), not of the provider."""
    creators: Sequence[tuple[str, str]] = ()


def header_element(header: Header, operation: Operation, *, album: str = ALBUM) -> Element:
    """The header element of the kind that the operation asks for."""
    if header.sent_at.tzinfo is None:
        raise InvariantError("GIS-0102", "Время отправки должно быть со смещением.")
    value: dict[str, Any] = {
        "Date": header.sent_at.isoformat(timespec="milliseconds"),
        "MessageGUID": header.message_guid,
        "ISCreator": [{"ISName": system, "ISOperatorName": owner} for system, owner in header.creators] or None,
    }
    if operation.names_organisation:
        if header.organisation is None:
            raise InvariantError("GIS-0103", f"Операция {operation.name} отправляется от имени организации, а она не указана.")
        value["orgPPAGUID"] = header.organisation
        value["IsOperatorSignature"] = True if header.operator_signature else None
    return xmlio.render(operation.header, value, album=album)


def envelope(header: Element | None, body: Element) -> Element:
    """Put a header and a message into an envelope."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    if header is not None:
        etree.SubElement(root, f"{{{SOAP}}}Header").append(header)
    etree.SubElement(root, f"{{{SOAP}}}Body").append(body)
    return root


def get_state_request(message_guid: UUID, *, album: str = ALBUM) -> Element:
    """The question about a result: the server's identifier from the Ack. It is not signed."""
    return xmlio.render("base:getStateRequest", {"MessageGUID": message_guid}, album=album)


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope taken apart. ``body`` is the message; for a refusal it is the ``Fault`` element of SOAP."""

    header: Mapping[str, Any]
    body: Element
    is_fault: bool


def open_envelope(data: bytes | Element, *, album: str = ALBUM) -> Opened:
    """Take an answer apart; :class:`InputError` when it is no envelope with exactly one message (an HTML page, a cut-off answer)."""
    root = xmlio.parse(data) if isinstance(data, bytes) else data
    if root.tag != f"{{{SOAP}}}Envelope":
        raise InputError("GIS-0304", f"Ответ не конверт SOAP 1.1, а <{etree.QName(root).localname}>.", hint="Посмотрите сохранённые байты.")
    bodies = root.findall(f"{{{SOAP}}}Body")
    messages = [child for body in bodies for child in body.iterchildren(tag=etree.Element)]
    if len(bodies) != 1 or len(messages) != 1:
        raise InputError("GIS-0305", f"В конверте должно быть ровно одно сообщение, а их {len(messages)}.")
    header: Mapping[str, Any] = {}
    for child in root.iterfind(f"{{{SOAP}}}Header/*"):
        if etree.QName(child).localname in ("ResultHeader", "RequestHeader", "ISRequestHeader"):
            header = xmlio.read(child, album=album)
    return Opened(header, messages[0], messages[0].tag == f"{{{SOAP}}}Fault")
