"""The package doctor at work: a month's bills or a file of a request, looked at before anything is sent, and what is good written apart.

A file may be anybody's; reference books and accounts are compared only when our crosswalk knows the organisation in its header.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from uuid import UUID, uuid4

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.ailments import Ailment, Known
from adapters.gis_zhkh.doctor import Diagnosis, ItemDiagnosis, examine, healthy_requests
from adapters.gis_zhkh.envelope import SOAP
from adapters.signing import sign_message
from adapters.signing.document import DS
from core.errors import InputError, system_reason
from core.ids import CENTRE, BillId, ProviderId, TransportGuid
from core.model.bill import BillContent
from core.period import Month
from core.records.crosswalk import find_by_external
from core.records.latest import read_accounts
from core.records.providers import providers
from core.services.federal import Federal, bill_request
from core.services.federal.bills import bills_lacking
from core.services.federal.directory import known
from core.services.federal.gateway import Envelope, NsiElement
from erkc.application import Application
from erkc.federal import request_body
from erkc.federation import is_signing_ready

__all__ = ["Checked", "GoodFiles", "check_file", "check_month"]

_CENTRE_ACCOUNT = 4
"""Account of a settlement centre (isRCAccount)."""
_BASE = "http://dom.gosuslugi.ru/schema/integration/base/"


Part: TypeAlias = Sequence[tuple[BillId, BillContent]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the doctor found in one file or one provider's month."""

    title: str
    documents: int
    request: tuple[Ailment, ...]
    sick: tuple[ItemDiagnosis, ...]
    held: Mapping[BillId, str]
    """Bills of ours that must not go, with the first reason."""
    is_compared: bool
    """Whether books and accounts were compared with the crosswalk."""

    @property
    def healthy(self) -> bool:
        """Whether everything may go."""
        return not self.request and not self.sick

    @property
    def may_send(self) -> bool:
        """Whether the healthy documents may go: nothing is wrong with the requests themselves."""
        return all(ailment.code == "DOC-0201" for ailment in self.request)


def check_file(application: Application, federal: Federal, path: Path, *, good: GoodFiles | None = None) -> Checked:
    """A request in a file: an envelope or the message alone. ``good`` takes what is healthy in it."""
    try:
        root = xmlio.parse(path.read_bytes())
    except OSError as error:
        raise InputError("DOC-0001", f"Файл {path} не читается: {system_reason(error)}.", hint="Проверьте имя файла.") from error
    request, sender = _opened(root, path)
    facts = _facts_of(federal, sender)
    diagnosis = examine(request, facts)
    if good is not None:
        for part in healthy_requests(request, diagnosis):
            good.write(part, source=root if root is not request else None)
    return Checked(path.name, len(diagnosis.items), diagnosis.request, diagnosis.sick, {}, facts is not None)


def _opened(root: etree._Element, path: Path) -> tuple[etree._Element, str]:
    """The message, and who sends it (orgPPAGUID; empty where nobody is named)."""
    if root.tag != f"{{{SOAP}}}Envelope":
        return root, ""
    bodies = root.findall(f"{{{SOAP}}}Body/*")
    if len(bodies) != 1:
        raise InputError("DOC-0002", f"В конверте {path.name} сообщений {len(bodies)}, а нужно одно.", hint="Проверьте, тот ли это файл.")
    sender = next((one.text or "" for one in root.iterfind(f"{{{SOAP}}}Header//{{{_BASE}}}orgPPAGUID")), "")
    return bodies[0], sender.strip().lower()


def _facts_of(federal: Federal, sender: str) -> Known | None:
    with federal.engine.connect() as connection:
        entities = set(find_by_external(connection, system=federal.system, kind="ppa_guid", value=sender)) if sender else set()
        found = [one.provider_id for one in providers(connection) if one.provider_id]
    for provider_id in found:
        with federal.engine.connect() as connection:
            is_ours = federal.provider_entity(connection, provider_id) in entities
        if is_ours:
            return known_facts(federal, provider_id)
    return None


def known_facts(federal: Federal, provider_id: ProviderId) -> Known:
    """What the crosswalk knows for a provider; a part of which it knows nothing is not compared."""
    with federal.engine.connect() as connection:
        texts = [*known(connection, federal, "nsi", provider_id=provider_id).values()]
        texts += known(connection, federal, "nsi_penalty", provider_id=CENTRE).values()
        elements = {str(element.guid): (element.book, element.code) for element in map(NsiElement.parse, texts)}
        kinds = {row.entity_id: row.kind for row in read_accounts(connection, provider_id=provider_id)}
        guids = known(connection, federal, "account_guid", provider_id=provider_id)
        accounts = {guid.lower(): kinds[entity] for entity, guid in guids.items() if entity in kinds}
        organisations = frozenset(value.lower() for value in known(connection, federal, "ppa_guid", provider_id=CENTRE).values())
    books = frozenset(book for book, _ in elements.values())
    return Known(elements or None, accounts or None, organisations or None, books)


