"""What stands in suspense for the rows of a sender's payments: put there, released by a payment, or withdrawn by the sender.

An entry in suspense goes by the row's key at the sender, a payment by its УИП, which a correction may have changed. So a payment is
known to have released a row when its entry came with a message in which that row named this УИП.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ledger.entries import suspense_of
from core.ledger.history import suspended
from core.records.payments import payment_versions
from core.records.providers import Provider

__all__ = ["RowInSuspense", "payment_key", "rows_ever_suspended", "rows_in_suspense", "suspense_key", "withdrawal_key"]


@dataclass(frozen=True, slots=True)
class RowInSuspense:
    """A row that is or was in suspense: what stands there now, kopecks, and whether a payment took it."""

    amount: int
    released: bool


def payment_key(uip: str) -> str:
    """Key of a payment's entry."""
    return f"payment/{uip}"


def suspense_key(provider: Provider, row_key: str) -> str:
    """Key of the entry that puts a row of a sender into suspense."""
    return f"payment_suspense/{provider.inn}/{row_key}"


def withdrawal_key(provider: Provider, row_key: str) -> str:
    """Key of the entry that takes it out because the sender withdrew the row."""
    return f"{suspense_key(provider, row_key)}/withdrawn"


def rows_in_suspense(connection: Connection, provider: Provider, row_keys: Sequence[str]) -> dict[str, RowInSuspense]:
    """Those of the rows that were ever put into suspense, with what stands there now."""
    put = suspense_of(connection, [suspense_key(provider, key) for key in row_keys])
    there = [key for key in row_keys if suspense_key(provider, key) in put]
    if not there:
        return {}
    withdrawn = suspense_of(connection, [withdrawal_key(provider, key) for key in there])
    versions = payment_versions(connection, provider_id=provider.provider_id, keys=there)
    paid = suspense_of(connection, [payment_key(version.uip) for version in versions])
    amounts = {key: put[suspense_key(provider, key)].amount for key in there}
    for key in there:
        if withdrawal_key(provider, key) in withdrawn:
            amounts[key] += withdrawn[withdrawal_key(provider, key)].amount
    released = set()
    said = {(version.key, version.message_id, version.uip): version for version in versions}  # one released from quarantine says it again
    for version in said.values():
        move = paid.get(payment_key(version.uip))
        if move is not None and move.amount and move.message_id == version.message_id:
            amounts[version.key] += move.amount
            released.add(version.key)
    return {key: RowInSuspense(amounts[key], key in released) for key in there}


def rows_ever_suspended(connection: Connection, provider: Provider) -> Iterable[str]:
    """Keys of all rows of a sender that have an entry in suspense."""
    prefix = suspense_key(provider, "")
    return [item.key.removeprefix(prefix) for item in suspended(connection) if item.key.startswith(prefix) and item.amount]
