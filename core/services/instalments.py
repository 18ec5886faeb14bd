"""Instalment plans that a sender's archive brings (Формат 4.0, INSTALMENT), by the debt they spread."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from sqlalchemy import Connection

from core.charges.instalments import Plan, plan_of
from core.ids import EntityId
from core.model.records import SectionRow
from core.money import parse_roubles
from core.period import Month
from core.records.bodies import read_bodies
from core.records.entities import entity_ids
from core.records.latest import read_organisations
from core.records.providers import Provider

__all__ = ["PlannedDebt", "read_plans"]

PlannedDebt = tuple[EntityId, EntityId, EntityId, Month]
"""Account, service, creditor, origin month."""


def read_plans(connection: Connection, provider: Provider) -> dict[PlannedDebt, Plan]:
    """Plans in force by debt; a row about an account, service or creditor that is not known is left to the findings of its archive."""
    rows = [row.cells for row in read_bodies(connection, SectionRow, provider_id=provider.provider_id) if row.section == "instalment"]
    if not rows:
        return {}
    accounts = entity_ids(connection, provider.provider_id, "account")
    services = entity_ids(connection, provider.provider_id, "service")
    parties = {row.key: row.entity_id for row in read_organisations(connection, provider_id=provider.provider_id)}
    plans: dict[PlannedDebt, Plan] = {}
    for _, account, service, creditor, origin, total, months, first, percent, *_ in rows:
        if account in accounts and service in services and creditor in parties:
            debt = (accounts[account], services[service], parties[creditor], _month(origin))
            plans[debt] = plan_of(parse_roubles(total), months=int(months), first_month=_month(first), percent=Fraction(percent))
    return plans


def _month(text: str) -> Month:
    """A month as the format writes it: its first day."""
    return Month.of(datetime.strptime(text, "%d.%m.%Y").date())  # noqa: DTZ007 - a calendar day, no instant
