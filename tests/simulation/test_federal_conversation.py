"""The conversation without faults, and the faults that need a look of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from core import outbox
from core.errors import InputError
from core.events import EventKind, read
from core.services.federal import PaidPart, PaymentToAcknowledge, Waiting, acknowledge, poll, send_bills, status, synchronise
from tests.simulation.world import BANK_INN, BANK_OGRN, MONTH, World
from xsd.catalog import validate

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def waiting(world: World) -> Waiting:
    return Waiting(world.sleep, until=world.clock.now() + timedelta(hours=6))


def placed_world(make_world: Callable[..., World], number: int, **options: int) -> World:
    world = make_world(number, **options)
    world.issue()
    assert synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world)).finished
    send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    return world


def payments(world: World, count: int) -> list[PaymentToAcknowledge]:
    return [
        PaymentToAcknowledge(
            f"payment/{bill.number}",
            f"OP-{bill.number}",
            BANK_INN,
            BANK_OGRN,
            bill.account_id,
            MONTH,
            tuple(PaidPart(line.service_id, line.creditor_id, 1000) for line in bill.lines),
        )
        for bill in list(world.bills.contents.values())[:count]
    ]


@pytest.fixture(scope="module")
def world(make_world: Callable[..., World]) -> World:
    """A town whose bills are placed and three payments acknowledged."""
    world = placed_world(make_world, 801, houses=2, flats=6)
    result = acknowledge(world.federal(), provider_id=world.provider_id, payments=payments(world, 3), waiting=waiting(world))
    assert (result.begun, result.held) == (6, {})
    return world


def test_everything_is_placed_and_told(world: World) -> None:
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert (standing.bills, standing.placed, standing.placed_percent, standing.next_at) == (12, 12, 100, None)
    assert {identifier[-4:] for identifier in standing.identifiers.values()} == {"6A01"}
    with world.engine.connect() as connection:
        events = [event for event in read(connection, kinds=(EventKind.BILL_PLACED,)) if event.provider_id == world.provider_id]
    assert sorted(event.subject_id or 0 for event in events) == sorted(world.bills.contents)


def test_a_second_run_says_nothing_new(world: World) -> None:
    sent = len(world.wire.sent)
    federal = world.federal()
    assert synchronise(federal, provider_id=world.provider_id, waiting=waiting(world)).asked == 0
    prepared = send_bills(federal, provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert (prepared.packages, prepared.placed) == (0, 12)
    again = acknowledge(federal, provider_id=world.provider_id, payments=payments(world, 3), waiting=waiting(world))
    assert (again.begun, again.known) == (0, 6)
    assert len(world.wire.sent) == sent


def test_common_property_is_acknowledged_with_its_housing_service(world: World) -> None:
    amounts = [item["amount"] for item in world.stand.contents()["acknowledgments"]]
    assert amounts == [2000, 1000] * 3


def test_what_is_stored_is_what_left(world: World) -> None:
    """Bytes on the wire, byte for byte, are those of the archive."""
    from core import archive

    signed = [data for action, data in world.wire.sent if "getState" not in action]
    with world.engine.connect() as connection:
        for exchange in outbox.exchanges(connection, system=world.gateway.system, states=("done",)):
            assert exchange.request_message_id is not None and exchange.result_message_id is not None
            assert archive.read(connection, exchange.request_message_id) in signed
            assert archive.read(connection, exchange.result_message_id) in world.wire.answers


def _parts(data: bytes) -> list[etree._Element]:
    root = etree.fromstring(data)
    return [element for holder in ("Header", "Body") for element in root.iterfind(f"{SOAP}{holder}/*") if "soap" not in element.tag]


def test_both_sides_speak_by_the_profile(world: World) -> None:
    for data in [data for _, data in world.wire.sent] + world.wire.answers:
        for element in _parts(data):
            assert validate(element) == [], etree.QName(element).localname


def test_both_sides_speak_by_the_official_album(world: World, shared: Path) -> None:
    album = shared / "hcs-14.4.0.1"
    schemas = {}
    for path in album.rglob("*.xsd"):
        namespace = etree.parse(str(path)).getroot().get("targetNamespace")
        schemas[namespace] = path
    compiled: dict[str, etree.XMLSchema] = {}
    for data in [data for _, data in world.wire.sent] + world.wire.answers:
        for element in _parts(data):
            namespace = etree.QName(element).namespace or ""
            schema = compiled.setdefault(namespace, etree.XMLSchema(etree.parse(str(schemas[namespace]))))
            assert schema.validate(element), f"{etree.QName(element).localname}: {schema.error_log.last_error}"


def test_no_delegation_is_said_before_anything_is_sent(make_world: Callable[..., World]) -> None:
    world = make_world(802, flats=2)
    organisation = world.stand.organisations[0]
    organisation["is_provider"] = False
    with pytest.raises(InputError, match="GIS-0510"):
        synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    organisation["is_provider"] = True


def test_a_stuck_import_is_never_sent_again(make_world: Callable[..., World]) -> None:
    world = make_world(803, flats=3)
    world.issue()
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    world.stand.fail("importPaymentDocumentData", "stuck")
    send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert (standing.placed, standing.waiting) == (0, 3)
    assert sum("importPaymentDocumentData" in action for action, _ in world.wire.sent) == 1
    with world.engine.connect() as connection:
        (open_one,) = outbox.exchanges(connection, system=world.gateway.system, states=("acknowledged",))
    assert open_one.error_code == "GIS-0404"
    world.stand.heal()
    assert poll(world.federal(), provider_id=world.provider_id, waiting=waiting(world)).finished
    assert status(world.federal(), provider_id=world.provider_id, month=MONTH).placed == 3


def test_a_lost_ack_is_resolved_by_an_export_and_not_by_sending(make_world: Callable[..., World]) -> None:
    world = make_world(804, flats=3)
    world.issue()
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    world.stand.fail("importPaymentDocumentData", "lost_ack")
    send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert status(world.federal(), provider_id=world.provider_id, month=MONTH).placed == 3
    actions = [action for action, _ in world.wire.sent if "PaymentDocument" in action]
    assert actions == ['"urn:importPaymentDocumentData"', '"urn:exportPaymentDocumentData"']


def test_another_sum_under_our_number_is_shown_to_a_person(make_world: Callable[..., World]) -> None:
    """What is there under our number is not what we sent: refused here with both sums, never overwritten."""
    from dataclasses import replace

    world = make_world(805, flats=1)
    world.issue()
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    world.stand.fail("importPaymentDocumentData", "lost_ack")
    federal = world.federal()
    send_bills(federal, provider_id=world.provider_id, month=MONTH)
    ((number, bill),) = world.bills.contents.items()
    world.bills.contents[number] = replace(bill, charged=bill.charged + 1)
    poll(federal, provider_id=world.provider_id, waiting=waiting(world))
    refused = status(federal, provider_id=world.provider_id, month=MONTH).refused
    assert refused[number][0][0] == "GIS-0509"


def test_an_unknown_account_is_held_with_a_reason(make_world: Callable[..., World]) -> None:
    world = make_world(806, flats=2)
    world.issue()
    prepared = send_bills(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert prepared.packages == 0
    assert all("ещё не размещён в ГИС ЖКХ" in reason for reason in prepared.held.values())


def test_refused_bills_go_again_only_on_demand(make_world: Callable[..., World]) -> None:
    world = make_world(807, flats=2)
    world.issue()
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    organisation = world.stand.organisations[0]
    organisation["is_provider"] = False
    send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert {reasons[0][0] for reasons in standing.refused.values()} == {"AUT011009"}
    organisation["is_provider"] = True
    assert send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world)).packages == 0
    again = send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world), refused_too=True)
    assert again.bills == 2
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert (standing.placed, standing.refused) == (2, {})