def check_month(
    application: Application, federal: Federal, *, provider_id: ProviderId, month: Month, good: GoodFiles | None = None
) -> Checked | None:
    """Every bill of a provider's month as it would be sent now; None when the month has no bills. Nothing is sent or marked.

    Bills are read, rendered and looked at a package at a time, and what is healthy goes to ``good`` at once: a month of any size fits into
    memory.
    """
    with federal.engine.connect() as connection:
        issued = federal.bills.ids_of_month(connection, provider_id, month)
        provider_guid = federal.provider_guid(connection, provider_id)
    if not issued:
        return None
    facts = known_facts(federal, provider_id)
    held: dict[BillId, str] = {}
    sick: list[ItemDiagnosis] = []
    request: dict[Ailment, None] = {}
    for part in _packages(federal, provider_id, month, issued, application.settings.gis.package_documents, sick, held):
        for rendered, members in _rendered(federal, provider_id, month, part, sick, held):
            diagnosis = examine(rendered, facts)
            request |= dict.fromkeys(diagnosis.request)
            _absorb(diagnosis, members, sick, held)
            if good is not None:
                for healthy in healthy_requests(rendered, diagnosis):
                    good.write(healthy, provider_guid=provider_guid)
    return Checked(str(month), len(issued), tuple(request), tuple(sick), held, True)


def _packages(
    federal: Federal,
    provider_id: ProviderId,
    month: Month,
    issued: Sequence[BillId],
    size: int,
    sick: list[ItemDiagnosis],
    held: dict[BillId, str],
) -> Iterator[Part]:
    """The bills that may go in packages as they are sent: accounts of a settlement centre apart from the others."""
    ready: dict[bool, list[tuple[BillId, BillContent]]] = {False: [], True: []}
    for start in range(0, len(issued), size):
        wanted = issued[start : start + size]
        with federal.engine.connect() as connection:
            contents = federal.bills.of_month(connection, provider_id, month, ids=wanted)
            lacking = bills_lacking(connection, federal, provider_id, [contents[number] for number in wanted])
        for number in wanted:
            content = contents[number]
            if content.number in lacking:
                held[number] = lacking[content.number]
                sick.append(_told(number, content, "GIS-0508", held[number]))
                continue
            group = ready[content.account_kind == _CENTRE_ACCOUNT]
            group.append((number, content))
            if len(group) == size:
                yield tuple(group)
                group.clear()
    yield from (tuple(group) for group in ready.values() if group)


def _told(bill: BillId, content: BillContent, code: str, reason: str) -> ItemDiagnosis:
    ailment = Ailment(code, "", reason, "Выполните erkc gis synchronise и повторите.")
    return ItemDiagnosis(0, str(bill), content.number, (ailment,))


def _rendered(
    federal: Federal, provider_id: ProviderId, month: Month, part: Part, sick: list[ItemDiagnosis], held: dict[BillId, str]
) -> Iterator[tuple[etree._Element, Mapping[str, BillId]]]:
    """A package as it would go. One bill that can not be a document stops its whole package, so the package is halved until it is found."""
    members = {str(uuid4()): number for number, _ in part}
    listed = [(TransportGuid(UUID(guid)), content) for guid, (_, content) in zip(members, part, strict=True)]
    try:
        with federal.engine.connect() as connection:
            wanted = bill_request(connection, federal, provider_id, month, listed)
        body = request_body(wanted, Envelope(uuid4(), None, federal.clock.now()))
    except InputError as error:
        if len(part) > 1:
            middle = len(part) // 2
            for half in (part[:middle], part[middle:]):
                yield from _rendered(federal, provider_id, month, half, sick, held)
            return
        number, content = part[0]
        held[number] = error.message
        sick.append(ItemDiagnosis(0, "", content.number, (Ailment(error.code, "", error.message.rstrip("."), error.hint),)))
        return
    yield body, members


def _absorb(diagnosis: Diagnosis, members: Mapping[str, BillId], sick: list[ItemDiagnosis], held: dict[BillId, str]) -> None:
    for item in diagnosis.sick:
        sick.append(item)
        held[members[item.transport_guid.lower()]] = f"{item.ailments[0].message} ({item.ailments[0].code})"


class GoodFiles:
    """Healthy documents as requests in files of a folder: signed when the signing files are there, else without a signature. A file's own
    envelope is kept, with a new MessageGUID: what was refused or lost under the old one must not be mistaken for this."""

    def __init__(self, application: Application, federal: Federal, out: Path, name: str) -> None:
        self._application, self._federal, self._out, self._name = application, federal, out, name
        self.paths: list[Path] = []

    def write(self, request: etree._Element, *, source: etree._Element | None = None, provider_guid: UUID | None = None) -> None:
        """One more request; ``source`` is the envelope that it came in."""
        self._out.mkdir(parents=True, exist_ok=True)
        path = self._out / f"{self._name}-good-{len(self.paths) + 1:03d}.xml"
        path.write_bytes(_whole(self._application, self._federal, request, source, provider_guid))
        self.paths.append(path)


def _whole(
    application: Application, federal: Federal, request: etree._Element, source: etree._Element | None, provider_guid: UUID | None
) -> bytes:
    body = copy.deepcopy(request)
    for signature in body.findall(f"{{{DS}}}Signature"):
        body.remove(signature)
    if source is None:
        if not is_signing_ready(application):
            return xmlio.serialize(body)
        at = Envelope(uuid4(), provider_guid, federal.clock.now())
        signed: bytes = federal.gateway.enveloped("importPaymentDocumentData", body, at)  # type: ignore[attr-defined]  # open_federal's
        return signed
    root = copy.deepcopy(source)
    holder = root.find(f"{{{SOAP}}}Body")
    holder[:] = [body]
    for message in root.iterfind(f"{{{SOAP}}}Header//{{{_BASE}}}MessageGUID"):
        message.text = str(uuid4())
    data = xmlio.serialize(root)
    if body.get("Id") is None or not is_signing_ready(application):
        return data
    signature = federal.gateway.signature  # type: ignore[attr-defined]  # the gateway of open_federal
    return sign_message(data, signature.signer, digester=signature.digester, at=federal.clock.now().astimezone())
