"""The operational day: how it stands, and closing it with both lists.

Three days of money are kept apart: paid on (penalties, order of payments), accounted on (the turnover month, "paid" of a bill), statement
(settlement with recipients). The bridge between the ledger and the bank at the end of a day is what stands in transit: registries whose
money has not come, and credits of agents whose registry has not. It must explain the balance to the kopeck, or the day is not closed.
A closed day takes no posting; money that comes later is accounted on the next open day with its own day of payment.

A person closes a day, or a job does: in the evening of the next working day (bank-formats 14.3), for till then registries of it still come.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, Engine

from core import archive
from core.calendar import WorkCalendar
from core.clock import Clock
from core.errors import ConflictError, InputError
from core.ids import CENTRE, MessageId
from core.ledger.bank_days import (
    BankDay,
    accounted_by_kind,
    close_day,
    closed_days,
    closed_through,
    first_accounted,
    lock_days,
    transit_items,
)
from core.money import format_roubles
from core.records.bank import RegistryRow, StatementRow, payments_of
from core.services.bank_money import day_of_line
from core.services.clearing import cancel_key
from core.services.statements import compared
from core.storage.engine import transaction

__all__ = ["BankDay", "DayItem", "DayStanding", "close_bank_day", "close_due_day", "closed_bank_days", "due_day", "stand_of_day"]

_LINE = "statement/"
closed_bank_days = closed_days


@dataclass(frozen=True, slots=True)
class DayItem:
    """A registry or a statement line that has no counterpart (in full), kopecks, since when and in which state."""

    key: str
    title: str
    state: str
    since: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class DayStanding:
    """An operational day at its end."""

    day: date
    is_closed: bool
    came: int
    """Credits of the statement by value date, kopecks."""
    went: int
    accounted: Mapping[str, tuple[int, int]]
    """By kind of entry: how many the day was posted, and their kopecks."""
    without_line: tuple[DayItem, ...]
    """Registries whose money is not (all) in the statements; negative: more came than the registry says."""
    without_registry: tuple[DayItem, ...]
    """Credits of agents in the statements that no registry explains."""
    transit: int
    """The ledger's balance in transit; what the lists must come to."""

    @property
    def unexplained(self) -> int:
        """The balance less the lists: nothing, or the day is not closed."""
        return self.transit - sum(item.amount for item in self.without_line) + sum(item.amount for item in self.without_registry)

    def as_json(self) -> dict[str, object]:
        """For machines, and as it is kept with a closed day."""
        return {
            "day": self.day.isoformat(),
            "closed": self.is_closed,
            "statement": {"came_kop": self.came, "went_kop": self.went},
            "accounted": {kind: {"count": count, "amount_kop": amount} for kind, (count, amount) in self.accounted.items()},
            "in_registry_not_in_statement": [_item_json(item) for item in self.without_line],
            "in_statement_not_in_registry": [_item_json(item) for item in self.without_registry],
            "transit_kop": self.transit,
            "unexplained_kop": self.unexplained,
        }


def stand_of_day(connection: Connection, day: date) -> DayStanding:
    """How an operational day stands, whether it is closed or not."""
    closed = closed_through(connection)
    return _standing(connection, day, is_closed=closed is not None and day <= closed)


def close_bank_day(engine: Engine, *, day: date, actor: str, reason: str, clock: Clock) -> tuple[DayStanding, MessageId]:
    """Close a day and all before it; both lists are archived with the decision.

    ``InputError`` DAY-0101 when it is closed, DAY-0102 when it has not come, ``ConflictError`` DAY-0103 when the lists do not explain the
    balance in transit.
    """
    if day > clock.now().date():
        raise InputError("DAY-0102", f"День {day:%d.%m.%Y} ещё не наступил.", hint="Закрывайте прошедшие дни и сегодняшний.")
    with transaction(engine) as connection:
        lock_days(connection)
        closed = closed_through(connection)
        if closed is not None and day <= closed:
            raise InputError(
                "DAY-0101", f"День {day:%d.%m.%Y} уже закрыт: закрыто по {closed:%d.%m.%Y}.", hint="Закрытый день не меняется."
            )
        found = _standing(connection, day, is_closed=False)
        if found.unexplained:
            left = format_roubles(found.unexplained)
            raise ConflictError(
                "DAY-0103",
                f"День {day:%d.%m.%Y} не закрыть: в пути {format_roubles(found.transit)}, списки не объясняют {left}.",
                hint="Выполните erkc reconcile и erkc verify; если не сошлось, сообщите разработчику.",
            )
        decision = {"decision": "close_bank_day", "actor": actor, "reason": reason, **found.as_json()}
        data = json.dumps(decision, ensure_ascii=False, indent=1).encode()
        stored = archive.store(
            connection,
            data=data,
            name=f"day-{day.isoformat()}.json",
            channel="bank_day",
            direction="decision",
            provider_id=CENTRE,
            at=clock.now(),
        )
        close_day(connection, day, actor=actor, reason=reason, content=found.as_json(), message_id=stored.message_id, at=clock.now())
        return found, stored.message_id


