"""What can still be taken back of a payment, and the postings that do it: its stored allocation mirrored, never computed anew.

Whole, or each part in proportion to what is left of it (charging-rules section 3). What earlier reversals took is no more there: an agent
that sends the same storno twice under two ids, or one for a payment that a person has cancelled, finds nothing left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from core.ids import CENTRE, EntityId, ProviderId
from core.ledger.entries import postings_of, reversal_keys
from core.model.ledger import Posting
from core.money import split
from core.records.bank import payments_of, stornos_of
from core.records.entities import describe_entities
from core.services.bank_money import payment_key
from core.services.clearing import cancel_key, money_waiting, refund_key, release_key

__all__ = ["Moved", "Taken", "wholly_taken"]


@dataclass(slots=True)
class Moved:
    """What payments have moved and still stands: on arrival, and when they were released from suspense."""

    arrived: dict[str, tuple[Posting, ...]]
    released: dict[str, tuple[Posting, ...]]
    waiting: dict[str, int]
    """Of those that still wait in suspense: what is left there, kopecks."""
    providers: Mapping[EntityId, ProviderId]

    @classmethod
    def read(cls, connection: Connection, operations: Sequence[str]) -> Moved:
        """From the ledger, less what was taken back before; operations that have no entry are left out."""
        taken: dict[str, list[Posting]] = defaultdict(list)
        stornos = stornos_of(connection, operations)
        for key, postings in postings_of(connection, [payment_key(storno) for storno in stornos]).items():
            taken[stornos[key.removeprefix(payment_key(""))]] += postings
        for key_of in (cancel_key, refund_key):
            for key, postings in postings_of(connection, [key_of(operation) for operation in operations]).items():
                taken[key.removeprefix(key_of(""))] += postings
        came = postings_of(connection, [payment_key(operation) for operation in operations])
        left = postings_of(connection, [release_key(operation) for operation in operations])
        arrived = {name: _less(came[payment_key(name)], taken[name]) for name in operations if payment_key(name) in came}
        released = {name: _less(left[release_key(name)], taken[name]) for name in operations if release_key(name) in left}
        owners = {posting.account_id for those in (*arrived.values(), *released.values()) for posting in those}
        entities = describe_entities(connection, {owner for owner in owners if owner is not None})
        waiting = {operation: item.amount for operation, item in money_waiting(connection).items()}
        return cls(arrived, released, waiting, {key: entity.provider_id for key, entity in entities.items()})

    def left(self, operation: str) -> int:
        """How much can be taken back, kopecks."""
        if operation in self.released:
            return sum(posting.amount for posting in self.released[operation] if posting.account_id is not None)
        arrived = self.arrived.get(operation, ())
        if any(posting.account_id is not None for posting in arrived):
            return sum(posting.amount for posting in arrived)
        return self.waiting.get(operation, 0)

    def provider(self, operation: str) -> ProviderId:
        """In whose books it stands."""
        account = (self.released.get(operation) or self.arrived[operation])[0].account_id
        return CENTRE if account is None else self.providers[account]

    def take_back(self, operation: str, amount: int) -> tuple[Posting, ...]:
        """The postings mirrored; a payment that was released goes back through suspense. What is taken is no more left."""
        arrived = _mirrored(self.arrived[operation], amount)
        self.arrived[operation] = _less(self.arrived[operation], arrived)
        if operation not in self.released:
            if operation in self.waiting:
                self.waiting[operation] -= amount
            return arrived
        released = _mirrored(self.released[operation], amount)
        self.released[operation] = _less(self.released[operation], released)
        return released + arrived


@dataclass(frozen=True, slots=True)
class Taken:
    """Payments of registries of which nothing is left, counted by the registry's key; those of suspense had no account to the end."""

    posted: Counter[str]
    suspended: Counter[str]


def wholly_taken(connection: Connection) -> Taken:
    """By stornos, together or one, or by a person; what is taken back in part keeps the state that it has (bank-formats 14.2)."""
    keys = reversal_keys(connection)
    stornos = [key.removeprefix(payment_key("")) for key in keys if key.startswith(payment_key(""))]
    originals = {row.body.reverses for row in payments_of(connection, stornos)}
    originals |= {key.removeprefix(cancel_key("")) for key in keys if key.startswith(cancel_key(""))}
    rows = payments_of(connection, sorted(originals))
    moved = Moved.read(connection, [row.key for row in rows])
    gone = [row for row in rows if row.key in moved.arrived and not moved.left(row.key)]
    came = postings_of(connection, [payment_key(row.key) for row in gone])
    found = Taken(Counter(), Counter())
    for row in gone:
        had_account = row.key in moved.released or any(posting.account_id is not None for posting in came[payment_key(row.key)])
        (found.posted if had_account else found.suspended)[row.body.registry] += 1
    return found


def _mirrored(moved: Sequence[Posting], amount: int) -> tuple[Posting, ...]:
    shares = split(amount, [posting.amount for posting in moved])
    return tuple(
        replace(posting, debit=posting.credit, credit=posting.debit, amount=share)
        for posting, share in zip(moved, shares, strict=True)
        if share
    )


def _less(moved: Sequence[Posting], taken: Sequence[Posting]) -> tuple[Posting, ...]:
    """Postings less those that mirror them; the sums of equal ones are one sum."""
    back: dict[Posting, int] = defaultdict(int)
    for posting in taken:
        back[replace(posting, debit=posting.credit, credit=posting.debit, amount=0)] += posting.amount
    rest = []
    for posting in moved:
        whose = replace(posting, amount=0)
        gone = min(back[whose], posting.amount)
        back[whose] -= gone
        if posting.amount > gone:
            rest.append(replace(posting, amount=posting.amount - gone))
    return tuple(rest)
