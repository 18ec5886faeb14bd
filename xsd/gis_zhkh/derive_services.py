"""Facts of a service's binding out of the official WSDL: path, names, headers, messages, SOAPAction. Part of the developer's tool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

__all__ = ["derive_service", "prefix_of", "qname_of"]

Json = Any  # JSON as the json module gives it
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
_INTEGRATION = "http://dom.gosuslugi.ru/schema/integration/"
_OTHER_PREFIXES = {"http://www.w3.org/2000/09/xmldsig#": "ds", "http://www.w3.org/2001/XMLSchema": "xs"}


def prefix_of(namespace: str) -> str:
    """Our one prefix for a namespace: its last path segment."""
    return _OTHER_PREFIXES.get(namespace) or namespace.removeprefix(_INTEGRATION).strip("/")


def qname_of(node: etree._Element, text: str) -> str:
    """A qualified name of the album with our prefix."""
    prefix, _, local = text.rpartition(":")
    return f"{prefix_of(node.nsmap[prefix or None])}:{local}"


def _only(node: etree._Element, path: str) -> etree._Element:
    """The part of a WSDL that must be there."""
    found = node.find(path)
    if found is None:
        raise ValueError(f"{node.tag} {node.get('name')} has no {path}")
    return found


def derive_service(folder: Path, name: str, used_operations: tuple[str, ...]) -> Json:
    """Binding of one service: address path, names, header, messages and SOAPAction of the operations we use."""
    root = etree.parse(str(folder / name / f"hcs-{name}-service-async.wsdl")).getroot()
    messages = {message.attrib["name"]: message for message in root.iterfind(_WSDL + "message")}
    binding = _only(root, _WSDL + "binding")
    port = _only(root, f"{_WSDL}service/{_WSDL}port")
    location = _only(port, _SOAP + "address").attrib["location"]

    def part(operation: etree._Element, direction: str) -> tuple[str, str]:
        message = messages[_only(operation, _WSDL + direction).attrib["message"].split(":")[1]]
        (only,) = message.findall(_WSDL + "part")
        return only.attrib["name"], qname_of(only, only.attrib["element"])

    def header(bound: etree._Element, direction: str) -> str:
        used = _only(bound, f"{_WSDL}{direction}/{_SOAP}header")
        message = messages[used.attrib["message"].split(":")[1]]
        return qname_of(message, _only(message, _WSDL + "part").attrib["element"])

    operations: dict[str, Json] = {}
    state = ""
    bound = {operation.attrib["name"]: operation for operation in binding.iterfind(_WSDL + "operation")}
    for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
        local = operation.attrib["name"]
        if local not in (*used_operations, "getState"):
            continue
        (request_part, request), (reply_part, reply) = part(operation, "input"), part(operation, "output")
        operations[local] = {
            "action": _only(bound[local], _SOAP + "operation").attrib["soapAction"],
            "request": request,
            "request_part": request_part,
            "reply": reply,
            "reply_part": reply_part,
            "header": header(bound[local], "input"),
            "reply_header": header(bound[local], "output"),
        }
        state = reply if local == "getState" else state
    return {
        "namespace": root.attrib["targetNamespace"],
        "path": re.sub(r"^https?://[^/]+", "", location),
        "names": {
            "port_type": _only(root, _WSDL + "portType").attrib["name"],
            "binding": binding.attrib["name"],
            "service": port.getparent().attrib["name"],
            "port": port.attrib["name"],
        },
        "state": state,
        "operations": operations,
    }
