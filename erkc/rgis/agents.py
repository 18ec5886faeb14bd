"""Payments that agents took, told to the region under the agent's ИНН (SyncChargePaymentAgent), each once.

The message adds to what the region has, so a payment that is on its way or was taken is never in another message: the outbox knows every
one by the entry that posted it. A cancellation is an entry of its own and goes as a negative sum. The region's setting ``online_agents``
says whose a registry's profile is; payments of a profile without ``inn`` are told and not sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from uuid import uuid4, uuid5

from sqlalchemy import Connection

from adapters.rgis.soap import ROWS, AgentRow, RkcClient, agents_message
from core import outbox
from core.clock import Clock
from core.ids import TransportGuid
from core.ledger.payments import CountedPayment, counted_payments
from core.period import Month
from core.records.bank import payments_of
from core.records.facts import read_settings
from core.records.latest import read_accounts
from core.records.providers import Provider
from core.services.regional import prepare_call
from erkc.rgis.payments import operation_of_key

__all__ = ["AGENTS", "ToldPayments", "prepare_agent_payments"]

AGENTS = "SyncChargePaymentAgent"
_KIND = "rgis_agent_payment"


@dataclass(slots=True)
class ToldPayments:
    """What was put into the outbox, and what can not be told."""

    messages: int = 0
    payments: int = 0
    without_agent: Counter[str] = field(default_factory=Counter)
    """Payments of profiles of whom no agent is named."""


def prepare_agent_payments(connection: Connection, service: RkcClient, provider: Provider, month: Month, clock: Clock) -> ToldPayments:
    """Put the month's payments of agents into the outbox, those that are not there yet."""
    told, today = ToldPayments(), clock.now().date()
    counted = list(counted_payments(connection, provider_id=provider.provider_id, month=month))
    there = outbox.live(connection, _KIND, sorted({one.entry_id for one in counted}))
    agents = _agents(connection, today)
    profiles, months = _profiles(connection, counted)
    groups: dict[str, list[CountedPayment]] = defaultdict(list)
    for one in counted:
        profile = profiles.get(operation_of_key(one.entry_key))
        if profile is None or one.entry_id in there or not one.amount:
            continue  # of an archive, told already, or moving nothing
        if profile in agents:
            groups[agents[profile]].append(one)
        else:
            told.without_agent[profile] += 1
    accounts = {row.entity_id: row for row in read_accounts(connection, provider_id=provider.provider_id, month=month)}
    for inn, of_agent in sorted(groups.items()):
        payments = iter(of_agent)
        while some := list(islice(payments, ROWS)):
            identifier = uuid4()
            rows = [
                AgentRow(
                    accounts[one.account_id].number, accounts[one.account_id].payer_name,
                    months.get(operation_of_key(one.entry_key)) or month.first, one.debt + one.advance, one.penalty, one.paid_on,
                )
                for one in some
            ]  # fmt: skip
            items = {one.entry_id: outbox.Item(TransportGuid(uuid5(identifier, str(one.entry_id))), _KIND, one.entry_id) for one in some}
            prepare_call(
                connection, provider_id=provider.provider_id, operation=AGENTS, subject=f"{month}/{inn}/{identifier}",
                identifier=identifier, data=service.sealed(agents_message(identifier, inn, f"{month}-{identifier}", today, rows)),
                clock=clock, items=list(items.values()),
            )  # fmt: skip
            told.messages, told.payments = told.messages + 1, told.payments + len(items)
    return told


def _agents(connection: Connection, day: date) -> dict[str, str]:
    """ИНН of the agent by the profile of its registries."""
    listed = read_settings(connection, day=day, provider_id=None).get("online_agents", [])
    named = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {str(one["profile"]): str(one["inn"]) for one in named if one.get("profile") and one.get("inn")}


def _profiles(connection: Connection, counted: list[CountedPayment]) -> tuple[dict[str, str], dict[str, date | None]]:
    """Profile of the registry and month that was paid for, by operation; payments of archives have neither."""
    rows = payments_of(connection, [operation_of_key(one.entry_key) for one in counted])
    return {row.key: row.body.registry.partition("/")[0] for row in rows}, {row.key: row.body.for_month for row in rows}
