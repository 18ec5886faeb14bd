"""One account's month explained: line → clause with its numbers → records → messages. Read by people, and by machines as JSON.

The formula and the numbers are written by the clause itself; the way back of every number is read from the records. A third party
recomputes each amount from ``steps[].arguments`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Engine

from core.charges.causes import CAUSES
from core.charges.explain import Explanation, explain_line
from core.charges.law import Law
from core.errors import InputError
from core.ids import EntityId, ProviderId, RecordId
from core.ledger import months
from core.ledger.calculations import Calculation, latest_calculation, read_calculation, read_lines
from core.ledger.differences import DifferenceRow, read_differences
from core.model.finding import Finding
from core.model.lines import ChargeLine
from core.model.records import Body, RecalculationBlock
from core.period import Month
from core.records.bodies import find_records
from core.records.entities import AccountNumber, find_accounts
from core.records.findings import read_findings
from core.records.latest import read_organisations, read_services
from core.records.origins import Origin, origins
from core.records.providers import provider
from core.services.going_live import house_mode
from core.services.penalties import Penalties, PenaltyRow
from core.services.stops import read_stops
from core.services.support import Measure, measures_of
from core.storage.engine import transaction

__all__ = ["AccountExplained", "DifferenceExplained", "LineExplained", "account_explained", "explain_account", "with_penalties"]


@dataclass(frozen=True, slots=True)
class LineExplained:
    """A line with its explanation; None for a line that is the sender's own statement."""

    line: ChargeLine
    service: str
    creditor: str
    explanation: Explanation | None
    """None: the line is the sender's statement and no lawful line stands beside it."""
    lawful: int | None = None
    """Kopecks by the law, where the posted line is the sender's; the explanation is of this sum."""
    lawful_line: ChargeLine | None = None
    """The line of that sum."""


@dataclass(frozen=True, slots=True)
class DifferenceExplained:
    """What a closed month came to more or less for one cause, with the explanation of the line as it is now."""

    row: DifferenceRow
    service: str
    creditor: str
    explanation: Explanation | None
    """Of the line with what was learned; None: there is no line any more."""
    before: Explanation | None
    """Of the line without it; None: there was none."""
    block: str
    """Why it is not posted; empty: it is."""

    @property
    def cause(self) -> str:
        """The cause as people read it."""
        return CAUSES[self.row.cause].title


@dataclass(frozen=True, slots=True)
class AccountExplained:
    """All lines of an account in a month, and the origins of every record they name."""

    account: AccountNumber
    month: Month
    calculation: Calculation
    mode: str
    """``charge`` or ``accept``: whose lines the calculation has of this account."""
    lines: tuple[LineExplained, ...]
    held: tuple[Finding, ...]
    """What the calculation held of this account or of its house, and why."""
    origins: Mapping[RecordId, Origin]
    differences: tuple[DifferenceExplained, ...] = ()
    """Recalculations of closed months, by month and cause."""
    stopped: bool = False
    """Whether the house waits for a person's decision: these lines are not in the ledger."""
    support: tuple[Measure, ...] = ()
    """Measures of support of the month: price reductions, cash, subsidies."""
    records: Mapping[RecordId, Body] = field(default_factory=dict)
    """What the records of ``origins`` say, where they were asked for."""
    penalties: tuple[PenaltyRow, ...] = ()
    """Debts that bear penalties in the month or have some from earlier, with everything they are the sum of, where they were asked for."""
    creditors: Mapping[EntityId, str] = field(default_factory=dict)
    """Names of the recipients of penalties."""

    @property
    def total(self) -> int:
        """Kopecks charged for the month."""
        return sum(item.line.total for item in self.lines)

    @property
    def recalculated(self) -> int:
        """Kopecks of recalculations that come into the month; what is blocked does not."""
        return sum(item.row.total for item in self.differences if item.row.blocked_by is None)


def explain_account(engine: Engine, *, number: str, month: Month, law: Law | None = None) -> list[AccountExplained]:
    """Explain every account of a number (two providers may have the same); ``InputError`` when there is none or no lines.

    With the ``law`` also penalties, and what each record says.
    """
    with transaction(engine) as connection:
        found = find_accounts(connection, [number]).get(number, [])
        if not found:
            raise InputError("EX-0101", f"Лицевой счёт {number} не найден.", hint="Проверьте номер; он стоит на квитанции.", account=number)
        told = [account_explained(connection, account, month) for account in found]
        explained = [one for one in told if one is not None]
        if law is not None:
            explained = [with_penalties(connection, replace(one, records=_bodies(connection, one)), law) for one in explained]
    if not explained:
        raise InputError("EX-0102", f"За {month.title} по счёту {number} ничего не рассчитано.", hint=f"Выполните erkc bill month {month}.")
    return explained


def _bodies(connection: Connection, one: AccountExplained) -> dict[RecordId, Body]:
    return {stored.record_id: stored.body for stored in find_records(connection, one.origins)}


