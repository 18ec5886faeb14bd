"""What came back → what is known: every shape of an answer, none of them able to cause a blind repeat."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from adapters.gis_zhkh.client import HttpReply, Unreachable
from adapters.gis_zhkh.exchange import DEFAULT_LADDER, Ladder, after_poll, after_send
from adapters.gis_zhkh.faults import meaning

OURS, THEIRS = UUID(int=1), UUID(int=2)
BASE = "http://dom.gosuslugi.ru/schema/integration/base/"


def soap(body: str, status: int = 200) -> HttpReply:
    text = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:b="{BASE}"><s:Body>{body}</s:Body></s:Envelope>'
    return HttpReply(status, text.encode())


def ack(requester: UUID = OURS) -> HttpReply:
    inside = f"<b:MessageGUID>{THEIRS}</b:MessageGUID><b:RequesterMessageGUID>{requester}</b:RequesterMessageGUID>"
    return soap(f"<b:AckRequest><b:Ack>{inside}</b:Ack></b:AckRequest>")


def fault(code: str, status: int = 500) -> HttpReply:
    detail = f"<b:Fault><b:ErrorCode>{code}</b:ErrorCode><b:ErrorMessage>текст</b:ErrorMessage></b:Fault>"
    text = f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{code}: текст</faultstring><detail>{detail}</detail></s:Fault>"
    return soap(text, status)


def state(number: int, content: str = "") -> HttpReply:
    result = '<n:getStateResult xmlns:n="http://dom.gosuslugi.ru/schema/integration/bills/" b:version="10.0.1.1">'
    return soap(f"{result}<b:RequestState>{number}</b:RequestState><b:MessageGUID>{THEIRS}</b:MessageGUID>{content}</n:getStateResult>")


def error(code: str) -> str:
    return f"<b:ErrorMessage><b:ErrorCode>{code}</b:ErrorCode><b:Description>текст</b:Description></b:ErrorMessage>"


ITEM = (
    f"<n:ImportResult><b:TransportGUID>{uuid4()}</b:TransportGUID><b:UpdateDate>2026-11-03T12:00:00+03:00</b:UpdateDate></n:ImportResult>"
)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (ack(), "acknowledged"),
        (ack(requester=uuid4()), "unknown"),
        (fault("AUT011003"), "refused"),
        (fault("AUT011002"), "stop"),
        (fault("FMT001300", status=400), "refused"),
        (fault("EXP001000"), "retry"),
        (fault("INT002018"), "retry"),
        (HttpReply(502, b"<html><body>Bad Gateway</body></html>"), "unknown"),
        (HttpReply(200, b"<html/>"), "unknown"),
        (HttpReply(200, ack().body[:80]), "unknown"),
        (HttpReply(200, b""), "unknown"),
        (Unreachable("нет связи", may_have_arrived=False), "unsent"),
        (Unreachable("обрыв", may_have_arrived=True), "unknown"),
    ],
)
def test_after_sending(reply: HttpReply | Unreachable, verdict: str) -> None:
    outcome = after_send(reply, OURS)
    assert outcome.verdict == verdict
    assert (outcome.remote_guid == THEIRS) is (verdict == "acknowledged")
    assert verdict == "acknowledged" or (outcome.code and outcome.text)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (state(1), "pending"),
        (state(2), "pending"),
        (state(3), "unknown"),
        (state(3, ITEM), "finished"),
        (state(3, error("INT002012")), "finished"),
        (state(3, error("INT002000")), "refused"),
        (state(3, error("AUT011009")), "stop"),
        (state(3, error("EXP001000")), "retry"),
        (fault("INT002013"), "unknown"),
        (fault("EXP001000"), "again"),
        (fault("AUT011000"), "stop"),
        (fault("FMT001300"), "unknown"),
        (HttpReply(503, b"<html/>"), "again"),
        (HttpReply(200, b"<cut"), "again"),
        (HttpReply(404, b"no such page"), "unknown"),
        (Unreachable("обрыв", may_have_arrived=True), "again"),
    ],
)
def test_after_a_question(reply: HttpReply | Unreachable, verdict: str) -> None:
    assert after_poll(reply).verdict == verdict


def test_the_ladder_is_the_recommended_one_and_its_last_step_repeats() -> None:
    assert [DEFAULT_LADDER.delay(polls).total_seconds() for polls in range(7)] == [10, 60, 300, 900, 1800, 1800, 1800]
    ladder = Ladder((1, 2), most=3)
    assert ladder.delay(9) == timedelta(seconds=2)
    assert [ladder.exhausted(polls) for polls in (2, 3)] == [False, True]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("EXP999999", "retry"),
        ("INT999999", "permanent"),
        ("SRV008071", "permanent"),
        ("AUT011000", "stop"),
        ("XYZ", "permanent"),
        ("", "permanent"),
        ("INT002013", "lookup"),
        ("INT016001", "empty"),
    ],
)
def test_codes_and_families(code: str, expected: str) -> None:
    assert meaning(code) == expected


def test_withdrawing_what_is_withdrawn_is_success() -> None:
    assert meaning("SRV008070") == "permanent"
    assert meaning("SRV008070", withdrawal=True) == "success"
