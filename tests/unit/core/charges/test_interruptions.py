"""Hours beyond the limits: the three ways, midnight of the month, fractions, and what the reduction is taken from."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest

from core.charges import explain_line
from core.charges.interruptions import Limits, hours_beyond
from core.model.facts import InterruptionFacts
from tests.unit.core.charges.house import OCTOBER, account, charge, house, line_of, meter, record, region


def _off(first: str, last: str, service: str = "2", claimed: int | None = None) -> InterruptionFacts:
    return InterruptionFacts(service, datetime.fromisoformat(f"2026-{first}"), datetime.fromisoformat(f"2026-{last}"), claimed, record())


WATER = Limits(Fraction(4), Fraction(8))


@pytest.mark.parametrize(
    ("interruptions", "limits", "hours"),
    [
        ([_off("10-08T06:00", "10-08T17:00")], WATER, 7),
        ([_off("10-08T06:00", "10-09T02:00")], WATER, 16),
        ([_off("10-20T10:00", "10-21T22:00")], Limits(Fraction(16), Fraction(24)), 20),
        ([_off("10-08T06:00", "10-08T10:00")], WATER, 0),
        ([_off("10-01T06:00", "10-01T09:00"), _off("10-02T06:00", "10-02T09:00"), _off("10-03T06:00", "10-03T09:00")], WATER, 1),
        ([_off("10-01T06:00", "10-01T10:30")], WATER, Fraction(1, 2)),
        ([_off("10-01T06:00", "10-01T17:00")], Limits(Fraction(4), None), 7),
        ([_off("10-01T06:00", "10-01T17:00")], Limits(None, Fraction(8)), 3),
        ([_off("09-30T20:00", "10-01T06:00")], WATER, 6),  # its own four hours passed at midnight
        ([_off("10-31T20:00", "11-01T06:00")], WATER, 0),
        ([_off("10-08T06:00", "10-08T17:00"), _off("10-08T06:00", "10-08T17:00")], WATER, 7),  # told by a row and by an act
        ([_off("10-08T06:00", "10-08T12:00"), _off("10-08T09:00", "10-08T17:00"), _off("10-08T10:00", "10-08T11:00")], WATER, 7),
        ([_off("10-08T06:00", "10-08T12:00"), _off("10-08T12:00", "10-08T17:00")], WATER, 7),  # one after the other without water between
        ([_off("09-01T20:00", "09-03T06:00")], WATER, 0),
    ],
)
def test_hours(interruptions: list[InterruptionFacts], limits: Limits, hours: Fraction) -> None:
    assert hours_beyond(interruptions, limits, OCTOBER) == hours


def test_the_reduction_is_of_the_rounded_base_only() -> None:
    off = _off("10-08T06:00", "10-09T02:00")
    line = line_of(charge(house(account(), interruptions=(off,))), "2")
    assert (line.base, line.surcharge, line.underdelivery) == (32000, 64000, 768)  # 320 × 16 × 0,15 %
    assert line.total == 32000 + 64000 - 768
    assert off.source in line.sources


def test_other_services_are_not_reduced() -> None:
    result = charge(house(account(), interruptions=(_off("10-08T06:00", "10-09T02:00"),)))
    assert {line.service_id for line in result.lines if line.underdelivery} == {2}


def test_the_senders_allowance_is_used_only_where_the_region_says_so() -> None:
    off = _off("10-08T06:00", "10-09T02:00", claimed=1000)
    metered = house(account(meters=(meter("2", "0", "10"),)), interruptions=(off,))
    assert line_of(charge(metered), "2").underdelivery == 960  # 400 × 16 × 0,15 %
    assert line_of(charge(metered, region(interruption_limits="stated")), "2").underdelivery == 600  # 400 × 10 × 0,15 %


def test_the_limit_of_heating_depends_on_a_fact_of_the_region() -> None:
    off = _off("10-20T10:00", "10-21T22:00", service="6")
    held = charge(house(account(), interruptions=(off,)))
    assert [(f.code, f.service_id) for f in held.findings] == [("CH-011", 6)]
    charged = charge(house(account(), interruptions=(off,)), region(heating_single_limit_hours=16))
    assert line_of(charged, "6").underdelivery == 6000  # 2000 × 20 × 0,15 %


def test_undelivered_volume_by_time_comes_first_without_a_meter() -> None:
    """320 × 20 / 744 = 8,60; the rest 311,40 × 16 × 0,15 % = 7,47."""
    off = _off("10-08T06:00", "10-09T02:00")
    line = line_of(charge(house(account(), interruptions=(off,)), region(undelivered_volume=None)), "2")
    assert line.underdelivery == 860 + 747
    assert [step.clause for step in explain_line(line).steps if step.part == "underdelivery"] == ["undelivered", "interruption"]
    metered = house(account(meters=(meter("2", "0", "8"),)), interruptions=(off,))
    assert line_of(charge(metered, region(undelivered_volume=None)), "2").underdelivery == 768


def test_a_reduction_of_all_lines_takes_the_surcharge_with_it() -> None:
    off = _off("10-08T06:00", "10-09T02:00")
    line = line_of(charge(house(account(), interruptions=(off,)), region(interruption_base="all_lines")), "2")
    assert line.underdelivery == 2304  # 960 × 16 × 0,15 %
