from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from core import archive
from core.archive import merkle
from core.errors import InputError
from core.ids import CENTRE, MessageId
from core.storage.engine import owner_engine, transaction
from tests.conftest import Database

START = datetime(2026, 10, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
LAST = date(2026, 10, 4)


def _store(connection: Connection, data: bytes, at: datetime) -> MessageId:
    return archive.store(connection, data=data, name="n", channel="c", direction="in", provider_id=CENTRE, at=at).message_id


@pytest.fixture
def sealed(engine: Engine) -> list[MessageId]:
    """Seven messages on the first day, none on the second, two on the third, one on the fourth (a large one); all four days sealed."""
    with transaction(engine) as connection:
        numbers = [_store(connection, bytes([n]), START + timedelta(minutes=n)) for n in range(7)]
        numbers += [_store(connection, bytes([n]), START + timedelta(days=2)) for n in (10, 11)]
        numbers.append(_store(connection, b"large" * 500_000, START + timedelta(days=3)))
        archive.seal_until(connection, LAST, NOW)
    return numbers


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    engine = owner_engine(database.superuser_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # an intruder with every right: no foreign key stands in the way
        yield connection
    engine.dispose()


def _broken(engine: Engine) -> list[tuple[str, int | None, date | None]]:
    with engine.connect() as connection:
        return [(breach.kind, breach.message_id, breach.day) for breach in archive.broken(connection)]


def test_days_are_sealed_in_order_with_an_empty_one_between(engine: Engine, sealed: list[MessageId]) -> None:
    with transaction(engine) as connection:
        again = archive.seal_day(connection, date(2026, 10, 1), NOW)
        assert (again.count, again.day) == (7, date(2026, 10, 1))
        assert archive.seal_until(connection, LAST, NOW) == []
        counts = connection.execute(text("SELECT message_count FROM seal ORDER BY sealed_day")).scalars().all()
    assert counts == [7, 0, 2, 1]
    assert _broken(engine) == []


def test_every_message_has_a_path_that_holds(engine: Engine, sealed: list[MessageId]) -> None:
    with transaction(engine) as connection:
        for number in sealed:
            proof = archive.hash_path(connection, number)
            assert proof is not None
            assert proof.holds()
            with archive.open_stream(connection, number) as stream:
                assert proof.content_root == merkle.content_root(stream)
            assert not replace(proof, content_root=merkle.NO_CONTENT).holds()
        late = _store(connection, b"not sealed yet", NOW)
        assert archive.hash_path(connection, late) is None


def test_a_day_that_is_not_over_or_out_of_order_is_not_sealed(engine: Engine, sealed: list[MessageId]) -> None:
    with transaction(engine) as connection:
        with pytest.raises(InputError, match="ARC-0201"):
            archive.seal_day(connection, date(2026, 10, 5), NOW)
        with pytest.raises(InputError, match="ARC-0202"):
            archive.seal_day(connection, date(2026, 10, 6), NOW + timedelta(days=5))


def test_a_message_stored_late_for_its_day_goes_into_the_next_seal(engine: Engine, sealed: list[MessageId]) -> None:
    with transaction(engine) as connection:
        late = _store(connection, b"from a slow clock", START)
        seal = archive.seal_day(connection, date(2026, 10, 5), NOW + timedelta(days=1))
        proof = archive.hash_path(connection, late)
    assert seal.count == 1
    assert proof is not None
    assert proof.holds()
    assert _broken(engine) == []


BREACHES = [
    ("UPDATE message_chunk SET bytes = '\\x63' WHERE message_id = :m", [("bytes", 3, None)]),
    ("DELETE FROM message_chunk WHERE message_id = :m", [("bytes", 3, None)]),
    ("DELETE FROM message WHERE message_id = :m", [("orphan", 3, None), ("root", None, date(2026, 10, 1))]),
    ("UPDATE message SET sha256 = sha256('\\x63') WHERE message_id = :m", [("bytes", 3, None), ("root", None, date(2026, 10, 1))]),
    (
        "UPDATE seal SET root = sha256('1') WHERE sealed_day = '2026-10-03'",
        [("root", None, date(2026, 10, 3)), ("chain", None, date(2026, 10, 3))],
    ),
    ("DELETE FROM seal WHERE sealed_day = '2026-10-02'", [("chain", None, date(2026, 10, 3))]),
    (
        "UPDATE seal SET chain = sha256('1') WHERE sealed_day = '2026-10-01'",
        [("chain", None, date(2026, 10, 1)), ("chain", None, date(2026, 10, 2))],
    ),
    ("DELETE FROM seal_leaf WHERE message_id = :m", [("root", None, date(2026, 10, 1))]),
    ("UPDATE seal_leaf SET content_root = sha256('1') WHERE message_id = :m", [("root", None, date(2026, 10, 1))]),
    ("UPDATE seal_leaf SET place = 100 - place WHERE sealed_day = '2026-10-01'", [("root", None, date(2026, 10, 1))]),
    ("UPDATE seal_leaf SET place = 100 + place WHERE sealed_day = '2026-10-03'", [("root", None, date(2026, 10, 3))]),
    (
        "INSERT INTO message_chunk SELECT received_month, message_id, 1, 'more' FROM message_chunk WHERE message_id = :m",
        [("bytes", 3, None)],
    ),
]


@pytest.mark.parametrize(("statement", "expected"), BREACHES)
def test_whatever_an_intruder_changes_is_named(
    engine: Engine, superuser: Connection, sealed: list[MessageId], statement: str, expected: list[tuple[str, int | None, date | None]]
) -> None:
    parameters = {"m": sealed[2]} if ":m" in statement else {}
    superuser.execute(text(statement), parameters)
    superuser.commit()
    assert _broken(engine) == [(kind, sealed[2] if number is not None else None, day) for kind, number, day in expected]


def test_a_byte_of_a_large_message_and_a_forged_pair_are_found(engine: Engine, superuser: Connection, sealed: list[MessageId]) -> None:
    superuser.execute(text("UPDATE message_chunk SET bytes = set_byte(bytes, 77, 1) WHERE message_id = :m AND part = 1"), {"m": sealed[9]})
    superuser.execute(text("UPDATE message_chunk SET bytes = '\\x63' WHERE message_id = :m"), {"m": sealed[0]})
    superuser.execute(text("UPDATE message SET sha256 = sha256('\\x63') WHERE message_id = :m"), {"m": sealed[0]})
    superuser.commit()
    assert _broken(engine) == [("bytes", sealed[9], None), ("root", None, date(2026, 10, 1))]


def test_a_message_whose_bytes_were_dropped_before_its_day_was_sealed_is_sealed_by_its_hash(engine: Engine, database: Database) -> None:
    with transaction(engine) as connection:
        number = _store(connection, b"to be dropped", START)
    owner = owner_engine(database.owner_url)
    with owner.begin() as connection:
        archive.drop(connection, number, basis="152-ФЗ ст. 21", at=NOW)
    owner.dispose()
    with transaction(engine) as connection:
        archive.seal_until(connection, LAST, NOW)
        proof = archive.hash_path(connection, number)
    assert proof is not None
    assert proof.holds()
    assert proof.content_root == merkle.NO_CONTENT
    assert _broken(engine) == [("dropped", number, None)]


def test_lawfully_dropped_bytes_are_reported_as_such_and_the_seal_holds(
    engine: Engine, database: Database, sealed: list[MessageId]
) -> None:
    owner = owner_engine(database.owner_url)
    with owner.begin() as connection:
        for number in (sealed[1], sealed[9]):
            archive.drop(connection, number, basis="152-ФЗ ст. 21", at=NOW)
    owner.dispose()
    assert _broken(engine) == [("dropped", sealed[1], None), ("dropped", sealed[9], None)]
    with engine.connect() as connection:
        assert all(breach.is_lawful for breach in archive.broken(connection))
        proof = archive.hash_path(connection, sealed[1])
    assert proof is not None
    assert proof.holds()
