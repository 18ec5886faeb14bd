"""What others ask of a provider through the federal system: requests about debts and appeals, listed from the last export and answered.

Nothing of them is copied into tables: the bytes of the export are in the archive, and the list is read from them. An answer about a debt
may be sent again, the later one holds; an appeal is answered and closed in one message, so a closed one shows that the answer arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.gateway import (
    Answer,
    AnswerAppeals,
    AnswerDebts,
    AppealReply,
    AskAppeals,
    AskSubrequests,
    Content,
    DebtReply,
    FederalAppeal,
    Request,
    Subrequest,
)

__all__ = ["answer_appeal", "answer_debt", "ask_inbox", "read_appeals", "read_subrequests"]

_CLOSED = "Executed"


def ask_inbox(federal: Federal, act: str, *, provider_id: ProviderId, first: date, last: date) -> None:
    """Export requests about debts (``subrequests``) or appeals (``appeals``) that came on some days."""
    with federal.write("ask for the inbox") as connection:
        request: dict[str, Any] = {"first": first.isoformat(), "last": last.isoformat(), "guids": [], "after": None}
        begin(connection, federal, act, provider_id=provider_id, subject=f"{act}/{first}/{last}", request=request)


def read_subrequests(federal: Federal, *, provider_id: ProviderId) -> tuple[Subrequest, ...]:
    """Requests of the exports that were made, each as the last of them showed it."""
    found = {one.guid: one for content in _contents(federal, "subrequests", provider_id) for one in content.subrequests}
    return tuple(sorted(found.values(), key=lambda one: (one.answer_by, one.number)))


def read_appeals(federal: Federal, *, provider_id: ProviderId) -> tuple[FederalAppeal, ...]:
    """Appeals of the exports that were made, each as the last of them showed it."""
    found = {one.guid: one for content in _contents(federal, "appeals", provider_id) for one in content.appeals}
    return tuple(sorted(found.values(), key=lambda one: (one.answer_by or date.max, one.number)))


def _contents(federal: Federal, act: str, provider_id: ProviderId) -> list[Content]:
    with federal.engine.connect() as connection:
        done = [
            one
            for one in outbox.exchanges(connection, system=federal.system, states=("done",), act=act)
            if one.provider_id == provider_id and one.result_message_id is not None
        ]
        read = [(one.operation, archive.read(connection, MessageId(one.result_message_id or 0))) for one in done]
    return [federal.gateway.read(operation, data) for operation, data in read]


def answer_debt(federal: Federal, *, provider_id: ProviderId, number: str, executor: UUID, description: str) -> int:
    """Answer a request: no debt that a court has confirmed; the answer's own number.

    ``InputError`` GIS-0514 when no export showed such a request.
    """
    known = next((one for one in read_subrequests(federal, provider_id=provider_id) if one.number == number), None)
    if known is None:
        raise InputError("GIS-0514", f"Запроса {number} в выгрузках нет.", hint="Выгрузите: erkc gis inbox debts.")
    answer = {"guid": str(known.guid), "executor": str(executor), "text": description}
    return _begin(federal, "debt_answers", provider_id, answer)


def answer_appeal(federal: Federal, *, provider_id: ProviderId, number: str, executor: UUID, text: str) -> int:
    """Answer an appeal and close it; the answer's own number. ``InputError`` GIS-0514 when no export showed such an appeal."""
    known = next((one for one in read_appeals(federal, provider_id=provider_id) if one.number == number), None)
    if known is None:
        raise InputError("GIS-0514", f"Обращения {number} в выгрузках нет.", hint="Выгрузите: erkc gis inbox appeals.")
    return _begin(federal, "appeal_answers", provider_id, {"guid": str(known.guid), "executor": str(executor), "text": text})


def _begin(federal: Federal, act: str, provider_id: ProviderId, answer: Mapping[str, str]) -> int:
    key = "\x1f".join((act, str(provider_id), answer["guid"], answer["text"]))
    number = int.from_bytes(sha256(key.encode()).digest()[:8], "big") >> 1
    with federal.write("answer") as connection:
        if number in outbox.live(connection, act, [number]):
            return number  # the same words are on their way or there
        subject = f"{act}/{answer['guid']}/{number}"
        begin(connection, federal, act, provider_id=provider_id, subject=subject, request=answer, local_ids=[number])
    return number


def _ask_subrequests(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    after = None if request["after"] is None else UUID(request["after"])
    return AskSubrequests(date.fromisoformat(request["first"]), date.fromisoformat(request["last"]), after)


def _next_page(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    if content.following is not None:
        request = {**exchange.request, "after": str(content.following)}
        subject = f"{exchange.act}/{request['first']}/{request['last']}/{content.following}"
        begin(connection, federal, exchange.act, provider_id=exchange.provider_id, subject=subject, request=request)


def _ask_appeals(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    guids = tuple(UUID(value) for value in request["guids"])
    return AskAppeals(date.fromisoformat(request["first"]), date.fromisoformat(request["last"]), guids)


def _debts(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    guid, executor = UUID(request["guid"]), UUID(request["executor"])
    return AnswerDebts(tuple(DebtReply(item.transport_guid, guid, executor, request["text"]) for item in items))


def _appeals(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    guid, executor = UUID(request["guid"]), UUID(request["executor"])
    return AnswerAppeals(tuple(AppealReply(item.transport_guid, guid, executor, request["text"]) for item in items))


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    day = exchange.created_at.date().isoformat()
    return "appeals", {"first": day, "last": day, "guids": [exchange.request["guid"]], "after": None}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """A closed appeal was answered: the answer and the closing travel together."""
    closed = {str(one.guid) for one in content.appeals if one.status == _CLOSED}
    if exchange.request["guid"] not in closed:
        return {}
    return {item.transport_guid: Answer(item.transport_guid, "accepted", None, None, None, None, ()) for item in items}


register(Act("subrequests", _ask_subrequests, absorb=_next_page))
register(Act("appeals", _ask_appeals, absorb=_next_page))
register(Act("debt_answers", _debts, kind="debt_answers"))
register(Act("appeal_answers", _appeals, kind="appeal_answers", search=_search, match=_match))
