"""An operator accepts what stopped a house: the decision is archived, recorded, and lets the house into the ledger.

In a draft the house simply goes on with the others. In a posted month its lines become entries of the same calculation, in the transaction
that records the decision, so that a killed run leaves either both or neither. A closed month takes nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from core import archive, events
from core.charges.causes import FIRST_CHARGE
from core.clock import Clock
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId
from core.ledger import months
from core.ledger.balances import rebuild_balances_since
from core.ledger.calculations import Calculation, post_calculation, read_calculation
from core.ledger.differences import houses_first_charged
from core.ledger.months import MonthState
from core.ledger.post import Posted
from core.period import Month
from core.records.findings import ACCEPTED, StoredFinding, decide, read_finding, read_findings
from core.records.providers import provider
from core.services.advances import use_advances, use_advances_on_penalties
from core.services.credits import use_credits
from core.services.going_live import charged_houses
from core.services.stops import read_stops, stopped_accounts, stops
from core.storage.engine import transaction

__all__ = ["Accepted", "MonthFindings", "accept_findings", "month_findings"]


@dataclass(frozen=True, slots=True)
class MonthFindings:
    """What the calculation of a provider's month found, with the decisions."""

    calculation: Calculation
    state: MonthState
    findings: tuple[StoredFinding, ...]
    charged: frozenset[EntityId] = frozenset()
    """Of a mixed month the houses whose lines are ours."""

    def is_open(self, stored: StoredFinding) -> bool:
        """Whether it stops its house, or the month, until it is accepted."""
        return stops(self.calculation.mode, stored.finding, self.charged) and not stored.is_accepted


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting findings of a month did."""

    month: Month
    findings: int
    """Accepted now; what was accepted before does not count."""
    still_open: int
    """Findings of the same month that still stop something."""
    houses: int
    """Houses that went into the ledger."""
    posted: Posted


def month_findings(engine: Engine, *, provider_id: ProviderId, month: Month) -> MonthFindings | None:
    """Findings of a provider's month as it stands; None when it is not computed."""
    with transaction(engine) as connection:
        step = months.current(connection, provider_id=provider_id, month=month)
        if step.calculation_id is None:
            return None
        calculation = read_calculation(connection, step.calculation_id)
        found = tuple(read_findings(connection, calculation_id=step.calculation_id))
        return MonthFindings(calculation, step.state, found, charged_houses(connection, calculation))


def accept_findings(engine: Engine, *, numbers: Sequence[int], reason: str, actor: str, clock: Clock) -> list[Accepted]:
    """Accept findings of months by their numbers, for a reason; accepting again changes nothing.

    ``InputError`` REC-0102 for a number that is not there, CH-0107 for a finding that stops nothing of the month as it stands now, CH-0108
    when the month is closed. All or nothing: one wrong number and none is accepted.
    """
    if not reason.strip():
        raise InputError("CH-0109", "Не указана причина решения.", hint='Напишите, почему это верно: --reason "…".')
    with transaction(engine) as connection:
        by_month = _by_month(connection, numbers)
    accepted = []
    for (provider_id, month), chosen in sorted(by_month.items()):
        at = clock.now()
        with transaction(engine) as connection:
            message = archive.store(
                connection, data=_document(chosen, month, reason, actor), name="accept-findings.json", channel="findings",
                direction="decision", provider_id=provider_id, at=at,
            ).message_id  # fmt: skip
        with transaction(engine) as connection:
            months.lock(connection, provider_id)
            decision = _Decision(connection, provider_id, month, reason, actor, message, at)
            accepted.append(decision.accept([stored.finding_id for stored in chosen]))
    return accepted


def _by_month(connection: Connection, numbers: Iterable[int]) -> dict[tuple[ProviderId, Month], list[StoredFinding]]:
    """The findings by the month that they stop; what stops nothing is refused before anything is decided."""
    found: dict[tuple[ProviderId, Month], list[StoredFinding]] = {}
    for number in dict.fromkeys(numbers):
        stored = read_finding(connection, number)
        if stored.month is None:
            raise _stops_nothing(number)
        found.setdefault((stored.provider_id, stored.month), []).append(stored)
    for (provider_id, month), chosen in found.items():
        _check(connection, provider_id, month, [stored.finding_id for stored in chosen])
    return found


