"""Requests about debts and appeals: listed from the archived export, answered once, found again after a lost answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest

from core.errors import InputError
from core.services.federal import Answered, answer, look_at_inbox, read_appeals, read_subrequests, synchronise
from erkc.stands.gis.seed import guid
from tests.simulation.test_federal_conversation import waiting
from tests.simulation.world import World, centre_ogrn, fias

FIRST, LAST, EMPLOYEE = date(2026, 10, 20), date(2026, 11, 3), uuid4()


def asked_world(make_world: Callable[..., World], number: int) -> World:
    world = make_world(number, flats=1)
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    centre = guid("organisation", centre_ogrn(number), "ppa")
    for order in (1, 2):
        world.stand.ask_about_debt(
            centre, f"З-{order}", house=fias(1), details="кв. 1", sent_on="2026-10-25", answer_by=f"2026-11-1{order}"
        )
    world.stand.write_appeal(
        centre, "О-1", house=fias(1), topic="Начисления", words="Проверьте", created_on="2026-11-01", answer_by="2026-12-01"
    )
    return world


def test_a_request_about_a_debt_is_listed_and_answered(make_world: Callable[..., World]) -> None:
    world = asked_world(make_world, 861)
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    assert look_at_inbox(federal, "subrequests", first=FIRST, last=LAST, waiting=waiting(world), **scope).finished
    assert [(one.number, one.status) for one in read_subrequests(federal, **scope)] == [("З-1", "NotSent"), ("З-2", "NotSent")]
    placed = answer(federal, "subrequests", number="З-2", executor=EMPLOYEE, text="Долга нет", waiting=waiting(world), **scope)
    assert placed == Answered(True, ())
    sent = len(world.wire.sent)
    answer(federal, "subrequests", number="З-2", executor=EMPLOYEE, text="Долга нет", waiting=waiting(world), **scope)
    assert len(world.wire.sent) == sent, "the same answer is not sent twice"
    look_at_inbox(federal, "subrequests", first=FIRST, last=LAST, waiting=waiting(world), **scope)
    assert [one.status for one in read_subrequests(federal, **scope)] == ["NotSent", "Sent"]
    with pytest.raises(InputError, match="GIS-0514"):
        answer(federal, "subrequests", number="З-9", executor=EMPLOYEE, text="", **scope)


@pytest.mark.parametrize("fault", ["", "lost_ack", "empty"])
def test_an_appeal_is_answered_and_closed_once(make_world: Callable[..., World], fault: str) -> None:
    world = asked_world(make_world, {"": 862, "lost_ack": 863, "empty": 864}[fault])
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    look_at_inbox(federal, "appeals", first=FIRST, last=LAST, waiting=waiting(world), **scope)
    assert [(one.number, one.text, one.status) for one in read_appeals(federal, **scope)] == [("О-1", "Проверьте", "Send")]
    if fault:
        world.stand.fail("importAnswer", fault)
    assert answer(federal, "appeals", number="О-1", executor=EMPLOYEE, text="Пересчитано.", waiting=waiting(world), **scope) == Answered(
        True, ()
    )
    assert sum("importAnswer" in action for action, _ in world.wire.sent) == 1
    (appeal,) = [one for one in world.stand.contents()["objects"] if one["kind"] == "appeal"]
    assert '"status": "Executed"' in appeal["content"] and "Пересчитано." in appeal["content"]
