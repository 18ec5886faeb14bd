"""The conversation itself: one step at a time, each step's effect in one transaction, every next step found in the database.

The order that makes it safe: identifiers and signed bytes are committed (``begin``); the exchange is marked as sent and committed; the bytes leave; the
answer is committed. Wherever it breaks, the same command finds what is due. What may have arrived without an answer is *lost* until an export has told
what is there; only what is missing then leaves again, as a new message under new identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from core import archive, events, outbox
from core.errors import ConflictError, InvariantError
from core.events import EventKind
from core.ids import ExchangeId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item, ItemOutcome
from core.services.federal.context import Federal
from core.services.federal.gateway import Answer, Content, Envelope, Polled, Request

__all__ = ["Act", "Ran", "begin", "register", "run", "step"]

_CHANNEL = "gis"


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of request: how it is composed, what its result means, how a lost one is looked for."""

    name: str
    compose: Callable[[Connection, Federal, ProviderId, Mapping[str, Any], Sequence[Item]], Request]
    """From the stored request and the items with their transport identifiers; Any: JSON."""
    kind: str = ""
    """What its items are; empty for an export."""
    absorb: Callable[[Connection, Federal, Exchange, Content, MessageId], None] | None = None
    """Stores what an export brought."""
    accept: Callable[[Connection, Federal, Exchange, Sequence[tuple[Item, Answer]], MessageId], None] | None = None
    """Stores what taken items were given."""
    search: Callable[[Connection, Federal, Exchange, Sequence[Item]], tuple[str, Mapping[str, Any]]] | None = None
    """The export (act, request) that tells what became of a lost import; None: sending again is harmless, the other side knows repeats."""
    match: Callable[[Connection, Federal, Exchange, Sequence[Item], Content], Mapping[TransportGuid, Answer]] | None = None
    """Which items of a lost import an export shows to be there."""
    for_provider: bool = True
    """Sent on behalf of the provider, not of the information system itself."""


_ACTS: dict[str, Act] = {}