def with_penalties(connection: Connection, one: AccountExplained, law: Law) -> AccountExplained:
    """The same with what the penalties of the month are the sum of."""
    owner = one.account.provider_id
    rows = tuple(Penalties(connection, provider(connection, owner), one.month, law, only=one.account.account_id).rows())
    names = {row.entity_id: row.name for row in read_organisations(connection, provider_id=owner, month=one.month)}
    return replace(one, penalties=rows, creditors={row.creditor_id: names.get(row.creditor_id, "") for row in rows if row.creditor_id})


def account_explained(connection: Connection, account: AccountNumber, month: Month) -> AccountExplained | None:
    """Explain one account; None when nothing was calculated for the month."""
    calculation = _current(connection, account.provider_id, month)
    if calculation is None:
        return None
    lines = list(read_lines(connection, calculation, [account.account_id]))
    mode = house_mode(connection, calculation, account.house_id)
    lawful = {} if mode == "charge" else _lawful(connection, calculation, account.account_id)
    services = {row.entity_id: row for row in read_services(connection, provider_id=account.provider_id, month=month)}
    names = {row.entity_id: row.name for row in read_organisations(connection, provider_id=account.provider_id, month=month)}
    lines.sort(
        key=lambda line: (services[line.service_id].sort_order or 999, len(services[line.service_id].key), services[line.service_id].key)
    )
    told = tuple(_told(line, services[line.service_id].name, names[line.creditor_id], mode, lawful.get(line.service_id)) for line in lines)
    differences = _differences(connection, calculation, account.account_id, {key: row.name for key, row in services.items()}, names)
    changed = [line for item in differences for line in (item.row.before, item.row.after) if line is not None]
    sources = {record for line in (*lines, *lawful.values(), *changed) for record in line.sources}
    sources |= {record for item in differences for record in item.row.records}
    support = measures_of(
        connection,
        provider_id=account.provider_id,
        month=month,
        calculation=calculation,
        lines={account.account_id: lines if mode == "charge" else list(lawful.values())},
        services={key: (row.key, row.name) for key, row in services.items()},
        accounts=[account.account_id],
    )
    return AccountExplained(
        account=account,
        month=month,
        calculation=calculation,
        mode=mode,
        lines=told,
        held=_held(connection, calculation, account),
        origins=origins(connection, sorted(sources | {one.row.record_id for one in support})),
        differences=differences,
        stopped=account.house_id in read_stops(connection, calculation).houses,
        support=tuple(support),
    )


def _differences(
    connection: Connection, calculation: Calculation, account_id: EntityId, services: Mapping[EntityId, str], names: Mapping[EntityId, str]
) -> tuple[DifferenceExplained, ...]:
    """Recalculations in the order of months and of the split."""
    rows = list(read_differences(connection, calculation, [account_id]))
    blocks = {stored.record_id: stored.body for stored in find_records(connection, [row.blocked_by for row in rows if row.blocked_by])}
    order = list(CAUSES)
    told = []
    for row in sorted(rows, key=lambda row: (row.month, order.index(row.cause), row.service_id)):
        block = None if row.blocked_by is None else blocks.get(row.blocked_by)
        told.append(
            DifferenceExplained(
                row=row,
                service=services.get(row.service_id, str(row.service_id)),
                creditor=names.get(row.creditor_id, str(row.creditor_id)),
                explanation=None if row.after is None else explain_line(row.after),
                before=None if row.before is None else explain_line(row.before),
                block=block.reason if isinstance(block, RecalculationBlock) else "",
            )
        )
    return tuple(told)


def _held(connection: Connection, calculation: Calculation, account: AccountNumber) -> tuple[Finding, ...]:
    found = (stored.finding for stored in read_findings(connection, calculation_id=calculation.calculation_id))
    return tuple(
        item for item in found if (item.account_id == account.account_id if item.account_id else item.house_id in (None, account.house_id))
    )


def _current(connection: Connection, provider_id: ProviderId, month: Month) -> Calculation | None:
    """The calculation that the month stands on; before there is one, the last lawful draft."""
    step = months.current(connection, provider_id=provider_id, month=month)
    if step.calculation_id is not None:
        return read_calculation(connection, step.calculation_id)
    return latest_calculation(connection, provider_id=provider_id, month=month, mode="charge")


def _lawful(connection: Connection, calculation: Calculation, account_id: EntityId) -> dict[EntityId, ChargeLine]:
    """Our lines beside the sender's, by service."""
    ours = latest_calculation(connection, provider_id=calculation.provider_id, month=calculation.month, mode="charge")
    return {} if ours is None else {line.service_id: line for line in read_lines(connection, ours, [account_id])}


def _told(line: ChargeLine, service: str, creditor: str, mode: str, lawful: ChargeLine | None) -> LineExplained:
    if mode == "charge":
        return LineExplained(line, service, creditor, explain_line(line))
    if lawful is None:
        return LineExplained(line, service, creditor, None)
    return LineExplained(line, service, creditor, explain_line(lawful), lawful.total, lawful)
