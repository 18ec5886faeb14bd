"""Measures of support of a month, one row each: what the sender says of a price reduction, a compensation in cash, a subsidy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import EntityId, ProviderId, RecordId
from core.model.records import Account, CourtJudgement, Relief, SubsidyGrant
from core.period import Month
from core.records.acts import act_kinds
from core.records.versions import in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["GrantRow", "MeasureRow", "read_grants", "read_measures"]

_SUBSIDY = 3
_GRANT, _JUDGEMENT = "subsidy", CourtJudgement.kind_name


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure that holds on some day of the month."""

    record_id: RecordId
    account_id: EntityId
    number: str
    account: str
    """The sender's key of the account."""
    kind: int
    """1 price reduction on the bill, 2 compensation in cash, 3 subsidy."""
    service: str | None
    share_e4: int | None
    entitled: int | None
    starts_on: date
    ends_on: date | None
    amount: int | None
    """Kopecks a month as stated."""


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A subsidy granted by a decision; money in kopecks."""

    measure: MeasureRow
    persons: int
    income: int
    subsistence: int
    standard: int
    own_share_e4: int
    is_judged: bool
    """A court has judged a debt of the account in the years that matter: the subsidy is not paid."""


def read_grants(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    known_until: RecordId | None,
    accounts: Sequence[EntityId] | None = None,
    debt_years: int,
) -> list[GrantRow]:
    """Subsidies of some accounts, or of all, whose act still holds; judgements whose act does not are not counted."""
    tables = {"grant_now": in_force(SubsidyGrant), "judgement_now": in_force(CourtJudgement), "account_now": in_force(Account)}
    names = scope(provider_id, until=month.last, known_until=known_until) | {
        "since": month.first,
        "account_ids": None if accounts is None else list(accounts),
        "judged_after": month.previous(12 * debt_years).first,
    }
    rows = connection.execute(text(with_tables(queries("core.records").raw["subsidy_grants"], **tables)), names).all()
    kinds = act_kinds(connection, provider_id=provider_id, keys=[key for row in rows for key in (row.record_key, *row.judged)])
    found = []
    for row in rows:
        if kinds.get(row.record_key, _GRANT) != _GRANT:
            continue
        measure = MeasureRow(
            row.record_id, row.account_id, row.number, row.account, _SUBSIDY, None, None, row.persons, row.first, row.last, None
        )
        judged = any(kinds.get(key, _JUDGEMENT) == _JUDGEMENT for key in row.judged)
        found.append(GrantRow(measure, row.persons, row.income, row.subsistence, row.standard, row.own_share_e4, judged))
    return found


def read_measures(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    known_until: RecordId | None,
    accounts: Sequence[EntityId] | None = None,
) -> list[MeasureRow]:
    """Measures of some accounts, or of all, as known up to a record."""
    statement = with_tables(queries("core.records").raw["measures_of_support"], relief_now=in_force(Relief), account_now=in_force(Account))
    names = scope(provider_id, until=month.last, known_until=known_until)
    found = connection.execute(text(statement), names | {"since": month.first, "account_ids": None if accounts is None else list(accounts)})
    return [MeasureRow(*row) for row in found]
