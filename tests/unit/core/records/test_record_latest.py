"""Rows for the services: by the message that brought them, and by month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection

from core.ids import CENTRE, MessageId, ProviderId
from core.model.records import CapitalRepairDecision, StatedBill
from core.period import Month
from core.records import latest
from core.records.entities import entity_ids
from core.records.store import save
from tests.unit.core.records.samples import AT, FIAS, fact, small_house

Archive = Callable[[ProviderId], MessageId]
OCTOBER = Month(2026, 10)


@pytest.fixture
def message(connection: Connection, sender: ProviderId, archived: Archive) -> MessageId:
    """The small house, taken."""
    number = archived(sender)
    save(connection, provider_id=sender, message_id=number, records=small_house(), recorded_at=AT)
    return number


def test_parties_and_dictionaries(connection: Connection, sender: ProviderId, message: MessageId) -> None:
    organisations = latest.read_organisations(connection, provider_id=sender)
    assert [(row.key, row.inn, row.roles) for row in organisations] == [
        ("2", "0077000200", (1,)), ("5", "0077000500", (2,)), ("7", "0077000700", (14,)),
    ]  # fmt: skip
    (bank_account,) = latest.read_bank_accounts(connection, provider_id=sender)
    assert (bank_account.organisation_id, bank_account.number) == (organisations[0].entity_id, "40821810000000000009")
    assert [row.name for row in latest.read_services(connection, provider_id=sender, month=OCTOBER)] == [
        "Содержание", "Холодная вода", "Взнос на капитальный ремонт",
    ]  # fmt: skip
    assert latest.read_services(connection, provider_id=sender, month=Month(2026, 9)) == []


def test_houses_and_accounts(connection: Connection, sender: ProviderId, message: MessageId, archived: Archive) -> None:
    decision = fact("1", CapitalRepairDecision("1", date(2026, 1, 1), 1, 0, "9"))
    save(connection, provider_id=sender, message_id=archived(sender), records=[decision], recorded_at=AT)
    (house,) = latest.read_houses_list(connection, provider_id=sender, month=OCTOBER)
    assert (house.fias, house.manager_id) == (FIAS, entity_ids(connection, CENTRE, "organisation")["0077000200"])
    assert house.fund_account_id == entity_ids(connection, sender, "bank_account")["9"]
    flat, room = latest.read_accounts(connection, provider_id=sender, month=OCTOBER)
    assert (flat.number, flat.payer_name, flat.house_id, flat.house_fias) == ("41100000011", "Тестов С. О.", house.entity_id, FIAS)
    assert (flat.premises_number, flat.room_id, room.premises_number, room.room_number) == ("12", None, "13", "1")
    assert (flat.premises_id, room.room_id) == (
        entity_ids(connection, sender, "premises")["1"],
        entity_ids(connection, sender, "room")["1"],
    )
    here = latest.read_accounts(connection, provider_id=sender, month=OCTOBER, house=house.entity_id)
    assert list(here) == [flat, room], "the same of one house, read by its index"
    assert not list(latest.read_accounts(connection, provider_id=sender, month=OCTOBER, house=flat.entity_id))


def test_what_a_message_says_of_money(connection: Connection, sender: ProviderId, message: MessageId) -> None:
    accounts = entity_ids(connection, sender, "account")
    services = entity_ids(connection, sender, "service")
    creditors = entity_ids(connection, CENTRE, "organisation")
    of_message = {"provider_id": sender, "message_id": message}
    bills = list(latest.read_stated_bills(connection, **of_message))
    assert [(row.key, row.month, row.account_id, row.grand_total) for row in bills] == [
        ("501", date(2026, 10, 1), accounts["101"], 405_00), ("502", date(2026, 9, 1), accounts["101"], 100_00),
    ]  # fmt: skip
    lines = list(latest.read_stated_lines(connection, **of_message))
    assert [(row.service_id, row.creditor_id, row.total, row.contribution, row.bill_state) for row in lines] == [
        (services["2"], creditors["0077000500"], 188_42, False, "accepted"),
        (services["2"], creditors["0077000500"], 100_00, False, "accepted"),
        (services["10"], creditors["0077000700"], 111_58, True, "accepted"),
    ]
    (balance,) = latest.read_balances(connection, **of_message)
    assert (balance.account_id, balance.service_id, balance.creditor_id) == (accounts["101"], services["2"], creditors["0077000500"])
    assert (balance.opening, balance.paid, balance.closing) == (100_00, 100_00, 188_42)
    (debt,) = latest.read_opening_debts(connection, **of_message)
    assert (debt.account_id, debt.month, debt.origin_month, debt.amount) == (accounts["101"], date(2026, 10, 1), date(2026, 9, 1), 100_00)
    (penalty,) = latest.read_opening_penalties(connection, **of_message)
    assert (penalty.account_id, penalty.creditor_id, penalty.kind, penalty.opening) == (accounts["101"], creditors["0077000500"], 1, 5_00)


def test_payments_come_in_the_order_of_allocation_with_what_they_refer_to(
    connection: Connection, sender: ProviderId, message: MessageId
) -> None:
    accounts = entity_ids(connection, sender, "account")
    for choice in ({"message_id": message}, {"month": OCTOBER}):
        unknown, paid = latest.read_payments(connection, provider_id=sender, **choice)
        assert (unknown.state, unknown.account, unknown.account_id, unknown.bill_month) == ("held", "999", None, None)
        assert (paid.state, paid.account_id, paid.bill_month, paid.pack_state) == (
            "accepted",
            accounts["101"],
            date(2026, 9, 1),
            "accepted",
        )
        (pack,) = latest.read_packs(connection, provider_id=sender, **choice)
        assert (pack.number, pack.amount, pack.count) == ("0710", 150_00, 2)
    assert list(latest.read_payments(connection, provider_id=sender, month=Month(2026, 9))) == []


def test_by_month_a_held_document_gives_no_lines(connection: Connection, sender: ProviderId, message: MessageId, archived: Archive) -> None:
    by_month = {"provider_id": sender, "month": OCTOBER}
    assert len(list(latest.read_stated_lines(connection, **by_month))) == 2
    assert [row.key for row in latest.read_stated_bills(connection, **by_month)] == ["501"]
    assert len(list(latest.read_balances(connection, **by_month))) == len(list(latest.read_opening_debts(connection, **by_month))) == 1
    other = fact("503", StatedBill(date(2026, 10, 1), "х", None, "102", "9", 1, 0, 0, 0, 1), since=None, state="held")
    save(connection, provider_id=sender, message_id=archived(sender), records=[other], recorded_at=AT)
    assert [row.key for row in latest.read_stated_bills(connection, **by_month)] == ["501"]


def test_a_second_message_gives_only_what_it_brought_anew(
    connection: Connection, sender: ProviderId, message: MessageId, archived: Archive
) -> None:
    second = archived(sender)
    save(connection, provider_id=sender, message_id=second, records=small_house(), recorded_at=AT)
    assert list(latest.read_payments(connection, provider_id=sender, message_id=second)) == []
    assert list(latest.read_balances(connection, provider_id=sender, message_id=second)) == []


def test_either_the_message_or_the_month_is_named(connection: Connection, sender: ProviderId, message: MessageId) -> None:
    with pytest.raises(ValueError, match="either the message or the month"):
        list(latest.read_balances(connection, provider_id=sender))
    with pytest.raises(ValueError, match="either the message or the month"):
        list(latest.read_packs(connection, provider_id=sender, message_id=message, month=OCTOBER))
