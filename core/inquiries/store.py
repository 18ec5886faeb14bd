"""Requests and answers. The bytes of both are messages of the archive; here stands which belongs to which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection

from core.errors import ConflictError
from core.ids import MessageId, ProviderId
from core.storage.sql import queries

__all__ = ["Inquiry", "answer", "answer_of", "attempt", "attempts", "inquiry", "lock", "receive", "waiting"]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request."""

    provider_id: ProviderId
    request_guid: str
    """The sender's identifier."""
    message_guid: str
    """Ours, which it asks by."""
    operation: str
    content_sha256: bytes
    message_id: MessageId
    received_at: datetime


def receive(
    connection: Connection,
    *,
    provider_id: ProviderId,
    request_guid: str,
    operation: str,
    content_sha256: bytes,
    message_id: MessageId,
    at: datetime,
) -> tuple[Inquiry, bool]:
    """Store a request, or find it; true when it is new. ``ConflictError`` UKS-0104 for the same identifier with other content."""
    message_guid = str(uuid5(NAMESPACE_URL, f"erkc:inquiry:{provider_id}:{request_guid}"))
    names = {
        "provider": provider_id,
        "request_guid": request_guid,
        "message_guid": message_guid,
        "operation": operation,
        "content": content_sha256,
        "message": message_id,
        "at": at,
    }
    is_new = connection.execute(queries("core.inquiries").insert_inquiry, names).rowcount == 1
    found = Inquiry(*connection.execute(queries("core.inquiries").inquiry_of_request, names).one())
    if bytes(found.content_sha256) != content_sha256 or found.operation != operation:
        raise ConflictError(
            "UKS-0104",
            f"Сообщение {request_guid} уже принято с другим содержанием.",
            hint="Новым данным — новый MessageGUID; принято и остаётся первое.",
            first_message=found.message_id,
        )
    return found, is_new


def inquiry(connection: Connection, message_guid: str) -> Inquiry | None:
    """A request by our identifier."""
    row = connection.execute(queries("core.inquiries").inquiry, {"message_guid": message_guid}).one_or_none()
    return None if row is None else Inquiry(*row)


def waiting(connection: Connection) -> list[Inquiry]:
    """Requests without an answer, oldest first."""
    return [Inquiry(*row) for row in connection.execute(queries("core.inquiries").waiting)]


def lock(connection: Connection, one: Inquiry) -> None:
    """Others who want to touch this request wait until this transaction ends."""
    connection.execute(queries("core.inquiries").lock, {"message_guid": one.message_guid})


def attempt(connection: Connection, one: Inquiry, *, at: datetime) -> None:
    """Note that somebody works at a request; others who want to, wait until this transaction ends."""
    lock(connection, one)
    connection.execute(queries("core.inquiries").attempt, {"message_guid": one.message_guid, "provider": one.provider_id, "at": at})


def attempts(connection: Connection, message_guid: str) -> int:
    """How often somebody began to work at a request."""
    return int(connection.execute(queries("core.inquiries").attempts, {"message_guid": message_guid}).scalar_one())


def answer(connection: Connection, one: Inquiry, *, part: int, message_id: MessageId, at: datetime) -> None:
    """Store a part of the answer, 1 is the first; whoever stores holds :func:`lock` and has found none."""
    names = {"message_guid": one.message_guid, "part": part, "provider": one.provider_id, "message": message_id, "at": at}
    connection.execute(queries("core.inquiries").answer, names)


def answer_of(connection: Connection, message_guid: str, *, part: int = 1) -> MessageId | None:
    """The message that is a part of the answer to a request; None while there is none."""
    found = connection.execute(queries("core.inquiries").answer_of, {"message_guid": message_guid, "part": part}).scalar()
    return None if found is None else MessageId(found)
