"""What an answer means for a conversation: settled items, lost ones found or missed, what leaves again, what is refused for good.

Each function works inside the transaction of its step and changes an exchange only while it is still ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import archive, events, outbox
from core.errors import InvariantError
from core.events import EventKind
from core.ids import ExchangeId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item, ItemOutcome
from core.services.federal.act import act_of, begin
from core.services.federal.context import Federal
from core.services.federal.gateway import Answer, Content, Polled
from core.services.federal.oddities import say

__all__ = ["STOPPED", "again", "fail", "finished", "resume", "search", "still_ours", "stop"]

STOPPED = "GIS-0524"
"""The code of what waits because its organisation may not speak to the federal system."""


def still_ours(connection: Connection, exchange: Exchange) -> bool:
    """Whether nobody else took the exchange over while we were away; locks it to the end of the transaction."""
    current = outbox.exchange(connection, exchange.exchange_id, lock=True)
    return current.fence == exchange.fence and current.state == exchange.state


def finished(connection: Connection, federal: Federal, exchange: Exchange, polled: Polled, message_id: MessageId) -> None:
    act, now = act_of(exchange.act), federal.clock.now()
    if not act.kind:
        outbox.finish(connection, exchange, "done", now=now, message_id=message_id, code=polled.code or None, text=polled.text or None)
        resolves = exchange.request.get("resolves")
        if resolves is not None and polled.content.following is not None:
            _next_page(connection, federal, exchange, polled.content.following, message_id)
            return
        if resolves is not None:
            _resolve(connection, federal, ExchangeId(resolves), _whole(connection, federal, exchange, polled.content), message_id)
        if act.absorb is not None:
            act.absorb(connection, federal, exchange, polled.content, message_id)
        return
    carried = outbox.items(connection, exchange.exchange_id)
    items = [item for item in carried if item.state == "waiting"]
    answers = _one_each(polled.answers)
    strange = sorted({str(one.transport_guid) for one in polled.answers} - {str(item.transport_guid) for item in carried})
    texts = [f"В ответе есть результат по TransportGUID {guid}, которого в запросе не было" for guid in strange]
    say(connection, federal, exchange, message_id, [("GIS-0523", text) for text in texts])
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


def _next_page(connection: Connection, federal: Federal, exchange: Exchange, following: UUID, message_id: MessageId) -> None:
    """What is missing of a lost import is known only after the last page of the export."""
    request = {**exchange.request, "after": str(following), "earlier": [*exchange.request.get("earlier", ()), message_id]}
    subject = f"{exchange.subject.partition('?')[0]}?{following}"
    begin(connection, federal, exchange.act, provider_id=exchange.provider_id, subject=subject, request=request)


def _whole(connection: Connection, federal: Federal, exchange: Exchange, content: Content) -> Content:
    """The last page with what the archived earlier ones hold."""
    pages = [
        federal.gateway.read(exchange.operation, archive.read(connection, MessageId(number)))
        for number in exchange.request.get("earlier", ())
    ]
    if not pages:
        return content
    whole: dict[str, Any] = {  # Any: rows of every kind
        name.name: tuple(row for page in (*pages, content) for row in getattr(page, name.name))
        for name in fields(content)
        if isinstance(getattr(content, name.name), tuple)
    }
    return replace(content, **whole)


def _one_each(answers: Sequence[Answer]) -> dict[TransportGuid, Answer]:
    """Answers by identifier; where several contradict each other there is none, and an export decides."""
    told: dict[TransportGuid, set[Answer]] = {}
    for answer in answers:
        told.setdefault(answer.transport_guid, set()).add(answer)
    return {guid: next(iter(said)) for guid, said in told.items() if len(said) == 1}


def _settle(
    connection: Connection,
    federal: Federal,
    exchange: Exchange,
    items: Sequence[Item],
    answers: Mapping[TransportGuid, Answer],
    message_id: MessageId,
) -> bool:
    """Write what became of each item; True when some need an export to become clear."""
    act, unclear = act_of(exchange.act), False
    outcomes, taken = [], []
    for item in items:
        answer = answers.get(item.transport_guid)
        if answer is None:
            unclear = True
            continue
        if answer.standing == "rejected" and {code for code, _ in answer.errors} <= act.done_codes:
            answer = replace(answer, standing="accepted")
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
    if act_of(exchange.act).kind != "bill" or not refused:
        return
    events.record_many(
        connection,
        [
            events.NewEvent(
                EventKind.BILL_REFUSED,
                exchange.provider_id,
                "bill",
                item.local_id,
                {"exchange": exchange.exchange_id, "codes": [error["code"] for error in item.errors]},
            )
            for item in outbox.items(connection, exchange.exchange_id)
            if item.transport_guid in refused
        ],
        at=federal.clock.now(),
    )


def search(connection: Connection, federal: Federal, exchange: Exchange) -> None:
    """Start the export that tells what became of a lost exchange; what is harmless to repeat is simply repeated."""
    act, now = act_of(exchange.act), federal.clock.now()
    if not still_ours(connection, exchange):
        return
    if act.search is None:
        again(connection, federal, exchange, code=exchange.error_code or "", text=exchange.error_text or "")
        return
    items = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    export, request = act.search(connection, federal, exchange, items)
    begin(
        connection,
        federal,
        export,
        provider_id=exchange.provider_id,
        subject=f"resolve/{exchange.exchange_id}",
        request={**request, "resolves": exchange.exchange_id},
    )
    # Should the export itself come to nothing, the lost one is looked for again later.
    outbox.postpone(
        connection, exchange, next_at=now + timedelta(hours=1), now=now, polled=False, code=exchange.error_code, text=exchange.error_text
    )


def _resolve(connection: Connection, federal: Federal, lost_id: ExchangeId, content: Content, message_id: MessageId) -> None:
    """An export has told: what is there is taken, what was refused stays refused, what is missing leaves again as a new message."""
    lost = outbox.exchange(connection, lost_id, lock=True)
    if lost.state != "lost":
        return
    act, now = act_of(lost.act), federal.clock.now()
    items = [item for item in outbox.items(connection, lost_id) if item.state == "waiting"]
    if act.match is None:
        raise InvariantError("GIS-0505", f"Для обмена «{lost.act}» нет правила сверки.")
    found = act.match(connection, federal, lost, items, content)
    _settle(connection, federal, lost, [item for item in items if item.transport_guid in found], found, message_id)
    missing = [item for item in items if item.transport_guid not in found]
    outbox.settle(
        connection,
        lost_id,
        [ItemOutcome(item.transport_guid, "rejected" if item.errors else "replaced", errors=item.errors) for item in missing],
    )
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
    rest = [number for number in rest if number not in outbox.live(connection, act_of(exchange.act).kind, rest)]
    if not rest:
        return
    if exchange.attempts >= federal.most_attempts:
        _give_up(connection, federal, exchange)
        return
    _replace(connection, federal, exchange, rest)


def _replace(connection: Connection, federal: Federal, exchange: Exchange, local_ids: Sequence[int]) -> None:
    """The same act about these things anew: a new message, with new identifiers, after the pause that its number of attempts asks for."""
    begin(
        connection,
        federal,
        exchange.act,
        provider_id=exchange.provider_id,
        subject=exchange.subject,
        request=exchange.request,
        local_ids=local_ids,
        next_at=federal.clock.now() + federal.pause_after(exchange.attempts - 1),
        replaces=exchange,
    )


def again(
    connection: Connection, federal: Federal, exchange: Exchange, *, code: str, text: str, message_id: MessageId | None = None
) -> None:
    """Refused for now and certainly not applied (or harmless to repeat): a new message, with new identifiers, about the same things."""
    if not still_ours(connection, exchange):
        return
    now = federal.clock.now()
    if exchange.attempts >= federal.most_attempts:
        fail(connection, federal, exchange, code=code, text=text, message_id=message_id)
        return
    items = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    outbox.settle(connection, exchange.exchange_id, [ItemOutcome(item.transport_guid, "replaced") for item in items])
    outbox.finish(connection, exchange, "replaced", now=now, message_id=message_id, code=code or None, text=text or None)
    _replace(connection, federal, exchange, [item.local_id for item in items])


def fail(
    connection: Connection, federal: Federal, exchange: Exchange, *, code: str, text: str, message_id: MessageId | None = None
) -> None:
    """Refused for good: every item gets the reason, and people are told."""
    if not still_ours(connection, exchange):
        return
    errors = ({"code": code, "text": text},)
    waiting = [item for item in outbox.items(connection, exchange.exchange_id) if item.state == "waiting"]
    outbox.settle(connection, exchange.exchange_id, [ItemOutcome(item.transport_guid, "rejected", errors=errors) for item in waiting])
    outbox.finish(connection, exchange, "failed", now=federal.clock.now(), message_id=message_id, code=code, text=text)
    _tell_refused(connection, federal, exchange, {item.transport_guid for item in waiting})
    _tell_failed(connection, federal, exchange, code)


def stop(connection: Connection, federal: Federal, exchange: Exchange, *, code: str, text: str) -> None:
    """The organisation has no right: the rest of its queue would be refused message by message, so it stays here, untouched."""
    now = federal.clock.now()
    outbox.stop_queue(
        connection,
        system=federal.system,
        provider_id=exchange.provider_id,
        next_at=now + federal.stop_wait,
        now=now,
        code=STOPPED,
        text=f"Очередь организации остановлена: {code} {text}",
    )


def resume(connection: Connection, federal: Federal, provider_id: ProviderId) -> int:
    """A person's command: what was stopped is tried again. Returns how many messages."""
    return outbox.resume_queue(connection, system=federal.system, provider_id=provider_id, now=federal.clock.now(), code=STOPPED)


def _give_up(connection: Connection, federal: Federal, exchange: Exchange) -> None:
    """Tried too often; the things are free to be sent by a person's command."""
    _tell_failed(connection, federal, exchange, exchange.error_code or "GIS-0506")


def _tell_failed(connection: Connection, federal: Federal, exchange: Exchange, code: str) -> None:
    events.record(
        connection,
        kind=EventKind.EXCHANGE_FAILED,
        provider_id=exchange.provider_id,
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        data={"operation": exchange.operation, "code": code},
        at=federal.clock.now(),
    )
