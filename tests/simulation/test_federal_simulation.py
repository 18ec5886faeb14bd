"""A faulty federal system and a crashing centre, seed by seed: in the end every bill is placed exactly once, or refused with a stored reason.

The real services, outbox, codecs, signatures and client talk to the real stand in this process; the stand fails by rule, and the centre dies at failpoints
around every commit, send and question. After a crash all that is left is the database. A failure names its seed: run ``pytest -k "seed17"`` to replay it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from lxml import etree

from core.records.crosswalk import external_ids
from core.services.federal import Federal, Waiting, poll, send_bills, status, synchronise
from erkc.stands.gis.rules import FAULTS
from tests.simulation.world import MONTH, World

SEEDS = 40
LIMIT = 120
OPERATIONS = (
    "exportOrgRegistry", "exportDataProvider", "exportNsiPagingItem", "exportDataProviderPagingNsiItem", "exportHouseData", "exportAccountData",
    "importAccountData", "importAccountData", "importPaymentDocumentData", "importPaymentDocumentData", "importPaymentDocumentData",
    "exportPaymentDocumentData", "getState",
)  # fmt: skip


class Crash(BaseException):
    """The process is gone."""


class CrashPoints:
    """Counts the failpoints that are passed and dies at some of them."""

    def __init__(self, random: Random) -> None:
        self.passed = 0
        self._fatal = set(random.sample(range(1, 160), random.randint(0, 8)))

    def __call__(self, name: str) -> None:
        self.passed += 1
        if self.passed in self._fatal:
            raise Crash(name)


def set_faults(world: World, random: Random) -> None:
    """Up to five rules; faults that concern a question only fit questions."""
    for _ in range(random.randint(0, 5)):
        operation = random.choice(OPERATIONS)
        fault = random.choice(("drop", "http_502", "http_503") if operation == "getState" else FAULTS)
        world.stand.fail(operation, fault, after=random.randint(0, 2), times=random.randint(1, 2))


def live_through(world: World) -> None:
    """Repeat the operator's commands until all is done, across crashes; what is stuck is healed after a while."""
    sleep = Waiting(world.sleep, until=None)
    for attempt in range(LIMIT):
        federal: Federal = world.federal()
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
    raise AssertionError(f"not over after {LIMIT} commands; {sleep}")


def check(world: World) -> None:
    """The promise."""
    standing = status(world.federal(), provider_id=world.provider_id, month=MONTH)
    contents = world.stand.contents()
    placed = Counter(bill["number"] for bill in contents["bills"] if not bill["withdrawn"])
    assert not [number for number, count in placed.items() if count > 1], "a bill was placed twice"
    assert not [number for number, count in Counter(item["number"] for item in contents["accounts"]).items() if count > 1], "a double account"
    by_number = {bill["number"]: bill for bill in contents["bills"]}
    for bill_id, content in world.bills.contents.items():
        if bill_id in standing.refused:
            assert all(code and text for code, text in standing.refused[bill_id])
            assert content.number not in placed, "refused here, placed there"
        else:
            assert content.number in placed, f"bill {content.number} is nowhere"
            assert standing.identifiers[bill_id] == by_number[content.number]["ipd"]
    assert standing.placed + len(standing.refused) == standing.bills
    with world.engine.connect() as connection:
        guids = external_ids(connection, provider_id=world.provider_id, system=world.gateway.system, kind="account_guid")
    assert set(guids.values()) == {account["guid"] for account in contents["accounts"]}
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
    set_faults(world, random)
    world.failpoint = CrashPoints(random)
    try:
        live_through(world)
        check(world)
    except BaseException as failure:
        raise AssertionError(f"seed {seed} failed: {failure!r}\n{world.stand.contents()['journal']}") from failure
