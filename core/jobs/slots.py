"""Slots: opening the moments that are due, claiming, finishing and sweeping them. See the package for the pattern of claims.

Any number of schedulers may open slots at once, with clocks that differ: a slot is a row under (job, provider, planned moment), and the
primary key lets one of them in. Its wake-up is written in the same transaction, so neither exists without the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from core.ids import CENTRE, ProviderId
from core.jobs.schedule import CatchUp, Job, Scope
from core.storage.sql import queries

__all__ = ["QUEUE", "TASK", "Slot", "claim_slot", "extend_slot", "finish_slot", "hold_slot", "open_slots", "sweep"]

QUEUE = "erkc"
TASK = "run_slot"
"""The one task of the queue: it names a slot, and the worker looks at the slot."""
_LONGEST_SLEEP = timedelta(days=31)
_NOTE_LENGTH = 2000
_SQL = queries("core.jobs")


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One planned moment of one job, for the centre or a provider."""

    kind: str
    provider_id: ProviderId
    planned_at: datetime

    @property
    def key(self) -> str:
        """The slot as one text: the queueing lock of its wake-up."""
        return f"{self.kind}/{self.provider_id}/{int(self.planned_at.timestamp())}"


def open_slots(connection: Connection, schedule: Sequence[Job], now: datetime, by: str) -> list[Slot]:
    """Turn the moments between the last stored slot and ``now`` into slots and wake-ups; the slots that this call opened.

    A job never seen before begins with its latest past moment. Of moments slept through, the job's catch-up rule says which run; those
    more than a month back are not even stored.
    """
    stored = connection.execute(_SQL.last_slots, {"kinds": [job.kind for job in schedule]})
    last = {(row.kind, row.provider_id): row.planned_at for row in stored}
    providers = [ProviderId(number) for number in connection.execute(_SQL.providers).scalars()]
    due: list[tuple[Slot, str]] = []
    for job in schedule:
        for provider_id in providers if job.scope is Scope.PROVIDER else [CENTRE]:
            moments = _due(job, last.get((job.kind, provider_id)), now)
            runs = len(moments) if job.catch_up is CatchUp.EACH else 1
            due += [(Slot(job.kind, provider_id, m), "missed" if n < len(moments) - runs else "open") for n, m in enumerate(moments)]
    if not due:
        return []
    columns = {
        "kinds": [slot.kind for slot, _ in due],
        "providers": [slot.provider_id for slot, _ in due],
        "moments": [slot.planned_at for slot, _ in due],
        "states": [state for _, state in due],
    }
    inserted = connection.execute(_SQL.insert_slots, columns | {"now": now, "by": by})
    opened = [Slot(row.kind, row.provider_id, row.planned_at) for row in inserted if row.state == "open"]
    _wake(connection, opened)
    return opened


def _due(job: Job, last: datetime | None, now: datetime) -> list[datetime]:
    if last is None:
        latest = job.latest(now)
        return [] if latest is None else [latest]
    return list(job.moments(max(last, now - _LONGEST_SLEEP), now))


def _wake(connection: Connection, slots: Iterable[Slot]) -> None:
    slots = list(slots)
    if slots:
        columns = {
            "keys": [slot.key for slot in slots],
            "kinds": [slot.kind for slot in slots],
            "providers": [slot.provider_id for slot in slots],
            "moments": [slot.planned_at.isoformat() for slot in slots],
        }
        connection.execute(_SQL.wake, columns | {"queue": QUEUE, "task": TASK})


def claim_slot(connection: Connection, slot: Slot, *, now: datetime, lease: timedelta) -> int | None:
    """Take a slot until ``now + lease``; the fence to finish it with, or None when it is done or in somebody's hands.

    Commit before working: until then nobody else can see the claim.
    """
    fence = connection.execute(_SQL.claim, _key(slot) | {"now": now, "until": now + lease}).scalar()
    return None if fence is None else int(fence)


def hold_slot(connection: Connection, slot: Slot, fence: int) -> bool:
    """Lock the slot to the end of this transaction, if it is still claimed with ``fence``: an effect written now belongs to the claim."""
    return connection.execute(_SQL.hold, _key(slot) | {"fence": fence}).scalar() is not None


def extend_slot(connection: Connection, slot: Slot, fence: int, *, until: datetime) -> bool:
    """Keep a claim longer; False when it was lost meanwhile, and the work should stop."""
    return connection.execute(_SQL.extend, _key(slot) | {"fence": fence, "until": until}).scalar() is not None


def finish_slot(
    connection: Connection, slot: Slot, fence: int, *, now: datetime, state: Literal["done", "failed"] = "done", note: str = ""
) -> bool:
    """Close a slot with what came of it (a note for the operator). False, and nothing changes, when the claim is no longer ours."""
    values = {"fence": fence, "state": state, "now": now, "note": note.replace("\x00", "")[:_NOTE_LENGTH]}
    return connection.execute(_SQL.finish, _key(slot) | values).scalar() is not None


def sweep(connection: Connection, now: datetime) -> list[Slot]:
    """Wake what would otherwise sleep for ever: claims that ran out, and open slots whose wake-up was lost. The slots woken.

    Cheap and harmless at any time; while another sweep is under way it does nothing.
    """
    if not connection.execute(_SQL.try_sweep).scalar():
        return []
    connection.execute(_SQL.reopen_expired, {"now": now})
    unheard = [Slot(row.kind, row.provider_id, row.planned_at) for row in connection.execute(_SQL.open_and_unheard)]
    _wake(connection, unheard)
    connection.execute(_SQL.forget_abandoned_wakeups, {"queue": QUEUE})
    return unheard


def _key(slot: Slot) -> dict[str, object]:
    return {"kind": slot.kind, "provider_id": slot.provider_id, "planned_at": slot.planned_at}
