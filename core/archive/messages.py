"""Messages: storing and reading exact bytes, in parts of at most 1 MB so that neither side ever holds a large file in memory.

The same bytes in the same channel and direction are the same message, whoever stores them and however many do so at once: the database's
unique key decides. Messages are not parsed here and never changed; the law's order to drop bytes (:func:`drop`) leaves hash, size and
seal.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import BinaryIO, Literal

from sqlalchemy import Connection, Row

from core.errors import ConflictError, InputError, InvariantError
from core.ids import MessageId, ProviderId
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["CHUNK_BYTES", "Direction", "Message", "Stored", "describe", "drop", "find", "find_named", "open_stream", "read", "store"]

CHUNK_BYTES = 1_048_576
_FIND_LIMIT = 100
_SQL = queries("core.archive")

Direction = Literal["in", "out", "decision", "configuration"]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the bytes are; ``is_new`` is false when the archive already had them."""

    message_id: MessageId
    sha256: bytes
    is_new: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What the archive knows of a message besides its bytes. ``drop_basis`` names the law's ground when the bytes are gone."""

    message_id: MessageId
    provider_id: ProviderId
    direction: Direction
    channel: str
    name: str
    sha256: bytes
    size_bytes: int
    received_at: datetime
    dropped_at: datetime | None
    drop_basis: str | None


def store(
    connection: Connection, *, data: bytes | BinaryIO, name: str, channel: str, direction: Direction, provider_id: ProviderId, at: datetime
) -> Stored:
    """Archive bytes, or find them already archived. A file is read once, from where it stands to its end.

    :class:`ConflictError` ARC-0102 when another provider's message holds the same bytes and the session may not see it.
    """
    digest, size = sha256(), 0
    single = data if isinstance(data, bytes) and len(data) <= CHUNK_BYTES else None
    if single is not None:
        digest.update(single)
        size = len(single)
    else:
        source = io.BytesIO(data) if isinstance(data, bytes) else data

        def rows() -> Iterator[tuple[int, bytes]]:
            nonlocal size
            for part, piece in enumerate(_pieces(source)):
                digest.update(piece)
                size += len(piece)
                yield part, piece

        stage(connection, "staged_chunk", (("part", "integer"), ("bytes", "bytea")), rows())
    month = at.astimezone(UTC).date().replace(day=1)
    if size:
        connection.execute(_SQL.ensure_month, {"month": month})
    identity = {"channel": channel, "direction": direction, "sha256": digest.digest()}
    about = {"provider_id": provider_id, "name": _storable(name), "size_bytes": size, "at": at, "month": month}
    number = connection.execute(_SQL.insert_message, identity | about).scalar()
    if number is None:
        return _known(connection, identity)
    if single is None:
        connection.execute(_SQL.insert_staged_chunks, {"month": month, "message_id": number})
    elif single:
        connection.execute(_SQL.insert_chunk, {"month": month, "message_id": number, "part": 0, "bytes": single})
    return Stored(MessageId(number), digest.digest(), True)


def _known(connection: Connection, identity: Mapping[str, object]) -> Stored:
    number = connection.execute(_SQL.known_message, identity).scalar()
    if number is None:
        raise ConflictError(
            "ARC-0102", "Эти же байты уже хранятся как сообщение другого поставщика информации.", hint="Проверьте отправителя файла."
        )
    value = identity["sha256"]
    assert isinstance(value, bytes)
    return Stored(MessageId(number), value, False)


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    """Full parts and a last shorter one, however short the source's reads are."""
    while True:
        piece = bytearray()
        while len(piece) < CHUNK_BYTES:
            got = source.read(CHUNK_BYTES - len(piece))
            if not got:
                break
            piece += got
        if piece:
            yield bytes(piece)
        if len(piece) < CHUNK_BYTES:
            return


