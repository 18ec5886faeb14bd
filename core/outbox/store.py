"""The outbox's statements, one function each. Every change of an exchange names the fence it was claimed with; ``False`` means another
has it now."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from core.errors import ConflictError
from core.ids import ExchangeId, MessageId, ProviderId, TransportGuid
from core.outbox.model import Count, Exchange, Item, ItemOutcome, LastWord, LiveItem, State, Trouble
from core.storage.sql import queries

__all__ = [
    "accepted",
    "acknowledge",
    "answered",
    "attach",
    "claim",
    "exchange",
    "exchanges",
    "finish",
    "hold_back",
    "items",
    "last_words",
    "live",
    "live_subject",
    "lose",
    "next_due",
    "postpone",
    "prepare",
    "refusals",
    "release",
    "resume_queue",
    "retract",
    "retract_parts",
    "settle",
    "statistics",
    "stop_queue",
    "sweep",
    "troubles",
    "unfinished",
    "unsent",
]

_FIELDS = tuple(Exchange.__dataclass_fields__)


def _exchange(row: Row[tuple[object, ...]]) -> Exchange:
    return Exchange(**{name: row._mapping[name] for name in _FIELDS})


def prepare(
    connection: Connection,
    *,
    provider_id: ProviderId,
    system: str,
    service: str,
    operation: str,
    subject: str,
    act: str,
    request: Mapping[str, object],
    request_guid: UUID,
    items: Iterable[Item],
    at: datetime,
    next_at: datetime | None = None,
    request_message_id: MessageId | None = None,
    replaces: ExchangeId | None = None,
    attempts: int = 0,
) -> ExchangeId:
    """Store a message's identifier and those of what it will carry, before its bytes exist or in the same transaction with them.

    ``ConflictError`` GIS-0301 when one of the things, or the subject, is on its way already; the transaction is then of no more use.
    """
    parameters = {
        "provider": provider_id,
        "system": system,
        "service": service,
        "operation": operation,
        "subject": subject,
        "act": act,
        "request": json.dumps(dict(request), ensure_ascii=False, sort_keys=True),
        "request_guid": request_guid,
        "message": request_message_id,
        "next_at": next_at or at,
        "replaces": replaces,
        "attempts": attempts,
        "at": at,
    }
    try:
        exchange_id = ExchangeId(connection.execute(queries("core.outbox").insert_exchange, parameters).scalar_one())
        carried = list(items)
        if carried:
            columns = {
                "guids": [item.transport_guid for item in carried],
                "kinds": [item.kind for item in carried],
                "ids": [item.local_id for item in carried],
            }
            connection.execute(queries("core.outbox").insert_items, {"exchange": exchange_id, "provider": provider_id, **columns})
    except IntegrityError as error:
        raise ConflictError(
            "GIS-0301", "Документ или запрос уже отправляется или размещён.", hint="Повторите команду: она продолжит начатое."
        ) from error
    return exchange_id


def attach(connection: Connection, exchange_id: ExchangeId, message_id: MessageId, *, at: datetime) -> bool:
    """Name the archived bytes of a prepared exchange; only then can it be claimed."""
    return _changed(connection, "attach", {"exchange": exchange_id, "message": message_id, "at": at})


def claim(
    connection: Connection, *, system: str, now: datetime, lease: timedelta, provider_id: ProviderId | None = None, most: int = 1
) -> list[Exchange]:
    """Take what is due, oldest first: prepared ones come back as ``sent`` (send them now), acknowledged ones to poll, lost ones to look
    for."""
    parameters = {"system": system, "now": now, "until": now + lease, "provider": provider_id, "most": most}
    return sorted(
        (_exchange(row) for row in connection.execute(queries("core.outbox").claim, parameters)),
        key=lambda item: (item.next_at, item.exchange_id),
    )


def sweep(connection: Connection, *, system: str, now: datetime, wait: timedelta) -> int:
    """Declare lost what was being sent when its worker vanished; it is looked for after ``wait``. Returns how many."""
    return connection.execute(queries("core.outbox").sweep, {"system": system, "now": now, "next_at": now + wait}).rowcount


def release(
    connection: Connection, claimed: Exchange, *, next_at: datetime, now: datetime, code: str | None = None, text: str | None = None
) -> bool:
    """Certainly nothing left the building (no connection): prepared again, with the same identifiers."""
    return _fenced(connection, "release", claimed, {"next_at": next_at, "now": now, "code": code, "text": text})


def acknowledge(connection: Connection, claimed: Exchange, *, remote_guid: UUID, next_at: datetime, now: datetime) -> bool:
    """The other side has it, under its own identifier."""
    return _fenced(connection, "acknowledge", claimed, {"remote": remote_guid, "next_at": next_at, "now": now})


def lose(
    connection: Connection,
    claimed: Exchange,
    *,
    next_at: datetime,
    now: datetime,
    code: str | None = None,
    text: str | None = None,
    message_id: MessageId | None = None,
) -> bool:
    """It is not known what became of it: look by export before anything is sent again."""
    return _fenced(connection, "lose", claimed, {"next_at": next_at, "now": now, "code": code, "text": text, "message": message_id})


def postpone(
    connection: Connection,
    claimed: Exchange,
    *,
    next_at: datetime,
    now: datetime,
    polled: bool = True,
    code: str | None = None,
    text: str | None = None,
) -> bool:
    """Nothing new: ask again at ``next_at``."""
    return _fenced(connection, "postpone", claimed, {"next_at": next_at, "now": now, "polled": int(polled), "code": code, "text": text})


def finish(
    connection: Connection,
    claimed: Exchange,
    state: Literal["done", "failed", "replaced"],
    *,
    now: datetime,
    message_id: MessageId | None = None,
    code: str | None = None,
    text: str | None = None,
) -> bool:
    """The conversation is over."""
    return _fenced(connection, "finish", claimed, {"state": state, "message": message_id, "code": code, "text": text, "now": now})


def settle(connection: Connection, exchange_id: ExchangeId, outcomes: Iterable[ItemOutcome]) -> int:
    """Write what became of waiting items; an item that is settled already stays as it is. Returns how many changed."""
    told = list(outcomes)
    if not told:
        return 0
    columns = {
        "guids": [item.transport_guid for item in told],
        "states": [item.state for item in told],
        "remote_guids": [item.remote_guid for item in told],
        "remote_numbers": [item.remote_number for item in told],
        "errors": [json.dumps([dict(error) for error in item.errors], ensure_ascii=False) for item in told],
    }
    return connection.execute(queries("core.outbox").settle, {"exchange": exchange_id, **columns}).rowcount


def retract_parts(connection: Connection, *, act: str, kind: str, provider_id: ProviderId, ipd: str, orders: Collection[str]) -> None:
    """Parts of payments that were taken and are taken back, of one document and some orders: each may leave again."""
    parameters = {"act": act, "kind": kind, "provider": provider_id, "ipd": ipd, "orders": list(orders)}
    connection.execute(queries("core.outbox").retract_parts, parameters)


def retract(connection: Connection, kind: str, local_ids: Collection[int]) -> int:
    """The other side has let go of these things: they may be sent again. Returns how many were there."""
    return connection.execute(queries("core.outbox").retract, {"kind": kind, "ids": list(local_ids)}).rowcount


def exchange(connection: Connection, exchange_id: ExchangeId, *, lock: bool = False) -> Exchange:
    """One conversation; ``lock`` holds it to the end of the transaction."""
    statement = queries("core.outbox").lock_exchange if lock else queries("core.outbox").exchange
    return _exchange(connection.execute(statement, {"exchange": exchange_id}).one())


def exchanges(
    connection: Connection, *, system: str, states: Sequence[State], provider_id: ProviderId | None = None, act: str | None = None
) -> list[Exchange]:
    """Conversations in any of the states, in the order they began."""
    parameters = {"system": system, "provider": provider_id, "states": list(states), "act": act}
    return [_exchange(row) for row in connection.execute(queries("core.outbox").exchanges, parameters)]


def live_subject(connection: Connection, *, provider_id: ProviderId, system: str, act: str, subject: str) -> Exchange | None:
    """The unfinished conversation about a subject."""
    parameters = {"provider": provider_id, "system": system, "act": act, "subject": subject}
    row = connection.execute(queries("core.outbox").live_subject, parameters).one_or_none()
    return None if row is None else _exchange(row)


def items(connection: Connection, exchange_id: ExchangeId) -> list[Item]:
    """What an exchange carries."""
    rows = connection.execute(queries("core.outbox").items, {"exchange": exchange_id})
    return [
        Item(TransportGuid(row.transport_guid), row.kind, row.local_id, row.state, row.remote_guid, row.remote_number, tuple(row.errors))
        for row in rows
    ]


def live(connection: Connection, kind: str, local_ids: Collection[int]) -> dict[int, LiveItem]:
    """Of these things, those that are on their way or placed."""
    rows = connection.execute(queries("core.outbox").live, {"kind": kind, "ids": list(local_ids)})
    return {row.local_id: LiveItem(*row) for row in rows}


def accepted(connection: Connection, kind: str, *, provider_id: ProviderId) -> dict[int, tuple[str | None, str | None]]:
    """Things that the other side has taken: its GUID and its number of each."""
    rows = connection.execute(queries("core.outbox").accepted, {"kind": kind, "provider": provider_id})
    return {row.local_id: (row.remote_guid, row.remote_number) for row in rows}


def statistics(connection: Connection, *, system: str, provider_id: ProviderId | None = None) -> list[Count]:
    """Items by operation, kind and state; what was refused and then sent again counts once, as it stands now."""
    return [Count(*row) for row in connection.execute(queries("core.outbox").statistics, {"system": system, "provider": provider_id})]


def refusals(connection: Connection, kind: str, *, provider_id: ProviderId | None = None) -> dict[int, tuple[tuple[str, str], ...]]:
    """Refused things of a kind with the reasons (code, text); an item without its own has that of the whole message."""
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for row in connection.execute(queries("core.outbox").refusals, {"kind": kind, "provider": provider_id}):
        own = tuple((str(error["code"]), str(error["text"])) for error in row.errors)
        found[row.local_id] = own or ((row.error_code or "", row.error_text or ""),)
    return found


def last_words(connection: Connection, *, acts: Collection[str], part: str) -> list[LastWord]:
    """The newest state of every thing that these acts have carried; ``part`` of the request describes the things by number."""
    rows = connection.execute(queries("core.outbox").last_words, {"acts": list(acts), "part": part})
    found = []
    for row in rows:
        own = tuple((str(error["code"]), str(error["text"])) for error in row.errors)
        whole = ((row.error_code or "", row.error_text or ""),) if row.state == "rejected" else ()
        found.append(LastWord(row.kind, row.local_id, row.about, row.state, own or whole, row.changed_at.date()))
    return found


def next_due(connection: Connection, *, system: str, provider_id: ProviderId | None = None) -> datetime | None:
    """When the next step is due; None when every conversation is over."""
    moment: datetime | None = connection.execute(queries("core.outbox").next_due, {"system": system, "provider": provider_id}).scalar()
    return moment


def hold_back(
    connection: Connection, *, system: str, provider_id: ProviderId | None, next_at: datetime, now: datetime, code: str, text: str
) -> int:
    """Nobody answers at the address: other messages that are due to leave wait until ``next_at`` too, untried. Returns how many."""
    parameters = {"system": system, "provider": provider_id, "next_at": next_at, "now": now, "code": code, "text": text}
    return connection.execute(queries("core.outbox").hold_back, parameters).rowcount


def stop_queue(
    connection: Connection, *, system: str, provider_id: ProviderId, next_at: datetime, now: datetime, code: str, text: str
) -> int:
    """The sender may not speak: everything of its queue stays here until ``next_at``, or until :func:`resume_queue`. Returns how many."""
    parameters = {"system": system, "provider": provider_id, "next_at": next_at, "now": now, "code": code, "text": text}
    return connection.execute(queries("core.outbox").stop_queue, parameters).rowcount


def resume_queue(connection: Connection, *, system: str, provider_id: ProviderId, now: datetime, code: str) -> int:
    """What :func:`stop_queue` stopped under this code is due now. Returns how many."""
    parameters = {"system": system, "provider": provider_id, "now": now, "code": code}
    return connection.execute(queries("core.outbox").resume_queue, parameters).rowcount


def unsent(connection: Connection, kind: str, local_ids: Collection[int]) -> int:
    """How many of these things are in messages that never left."""
    return int(connection.execute(queries("core.outbox").unsent, {"kind": kind, "ids": list(local_ids)}).scalar_one())


def troubles(connection: Connection, *, system: str, provider_id: ProviderId | None = None) -> list[Trouble]:
    """Obstacles of open conversations, in the order they began."""
    return [Trouble(*row) for row in connection.execute(queries("core.outbox").troubles, {"system": system, "provider": provider_id})]


def answered(connection: Connection, *, system: str, provider_id: ProviderId, act: str, subject: str) -> tuple[int, int]:
    """Of the things in conversations whose subject begins so: how many are answered, of how many."""
    parameters = {"system": system, "provider": provider_id, "act": act, "subject": subject}
    row = connection.execute(queries("core.outbox").answered, parameters).one()
    return row.answered, row.things


def unfinished(connection: Connection, *, system: str, provider_id: ProviderId | None = None) -> int:
    """How many conversations are not over."""
    return int(connection.execute(queries("core.outbox").unfinished, {"system": system, "provider": provider_id}).scalar_one())


def _fenced(connection: Connection, name: str, claimed: Exchange, parameters: dict[str, object]) -> bool:
    return _changed(connection, name, {**parameters, "exchange": claimed.exchange_id, "fence": claimed.fence})


def _changed(connection: Connection, name: str, parameters: dict[str, object]) -> bool:
    return connection.execute(getattr(queries("core.outbox"), name), parameters).rowcount == 1