def _check(connection: Connection, provider_id: ProviderId, month: Month, numbers: Sequence[int]) -> tuple[Calculation, MonthState]:
    """The calculation that the findings belong to, as the month stands now."""
    step = months.current(connection, provider_id=provider_id, month=month)
    if step.calculation_id is None:
        raise _stops_nothing(numbers[0])
    calculation = read_calculation(connection, step.calculation_id)
    known = {stored.finding_id: stored for stored in read_findings(connection, calculation_id=step.calculation_id)}
    waiting, charged = False, charged_houses(connection, calculation)
    for number in numbers:
        stored = known.get(number)
        if stored is None or not stops(calculation.mode, stored.finding, charged):
            raise _stops_nothing(number)
        waiting = waiting or not stored.is_accepted
    if waiting and step.state is MonthState.CLOSED:
        raise InputError(
            "CH-0108",
            f"Месяц {month.title} закрыт: остановленное в нём уже не проводится.",
            hint="Начислите перерасчётом в открытом месяце.",
        )
    return calculation, step.state


def _stops_nothing(number: int) -> InputError:
    return InputError(
        "CH-0107",
        f"Замечание № {number} ничего не останавливает: оно не ошибка расчёта или черновик с тех пор пересчитан.",
        hint="Номера того, что ждёт решения, показывает erkc bill findings МЕСЯЦ.",
    )


def _document(chosen: Sequence[StoredFinding], month: Month, reason: str, actor: str) -> bytes:
    """What is archived: who accepted what, and why."""
    document = {
        "decision": "accept_findings",
        "month": str(month),
        "findings": [
            {
                "finding": stored.finding_id,
                "code": stored.finding.code,
                "house_id": stored.finding.house_id,
                "account_id": stored.finding.account_id,
                "service_id": stored.finding.service_id,
                "message": stored.finding.message,
            }
            for stored in sorted(chosen, key=lambda stored: stored.finding_id)
        ],
        "reason": reason,
        "actor": actor,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


@dataclass(frozen=True, slots=True)
class _Decision:
    """One archived decision on findings of one month, in one transaction."""

    connection: Connection
    provider_id: ProviderId
    month: Month
    reason: str
    actor: str
    message_id: MessageId
    at: datetime

    def accept(self, numbers: Sequence[int]) -> Accepted:
        """Record it, and post the houses that nothing stops any more if the others are posted."""
        calculation, state = _check(self.connection, self.provider_id, self.month, numbers)
        before = read_stops(self.connection, calculation)
        new = [number for number in numbers if self._decide(number)]
        after = read_stops(self.connection, calculation)
        released = sorted(before.houses.keys() - after.houses.keys())
        posted = Posted()
        if released and state is MonthState.POSTED:
            self._check_first_charges(released)
            posted = self._post(calculation, released)
        events.record_many(
            self.connection,
            [
                events.NewEvent(
                    kind=events.EventKind.FINDING_DECIDED,
                    provider_id=self.provider_id,
                    subject_kind="finding",
                    subject_id=number,
                    data={"verdict": ACCEPTED, "month": str(self.month), "message": self.message_id},
                )
                for number in new
            ],
            at=self.at,
        )
        return Accepted(self.month, len(new), after.count, len(released) if state is MonthState.POSTED else 0, posted)

    def _check_first_charges(self, houses: Sequence[EntityId]) -> None:
        """What a later month has charged already for a stopped house can not be let through beside it."""
        charged = houses_first_charged(self.connection, provider_id=self.provider_id, month=self.month, houses=houses, cause=FIRST_CHARGE)
        if charged:
            raise InputError(
                "CH-0116",
                f"Остановленные в {self.month.title} дома (их {len(charged)}) уже начислены следующим месяцем по исправленным данным.",
                hint="Принимать нечего: начисленное видно в перерасчётах (erkc explain СЧЁТ ГГГГ-ММ).",
                houses=sorted(charged),
            )

    def _decide(self, number: int) -> bool:
        return decide(
            self.connection, number, verdict=ACCEPTED, reason=self.reason, actor=self.actor, message_id=self.message_id, at=self.at
        )

    def _post(self, calculation: Calculation, houses: Sequence[EntityId]) -> Posted:
        accounts = stopped_accounts(self.connection, calculation, houses)
        owner, only = provider(self.connection, self.provider_id), frozenset(accounts)
        posted = post_calculation(self.connection, calculation, at=self.at, only=accounts)
        posted += use_credits(self.connection, provider=owner, month=self.month, at=self.at, only=only)
        posted += use_advances(self.connection, provider=owner, month=self.month, at=self.at, only=only)
        posted += use_advances_on_penalties(self.connection, provider=owner, month=self.month, at=self.at, only=only)
        rebuild_balances_since(self.connection, provider_id=self.provider_id, month=self.month)
        return posted
