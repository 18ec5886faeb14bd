"""Which posted payments the federal system is told of, and by whom: money that the provider took itself, or that of an agent for whom
this centre is the operator of payments.

An own payment came in the provider's archive (its cash desk, its settlement account); an agent's came in a registry. A payment that was
taken back meanwhile is not told.
"""

from __future__ import annotations

from collections import defaultdict

from core.ids import ProviderId
from core.ledger.balances import PaymentPart, payment_parts
from core.ledger.entries import known_keys
from core.period import Month
from core.records.bank import payments_of, stornos_of
from core.services.clearing import cancel_key, refund_key
from core.services.federal import PaymentToTell
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["payments_to_tell"]

_KEY = "payment/"


def payments_to_tell(application: Application, *, provider_id: ProviderId, month: Month, agent: str = "") -> list[PaymentToTell]:
    """Payments posted in a month: the provider's own, or (``agent``: profile of its registries) those of an agent."""
    with transaction(application.engine) as connection:
        parts: dict[str, list[PaymentPart]] = defaultdict(list)
        for part in payment_parts(connection, provider_id=provider_id, month=month):
            if part.entry_key.startswith(_KEY):
                parts[part.entry_key.removeprefix(_KEY)].append(part)
        of_agents = {row.key: row.body for row in payments_of(connection, list(parts))}
        gone = set(stornos_of(connection, list(of_agents)).values())
        cancelled = known_keys(connection, [key_of(key) for key in parts for key_of in (cancel_key, refund_key)])
    told = []
    for key, paid in parts.items():
        body = of_agents.get(key)
        amount = sum(part.amount for part in paid)
        is_meant = body is None if not agent else body is not None and key.startswith(f"{agent}/")
        if not is_meant or amount <= 0 or key in gone or {cancel_key(key), refund_key(key)} & cancelled:
            continue
        months = {part.origin_month for part in paid if part.origin_month is not None} | {month.previous()}
        told.append(
            PaymentToTell(
                key,
                key if body is None else body.operation_id,
                paid[0].occurred_on,
                amount,
                paid[0].account_id,
                tuple(sorted(months, reverse=True)),
                frozenset(part.creditor_id for part in paid if part.creditor_id is not None),
            )
        )
    return told
