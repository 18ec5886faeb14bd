"""Sealing: one Merkle root for each past day, chained to the day before, so that nothing can be put in, taken out or changed unseen.

A seal takes every message that came before the end of its day and lies in no earlier seal (``seal_leaf`` says which seal has which): a
message whose transaction ends late, or comes from a machine with a slow clock, goes into the next seal instead of breaking one. Days
follow each other without gaps; on a day without messages the seal says so. A message is sealed by its hash and by the root over the lines
of its files (:mod:`core.archive.merkle`), so that a line can be shown to stand in it without the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, Row

from core.archive import merkle
from core.archive.messages import open_stream
from core.errors import InputError, InvariantError
from core.ids import MessageId
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["HashPath", "Seal", "all_seals", "hash_path", "seal_day", "seal_until"]

_SQL = queries("core.archive")


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of one day: publish ``chain`` anywhere, and all days up to this one are fixed."""

    day: date
    count: int
    root: bytes
    previous_chain: bytes
    chain: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class HashPath:
    """The proof that a message stands in the seal of a day; :func:`core.archive.merkle.check_path` checks it off line."""

    message_sha256: bytes
    content_root: bytes
    """Root over the lines of the message's files."""
    place: int
    siblings: tuple[bytes, ...]
    seal: Seal

    def holds(self) -> bool:
        """Whether the path leads to the root, and the root to the chain."""
        seal = self.seal
        value = merkle.sealed_value(self.message_sha256, self.content_root)
        leads = merkle.check_path(value, place=self.place, count=seal.count, siblings=self.siblings, expected_root=seal.root)
        return leads and seal.chain == merkle.chain_link(seal.previous_chain, day=seal.day, count=seal.count, day_root=seal.root)


def seal_day(connection: Connection, day: date, at: datetime) -> Seal:
    """Seal a day that is over at ``at`` (UTC); a sealed one is given back as it is. Concurrent sealers wait for each other.

    :class:`InputError` ARC-0201 when the day is not over, ARC-0202 when it does not follow the last sealed day.
    """
    until = datetime.combine(day + timedelta(days=1), time(), UTC)
    if at < until:
        raise InputError("ARC-0201", f"День {day:%d.%m.%Y} ещё не кончился: печать невозможна.", hint="Запечатывайте прошедшие дни.")
    connection.execute(_SQL.lock_seals)
    sealed = connection.execute(_SQL.seal_of_day, {"day": day}).one_or_none()
    if sealed is not None:
        return _seal(sealed)
    last = connection.execute(_SQL.last_seal).one_or_none()
    if last is not None and day != last.sealed_day + timedelta(days=1):
        raise InputError(
            "ARC-0202", f"День {day:%d.%m.%Y} не следует за последним запечатанным ({last.sealed_day:%d.%m.%Y}).",
            hint="Печати идут подряд: запечатайте дни по порядку.",
        )  # fmt: skip
    messages = connection.execute(_SQL.unsealed_messages, {"until": until}).all()
    contents = [_content_root(connection, row) for row in messages]
    values_of_day = [merkle.sealed_value(bytes(row.sha256), content) for row, content in zip(messages, contents, strict=True)]
    previous = merkle.FIRST_CHAIN if last is None else bytes(last.chain)
    day_root, count = merkle.root(values_of_day), len(values_of_day)
    seal = Seal(day, count, day_root, previous, merkle.chain_link(previous, day=day, count=count, day_root=day_root), at)
    ends = {"first": messages[0].message_id, "last": messages[-1].message_id} if messages else {"first": None, "last": None}
    values = {"day": day, "count": seal.count, "root": seal.root, "previous_chain": previous, "chain": seal.chain, "at": at}
    connection.execute(_SQL.insert_seal, values | ends)
    if messages:
        places = ((row.message_id, place, content) for place, (row, content) in enumerate(zip(messages, contents, strict=True)))
        stage(connection, "staged_leaf", (("message_id", "bigint"), ("place", "bigint"), ("content_root", "bytea")), places)
        connection.execute(_SQL.insert_leaves, {"day": day})
    return seal


def seal_until(connection: Connection, last_day: date, at: datetime) -> list[Seal]:
    """Seal every day not yet sealed up to ``last_day``, beginning with the day of the first message."""
    connection.execute(_SQL.lock_seals)
    last = connection.execute(_SQL.last_seal).one_or_none()
    if last is not None:
        day = last.sealed_day + timedelta(days=1)
    else:
        first = connection.execute(_SQL.first_message_day).scalar()
        if first is None:
            return []
        day = first.astimezone(UTC).date()
    seals = []
    while day <= last_day:
        seals.append(seal_day(connection, day, at))
        day += timedelta(days=1)
    return seals


def all_seals(connection: Connection) -> list[Seal]:
    """Every seal in the order of days."""
    return [_seal(row) for row in connection.execute(_SQL.all_seals)]


def hash_path(connection: Connection, message_id: MessageId) -> HashPath | None:
    """The proof for a message, None while its day is not sealed. Lawfully dropped messages keep theirs."""
    leaf = connection.execute(_SQL.leaf_of_message, {"message_id": message_id}).one_or_none()
    if leaf is None:
        return None
    leaves = connection.execute(_SQL.leaves_of_day, {"day": leaf.sealed_day})
    values = [merkle.sealed_value(bytes(row.sha256), bytes(row.content_root)) for row in leaves]
    seal = _seal(connection.execute(_SQL.seal_of_day, {"day": leaf.sealed_day}).one())
    if leaf.place >= len(values):
        raise InvariantError("ARC-0203", f"Печать {leaf.sealed_day:%d.%m.%Y} неполна: нет части сообщений.", hint="Выполните erkc verify.")
    return HashPath(bytes(leaf.sha256), bytes(leaf.content_root), leaf.place, merkle.path(values, leaf.place), seal)


def _content_root(connection: Connection, row: Row[tuple[object, ...]]) -> bytes:
    """Over the lines of a message that is about to be sealed, read as a stream."""
    if row.dropped_at is not None:
        return merkle.NO_CONTENT
    with open_stream(connection, MessageId(row.message_id)) as stream:
        return merkle.content_root(stream)


def _seal(row: object) -> Seal:
    values = row._mapping  # type: ignore[attr-defined]  # a SQLAlchemy row of either seal query
    return Seal(
        values["sealed_day"], values["message_count"], bytes(values["root"]), bytes(values["previous_chain"]), bytes(values["chain"]),
        values["sealed_at"],
    )  # fmt: skip
