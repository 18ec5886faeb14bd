"""The conversation itself: one step at a time, each step's effect in one transaction, every next step found in the database.

The order that makes it safe: identifiers and signed bytes are committed (``begin``); the exchange is marked as sent and committed; the
bytes leave; the answer is committed. Wherever it breaks, the same command finds what is due. What may have arrived without an answer is
*lost* until an export has told what is there; only what is missing then leaves again, as a new message under new identifiers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import archive, outbox
from core.errors import InvariantError
from core.ids import ProviderId
from core.outbox import Exchange
from core.services.federal.act import CHANNEL, act_of
from core.services.federal.context import Federal
from core.services.federal.gateway import Polled
from core.services.federal.oddities import keep, say
from core.services.federal.outcomes import again, fail, finished, search, still_ours, stop

__all__ = ["Ran", "run", "step"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did: steps taken, and whether every conversation is over (else ``next_at`` says when to come again)."""

    steps: int
    finished: bool
    next_at: datetime | None


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
        claimed = outbox.claim(connection, system=federal.system, now=now, lease=federal.lease, provider_id=provider_id)
        if not claimed:
            # What was swept now is looked for later, so nothing is due all the same.
            outbox.sweep(connection, system=federal.system, now=now, wait=federal.lost_wait)
            return False
        exchange = claimed[0]
        if exchange.state == "sent":
            if exchange.request_message_id is None:
                raise InvariantError("GIS-0502", f"У обмена № {exchange.exchange_id} нет сохранённых байтов запроса.")
            data = archive.read(connection, exchange.request_message_id)
        provider_guid = federal.provider_guid(connection, exchange.provider_id) if act_of(exchange.act).for_provider else None
    if exchange.state == "sent":
        _send(federal, exchange, data)
    elif exchange.state == "acknowledged":
        if exchange.remote_guid is None:
            raise InvariantError("GIS-0503", f"У обмена № {exchange.exchange_id} нет идентификатора квитанции.")
        federal.failpoint("before poll")
        polled = federal.gateway.poll(
            exchange.service,
            exchange.operation,
            remote_guid=exchange.remote_guid,
            provider_guid=provider_guid,
            question_guid=federal.new_guid(),
            at=federal.clock.now(),
            polls=exchange.polls + 1,
        )
        federal.failpoint("after poll")
        _polled(federal, exchange, polled)
    else:
        with federal.write("search") as connection:
            search(connection, federal, exchange)
    return True


def _send(federal: Federal, exchange: Exchange, data: bytes) -> None:
    federal.failpoint("before send")
    sent = federal.gateway.send(exchange.service, exchange.operation, request_guid=exchange.request_guid, data=data)
    federal.failpoint("after send")
    now = federal.clock.now()
    with federal.write(f"sent: {sent.verdict}") as connection:
        answer = None
        if sent.verdict != "acknowledged":
            answer = keep(connection, federal, exchange, sent.raw, code=sent.code, text=sent.text)
        if sent.verdict == "acknowledged" and sent.remote_guid is not None:
            outbox.acknowledge(connection, exchange, remote_guid=sent.remote_guid, next_at=now + federal.gateway.pause(0), now=now)
        elif sent.verdict == "unsent":
            next_at = now + federal.pause_after(exchange.attempts)
            outbox.release(connection, exchange, next_at=next_at, now=now, code=sent.code, text=sent.text)
            # The address is the same for all: trying each of a thousand packages would take a thousand time-outs.
            outbox.hold_back(
                connection,
                system=federal.system,
                provider_id=exchange.provider_id,
                next_at=next_at,
                now=now,
                code=sent.code,
                text=sent.text,
            )
        elif sent.verdict == "unknown" or sent.verdict == "acknowledged":
            next_at = now + federal.lost_wait
            outbox.lose(connection, exchange, next_at=next_at, now=now, code=sent.code, text=sent.text, message_id=answer)
        elif sent.verdict == "retry":
            again(connection, federal, exchange, code=sent.code, text=sent.text, message_id=answer)
        else:
            fail(connection, federal, exchange, code=sent.code, text=sent.text, message_id=answer)
            if sent.verdict == "stop":
                stop(connection, federal, exchange, code=sent.code, text=sent.text)


def _polled(federal: Federal, exchange: Exchange, polled: Polled) -> None:
    now = federal.clock.now()
    act = act_of(exchange.act)
    with federal.write(f"polled: {polled.verdict}") as connection:
        if polled.verdict in ("pending", "again"):
            if polled.verdict == "again":
                keep(connection, federal, exchange, polled.raw, code=polled.code, text=polled.text)
            if polled.overdue and not act.kind:
                # An export may be asked for anew at any time; an import that the other side still works on must not be repeated.
                again(connection, federal, exchange, code="GIS-0404", text="Ответа нет слишком долго")
                return
            text = polled.text or ("Ответа нет слишком долго: обработка на стороне ГИС ЖКХ не завершена" if polled.overdue else None)
            next_at = now + federal.gateway.pause(exchange.polls + 1)
            outbox.postpone(
                connection, exchange, next_at=next_at, now=now, code=polled.code or ("GIS-0404" if polled.overdue else None), text=text
            )
            return
        if not still_ours(connection, exchange):
            return
        name = f"{exchange.operation}-result-{exchange.remote_guid}.xml"
        stored = archive.store(
            connection, data=polled.raw, name=name, channel=CHANNEL, direction="in", provider_id=exchange.provider_id, at=now
        )
        say(connection, federal, exchange, stored.message_id, [(polled.code, polled.text), *polled.oddities])
        if polled.verdict == "finished" or (polled.verdict == "refused" and not act.kind and polled.code in act.done_codes):
            finished(connection, federal, exchange, polled, stored.message_id)
        elif polled.verdict == "unknown" or (polled.verdict == "retry" and act.search is not None):
            # An import that failed for now may still have been applied in part: look before it leaves again.
            wait = federal.pause_after(exchange.attempts) if polled.verdict == "retry" else timedelta(0)
            outbox.lose(connection, exchange, next_at=now + wait, now=now, code=polled.code, text=polled.text, message_id=stored.message_id)
        elif polled.verdict == "retry":
            again(connection, federal, exchange, code=polled.code, text=polled.text, message_id=stored.message_id)
        else:
            fail(connection, federal, exchange, code=polled.code, text=polled.text, message_id=stored.message_id)
            if polled.verdict == "stop":
                stop(connection, federal, exchange, code=polled.code, text=polled.text)
