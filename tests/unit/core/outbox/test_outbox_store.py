"""The outbox: identifiers once, claims with a fence, lost ones found, things placed once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine

from core import archive, outbox
from core.errors import ConflictError
from core.ids import CENTRE, ExchangeId, TransportGuid
from core.outbox import Item, ItemOutcome

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def prepare(
    connection: Connection, *, subject: str = "bills/1", ids: tuple[int, ...] = (1, 2), guid: UUID | None = None, sendable: bool = True
) -> ExchangeId:
    message = archive.store(
        connection, data=subject.encode() + b"!" * len(ids), name="m", channel="gis", direction="out", provider_id=CENTRE, at=NOW
    )
    return outbox.prepare(
        connection,
        provider_id=CENTRE,
        system="gis",
        service="bills",
        operation="importPaymentDocumentData",
        subject=subject,
        act="bills",
        request={"month": "2026-10"},
        request_guid=guid or uuid4(),
        items=[Item(TransportGuid(uuid4()), "bill", number) for number in ids],
        at=NOW,
        request_message_id=message.message_id if sendable else None,
    )


def claim(connection: Connection, now: datetime = NOW) -> list[outbox.Exchange]:
    return outbox.claim(connection, system="gis", now=now, lease=LEASE, most=10)


def test_the_whole_way(connection: Connection) -> None:
    number = prepare(connection)
    (claimed,) = claim(connection)
    assert (claimed.exchange_id, claimed.state, claimed.attempts, claimed.request) == (number, "sent", 1, {"month": "2026-10"})
    remote = uuid4()
    assert outbox.acknowledge(connection, claimed, remote_guid=remote, next_at=NOW + timedelta(seconds=10), now=NOW)
    assert claim(connection) == []
    later = NOW + timedelta(seconds=10)
    (polling,) = claim(connection, later)
    assert (polling.state, polling.remote_guid) == ("acknowledged", remote)
    assert outbox.postpone(connection, polling, next_at=later + timedelta(seconds=60), now=later)
    assert outbox.next_due(connection, system="gis") == later + timedelta(seconds=60)
    (again,) = claim(connection, later + timedelta(seconds=60))
    assert again.polls == 1
    first, second = outbox.items(connection, number)
    error = {"code": "INT008165", "text": "Сумма расходится"}
    outbox.settle(
        connection,
        number,
        [
            ItemOutcome(first.transport_guid, "accepted", "guid", "00АА000001-01-6101"),
            ItemOutcome(second.transport_guid, "rejected", errors=(error,)),
        ],
    )
    assert outbox.finish(connection, again, "done", now=later)
    assert outbox.next_due(connection, system="gis") is None
    assert outbox.accepted(connection, "bill", provider_id=CENTRE) == {1: ("guid", "00АА000001-01-6101")}
    assert outbox.refusals(connection, "bill") == {2: (("INT008165", "Сумма расходится"),)}
    assert [(count.state, count.count) for count in outbox.statistics(connection, system="gis")] == [("accepted", 1), ("rejected", 1)]


def test_what_is_not_archived_is_not_sent(connection: Connection) -> None:
    number = prepare(connection, sendable=False)
    assert claim(connection) == []
    stored = archive.store(connection, data=b"bytes", name="m", channel="gis", direction="out", provider_id=CENTRE, at=NOW)
    assert outbox.attach(connection, number, stored.message_id, at=NOW)
    assert not outbox.attach(connection, number, stored.message_id, at=NOW)
    assert len(claim(connection)) == 1


def test_a_thing_is_on_its_way_once(engine: Engine) -> None:
    with engine.begin() as connection:
        number = prepare(connection)
    with engine.connect() as connection, pytest.raises(ConflictError, match="GIS-0301"):
        prepare(connection, subject="bills/other", ids=(2, 3))
    with engine.begin() as connection:
        first, second = outbox.items(connection, number)
        outbox.settle(connection, number, [ItemOutcome(first.transport_guid, "accepted"), ItemOutcome(second.transport_guid, "rejected")])
    with engine.connect() as connection, pytest.raises(ConflictError):
        prepare(connection, subject="bills/placed", ids=(1,))
    with engine.begin() as connection:
        prepare(connection, subject="bills/refused", ids=(2,))
        assert set(outbox.live(connection, "bill", [1, 2, 3])) == {1, 2}


def test_one_conversation_about_a_subject(engine: Engine) -> None:
    with engine.begin() as connection:
        number = prepare(connection, ids=(1,))
        known = outbox.live_subject(connection, provider_id=CENTRE, system="gis", act="bills", subject="bills/1")
        assert known is not None and known.exchange_id == number
    with engine.connect() as connection, pytest.raises(ConflictError):
        prepare(connection, ids=(9,))


def test_a_settled_item_stays_as_it_is(connection: Connection) -> None:
    number = prepare(connection, ids=(1,))
    (item,) = outbox.items(connection, number)
    assert outbox.settle(connection, number, [ItemOutcome(item.transport_guid, "accepted", "a", "b")]) == 1
    assert outbox.settle(connection, number, [ItemOutcome(item.transport_guid, "rejected")]) == 0
    assert outbox.items(connection, number)[0].state == "accepted"


def test_a_vanished_sender_leaves_a_lost_exchange(connection: Connection) -> None:
    prepare(connection)
    (claimed,) = claim(connection)
    wait = timedelta(minutes=2)
    assert outbox.sweep(connection, system="gis", now=NOW + LEASE, wait=wait) == 0
    after = NOW + LEASE + timedelta(seconds=1)
    assert outbox.sweep(connection, system="gis", now=after, wait=wait) == 1
    assert claim(connection, after) == []
    (found,) = claim(connection, after + wait)
    assert found.state == "lost" and found.fence > claimed.fence
    # The one that was thought dead comes back with an answer: too late, its fence is old.
    assert not outbox.acknowledge(connection, claimed, remote_guid=uuid4(), next_at=NOW, now=NOW)
    assert not outbox.finish(connection, claimed, "done", now=NOW)
    assert outbox.finish(connection, found, "replaced", now=NOW)


def test_nothing_left_the_building(connection: Connection) -> None:
    prepare(connection)
    (claimed,) = claim(connection)
    assert outbox.release(connection, claimed, next_at=NOW + timedelta(seconds=30), now=NOW, code="GIS-0401", text="нет связи")
    (again,) = claim(connection, NOW + timedelta(seconds=30))
    assert (again.state, again.attempts, again.request_guid) == ("sent", 2, claimed.request_guid)


def test_two_workers_never_claim_the_same(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(20):
            prepare(connection, subject=f"bills/{number}", ids=(number * 10,))
    taken: list[int] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        while True:
            with engine.begin() as connection:
                found = outbox.claim(connection, system="gis", now=NOW, lease=LEASE, most=2)
                if not found:
                    return
                taken.extend(item.exchange_id for item in found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 20


def test_a_refused_thing_that_was_placed_later_counts_once(connection: Connection) -> None:
    first = prepare(connection, ids=(1,))
    (item,) = outbox.items(connection, first)
    outbox.settle(connection, first, [ItemOutcome(item.transport_guid, "rejected", errors=({"code": "X", "text": "x"},))])
    outbox.finish(connection, claim(connection)[0], "done", now=NOW)
    second = prepare(connection, subject="bills/again", ids=(1,))
    (item,) = outbox.items(connection, second)
    outbox.settle(connection, second, [ItemOutcome(item.transport_guid, "accepted")])
    assert [(count.state, count.count) for count in outbox.statistics(connection, system="gis")] == [("accepted", 1)]
    assert outbox.refusals(connection, "bill") == {}


def test_a_whole_refusal_is_the_reason_of_its_items(connection: Connection) -> None:
    number = prepare(connection, ids=(1,))
    (item,) = outbox.items(connection, number)
    (claimed,) = claim(connection)
    outbox.settle(connection, number, [ItemOutcome(item.transport_guid, "rejected")])
    outbox.finish(connection, claimed, "failed", now=NOW, code="AUT011003", text="Доступ запрещён")
    assert outbox.refusals(connection, "bill") == {1: (("AUT011003", "Доступ запрещён"),)}
    (failed,) = outbox.exchanges(connection, system="gis", states=("failed",))
    assert outbox.exchange(connection, number, lock=True) == failed
