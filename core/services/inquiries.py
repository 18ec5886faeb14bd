"""Requests of other systems to our services: stored, carried out, answered, each once.

Three transactions, so that a killed process leaves a request either waiting or answered: the request is archived and noted; the work is
done (which is idempotent by itself: taking the same bytes again changes nothing); the answer is archived and noted. Whoever carries out a
request waits for whoever already does, and finds the answer there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Engine

from core import archive, inquiries
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE, MessageId, ProviderId
from core.inquiries import Inquiry
from core.records.providers import Provider, find_provider, provider
from core.storage.engine import transaction

__all__ = ["Asked", "answer_inquiry", "ask", "receive_inquiry", "sender_of_token", "sender_registered"]

Work = Callable[[Inquiry, bytes], Iterable[bytes]]
"""Carries out a request: its bytes in, the parts of the answer out, one at least; each is stored before the next is asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request stands."""

    inquiry: Inquiry
    is_begun: bool
    answer: bytes | None


def sender_of_token(engine: Engine, token: str) -> Provider | None:
    """Whose client sends with this token."""
    with transaction(engine) as connection:
        client = inquiries.client_of_token(connection, token)
        return None if client is None else provider(connection, client.provider_id)


def sender_registered(engine: Engine, *, inn: str, kpp: str) -> Provider | None:
    """The provider of this ИНН and КПП."""
    with transaction(engine) as connection:
        found = find_provider(connection, inn=inn, kpp=kpp)
        return None if found is None else provider(connection, found)


def receive_inquiry(
    engine: Engine, *, data: bytes, channel: str, operation: str, sender: Provider, request_guid: str, content_sha256: bytes, clock: Clock
) -> tuple[Inquiry, bool]:
    """Archive a request and note it; true when it is new. ``ConflictError`` UKS-0104: other content under the same identifier."""
    at = clock.now()
    with transaction(engine) as connection:
        name = f"{operation}-{request_guid}.xml"
        stored = archive.store(connection, data=data, name=name, channel=channel, direction="in", provider_id=CENTRE, at=at)
    with transaction(engine) as connection:
        return inquiries.receive(
            connection,
            provider_id=sender.provider_id,
            request_guid=request_guid,
            operation=operation,
            content_sha256=content_sha256,
            message_id=stored.message_id,
            at=at,
        )


def ask(engine: Engine, *, message_guid: str, sender: ProviderId, part: int = 1) -> Asked:
    """Where a request of a sender stands; ``InputError`` UKS-0105: it has none of this identifier, UKS-0109: no such part of the answer."""
    with transaction(engine) as connection:
        found = inquiries.inquiry(connection, message_guid)
        if found is None or found.provider_id != sender:
            raise InputError("UKS-0105", f"Запроса {message_guid} нет.", hint="Спрашивают с идентификатором из подтверждения приёма (Ack).")
        answered = inquiries.answer_of(connection, message_guid, part=part)
        if answered is None and part != 1 and inquiries.answer_of(connection, message_guid) is not None:
            raise InputError("UKS-0109", f"Части {part} у ответа нет.", hint="Следующую часть называет NextPart; в последней его нет.")
        is_begun = inquiries.attempts(connection, message_guid) > 0
        return Asked(found, is_begun, None if answered is None else archive.read(connection, answered))


def answer_inquiry(engine: Engine, one: Inquiry, work: Work, *, channel: str, clock: Clock) -> bool:
    """Carry out a request unless it is answered; false when it was."""
    with transaction(engine) as connection:
        inquiries.attempt(connection, one, at=clock.now())
        if inquiries.answer_of(connection, one.message_guid) is not None:
            return False
        data = archive.read(connection, one.message_id)
    parts = iter(work(one, data))
    first = next(parts)  # what is pushed is taken whole before the lock
    with transaction(engine) as connection:
        inquiries.lock(connection, one)
        if inquiries.answer_of(connection, one.message_guid) is not None:
            return False  # somebody else was faster: the first answer holds, whole
        for part, answered in enumerate(chain((first,), parts), 1):
            ending, at = "" if part == 1 else f"-{part}", clock.now()
            name, owner = f"{one.operation}-{one.message_guid}-result{ending}.xml", one.provider_id
            message = archive.store(connection, data=answered, name=name, channel=channel, direction="out", provider_id=owner, at=at)
            inquiries.answer(connection, one, part=part, message_id=MessageId(message.message_id), at=at)
        return True
