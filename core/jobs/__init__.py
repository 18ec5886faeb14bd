"""Jobs: planned moments as rows, wake-ups beside them, claims with a fence. A job is only a call to look what is due; the truth is
elsewhere.

Used as ``from core import jobs``. Table: schedule_slot (and the wake-ups in Procrastinate's queue). The pattern of claims, for any row of
work (slots here, exchanges in the outbox):

1. *claim* in a transaction of its own: raise the row's ``fence`` by one, set ``claimed_until``; only if it is open or its claim ran out;
2. work; where an effect and the claim must agree, lock the row and compare the fence in the effect's transaction (:func:`hold_slot`);
3. *finish* with the fence that was claimed: if somebody claimed the row since, nothing changes and the late finisher is told so;
4. a *sweep* wakes whatever is open without a wake-up or claimed beyond its time.

So a lost, repeated or doubled wake-up is harmless, as is a worker that was paused and comes back.
"""

from core.jobs.schedule import CatchUp, Job, Scope, parse_schedule
from core.jobs.slots import QUEUE, TASK, Slot, claim_slot, extend_slot, finish_slot, hold_slot, open_slots, sweep

__all__ = [
    "QUEUE",
    "TASK",
    "CatchUp",
    "Job",
    "Scope",
    "Slot",
    "claim_slot",
    "extend_slot",
    "finish_slot",
    "hold_slot",
    "open_slots",
    "parse_schedule",
    "sweep",
]
