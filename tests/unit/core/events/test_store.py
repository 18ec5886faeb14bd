from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from core import events
from core.events import EventKind, NewEvent
from core.ids import CENTRE, ProviderId
from core.storage.engine import application_engine, transaction
from tests.conftest import Database

AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_what_was_recorded_is_read_in_order_and_by_kind(connection: Connection) -> None:
    first = events.record(
        connection,
        kind=EventKind.MONTH_POSTED,
        provider_id=CENTRE,
        subject_kind="calculation",
        subject_id=7,
        data={"сумма": 1906_32},
        at=AT,
    )
    many = [NewEvent(EventKind.BILL_ISSUED, CENTRE, "bill", n, {"number": f"Ж-{n}"}) for n in range(3)]
    assert events.record_many(connection, many, at=AT) == 3
    assert events.record_many(connection, [], at=AT) == 0
    everything = events.read(connection)
    assert [event.kind for event in everything] == [EventKind.MONTH_POSTED] + [EventKind.BILL_ISSUED] * 3
    assert everything[0].data == {"сумма": 190632}
    assert [event.subject_id for event in events.read(connection, after=first)] == [0, 1, 2]
    assert len(events.read(connection, kinds=[EventKind.MONTH_POSTED])) == 1
    assert events.read(connection, kinds=[]) == []
    assert len(events.read(connection, most=2)) == 2


def test_an_event_lives_and_dies_with_its_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        events.record(connection, kind=EventKind.BILL_PLACED, provider_id=CENTRE, subject_kind="bill", subject_id=1, data={}, at=AT)
        connection.rollback()
    with engine.connect() as connection:
        assert events.read(connection) == []


def test_a_provider_sees_and_adds_its_own_only(engine: Engine, database: Database) -> None:
    with transaction(engine) as connection:
        for number in (1, 2):
            connection.execute(
                text("INSERT INTO provider (provider_id, inn, kpp, ogrn, name, kind) VALUES (:n, :inn, '', '', 'УК', 1)"),
                {"n": number, "inn": str(number)},
            )
        events.record_many(connection, [NewEvent(EventKind.READING_HELD, ProviderId(n), "reading", n) for n in (1, 2)], at=AT)
    first = application_engine(database.url, provider=ProviderId(1))
    with first.connect() as connection:
        assert [event.provider_id for event in events.read(connection)] == [1]
        with pytest.raises(ProgrammingError, match="row-level security"):
            events.record(
                connection, kind=EventKind.BILL_ISSUED, provider_id=ProviderId(2), subject_kind="bill", subject_id=1, data={}, at=AT
            )
    first.dispose()
