"""The named states of registries and statement lines as people read them: since when, how old, why, and when it becomes urgent.

The lists are closed (bank-formats, section 14.2). The age of money that is missing runs in working days: after one a warning, after three a
letter to the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core.calendar import WorkCalendar

__all__ = ["LINE_REASONS", "REGISTRY_REASONS", "Standing", "standing"]

_MISSING = frozenset(("no_order", "no_registry"))
_WARNING_AFTER, _LETTER_AFTER = 1, 3
_SATURDAY = 5

REGISTRY_REASONS: Mapping[str, str] = {
    "reconciled": "переводы равны ожидаемой сумме реестра",
    "short": "переведено меньше ожидаемого",
    "over": "переведено больше ожидаемого",
    "fee_difference": "не хватает ровно комиссии, которую называет назначение перевода",
    "no_order": "перевода за этот реестр в выписках нет",
    "closed": "разница закрыта решением",
    "refused": "реестр не принят, ничего не проведено",
}
LINE_REASONS: Mapping[str, str] = {
    "registry_settled": "перевод агента, все его реестры сошлись",
    "registry_difference": "перевод агента, реестр не сошёлся",
    "no_registry": "перевод агента, реестра нет",
    "direct_posted": "перевод плательщика, лицевой счёт один",
    "direct_suspense": "перевод плательщика, лицевой счёт не определён",
    "agent_fee": "комиссия агента равна комиссии названных реестров",
    "agent_fee_difference": "комиссия агента не равна комиссии названных реестров",
    "bank_charge": "плата нашему банку",
    "transfer_out": "наше перечисление",
    "returned_in": "наше перечисление вернулось",
    "refund_out": "наш возврат плательщику или агенту",
    "internal": "между своими счетами",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A state with its day, its age in calendar and in working days, why, and what the age asks for."""

    state: str
    since: date | None
    age_days: int
    working_days: int
    reason: str
    urgency: Literal["", "warning", "letter"]


def standing(state: str, since: date | None, *, today: date, reasons: Mapping[str, str], calendar: WorkCalendar) -> Standing:
    """How a state stands today; of a year that the calendar does not know Saturdays and Sundays are off.

    A state that the list does not know is a ``KeyError``: the lists are closed.
    """
    reason = reasons[state]
    if since is None or since >= today:
        return Standing(state, since, 0, 0, reason, "")
    age = (today - since).days
    days = (since + timedelta(days=day) for day in range(1, age + 1))
    working = sum(calendar.is_working(day) if day.year in calendar.years else day.weekday() < _SATURDAY for day in days)
    late = working if state in _MISSING else 0
    urgency: Literal["", "warning", "letter"] = "letter" if late > _LETTER_AFTER else "warning" if late > _WARNING_AFTER else ""
    return Standing(state, since, age, working, reason, urgency)
