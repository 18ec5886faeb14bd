"""Unloads on their way to the region: prepared → sent → acknowledged (the region's task) → done or failed, each step in the outbox.

A carrier's steps may be repeated (volumes resume, a start with the same key returns the first task), so a lost answer means: again, the
same way. Where a region does not know the key, a lost answer to the start waits for a person instead. Three outcomes are told apart: done;
refused by the region (the unload does not count, increments go on from the one before); taken by the region and refused by ГИС ЖКХ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Literal, Protocol
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Connection, Engine

from core import archive, outbox
from core.clock import Clock
from core.errors import ConfigError, InvariantError, RejectedError, TransientError
from core.ids import ExchangeId, MessageId, ProviderId, TransportGuid
from core.storage.engine import transaction

__all__ = ["ACT", "SYSTEM", "Carrier", "SendRun", "Standing", "prepare_unload", "send_unloads", "standing"]

SYSTEM = "rgis"
"""The system of these exchanges, and the channel of the archive that their bytes stand in."""
ACT = "unload"
_ITEM = "unload"
_LEASE = timedelta(minutes=30)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_MOST_ERRORS = 500
_ALL: tuple[outbox.State, ...] = ("prepared", "sent", "acknowledged", "lost", "done", "failed", "replaced")


class Task(Protocol):
    """An import as the region tells of it (:class:`adapters.rgis.packages.Task`)."""

    @property
    def identifier(self) -> str: ...
    @property
    def state(self) -> Literal["pending", "done", "refused"]: ...
    @property
    def log(self) -> str: ...


class Refusal(Protocol):
    """One line of a log."""

    @property
    def system(self) -> Literal["region", "federal"]: ...
    @property
    def section(self) -> str: ...
    @property
    def row(self) -> int | None: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


class Carrier(Protocol):
    """A way to the region."""

    @property
    def is_idempotent(self) -> bool: ...
    def deliver(self, name: str, archive: IO[bytes], size: int, sha256: str) -> Task:
        """Upload and start; ``TransientError``: perhaps done, perhaps not."""

    def state(self, task: str) -> Task: ...
    def log(self, file: str) -> bytes: ...


@dataclass(slots=True)
class SendRun:
    """What a run did."""

    started: int = 0
    done: int = 0
    refused: int = 0
    waiting: int = 0
    trouble: TransientError | None = None
    """Why the run ended before its time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One unload and where it is."""

    exchange_id: ExchangeId
    name: str
    state: outbox.State
    changed_at: datetime
    next_at: datetime
    code: str
    text: str
    task: str
    errors: Sequence[dict[str, str]]


def prepare_unload(
    connection: Connection, *, provider_id: ProviderId, name: str, message_id: MessageId, sha256: str, at: datetime
) -> ExchangeId:
    """Put an archived unload into the outbox; ``ConflictError`` when the one before is still on its way."""
    identifier = uuid4()
    return outbox.prepare(
        connection,
        provider_id=provider_id,
        system=SYSTEM,
        service="packages",
        operation="import",
        subject=ACT,
        act=ACT,
        request={"name": name, "sha256": sha256},
        request_guid=identifier,
        items=[outbox.Item(TransportGuid(identifier), _ITEM, int(message_id))],
        at=at,
        request_message_id=message_id,
    )


def send_unloads(
    engine: Engine,
    *,
    carrier: Carrier,
    read_log: Callable[[bytes], Sequence[Refusal]],
    clock: Clock,
    provider_id: ProviderId | None = None,
    ladder_s: Sequence[float] = (10, 60, 300, 900),
) -> SendRun:
    """Take every step that is due. A region that does not answer ends the run: nothing is lost, the next run goes on."""
    run = SendRun()
    while run.trouble is None:
        claimed = _claim(engine, provider_id, clock)
        if claimed is None:
            break
        _Step(engine, carrier, read_log, clock, tuple(ladder_s), claimed, run).take()
    with transaction(engine) as connection:
        run.waiting = outbox.unfinished(connection, system=SYSTEM, provider_id=provider_id)
    return run


def standing(connection: Connection, *, provider_id: ProviderId | None = None) -> list[Standing]:
    """Every unload that was ever put on its way, in the order they began."""
    found = []
    for one in outbox.exchanges(connection, system=SYSTEM, states=_ALL, provider_id=provider_id, act=ACT):
        item = outbox.items(connection, one.exchange_id)[0]
        found.append(
            Standing(
                one.exchange_id, str(one.request["name"]), one.state, one.changed_at, one.next_at, one.error_code or "",
                one.error_text or "", item.remote_number or "", [dict(error) for error in item.errors],
            )
        )  # fmt: skip
    return found


def _claim(engine: Engine, provider_id: ProviderId | None, clock: Clock) -> outbox.Exchange | None:
    now = clock.now()
    with transaction(engine) as connection:
        outbox.sweep(connection, system=SYSTEM, now=now, wait=timedelta(0))
        claimed = outbox.claim(connection, system=SYSTEM, now=now, lease=_LEASE, provider_id=provider_id)
    return claimed[0] if claimed else None


@dataclass(slots=True)
class _Step:
    """One claimed exchange and the one step that is taken with it."""

    engine: Engine
    carrier: Carrier
    read_log: Callable[[bytes], Sequence[Refusal]]
    clock: Clock
    ladder_s: tuple[float, ...]
    claimed: outbox.Exchange
    run: SendRun

    def take(self) -> None:
        try:
            task = self._ask() if self.claimed.state == "acknowledged" else self._deliver()
            if task is None:
                return
            if task.state == "pending":
                self._pending(task)
            else:
                self._finish(task)
        except TransientError as error:
            self.run.trouble = error
            self._again(error.code, error.message, is_started=error.code == "RGIS-0301")
        except RejectedError as error:
            self.run.refused += 1
            self._store("failed", (), code=error.code, text=error.message, log=None)
        except ConfigError as error:
            self._again(error.code, error.message, is_started=False)
            raise

    def _deliver(self) -> Task | None:
        """Upload and start; after a lost answer again, with the same key."""
        if self.claimed.state == "lost" and not self.carrier.is_idempotent:
            with transaction(self.engine) as connection:
                outbox.postpone(
                    connection, self.claimed, next_at=_NEVER, now=self.clock.now(), polled=False, code="RGIS-0304",
                    text="Неизвестно, начат ли приём: РГИС этого региона не узнаёт повторов. Спросите её оператора.",
                )  # fmt: skip
            return None
        message_id = self.claimed.request_message_id
        if message_id is None:
            raise InvariantError("RGIS-0401", "Выгрузка взята в работу без сохранённых байтов.", exchange=self.claimed.exchange_id)
        with transaction(self.engine) as connection:
            message = archive.describe(connection, message_id)
            source = archive.open_stream(connection, message_id)
            task = self.carrier.deliver(message.name, source, message.size_bytes, message.sha256.hex())
        self.run.started += 1
        return task

    def _ask(self) -> Task:
        with transaction(self.engine) as connection:
            (item,) = outbox.items(connection, self.claimed.exchange_id)
        return self.carrier.state(item.remote_number or "")

    def _pending(self, task: Task) -> None:
        now = self.clock.now()
        next_at = now + timedelta(seconds=self.ladder_s[min(self.claimed.polls, len(self.ladder_s) - 1)])
        with transaction(self.engine) as connection:
            (item,) = outbox.items(connection, self.claimed.exchange_id)
            waiting = outbox.ItemOutcome(item.transport_guid, "waiting", remote_number=task.identifier)
            outbox.settle(connection, self.claimed.exchange_id, [waiting])
            if self.claimed.state == "sent":
                outbox.acknowledge(connection, self.claimed, remote_guid=uuid5(NAMESPACE_URL, task.identifier), next_at=next_at, now=now)
            else:
                outbox.postpone(connection, self.claimed, next_at=next_at, now=now)

    def _finish(self, task: Task) -> None:
        log = self.carrier.log(task.log) if task.log else b""
        said = list(self.read_log(log)) if log else []
        federal = [one for one in said if one.system == "federal"]
        if task.state == "done":
            self.run.done += 1
            if federal:
                self._store("done", said, code="RGIS-0203", text=f"РГИС приняла, ГИС ЖКХ отказала: {_first(federal)}", log=log, task=task)
            else:
                self._store("done", said, code=None, text=None, log=log, task=task)
        else:
            self.run.refused += 1
            self._store("failed", said, code="RGIS-0202", text=f"РГИС отказала: {_first(said)}", log=log, task=task)

    def _store(
        self, state: Literal["done", "failed"], said: Sequence[Refusal], *, code: str | None, text: str | None, log: bytes | None,
        task: Task | None = None,
    ) -> None:  # fmt: skip
        now = self.clock.now()
        with transaction(self.engine) as connection:
            message_id = None
            if log:
                name = f"{self.claimed.request['name']}.log.json"
                message_id = archive.store(
                    connection, data=log, name=name, channel=SYSTEM, direction="in", provider_id=self.claimed.provider_id, at=now
                ).message_id
            (item,) = outbox.items(connection, self.claimed.exchange_id)
            errors = tuple(
                {"system": one.system, "section": one.section, "row": "" if one.row is None else str(one.row), "code": one.code,
                 "text": one.message}
                for one in said[:_MOST_ERRORS]
            )  # fmt: skip
            if outbox.finish(connection, self.claimed, state, now=now, message_id=message_id, code=code, text=text):
                outcome = outbox.ItemOutcome(
                    item.transport_guid, "accepted" if state == "done" else "rejected",
                    remote_number=task.identifier if task is not None else item.remote_number, errors=errors,
                )  # fmt: skip
                outbox.settle(connection, self.claimed.exchange_id, [outcome])

    def _again(self, code: str, text: str, *, is_started: bool) -> None:
        """Later, the same way; where a repeat is not harmless, what may have been started is lost until a person knows."""
        now = self.clock.now()
        next_at = now + timedelta(seconds=self.ladder_s[min(self.claimed.attempts, len(self.ladder_s) - 1)])
        with transaction(self.engine) as connection:
            if self.claimed.state != "sent":
                outbox.postpone(connection, self.claimed, next_at=next_at, now=now, polled=False, code=code, text=text)
            elif is_started and not self.carrier.is_idempotent:
                outbox.lose(connection, self.claimed, next_at=now, now=now, code=code, text=text)
            else:
                outbox.release(connection, self.claimed, next_at=next_at, now=now, code=code, text=text)


def _first(said: Sequence[Refusal]) -> str:
    if not said:
        return "причина не названа"
    one = said[0]
    where = f" ({one.section}{f', строка {one.row}' if one.row is not None else ''})" if one.section else ""
    more = f"; всего замечаний {len(said)}" if len(said) > 1 else ""
    return f"{one.code} {one.message}".strip() + where + more
