"""Envelopes and answers: the samples of the exchange, tolerance, and answers that are none."""

from __future__ import annotations

import pickle
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SOAP, Header, envelope, get_state_request, header_element, open_envelope
from adapters.gis_zhkh.operations import operation, state_operation
from adapters.gis_zhkh.replies import RemoteError, read_ack, read_fault, read_state
from adapters.gis_zhkh.values import guid
from core.errors import InputError, InvariantError
from tests.unit.adapters.gis_zhkh.federal_samples import SENT_AT, known_guid, replies, requests, transport
from xsd import catalog
from xsd.tables import tables

GOLDEN = Path(__file__).parents[3] / "golden" / "gis_zhkh"


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def test_receipt_is_read() -> None:
    opened = open_envelope(golden("04-AckRequest.envelope.xml"))
    assert not opened.is_fault
    ack = read_ack(opened.body)
    assert ack.message_guid != ack.requester_guid
    with pytest.raises(InputError, match="Вместо квитанции"):
        read_ack(requests()["state"])
    with pytest.raises(InputError, match="В квитанции нет"):
        read_ack(etree.Element(tables().tag("base:AckRequest")))


def test_mixed_result_is_read() -> None:
    opened = open_envelope(golden("06-getStateResult-bills-mixed.envelope.xml"))
    assert opened.header["MessageGUID"] == "ef0fbdfa-d086-4a02-85ce-52b12816ca66"
    reply = read_state(opened.body)
    assert (reply.state, reply.processed, reply.error, reply.is_empty) == (3, True, None, False)
    placed, refused, withdrawn = reply.items
    assert placed.unique_number == "70АА000560-01-6101"
    assert placed.errors == ()
    assert placed.updated_at == datetime.fromisoformat("2026-11-02T09:16:44.117+03:00")
    assert [error.code for error in refused.errors] == ["INT008165", "SRV008076"]
    assert refused.guid is None
    assert [error.code for error in withdrawn.errors] == ["SRV008071"]
    assert reply.unknown == {}


