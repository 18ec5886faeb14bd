"""Two months of the ledger compared, account by account and service by service: who pays more or less, by how much and why.

The lines of both months are read as two streams in the order of accounts, so memory does not grow with the region. What each month brought
of recalculations of closed months is a cause of its own, blocked ones left out: they were not posted. Accounts of houses that either month
stopped are left out for the same reason, and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import TypeVar

from sqlalchemy import Connection, Engine

from core.charges.changes import CAUSES, LineChange, Water, changes_of_account
from core.charges.comparison import Comparison, Sums
from core.errors import InputError
from core.ids import EntityId, ProviderId
from core.ledger import months
from core.ledger.calculations import Calculation, read_calculation, read_lines, totals
from core.ledger.differences import DifferenceRow, read_differences
from core.ledger.months import MonthState
from core.model.lines import ChargeLine
from core.money import readable_roubles
from core.period import Month
from core.records.latest import read_services
from core.records.places import houses_of_accounts
from core.records.providers import Provider
from core.services.compared import Compared, names_of
from core.services.stops import stopped_accounts
from core.storage.engine import reading

__all__ = ["diff_months"]

Progress = Callable[[int, int], None]
"""Called with accounts done and accounts in all."""

_ACCOUNTS_AT_ONCE = 500
_WATERS: dict[int | None, Water] = {1: "V_cold", 2: "V_hot"}
"""Codes of utilities."""
_INDIVIDUAL, _HEAT = 1, 5

_Row = TypeVar("_Row", ChargeLine, DifferenceRow)
_Account = tuple[EntityId, list[ChargeLine], list[ChargeLine], list[DifferenceRow], list[DifferenceRow]]


def diff_months(
    engine: Engine, *, senders: Sequence[Provider], before: Month, after: Month, top: int, progress: Progress = lambda done, of: None
) -> Compared:
    """Compare what two months came to for each account of the senders; ``InputError`` DF-0101 where no sender has both.

    A month that is computed and not posted yet is compared as its draft stands, which the notes say.
    """
    sums = Comparison(top)
    notes: list[str] = []
    without: dict[str, str] = {}
    uncomputed = after
    with reading(engine) as connection:
        chosen: list[tuple[Provider, Calculation, Calculation]] = []
        for sender in senders:
            found = [_calculation(connection, sender, month, notes) for month in (before, after)]
            missing = [month.title for month, one in zip((before, after), found, strict=True) if one is None]
            if missing:
                uncomputed = before if found[0] is None else after
                without[sender.inn] = f"{sender.name}: за {' и '.join(missing)} нет начислений."
            else:
                chosen.append((sender, *found))  # type: ignore[arg-type]  # none of the two is None
        if not chosen:
            raise InputError(
                "DF-0101",
                " ".join(without.values()) or f"За {before.title} и {after.title} нет начислений.",
                hint=f"Рассчитайте месяц: erkc bill month {uncomputed}; сравниваются месяцы, за которые есть начисления.",
            )
        done, of = 0, sum(totals(connection, new).accounts for _, _, new in chosen)
        for sender, old, new in chosen:
            stopped, left_out = _stopped(connection, old, new), Sums()
            for batch in _batches(_accounts(connection, old, new)):
                for account in (one for one in batch if one[0] in stopped):
                    left_out.add(*(sum(line.total for line in lines) for lines in account[1:3]))
                compared = [one for one in batch if one[0] not in stopped]
                _add(connection, sums, sender.provider_id, compared, _waters(connection, sender.provider_id))
                done += len(batch)
                progress(min(done, of), of)
            if left_out.accounts:
                notes.append(
                    f"{sender.name}: счета остановленных домов не сравниваются, их начисления не проведены: {left_out.accounts}, "
                    f"рассчитано было {readable_roubles(left_out.before)} руб., стало {readable_roubles(left_out.after)} руб."
                )
        names = names_of(connection, sums, [sender for sender, _, _ in chosen])
    title = f"Начисления: {before.title} и {after.title}"
    return Compared(title, before.title, after.title, sums, CAUSES, names, tuple(notes), without)


def _calculation(connection: Connection, sender: Provider, month: Month, notes: list[str]) -> Calculation | None:
    """What the month stands on; None where nothing was computed."""
    step = months.current(connection, provider_id=sender.provider_id, month=month)
    if step.calculation_id is None:
        return None
    if step.state not in (MonthState.POSTED, MonthState.CLOSED):
        notes.append(f"{sender.name}: {month.title} ещё не проведён ({step.title}), сравнивается так, как рассчитан.")
    return read_calculation(connection, step.calculation_id)


def _stopped(connection: Connection, old: Calculation, new: Calculation) -> set[EntityId]:
    """Accounts of houses that either month stopped: what was computed for them waits for a decision and is not in the ledger."""
    return {account for one in (old, new) for account in stopped_accounts(connection, one)}


def _waters(connection: Connection, provider_id: ProviderId) -> dict[EntityId, Water]:
    """Services of cold and of hot water, which wastewater is the sum of."""
    return {
        row.entity_id: _WATERS[row.utility_kind]
        for row in read_services(connection, provider_id=provider_id)
        if row.utility_kind in _WATERS and row.provision == _INDIVIDUAL and row.resource_kind != _HEAT
    }


def _accounts(connection: Connection, old: Calculation, new: Calculation) -> Iterator[_Account]:
    """Everything of each account of either month, in the order of accounts: four ordered streams walked together."""
    streams = (
        _grouped(read_lines(connection, old)), _grouped(read_lines(connection, new)),
        _grouped(read_differences(connection, old)), _grouped(read_differences(connection, new)),
    )  # fmt: skip
    heads = [next(stream, None) for stream in streams]
    while any(heads):
        account = min(head[0] for head in heads if head is not None)
        parts = []
        for place, head in enumerate(heads):
            if head is not None and head[0] == account:
                parts.append(head[1])
                heads[place] = next(streams[place], None)
            else:
                parts.append([])
        yield account, *parts  # type: ignore[misc]  # four lists, of lines and of differences


def _grouped(rows: Iterator[_Row]) -> Iterator[tuple[EntityId, list[_Row]]]:
    for account, mine in groupby(rows, key=lambda row: row.account_id):
        yield account, list(mine)


def _batches(accounts: Iterator[_Account]) -> Iterator[list[_Account]]:
    while batch := list(islice(accounts, _ACCOUNTS_AT_ONCE)):
        yield batch


def _add(connection: Connection, sums: Comparison, sender: ProviderId, batch: Sequence[_Account], waters: dict[EntityId, Water]) -> None:
    houses = houses_of_accounts(connection, [account for account, *_ in batch])
    for account, old, new, corrected_before, corrected_after in batch:
        changes = changes_of_account(old, new, waters) + list(_corrected(account, corrected_before, corrected_after))
        sums.add(account, changes, sender=sender, house=houses.get(account))


def _corrected(account: EntityId, before: Sequence[DifferenceRow], after: Sequence[DifferenceRow]) -> Iterator[LineChange]:
    """Recalculations of closed months that either month brought, service by service."""
    amounts: dict[EntityId, list[int]] = {}
    for place, rows in enumerate((before, after)):
        for row in rows:
            if row.blocked_by is None:
                amounts.setdefault(row.service_id, [0, 0])[place] += row.total
    for service, (was, is_now) in amounts.items():
        yield LineChange(account, service, was, is_now, {"closed_months": is_now - was} if is_now != was else {})
