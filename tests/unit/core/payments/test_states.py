"""Every state that reconciliation gives has a reason; the age of missing money runs in working days."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from core.calendar import WorkCalendar
from core.payments.states import LINE_REASONS, NOTICE_REASONS, REGISTRY_REASONS, notice_state, standing

CALENDAR = WorkCalendar.of([date(2026, 11, 4)])
GOLDEN = Path(__file__).parents[3] / "golden" / "banks" / "reconciliation.expected.json"


@pytest.mark.parametrize(
    ("today", "age", "working", "urgency"),
    [(2, 0, 0, ""), (3, 1, 1, ""), (4, 2, 1, ""), (5, 3, 2, "warning"), (8, 6, 3, "warning"), (9, 7, 4, "letter")],
)
def test_a_registry_without_an_order_grows_old_in_working_days(today: int, age: int, working: int, urgency: str) -> None:
    told = standing("no_order", date(2026, 11, 2), today=date(2026, 11, today), reasons=REGISTRY_REASONS, calendar=CALENDAR)
    assert (told.age_days, told.working_days, told.urgency) == (age, working, urgency)


def test_money_that_is_here_is_never_urgent_and_unknown_years_have_weekends() -> None:
    told = standing("short", date(2024, 3, 1), today=date(2024, 3, 11), reasons=REGISTRY_REASONS, calendar=CALENDAR)
    assert (told.age_days, told.working_days, told.urgency) == (10, 6, "")


def test_the_lists_are_closed_and_hold_all_states_of_the_samples() -> None:
    scenarios = json.loads(GOLDEN.read_text(encoding="utf-8"))["scenarios"]
    assert {row["state"] for scenario in scenarios for row in scenario["registries"]} <= REGISTRY_REASONS.keys()
    assert {row["state"] for scenario in scenarios for row in scenario["lines"]} <= LINE_REASONS.keys()
    with pytest.raises(KeyError):
        standing("lost", None, today=date(2026, 11, 2), reasons=LINE_REASONS, calendar=CALENDAR)


@pytest.mark.parametrize(
    ("notice", "parts", "told", "left", "state"),
    [
        (None, [], 0, 100, "not_told"),
        ("waiting", [], 100, 100, "on_its_way"),
        ("accepted", [], 100, 100, "told"),
        ("rejected", [], 100, 100, "told_refused"),
        ("retracted", [], 100, 0, "annulled"),
        ("accepted", [], 100, 0, "to_annul"),
        ("accepted", [], 100, 60, "other_amount"),
        ("accepted", ["accepted", "waiting"], 100, 100, "acknowledging"),
        (None, ["accepted", "accepted"], 0, 100, "acknowledged"),
        (None, ["accepted", "rejected"], 0, 100, "acknowledgment_refused"),
        (None, ["accepted"], 0, 0, "to_annul"),
        ("accepted", ["retracted"], 100, 100, "told"),
    ],
)
def test_a_payment_has_one_federal_state(notice: str | None, parts: list[str], told: int, left: int, state: str) -> None:
    assert notice_state(notice, parts, told=told, left=left) == state and state in NOTICE_REASONS
