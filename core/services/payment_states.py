"""Where every payment stands: its named state between registry, statement and ledger, and what the federal system knows of it from us.

    row of a registry or payer's own line → what the ledger holds of it → state of its registry → notification and acknowledgment

A payment has one state of each list (:mod:`core.payments.states`). The federal leg is read from the outbox, where the answer to each
notification (извещение) and to each part of an acknowledgment (квитирование) is kept; nothing is asked anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from sqlalchemy import Connection

from core import outbox
from core.outbox import LastWord
from core.payments.states import notice_state
from core.records.bank import PaymentRow, read_payments
from core.services.bank_money import day_of_line, payment_key
from core.services.reversing import Moved
from core.services.second_channels import extra_payments
from core.services.statements import Reconciled

__all__ = ["Notice", "PaymentState", "counted", "notices_of_payments", "payment_states"]

_BATCH = 5000
_POSTED = {"no_order": "awaiting_money", "reconciled": "settled", "closed": "settled"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What the federal system knows of a payment from us, since when, and its words where it refused (code, text)."""

    state: str
    since: date | None
    reasons: tuple[tuple[str, str], ...] = ()
    left: int = 0
    """What is left of the payment in the ledger, kopecks."""


@dataclass(frozen=True, slots=True)
class PaymentState:
    """One payment, kopecks; ``registry`` is empty for a payer's own transfer and for money that a provider took itself."""

    operation: str
    registry: str
    paid_on: date | None
    amount: int
    state: str
    notice: Notice


@dataclass(slots=True)
class _Words:
    """The last words on the notification of a payment and on the parts of its acknowledgment."""

    notice: LastWord | None = None
    parts: list[LastWord] = field(default_factory=list)


_UNKNOWN = Notice("not_told", None)


def notices_of_payments(connection: Connection) -> dict[str, Notice]:
    """All payments of which the federal system was told or which were acknowledged there, by operation."""
    words: dict[str, _Words] = defaultdict(_Words)
    for word in outbox.last_words(connection, acts=("notifications", "own_notifications"), part="rows"):
        words[word.about["key"]].notice = word
    for word in outbox.last_words(connection, acts=("acknowledgments",), part="parts"):
        if "payment" in word.about:
            entry, _, _ = str(word.about["payment"]).rpartition("/")  # behind it the month of the bill
            words[entry.removeprefix(payment_key(""))].parts.append(word)
    found: dict[str, Notice] = {}
    operations = iter(sorted(words))
    while batch := list(islice(operations, _BATCH)):
        moved = Moved.read(connection, batch)
        found |= {operation: _notice(words[operation], moved.left(operation)) for operation in batch}
    return found


def _notice(words: _Words, left: int) -> Notice:
    told = words.notice
    state = notice_state(
        None if told is None else told.state,
        [part.state for part in words.parts],
        told=0 if told is None else int(told.about["amount"]),
        left=left,
    )
    said = [word for word in (told, *words.parts) if word is not None]
    reasons = tuple(dict.fromkeys(reason for word in said if word.state == "rejected" for reason in word.reasons))
    return Notice(state, max(word.on for word in said), reasons, left)


def payment_states(connection: Connection, done: Reconciled) -> Iterator[PaymentState]:
    """Every payment of registries and every payer's own line as :func:`~core.services.statements.reconcile` has just found them.

    Then money that providers took themselves, as far as the federal system was told of it.
    """
    notices = notices_of_payments(connection)
    extra = extra_payments(connection)
    for outcome in done.result.registries:
        posted = _POSTED.get(outcome.state, "settled_with_difference")
        rows = (row for row in read_payments(connection, done.registries[outcome.key].message_id) if row.body.registry == outcome.key)
        while batch := list(islice(rows, _BATCH)):
            yield from _of_registry(connection, batch, posted, notices, extra)
    direct = [line.key for line in done.result.lines if line.state in ("direct_posted", "direct_suspense")]
    moved = Moved.read(connection, direct)
    for key in direct:
        line = done.lines[key].body
        yield PaymentState(key, "", day_of_line(line), line.amount, _state(moved, key, "direct"), notices.pop(key, _UNKNOWN))
    for operation, notice in notices.items():
        yield PaymentState(operation, "", None, notice.left, "own_desk" if notice.left else "reversed", notice)


def _of_registry(
    connection: Connection, rows: Sequence[PaymentRow], posted: str, notices: dict[str, Notice], extra: frozenset[str]
) -> Iterator[PaymentState]:
    moved = Moved.read(connection, [row.key for row in rows])
    for row in rows:
        body = row.body
        if body.reverses:
            state = "reversed" if row.key in moved.arrived else "refused"
        else:
            state = _state(moved, row.key, posted)
            state = "second_notice" if state == "reversed" and row.key in extra else state
        yield PaymentState(row.key, body.registry, body.paid_on, body.amount, state, notices.pop(row.key, _UNKNOWN))


def _state(moved: Moved, operation: str, posted: str) -> str:
    """What is taken back in part keeps the state that it has (bank-formats 14.2)."""
    if operation not in moved.arrived:
        return "refused"
    if not moved.left(operation):
        return "reversed"
    return "suspense" if operation not in moved.released and moved.waiting.get(operation) else posted


def counted(notices: Mapping[str, Notice]) -> dict[str, int]:
    """How many payments stand in each state of the federal leg."""
    counts: dict[str, int] = defaultdict(int)
    for notice in notices.values():
        counts[notice.state] += 1
    return dict(sorted(counts.items()))
