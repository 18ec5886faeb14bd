"""What was decided about an account's debts: days without penalties, judgements of a court (charging rules, section 2.2).

Both are records of their own, brought by acts, and hold as long as the newest version of the act is of their kind. A judgement makes a
sub-account of the debts of its months (:mod:`core.services.report_court`): penalties up to the judged day are frozen as they stood on it,
later ones run on what is unpaid of the principal, with the count of days of the original due day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.charges.penalty_rules import Stop
from core.ids import EntityId
from core.model.records import CourtJudgement, PenaltyStop
from core.period import Month
from core.records.acts import act_kinds
from core.records.bodies import StoredRecord, read_records
from core.records.entities import find_accounts, organisation_ids
from core.records.latest import find_organisation
from core.records.providers import Provider

__all__ = ["DebtDecisions", "Judgement", "read_decisions"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judgement on an account's debts of some months; sums are those of the act, kopecks."""

    account_id: EntityId
    case: str
    judged_on: date
    judged_to: date
    first_month: Month
    last_month: Month
    principal: int
    penalties: int
    costs: int = 0
    """State duty and costs that the court has awarded besides."""
    costs_to: str = ""
    """ИНН of whom they are awarded to, and its number; None: nobody of this ИНН is known."""
    creditor_id: EntityId | None = None

    def covers(self, origin: Month) -> bool:
        """Whether a debt of the month was judged."""
        return self.first_month <= origin <= self.last_month


@dataclass(frozen=True, slots=True)
class DebtDecisions:
    """Decisions in force about the accounts of a provider."""

    stopped: Mapping[EntityId, Sequence[Stop]]
    judgements: Mapping[EntityId, Sequence[Judgement]]

    def stops(self, account: EntityId) -> tuple[Stop, ...]:
        """Days on which the account's debts bear no penalty, though they age."""
        return tuple(self.stopped.get(account, ()))

    def judged(self, account: EntityId, origin: Month) -> Judgement | None:
        """The judgement that covers a debt; of several the last."""
        found = [one for one in self.judgements.get(account, ()) if one.covers(origin)]
        return max(found, key=lambda one: one.judged_to, default=None)


def read_decisions(connection: Connection, provider: Provider) -> DebtDecisions:
    """Decisions about a provider's accounts; one about an account that is not there was told when it was taken and waits for it."""
    owner = provider.provider_id
    stops = list(read_records(connection, PenaltyStop, provider_id=owner))
    acts = list(read_records(connection, CourtJudgement, provider_id=owner))
    kinds = act_kinds(connection, provider_id=owner, keys=[*(stop.key for stop in stops), *(act.key for act in acts)])
    found = find_accounts(connection, sorted({*(stop.body.account for stop in stops), *(act.body.account for act in acts)}))
    accounts = {number: [one.account_id for one in of_number if one.provider_id == owner] for number, of_number in found.items()}
    stopped: dict[EntityId, list[Stop]] = defaultdict(list)
    for stop in stops:
        if kinds.get(stop.key, PenaltyStop.kind_name) == PenaltyStop.kind_name:
            for account in accounts.get(stop.body.account, ()):
                stopped[account].append(Stop(stop.valid_from or date.min, stop.valid_to or date.max))
    creditors = {inn: _creditor(connection, provider, inn) for inn in sorted({act.body.costs_to for act in acts if act.body.costs_to})}
    judged: dict[EntityId, list[Judgement]] = defaultdict(list)
    for act in acts:
        if kinds.get(act.key, CourtJudgement.kind_name) == CourtJudgement.kind_name:
            for account in accounts.get(act.body.account, ()):
                judged[account].append(_judgement(account, act, creditors))
    return DebtDecisions(stopped, judged)


def _creditor(connection: Connection, provider: Provider, inn: str) -> EntityId | None:
    own = find_organisation(connection, provider_id=provider.provider_id, inn=inn)
    return own or organisation_ids(connection).get(inn)


def _judgement(account: EntityId, act: StoredRecord[CourtJudgement], creditors: Mapping[str, EntityId | None]) -> Judgement:
    body = act.body
    return Judgement(
        account_id=account,
        case=body.case_number,
        judged_on=body.judged_on,
        judged_to=body.judged_to,
        first_month=Month.of(body.first_month),
        last_month=Month.of(body.last_month),
        principal=body.principal,
        penalties=body.penalties,
        costs=body.costs or 0,
        costs_to=body.costs_to or "",
        creditor_id=creditors.get(body.costs_to or ""),
    )