def due_day(today: date, calendar: WorkCalendar) -> date:
    """The last day that is to be closed: of which the next working day is not later than today."""
    working = today
    while not calendar.is_working(working):
        working -= timedelta(days=1)
    return working - timedelta(days=1)


def close_due_day(engine: Engine, *, today: date, calendar: WorkCalendar, actor: str, clock: Clock) -> DayStanding | None:
    """Close the day that is due; None: it is closed, or no money of banks has come until it.

    ``ConflictError`` DAY-0103 as :func:`close_bank_day`.
    """
    day = due_day(today, calendar)
    with transaction(engine) as connection:
        first, closed = first_accounted(connection), closed_through(connection)
    if first is None or first > day or (closed is not None and closed >= day):
        return None
    return close_bank_day(engine, day=day, actor=actor, reason="вечер следующего рабочего дня", clock=clock)[0]


def _standing(connection: Connection, day: date, *, is_closed: bool) -> DayStanding:
    result, registries, lines = compared(connection)
    of_message = {row.message_id: key for key, row in registries.items()}
    items = transit_items(connection, day)
    cancelled = [item.entry_key.removeprefix(cancel_key("")) for item in items if item.entry_key.startswith(cancel_key(""))]
    registry_of = {cancel_key(row.key): row.body.registry for row in payments_of(connection, cancelled)}
    owed: dict[str, int] = defaultdict(int)
    credited: dict[str, int] = {}
    for item in items:
        if item.entry_key.startswith(_LINE):
            credited[item.entry_key.removeprefix(_LINE)] = -item.amount
        elif (
            key := registry_of.get(item.entry_key) or (of_message.get(item.message_id) if item.message_id is not None else None)
        ) is not None:
            owed[key] += item.amount
    alone: dict[str, int] = {}
    states = {one.key: one.state for one in result.registries} | {one.key: one.state for one in result.lines}
    for outcome in result.lines:
        left = credited.get(outcome.key, 0)
        if outcome.key in credited:
            for registry, share in zip(outcome.registries, outcome.shares, strict=True):
                owed[registry] -= share
                left -= share
        if left:
            alone[outcome.key] = left
    moved = [(row.body.incoming, row.body.amount) for row in lines.values() if day_of_line(row.body) == day]
    return DayStanding(
        day=day,
        is_closed=is_closed,
        came=sum(amount for incoming, amount in moved if incoming),
        went=sum(amount for incoming, amount in moved if not incoming),
        accounted=accounted_by_kind(connection, day),
        without_line=tuple(_of_registry(registries[key], states[key], amount) for key, amount in sorted(owed.items()) if amount),
        without_registry=tuple(_of_line(lines[key], states[key], amount) for key, amount in sorted(alone.items())),
        transit=sum(item.amount for item in items),
    )


def _of_registry(row: RegistryRow, state: str, amount: int) -> DayItem:
    body = row.body
    title = f"реестр {body.number or body.order_number or row.key}, {body.agent or body.profile}"
    return DayItem(row.key, title, state, body.registry_on or body.order_on, amount)


def _of_line(row: StatementRow, state: str, amount: int) -> DayItem:
    return DayItem(row.key, f"документ {row.body.number}, {row.body.other_name}", state, day_of_line(row.body), amount)


def _item_json(item: DayItem) -> dict[str, object]:
    return {
        "key": item.key,
        "title": item.title,
        "state": item.state,
        "since": None if item.since is None else item.since.isoformat(),
        "amount_kop": item.amount,
    }
