"""Payments told in every form, once, found again after a lost answer, annulled; acknowledgments taken back while the bills stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from core.errors import InputError
from core.ids import EntityId
from core.services.federal import (
    Form,
    PaymentToTell,
    acknowledge,
    annul_notification,
    cancel_acknowledgments,
    payment_details,
    status,
    tell_payments,
)
from tests.simulation.test_federal_conversation import payments, placed_world, waiting
from tests.simulation.world import MONTH, World

DAY = date(2026, 11, 2)


def paid(world: World, count: int = 3, *, amount: int = 5_000) -> list[PaymentToTell]:
    """A payment of every bill; the keys belong to the world, because all worlds share a database."""
    return [
        PaymentToTell(
            f"{world.number}/{bill.number}",
            f"{world.number:026d}{order:06d}",
            DAY,
            amount,
            bill.account_id,
            (MONTH.next(), MONTH),
            frozenset({bill.lines[0].creditor_id}),
        )
        for order, bill in enumerate(list(world.bills.contents.values())[:count], 1)
    ]


def told(world: World) -> list[tuple[str, bool]]:
    """Order numbers on the stand, and whether each is annulled."""
    rows = [one for one in world.stand.contents()["objects"] if one["kind"] == "notification"]
    return sorted((one["key"], '"annulled": true' in one["content"]) for one in rows)


@pytest.mark.parametrize(("form", "number"), [("own", 871), ("full", 872), ("139", 873)])
def test_payments_are_told_once_and_found_after_a_lost_answer(make_world: Callable[..., World], form: Form, number: int) -> None:
    world = placed_world(make_world, number, flats=3)
    operation = "importSupplierNotificationsOfOrderExecution" if form == "own" else "importNotificationsOfOrderExecution"
    world.stand.fail(operation, "lost_ack")
    listed = paid(world)
    listed.append(replace(listed[0], key=f"{number}/again", order_id=f"{number:026d}000099"))
    stranger = replace(listed[0], key=f"{number}/stranger", account_id=EntityId(0))
    scope = {"provider_id": world.provider_id, "form": form}
    done = tell_payments(world.federal(), payments=[*listed, stranger], waiting=waiting(world), **scope)
    assert (done.begun, done.refused, list(done.held)) == (4, {}, [stranger.key])
    assert len(told(world)) == 4
    if form != "own":
        assert [order for order, _ in told(world)] == sorted(one.order_id for one in listed)
    again = tell_payments(world.federal(), payments=listed, waiting=waiting(world), **scope)
    assert (again.begun, again.known, len(told(world))) == (0, 4, 4)
    assert sum(operation in action for action, _ in world.wire.sent) == 1


def test_what_a_lost_message_lacked_is_searched_on_every_page(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two identical payments of one document and day: one that is there counts for one of them only."""
    from adapters.gis_zhkh import limits

    world = placed_world(make_world, 874, flats=1)
    (first,) = paid(world, 1)
    listed = [replace(first, key=f"874/{order}") for order in range(150)]
    world.stand.fail("importSupplierNotificationsOfOrderExecution", "lost_ack")
    limit = limits.limit
    monkeypatch.setattr(limits, "limit", lambda name, **more: 100 if name == "notifications_page" else limit(name, **more))
    tell_payments(world.federal(), provider_id=world.provider_id, payments=listed, form="own", waiting=waiting(world))
    exports = [action for action, _ in world.wire.sent if "exportNotifications" in action]
    assert (len(told(world)), len(exports)) == (150, 2)


def test_a_notification_is_annulled_and_told_again(make_world: Callable[..., World]) -> None:
    world = placed_world(make_world, 875, flats=2)
    scope = {"provider_id": world.provider_id}
    listed = paid(world, 2)
    tell_payments(world.federal(), payments=listed, form="own", waiting=waiting(world), **scope)
    with pytest.raises(InputError, match="GIS-0530"):
        annul_notification(world.federal(), key="не было", reason="ошибка", **scope)
    world.stand.fail("importNotificationsOfOrderExecutionCancellation", "lost_ack")
    refused = annul_notification(world.federal(), key=listed[0].key, reason="ошибка кассы", waiting=waiting(world), **scope)
    assert (refused, [gone for _, gone in told(world)].count(True)) == ((), 1)
    again = tell_payments(world.federal(), payments=listed, form="own", waiting=waiting(world), **scope)
    assert (again.begun, again.known, len(told(world))) == (1, 1, 3)


def test_what_is_to_be_paid(make_world: Callable[..., World]) -> None:
    world = placed_world(make_world, 876, flats=1)
    ipd = world.stand.contents()["bills"][0]["ipd"]
    ran, (found,) = payment_details(world.federal(), provider_id=world.provider_id, ipd=ipd, waiting=waiting(world))
    assert (ran.finished, found.ipd, found.total) == (True, ipd, None)
    ran, nothing = payment_details(world.federal(), provider_id=world.provider_id, els="00АА999999", waiting=waiting(world))
    assert (ran.finished, nothing) == (True, ())


def test_acknowledgments_are_taken_back_alone_and_made_again(make_world: Callable[..., World]) -> None:
    world = placed_world(make_world, 877, flats=1)
    told_payments = paid(world, 1, amount=3_000)
    scope = {"provider_id": world.provider_id}
    tell_payments(world.federal(), payments=told_payments, form="full", waiting=waiting(world), **scope)
    centre = world.stand.organisations[0]
    bill = payments(world, 1)[0]
    listed = [replace(bill, key="877/ack", order_id=told_payments[0].order_id, taken_by_inn=centre["inn"], taken_by_ogrn=centre["ogrn"])]
    assert acknowledge(world.federal(), payments=listed, waiting=waiting(world), **scope).held == {}
    assert len(world.stand.contents()["acknowledgments"]) == 2
    refused = annul_notification(world.federal(), key=told_payments[0].key, reason="ошибка", waiting=waiting(world), **scope)
    assert [code for code, _ in refused] == ["SRV008071"]
    assert cancel_acknowledgments(world.federal(), month=MONTH, waiting=waiting(world), **scope).begun == 1
    assert world.stand.contents()["acknowledgments"] == []
    assert status(world.federal(), month=MONTH, **scope).placed == 1, "the bill stays"
    acknowledge(world.federal(), payments=listed, waiting=waiting(world), **scope)
    assert len(world.stand.contents()["acknowledgments"]) == 2
    sent = [data for action, data in world.wire.sent if "importAcknowledgment" in action and b"AckCancellation" in data]
    assert len(sent) == 1, "what was taken back is not taken back again"
