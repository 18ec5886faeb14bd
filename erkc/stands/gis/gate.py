"""What stands before a message is taken: path and action, XML, header, schema, limits, rights of the sender, signature. A refusal is a
SOAP Fault."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.signing import Certificate, SignatureError, digester_for, read_certificate, verify_message
from erkc.stands.gis.names import BASE, HOUSES, SOAP, first, q, text
from erkc.stands.gis.seed import SIGNATURES
from erkc.stands.gis.state import Seeded
from xsd.catalog import validate
from xsd.tables import ALBUM, tables

__all__ = ["Gate", "Incoming", "Refusal"]

LARGEST_BYTES = 64 * 1024 * 1024


class Refusal(Exception):
    """The message is not taken: code and text of the Fault (or an HTTP status where no SOAP answer is due)."""

    def __init__(self, code: str, message: str, *, status: int = 500) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that passed."""

    service: str
    operation: str
    requester_guid: str
    sender: str
    """orgPPAGUID; empty where the information system itself asks."""
    body: etree._Element
    signer: str


class Gate:
    """The checks, with what they need prepared once."""

    def __init__(self, seeded: Seeded) -> None:
        self._seeded = seeded
        services = tables(ALBUM).services
        self._paths = {service["path"]: (name, service) for name, service in services.items()}
        self._profile = SIGNATURES[seeded.content["signature"]]
        self._authorities: list[Certificate] = [read_certificate(item.encode()) for item in seeded.content["authorities"]]

    def take(self, path: str, action: str, data: bytes, *, now: datetime) -> Incoming:
        """All checks in the order of the real system's families: transport, FMT, AUT, signature."""
        if path not in self._paths:
            raise Refusal("", "Нет такого сервиса", status=404)
        if len(data) > LARGEST_BYTES:
            raise Refusal("", "Сообщение слишком велико", status=413)
        service_name, service = self._paths[path]
        operation = action.strip().strip('"').removeprefix("urn:")
        described = service["operations"].get(operation)
        if described is None:
            raise Refusal("FMT001300", f"Операция {operation or 'без SOAPAction'} не поддерживается сервисом")
        root = self._parse(data)
        header, body = self._parts(root)
        known = tables(ALBUM)
        if body.tag != known.tag(described["request"]):
            raise Refusal("FMT001300", f"Тело сообщения не соответствует операции {operation}: {etree.QName(body).localname}")
        if header.tag != known.tag(described["header"]):
            raise Refusal("FMT001300", f"Заголовок должен быть {described['header'].split(':')[1]}")
        for element in (header, body):
            problems = validate(element)
            if problems:
                raise Refusal("FMT001300", f"{problems[0].path}: {problems[0].message}")
        sender = self._rights(header, service_name)
        signer = "" if operation in ("getState", "getRequestsState") else self._check_signature(data, now)
        requester = text(header, "MessageGUID").lower()
        return Incoming(service_name, operation, str(uuid.UUID(requester)), sender, body, signer)

    def _parse(self, data: bytes) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        try:
            root = etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise Refusal("FMT001300", f"Сообщение не является XML: {error}") from error
        if root.getroottree().docinfo.doctype:
            raise Refusal("FMT001300", "Объявление DOCTYPE не допускается")
        return root

    def _parts(self, root: etree._Element) -> tuple[etree._Element, etree._Element]:
        headers = list(root.iterfind(f"{q(SOAP, 'Header')}/*"))
        bodies = list(root.iterfind(f"{q(SOAP, 'Body')}/*"))
        if root.tag != q(SOAP, "Envelope") or len(headers) != 1 or len(bodies) != 1:
            raise Refusal("FMT001300", "Нужен конверт SOAP 1.1 с одним заголовком и одним элементом тела")
        return headers[0], bodies[0]

    def _rights(self, header: etree._Element, service: str) -> str:
        if header.tag == q(BASE, "ISRequestHeader"):
            return ""
        sender = text(header, "orgPPAGUID").lower()
        organisation = self._seeded.by_ppa.get(sender)
        if organisation is None:
            raise Refusal("AUT011002", "Организация с таким orgPPAGUID не найдена")
        if not organisation["is_provider"]:
            raise Refusal("AUT011009", "Организация не делегировала права информационной системе")
        if text(header, "IsOperatorSignature") != "true":
            raise Refusal("AUT011003", "Доступ запрещён: сообщение подписано оператором ИС, но признак IsOperatorSignature не указан")
        return sender

    def _check_signature(self, data: bytes, now: datetime) -> str:
        profile = self._profile
        if profile is None:
            return ""
        try:
            verified = verify_message(data, digester=digester_for(profile), now=now, authorities=self._authorities, profile=profile)
        except SignatureError as error:
            raise Refusal("AUT011005", f"Подпись не принята: {error.message}") from error
        return verified.certificate.subject


def check_house(seeded: Seeded, sender: str, body: etree._Element) -> str:
    """The house that a request is about, known and served by the sender; its ФИАС GUID."""
    found = first(body, "FIASHouseGuid")
    fias = ((found.text if found is not None else "") or "").strip().lower()
    if found is not None and found.tag == q(HOUSES, "FIASHouseGuid") and fias not in seeded.houses:
        raise Refusal("INT002000", f"Дом {fias} не найден")
    if fias in seeded.houses and not seeded.serves(sender, fias):
        raise Refusal("AUT011003", "Дом не обслуживается организацией")
    return fias
