"""What counts as new when records are stored, and which version is in force."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from core.errors import InputError
from core.ids import CENTRE, MessageId, ProviderId
from core.model.records import ApprovedTariff, Reading, Record, RegisteredSender
from core.period import Month
from core.records.bodies import find_records, read_bodies, read_records
from core.records.entities import describe_entities, entity_ids, find_accounts, organisation_ids
from core.records.latest import read_accounts, read_organisations
from core.records.providers import find_provider, provider, providers, register_senders
from core.records.store import Saved, has_records_since, last_record, last_record_of_all, save
from core.storage.engine import application_engine
from tests.conftest import Database
from tests.unit.core.records.samples import AT, OCTOBER, account, fact, organisation, payment, small_house

Archive = Callable[[ProviderId], MessageId]
SEPTEMBER, NOVEMBER = date(2026, 9, 1), date(2026, 11, 1)


def take(connection: Connection, sender: ProviderId, message: MessageId, *records: Record) -> Saved:
    return save(connection, provider_id=sender, message_id=message, records=records, recorded_at=AT)


def versions(connection: Connection, table: str, key: str) -> list[str]:
    statement = text(f"SELECT number FROM {table} WHERE record_key = :key ORDER BY record_id")
    return list(connection.execute(statement, {"key": key}).scalars())


def test_the_same_records_twice_give_nothing_new(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    records = small_house()
    first = take(connection, sender, archived(sender), *records)
    again = take(connection, sender, archived(sender), *records)
    assert sum(first.new.values()) == len(records)
    assert set(first.unchanged.values()) == {0}
    assert set(again.new.values()) == {0}
    assert again.unchanged == first.new


def test_a_value_that_changes_and_comes_back_makes_three_versions(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    for number in ("A", "B", "A", "A"):
        take(connection, sender, archived(sender), fact("7", account(number)))
    assert versions(connection, "record_account", "7") == ["A", "B", "A"]


def test_versions_inside_one_message_are_compared_with_each_other(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    saved = take(connection, sender, archived(sender), *(fact("7", account(number)) for number in ("A", "A", "B", "A")))
    assert (saved.new, saved.unchanged) == ({"account": 3}, {"account": 1})
    assert versions(connection, "record_account", "7") == ["A", "B", "A"]


def test_a_change_of_state_alone_is_a_new_version(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    take(connection, sender, archived(sender), fact("7", account("A"), state="quarantined"))
    assert list(read_accounts(connection, provider_id=sender)) == []
    assert take(connection, sender, archived(sender), fact("7", account("A"))).new == {"account": 1}
    assert [row.number for row in read_accounts(connection, provider_id=sender)] == ["A"]


def test_a_statement_held_later_does_not_hide_the_accepted_one(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    take(connection, sender, archived(sender), fact("7", account("A")))
    take(connection, sender, archived(sender), fact("7", account("B"), state="held"))
    assert [row.number for row in read_accounts(connection, provider_id=sender)] == ["A"]


def test_an_older_month_that_arrives_late_does_not_undo_a_newer_one(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    take(connection, sender, archived(sender), fact("7", account("A")))
    late = take(connection, sender, archived(sender), fact("7", account("B"), since=SEPTEMBER))
    unchanged_next_month = take(connection, sender, archived(sender), fact("7", account("A"), since=NOVEMBER))
    assert (late.new, unchanged_next_month.new) == ({"account": 1}, {"account": 0})
    by_month = {
        str(month): [row.number for row in read_accounts(connection, provider_id=sender, month=month)]
        for month in Month(2026, 8).until(Month(2026, 11))
    }
    assert by_month == {"2026-08": [], "2026-09": ["B"], "2026-10": ["A"], "2026-11": ["A"]}


def test_of_a_fact_with_its_own_dates_the_last_learned_version_counts(
    connection: Connection, sender: ProviderId, archived: Archive
) -> None:
    reading = Reading("2", date(2026, 9, 23), 10_000, 1, None)
    take(connection, sender, archived(sender), fact("21", reading, since=NOVEMBER))
    corrected = dataclasses.replace(reading, value_e3=11_000)
    take(connection, sender, archived(sender), fact("21", corrected, since=SEPTEMBER))
    assert connection.execute(text("SELECT value_e3 FROM record_reading ORDER BY record_id DESC LIMIT 1")).scalar() == 11_000
    known_earlier = take(connection, sender, archived(sender), fact("21", corrected, since=date(2026, 8, 1)))
    assert known_earlier.new == {"reading": 1}, "the same content, but true since an earlier day"


def test_record_numbers_follow_the_message_and_no_session_keeps_a_stock_of_them(
    engine: Engine, connection: Connection, sender: ProviderId, archived: Archive
) -> None:
    take(connection, sender, archived(sender), fact("1", account("1")))
    connection.commit()
    with engine.connect() as other:
        take(other, sender, archived_in(other, sender), fact("1", account("2")))
        other.commit()
    take(connection, sender, archived(sender), *(fact("1", account(str(number))) for number in range(3, 6)))
    assert versions(connection, "record_account", "1") == ["1", "2", "3", "4", "5"]


def archived_in(connection: Connection, sender: ProviderId) -> MessageId:
    return MessageId(connection.execute(text("SELECT max(message_id) FROM message")).scalar_one())


def test_two_senders_of_one_organisation_share_its_identity(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    other = register_senders(connection, [RegisteredSender("РСО", "0079000954", "007901001", "1", ("K",), 2)])[0]
    take(connection, sender, archived(sender), fact("5", organisation("Водоканал", "0077000500", 2)))
    take(
        connection, other, archived(other), fact("1", organisation("ВОДОКАНАЛ", "0077000500", 2)), fact("2", organisation("Без ИНН", "", 2))
    )
    ours = {row.inn: row.entity_id for row in read_organisations(connection, provider_id=sender)}
    theirs = {row.inn: row.entity_id for row in read_organisations(connection, provider_id=other)}
    assert ours["0077000500"] == theirs["0077000500"]
    assert entity_ids(connection, CENTRE, "organisation") == {"0077000500": ours["0077000500"], f"{other}/2": theirs[""]}


def test_an_organisation_keeps_the_identity_that_money_was_posted_to(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    """A corrected ИНН does not make a second creditor; a verified one found later leads to the first identity."""
    unverified = dataclasses.replace(organisation("Водоканал", "0077000500", 2), verified=False)
    take(connection, sender, archived(sender), fact("5", unverified), fact("6", organisation("Теплосеть", "0077000600", 2)))
    first = {row.name: row.entity_id for row in read_organisations(connection, provider_id=sender)}
    take(
        connection,
        sender,
        archived(sender),
        fact("5", organisation("Водоканал", "0077000500", 2)),
        fact("6", organisation("Теплосеть", "0077000601", 2)),
    )
    later = read_organisations(connection, provider_id=sender)
    assert {row.name: row.entity_id for row in later} == first
    assert {row.name: row.inn for row in later} == {"Водоканал": "0077000500", "Теплосеть": "0077000601"}
    assert organisation_ids(connection)["0077000500"] == first["Водоканал"]


def test_a_tariff_names_its_supplier_before_any_archive_does(connection: Connection, archived: Archive) -> None:
    tariff = ApprovedTariff("utility", 1, None, None, "0077001590", "02701000001", "1-с", date(2026, 10, 1), None, 41_870_000)
    take(connection, CENTRE, archived(CENTRE), fact("t/1", tariff), fact("t/2", dataclasses.replace(tariff, supplier_inn=None)))
    assert list(entity_ids(connection, CENTRE, "organisation")) == ["0077001590"]


def test_identities_are_found_and_described(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    take(connection, sender, archived(sender), *small_house())
    ids = entity_ids(connection, sender, "account")
    assert list(ids) == ["101", "102"]
    described = describe_entities(connection, [ids["102"], 0])
    assert {key: (item.provider_id, item.kind, item.key) for key, item in described.items()} == {ids["102"]: (sender, "account", "102")}
    found = find_accounts(connection, ["41100000029", "нет такого"])
    assert [(item.account_id, item.payer_name) for item in found["41100000029"]] == [(ids["102"], "Тестов И. О.")]
    assert list(found) == ["41100000029"]


def test_an_account_is_found_by_its_present_number_only(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    take(connection, sender, archived(sender), fact("7", account("OLD")))
    take(connection, sender, archived(sender), fact("7", account("NEW")))
    assert list(find_accounts(connection, ["OLD", "NEW"])) == ["NEW"]


def test_the_last_record_is_what_a_calculation_may_see(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    take(connection, sender, archived(sender), fact("7", account("A")))
    stored = connection.execute(text("SELECT max(record_id) FROM record_account")).scalar_one()
    assert last_record(connection, sender) == stored


def test_a_calculation_waits_for_a_writer_of_the_same_provider(
    engine: Engine, connection: Connection, sender: ProviderId, archived: Archive
) -> None:
    connection.commit()
    take(connection, sender, archived(sender), fact("7", account("A")))
    with engine.connect() as other:
        other.execute(text("SET lock_timeout = '100ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            last_record(other, sender)


def test_a_calculation_of_a_joint_house_waits_for_every_writer(
    engine: Engine, connection: Connection, sender: ProviderId, archived: Archive
) -> None:
    neighbour = register_senders(connection, [RegisteredSender("РСО", "0079000954", "007901001", "1", ("K",), 2)])[0]
    connection.commit()
    take(connection, neighbour, archived(neighbour), fact("7", account("A")))
    with engine.connect() as other:
        other.execute(text("SET lock_timeout = '100ms'"))
        last_record(other, sender)
        with pytest.raises(DBAPIError, match="lock timeout"):
            last_record_of_all(other)
    connection.commit()
    with engine.connect() as other:
        assert last_record_of_all(other) == last_record(other, neighbour)


def test_money_is_nothing_that_charges_depend_on(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    before = last_record(connection, sender)
    take(connection, sender, archived(sender), fact("1", payment("101", "4126-1", OCTOBER, 100, None)))
    assert has_records_since(connection, sender, before) and not has_records_since(connection, sender, before, money=False)
    take(connection, sender, archived(sender), fact("7", account("A")))
    assert has_records_since(connection, sender, before, money=False)


def test_a_provider_sees_its_own_records_only(
    engine: Engine, connection: Connection, database: Database, sender: ProviderId, archived: Archive
) -> None:
    other = register_senders(connection, [RegisteredSender("РСО", "0079000954", "007901001", "1", ("K",), 2)])[0]
    take(connection, sender, archived(sender), fact("7", account("OURS")))
    take(connection, other, archived(other), fact("7", account("THEIRS")))
    connection.commit()
    own = application_engine(database.url, provider=other)
    with own.connect() as scoped:
        assert list(find_accounts(scoped, ["OURS", "THEIRS"])) == ["THEIRS"]
        assert list(read_accounts(scoped, provider_id=sender)) == []
    own.dispose()


def test_a_large_message_refreshes_the_statistics_of_record_tables_only(
    connection: Connection, sender: ProviderId, archived: Archive
) -> None:
    readings = (fact(str(number), Reading("2", date(2026, 10, 1), number, 1, None)) for number in range(500))
    save(connection, provider_id=sender, message_id=archived(sender), records=readings, recorded_at=AT)
    assert connection.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'record_reading'")).scalar() == 500
    with pytest.raises(DBAPIError, match="no record table named entry"):
        connection.execute(text("SELECT erkc_analyze_records(ARRAY['entry'])"))


def test_a_long_stream_is_stored_in_batches(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    records = (fact(str(number), Reading("2", date(2026, 10, 1), number, 1, None), row=number) for number in range(12_001))
    saved = save(connection, provider_id=sender, message_id=archived(sender), records=records, recorded_at=AT)
    assert saved.new == {"reading": 12_001}


def test_providers_are_registered_once(connection: Connection, sender: ProviderId) -> None:
    again = RegisteredSender("Другое имя", "0077000116", "007701001", "1260077000072", ("RC-1",), 36)
    new = RegisteredSender("РСО", "0079000954", "007901001", "1", ("K",), 2)
    ids = register_senders(connection, [new, again, new])
    assert ids[1] == sender and ids[0] == ids[2] == find_provider(connection, inn="0079000954", kpp="007901001")
    assert find_provider(connection, inn="0079000954", kpp="") is None
    assert [item.name for item in providers(connection)] == ["Расчётный центр", "Расчётный центр", "РСО"]
    assert provider(connection, sender).kind == 36
    with pytest.raises(InputError, match="REC-0101"):
        provider(connection, ProviderId(4711))


def test_records_come_back_whole_by_number_by_message_and_in_force(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    first, second = archived(sender), archived(sender)
    records = small_house()
    take(connection, sender, first, *records)
    changed = fact("5", organisation("Водоканал", "0077000500", 2, 18))
    take(connection, sender, second, changed)
    brought = {
        record.body: record
        for body in {type(record.body) for record in records}
        for record in read_records(connection, body, provider_id=sender, message_id=first)
    }
    assert set(brought) == {record.body for record in records}
    whole = brought[records[0].body]
    assert (whole.key, whole.position, whole.valid_from, whole.state, whole.message_id) == (
        "2", records[0].position, records[0].valid_from, "accepted", first,
    )  # fmt: skip
    (again, newer) = find_records(
        connection,
        [
            *(record.record_id for record in read_records(connection, type(changed.body), provider_id=sender, message_id=second)),
            whole.record_id,
        ],
    )
    assert (again, newer.body) == (whole, changed.body)
    assert [record.body for record in read_records(connection, type(changed.body), provider_id=sender)][-1] == changed.body


def test_bodies_are_read_back_as_the_adapter_gave_them(connection: Connection, archived: Archive) -> None:
    registered = RegisteredSender("РСО", "0079000954", "007901001", "1", ("K-1", "K-2"), 2)
    tariff = ApprovedTariff("utility", 1, None, None, "0077001590", "02701000001", "1-с", date(2027, 1, 1), None, 41_870_000)
    take(connection, CENTRE, archived(CENTRE), fact("s", registered, since=None), fact("t", tariff, since=tariff.first))
    assert list(read_bodies(connection, RegisteredSender, provider_id=CENTRE)) == [registered]
    assert list(read_bodies(connection, ApprovedTariff, provider_id=CENTRE)) == [tariff]
