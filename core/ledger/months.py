"""Months of a provider: open → draft → approved → posted → closed. A step is a row; the last one holds; nobody goes back.

A draft may be computed again (draft → draft). A posted month is corrected by entries in the open month, never reopened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from core.errors import ConflictError, InputError
from core.ids import CalculationId, ProviderId
from core.period import Month
from core.storage.sql import queries

__all__ = ["MonthState", "MonthStep", "current", "history", "lock", "months_posted", "move"]


class MonthState(StrEnum):
    """Where a provider's month stands."""

    OPEN = "open"
    DRAFT = "draft"
    APPROVED = "approved"
    POSTED = "posted"
    CLOSED = "closed"


_NEXT = {
    MonthState.OPEN: {MonthState.DRAFT},
    MonthState.DRAFT: {MonthState.DRAFT, MonthState.APPROVED},
    MonthState.APPROVED: {MonthState.DRAFT, MonthState.POSTED},
    MonthState.POSTED: {MonthState.CLOSED},
    MonthState.CLOSED: set[MonthState](),
}
_TITLES = {
    MonthState.OPEN: "открыт",
    MonthState.DRAFT: "черновик",
    MonthState.APPROVED: "утверждён",
    MonthState.POSTED: "проведён",
    MonthState.CLOSED: "закрыт",
}


@dataclass(frozen=True, slots=True)
class MonthStep:
    """One step of a month's life; step 0 is the implied opening."""

    step: int
    state: MonthState
    calculation_id: CalculationId | None
    actor: str
    reason: str
    at: datetime | None

    @property
    def title(self) -> str:
        """The state as people read it."""
        return _TITLES[self.state]


def history(connection: Connection, *, provider_id: ProviderId, month: Month) -> list[MonthStep]:
    """All steps taken, in order; empty for a month nobody has touched."""
    rows = connection.execute(queries("core.ledger").month_states, {"provider_id": provider_id, "month": month.first})
    return [MonthStep(r.step, MonthState(r.state), r.calculation_id, r.actor, r.reason, r.at) for r in rows]


def current(connection: Connection, *, provider_id: ProviderId, month: Month) -> MonthStep:
    """Where the month stands now."""
    steps = history(connection, provider_id=provider_id, month=month)
    return steps[-1] if steps else MonthStep(0, MonthState.OPEN, None, "", "", None)


def lock(connection: Connection, provider_id: ProviderId) -> None:
    """Wait until nobody else decides or posts in the provider's months; held to the end of the transaction."""
    connection.execute(queries("core.ledger").lock_month, {"provider_id": provider_id})


def months_posted(connection: Connection) -> list[CalculationId]:
    """The calculations that posted months ended with."""
    return [CalculationId(number) for number in connection.execute(queries("core.ledger").months_posted).scalars()]


def move(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    to: MonthState,
    calculation_id: CalculationId | None,
    actor: str,
    reason: str,
    at: datetime,
) -> MonthStep:
    """Take the next step; ``InputError`` LG-0201 when it is not allowed, ``ConflictError`` LG-0202 when somebody else took it first."""
    now = current(connection, provider_id=provider_id, month=month)
    if to not in _NEXT[now.state]:
        raise InputError(
            "LG-0201",
            f"Месяц {month.title}: {_TITLES[now.state]}, переход в «{_TITLES[to]}» невозможен.",
            state=now.state,
            to=to,
        )
    step = MonthStep(now.step + 1, to, calculation_id, actor, reason, at)
    taken = connection.execute(
        queries("core.ledger").insert_month_state,
        {
            "provider_id": provider_id,
            "month": month.first,
            "step": step.step,
            "state": to.value,
            "calculation_id": calculation_id,
            "actor": actor,
            "reason": reason,
            "at": at,
        },
    ).rowcount
    if not taken:
        raise ConflictError("LG-0202", f"Месяц {month.title} в это же время изменил кто-то другой.", hint="Повторите команду.")
    return step
