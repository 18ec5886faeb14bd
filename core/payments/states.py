"""The named states of registries and statement lines as people read them: since when, how old, why, and when it becomes urgent.

The lists are closed (bank-formats, section 14.2). The age of money that is missing runs in working days: after one a warning, after three a
letter to the agent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core.calendar import WorkCalendar

__all__ = ["LINE_REASONS", "NOTICE_REASONS", "PAYMENT_REASONS", "REGISTRY_REASONS", "Standing", "notice_state", "standing"]

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
PAYMENT_REASONS: Mapping[str, str] = {
    "refused": "строка не проведена",
    "suspense": "лицевой счёт не определён (или регион ждёт перевода за реестр), деньги в невыясненных",
    "awaiting_money": "разнесён, перевода за его реестр в выписках нет",
    "settled": "разнесён, его реестр сошёлся до копейки",
    "settled_with_difference": "разнесён, реестр сошёлся с разницей",
    "reversed": "возвращён или отменён целиком; строка возврата",
    "second_notice": "тот же платёж пришёл другим каналом и разнесён оттуда; этот не числится",
    "direct": "прямой перевод, разнесён на лицевой счёт",
    "own_desk": "принят самим поставщиком, пришёл в его архиве",
}
NOTICE_REASONS: Mapping[str, str] = {
    "not_told": "ГИС ЖКХ о платеже от нас не знает",
    "on_its_way": "извещение отправлено, ответа ГИС ЖКХ нет",
    "told": "извещение размещено в ГИС ЖКХ",
    "told_refused": "ГИС ЖКХ отклонила извещение",
    "annulled": "извещение аннулировано",
    "acknowledging": "квитирование отправлено, ответа ГИС ЖКХ нет",
    "acknowledged": "сквитирован в ГИС ЖКХ",
    "acknowledgment_refused": "ГИС ЖКХ отклонила квитирование",
    "to_annul": "платёж возвращён, а ГИС ЖКХ о нём знает: аннулируйте извещение",
    "other_amount": "в ГИС ЖКХ платёж на другую сумму, чем осталась от него в учёте",
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


def notice_state(notice: str | None, acknowledgments: Collection[str], *, told: int, left: int) -> str:
    """Where a payment stands in the federal system, by the outbox's states of its notification and of its acknowledgment's parts.

    ``told`` and ``left``: kopecks of the notification, and of the payment in the ledger. What contradicts the ledger comes first.
    """
    parts = set(acknowledgments) - {"replaced", "retracted"}
    is_known = bool({notice, *parts} & {"accepted", "waiting"})
    if is_known and left == 0:
        return "to_annul"
    if notice in ("accepted", "waiting") and told != left:
        return "other_amount"
    for state, name in (("rejected", "acknowledgment_refused"), ("waiting", "acknowledging"), ("accepted", "acknowledged")):
        if state in parts:
            return name
    names = {"waiting": "on_its_way", "accepted": "told", "rejected": "told_refused", "replaced": "on_its_way", "retracted": "annulled"}
    return "not_told" if notice is None else names[notice]


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
