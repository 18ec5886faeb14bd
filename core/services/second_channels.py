"""Payments that may be one payment reported by two channels: an agent's registry, an acquirer's, a payer's transfer, a sender's archive.

Level six of the duplicates (bank-formats section 15). One account, one sum, at most a day apart, two channels: such a pair is a question
and never an answer, for a payer may pay the same sum twice. A person asks the agent and decides: two payments, or one of which the other is
extra. The decision is archived and remembered. An extra payment of a registry is cancelled at once; what a sender's archive or our own
statement brought is taken back by whom it came from, and the pair stands with its decision until then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE, MessageId
from core.ledger.paid import EqualPayments, equal_payments
from core.ledger.suspense import lock_suspense
from core.model.records import Resolution
from core.period import Month
from core.records.bank import lines_of, payments_of
from core.records.entities import accounts_of
from core.records.providers import providers
from core.records.resolutions import Resolved, read_resolutions, resolve
from core.services.bank_money import agent_of
from core.services.cancelling import cancel_payment
from core.services.clearing import operation_of
from core.services.reversing import Moved
from core.storage.engine import transaction

__all__ = ["DecidedDuplicate", "PossibleDuplicate", "decide_duplicate", "extra_payments", "possible_duplicates"]

MOST = 500
"""Open pairs in one answer: who has more of them has a registry twice, not payers who pay twice."""

_MATTER, _TWO = "second_channel", "two payments"
_DIRECT, _ARCHIVE = "прямой перевод", "архив отправителя"


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """Two posted payments of which nothing was taken back; channels are profiles of registries, or Russian words for the others."""

    account: str
    amount: int
    operations: tuple[str, str]
    channels: tuple[str, str]
    days: tuple[date, date]
    decision: Resolved | None = None

    @property
    def subject(self) -> str:
        """The pair, as a decision names it."""
        return "|".join(sorted(self.operations))

    @property
    def number(self) -> str:
        """Short and stable: what the commands take."""
        return hashlib.sha256(self.subject.encode()).hexdigest()[:8]

    @property
    def extra(self) -> str:
        """The operation that a person has found to be the other one once more; empty: not decided, or two payments."""
        return "" if self.decision is None or self.decision.body.value == _TWO else self.decision.body.value

    @property
    def are_two(self) -> bool:
        """Whether a person has decided that both are real."""
        return self.decision is not None and self.decision.body.value == _TWO

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided."""
        return self.decision is None


@dataclass(frozen=True, slots=True)
class DecidedDuplicate:
    """What a decision did: kopecks that were taken back at once (nothing where another has to do it), and the archived decision."""

    pair: PossibleDuplicate
    cancelled: int
    message_id: MessageId


def possible_duplicates(connection: Connection, *, since: Month) -> list[PossibleDuplicate]:
    """Pairs among what is accounted since a month, decided ones too, in the order of the day; the search stops at ``MOST`` open ones."""
    decided = read_resolutions(connection, _MATTER)
    owners = [one.provider_id for one in providers(connection)]
    pairs = equal_payments(connection, providers=owners, since=since)
    found: list[PossibleDuplicate] = []
    while sum(one.is_open for one in found) < MOST and (batch := list(islice(pairs, MOST))):
        found += [replace(pair, decision=decided.get(pair.subject)) for pair in _standing(connection, batch)]
    return found


def _standing(connection: Connection, pairs: Sequence[EqualPayments]) -> Iterator[PossibleDuplicate]:
    """Of these pairs those that still stand whole and really came by two channels."""
    operations = [(operation_of(pair.keys[0]), operation_of(pair.keys[1])) for pair in pairs]
    named = sorted({operation for both in operations for operation in both})
    channels = {row.key: agent_of(row.body) for row in payments_of(connection, named)}
    channels |= {row.key: _DIRECT for row in lines_of(connection, named)}
    moved = Moved.read(connection, named)
    numbers = accounts_of(connection, {pair.account_id for pair in pairs})
    for pair, both in zip(pairs, operations, strict=True):
        ways = (channels.get(both[0], _ARCHIVE), channels.get(both[1], _ARCHIVE))
        if ways[0] != ways[1] and min(moved.left(both[0]), moved.left(both[1])) == pair.amount:
            yield PossibleDuplicate(numbers[pair.account_id].number, pair.amount, both, ways, pair.days)


def decide_duplicate(
    engine: Engine, *, number: str, extra: str | None, since: Month, reason: str, actor: str, clock: Clock
) -> DecidedDuplicate:
    """Remember what a person found: both are real (``extra`` None), or the operation ``extra`` is the other payment once more.

    ``InputError`` BANK-0421 for an unknown pair, BANK-0422 when the operation is not of it, BANK-0423 when the other operation
    was found to be the extra one before and taken back.
    """
    with transaction(engine) as connection:
        pair = next((one for one in possible_duplicates(connection, since=since) if one.number == number), None)
    if pair is None:
        raise InputError("BANK-0421", f"Возможного повтора {number} нет.", hint="Номера показывает erkc duplicates list.")
    if extra is not None and extra not in pair.operations:
        raise InputError(
            "BANK-0422", f"Операции «{extra}» в паре {number} нет.", hint=f"В ней: {pair.operations[0]} и {pair.operations[1]}."
        )
    at = clock.now()
    body = Resolution(_MATTER, pair.subject, extra or _TWO, f"{pair.account} {pair.amount}", reason, actor)
    document = {
        "decision": "second_channel",
        "number": pair.number,
        "account": pair.account,
        "amount_kop": pair.amount,
        "operations": list(pair.operations),
        "extra": extra,
        "reason": reason,
        "actor": actor,
        "decided_at": at.isoformat(),
    }
    with transaction(engine) as connection:
        data = json.dumps(document, ensure_ascii=False, indent=1).encode()
        message = archive.store(
            connection, data=data, name="duplicate.json", channel="duplicates", direction="decision", provider_id=CENTRE, at=at
        ).message_id
    with transaction(engine) as connection:
        lock_suspense(connection)  # two people must not take back both payments of a pair
        earlier = read_resolutions(connection, _MATTER).get(pair.subject)
        otherwise = earlier is not None and earlier.body.value not in (_TWO, body.value)
        if earlier is not None and otherwise and payments_of(connection, [earlier.body.value]):  # a payment of a registry: taken back
            raise InputError(
                "BANK-0423", f"По паре {number} уже решено: лишняя операция «{earlier.body.value}», она снята ({earlier.body.actor}).",
                hint="Снять вторую нельзя: деньги ушли бы со счёта дважды. Если решение ошибочно, верните снятый платёж через банк.",
            )  # fmt: skip
        resolve(connection, [body], message_id=message, at=at)
        resolved = read_resolutions(connection, _MATTER)[pair.subject]
        is_of_registry = extra is not None and bool(payments_of(connection, [extra]))
    cancelled = 0
    if extra is not None and is_of_registry:
        other = next(one for one in pair.operations if one != extra)
        why = f"тот же платёж, что {other}: {reason}"
        cancelled = cancel_payment(engine, operation=extra, reason=why, actor=actor, clock=clock).amount
    return DecidedDuplicate(replace(pair, decision=resolved), cancelled, message)


def extra_payments(connection: Connection) -> frozenset[str]:
    """Operations that a person has found to be another payment once more."""
    return frozenset(one.body.value for one in read_resolutions(connection, _MATTER).values() if one.body.value != _TWO)
