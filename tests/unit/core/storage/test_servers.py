"""The archive and the jobs on every server that we support: what a version may lack shows here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, text

from core import archive, jobs
from core.archive.messages import CHUNK_BYTES
from core.ids import CENTRE
from core.storage.engine import owner_engine, transaction
from tests.conftest import Database

AT = datetime(2026, 10, 5, 9, tzinfo=UTC)


def test_the_archive_stores_seals_drops_and_verifies(engine: Engine, database: Database) -> None:
    with transaction(engine) as connection:
        numbers = [
            archive.store(connection, data=data, name="n", channel="c", direction="in", provider_id=CENTRE, at=AT).message_id
            for data in (b"", "Привет".encode(), b"x" * (CHUNK_BYTES + 1))
        ]
        archive.seal_until(connection, date(2026, 10, 6), AT + timedelta(days=2))
    owner = owner_engine(database.owner_url)
    with owner.begin() as connection:
        archive.drop(connection, numbers[1], basis="152-ФЗ", at=AT)
    owner.dispose()
    with engine.connect() as connection:
        assert [breach.kind for breach in archive.broken(connection)] == ["dropped"]
        proof = archive.hash_path(connection, numbers[2])
        assert proof is not None
        assert proof.holds()
        assert archive.read(connection, numbers[2]) == b"x" * (CHUNK_BYTES + 1)


def test_slots_and_their_wake_ups(engine: Engine) -> None:
    table = {"title": "т", "cron": "* * * * *", "catch_up": "latest", "lease_s": 60}
    schedule = jobs.parse_schedule({"timezone": "UTC", "jobs": {"poll": table}}, source="test")
    with transaction(engine) as connection:
        (slot,) = jobs.open_slots(connection, schedule, AT, "a")
        assert jobs.claim_slot(connection, slot, now=AT, lease=timedelta(seconds=1)) == 1
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        assert jobs.sweep(connection, AT + timedelta(seconds=2)) == [slot]


def test_texts_that_decide_identity_are_compared_byte_by_byte(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT string_agg(v, '' ORDER BY v COLLATE \"C\") FROM unnest(ARRAY['б', 'А', 'z', 'B', 'а']) v")
        ).scalar()
    assert found == "BzАаб"
