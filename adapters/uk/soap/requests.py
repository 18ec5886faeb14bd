"""A request of a billing system as it is read: which operation, who asks, for which month, and its rows.

Read tolerantly: the schema says what we promise to understand; an element that it has not is counted and told, a value that does not fit
its type goes on as it stands and is a finding of its row, because one bad row never stops the others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from uuid import UUID

from adapters import xmlio
from adapters.uk.soap.operations import NAMESPACE, PULLS, PUSHES, STATE
from core.errors import InputError
from core.period import Month

__all__ = ["Request", "is_ours", "read_request"]

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_HEADER = ("MessageGUID", "Date", "INN", "KPP", "OGRN", "DataBankKey", "ContactName", "ContactPhone", "System")
_SIGNS = re.compile(rb"^\s*(?:\xef\xbb\xbf)?\s*<")


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    operation: str
    header: Mapping[str, str]
    period: Month | None
    """None for a question about the state."""
    asked: str
    """Our identifier of the request whose state is asked; empty in others."""
    part: int
    """Of whose answer this part is asked for; 1 in others."""
    is_signed: bool
    content_sha256: bytes
    """Of what it asks, without signature and moment: a repeat is the same request."""
    element: xmlio.Element

    @property
    def guid(self) -> str:
        """The sender's identifier of the message, lower case."""
        return self.header["MessageGUID"]

    def rows(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Rows in their order: element name and values by element name."""
        for child in self.element:
            if not isinstance(child.tag, str) or _local(child) in ("Signature", "RequestHeader", "Period"):
                continue
            values: dict[str, str] = {}
            for cell in child:
                if isinstance(cell.tag, str):
                    values[_local(cell)] = "".join(cell.itertext()).strip()
            yield _local(child), values


def is_ours(data: bytes) -> bool:
    """Whether bytes look like a message of the service."""
    return bool(_SIGNS.match(data[:64])) and NAMESPACE.encode() in data[:4096] and b"Envelope" in data[:4096]


def read_request(data: bytes) -> Request:
    """The request in a SOAP message; ``InputError`` UKS-0101 … UKS-0103 when it is none."""
    root = xmlio.parse(data)
    body = root.find(f"{{{_SOAP}}}Body")
    elements = [] if body is None else [child for child in body if isinstance(child.tag, str)]
    if root.tag != f"{{{_SOAP}}}Envelope" or len(elements) != 1:
        raise InputError("UKS-0101", "Это не запрос SOAP: в теле должен быть ровно один элемент.", hint="Описание службы: ?wsdl.")
    element = elements[0]
    name = _local(element)
    if element.tag != f"{{{NAMESPACE}}}{name}" or name not in {*PUSHES, *PULLS, STATE}:
        known = ", ".join((*PUSHES, *PULLS, STATE))
        raise InputError("UKS-0102", f"Служба не знает операции «{name}».", hint=f"Есть: {known}; пространство имён {NAMESPACE}.")
    header = _header(element)
    period, asked, part = None, "", 1
    if name == STATE:
        asked = _guid((element.findtext(f"{{{NAMESPACE}}}MessageGUID") or "").strip(), "MessageGUID запроса")
        part = _part((element.findtext(f"{{{NAMESPACE}}}Part") or "1").strip())
    else:
        text = (element.findtext(f"{{{NAMESPACE}}}Period") or "").strip()
        try:
            period = Month.parse(text)
        except ValueError:
            raise InputError("UKS-0103", f"Расчётный месяц не читается: «{text}».", hint="Period пишется так: 2026-10.") from None
    signed = any(isinstance(child.tag, str) and child.tag == f"{{{_DS}}}Signature" for child in element)
    return Request(name, header, period, asked, part, signed, _content(element), element)


def _local(element: xmlio.Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _header(element: xmlio.Element) -> dict[str, str]:
    found = element.find(f"{{{NAMESPACE}}}RequestHeader")
    if found is None:
        raise InputError("UKS-0103", "В запросе нет RequestHeader.", hint="Описание службы: ?wsdl.")
    header = {name: (found.findtext(f"{{{NAMESPACE}}}{name}") or "").strip() for name in _HEADER}
    header["MessageGUID"] = _guid(header["MessageGUID"], "MessageGUID")
    for name in ("INN", "KPP"):
        if not header[name]:
            raise InputError("UKS-0103", f"В RequestHeader не заполнено {name}.", hint="Отправитель называет свои ИНН и КПП.")
    return header


def _guid(text: str, what: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InputError("UKS-0103", f"{what} не читается: «{text}».", hint="Это UUID: 8-4-4-4-12 шестнадцатеричных цифр.") from None


def _part(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
        raise InputError("UKS-0103", f"Part не читается: «{text}».", hint="Это номер части, с 1: какой следующий, говорит NextPart.")
    return int(text)


def _content(element: xmlio.Element) -> bytes:
    copy = deepcopy(element)
    copy.attrib.pop("Id", None)
    for child in list(copy):
        if child.tag == f"{{{_DS}}}Signature":
            copy.remove(child)
    moment = copy.find(f"{{{NAMESPACE}}}RequestHeader/{{{NAMESPACE}}}Date")
    if moment is not None:
        moment.text = None
    return hashlib.sha256(xmlio.canonical(copy)).digest()
