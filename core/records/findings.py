"""Findings as they were made, and what people decided about them. Both only grow; the last decision on a finding holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.errors import InputError
from core.ids import CalculationId, MessageId, ProviderId
from core.model.finding import Finding, Position
from core.period import Month
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["ACCEPTED", "Decision", "StoredFinding", "carry_decisions", "decide", "read_finding", "read_findings", "save_findings"]

ACCEPTED = "accept"
"""The verdict that lets through what a finding stops."""

_COLUMNS = (
    ("n", "bigint"), ("file", "text"), ("file_row", "integer"), ("field", "integer"), ("code", "text"), ("severity", "text"),
    ("effect", "text"), ("value", "text"), ("message", "text"), ("hint", "text"), ("dependents", "jsonb"),
    ("house_id", "bigint"), ("account_id", "bigint"), ("service_id", "bigint"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a finding, and why."""

    verdict: str
    reason: str
    actor: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding with its number, whose data it is about, and the decision that holds (None: open)."""

    finding_id: int
    provider_id: ProviderId
    message_id: MessageId | None
    month: Month | None
    finding: Finding
    found_at: datetime
    decision: Decision | None

    @property
    def is_accepted(self) -> bool:
        """Whether the decision that holds lets it through."""
        return self.decision is not None and self.decision.verdict == ACCEPTED


def save_findings(
    connection: Connection,
    findings: Iterable[Finding],
    *,
    provider_id: ProviderId,
    message_id: MessageId | None,
    month: Month | None,
    found_at: datetime,
    calculation_id: CalculationId | None = None,
) -> int:
    """Store findings in the order given and return how many are new; those that their source already has are not repeated.

    Their source is a message, a calculation, or else the month.

    Those of an attempt before the latest outcome of the message do not count: store the outcome first.
    """
    rows = (
        (
            number, item.position.file, item.position.row, item.field, item.code, item.severity, item.effect, item.value, item.message,
            item.hint, json.dumps(dict(item.dependents)), item.house_id, item.account_id, item.service_id,
        )
        for number, item in enumerate(findings)
    )  # fmt: skip
    stage(connection, "arrived_finding", _COLUMNS, rows)
    parameters = {
        "provider": provider_id,
        "message": message_id,
        "calculation": calculation_id,
        "month": None if month is None else month.first,
        "found_at": found_at,
    }
    return connection.execute(queries("core.records").save_findings, parameters).rowcount


def read_findings(
    connection: Connection,
    *,
    message_id: MessageId | None = None,
    calculation_id: CalculationId | None = None,
    provider_id: ProviderId | None = None,
    month: Month | None = None,
    open_only: bool = False,
) -> list[StoredFinding]:
    """Findings of a message, of a calculation, of a provider, of a month (each restricts further), in the order they were made.

    A message that was rejected and tried again shows those of its latest outcome only.
    """
    return _read(
        connection, finding=None, message=message_id, calculation=calculation_id, provider=provider_id, month=month, open_only=open_only
    )


def read_finding(connection: Connection, finding_id: int) -> StoredFinding:
    """One finding; ``InputError`` REC-0102 when there is none of this number."""
    found = _read(connection, finding=finding_id, message=None, calculation=None, provider=None, month=None, open_only=False)
    if not found:
        raise InputError("REC-0102", f"Нет замечания № {finding_id}.", hint="Номера замечаний показывает erkc bill findings ГГГГ-ММ.")
    return found[0]


def _read(
    connection: Connection,
    *,
    finding: int | None,
    message: MessageId | None,
    calculation: CalculationId | None,
    provider: ProviderId | None,
    month: Month | None,
    open_only: bool,
) -> list[StoredFinding]:
    parameters = {
        "finding": finding,
        "message": message,
        "calculation": calculation,
        "provider": provider,
        "month": None if month is None else month.first,
        "open_only": open_only,
    }
    found = []
    for row in connection.execute(queries("core.records").read_findings, parameters):
        item = Finding(
            Position(row.file, row.file_row),
            row.code,
            row.severity,
            row.effect,
            row.field,
            row.value,
            row.message,
            row.hint,
            row.dependents,
            row.house_id,
            row.account_id,
            row.service_id,
        )
        decision = None if row.verdict is None else Decision(row.verdict, row.reason, row.actor, row.decided_at)
        of_month = None if row.month is None else Month.of(row.month)
        found.append(StoredFinding(row.finding_id, row.provider_id, row.message_id, of_month, item, row.found_at, decision))
    return found


def decide(connection: Connection, finding_id: int, *, verdict: str, reason: str, actor: str, message_id: MessageId, at: datetime) -> bool:
    """Store a person's decision; ``message_id`` is the archived decision itself. False when the same verdict already holds."""
    stored = read_finding(connection, finding_id)
    if stored.decision is not None and stored.decision.verdict == verdict:
        return False
    parameters = {"finding": finding_id, "verdict": verdict, "reason": reason, "actor": actor, "message": message_id, "at": at}
    connection.execute(queries("core.records").decide_finding, parameters)
    return True


def carry_decisions(connection: Connection, *, provider_id: ProviderId, month: Month, calculation_id: CalculationId) -> int:
    """Accept again what a person accepted of an earlier draft of the month and this one finds with the same content; returns how many."""
    parameters = {"provider": provider_id, "month": month.first, "calculation": calculation_id}
    return connection.execute(queries("core.records").carry_decisions, parameters).rowcount
