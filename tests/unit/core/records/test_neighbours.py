"""Which houses of several senders are one: by ФИАС, else by cadastral number, never by a name that tells nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from core.errors import ConfigError
from core.ids import EntityId, MessageId, ProviderId, RecordId
from core.model.records import House, RegisteredSender
from core.period import Month
from core.records.entities import entity_ids
from core.records.neighbours import HouseName, SameHouse, group_houses, same_houses, sharing_providers
from core.records.providers import register_senders
from core.records.store import last_record, save
from core.storage.engine import application_engine
from tests.conftest import Database
from tests.unit.core.records.samples import AT, FIAS, fact

Archive = Callable[[ProviderId], MessageId]
OCTOBER = Month(2026, 10)
OTHER_FIAS = "ddc012f8-a786-4584-856d-044bc1f49414"


def name(house: int, sender: int, fias: str, cadastral: str = "") -> HouseName:
    return HouseName(EntityId(house), ProviderId(sender), str(house), fias, cadastral)


def groups(*names: HouseName) -> list[tuple[int, ...]]:
    return sorted(tuple(one.house_id for one in same.names) for same in group_houses(names))


def test_the_guid_comes_first_and_its_case_does_not_matter() -> None:
    found = group_houses([name(1, 1, "A", "x"), name(2, 2, "a", "y"), name(3, 2, "b", "x")])
    seen = sorted((tuple(one.house_id for one in same.names), same.matched_by) for same in found)
    assert seen == [((1, 2), "fias_house"), ((3,), "fias_house")]


def test_the_cadastral_number_joins_what_the_guid_does_not() -> None:
    (same,) = group_houses([name(1, 1, "a", "x"), name(2, 2, "b", "x"), name(3, 3, "b")])
    assert ([one.house_id for one in same.names], same.matched_by, same.doubtful) == ([1, 2, 3], "cadastral_no", ())


def test_a_name_on_two_houses_of_one_sender_tells_nothing_and_is_told() -> None:
    found = {one.house_id: same for same in group_houses([name(1, 1, "a"), name(2, 1, "a"), name(3, 2, "a")]) for one in same.names}
    assert [len(found[EntityId(i)].names) for i in (1, 2, 3)] == [1, 1, 1]
    assert [found[EntityId(i)].doubtful for i in (1, 2, 3)] == [("a",), ("a",), ("a",)]
    alone = group_houses([name(1, 1, "a"), name(2, 1, "a")])
    assert [same.doubtful for same in alone] == [(), ()], "one sender's own affair"


def test_two_houses_of_one_sender_are_told_apart_by_the_cadastral_number() -> None:
    assert groups(name(1, 1, "a", "x"), name(2, 1, "a", "y"), name(3, 2, "a", "y")) == [(1,), (2, 3)]


def test_empty_names_join_nothing() -> None:
    assert groups(name(1, 1, ""), name(2, 2, "")) == [(1,), (2,)]


@pytest.fixture
def other(connection: Connection) -> ProviderId:
    return register_senders(connection, [RegisteredSender("РСО", "0077000300", "007701001", "1260077000083", ("B-1",), 2)])[0]


def house(fias: str, cadastral: str = "") -> House:
    return House(fias, "02701000001", "Береговая, д. 1", "3", cadastral, 1, None, None, None, None, None)


@pytest.fixture
def told(connection: Connection, archived: Archive) -> Callable[[ProviderId, str, House], EntityId]:
    def tell(sender: ProviderId, key: str, body: House) -> EntityId:
        save(connection, provider_id=sender, message_id=archived(sender), records=[fact(key, body)], recorded_at=AT)
        return entity_ids(connection, sender, "house")[key]

    return tell


Told = Callable[[ProviderId, str, House], EntityId]


def test_houses_are_found_among_all_senders_as_they_were_known(
    connection: Connection, sender: ProviderId, other: ProviderId, told: Told
) -> None:
    mine, unlike = told(sender, "1", house(FIAS, "00:1")), told(sender, "2", house("c"))
    theirs = told(other, "1", house(OTHER_FIAS, "00:1"))

    def found(until: RecordId | None = None) -> dict[EntityId, SameHouse]:
        return same_houses(connection, [mine, unlike], month=OCTOBER, known_until=until)

    assert {house_id: [one.house_id for one in same.names] for house_id, same in found().items()} == {
        mine: [mine, theirs],
        unlike: [unlike],
    }
    assert sharing_providers(connection, sender) == [other]
    before = last_record(connection, sender)
    told(other, "1", house(OTHER_FIAS, "00:2"))
    assert len(found()[mine].names) == 1, "the sender has corrected its number"
    assert len(found(before)[mine].names) == 2, "a calculation sees what was known"


def test_only_the_centre_may_ask(database: Database) -> None:
    engine = application_engine(database.url, provider=ProviderId(1))
    with engine.connect() as connection:
        with pytest.raises(ConfigError, match="REC-0104"):
            same_houses(connection, [EntityId(1)], month=OCTOBER, known_until=None)
        with pytest.raises(ConfigError, match="REC-0104"):
            sharing_providers(connection, ProviderId(1))
    engine.dispose()
