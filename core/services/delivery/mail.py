"""Running the outbox of letters: each attempt is claimed before it begins, and what became of it is written before the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from sqlalchemy import Connection, Engine

from core import archive, outbox
from core.clock import Clock
from core.errors import ConfigError, InvariantError, TransientError
from core.ids import ProviderId
from core.storage.engine import transaction

__all__ = ["NEVER", "Attempt", "MailRun", "Mailer", "send_letters", "settle"]

_SYSTEM = "email"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When a letter of which nobody knows whether it arrived is sent again by itself."""
_LEASE = timedelta(minutes=10)
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""Before the next attempt; the last one repeats."""
_DROPS = 3
"""Broken connections in a row after which the server is left alone."""


class Attempt(Protocol):
    """What became of one attempt to hand over a letter (:class:`adapters.mail.smtp.Outcome`)."""

    @property
    def state(self) -> Literal["sent", "refused", "not_taken", "unknown"]: ...
    @property
    def code(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def dropped(self) -> bool: ...


class Mailer(Protocol):
    """A way to a mail server."""

    def connect(self) -> None:
        """``TransientError`` when nobody answers."""

    def send(self, letter: bytes, *, sender: str, to: str) -> Attempt:
        """One attempt; raises as ``connect`` does when the connection must be opened again."""


@dataclass(slots=True)
class MailRun:
    """What a run did."""

    sent: int = 0
    refused: int = 0
    postponed: int = 0
    unknown: int = 0
    trouble: TransientError | None = None
    """Why the run ended before its time."""


def send_letters(
    engine: Engine,
    *,
    mailer: Mailer,
    sender: str,
    clock: Clock,
    provider_id: ProviderId,
    lease: timedelta = _LEASE,
    progress: Callable[[int], None] = lambda done: None,
) -> MailRun:
    """Send what is due. A server that does not answer ends the run: letters wait, the next run goes on.

    ``ConfigError`` when the server does not accept us; nothing is lost then either.
    """
    run = MailRun()
    drops = 0
    while drops < _DROPS:
        claimed = _claim(engine, provider_id, clock, lease)
        if claimed is None:
            return run
        try:
            mailer.connect()
            attempt = mailer.send(_bytes(engine, claimed), sender=sender, to=claimed.request["to"])
        except (TransientError, ConfigError) as error:
            _hold_back(engine, claimed, provider_id, clock, error.code, error.message)
            if isinstance(error, ConfigError):
                raise
            run.trouble = error
            return run
        _store(engine, claimed, attempt, clock, run)
        drops = drops + 1 if attempt.dropped else 0
        progress(run.sent + run.refused)
    run.trouble = TransientError(
        "DLV-0305", f"Почтовый сервер обрывает соединения: подряд {drops}.", hint="Повторите команду позже; письма не потеряны."
    )
    return run


def _claim(engine: Engine, provider_id: ProviderId, clock: Clock, lease: timedelta) -> outbox.Exchange | None:
    now = clock.now()
    with transaction(engine) as connection:
        # Whoever was sending and is gone may have handed the letter over: that is for a person to find out.
        outbox.sweep(connection, system=_SYSTEM, now=now, wait=NEVER - now)
        claimed = outbox.claim(connection, system=_SYSTEM, now=now, lease=lease, provider_id=provider_id)
    return claimed[0] if claimed else None


def _bytes(engine: Engine, claimed: outbox.Exchange) -> bytes:
    if claimed.request_message_id is None:
        raise InvariantError("DLV-0306", "Письмо взято в работу без сохранённых байтов.", exchange=claimed.exchange_id)
    with transaction(engine) as connection:
        return archive.read(connection, claimed.request_message_id)


def _store(engine: Engine, claimed: outbox.Exchange, attempt: Attempt, clock: Clock, run: MailRun) -> None:
    now = clock.now()
    code, said = str(attempt.code), attempt.text
    with transaction(engine) as connection:
        if attempt.state == "sent":
            run.sent += 1
            settle(connection, claimed, "accepted", said)
            outbox.finish(connection, claimed, "done", now=now)
        elif attempt.state == "refused":
            run.refused += 1
            settle(connection, claimed, "rejected", said, code)
            outbox.finish(connection, claimed, "failed", now=now, code=code, text=said)
        elif attempt.state == "unknown":
            run.unknown += 1
            outbox.lose(connection, claimed, next_at=NEVER, now=now, code=code, text=said)
        else:
            run.postponed += 1
            pause = _PAUSES[min(claimed.attempts, len(_PAUSES)) - 1]
            outbox.release(connection, claimed, next_at=now + pause, now=now, code=code, text=said)


def settle(
    connection: Connection, claimed: outbox.Exchange, state: Literal["accepted", "rejected", "replaced"], said: str, code: str = ""
) -> None:
    """The last word on what an exchange carried."""
    errors = ({"code": code, "text": said},) if code else ()
    outcomes = [outbox.ItemOutcome(item.transport_guid, state, errors=errors) for item in outbox.items(connection, claimed.exchange_id)]
    outbox.settle(connection, claimed.exchange_id, outcomes)


def _hold_back(engine: Engine, claimed: outbox.Exchange, provider_id: ProviderId, clock: Clock, code: str, said: str) -> None:
    """Nothing left the building: this letter and the others wait together."""
    now = clock.now()
    with transaction(engine) as connection:
        outbox.release(connection, claimed, next_at=now, now=now, code=code, text=said)
        outbox.hold_back(connection, system=_SYSTEM, provider_id=provider_id, now=now, next_at=now, code=code, text=said)
