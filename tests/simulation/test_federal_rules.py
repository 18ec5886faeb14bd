"""The rules of the conversation, one by one: what is stored before anything leaves, when a result is asked for, what each family of errors
means, what leaves again and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from lxml import etree

from adapters.gis_zhkh.exchange import DEFAULT_LADDER, Ladder
from adapters.gis_zhkh.faults import meaning
from core import archive, outbox
from core.events import EventKind, read
from core.outbox import Exchange
from core.period import Month
from core.services.federal import Federal, Standing, Waiting, poll, send_bills, status
from tests.simulation.schedules import Crash, Towns
from tests.simulation.world import MONTH, World

BASE = "{http://dom.gosuslugi.ru/schema/integration/base/}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}SignatureValue"


@pytest.fixture(scope="module")
def towns(make_world: Callable[..., World]) -> Towns:
    """One synchronised town, a month for each test."""
    return Towns(make_world)


_months = iter(range(25))


def new_month(towns: Towns) -> tuple[World, Month]:
    """The town with five bills of a month of its own."""
    world, month = towns.of(25), MONTH.next(next(_months))
    world.issue(month)
    world.failpoint = lambda name: None
    return world, month


def waiting(world: World, hours: float = 12) -> Waiting:
    return Waiting(world.sleep, until=world.clock.now() + timedelta(hours=hours))


def standing_of(world: World, month: Month) -> Standing:
    return status(world.federal(), provider_id=world.provider_id, month=month)


def exchanges_of(world: World, month: Month, states: Sequence[Any] = ("done", "failed", "replaced")) -> list[Exchange]:
    with world.engine.connect() as connection:
        found = outbox.exchanges(connection, system=world.gateway.system, states=states, act="bills")
    return [one for one in found if one.request["month"] == str(month)]


def sent_imports(world: World) -> list[etree._Element]:
    return [etree.fromstring(data) for action, data in world.wire.sent if "importPaymentDocumentData" in action]


def texts(message: etree._Element, *names: str) -> list[str]:
    return [element.text or "" for name in names for element in message.iter(name)]


def test_identifiers_and_bytes_are_stored_before_the_first_byte_leaves(towns: Towns) -> None:
    world, month = new_month(towns)

    def die(name: str) -> None:
        if name == "before send":
            raise Crash(name)

    world.failpoint = die
    with pytest.raises(Crash):
        send_bills(world.federal(), provider_id=world.provider_id, month=month)
    assert world.wire.sent == []
    (exchange,) = exchanges_of(world, month, ("sent",))
    assert exchange.request_message_id is not None
    with world.engine.connect() as connection:
        message = etree.fromstring(archive.read(connection, exchange.request_message_id))
        items = outbox.items(connection, exchange.exchange_id)
    assert texts(message, f"{BASE}MessageGUID") == [str(exchange.request_guid)]
    documents = [e for e in message.iter() if etree.QName(e).localname == "PaymentDocument"]
    assert {e.findtext(f"{BASE}TransportGUID") for e in documents} == {str(item.transport_guid) for item in items}
    assert {item.local_id for item in items} == set(world.bills.contents)
    world.failpoint = lambda name: None
    world.clock.advance(timedelta(hours=1))
    assert poll(world.federal(), provider_id=world.provider_id, waiting=waiting(world)).finished


def asked_at(world: World, ladder: Ladder, hours: float) -> list[float]:
    """Seconds between the Ack and each question about a result that never comes, then from question to question."""
    moments: list[datetime] = []

    def watch(action: str, data: bytes) -> bytes:
        if "getState" in action or "importPaymentDocumentData" in action:
            moments.append(world.clock.now())
        return data

    world.wire.tamper = watch
    world.stand.fail("importPaymentDocumentData", "stuck")
    federal = replace(world.federal(), gateway=replace(world.gateway, ladder=ladder))
    month = next(iter(world.bills.contents.values())).month
    send_bills(federal, provider_id=world.provider_id, month=month, waiting=waiting(world, hours))
    world.stand.heal()
    assert poll(federal, provider_id=world.provider_id, waiting=waiting(world)).finished
    return [(after - before).total_seconds() for before, after in pairwise(moments)]


def test_results_are_asked_for_at_the_recommended_times(towns: Towns) -> None:
    """10 s after the Ack, then 60, 300, 900 s, and every half an hour after that."""
    world, _ = new_month(towns)
    assert asked_at(world, DEFAULT_LADDER, 3)[:8] == [10, 60, 300, 900, 1800, 1800, 1800, 1800]


def test_the_cadence_is_a_setting(towns: Towns) -> None:
    world, _ = new_month(towns)
    assert asked_at(world, Ladder((3, 7)), 0.02)[:5] == [3, 7, 7, 7, 7]


def by_family(world: World, month: Month, code: str, text: str = "текст") -> Federal:
    """Every import is refused by a Fault with this code."""
    fault = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
        f"<faultstring>{code}: {text}</faultstring></s:Fault></s:Body></s:Envelope>"
    ).encode()
    world.wire.tamper = lambda action, data: fault if "importPaymentDocumentData" in action else data
    world.stand.fail("importPaymentDocumentData", "http_500", times=100)  # nothing is stored
    return world.federal(package=2)


@pytest.mark.parametrize("code", ["AUT011003", "FMT001300", "INT002034", "SRV008076", "FIL001001", "XYZ000001"])
def test_a_permanent_family_is_refused_once_with_its_reason(code: str, towns: Towns) -> None:
    world, month = new_month(towns)
    send_bills(by_family(world, month, code), provider_id=world.provider_id, month=month, waiting=waiting(world))
    refused = standing_of(world, month).refused
    assert set(refused) == set(world.bills.contents)
    assert set(refused.values()) == {((code, "текст"),)}
    assert len(sent_imports(world)) == 3
    world.stand.heal()


@pytest.mark.parametrize("code", ["AUT011000", "AUT011002", "AUT011004", "AUT011005", "AUT011009"])
def test_a_stop_code_stops_the_queue_of_the_organisation_and_alerts(code: str, towns: Towns) -> None:
    """One package is refused; the others stay here untouched, say why, and go on when a person sends again."""
    world, month = new_month(towns)
    federal = by_family(world, month, code)
    send_bills(federal, provider_id=world.provider_id, month=month, waiting=waiting(world, 2))
    standing = standing_of(world, month)
    assert (len(standing.refused), standing.queued, len(sent_imports(world))) == (2, 3, 1)
    (trouble,) = standing.troubles
    assert (trouble.code, trouble.exchanges, trouble.attempts) == ("GIS-0524", 2, 0) and code in trouble.text
    assert trouble.next_at >= world.clock.now() + timedelta(hours=20)
    with world.engine.connect() as connection:
        told = [one for one in read(connection, kinds=(EventKind.EXCHANGE_FAILED,), most=100_000) if one.provider_id == world.provider_id]
    assert told[-1].data["code"] == code
    world.stand.heal()
    world.wire.tamper = None
    send_bills(federal, provider_id=world.provider_id, month=month, waiting=waiting(world), refused_too=True)
    standing = standing_of(world, month)
    assert (standing.placed, standing.troubles) == (5, ())


@pytest.mark.parametrize("code", ["EXP001000", "EXP002001", "INT002018"])
def test_a_temporary_refusal_is_rebuilt_as_a_new_message(code: str, towns: Towns) -> None:
    """New MessageGUID, TransportGUIDs, Date and signature; the same bills; linked to what it replaces."""
    world, month = new_month(towns)
    by_family(world, month, code)
    refuse = world.wire.tamper
    assert refuse is not None

    def once(action: str, data: bytes) -> bytes:
        if "importPaymentDocumentData" in action:
            world.wire.tamper = None
            world.stand.heal()
            world.clock.advance(timedelta(seconds=1))  # an answer takes its time
        return refuse(action, data)

    world.wire.tamper = once
    send_bills(world.federal(), provider_id=world.provider_id, month=month, waiting=waiting(world))
    first, second = sent_imports(world)
    for names in ((f"{BASE}MessageGUID",), (f"{BASE}TransportGUID",), (f"{BASE}Date",), (SIGNATURE,)):
        assert texts(first, *names) and not set(texts(first, *names)) & set(texts(second, *names)), names
    refused, placed = exchanges_of(world, month)
    assert (refused.state, placed.state, placed.replaces_exchange_id) == ("replaced", "done", refused.exchange_id)
    with world.engine.connect() as connection:
        ids = [{item.local_id for item in outbox.items(connection, one.exchange_id)} for one in (refused, placed)]
    assert ids[0] == ids[1] == set(world.bills.contents)
    assert standing_of(world, month).placed == 5


def test_of_a_partial_acceptance_only_the_failed_leaves_again(towns: Towns) -> None:
    """Results stand by TransportGUID; what was taken stays, what was refused for now goes again after a pause, under new identifiers."""
    world, month = new_month(towns)
    world.stand.fail("importPaymentDocumentData", "partial")
    send_bills(world.federal(), provider_id=world.provider_id, month=month, waiting=waiting(world))
    first, second = exchanges_of(world, month)
    with world.engine.connect() as connection:
        before, after = (outbox.items(connection, one.exchange_id) for one in (first, second))
    taken = {item.local_id: item.remote_number for item in before if item.state == "accepted"}
    failed = {item.local_id for item in before if item.state == "replaced"}
    assert taken and failed and set(taken) | failed == set(world.bills.contents)
    assert {item.local_id for item in after} == failed
    assert not {item.transport_guid for item in before} & {item.transport_guid for item in after}
    assert all(meaning(error["code"]) == "retry" for item in before if item.state == "replaced" for error in item.errors)
    there = {
        bill["number"]: bill["ipd"]
        for bill in world.stand.contents()["bills"]
        if (bill["year"], bill["month"]) == (month.year, month.month)
    }
    assert {world.bills.contents[number].number: ipd for number, ipd in taken.items()}.items() <= there.items()  # type: ignore[index]  # BillId
    assert second.created_at - first.created_at >= timedelta(seconds=5)
    assert standing_of(world, month).placed == len(there) == 5
