"""One element of a common reference book by its code or name, for what a person names: why a meter was taken down, the state of a house.

The book is exported once and read from the archive afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import MessageId, ProviderId
from core.outbox import Exchange, Item
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.directory import same_number
from core.services.federal.elements import NsiElement
from core.services.federal.gateway import AskBook, BookElement, Content, Request
from core.services.federal.waiting import Waiting, run_waiting

__all__ = ["find_element"]


def find_element(federal: Federal, *, provider_id: ProviderId, book: str, code: str, waiting: Waiting | None = None) -> NsiElement:
    """The element in force. ``InputError`` GIS-0533 when the book has no such code (or name), or has not been answered yet."""
    found = _of(_read(federal, book), code)
    if found is None:
        with federal.write("ask for a book") as connection:
            request = {"number": book, "page": 1}
            begin(connection, federal, "book_read", provider_id=provider_id, subject=f"book_read/{book}/1", request=request)
        run_waiting(federal, provider_id, waiting)
        found = _of(_read(federal, book), code)
    if found is None:
        raise InputError(
            "GIS-0533",
            f"Кода {code} в справочнике {book} нет, или ответа ГИС ЖКХ ещё нет.",
            hint="Проверьте код; если ответа ещё нет: erkc gis poll, затем повторите команду.",
        )
    return found


def _of(elements: Sequence[BookElement], code: str) -> NsiElement | None:
    wanted = same_number(code)
    by_name = {same_number(item.name): item.element for item in elements}
    return {item.element.code: item.element for item in elements}.get(code) or by_name.get(wanted)


def _read(federal: Federal, book: str) -> list[BookElement]:
    with federal.engine.connect() as connection:
        done = [
            (one.operation, archive.read(connection, MessageId(one.result_message_id)))
            for one in outbox.exchanges(connection, system=federal.system, states=("done",), act="book_read")
            if one.request["number"] == book and one.result_message_id is not None
        ]
    return [item for operation, data in done for item in federal.gateway.read(operation, data).elements]


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskBook(request["number"], False, request["page"])


def _next_page(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    page = exchange.request["page"] + 1
    if page <= content.pages:
        request = {**exchange.request, "page": page}
        subject = f"book_read/{request['number']}/{page}"
        begin(connection, federal, "book_read", provider_id=exchange.provider_id, subject=subject, request=request)


register(Act("book_read", _ask, absorb=_next_page))
