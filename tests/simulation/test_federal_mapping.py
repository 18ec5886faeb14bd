"""Services and elements of federal books: the operator's queue, a choice by hand, and the days on which each came into force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import InputError
from core.services.federal import check_access, map_service, mapped_services, synchronise
from tests.simulation.test_federal_conversation import waiting
from tests.simulation.world import World


def test_a_choice_holds_against_later_matches_and_the_mapping_is_dated(make_world: Callable[..., World]) -> None:
    world = make_world(841, flats=1)
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))

    def rows() -> dict[str, tuple[str, str, bool]]:
        found = mapped_services(world.federal(), provider_id=world.provider_id)
        return {row.key: (row.element.book, row.element.code, row.is_chosen) for row in found if row.element is not None}

    assert rows() == {"1": ("50", "3", False), "2": ("51", "1.1", False), "3": ("2", "1", False)}
    world.clock.advance(timedelta(days=3))
    row = map_service(world.federal(), provider_id=world.provider_id, key="1", book="50", code="2", waiting=waiting(world))
    assert row.element is not None and (row.element.code, row.is_chosen) == ("2", True)
    ((before, since),) = row.earlier
    assert row.since is not None
    assert (before.code, row.since - since > timedelta(days=2)) == ("3", True)
    unknown = map_service(world.federal(), provider_id=world.provider_id, key="1", book="50", code="77", waiting=waiting(world))
    assert unknown == row, "a code that the book does not have changes nothing"
    map_service(world.federal(), provider_id=world.provider_id, key="2", book="50", code="3", waiting=waiting(world))
    assert rows() == {"1": ("50", "2", True), "2": ("50", "3", True), "3": ("2", "1", False)}, "the book came again, the choice stayed"


def test_the_queue_comes_first(make_world: Callable[..., World]) -> None:
    world = make_world(842, flats=1)
    assert [row.element for row in mapped_services(world.federal(), provider_id=world.provider_id)] == [None] * 3
    for key, book, code in (("99", "50", "1"), ("1", "7", "1")):
        with pytest.raises(InputError, match=r"GIS-051[23]"):
            map_service(world.federal(), provider_id=world.provider_id, key=key, book=book, code=code)


def test_the_self_check_sees_a_delegation_go_and_come_back(make_world: Callable[..., World]) -> None:
    world = make_world(843, flats=1)

    def access() -> tuple[bool, bool, bool]:
        found = check_access(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
        return found.finished, found.is_registered, found.is_delegated

    assert access() == (True, True, True)
    organisation = world.stand.organisations[0]
    organisation["is_provider"] = False
    assert access() == (True, True, False)
    with pytest.raises(InputError, match="GIS-0510"):
        synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    organisation["is_provider"] = True
    assert access() == (True, True, True)
    world.stand.fail("exportDataProvider", "stuck", times=100)
    ladder = check_access(world.federal(), provider_id=world.provider_id)
    assert (ladder.finished, ladder.is_delegated) == (False, True)
