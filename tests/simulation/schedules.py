"""One schedule: faults of the other side and deaths of ours, drawn from a seed, and what must be true at its end.

Seven seeds of eight send a month of a town that both sides know already; the eighth begins with nothing, so that identifiers, accounts and
bills all meet faults. Twenty-five seeds share a town, each with a month of its own. All that outlives a death is the database.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from lxml import etree

from core.ids import ProviderId
from core.period import Month
from core.records.crosswalk import external_ids
from core.services.federal import Federal, Waiting, poll, send_bills, status, synchronise
from erkc.stands.gis.rules import FAULTS
from tests.simulation.world import MONTH, Bills, World

__all__ = ["Crash", "CrashPoints", "Towns", "check_placed", "live_through", "run_schedule", "set_faults"]

STRIKING = tuple(fault for fault in FAULTS if fault != "large")  # ten megabytes an answer: a test of its own
QUESTION_FAULTS = ("drop", "http_502", "http_503", "http_504", "exp001000", "truncated", "slow_body", "unsigned_html")
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
TOWN = 25
"""Seeds that share a town."""
LIMIT = 120
"""Commands after which a schedule must be over."""
_FIRST_TOWN, _FIRST_WHOLE = 5_000, 10_000
_POINTS_OF_MONTH, _POINTS_OF_WHOLE = 90, 380
"""About how many failpoints a quiet month, and a quiet beginning with its month, pass."""


class Crash(BaseException):
    """The process is gone."""


class CrashPoints:
    """Counts the failpoints that are passed and dies at some of them: by turn at each, and at a few more by chance."""

    def __init__(self, random: Random, seed: int, points: int) -> None:
        self.passed = 0
        self.fatal_names: set[str] = set()
        self.names: set[str] = set()
        self._fatal = {1 + seed % points, *random.sample(range(1, points), random.randint(0, 7))}

    def __call__(self, name: str) -> None:
        self.passed += 1
        self.names.add(name)
        if self.passed in self._fatal:
            self.fatal_names.add(name)
            raise Crash(name)


class Towns:
    """Worlds that several seeds share, synchronised once without a fault."""

    def __init__(self, make_world: Callable[..., World]) -> None:
        self._make_world = make_world
        self._town: World | None = None

    def of(self, seed: int) -> World:
        """The town of a seed."""
        number = _FIRST_TOWN + seed // TOWN
        if self._town is None or self._town.number != number:
            world = self._town = self._make_world(number, flats=5)
            waiting = Waiting(world.sleep, until=world.clock.now() + timedelta(hours=6))
            assert synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting).finished
        self._town.enter()
        return self._town

    def fresh(self, seed: int) -> World:
        """A world of its own, about which the other side has not been asked anything."""
        return self._make_world(_FIRST_WHOLE + seed, flats=5)


def is_whole(seed: int) -> bool:
    """Whether a schedule begins with nothing."""
    return seed % 8 == 7


def month_of(seed: int) -> Month:
    """The month whose bills a schedule sends."""
    return MONTH if is_whole(seed) else MONTH.next(seed % TOWN)


def set_faults(fail: Callable[..., None], random: Random, *, whole: bool, faults: Sequence[str] = STRIKING) -> None:
    """Rules on imports above all, where doubling is possible; some on exports and questions."""
    imports = IMPORTS if whole else IMPORTS[1:]
    for _ in range(random.randint(0, 5)):
        fail(random.choice(imports), random.choice(faults), after=random.randint(0, 3), times=random.randint(1, 2))
    for _ in range(random.randint(0, 2)):
        fail(random.choice(EXPORTS if whole else EXPORTS[-1:]), random.choice(faults), after=random.randint(0, 1))
    for _ in range(random.randint(0, 2)):
        fail("getState", random.choice(QUESTION_FAULTS), after=random.randint(0, 30 if whole else 8), times=random.randint(1, 3))


def spoil(world: World) -> None:
    """One bill carries the number of another: the other side must refuse it, and we must keep the reason."""
    first, last = min(world.bills.contents), max(world.bills.contents)
    world.bills.contents[last] = replace(world.bills.contents[last], number=world.bills.contents[first].number)


def live_through(world: World, month: Month, *, whole: bool) -> None:
    """Repeat the operator's commands until all is done, across crashes; what is stuck is healed after a while."""
    for attempt in range(LIMIT):
        federal: Federal = world.federal(package=2)
        waiting = Waiting(world.sleep, until=world.clock.now() + timedelta(hours=2))
        if attempt == LIMIT // 3:
            world.stand.heal()
        try:
            if whole and not synchronise(federal, provider_id=world.provider_id, waiting=waiting).finished:
                world.stand.heal()
                continue
            send_bills(federal, provider_id=world.provider_id, month=month, waiting=waiting)
            if poll(federal, provider_id=world.provider_id, waiting=waiting).finished:
                return
            world.stand.heal()
        except Crash:
            world.clock.advance(federal.lease + timedelta(seconds=1))
    raise AssertionError(f"not over after {LIMIT} commands")


