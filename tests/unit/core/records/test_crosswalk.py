"""Identifiers that other systems gave to our things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection

from core.ids import CENTRE, EntityId, MessageId, ProviderId
from core.records.crosswalk import ExternalId, external_ids, find_by_external, link
from core.records.entities import entity_ids
from core.records.store import save
from tests.unit.core.records.samples import AT, small_house

Archive = Callable[[ProviderId], MessageId]


def accounts(connection: Connection, sender: ProviderId, archived: Archive) -> list[EntityId]:
    save(connection, provider_id=sender, message_id=archived(sender), records=small_house(), recorded_at=AT)
    return list(entity_ids(connection, sender, "account").values())


def test_links_are_added_once_and_read_by_kind(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    flat, room = accounts(connection, sender, archived)
    rows = [ExternalId(flat, sender, "gis", "account_guid", "g-1"), ExternalId(room, sender, "gis", "account_guid", "g-2")]
    els = ExternalId(flat, sender, "gis", "els", "60АА123456")
    assert link(connection, [*rows, els], message_id=archived(sender), at=AT) == 3
    assert link(connection, rows, message_id=archived(sender), at=AT + timedelta(hours=1)) == 0
    assert external_ids(connection, provider_id=sender, system="gis", kind="account_guid") == {flat: "g-1", room: "g-2"}
    assert external_ids(connection, provider_id=CENTRE, system="gis", kind="account_guid") == {}
    assert find_by_external(connection, system="gis", kind="els", value="60АА123456") == [flat]


def test_the_last_learned_identifier_holds_even_when_it_comes_back(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    flat, _ = accounts(connection, sender, archived)
    for hours, value in enumerate(("g-1", "g-2", "g-1")):
        row = ExternalId(flat, sender, "gis", "account_guid", value)
        assert link(connection, [row], message_id=archived(sender), at=AT + timedelta(hours=hours)) == 1
        assert external_ids(connection, provider_id=sender, system="gis", kind="account_guid") == {flat: value}
        assert find_by_external(connection, system="gis", kind="account_guid", value=value) == [flat]
    assert find_by_external(connection, system="gis", kind="account_guid", value="g-2") == []


def test_one_identifier_may_stand_for_accounts_of_two_senders(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    both = accounts(connection, sender, archived)
    rows = [ExternalId(account, sender, "gis", "els", "60АА123456") for account in both]
    link(connection, rows, message_id=archived(sender), at=AT)
    assert find_by_external(connection, system="gis", kind="els", value="60АА123456") == both
