"""Events learnt after closing: August–October closed, then an area, a departure, a late reading, an interruption, and a court's block."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from core.charges import charge_house
from core.charges.recalculate import Difference, Event, frozen_common, months_of_event, recalculate
from core.model.facts import HouseFacts, InterruptionFacts, ReadingFacts
from core.period import Month
from tests.unit.core.charges.house import SERVICES, account, house, law, meter, readings, record, region

AUGUST, SEPTEMBER, OCTOBER = Month(2026, 8), Month(2026, 9), Month(2026, 10)
CLOSED = [AUGUST, SEPTEMBER, OCTOBER]
REGION = region()

HOT = meter("3", readings=readings("0", "6", "12", "18", until=Month(2026, 7)))
"""Hot water: 6 m³ a month to July, no readings after."""

FLAT = account("a", meters=(HOT,))
BEFORE = house(FLAT, account("b", premises_number="2"), services=(*SERVICES[:3], SERVICES[6]))


def _with(facts: HouseFacts, **changes: Any) -> HouseFacts:
    """The house with changed facts of the first flat."""
    return replace(facts, accounts=(replace(facts.accounts[0], **changes), *facts.accounts[1:]))


def _events() -> list[Event]:
    """Cumulative: each house has the facts of the events before it."""
    area = _with(BEFORE, areas=((date(2026, 8, 15), 4000, record()),))
    people = area.accounts[0].residences
    departure = _with(area, residences=(replace(people[0], last=date(2026, 9, 10)), people[1]))
    late = replace(HOT, readings=(*HOT.readings, ReadingFacts(date(2026, 10, 30), 48_000, record())))
    reading = _with(departure, meters=(late,))
    off = InterruptionFacts("2", datetime(2026, 10, 5, 8), datetime(2026, 10, 5, 19), None, record())  # noqa: DTZ001 - local time of the house
    return [
        Event("area", area),
        Event("residents", departure),
        Event("reading", reading),
        Event("interruption", replace(reading, interruptions=(off,))),
    ]


def _differences(month: Month, blocked: bool = False) -> list[Difference]:
    before = charge_house(BEFORE, REGION, law(), month).lines
    held = {(FLAT.account_id, month)} if blocked else set()
    return recalculate(before, _events(), facts=REGION, law=law(), month=month, accounts={FLAT.account_id}, blocked=held)


def _shown(found: list[Difference]) -> dict[tuple[str, int], tuple[int, int, int]]:
    return {(one.cause, int(one.service_id)): (one.base, one.surcharge, one.underdelivery) for one in found}


def test_each_month_gets_its_differences_by_cause() -> None:
    assert _shown(_differences(AUGUST)) == {
        ("area", 1): (-16452, 0, 0),  # 10 m² × 30 × 17 / 31 = 164,516
        ("area", 7): (-44, 0, 0),  # 0,2 m³ × 40 × 10 / 100 × 17 / 31
    }
    assert _shown(_differences(SEPTEMBER)) == {
        ("area", 1): (-30000, 0, 0),
        ("area", 7): (-80, 0, 0),  # 0,2 × 40 × 10 / 100
        ("residents", 2): (-10667, -21333, 0),  # 20 of 30 days of one person: 4 × 40; the norm × 3
    }
    assert _shown(_differences(OCTOBER)) == {
        ("area", 1): (-30000, 0, 0),
        ("area", 7): (-80, 0, 0),
        ("residents", 2): (-16000, -32000, 0),
        ("reading", 3): (240000, 0, 0),  # 48 − 18 = 30 m³ less 12 charged in August and September, 6 charged in October: 12 × 200
        ("interruption", 2): (0, 0, -168),  # 160 × 7 h × 0,15 %
    }


def test_a_blocked_month_is_computed_and_told_but_not_posted() -> None:
    found = _differences(SEPTEMBER, blocked=True)
    assert found and all(one.blocked for one in found)
    assert [one.total for one in found] == [one.total for one in _differences(SEPTEMBER)]


def test_causes_add_up_to_the_whole() -> None:
    for month in CLOSED:
        before = charge_house(BEFORE, REGION, law(), month).lines
        whole = recalculate(before, _events()[-1:], facts=REGION, law=law(), month=month, accounts={FLAT.account_id})  # all at once
        assert sum(one.total for one in whole) == sum(one.total for one in _differences(month))


def test_an_event_finds_its_months_by_its_own_dates() -> None:
    assert months_of_event(date(2026, 8, 15), None, closed=CLOSED) == CLOSED
    assert months_of_event(date(2026, 10, 5), date(2026, 10, 5), closed=CLOSED) == [OCTOBER]
    assert months_of_event(date(2026, 11, 1), None, closed=CLOSED) == []


def test_nothing_changes_for_the_other_flat_and_the_house_stays_frozen() -> None:
    """By the house meter the own volume is a part of the house's rest; in a closed month it stays what was shared."""
    water = meter("2", readings=readings("0", "30", until=SEPTEMBER), account=None, kind=1, digits=8)
    metered = replace(BEFORE, soi_mode=2, meters=(water,))
    before = charge_house(metered, REGION, law(), SEPTEMBER).lines
    people = metered.accounts[0].residences
    left = _with(metered, residences=(replace(people[0], last=date(2026, 9, 10)), people[1]))
    ours, theirs = (one.account_id for one in metered.accounts)
    found = recalculate(before, [Event("residents", left)], facts=REGION, law=law(), month=SEPTEMBER, accounts={ours, theirs})
    assert {int(one.service_id) for one in found} == {2} and {one.account_id for one in found} == {ours}
    frozen = frozen_common(before, {one.service_id: one.key for one in metered.services}, SEPTEMBER)
    assert frozen["7"].clause == "soi_by_meter" and frozen["7"].values["V_individual"] == 16
    again = charge_house(left, REGION, law(), SEPTEMBER).lines
    changed = [line.base for line in again if line.service_id == 7]
    assert changed != [line.base for line in before if line.service_id == 7], "computed anew the rest would have moved"
