"""The stand refuses what the real system refuses, remembers across restarts, and fails on request."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.accounts import AccountKind, AccountPlaceGuids, AccountToPlace, export_account_request, import_account_request
from adapters.gis_zhkh.client import HttpReply, SoapClient, Unreachable
from adapters.gis_zhkh.envelope import Header, envelope, get_state_request, header_element, open_envelope
from adapters.gis_zhkh.exchange import after_poll, after_send
from adapters.gis_zhkh.houses import export_house_request
from adapters.gis_zhkh.nsi import export_nsi_paging_item_request
from adapters.gis_zhkh.operations import operation, state_operation
from adapters.gis_zhkh.organisations import export_data_provider_request
from adapters.gis_zhkh.replies import read_ack, read_fault, read_state
from adapters.signing import RSA, Choice, choose, issue, sign_message
from core.ids import TransportGuid
from erkc.stands.gis import Stand, running
from erkc.stands.gis.seed import guid
from tests.simulation.world import MANAGER_OGRN, centre_ogrn, fias, seed_of

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
CENTRE = UUID(guid("organisation", centre_ogrn(0), "ppa"))


@pytest.fixture(scope="module")
def signature(tmp_path_factory: pytest.TempPathFactory) -> tuple[Choice, str]:
    files = issue(tmp_path_factory.mktemp("keys"), at=AT, profile=RSA)
    return choose(files.certificate, files.key), files.authority.read_text()


class Client:
    """Posts messages straight into a stand."""

    def __init__(self, stand: Stand, choice: Choice) -> None:
        self.stand, self.choice = stand, choice

    def message(self, name: str, body: etree._Element, *, organisation: UUID = CENTRE, operator: bool = True, service: str = "") -> bytes:
        described = state_operation(service) if service else operation(name)
        whole = xmlio.serialize(envelope(header_element(Header(uuid4(), AT, organisation, operator), described), body))
        return whole if service else sign_message(whole, self.choice.signer, digester=self.choice.digester, at=AT)

    def post(self, name: str, data: bytes, *, path: str = "", action: str = "") -> tuple[int, str]:
        described = operation(name)
        answer = self.stand.handle(path or described.path, action or f'"{described.action}"', data)
        if answer.status == 500:
            return 500, read_fault(open_envelope(answer.body).body).code
        return answer.status, "" if answer.status != 200 else str(read_ack(open_envelope(answer.body).body).message_guid)

    def result(self, name: str, body: etree._Element) -> Any:
        status, remote = self.post(name, self.message(name, body))
        assert status == 200, remote
        described = operation(name)
        state = self.message("", get_state_request(UUID(remote)), service=described.service)
        reply = self.stand.handle(described.path, '"urn:getState"', state)
        return read_state(open_envelope(reply.body).body)


@pytest.fixture
def client(signature: tuple[Choice, str], tmp_path: Path) -> Client:
    choice, authority = signature
    return Client(Stand(tmp_path / "stand", seed=seed_of(1, 3, authority, delay_s=0), clock=lambda: AT), choice)


def house() -> etree._Element:
    return export_house_request(UUID(fias(1)))


def test_transport_and_format(client: Client) -> None:
    name = "exportHouseData"
    good = client.message(name, house())
    assert client.post(name, good, path="/nowhere")[0] == 404
    assert client.post(name, good, action='"urn:unknownThing"') == (500, "FMT001300")
    assert client.post(name, b"<broken") == (500, "FMT001300")
    assert client.post(name, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>") == (500, "FMT001300")
    assert client.post(name, good.replace(b"RequestHeader", b"ISRequestHeader")) == (500, "FMT001300")
    assert client.post(name, good.replace(b"FIASHouseGuid>", b"HouseGuid>")) == (500, "FMT001300")
    assert client.post(name, good.replace(b"13.2.3.2", b"99.0.0.1")) == (500, "FMT001300")


def test_rights_and_signature(client: Client, tmp_path: Path) -> None:
    name = "exportHouseData"
    assert client.post(name, client.message(name, house(), organisation=uuid4())) == (500, "AUT011002")
    stranger = UUID(guid("organisation", MANAGER_OGRN, "ppa"))
    assert client.post(name, client.message(name, house(), organisation=stranger)) == (500, "AUT011009")
    assert client.post(name, client.message(name, house(), operator=False)) == (500, "AUT011003")
    unsigned = xmlio.serialize(envelope(header_element(Header(uuid4(), AT, CENTRE, True), operation(name)), house()))
    assert client.post(name, unsigned) == (500, "AUT011005")
    signed = client.message(name, house())
    assert client.post(name, signed.replace(fias(1).encode(), fias(2).encode())) == (500, "AUT011005")
    other = issue(tmp_path / "other", at=AT, profile=RSA)
    forged = Client(client.stand, choose(other.certificate, other.key))
    assert forged.post(name, forged.message(name, house())) == (500, "AUT011005")


def test_unknown_identifiers_are_refused(client: Client) -> None:
    reply = client.result("exportHouseData", export_house_request(uuid4()))
    assert reply.error.code == "INT002000"
    card = AccountToPlace(TransportGuid(uuid4()), AccountKind.CENTRE, "1", (AccountPlaceGuids(premises=uuid4()),))
    (item,) = client.result("importAccountData", import_account_request([card])).items
    assert [error.code for error in item.errors] == ["INT002034"]
    assert client.result("exportAccountData", export_account_request(house_fias=UUID(fias(1)))).error.code == "INT002012"


def test_one_bad_account_does_not_stop_the_others(client: Client) -> None:
    flat = UUID(guid("premises", fias(1), "1", "True"))
    cards = [
        AccountToPlace(TransportGuid(uuid4()), AccountKind.CENTRE, number, (AccountPlaceGuids(premises=place),))
        for number, place in (("41", flat), ("42", uuid4()), ("43", flat))
    ]
    items = {item.transport_guid: item for item in client.result("importAccountData", import_account_request(cards)).items}
    first, second, third = (items[card.transport_guid] for card in cards)
    assert (first.els, first.service_identifier) == ("00АА000001", "00АА000001-01")
    assert second.errors
    assert (third.els, third.service_identifier) == ("00АА000001", "00АА000001-02"), "one place, one ЕЛС"


def test_results_are_repeatable_and_foreign_ones_unknown(client: Client) -> None:
    name = "exportDataProvider"
    _, remote = client.post(name, client.message(name, export_data_provider_request()))
    question = client.message("", get_state_request(UUID(remote)), service=operation(name).service)
    answers = {client.stand.handle(operation(name).path, '"urn:getState"', question).body[-400:] for _ in range(2)}
    assert len(answers) == 1
    foreign = client.message("", get_state_request(uuid4()), service=operation(name).service)
    fault = client.stand.handle(operation(name).path, '"urn:getState"', foreign)
    assert read_fault(open_envelope(fault.body).body).code == "INT002013"


def test_states_follow_the_clock(signature: tuple[Choice, str], tmp_path: Path) -> None:
    moments = iter([0, 0, 1, 6, 10])
    choice, authority = signature
    base = AT.timestamp()
    stand = Stand(tmp_path, seed=seed_of(1, 1, authority, delay_s=10), clock=lambda: datetime.fromtimestamp(base + next(moments), UTC))
    client = Client(stand, choice)
    _, remote = client.post("exportDataProvider", client.message("exportDataProvider", export_data_provider_request()))
    question = client.message("", get_state_request(UUID(remote)), service="organizations-registry-common")
    states = [
        read_state(open_envelope(stand.handle(operation("exportDataProvider").path, "urn:getState", question).body).body).state
        for _ in range(4)
    ]
    assert states == [1, 1, 2, 3]


def test_pages_of_a_book_and_an_unknown_book(client: Client) -> None:
    assert client.result("exportNsiPagingItem", export_nsi_paging_item_request(50, 1)).content["NsiPagingItem"]["TotalPages"] == "1"
    assert client.result("exportNsiPagingItem", export_nsi_paging_item_request(999, 1)).error.code == "INT016001"


def test_the_folder_is_the_memory(signature: tuple[Choice, str], tmp_path: Path) -> None:
    choice, authority = signature
    first = Client(Stand(tmp_path, seed=seed_of(1, 1, authority, delay_s=0), clock=lambda: AT), choice)
    card = AccountToPlace(
        TransportGuid(uuid4()), AccountKind.CENTRE, "41", (AccountPlaceGuids(premises=UUID(guid("premises", fias(1), "1", "True"))),)
    )
    first.post("importAccountData", first.message("importAccountData", import_account_request([card])))
    first.stand.close()
    second = Stand(tmp_path, clock=lambda: AT)
    assert [account["number"] for account in second.contents()["accounts"]] == ["41"]
    with pytest.raises(ValueError, match="seed"):
        Stand(tmp_path / "empty")


def test_an_unknown_fault_is_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        client.stand.fail("*", "nonsense")


def test_over_real_http(signature: tuple[Choice, str], tmp_path: Path) -> None:
    """The process, its page, its faults, and what our client makes of them."""
    _, authority = signature
    with running(tmp_path / "stand", seed=seed_of(1, 1, authority, signature="off", delay_s=0)) as stand:
        soap = SoapClient(stand.url, timeout_s=20)
        described = operation("exportDataProvider")
        whole = xmlio.serialize(envelope(header_element(Header(uuid4(), AT), described), export_data_provider_request()))
        number = UUID(etree.fromstring(whole).findtext(".//{*}MessageGUID") or "")
        stand.fail("exportDataProvider", "lost_ack")
        cut = soap.post(described, whole)
        assert isinstance(cut, Unreachable) and cut.may_have_arrived
        assert after_send(cut, number).verdict == "unknown"
        stand.fail("exportDataProvider", "http_503")
        assert after_send(soap.post(described, whole), number).verdict == "unknown"
        outcome = after_send(soap.post(described, whole), number)
        assert outcome.verdict == "acknowledged" and outcome.remote_guid is not None
        state = state_operation(described.service)
        question = xmlio.serialize(envelope(header_element(Header(uuid4(), AT), state), get_state_request(outcome.remote_guid)))
        assert after_poll(soap.post(state, question)).verdict == "finished"
        page = urllib.request.urlopen(stand.url, timeout=20).read().decode()
        assert "Стенд ГИС ЖКХ" in page and "exportDataProvider" in page
        assert len(stand.contents()["messages"]) == 2
        bad = urllib.request.Request(f"{stand.url}/admin/faults", json.dumps([{"operation": "*"}]).encode(), method="POST")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(bad, timeout=20)
    gone = soap.post(described, whole)
    assert isinstance(gone, Unreachable) and not gone.may_have_arrived
    assert after_send(gone, number).verdict == "unsent"


@pytest.fixture
def silent_server() -> Any:
    """Takes a request whole and hangs up without a word; remembers what it got."""
    server, got = socket.create_server(("127.0.0.1", 0)), bytearray()

    def work() -> None:
        connection, _ = server.accept()
        connection.settimeout(5)
        while b"</s:Envelope>" not in got:
            got.extend(connection.recv(65536))
        connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield server.getsockname()[1], got
    thread.join(5)
    server.close()


def test_bytes_address_and_action(silent_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address and the action are those of the WSDL's binding, the bytes are the stored ones, and they go through zeep's transport."""
    from zeep.transports import Transport

    port, got = silent_server
    passed: list[bytes] = []
    original: Callable[..., Any] = Transport.post

    def watched(self: Transport, address: str, message: bytes, headers: dict[str, str]) -> Any:
        passed.append(message)
        return original(self, address, message, headers)

    monkeypatch.setattr(Transport, "post", watched)
    data = "<s:Envelope xmlns:s='urn:s'>байты как есть</s:Envelope>".encode()
    reply = SoapClient(f"http://127.0.0.1:{port}/prefix").post(operation("importPaymentDocumentData"), data)
    assert isinstance(reply, Unreachable) and reply.may_have_arrived
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /prefix/ext-bus-bills-service/services/BillsAsync ")
    assert b'SOAPAction: "urn:importPaymentDocumentData"' in head
    assert body == data
    assert passed == [data]


def test_a_reply_is_never_followed_elsewhere() -> None:
    assert not isinstance(HttpReply(302, b""), Unreachable)
    assert after_send(HttpReply(302, b"<html/>"), uuid4()).verdict == "unknown"
