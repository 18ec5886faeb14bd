"""Messages to the regional service: each is archived and in the outbox before it leaves, and sent with the same identifier until answered.

The service knows repeats by the identifier of the message, so a lost answer means: again, the same bytes. A refusal ends the exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from core import archive, outbox
from core.clock import Clock
from core.errors import ConfigError, ConflictError, InvariantError, RejectedError, TransientError
from core.ids import ProviderId, TransportGuid
from core.storage.engine import transaction

__all__ = ["CALLS", "CallRun", "prepare_call", "send_calls"]

CALLS = "rgis.soap"
"""The system of these exchanges, and the channel of the archive that their bytes stand in."""
_LEASE = timedelta(minutes=10)


@dataclass(slots=True)
class CallRun:
    """What a run did."""

    done: int = 0
    refused: int = 0
    waiting: int = 0
    texts: tuple[str, ...] = ()
    """Why messages were refused."""
    trouble: TransientError | None = None


def prepare_call(
    connection: Connection,
    *,
    provider_id: ProviderId,
    operation: str,
    subject: str,
    identifier: UUID,
    data: bytes,
    clock: Clock,
    items: Sequence[outbox.Item] = (),
) -> bool:
    """Put a message into the outbox; False when the one about the same subject is still on its way. ``items``: things inside it that may be
    told only once; without them the message itself is the thing."""
    if outbox.live_subject(connection, provider_id=provider_id, system=CALLS, act=operation, subject=subject) is not None:
        return False
    at = clock.now()
    name = f"{operation}-{subject.replace('/', '-')}.xml"
    stored = archive.store(connection, data=data, name=name, channel=CALLS, direction="out", provider_id=provider_id, at=at)
    try:
        outbox.prepare(
            connection,
            provider_id=provider_id,
            system=CALLS,
            service="rkc",
            operation=operation,
            subject=subject,
            act=operation,
            request={"name": name},
            request_guid=identifier,
            items=items or [outbox.Item(TransportGuid(identifier), "rkc_message", int(stored.message_id))],
            at=at,
            request_message_id=stored.message_id,
        )
    except ConflictError as error:
        raise ConflictError(
            "RGIS-0305", "Это же сообщение уже отправляется в РГИС другим процессом.", hint="Повторите команду: она продолжит начатое."
        ) from error
    return True


def send_calls(
    engine: Engine,
    *,
    send: Callable[[str, bytes], bytes],
    read_result: Callable[[bytes], None],
    clock: Clock,
    provider_id: ProviderId,
    ladder_s: Sequence[float],
) -> CallRun:
    """Send what is due; ``send`` takes the operation and the bytes. A region that does not answer ends the run, the next one goes on."""
    run = CallRun()
    while run.trouble is None:
        claimed = _claim(engine, provider_id, clock)
        if claimed is None:
            break
        if claimed.request_message_id is None:
            raise InvariantError("RGIS-0401", "Сообщение взято в работу без сохранённых байтов.", exchange=claimed.exchange_id)
        with transaction(engine) as connection:
            data = archive.read(connection, claimed.request_message_id)
        try:
            answer = send(claimed.operation, data)
            _finish(engine, claimed, answer, read_result, clock, run)
        except (TransientError, ConfigError) as error:
            _later(engine, claimed, clock, ladder_s, error)
            if isinstance(error, ConfigError):
                raise
            run.trouble = error
        except RejectedError as error:
            _refused(engine, claimed, error, clock, run)
    with transaction(engine) as connection:
        run.waiting = outbox.unfinished(connection, system=CALLS, provider_id=provider_id)
    return run


def _claim(engine: Engine, provider_id: ProviderId, clock: Clock) -> outbox.Exchange | None:
    now = clock.now()
    with transaction(engine) as connection:
        outbox.sweep(connection, system=CALLS, now=now, wait=timedelta(0))
        claimed = outbox.claim(connection, system=CALLS, now=now, lease=_LEASE, provider_id=provider_id)
    return claimed[0] if claimed else None


def _finish(
    engine: Engine, claimed: outbox.Exchange, answer: bytes, read_result: Callable[[bytes], None], clock: Clock, run: CallRun
) -> None:
    """Keep the answer's bytes before anything of them is believed."""
    now = clock.now()
    with transaction(engine) as connection:
        name = f"{claimed.request['name']}.answer.xml"
        kept = archive.store(connection, data=answer, name=name, channel=CALLS, direction="in", provider_id=claimed.provider_id, at=now)
    read_result(answer)
    with transaction(engine) as connection:
        if outbox.finish(connection, claimed, "done", now=now, message_id=kept.message_id):
            inside = outbox.items(connection, claimed.exchange_id)
            outbox.settle(connection, claimed.exchange_id, [outbox.ItemOutcome(one.transport_guid, "accepted") for one in inside])
    run.done += 1


def _refused(engine: Engine, claimed: outbox.Exchange, error: RejectedError, clock: Clock, run: CallRun) -> None:
    with transaction(engine) as connection:
        if outbox.finish(connection, claimed, "failed", now=clock.now(), code=error.code, text=error.message):
            why = ({"code": error.code, "text": error.message},)
            inside = outbox.items(connection, claimed.exchange_id)
            outcomes = [outbox.ItemOutcome(one.transport_guid, "rejected", errors=why) for one in inside]
            outbox.settle(connection, claimed.exchange_id, outcomes)
    run.refused += 1
    run.texts = (*run.texts, error.message)


def _later(engine: Engine, claimed: outbox.Exchange, clock: Clock, ladder_s: Sequence[float], error: TransientError | ConfigError) -> None:
    now = clock.now()
    next_at = now + timedelta(seconds=ladder_s[min(claimed.attempts, len(ladder_s) - 1)])
    with transaction(engine) as connection:
        if claimed.state == "sent":
            outbox.release(connection, claimed, next_at=next_at, now=now, code=error.code, text=error.message)
        else:
            outbox.postpone(connection, claimed, next_at=next_at, now=now, polled=False, code=error.code, text=error.message)