def test_refusal_is_read() -> None:
    opened = open_envelope(golden("07-fault-access-denied.envelope.xml"))
    assert opened.is_fault
    assert read_fault(opened.body) == RemoteError("AUT011003", "Доступ запрещен для поставщика данных")


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            "<faultcode>s:Server</faultcode><faultstring>EXP001000: Повторите передачу</faultstring>",
            RemoteError("EXP001000", "Повторите передачу"),
        ),
        ("<faultcode>s:Server</faultcode><faultstring>Internal Error</faultstring>", RemoteError("s:Server", "Internal Error")),
        ("<faultstring>no code: at all</faultstring>", RemoteError("Fault", "no code: at all")),
    ],
)
def test_refusal_without_detail_is_read(inside: str, expected: RemoteError) -> None:
    data = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>{inside}</s:Fault></s:Body></s:Envelope>'.encode()
    assert read_fault(open_envelope(data).body) == expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><body>502 Bad Gateway</body></html>", "GIS-0304"),
        (b"<!DOCTYPE html><html></html>", "XML-0003"),
        (b"upstream timed out", "XML-0002"),
        (f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(), "GIS-0305"),
        (f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/><b/></s:Body></s:Envelope>'.encode(), "GIS-0305"),
        (f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/></s:Body>'.encode(), "XML-0002"),
    ],
)
def test_answers_that_are_none(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        open_envelope(data)
    assert caught.value.code == code


def test_account_results_are_read_from_their_own_nesting() -> None:
    reply = read_state(replies()["accounts"])
    done, refused = reply.items
    assert (done.transport_guid, done.els, done.service_identifier) == (transport("a1"), "70АА000560", "70АА000560-01")
    assert [error.code for error in refused.errors] == ["INT002034"]


def test_error_inside_an_import_result_is_the_error_of_the_whole() -> None:
    value = {
        "RequestState": 3,
        "MessageGUID": known_guid("ack"),
        "ImportResult": [{"@version": "10.0.1.1", "ErrorMessage": {"ErrorCode": "AUT011003", "Description": "Нет доступа"}}],
    }
    reply = read_state(xmlio.render("house-management:getStateResult", value))
    assert reply.error == RemoteError("AUT011003", "Нет доступа")
    assert reply.items == ()


def test_states_without_a_result() -> None:
    waiting = read_state(replies()["waiting"])
    assert (waiting.state, waiting.processed, waiting.is_empty) == (2, False, False)
    empty = replies()["waiting"]
    empty[0].text = "3"
    assert read_state(empty).is_empty
    nothing = read_state(replies()["nothing"])
    assert nothing.found_nothing
    assert not nothing.is_empty


def test_one_unreadable_result_does_not_hide_the_others() -> None:
    element = replies()["bills"]
    next(element.iter(tables().tag("base:TransportGUID"))).text = "не GUID"
    etree.SubElement(element, tables().tag("bills:FutureResult"))
    reply = read_state(element)
    assert len(reply.items) == 1
    assert len(reply.unreadable) == 1
    assert reply.unknown == {"getStateResult/FutureResult": 1}


@pytest.mark.parametrize("text", ["", "четыре"])
def test_result_without_a_state_is_refused(text: str) -> None:
    element = replies()["waiting"]
    element[0].text = text
    with pytest.raises(InputError, match="нет состояния"):
        read_state(element)
    with pytest.raises(InputError, match="Вместо результата"):
        read_state(requests()["house"])


def test_envelope_keeps_header_and_message_valid() -> None:
    header = Header(known_guid("message"), SENT_AT, known_guid("ppa"), operator_signature=True)
    built = envelope(header_element(header, operation("importPaymentDocumentData")), requests()["bills"])
    opened = open_envelope(xmlio.serialize(built))
    assert catalog.validate(opened.body) == []
    assert opened.header["orgPPAGUID"] == str(known_guid("ppa"))
    assert opened.header["IsOperatorSignature"] == "true"
    assert opened.header["Date"] == "2026-11-02T09:00:00.000+00:00"


def test_question_about_a_state_is_not_signed() -> None:
    question = get_state_request(UUID(int=7))
    assert question.attrib == {}
    assert catalog.validate(question) == []
    assert catalog.validate(xmlio.parse(golden("05-getStateRequest.body.xml"))) == []


def test_header_that_can_not_be_right_is_refused() -> None:
    with pytest.raises(InvariantError, match="от имени организации"):
        header_element(Header(known_guid("m"), SENT_AT), operation("importAccountData"))
    with pytest.raises(InvariantError, match="со смещением"):
        header_element(Header(known_guid("m"), SENT_AT.replace(tzinfo=None), known_guid("p")), operation("importAccountData"))
    spoken_for_itself = header_element(Header(known_guid("m"), SENT_AT, known_guid("p")), state_operation("nsi-common"))
    assert [etree.QName(child).localname for child in spoken_for_itself] == ["Date", "MessageGUID"]


@pytest.mark.parametrize(
    "text",
    [
        "6f1c6f4e-0b1a-4f55-9d0c-3d8a4a3f8a10", " 6F1C6F4E-0B1A-4F55-9D0C-3D8A4A3F8A10\n", "6f1c6f4e0b1a4f559d0c3d8a4a3f8a10",
        "{6f1c6f4e-0b1a-4f55-9d0c-3d8a4a3f8a10}", "urn:uuid:6f1c6f4e-0b1a-4f55-9d0c-3d8a4a3f8a10", "6f1c-6f4e0b1a4f559d0c3d8a4a3f8a10",
        "6f1c6f4e-0b1a-4f55-9d0c-3d8a4a3f8a1", "zf1c6f4e-0b1a-4f55-9d0c-3d8a4a3f8a10", " f1c6f4e-0b1a-4f55-9d0c-3d8a4a3f8a1 ", "", "-" * 36,
    ],
)  # fmt: skip
def test_identifiers_are_read_as_uuid_reads_them(text: str) -> None:
    try:
        expected = UUID(text.strip())
    except ValueError:
        with pytest.raises(InputError):
            guid(text)
        return
    found = guid(text)
    assert (found, hash(found), str(found), found.is_safe) == (expected, hash(expected), str(expected), expected.is_safe)
    assert pickle.loads(pickle.dumps(found)) == expected