def _storable(name: str) -> str:
    """A name as the database takes it: no NUL, no half characters of a foreign file system."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def describe(connection: Connection, message_id: MessageId) -> Message:
    """What is known of a message; :class:`InputError` ARC-0101 when there is none (or it is another provider's)."""
    row = connection.execute(_SQL.describe, {"message_id": message_id}).one_or_none()
    if row is None:
        raise InputError("ARC-0101", f"В архиве нет сообщения № {message_id}.", hint="Проверьте номер.", message_id=message_id)
    return _message(row)


def find(connection: Connection, sha256_prefix: str) -> list[Message]:
    """Messages whose hash begins with these hexadecimal digits (at least four), at most a hundred, oldest first."""
    digits = sha256_prefix.lower()
    if not re.fullmatch(r"[0-9a-f]{4,64}", digits):
        raise InputError("ARC-0103", f"Это не начало хеша SHA-256: {sha256_prefix!r}.", hint="Укажите от 4 до 64 шестнадцатеричных цифр.")
    bounds = {"low": bytes.fromhex(digits.ljust(64, "0")), "high": bytes.fromhex(digits.ljust(64, "f"))}
    return [_message(row) for row in connection.execute(_SQL.find, bounds | {"most": _FIND_LIMIT})]


def find_named(connection: Connection, *, channel: str, start: str, direction: Direction = "in") -> list[Message]:
    """Messages of a channel under a name that begins so (upper and lower case are one), oldest first."""
    return [_message(row) for row in connection.execute(_SQL.find_named, {"channel": channel, "start": start, "direction": direction})]


def _message(row: Row[tuple[object, ...]]) -> Message:
    values = row._mapping
    return Message(
        values["message_id"], values["provider_id"], values["direction"], values["channel"], values["name"], bytes(values["sha256"]),
        values["size_bytes"], values["received_at"], values["dropped_at"], values["basis"],
    )  # fmt: skip


def read(connection: Connection, message_id: MessageId) -> bytes:
    """All bytes of a message, compared with its hash on the way: :class:`InvariantError` ARC-0105 when they are not what came in."""
    message = describe(connection, message_id)
    with open_stream(connection, message_id) as stream:
        data = stream.read()
    if sha256(data).digest() != message.sha256:
        raise InvariantError(
            "ARC-0105", f"Байты сообщения № {message_id} не совпадают с его хешем.", hint="Выполните erkc verify.",
            message_id=message_id,
        )  # fmt: skip
    return data


def open_stream(connection: Connection, message_id: MessageId) -> BinaryIO:
    """A message as a seekable binary file, fetched part by part; usable while the transaction is open. It does not compare the hash.

    :class:`InputError` ARC-0104 when the bytes were lawfully dropped.
    """
    message = describe(connection, message_id)
    if message.dropped_at is not None:
        raise InputError(
            "ARC-0104", f"Байты сообщения № {message_id} удалены {message.dropped_at:%d.%m.%Y} по основанию: {message.drop_basis}.",
            hint="Хеш, размер и место в печати дня сохранены.", message_id=message_id,
        )  # fmt: skip
    return io.BufferedReader(_Parts(connection, message), buffer_size=CHUNK_BYTES)


class _Parts(io.RawIOBase):
    """The parts of a message as one file: every part but the last is full, so a position names its part."""

    def __init__(self, connection: Connection, message: Message) -> None:
        self._connection = connection
        self._message = message
        self._position = 0
        self._part: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._message.size_bytes}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's buffer protocol has no slices
        part, offset = divmod(self._position, CHUNK_BYTES)
        if self._position >= self._message.size_bytes:
            return 0
        if self._part[0] != part:
            found = self._connection.execute(_SQL.chunk, {"message_id": self._message.message_id, "part": part}).scalar()
            if found is None:
                raise InvariantError(
                    "ARC-0105", f"В архиве нет части {part} сообщения № {self._message.message_id}.",
                    hint="Выполните erkc verify и восстановите архив из копии.", message_id=self._message.message_id,
                )  # fmt: skip
            self._part = (part, bytes(found))
        taken = self._part[1][offset : offset + len(buffer)]
        buffer[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)


def drop(connection: Connection, message_id: MessageId, *, basis: str, at: datetime) -> None:
    """Remove a message's bytes on a ground given by law (e.g. withdrawal of consent, 152-ФЗ art. 21), leaving hash, size, dates and seal.

    Needs the owner's connection: the working role has no right to delete. ``basis`` names the ground and the document.
    """
    if not basis.strip():
        raise InputError("ARC-0106", "Не указано основание удаления байтов сообщения.", hint="Назовите норму закона и документ.")
    describe(connection, message_id)
    connection.execute(_SQL.drop_message, {"message_id": message_id, "basis": basis.strip(), "at": at})
