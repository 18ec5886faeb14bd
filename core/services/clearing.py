"""Clearing of suspense: payments of banks that are certain now leave it by themselves.

A payment waits because its account was not known for certain when it came. More may be known since: an archive was taken, bills were
issued, identifiers came. It is matched and shared out as on arrival, out of suspense, by an entry of its own whose key is made of the
operation: once, whoever finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection, Engine

from core import events
from core.clock import Clock
from core.events import EventKind, NewEvent
from core.ids import MessageId
from core.ledger.entries import postings_of
from core.ledger.history import suspended
from core.ledger.suspense import lock_suspense
from core.model.lines import Chart
from core.records.bank import PaymentRow, StatementRow, lines_of, payments_of
from core.records.facts import read_settings
from core.services.bank_money import claim_of_line, claim_of_payment, line_money, registry_money
from core.services.matching import Found, find_payers
from core.services.receipts import Money, Receipts
from core.storage.engine import transaction

__all__ = [
    "Released",
    "Waiting",
    "accounts_on_registry",
    "cancel_key",
    "clear_suspense",
    "money_waiting",
    "operation_of",
    "refund_key",
    "release_key",
    "release_suspended",
    "released_operations",
    "released_to",
    "suspended_money",
    "suspended_rows",
    "tell_released",
]

_AT_ONCE = 5000
_ARRIVAL, _RELEASE, _REST, _CANCEL, _REFUND = "payment/", "payment_release/", "registry_rest/", "payment_cancel/", "payment_refund/"

SuspendedRow = PaymentRow | StatementRow


@dataclass(frozen=True, slots=True)
class Waiting:
    """Money of a bank that is in suspense: what is left of it there, kopecks, and the message that brought it."""

    operation: str
    """The agent's operation or the statement line; of money that a settled registry left: ``registry_rest/<registry>``."""
    amount: int
    occurred_on: date
    message_id: MessageId

    @property
    def registry(self) -> str:
        """The registry that left the money, by its key; empty for a payment."""
        return self.operation.removeprefix(_REST) if self.is_rest else ""

    @property
    def is_rest(self) -> bool:
        """Whether it is what a settled registry brought for rows that were not posted."""
        return self.operation.startswith(_REST)


@dataclass(frozen=True, slots=True)
class Released:
    """Payments that have left suspense by themselves: operation → kopecks, in the order in which they were shared out."""

    payments: Mapping[str, int]

    @property
    def amount(self) -> int:
        """Their sum, kopecks."""
        return sum(self.payments.values())


def release_key(operation: str) -> str:
    """Key of the entry that takes a payment out of suspense."""
    return f"{_RELEASE}{operation}"


def cancel_key(operation: str) -> str:
    """Key of the entry by which a person takes back a payment of a confirmed registry."""
    return f"{_CANCEL}{operation}"


def refund_key(operation: str) -> str:
    """Key of the entry by which a payer's own transfer was given back from our account; ``operation`` is the line that brought it."""
    return f"{_REFUND}{operation}"


def operation_of(key: str) -> str:
    """The operation or statement line that an entry is about: its arrival, release, cancellation or refund."""
    for prefix in (_ARRIVAL, _RELEASE, _CANCEL, _REFUND):
        if key.startswith(prefix):
            return key.removeprefix(prefix)
    return key


def money_waiting(connection: Connection) -> dict[str, Waiting]:
    """Money of banks that stands in suspense now, by operation, in the order in which it came."""
    moves = list(suspended(connection))
    put = {
        move.key.removeprefix(_ARRIVAL): move
        for move in moves
        if (move.kind == "payment_suspense" and move.key.startswith(_ARRIVAL)) or move.kind == "registry_rest"
    }
    left = {operation: move.amount for operation, move in put.items()}
    taken = {move.key: move.amount for move in moves if move.key.startswith(_RELEASE)}
    for key, amount in taken.items():
        left[key.removeprefix(_RELEASE)] += amount
    for move in moves:
        for prefix in (_CANCEL, _REFUND):
            if move.key.startswith(prefix):
                left[move.key.removeprefix(prefix)] += move.amount
    back = {move.key.removeprefix(_ARRIVAL): move.amount for move in moves if move.kind == "payment_reversal" and move.amount}
    for row in payments_of(connection, sorted(back)):
        left[row.body.reverses] += back[row.key]
    return {
        operation: Waiting(operation, left[operation], move.occurred_on, move.message_id)
        for operation, move in put.items()
        if left[operation] > 0 and move.message_id is not None
    }


