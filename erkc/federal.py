"""The federal system assembled: codecs, signature and zeep behind the gateway that the services ask for.

Here and only here the parts meet: ``core.services.federal`` knows no XML, ``adapters`` know no outbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, assert_never
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import (
    accounts,
    acknowledgments,
    appeals,
    bills,
    debt_requests,
    houses,
    meters,
    notifications,
    nsi,
    organisations,
    readings,
)
from adapters.gis_zhkh.answer_signature import signature_problem
from adapters.gis_zhkh.client import HttpReply, SoapClient
from adapters.gis_zhkh.envelope import Header, envelope, get_state_request, header_element
from adapters.gis_zhkh.exchange import DEFAULT_LADDER, Ladder, PollOutcome, after_poll, after_send
from adapters.gis_zhkh.faults import meaning
from adapters.gis_zhkh.gost_tls import TlsFiles, gost_session
from adapters.gis_zhkh.operations import operation, state_operation
from adapters.gis_zhkh.replies import ItemResult, StateReply
from adapters.gis_zhkh.values import NsiRef
from adapters.signing import Choice, ExternalCommand, choose, choose_external, sign_message
from adapters.signing.choice import Implementation
from adapters.signing.document import Canonicalization
from core.errors import ConfigError, InputError
from core.ids import TransportGuid
from core.model.bill import BillContent
from core.services.federal import gateway as federal
from core.services.federal.gateway import Content, Envelope, Polled, Rendered, Sent
from erkc import federal_housing, federal_money
from xsd.catalog import SchemaSet, validate
from xsd.tables import tables

__all__ = ["FederalGateway", "open_gateway", "request_body"]

_MOSCOW = ZoneInfo("Europe/Moscow")
_LIMITS: Mapping[str, str] = {
    "bill": "request_documents",
    "debt": "request_documents",
    "withdrawal": "request_withdrawals",
    "reading": "request_readings",
    "account": "request_accounts",
    "acknowledgment": "request_acknowledgments",
    "cancellation": "request_acknowledgments",
    "notification": "request_notifications",
    "own_notification": "request_supplier_notifications",
    "notification_cancellation": "request_cancellations",
    "meter": "request_meters",
    "book_element": "request_nsi",
    "individual_service": "request_individual_services",
    "individual_removal": "request_individual_services",
    "contracts": "request_contracts",
    "bills_there": "request_identifiers",
}


@dataclass(frozen=True, slots=True)
class FederalGateway:
    """The way to the federal system: one client, one signature."""

    client: SoapClient
    signing: Choice | Callable[[], Choice]
    """Who signs, or how to find that out: asked only when something is signed, since statuses and answers are read without a key."""
    ladder: Ladder = DEFAULT_LADDER
    canonicalization: Canonicalization = "exclusive"
    system: str = "gis"
    official: SchemaSet | None = None
    """The official album where the operator has installed it: then both must take a message."""

    @property
    def signature(self) -> Choice:
        """Who signs; ``ConfigError`` when there is no key or it does not fit."""
        return self.signing() if callable(self.signing) else self.signing

    def render(self, request: federal.Request, envelope_: Envelope) -> Rendered:
        """Body by its codec, checked against the schema, put into its envelope, signed to the last byte."""
        name, body = _body(request, envelope_)
        described = operation(name)
        problems = validate(body) or ([] if self.official is None else self.official.validate(body))
        if problems:
            raise InputError(
                "GIS-0520",
                f"Сообщение {name} не проходит схему: {problems[0].path}: {problems[0].message}",
                hint="Проверьте данные документа.",
                problems=[f"{item.path}: {item.message}" for item in problems],
            )
        return Rendered(described.service, name, self.enveloped(name, body, envelope_))

    def enveloped(self, operation_name: str, body: etree._Element, envelope_: Envelope) -> bytes:
        """A body in its envelope, signed to the last byte."""
        described = operation(operation_name)
        header = self._header(envelope_.request_guid, envelope_.provider_guid if described.names_organisation else None, envelope_.at)
        whole = xmlio.serialize(envelope(header_element(header, described), body))
        at = envelope_.at.astimezone(_MOSCOW)
        signature = self.signature
        return sign_message(
            whole,
            signature.signer,
            digester=signature.digester,
            at=at,
            canonicalization=self.canonicalization,
            identifier=uuid5(envelope_.request_guid, "signature"),
        )

    def send(self, service: str, operation_name: str, *, request_guid: UUID, data: bytes) -> Sent:
        """Post the stored bytes as they stand."""
        reply = self.client.post(operation(operation_name), data)
        outcome = after_send(reply, request_guid)
        raw = reply.body if isinstance(reply, HttpReply) else b""
        return Sent(outcome.verdict, outcome.remote_guid, outcome.code, outcome.text, raw)

    def poll(
        self,
        service: str,
        operation_name: str,
        *,
        remote_guid: UUID,
        provider_guid: UUID | None,
        question_guid: UUID,
        at: datetime,
        polls: int,
    ) -> Polled:
        """One question about a result; it is not signed."""
        described = state_operation(service)
        header = self._header(question_guid, provider_guid if described.names_organisation else None, at)
        data = xmlio.serialize(envelope(header_element(header, described), get_state_request(remote_guid)))
        reply = self.client.post(described, data)
        outcome = after_poll(reply)
        raw = reply.body if isinstance(reply, HttpReply) else b""
        overdue = self.ladder.exhausted(polls)
        if outcome.reply is not None and (problem := signature_problem(raw, now=at)):
            return Polled("again", raw, code="GIS-0408", text=f"Подпись ответа не подтверждается: {problem}", overdue=overdue)
        return _polled(outcome, raw, overdue=overdue, operation_name=operation_name)

    def read(self, operation: str, data: bytes) -> Content:
        """What stored bytes of an answer hold; nothing when they are no finished answer."""
        outcome = after_poll(HttpReply(200, data))
        return _content(outcome.reply, operation) if outcome.reply is not None and outcome.verdict == "finished" else Content()

    def pause(self, polls: int) -> timedelta:
        """The ladder of questions."""
        return self.ladder.delay(polls)

    def fits(self, kind: str) -> int:
        """Limits of the album."""
        return tables().limit(_LIMITS[kind])

    def _header(self, message_guid: UUID, provider_guid: UUID | None, at: datetime) -> Header:
        return Header(message_guid, at.astimezone(_MOSCOW), provider_guid, operator_signature=provider_guid is not None)


def open_gateway(
    url: str,
    *,
    signing: Path,
    signer: Literal["auto", "rsa", "external"] | Implementation = "auto",
    external: ExternalCommand | None = None,
    canonicalization: Canonicalization = "exclusive",
    tls: TlsFiles | None = None,
    ladder_s: Sequence[float] = DEFAULT_LADDER.steps_s,
    timeout_s: float = 120,
    official: SchemaSet | None = None,
) -> FederalGateway:
    """A gateway to ``url`` that signs with ``signer.pem`` and ``signer.key`` of the folder ``signing``.

    The files are read when the first message is signed; a ``ConfigError`` then says what is wrong with them. ``signer`` insists on an
    implementation; with ``auto`` (and ``rsa``, which follows from the certificate) the best one of this machine signs. With ``external``
    its command signs, and there is no key file. ``tls``: ГОСТ TLS straight from this process, without a tunnel.
    """
    implementation: Implementation | None = None if signer in ("auto", "rsa", "external") else signer  # type: ignore[assignment]  # narrowed

    @cache
    def chosen() -> Choice:
        certificate, key = signing / "signer.pem", signing / "signer.key"
        needed = (certificate,) if external is not None else (certificate, key)
        absent = [path.name for path in needed if not path.is_file()]
        if absent:
            raise ConfigError(
                "GIS-0603",
                f"Подписать нечем: в папке {signing} нет {' и '.join(absent)}.",
                hint="Положите туда сертификат организации (signer.pem) и её ключ (signer.key); для стенда выполните erkc gis test-key.",
                folder=str(signing),
            )
        return choose_external(certificate, external) if external is not None else choose(certificate, key, implementation=implementation)

    session = None if tls is None else gost_session(tls)
    return FederalGateway(
        SoapClient(url, session=session, timeout_s=timeout_s), chosen, Ladder(tuple(ladder_s)), canonicalization, official=official
    )


def request_body(request: federal.Request, envelope_: Envelope) -> etree._Element:
    """The message of a request, as it would be signed; for those who look at it before."""
    return _body(request, envelope_)[1]


def _body(request: federal.Request, envelope_: Envelope) -> tuple[str, etree._Element]:
    """The operation and its message."""
    match request:
        case federal.AskProviders():
            return "exportDataProvider", organisations.export_data_provider_request()
        case federal.AskOrganisations(ogrns):
            return "exportOrgRegistry", organisations.export_org_registry_request(ogrns)
        case federal.AskBook(number, own, page) if own:
            return "exportDataProviderPagingNsiItem", nsi.export_data_provider_nsi_paging_item_request(int(number), page)
        case federal.AskBook(number, _, page):
            return "exportNsiPagingItem", nsi.export_nsi_paging_item_request(int(number), page)
        case federal.AskHouse(fias):
            return "exportHouseData", houses.export_house_request(UUID(fias))
        case federal.AskAccounts(fias):
            return "exportAccountData", accounts.export_account_request(house_fias=UUID(fias))
        case federal.PlaceAccounts(cards):
            return "importAccountData", accounts.import_account_request([_account(card) for card in cards])
        case federal.PlaceBills():
            return "importPaymentDocumentData", _bills(request, envelope_)
        case federal.PlaceDebts():
            return "importPaymentDocumentData", _debts(request, envelope_)
        case federal.WithdrawBills(documents):
            withdrawn = [bills.Withdrawal(transport, ipd) for transport, ipd in documents]
            return "importPaymentDocumentData", bills.withdraw_payment_document_request(withdrawn)
        case federal.CancelAcknowledgments(payments):
            cancelled = [acknowledgments.AckCancellation(one, acknowledgments.Order(notification=told), ipd) for one, told, ipd in payments]
            return "importAcknowledgment", acknowledgments.cancel_acknowledgment_request(cancelled)
        case federal.AskSubrequests(first, last, after):
            return "exportDebtSubrequests", debt_requests.export_subrequests_request(first, last, statuses=(), after=after)
        case federal.AnswerDebts(debt_replies):
            said = [
                debt_requests.DebtAnswer(one.transport_guid, one.subrequest, one.executor, description=one.description)
                for one in debt_replies
            ]
            return "importResponses", debt_requests.answer_subrequests_request(said)
        case federal.AskAppeals(first, last, guids):
            if guids:
                return "exportAppeal", appeals.export_appeals_by_guid_request(guids)
            return "exportAppeal", appeals.export_appeals_request(since=first, until=last)
        case federal.AnswerAppeals(appeal_replies):
            return "importAnswer", appeals.import_answers_request([step for one in appeal_replies for step in _answered(one)])
        case federal.AskMeters(fias):
            return "exportMeteringDeviceData", meters.export_meters_request(house_fias=UUID(fias))
        case federal.PlaceReadings(fias, cards):
            told = [_reading(card) for card in cards]
            return "importMeteringDeviceValues", readings.import_readings_request(told, house_fias=UUID(fias))
        case federal.AskReadings(fias, resources, first, last):
            wanted = [_reference(element) for element in resources]
            asked = readings.export_history_request([UUID(fias)], resources=wanted, first=first, last=last)
            return "exportMeteringDeviceHistory", asked
        case federal.AskNotifications(ipd, after):
            asked = notifications.export_notifications_of_document_request(ipd, after=after)
            return "exportNotificationsOfOrderExecutionPaginal", asked
        case federal.AskBills(month, account_guids):
            return "exportPaymentDocumentData", bills.export_payment_document_request(month=month, account_guids=account_guids)
        case federal.AcknowledgePayments(parts):
            return "importAcknowledgment", acknowledgments.import_acknowledgment_request([_acknowledgment(part) for part in parts])
        case _ if isinstance(request, federal_money.REQUESTS):
            return federal_money.body(request)
        case _ if isinstance(request, federal_housing.REQUESTS):
            return federal_housing.body(request)
        case _:
            assert_never(request)


def _account(card: federal.AccountCard) -> accounts.AccountToPlace:
    place = accounts.AccountPlaceGuids(room=card.place_guid) if card.is_room else accounts.AccountPlaceGuids(premises=card.place_guid)
    # Nothing personal is sent: the payer may be left out, and the citizen links the account by its ЕЛС.
    return accounts.AccountToPlace(
        transport_guid=card.transport_guid,
        kind=accounts.AccountKind(card.kind),
        number=card.number,
        places=(place,),
        residents=card.residents,
        total_square_e2=card.area_e2,
    )


def _bills(request: federal.PlaceBills, envelope_: Envelope) -> etree._Element:
    references = _references(request, [card.content for card in request.bills], envelope_)
    placed = [bills.BillToPlace(card.content, card.account_guid, card.transport_guid, card.ipd) for card in request.bills]
    return bills.import_payment_document_request(placed, references, month=request.month)


def _debts(request: federal.PlaceDebts, envelope_: Envelope) -> etree._Element:
    references = _references(request.bills, [card.content for card in request.debts], envelope_)
    placed = [
        bills.DebtToPlace(
            card.number,
            card.account_guid,
            card.transport_guid,
            card.content.account_number,
            tuple(bills.DebtRow(one.section, one.service_id, one.name, one.creditor_id, one.month, one.amount) for one in card.parts),
            card.content.recipients,
        )
        for card in request.debts
    ]
    return bills.import_debt_documents_request(placed, references, month=request.bills.month)


def _references(request: federal.PlaceBills, contents: Sequence[BillContent], envelope_: Envelope) -> bills.BillReferences:
    """Bank details get identifiers of their own inside the request, derived from its identifier: the same bytes whenever it is rendered."""
    pairs = sorted({(one.bik, one.bank_account) for content in contents for one in content.recipients})
    return bills.BillReferences(
        services={service: _reference(element) for service, element in request.services.items()},
        requisites={bills.Requisite(bik, account): uuid5(envelope_.request_guid, f"{bik}/{account}") for bik, account in pairs},
        penalty=None if request.penalty is None else _reference(request.penalty),
        court_costs={kind: _reference(element) for kind, element in request.court_costs.items()},
        groups={service: _reference(element) for service, element in request.groups.items()},
        general={service: _reference(element) for service, element in request.general.items()},
        insurance=request.insurance,
        organisations=request.organisations,
        provider=request.provider,
    )


def _answered(one: federal.AppealReply) -> tuple[appeals.Answer, appeals.Executed]:
    """The answer and the closing: the item is the closing, which is taken only when the answer is."""
    action, own = (TransportGuid(uuid5(one.transport_guid, name)) for name in ("answer", "text"))
    return (
        appeals.Answer(action, own, one.appeal, one.executor, one.text),
        appeals.Executed(one.transport_guid, one.appeal, one.executor),
    )


def _reading(card: federal.ReadingCard | federal.VerificationCard) -> readings.MeterReadings:
    if isinstance(card, federal.VerificationCard):
        return federal_housing.verified(card)
    shown = meters.Tariffs(card.values_e3) if card.resource is None else readings.OneRate(_reference(card.resource), card.values_e3[0])
    return readings.MeterReadings(card.root, (readings.Taken(card.transport_guid, shown, card.on, card.control),))


def _reference(element: federal.NsiElement) -> NsiRef:
    return NsiRef(element.code, element.guid)


_BRANCHES: Mapping[str, acknowledgments.Branch] = {"50": "HSType", "2": "HSType", "51": "MSType", "1": "ASType", "329": "PServiceType"}


def _acknowledgment(card: federal.AcknowledgmentCard) -> acknowledgments.Acknowledgment:
    return acknowledgments.Acknowledgment(
        transport_guid=card.transport_guid,
        order=acknowledgments.Order(order_id=card.order_id, taken_by=card.taken_by),
        payment_document_id=card.ipd,
        branch=_BRANCHES[card.service.book],
        service=_reference(card.service),
        amount=card.amount,
    )


def _polled(outcome: PollOutcome, raw: bytes, *, overdue: bool, operation_name: str) -> Polled:
    reply = outcome.reply
    if reply is None or outcome.verdict != "finished":
        return Polled(outcome.verdict, raw, code=outcome.code, text=outcome.text, overdue=overdue)
    try:
        content = _content(reply, operation_name)
        answers = tuple(_answer(item) for item in reply.items)
    except (InputError, KeyError, ValueError) as error:
        # The bytes are kept; what an unreadable answer says must be found out by another export.
        return Polled("unknown", raw, code="GIS-0521", text=f"Ответ не читается: {error}")
    repeated = [guid for guid, count in Counter(one.transport_guid for one in answers).items() if count > 1]
    oddities = [("GIS-0521", text) for text in reply.unreadable]
    oddities += [("GIS-0522", f"Результат по TransportGUID {guid} пришёл несколько раз") for guid in repeated]
    return Polled("finished", raw, answers, content, outcome.code, outcome.text, oddities=tuple(oddities))


def _answer(item: ItemResult) -> federal.Answer:
    meanings = {meaning(error.code) for error in item.errors}
    if meanings <= {"success"}:
        standing: str = "accepted"
    elif "exists" in meanings:
        standing = "exists"
    else:
        standing = "retry" if meanings == {"retry"} else "rejected"
    return federal.Answer(
        transport_guid=TransportGuid(item.transport_guid),
        standing=standing,  # type: ignore[arg-type]  # one of the four literals above
        guid=None if item.guid is None else str(item.guid),
        number=item.unique_number,
        els=item.els,
        izku=item.service_identifier,
        errors=tuple((error.code, error.text) for error in item.errors),
    )


def _content(reply: StateReply, operation_name: str) -> Content:
    """An export in the services' terms."""
    match operation_name:
        case "exportDataProvider":
            providers = tuple(item.provider_guid for item in organisations.read_providers(reply) if item.actual)
            return Content(providers=providers, is_partial=reply.content.get("IsNextPage", "").strip() in ("true", "1"))
        case "exportOrgRegistry":
            return Content(
                organisations=tuple(
                    federal.FederalOrganisation(item.ppa_guid, item.root_guid, item.version_guid, item.ogrn or "", item.inn or "")
                    for item in organisations.read_organisations(reply)
                    if item.actual
                )
            )
        case "exportNsiPagingItem" | "exportDataProviderPagingNsiItem":
            return _book(reply)
        case "exportHouseData":
            house = houses.read_house(reply)
            return Content(places=tuple(_places(house)), has_house=house is not None)
        case "exportAccountData":
            found = [item for item in accounts.read_accounts(reply) if item.closed_on is None]
            return Content(
                accounts=tuple(
                    federal.FederalAccount(item.account_guid, item.number or "", item.els, item.service_identifier) for item in found
                )
            )
        case "exportPaymentDocumentData":
            documents, _ = bills.read_documents(reply)
            return Content(
                bills=tuple(
                    federal.PlacedBill(
                        item.payment_document_id, item.account_guid, item.number or "", item.total, item.standing == "withdrawn"
                    )
                    for item in documents
                )
            )
        case "exportDebtSubrequests":
            asked = debt_requests.read_subrequests(reply)
            return Content(
                subrequests=tuple(
                    federal.Subrequest(
                        one.guid,
                        one.number,
                        one.asked_by,
                        ", ".join(part for part in (one.address, one.details) if part),
                        one.sent_on,
                        one.answer_by,
                        one.status,
                    )
                    for one in asked.subrequests
                ),
                following=asked.following,
            )
        case "exportAppeal":
            return Content(
                appeals=tuple(
                    federal.FederalAppeal(one.guid, one.number, one.created_on, one.topic, one.text, one.status, one.answer_by)
                    for one in appeals.read_appeals(reply)
                )
            )
        case "exportMeteringDeviceData":
            there = [one for one in meters.read_meters(reply) if one.active]
            return Content(
                meters=tuple(
                    federal.FederalMeter(one.root_guid, one.number, one.accounts, one.version_guid, one.resources) for one in there
                )
            )
        case "exportMeteringDeviceHistory":
            history = readings.read_history(reply).readings
            return Content(
                readings=tuple(federal.ToldReading(one.root_guid, one.on, one.values_e3, one.kind == "control") for one in history)
            )
        case _:
            return federal_money.content(reply, operation_name) or federal_housing.content(reply, operation_name) or Content()


def _book(reply: StateReply) -> Content:
    book = nsi.read_book(reply)
    if book is None:
        return Content()
    elements = tuple(
        federal.BookElement(
            federal.NsiElement(str(book.number), item.code, item.ref.guid),
            item.name,
            tuple((str(number), ref.code) for field in item.fields for number, ref in field.refs),
        )
        for item in book.actual()
    )
    return Content(elements=elements, pages=1 if book.page is None else book.page.pages)


def _places(house: houses.FederalHouse | None) -> list[federal.FederalPlace]:
    if house is None or not house.actual:
        return []
    found = []
    for flat in house.premises:
        if flat.actual:
            found.append(federal.FederalPlace(flat.guid, flat.number, flat.residential, None))
            found += [federal.FederalPlace(room.guid, flat.number, True, room.number) for room in flat.rooms if room.actual]
    return found
