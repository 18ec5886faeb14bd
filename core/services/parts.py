"""Parts of one delivery that come as several files: each is archived as it came and waits until the others are there.

The archive itself is the waiting room: a part is a message of a channel of its own, found again by its name. A part that is sent anew
replaces the earlier one of its name. What a set of parts is, and what they make together, the caller knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine

from core import archive
from core.clock import Clock
from core.ids import CENTRE, MessageId
from core.model.finding import Finding, Position
from core.records.findings import save_findings
from core.records.intake import Intake, moment_after, read_intake, save_intake
from core.services.take import Taken
from core.storage.engine import transaction

__all__ = ["PART_CHANNEL", "keep_part", "note_joined", "parts_named", "wait_for_parts", "waiting_finding", "was_taken"]

PART_CHANNEL = "uk.part"
_WAITING, _JOINED = "waiting", "joined"
_Key = TypeVar("_Key")


def keep_part(engine: Engine, *, name: str, data: bytes, clock: Clock) -> MessageId:
    """Archive a part; the same bytes again are the same message."""
    with transaction(engine) as connection:
        at = clock.now()
        stored = archive.store(connection, data=data, name=name, channel=PART_CHANNEL, direction="in", provider_id=CENTRE, at=at)
    return stored.message_id


def parts_named(engine: Engine, start: str, part_of: Callable[[str], _Key | None]) -> dict[_Key, tuple[MessageId, bytes]]:
    """Parts whose names begin so, by what ``part_of`` makes of the name (None: not a part of this set); the latest of each holds."""
    found: dict[_Key, MessageId] = {}
    with transaction(engine) as connection:
        for message in archive.find_named(connection, channel=PART_CHANNEL, start=start):
            key = part_of(message.name)
            if key is not None and message.dropped_at is None:
                found[key] = message.message_id
        return {key: (message_id, archive.read(connection, message_id)) for key, message_id in found.items()}


def was_taken(engine: Engine, *, channel: str, name: str) -> bool:
    """Whether a message of this very name was taken and not rejected."""
    with transaction(engine) as connection:
        for message in archive.find_named(connection, channel=channel, start=name):
            outcome = read_intake(connection, message.message_id) if message.name.lower() == name.lower() else None
            if outcome is not None and outcome.status != "rejected":
                return True
    return False


def wait_for_parts(engine: Engine, *, name: str, message_id: MessageId, finding: Finding, clock: Clock) -> Taken:
    """The outcome of a part while others are missing; ``finding`` says which."""
    is_new = _note(engine, {message_id: (name, [finding])}, _WAITING, clock.now())
    return Taken(name, message_id, None, None, _WAITING, {}, (finding,), None, is_new)


def note_joined(engine: Engine, parts: Mapping[MessageId, str], *, clock: Clock) -> None:
    """Parts, by number with the name of the file they made: they wait no longer."""
    _note(engine, {number: (name, []) for number, name in parts.items()}, _JOINED, clock.now())


def _note(engine: Engine, parts: Mapping[MessageId, tuple[str, list[Finding]]], status: str, now: datetime) -> bool:
    is_new = False
    with transaction(engine) as connection:
        for number, (name, findings) in parts.items():
            earlier = read_intake(connection, number)
            if earlier is not None and earlier.status in (status, _JOINED):
                continue
            at = moment_after(earlier, now)
            is_new = save_intake(connection, Intake(number, CENTRE, PART_CHANNEL, status, None, {"file": name}, {}, at)) or is_new
            save_findings(connection, findings, provider_id=CENTRE, message_id=number, month=None, found_at=at)
    return is_new


def waiting_finding(name: str, missing: list[str]) -> Finding:
    """What a waiting part says: the files that are still to come."""
    return Finding(
        Position(name), "F4-910", "info", "await_parts",
        message=f"Часть выгрузки принята на хранение и ждёт остальных: {', '.join(missing)}.",
        hint="Пришлите недостающие файлы под теми же именами; выгрузка соберётся сама.",
    )  # fmt: skip
