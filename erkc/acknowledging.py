"""Which payments are acknowledged to the federal system (квитирование): those of settled registries that paid a placed bill.

Who took the money is known from the statement line that settled the registry; a payment of a registry whose order has not come is not
acknowledged yet. A direct transfer has no operator of payments: its notification comes from the payer's own bank.
"""

from __future__ import annotations

from collections import defaultdict

from core.ids import ProviderId
from core.ledger.balances import PaymentPart, payment_parts
from core.model.lines import Chart
from core.period import Month
from core.records.bank import read_payments
from core.records.latest import read_organisations
from core.services.federal import PaidPart, PaymentToAcknowledge
from core.services.payments import reconcile
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["payments_to_acknowledge"]

_SETTLED = frozenset(("reconciled", "closed"))


def payments_to_acknowledge(application: Application, *, provider_id: ProviderId, month: Month) -> list[PaymentToAcknowledge]:
    """Payments posted in a month that paid bills of earlier months, with the services they went to."""
    acceptors = _acceptors(application, provider_id)
    with transaction(application.engine) as connection:
        parts: dict[tuple[str, Month], list[PaymentPart]] = defaultdict(list)
        for part in payment_parts(connection, provider_id=provider_id, month=month):
            if part.chart is Chart.RECEIVABLE and part.origin_month is not None:
                parts[part.entry_key, part.origin_month].append(part)
    payments = []
    for (key, origin), paid in parts.items():
        acceptor = acceptors.get(key)
        if acceptor is None:
            continue
        order_id, inn, ogrn = acceptor
        listed = tuple(
            PaidPart(part.service_id, part.creditor_id, part.amount)
            for part in paid
            if part.service_id is not None and part.creditor_id is not None and part.amount > 0
        )
        payments.append(PaymentToAcknowledge(f"{key}/{origin}", order_id, inn, ogrn, paid[0].account_id, origin, listed))
    return payments


def _acceptors(application: Application, provider_id: ProviderId) -> dict[str, tuple[str, str, str]]:
    """By the key of a payment's entry: the agent's operation id, and ИНН and ОГРН of who took the money."""
    settled = reconcile(application.engine, clock=application.clock)
    with transaction(application.engine) as connection:
        ogrn = {row.inn: row.ogrn for row in read_organisations(connection, provider_id=provider_id)}
        found = {}
        for outcome in settled.result.registries:
            if outcome.state not in _SETTLED or not outcome.lines:
                continue
            inn = settled.lines[outcome.lines[0]].body.other_inn
            if inn in ogrn:
                registry = settled.registries[outcome.key]
                for row in read_payments(connection, registry.message_id):
                    found[f"payment/{row.key}"] = (row.body.operation_id, inn, ogrn[inn])
    return found
