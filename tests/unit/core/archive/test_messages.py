from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from core import archive
from core.archive import Stored
from core.archive.messages import CHUNK_BYTES
from core.errors import ConflictError, InputError, InvariantError
from core.ids import CENTRE, MessageId, ProviderId
from core.storage.engine import application_engine, owner_engine, transaction
from tests.conftest import Database

AT = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


def _store(connection: Connection, data: bytes, name: str = "файл.zip", provider_id: ProviderId = CENTRE) -> Stored:
    return archive.store(connection, data=data, name=name, channel="uk.format4", direction="in", provider_id=provider_id, at=AT)


SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 77)


def test_bytes_of_any_size_come_back_as_they_were(connection: Connection) -> None:
    for size in SIZES:
        data = os.urandom(size)
        stored = _store(connection, data)
        assert stored.is_new
        assert stored.sha256 == sha256(data).digest()
        assert archive.read(connection, stored.message_id) == data
        lengths = text("SELECT length(bytes) FROM message_chunk WHERE message_id = :m ORDER BY part")
        parts = connection.execute(lengths, {"m": stored.message_id}).scalars().all()
        assert sum(parts) == size
        assert all(part == CHUNK_BYTES for part in parts[:-1])
        described = archive.describe(connection, stored.message_id)
        assert (described.size_bytes, described.name, described.received_at, described.dropped_at) == (size, "файл.zip", AT, None)


class _Dribble(io.RawIOBase):
    """A source that gives less than it is asked for, as sockets and pipes do."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(min(size, 70_001))


def test_a_stream_is_the_same_message_as_its_bytes(connection: Connection) -> None:
    data = os.urandom(CHUNK_BYTES * 2 + 5)
    first = archive.store(connection, data=_Dribble(data), name="a", channel="c", direction="in", provider_id=CENTRE, at=AT)  # type: ignore[arg-type]
    second = archive.store(connection, data=data, name="b", channel="c", direction="in", provider_id=CENTRE, at=AT)
    assert (second.message_id, second.is_new) == (first.message_id, False)
    assert archive.read(connection, first.message_id) == data
    assert archive.describe(connection, first.message_id).name == "a"


def test_channel_and_direction_are_part_of_the_identity(connection: Connection) -> None:
    first = _store(connection, b"x")
    other = archive.store(connection, data=b"x", name="x", channel="uk.format4", direction="out", provider_id=CENTRE, at=AT)
    third = archive.store(connection, data=b"x", name="x", channel="banks", direction="in", provider_id=CENTRE, at=AT)
    assert len({first.message_id, other.message_id, third.message_id}) == 3


def test_a_stream_can_be_read_as_a_zip_from_the_database(connection: Connection) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as folder:
        folder.writestr("большой.txt", os.urandom(3 * CHUNK_BYTES // 2))
        folder.writestr("малый.txt", "в конце")
    stored = _store(connection, packed.getvalue())
    with zipfile.ZipFile(archive.open_stream(connection, stored.message_id)) as folder:
        assert folder.read("малый.txt").decode() == "в конце"
        assert folder.testzip() is None


def test_eight_who_store_the_same_at_once_get_one_message(engine: Engine) -> None:
    data = os.urandom(CHUNK_BYTES + 10)
    barrier, results = threading.Barrier(8), []

    def one() -> None:
        barrier.wait()
        with transaction(engine) as connection:
            results.append(_store(connection, data))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len({stored.message_id for stored in results}) == 1
    assert sum(stored.is_new for stored in results) == 1
    with engine.connect() as connection:
        assert archive.read(connection, results[0].message_id) == data


def test_a_rolled_back_message_leaves_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        _store(connection, b"gone")
        connection.rollback()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM message")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM message_chunk")).scalar() == 0


def test_unstorable_names_are_kept_as_far_as_possible(connection: Connection) -> None:
    stored = _store(connection, b"1", name="a\x00b\udcffc")
    assert archive.describe(connection, stored.message_id).name == "a\ufffdb?c"


def test_find_by_the_beginning_of_the_hash(connection: Connection) -> None:
    stored = [_store(connection, bytes([n])) for n in range(5)]
    digits = stored[3].sha256.hex()
    assert [m.message_id for m in archive.find(connection, digits[:7])] == [stored[3].message_id]
    assert [m.message_id for m in archive.find(connection, digits.upper())] == [stored[3].message_id]
    for wrong in ("abc", "xyzw", digits + "0"):
        with pytest.raises(InputError, match="ARC-0103"):
            archive.find(connection, wrong)


def test_an_unknown_message_is_an_error_with_its_number(connection: Connection) -> None:
    for call in (archive.read, archive.describe, archive.open_stream):
        with pytest.raises(InputError, match="№ 4711"):
            call(connection, MessageId(4711))


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    engine = owner_engine(database.superuser_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_changed_bytes_are_not_handed_out(engine: Engine, superuser: Connection) -> None:
    with transaction(engine) as connection:
        stored = _store(connection, b"kopeck")
    superuser.execute(text("UPDATE message_chunk SET bytes = 'kopecK'"))
    superuser.commit()
    with engine.connect() as connection, pytest.raises(InvariantError, match="ARC-0105"):
        archive.read(connection, stored.message_id)


def test_lawful_drop_is_the_owners_and_leaves_hash_and_size(engine: Engine, database: Database) -> None:
    with transaction(engine) as connection:
        stored = _store(connection, b"personal data")
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        archive.drop(connection, stored.message_id, basis="152-ФЗ ст. 21, заявление № 5", at=AT)
    owner = owner_engine(database.owner_url)
    with owner.begin() as connection:
        with pytest.raises(InputError, match="ARC-0106"):
            archive.drop(connection, stored.message_id, basis=" ", at=AT)
        archive.drop(connection, stored.message_id, basis="152-ФЗ ст. 21, заявление № 5", at=AT)
    owner.dispose()
    with engine.connect() as connection:
        described = archive.describe(connection, stored.message_id)
        assert (described.sha256, described.size_bytes, described.drop_basis) == (stored.sha256, 13, "152-ФЗ ст. 21, заявление № 5")
        with pytest.raises(InputError, match=r"ARC-0104.*152-ФЗ"):
            archive.read(connection, stored.message_id)
        again = _store(connection, b"personal data")
        assert (again.message_id, again.is_new) == (stored.message_id, False)


def test_a_provider_neither_sees_nor_repeats_anothers_message(engine: Engine, database: Database) -> None:
    with transaction(engine) as connection:
        for number in (1, 2):
            connection.execute(
                text("INSERT INTO provider (provider_id, inn, kpp, ogrn, name, kind) VALUES (:n, :inn, '', '', 'УК', 1)"),
                {"n": number, "inn": str(number)},
            )
        first = _store(connection, b"of one", provider_id=ProviderId(1))
    second = application_engine(database.url, provider=ProviderId(2))
    with second.connect() as connection:
        with pytest.raises(InputError, match="ARC-0101"):
            archive.read(connection, first.message_id)
        assert connection.execute(text("SELECT count(*) FROM message_chunk")).scalar() == 0
        with pytest.raises(ConflictError, match="ARC-0102"):
            _store(connection, b"of one", provider_id=ProviderId(2))
        assert _store(connection, b"of two", provider_id=ProviderId(2)).is_new
        with pytest.raises(ProgrammingError, match="row-level security"):
            _store(connection, b"posing as one", provider_id=ProviderId(1))
    second.dispose()
