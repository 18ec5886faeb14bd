"""Findings, decisions, outcomes of messages, and the keys that earlier messages brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from core.errors import InputError
from core.ids import MessageId, ProviderId
from core.model.finding import Finding, Position
from core.period import Month
from core.records.findings import Decision, decide, read_finding, read_findings, save_findings
from core.records.intake import Intake, known_keys, read_intake, read_intakes, save_intake
from core.records.store import save
from tests.unit.core.records.samples import AT, account, fact, small_house

Archive = Callable[[ProviderId], MessageId]
OCTOBER = Month(2026, 10)
FOUND = [
    Finding(Position("kvar.csv"), "F4-014", "error", "reject_section", message="Строк не столько.", hint="Пришлите снова."),
    Finding(Position("puval.csv", 3), "F4-061", "warning", "hold_reading", 4, "9.000", "Показание меньше.", "Проверьте.", {"epd": 2}),
]


def store(connection: Connection, sender: ProviderId, message: MessageId) -> int:
    return save_findings(connection, FOUND, provider_id=sender, message_id=message, month=OCTOBER, found_at=AT)


def test_findings_come_back_as_they_were_and_are_not_repeated(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    message = archived(sender)
    assert (store(connection, sender, message), store(connection, sender, message)) == (2, 0)
    found = read_findings(connection, message_id=message)
    assert [item.finding for item in found] == FOUND
    assert {(item.provider_id, item.month, item.message_id, item.decision) for item in found} == {(sender, OCTOBER, message, None)}
    assert read_findings(connection, provider_id=sender, month=OCTOBER) == found
    assert read_findings(connection, provider_id=sender, month=OCTOBER.next()) == []
    assert store(connection, sender, archived(sender)) == 2, "another message has findings of its own"


def test_a_decision_closes_a_finding_and_the_last_one_holds(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    message = archived(sender)
    store(connection, sender, message)
    section, reading = read_findings(connection, message_id=message)
    words = {"reason": "Сверено с актом", "actor": "оператор"}
    assert decide(connection, reading.finding_id, verdict="accept", message_id=archived(sender), at=AT, **words)
    assert not decide(connection, reading.finding_id, verdict="accept", message_id=archived(sender), at=AT + timedelta(hours=1), **words)
    assert read_findings(connection, message_id=message, open_only=True) == [section]
    assert decide(connection, reading.finding_id, verdict="refuse", message_id=archived(sender), at=AT + timedelta(hours=2), **words)
    assert read_finding(connection, reading.finding_id).decision == Decision(
        "refuse", "Сверено с актом", "оператор", AT + timedelta(hours=2)
    )


def test_a_decision_about_nothing_is_refused(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    with pytest.raises(InputError, match="REC-0102"):
        decide(connection, 4711, verdict="accept", reason="", actor="", message_id=archived(sender), at=AT)


def test_the_outcome_of_a_message_is_stored_once(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    message = archived(sender)
    intake = Intake(message, sender, "uk.format4", "accepted", OCTOBER, {"inn": "0077000116", "name": "«Центр»"}, {"KVAR": 410}, AT)
    assert read_intake(connection, message) is None
    assert save_intake(connection, intake)
    assert not save_intake(connection, intake)
    assert read_intake(connection, message) == intake
    rejected = Intake(archived(sender), sender, "uk.format4", "rejected", None, {}, {}, AT)
    save_intake(connection, rejected)
    assert read_intakes(connection, provider_id=sender) == [intake, rejected]
    assert read_intakes(connection, month=OCTOBER) == [intake]


def test_known_keys_are_what_earlier_messages_loaded(connection: Connection, sender: ProviderId, archived: Archive) -> None:
    waiting = fact("103", account("41100000037"), state="quarantined")
    save(connection, provider_id=sender, message_id=archived(sender), records=[*small_house(), waiting], recorded_at=AT)
    known = known_keys(connection, sender)
    assert known["account"] == {"101", "102"}
    assert known["stated_bill"] == {"501", "502"}
    assert known["payment_uip"] == {"4126-1", "4126-2"}
    assert "reading" not in known and "balance" not in known
    assert known_keys(connection, ProviderId(sender + 1))["account"] == frozenset()
