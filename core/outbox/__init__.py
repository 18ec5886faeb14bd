"""The outbox: conversations with remote systems, and what became of each thing that they carry.

An exchange is one message of ours with its own identifier; its items tie the transport identifiers inside to our ids. Both are stored,
with the very bytes, before the first byte leaves. A state says what is known, never what is hoped:

    prepared → sent → acknowledged → done | failed
                  ↘ lost (bytes may have arrived) → done | replaced

``sent`` is written *before* sending. Whoever works on an exchange claims it with a number (the fence) and may change it only with that
number, so a worker that was thought dead cannot overwrite what another one found out. A thing is on its way or placed once: the unique
index on live items decides.
"""

from core.outbox.model import Count, Exchange, Item, ItemOutcome, ItemState, LastWord, LiveItem, State, Trouble
from core.outbox.store import (
    accepted,
    acknowledge,
    answered,
    attach,
    claim,
    exchange,
    exchanges,
    finish,
    hold_back,
    items,
    last_words,
    live,
    live_subject,
    lose,
    next_due,
    postpone,
    prepare,
    refusals,
    release,
    resume_queue,
    retract,
    retract_parts,
    settle,
    statistics,
    stop_queue,
    sweep,
    troubles,
    unfinished,
    unsent,
)

__all__ = [
    "Count",
    "Exchange",
    "Item",
    "ItemOutcome",
    "ItemState",
    "LastWord",
    "LiveItem",
    "State",
    "Trouble",
    "accepted",
    "acknowledge",
    "answered",
    "attach",
    "claim",
    "exchange",
    "exchanges",
    "finish",
    "hold_back",
    "items",
    "last_words",
    "live",
    "live_subject",
    "lose",
    "next_due",
    "postpone",
    "prepare",
    "refusals",
    "release",
    "resume_queue",
    "retract",
    "retract_parts",
    "settle",
    "statistics",
    "stop_queue",
    "sweep",
    "troubles",
    "unfinished",
    "unsent",
]