def release_suspended(engine: Engine, *, clock: Clock) -> Released:
    """Match again all payments of banks that wait, and post those that are certain now."""
    with transaction(engine) as connection:
        return clear_suspense(connection, at=clock.now())


def accounts_on_registry(connection: Connection, day: date) -> bool:
    """Whether a registry's payments are accounted at once, as money in transit, or when its statement line has come.

    ``account_on_registry``; money of one registry goes to many providers, so it is the region's way as a whole.
    """
    said = read_settings(connection, day=day, provider_id=None).get("account_on_registry", True)
    return said in (True, "true")


def clear_suspense(connection: Connection, *, at: datetime, came: Mapping[str, date] | None = None) -> Released:
    """The same inside the caller's transaction.

    ``came``: registries whose money is in the statements, with its day. Where a region accounts registries by their money, payments of the
    others wait, whoever they are of (all of them, when nobody has looked into the statements).
    """
    lock_suspense(connection)
    waiting = {operation: item for operation, item in money_waiting(connection).items() if not item.is_rest}
    if not waiting:
        return Released({})
    at_once = accounts_on_registry(connection, at.date())
    days = came or {}
    receipts = Receipts(connection, Chart.SUSPENSE, at)
    released: dict[str, int] = {}
    rows = iter(suspended_rows(connection, sorted(waiting)))
    while batch := list(islice(rows, _AT_ONCE)):
        batch = [row for row in batch if at_once or isinstance(row, StatementRow) or row.body.registry in days]
        claims = [claim_of_payment(row.body) if isinstance(row, PaymentRow) else claim_of_line(row.body) for row in batch]
        certain = [
            (row.key, _of_its_day(suspended_money(row, who, waiting[row.key]), row, {} if at_once else days))
            for row, who in zip(batch, find_payers(connection, claims), strict=True)
            if who.account_id is not None
        ]
        receipts.take([money for _, money in certain])
        tell_released(connection, certain, "matched", at)
        released |= {operation: money.amount for operation, money in certain}
    return Released(released)


def _of_its_day(money: Money, row: SuspendedRow, days: Mapping[str, date]) -> Money:
    """Accounted no earlier than its registry's money came, where the region goes by that."""
    return replace(money, not_before=days.get(row.body.registry)) if isinstance(row, PaymentRow) else money


def suspended_rows(connection: Connection, operations: Sequence[str]) -> list[SuspendedRow]:
    """Payments of registries and payers' own lines, in the order of the day of payment, as on arrival."""
    lines = sorted(lines_of(connection, operations), key=lambda row: row.body.document_on or row.body.value_on or date.max)
    return [*payments_of(connection, operations), *lines]


def suspended_money(row: SuspendedRow, who: Found, waiting: Waiting) -> Money:
    """Out of suspense, as much as is left there: the agent may have taken back a part."""
    money = registry_money(row, waiting.message_id, who) if isinstance(row, PaymentRow) else line_money(row, who)
    return replace(money, key=release_key(row.key), amount=waiting.amount, suspended=waiting.amount)


def tell_released(connection: Connection, released: Sequence[tuple[str, Money]], how: str, at: datetime) -> None:
    """An event for each operation, ``how`` it left suspense: ``matched`` or ``assigned``."""
    events.record_many(
        connection,
        (
            NewEvent(
                EventKind.PAYMENT_RELEASED,
                money.provider_id,
                "account",
                money.account_id,
                {"key": money.key, "operation": operation, "amount": money.amount, "how": how, "message_id": money.message_id},
            )
            for operation, money in released
        ),
        at=at,
    )


def released_operations(connection: Connection) -> list[str]:
    """All operations that have left suspense for an account."""
    return [move.key.removeprefix(_RELEASE) for move in suspended(connection) if move.key.startswith(_RELEASE)]


def released_to(connection: Connection, operations: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Those of the operations that were released, each with the number of the account (ours)."""
    found = postings_of(connection, [release_key(operation) for operation in operations])
    for key, postings in found.items():
        account = next((posting.account_id for posting in postings if posting.account_id is not None), None)
        if account is not None:
            yield key.removeprefix(_RELEASE), account
