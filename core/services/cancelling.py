"""One payment of a confirmed registry is cancelled by a person: the agent's letter, a payer's claim.

The decision is archived first. The stored allocation is mirrored in the open month, whatever month the payment was accounted in, and the
money stands in the registry's transit again: the agent keeps it from its next order, or it is returned to the agent. An advance that was
used meanwhile is freed when the month is posted (``advances.py``). Once: the key is the operation's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE, MessageId
from core.ledger.entries import known_keys
from core.ledger.post import post
from core.ledger.suspense import lock_suspense
from core.model.ledger import Entry
from core.money import format_roubles
from core.period import Month
from core.records.bank import payments_of
from core.services.clearing import cancel_key
from core.services.reversing import Moved
from core.services.standings import Books
from core.storage.engine import transaction

__all__ = ["Cancelled", "cancel_payment"]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was taken back, kopecks, the month it is accounted in, and the archived decision."""

    operation: str
    amount: int
    month: Month
    message_id: MessageId


def cancel_payment(engine: Engine, *, operation: str, reason: str, actor: str, clock: Clock) -> Cancelled:
    """Take back what is left of one payment of a registry; ``operation`` is ``profile/id`` as ``erkc show`` names it.

    ``InputError`` BANK-0411 for an unknown operation, BANK-0412 when it was cancelled or nothing is left of it.
    """
    with transaction(engine) as connection:
        data = json.dumps(
            {
                "decision": "cancel_payment",
                "operation": operation,
                "amount_kop": _left(connection, operation)[1],
                "reason": reason,
                "actor": actor,
            },
            ensure_ascii=False,
            indent=1,
        ).encode()
    with transaction(engine) as connection:
        stored = archive.store(
            connection, data=data, name="payment-cancel.json", channel="suspense", direction="decision", provider_id=CENTRE, at=clock.now()
        )
    with transaction(engine) as connection:
        lock_suspense(connection)
        moved, amount = _left(connection, operation)
        provider = moved.provider(operation)
        today = clock.now().date()
        day, month = Books(connection).accounted(provider, today)
        entry = Entry(
            key=cancel_key(operation),
            kind="payment_reversal",
            provider_id=provider,
            month=month,
            occurred_on=today,
            reason=f"Платёж {operation} отменён, {format_roubles(amount)}, решение ({actor}): {reason}",
            postings=moved.take_back(operation, amount),
            message_id=stored.message_id,
            accounted_on=day,
        )
        post(connection, [entry], at=clock.now())
        return Cancelled(operation, amount, month, stored.message_id)


def _left(connection: Connection, operation: str) -> tuple[Moved, int]:
    if not payments_of(connection, [operation]):
        raise InputError(
            "BANK-0411", f"Платежа «{operation}» в реестрах нет.", hint="Операция пишется так: ПРОФИЛЬ/НОМЕР; найти её: erkc show НОМЕР."
        )
    moved = Moved.read(connection, [operation])
    amount = moved.left(operation)
    if amount <= 0 or cancel_key(operation) in known_keys(connection, [cancel_key(operation)]):
        raise InputError(
            "BANK-0412",
            f"От платежа «{operation}» ничего не осталось: он не проведён, возвращён или уже отменён.",
            hint="Что с ним стало: erkc show НОМЕР.",
        )
    return moved, amount