def register(act: Act) -> Act:
    """Make an act known by its name."""
    _ACTS[act.name] = act
    return act


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did: steps taken, and whether every conversation is over (else ``next_at`` says when to come again)."""

    steps: int
    finished: bool
    next_at: datetime | None


def begin(
    connection: Connection,
    federal: Federal,
    act: str,
    *,
    provider_id: ProviderId,
    subject: str,
    request: Mapping[str, Any],
    local_ids: Sequence[int] = (),
    next_at: datetime | None = None,
    replaces: Exchange | None = None,
) -> ExchangeId:
    """Prepare a conversation whole: identifiers, signed and archived bytes. An unfinished one about the same subject is returned instead."""
    known = outbox.live_subject(connection, provider_id=provider_id, system=federal.system, act=act, subject=subject)
    if known is not None:
        return known.exchange_id
    described = _ACTS[act]
    now = federal.clock.now()
    items = [Item(TransportGuid(federal.new_guid()), described.kind, number) for number in local_ids]
    provider_guid = federal.provider_guid(connection, provider_id) if described.for_provider else None
    envelope = Envelope(federal.new_guid(), provider_guid, now)
    rendered = federal.gateway.render(described.compose(connection, federal, provider_id, request, items), envelope)
    name = f"{rendered.operation}-{envelope.request_guid}.xml"
    stored = archive.store(connection, data=rendered.data, name=name, channel=_CHANNEL, direction="out", provider_id=provider_id, at=now)
    return outbox.prepare(
        connection,
        provider_id=provider_id,
        system=federal.system,
        service=rendered.service,
        operation=rendered.operation,
        subject=subject,
        act=act,
        request=request,
        request_guid=envelope.request_guid,
        items=items,
        at=now,
        next_at=next_at,
        request_message_id=stored.message_id,
        replaces=None if replaces is None else replaces.exchange_id,
        attempts=0 if replaces is None else replaces.attempts,
    )


def run(
    federal: Federal,
    *,
    provider_id: ProviderId | None = None,
    until: datetime | None = None,
    wait: Callable[[timedelta], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Ran:
    """Take every step that is due; with ``wait``, sleep between them until all is over or ``until`` has come."""
    steps = 0
    while True:
        while step(federal, provider_id=provider_id):
            steps += 1
            if progress is not None:
                progress(steps)
        with federal.engine.connect() as connection:
            next_at = outbox.next_due(connection, system=federal.system, provider_id=provider_id)
        now = federal.clock.now()
        if next_at is None or wait is None or (until is not None and now >= until):
            return Ran(steps, next_at is None, next_at)
        latest = next_at if until is None else min(next_at, until)
        wait(max(latest - now, timedelta(milliseconds=5)))


def step(federal: Federal, *, provider_id: ProviderId | None = None) -> bool:
    """Claim one thing that is due and take its next step; False when nothing is due."""
    now = federal.clock.now()
    data = b""
    with federal.write("claim") as connection:
        outbox.sweep(connection, system=federal.system, now=now, wait=federal.lost_wait)
        claimed = outbox.claim(connection, system=federal.system, now=now, lease=federal.lease, provider_id=provider_id)
        if not claimed:
            return False
        exchange = claimed[0]
        if exchange.state == "sent":
            if exchange.request_message_id is None:
                raise InvariantError("GIS-0502", f"У обмена № {exchange.exchange_id} нет сохранённых байтов запроса.")
            data = archive.read(connection, exchange.request_message_id)
        provider_guid = federal.provider_guid(connection, exchange.provider_id) if _ACTS[exchange.act].for_provider else None
    if exchange.state == "sent":
        _send(federal, exchange, data)
    elif exchange.state == "acknowledged":
        if exchange.remote_guid is None:
            raise InvariantError("GIS-0503", f"У обмена № {exchange.exchange_id} нет идентификатора квитанции.")
        federal.failpoint("before poll")
        polled = federal.gateway.poll(
            exchange.service, exchange.operation, remote_guid=exchange.remote_guid, provider_guid=provider_guid, question_guid=federal.new_guid(),
            at=federal.clock.now(), polls=exchange.polls + 1,
        )  # fmt: skip
        federal.failpoint("after poll")
        _polled(federal, exchange, polled)
    else:
        with federal.write("search") as connection:
            _search(connection, federal, exchange)
    return True


def _send(federal: Federal, exchange: Exchange, data: bytes) -> None:
    federal.failpoint("before send")
    sent = federal.gateway.send(exchange.service, exchange.operation, request_guid=exchange.request_guid, data=data)
    federal.failpoint("after send")
    now = federal.clock.now()
    with federal.write(f"sent: {sent.verdict}") as connection:
        if sent.verdict == "acknowledged" and sent.remote_guid is not None:
            outbox.acknowledge(connection, exchange, remote_guid=sent.remote_guid, next_at=now + federal.gateway.pause(0), now=now)
        elif sent.verdict == "unsent":
            next_at = now + federal.pause_after(exchange.attempts)
            outbox.release(connection, exchange, next_at=next_at, now=now, code=sent.code, text=sent.text)
        elif sent.verdict == "unknown" or sent.verdict == "acknowledged":
            outbox.lose(connection, exchange, next_at=now + federal.lost_wait, now=now, code=sent.code, text=sent.text)
        elif sent.verdict == "retry":
            _again(connection, federal, exchange, code=sent.code, text=sent.text)
        else:
            _fail(connection, federal, exchange, code=sent.code, text=sent.text)


def _polled(federal: Federal, exchange: Exchange, polled: Polled) -> None:
    now = federal.clock.now()
    act = _ACTS[exchange.act]
    with federal.write(f"polled: {polled.verdict}") as connection:
        if polled.verdict in ("pending", "again"):
            if polled.overdue and not act.kind:
                # An export may be asked for anew at any time; an import that the other side still works on must not be repeated.
                _again(connection, federal, exchange, code="GIS-0404", text="Ответа нет слишком долго")
                return
            text = polled.text or ("Ответа нет слишком долго: обработка на стороне ГИС ЖКХ не завершена" if polled.overdue else None)
            next_at = now + federal.gateway.pause(exchange.polls + 1)
            outbox.postpone(
                connection, exchange, next_at=next_at, now=now, code=polled.code or ("GIS-0404" if polled.overdue else None), text=text
            )
            return
        if not _still_ours(connection, exchange):
            return
        name = f"{exchange.operation}-result-{exchange.remote_guid}.xml"
        stored = archive.store(
            connection, data=polled.raw, name=name, channel=_CHANNEL, direction="in", provider_id=exchange.provider_id, at=now
        )
        if polled.verdict == "finished":
            _finished(connection, federal, exchange, polled, stored.message_id)
        elif polled.verdict == "unknown" or (polled.verdict == "retry" and act.search is not None):
            # An import that failed for now may still have been applied in part: look before it leaves again.
            wait = federal.pause_after(exchange.attempts) if polled.verdict == "retry" else timedelta(0)
            outbox.lose(connection, exchange, next_at=now + wait, now=now, code=polled.code, text=polled.text, message_id=stored.message_id)
        elif polled.verdict == "retry":
            _again(connection, federal, exchange, code=polled.code, text=polled.text, message_id=stored.message_id)
        else:
            _fail(connection, federal, exchange, code=polled.code, text=polled.text, message_id=stored.message_id)


def _still_ours(connection: Connection, exchange: Exchange) -> bool:
    """Whether nobody else took the exchange over while we were away; locks it to the end of the transaction."""
    current = outbox.exchange(connection, exchange.exchange_id, lock=True)
    return current.fence == exchange.fence and current.state == exchange.state


def _finished(connection: Connection, federal: Federal, exchange: Exchange, polled: Polled, message_id: MessageId) -> None:
    act, now = _ACTS[exchange.act], federal.clock.now()
    if not act.kind:
        outbox.finish(connection, exchange, "done", now=now, message_id=message_id, code=polled.code or None, text=polled.text or None)
        resolves = exchange.request.get("resolves")
        if resolves is not None:
            _resolve(connection, federal, ExchangeId(resolves), polled.content, message_id)
        if act.absorb is not None:
            act.absorb(connection, federal, exchange, polled.content, message_id)
        return
    items = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    answers = {answer.transport_guid: answer for answer in polled.answers}
    unclear = _settle(connection, federal, exchange, items, answers, message_id)
    if unclear:
        outbox.lose(
            connection,
            exchange,
            next_at=now,
            now=now,
            code="GIS-0504",
            text="Часть документов требует сверки выгрузкой",
            message_id=message_id,
        )
        return
    outbox.finish(connection, exchange, "done", now=now, message_id=message_id)
    _send_rest(connection, federal, exchange)


def _settle(
    connection: Connection,
    federal: Federal,
    exchange: Exchange,
    items: Sequence[Item],
    answers: Mapping[TransportGuid, Answer],
    message_id: MessageId,
) -> bool:
    """Write what became of each item; True when some need an export to become clear."""
    act, unclear = _ACTS[exchange.act], False
    outcomes, taken = [], []
    for item in items:
        answer = answers.get(item.transport_guid)
        if answer is None:
            unclear = True
            continue
        errors = tuple({"code": code, "text": text} for code, text in answer.errors)
        state = {"accepted": "accepted", "rejected": "rejected", "retry": "replaced", "exists": "waiting"}[answer.standing]
        unclear = unclear or answer.standing == "exists"
        outcomes.append(ItemOutcome(item.transport_guid, state, answer.guid, answer.number, errors))  # type: ignore[arg-type]  # literals of the table above
        if answer.standing == "accepted":
            taken.append((item, answer))
    outbox.settle(connection, exchange.exchange_id, outcomes)
    if taken and act.accept is not None:
        act.accept(connection, federal, exchange, taken, message_id)
    _tell_refused(connection, federal, exchange, {outcome.transport_guid for outcome in outcomes if outcome.state == "rejected"})
    return unclear


def _tell_refused(connection: Connection, federal: Federal, exchange: Exchange, refused: set[TransportGuid]) -> None:
    if _ACTS[exchange.act].kind != "bill" or not refused:
        return
    events.record_many(
        connection,
        [
            events.NewEvent(
                EventKind.BILL_REFUSED, exchange.provider_id, "bill", item.local_id,
                {"exchange": exchange.exchange_id, "codes": [error["code"] for error in item.errors]},
            )
            for item in outbox.items(connection, exchange.exchange_id)
            if item.transport_guid in refused
        ],
        at=federal.clock.now(),
    )  # fmt: skip


def _search(connection: Connection, federal: Federal, exchange: Exchange) -> None:
    """Start the export that tells what became of a lost exchange; what is harmless to repeat is simply repeated."""
    act, now = _ACTS[exchange.act], federal.clock.now()
    if not _still_ours(connection, exchange):
        return
    if act.search is None:
        _again(connection, federal, exchange, code=exchange.error_code or "", text=exchange.error_text or "")
        return
    items = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    export, request = act.search(connection, federal, exchange, items)
    begin(
        connection, federal, export, provider_id=exchange.provider_id, subject=f"resolve/{exchange.exchange_id}",
        request={**request, "resolves": exchange.exchange_id},
    )  # fmt: skip
    # Should the export itself come to nothing, the lost one is looked for again later.
    outbox.postpone(
        connection, exchange, next_at=now + timedelta(hours=1), now=now, polled=False, code=exchange.error_code, text=exchange.error_text
    )


def _resolve(connection: Connection, federal: Federal, lost_id: ExchangeId, content: Content, message_id: MessageId) -> None:
    """An export has told: what is there is taken, what was refused stays refused, what is missing leaves again as a new message."""
    lost = outbox.exchange(connection, lost_id, lock=True)
    if lost.state != "lost":
        return
    act, now = _ACTS[lost.act], federal.clock.now()
    items = [item for item in outbox.items(connection, lost_id) if item.state == "waiting"]
    if act.match is None:
        raise InvariantError("GIS-0505", f"Для обмена «{lost.act}» нет правила сверки.")
    found = act.match(connection, federal, lost, items, content)
    _settle(connection, federal, lost, [item for item in items if item.transport_guid in found], found, message_id)
    missing = [item for item in items if item.transport_guid not in found]
    outbox.settle(
        connection, lost_id,
        [ItemOutcome(item.transport_guid, "rejected" if item.errors else "replaced", errors=item.errors) for item in missing],
    )  # fmt: skip
    _tell_refused(connection, federal, lost, {item.transport_guid for item in missing if item.errors})
    over = outbox.items(connection, lost_id)
    outbox.finish(
        connection,
        lost,
        "replaced" if all(item.state == "replaced" for item in over) else "done",
        now=now,
        code=lost.error_code,
        text=lost.error_text,
    )
    _send_rest(connection, federal, lost)


def _send_rest(connection: Connection, federal: Federal, exchange: Exchange) -> None:
    """What is neither there nor refused for good leaves again, as a new message about the same things."""
    rest = [item.local_id for item in outbox.items(connection, exchange.exchange_id) if item.state == "replaced"]
    rest = [number for number in rest if number not in outbox.live(connection, _ACTS[exchange.act].kind, rest)]
    if not rest:
        return
    if exchange.attempts >= federal.most_attempts:
        _give_up(connection, federal, exchange)
        return
    next_at = federal.clock.now() + federal.pause_after(exchange.attempts - 1)
    begin(
        connection, federal, exchange.act, provider_id=exchange.provider_id, subject=exchange.subject, request=exchange.request, local_ids=rest,
        next_at=next_at, replaces=exchange,
    )  # fmt: skip


def _again(
    connection: Connection, federal: Federal, exchange: Exchange, *, code: str, text: str, message_id: MessageId | None = None
) -> None:
    """Refused for now and certainly not applied (or harmless to repeat): a new message, with new identifiers, about the same things."""
    if not _still_ours(connection, exchange):
        return
    now = federal.clock.now()
    if exchange.attempts >= federal.most_attempts:
        _fail(connection, federal, exchange, code=code, text=text, message_id=message_id)
        return
    items = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    outbox.settle(connection, exchange.exchange_id, [ItemOutcome(item.transport_guid, "replaced") for item in items])
    outbox.finish(connection, exchange, "replaced", now=now, message_id=message_id, code=code or None, text=text or None)
    begin(
        connection, federal, exchange.act, provider_id=exchange.provider_id, subject=exchange.subject, request=exchange.request,
        local_ids=[item.local_id for item in items], next_at=now + federal.pause_after(exchange.attempts - 1), replaces=exchange,
    )  # fmt: skip


def _fail(
    connection: Connection, federal: Federal, exchange: Exchange, *, code: str, text: str, message_id: MessageId | None = None
) -> None:
    """Refused for good: every item gets the reason, and people are told."""
    if not _still_ours(connection, exchange):
        return
    errors = ({"code": code, "text": text},)
    waiting = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    outbox.settle(connection, exchange.exchange_id, [ItemOutcome(item.transport_guid, "rejected", errors=errors) for item in waiting])
    outbox.finish(connection, exchange, "failed", now=federal.clock.now(), message_id=message_id, code=code, text=text)
    _tell_refused(connection, federal, exchange, {item.transport_guid for item in waiting})
    _tell_failed(connection, federal, exchange, code)


def _give_up(connection: Connection, federal: Federal, exchange: Exchange) -> None:
    """Tried too often; the things are free to be sent by a person's command."""
    _tell_failed(connection, federal, exchange, exchange.error_code or "GIS-0506")


def _tell_failed(connection: Connection, federal: Federal, exchange: Exchange, code: str) -> None:
    events.record(
        connection, kind=EventKind.EXCHANGE_FAILED, provider_id=exchange.provider_id, subject_kind="exchange", subject_id=exchange.exchange_id,
        data={"operation": exchange.operation, "code": code}, at=federal.clock.now(),
    )  # fmt: skip
