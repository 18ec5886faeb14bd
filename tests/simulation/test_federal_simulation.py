"""A faulty federal system and a crashing centre, seed by seed: in the end every bill is placed exactly once, or refused with a stored
reason.

The real services, outbox, codecs, signatures and client talk to the real stand in this process; the stand fails by rule, and the centre
dies at failpoints around every commit, send and question. After a crash all that is left is the database. A failure names its seed: run
``pytest -k "seed17"`` to replay it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from lxml import etree

from core.records.crosswalk import external_ids
from core.services.federal import Federal, Waiting, poll, send_bills, status, synchronise
from erkc.stands.gis.rules import FAULTS
from tests.simulation.world import MONTH, World

SEEDS = 40
STRIKING = tuple(fault for fault in FAULTS if fault != "large")  # ten megabytes an answer: a test of its own
QUESTION_FAULTS = ("drop", "http_502", "http_503", "http_504", "exp001000", "truncated", "slow_body", "unsigned_html")
LIMIT = 120
EXPORTS = (
    "exportOrgRegistry",
    "exportDataProvider",
    "exportNsiPagingItem",
    "exportDataProviderPagingNsiItem",
    "exportHouseData",
    "exportAccountData",
    "exportPaymentDocumentData",
)
IMPORTS = ("importAccountData", "importPaymentDocumentData")


class Crash(BaseException):
    """The process is gone."""


class CrashPoints:
    """Counts the failpoints that are passed and dies at some of them."""

    def __init__(self, random: Random) -> None:
        self.passed = 0
        self._fatal = set(random.sample(range(1, 420), random.randint(0, 10)))

    def __call__(self, name: str) -> None:
        self.passed += 1
        if self.passed in self._fatal:
            raise Crash(name)


def set_faults(world: World, random: Random) -> None:
    """Rules on imports above all, where doubling is possible; some on exports and questions."""
    for _ in range(random.randint(0, 5)):
        world.stand.fail(random.choice(IMPORTS), random.choice(STRIKING), after=random.randint(0, 3), times=random.randint(1, 2))
    for _ in range(random.randint(0, 2)):
        world.stand.fail(random.choice(EXPORTS), random.choice(STRIKING), after=random.randint(0, 1))
    for _ in range(random.randint(0, 2)):
        world.stand.fail("getState", random.choice(QUESTION_FAULTS), after=random.randint(0, 30), times=random.randint(1, 3))


def spoil(world: World) -> None:
    """One bill carries the number of another: the other side must refuse it, and we must keep the reason."""
    first, last = min(world.bills.contents), max(world.bills.contents)
    world.bills.contents[last] = replace(world.bills.contents[last], number=world.bills.contents[first].number)


def live_through(world: World) -> None:
    """Repeat the operator's commands until all is done, across crashes; what is stuck is healed after a while."""
    for attempt in range(LIMIT):
        federal: Federal = world.federal(package=2)
        until = world.clock.now() + timedelta(hours=2)
        waiting = Waiting(world.sleep, until=until)
        if attempt == LIMIT // 3:
            world.stand.heal()
        try:
            synchronised = synchronise(federal, provider_id=world.provider_id, waiting=waiting)
            if not synchronised.finished:
                world.stand.heal()
                continue
            send_bills(federal, provider_id=world.provider_id, month=MONTH, waiting=waiting)
            if poll(federal, provider_id=world.provider_id, waiting=waiting).finished:
                return
            world.stand.heal()
        except Crash:
            world.clock.advance(federal.lease + timedelta(seconds=1))
    raise AssertionError(f"not over after {LIMIT} commands")


def check(world: World) -> None:
    """The promise."""
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    contents = world.stand.contents()
    with world.engine.connect() as connection:
        guids = external_ids(connection, provider_id=world.provider_id, system=world.gateway.system, kind="account_guid")
    assert sorted(guids.values()) == sorted(account["guid"] for account in contents["accounts"]), "an account is double, lost or unknown"
    placed = {(bill["number"], bill["account"]): bill["ipd"] for bill in contents["bills"]}
    assert len(placed) == len(contents["bills"]), "a bill was placed twice"
    for bill_id, content in world.bills.contents.items():
        key = (content.number, guids[content.account_id])
        if bill_id in standing.refused:
            assert all(code and text for code, text in standing.refused[bill_id])
            assert key not in placed, "refused here, placed there"
        else:
            assert standing.identifiers.get(bill_id) == placed.get(key, "nowhere"), f"bill {content.number}"
    assert standing.placed + len(standing.refused) == standing.bills
    identifiers = Counter(
        etree.fromstring(data).findtext(".//{http://dom.gosuslugi.ru/schema/integration/base/}MessageGUID")
        for action, data in world.wire.sent
        if "getState" not in action
    )
    assert identifiers.most_common(1)[0][1] == 1, "a message left twice under one identifier"


@pytest.mark.parametrize("seed", range(SEEDS), ids=[f"seed{number}" for number in range(SEEDS)])
def test_every_bill_is_placed_once(seed: int, make_world: Callable[..., World]) -> None:
    random = Random(seed)
    world = make_world(seed + 1, flats=5)
    world.issue()
    if seed % 4 == 0:
        spoil(world)
    set_faults(world, random)
    world.failpoint = CrashPoints(random)
    try:
        live_through(world)
        # What was stuck at the other side comes loose after all: it must not add anything.
        world.stand.heal()
        world.clock.advance(timedelta(hours=1))
        check(world)
    except BaseException as failure:
        raise AssertionError(f"seed {seed} failed: {failure!r}\n{world.stand.contents()['journal']}") from failure
