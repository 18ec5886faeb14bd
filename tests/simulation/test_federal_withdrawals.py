"""Bills taken back: with and without acknowledged payments, after a lost answer, and placed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.events import EventKind, read
from core.services.federal import acknowledge, poll, send_bills, status, withdraw_bills
from tests.simulation.test_federal_conversation import payments, placed_world, waiting
from tests.simulation.world import MONTH, World


def bills_of(world: World) -> list[tuple[str, int]]:
    return [(bill["number"], bill["withdrawn"]) for bill in world.stand.contents()["bills"]]


def test_a_bill_is_taken_back_and_placed_again(make_world: Callable[..., World]) -> None:
    world = placed_world(make_world, 821, flats=3)
    number = bills_of(world)[0][0]
    done = withdraw_bills(world.federal(), provider_id=world.provider_id, month=MONTH, numbers=[number, "чужой"], waiting=waiting(world))
    assert (done.begun, list(done.held)) == (1, ["чужой"])
    assert bills_of(world) == [(number, 1), *[(other, 0) for other, _ in bills_of(world)[1:3]]]
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert (standing.placed, standing.not_sent) == (2, 1)
    with world.engine.connect() as connection:
        told = [event for event in read(connection, kinds=(EventKind.BILL_WITHDRAWN,)) if event.provider_id == world.provider_id]
    assert len(told) == 1
    again = withdraw_bills(world.federal(), provider_id=world.provider_id, month=MONTH, numbers=[number], waiting=waiting(world))
    assert again.held == {number: "документ не размещён"}
    send_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert status(world.federal(), provider_id=world.provider_id, month=MONTH).placed == 3
    assert sorted(bills_of(world)).count((number, 0)) == 1


@pytest.mark.parametrize("fault", ["lost_ack", "http_502_after", "empty", "whole_error", "missing_item"])
def test_a_withdrawal_survives_faults(make_world: Callable[..., World], fault: str) -> None:
    number = {"lost_ack": 822, "http_502_after": 823, "empty": 824, "whole_error": 825, "missing_item": 826}[fault]
    world = placed_world(make_world, number, flats=2)
    world.stand.fail("importPaymentDocumentData", fault)
    withdraw_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert poll(world.federal(), provider_id=world.provider_id, waiting=waiting(world)).finished
    assert [withdrawn for _, withdrawn in bills_of(world)] == [1, 1]
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    assert (standing.placed, standing.not_sent) == (0, 2)


def test_acknowledged_bills_stay_unless_their_acknowledgments_go_first(make_world: Callable[..., World]) -> None:
    world = placed_world(make_world, 827, flats=1)
    ((_, bill),) = world.bills.contents.items()
    paid = [replace(payment, key=f"world 827/{payment.key}") for payment in payments(world, 1)]
    bank, ipd = world.stand.organisations[2]["ppa_guid"], world.stand.contents()["bills"][0]["ipd"]
    world.stand.tell_of_payment(paid[0].order_id, bank, 5_000, ipd=ipd)
    acknowledge(world.federal(), provider_id=world.provider_id, payments=paid, waiting=waiting(world))
    withdraw_bills(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert bills_of(world) == [(bill.number, 0)]
    assert status(world.federal(), provider_id=world.provider_id, month=MONTH).placed == 1
    withdraw_bills(world.federal(), provider_id=world.provider_id, month=MONTH, acknowledged_too=True, waiting=waiting(world))
    assert poll(world.federal(), provider_id=world.provider_id, waiting=waiting(world)).finished
    assert world.stand.contents()["acknowledgments"] == []
    assert bills_of(world) == [(bill.number, 1)]