def check(world: World, month: Month) -> None:
    """The promise, of a stand in this process; no message left twice."""
    check_placed(world.federal(), world.provider_id, world.bills, world.stand.contents(), month)
    identifiers = Counter(
        etree.fromstring(data).findtext(".//{http://dom.gosuslugi.ru/schema/integration/base/}MessageGUID")
        for action, data in world.wire.sent
        if "getState" not in action
    )
    assert not identifiers or identifiers.most_common(1)[0][1] == 1, "a message left twice under one identifier"


def check_placed(federal: Federal, provider_id: ProviderId, issued: Bills, contents: Mapping[str, Any], month: Month) -> None:
    """Each bill is placed exactly once, or refused with a stored reason; what the stand holds is what we know."""
    standing = status(federal, provider_id=provider_id, month=month)
    with federal.engine.connect() as connection:
        guids = external_ids(connection, provider_id=provider_id, system=federal.system, kind="account_guid")
    assert sorted(guids.values()) == sorted(account["guid"] for account in contents["accounts"]), "an account is double, lost or unknown"
    bills = [bill for bill in contents["bills"] if Month(bill["year"], bill["month"]) == month]
    placed = {(bill["number"], bill["account"]): bill["ipd"] for bill in bills}
    assert len(placed) == len(bills), "a bill was placed twice"
    for bill_id, content in issued.contents.items():
        key = (content.number, guids[content.account_id])
        if bill_id in standing.refused:
            assert all(code and text for code, text in standing.refused[bill_id])
            assert key not in placed, "refused here, placed there"
        else:
            assert standing.identifiers.get(bill_id) == placed.get(key, "nowhere"), f"bill {content.number}"
    assert standing.placed + len(standing.refused) == standing.bills == len(issued.contents)
    assert set(placed) <= {(content.number, guids[content.account_id]) for content in issued.contents.values()}, "a bill of nobody"
    taken = Counter(message["requester_guid"] for message in contents["messages"])
    assert max(taken.values()) == 1, "the stand has one message twice"


def run_schedule(seed: int, towns: Towns) -> CrashPoints:
    """Play a seed to its end and check it; a failure names the seed."""
    random = Random(seed)
    whole, month = is_whole(seed), month_of(seed)
    world = towns.fresh(seed) if whole else towns.of(seed)
    world.issue(month)
    if random.random() < 0.25:
        spoil(world)
    set_faults(world.stand.fail, random, whole=whole)
    points = CrashPoints(random, seed // 8 * 11, _POINTS_OF_WHOLE) if whole else CrashPoints(random, seed, _POINTS_OF_MONTH)
    world.failpoint = points
    try:
        live_through(world, month, whole=whole)
        world.failpoint = lambda name: None
        # What was stuck at the other side comes loose after all: it must not add anything.
        world.stand.heal()
        world.clock.advance(timedelta(hours=1))
        check(world, month)
    except BaseException as failure:
        journal = "\n".join(str(entry) for entry in itertools.islice(world.stand.contents()["journal"], 40))
        raise AssertionError(f"seed {seed} failed: {failure!r}; ERKC_SIMULATION_SEEDS={seed} repeats it\n{journal}") from failure
    return points
