"""Answers that nobody should believe: malformed, oversized, full of entities, wrongly signed, about something else. Each becomes a finding
on its bytes, which are kept, and the conversation goes on to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from lxml import etree

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.envelope import SOAP
from adapters.signing import sign_message
from core import archive
from core.records.findings import StoredFinding, read_findings
from core.services.federal import Waiting, poll, send_bills, status
from tests.simulation.schedules import Towns
from tests.simulation.world import MONTH, World

LIMIT = 300_000
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;&c;&c;&c;</x>'
)
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'


def other_message(data: bytes) -> bytes:
    """An envelope about something else."""
    return data.replace(b"getStateResult", b"getWeatherResult").replace(b"AckRequest", b"AckWeather")


def signed(world: World, data: bytes) -> bytes:
    """The answer as the federal system would sign it."""
    root = etree.fromstring(data)
    (result,) = root.iterfind(f"{{{SOAP}}}Body/*")
    result.set("Id", "signed-answer")
    choice = world.gateway.signature
    return sign_message(etree.tostring(root), choice.signer, digester=choice.digester, at=world.clock.now(), identifier=uuid4())


def forged(world: World, data: bytes) -> bytes:
    """Signed, and then changed: each document is given another number."""
    whole = signed(world, data)
    changed = whole.replace(b"UniqueNumber>", b"UniqueNumber>9", 1)
    return changed if changed != whole else whole.replace(b"RequestState>", b"RequestState> ", 1)


Tamper = Callable[[World, bytes], bytes]
BAD: dict[str, tuple[str, Tamper]] = {
    "malformed": ("GIS-0402", lambda world, data: data[:-40]),
    "no XML": ("GIS-0402", lambda world, data: b"\x00\xff\x00 service is down at %d" % len(data)),
    "empty": ("", lambda world, data: b""),
    "entities": ("GIS-0402", lambda world, data: ENTITIES + b"<!-- %d -->" % len(data)),
    "external entity": ("GIS-0402", lambda world, data: EXTERNAL + b"<!-- %d -->" % len(data)),
    "oversized": ("GIS-0407", lambda world, data: data.replace(b"</soap", b" " * LIMIT + b"</soap", 1)),
    "something else": ("GIS-0402", lambda world, data: other_message(data)),
}


@pytest.fixture(scope="module")
def towns(make_world: Callable[..., World]) -> Towns:
    """One synchronised town for all of these, a month each."""
    return Towns(make_world)


_months = iter(range(20))


def placed_all(world: World, tamper: Callable[[str, bytes], bytes]) -> tuple[list[StoredFinding], list[bytes]]:
    """Send a month of five bills while answers are tampered with; the findings of it, and the archived bytes that they are about."""
    month = MONTH.next(next(_months))
    world.issue(month)
    world.wire.tamper = tamper
    with world.engine.connect() as connection:
        before = {one.finding_id for one in read_findings(connection, provider_id=world.provider_id)}
    client = SoapClient("http://stand.invalid", session=world.gateway.client._session, largest=LIMIT)
    federal = replace(world.federal(), gateway=replace(world.gateway, client=client))
    waiting = Waiting(world.sleep, until=world.clock.now() + timedelta(hours=12))
    send_bills(federal, provider_id=world.provider_id, month=month, waiting=waiting)
    assert poll(federal, provider_id=world.provider_id, waiting=waiting).finished
    standing = status(federal, provider_id=world.provider_id, month=month)
    there = [bill for bill in world.stand.contents()["bills"] if (bill["year"], bill["month"]) == (month.year, month.month)]
    assert standing.placed == len(there) == 5
    assert sorted(standing.identifiers.values()) == sorted(bill["ipd"] for bill in there)
    with world.engine.connect() as connection:
        found = [one for one in read_findings(connection, provider_id=world.provider_id) if one.finding_id not in before]
        return found, [archive.read(connection, one.message_id) for one in found if one.message_id is not None]


def once(world: World, operation: str, tamper: Tamper, skip: int = 0) -> tuple[Callable[[str, bytes], bytes], list[bytes]]:
    """Tampers with one answer to an operation (of results: the first that carries one); the bytes that came instead."""
    came: list[bytes] = []

    def change(action: str, data: bytes) -> bytes:
        is_due = operation in action and (operation != "getState" or b"ImportResult" in data)
        if came or not is_due:
            return data
        came.append(tamper(world, data))
        return came[0]

    return change, came


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("operation", ["importPaymentDocumentData", "getState"])
def test_the_bytes_are_kept_with_a_finding_and_all_is_placed(operation: str, kind: str, towns: Towns) -> None:
    code, tamper = BAD[kind]
    world = towns.of(0)
    change, came = once(world, operation, tamper)
    found, data = placed_all(world, change)
    assert [one.finding.code for one in found] == ([code] if code else [])
    assert data == [came[0][:LIMIT]] * len(found)
    assert all(one.finding.message and one.finding.hint for one in found)
    imports = [action for action, _ in world.wire.sent if "import" in action]
    assert len(imports) == 1, "what may have arrived is looked for, not sent again"


def test_an_answer_that_was_changed_after_its_signature_is_not_believed(towns: Towns) -> None:
    world = towns.of(0)
    change, came = once(world, "getState", forged)
    found, data = placed_all(world, change)
    assert ([one.finding.code for one in found], data) == (["GIS-0408"], came)
    assert b"UniqueNumber>9" in came[0]


def test_a_true_signature_is_no_matter(towns: Towns) -> None:
    world = towns.of(0)
    change, came = once(world, "getState", signed)
    assert placed_all(world, change) == ([], [])
    assert b"SignatureValue" in came[0]


@pytest.mark.parametrize(("fault", "code"), [("foreign_item", "GIS-0523"), ("duplicate_item", "GIS-0522"), ("empty", "GIS-0405")])
def test_strange_results_are_named(fault: str, code: str, towns: Towns) -> None:
    world = towns.of(0)
    world.stand.fail("importPaymentDocumentData", fault)
    found, _ = placed_all(world, lambda action, data: data)
    assert [one.finding.code for one in found] == [code]


def test_results_that_contradict_each_other_are_decided_by_an_export(towns: Towns) -> None:
    """The same TransportGUID is said to be taken and to be refused."""
    world = towns.of(0)

    def contradict(world: World, data: bytes) -> bytes:
        root = etree.fromstring(data)
        (first, *_) = [one for one in root.iter() if etree.QName(one).localname == "ImportResult"]
        copy = etree.fromstring(etree.tostring(first))
        base = etree.QName(copy[0]).namespace
        for child in [one for one in copy if etree.QName(one).localname != "TransportGUID"]:
            copy.remove(child)
        error = etree.SubElement(copy, f"{{{base}}}Error")
        etree.SubElement(error, f"{{{base}}}ErrorCode").text = "INT002034"
        etree.SubElement(error, f"{{{base}}}Description").text = "не найден"
        first.addnext(copy)
        return etree.tostring(root)

    change, _ = once(world, "getState", contradict)
    found, _ = placed_all(world, change)
    assert {one.finding.code for one in found} == {"GIS-0522"}
    assert any("exportPaymentDocumentData" in action for action, _ in world.wire.sent)
