"""Sealing: one Merkle root for each past day, chained to the day before, so that nothing can be put in, taken out or changed unseen.

A seal takes every message that came before the end of its day and lies in no earlier seal (``seal_leaf`` says which seal has which): a
message whose transaction ends late, or comes from a machine with a slow clock, goes into the next seal instead of breaking one. Days
follow each other without gaps; on a day without messages the seal says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from core.archive import merkle
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
    place: int
    siblings: tuple[bytes, ...]
    seal: Seal

    def holds(self) -> bool:
        """Whether the path leads to the root, and the root to the chain."""
        seal = self.seal
        leads = merkle.check_path(self.message_sha256, place=self.place, count=seal.count, siblings=self.siblings, expected_root=seal.root)
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
    hashes = [bytes(row.sha256) for row in messages]
    previous = merkle.FIRST_CHAIN if last is None else bytes(last.chain)
    day_root = merkle.root(hashes)
    seal = Seal(day, len(hashes), day_root, previous, merkle.chain_link(previous, day=day, count=len(hashes), day_root=day_root), at)
    ends = {"first": messages[0].message_id, "last": messages[-1].message_id} if messages else {"first": None, "last": None}
    values = {"day": day, "count": seal.count, "root": seal.root, "previous_chain": previous, "chain": seal.chain, "at": at}
    connection.execute(_SQL.insert_seal, values | ends)
    if messages:
        places = ((row.message_id, place) for place, row in enumerate(messages))
        stage(connection, "staged_leaf", (("message_id", "bigint"), ("place", "bigint")), places)
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
    hashes = [bytes(value) for value in connection.execute(_SQL.leaves_of_day, {"day": leaf.sealed_day}).scalars()]
    seal = _seal(connection.execute(_SQL.seal_of_day, {"day": leaf.sealed_day}).one())
    if leaf.place >= len(hashes):
        raise InvariantError("ARC-0203", f"Печать {leaf.sealed_day:%d.%m.%Y} неполна: нет части сообщений.", hint="Выполните erkc verify.")
    return HashPath(bytes(leaf.sha256), leaf.place, merkle.path(hashes, leaf.place), seal)


def _seal(row: object) -> Seal:
    values = row._mapping  # type: ignore[attr-defined]  # a SQLAlchemy row of either seal query
    return Seal(
        values["sealed_day"], values["message_count"], bytes(values["root"]), bytes(values["previous_chain"]), bytes(values["chain"]),
        values["sealed_at"],
    )  # fmt: skip
