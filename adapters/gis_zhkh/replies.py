"""Answers of the federal services: receipt, refusal, state with results per item. Read tolerantly: what is unknown is counted.

Three layers of errors (a Fault, an ErrorMessage for the whole request, an Error of one item) come out as :class:`RemoteError`; what a code
means for the next step is not decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SOAP
from adapters.gis_zhkh.values import guid, instant, listed
from core.errors import InputError
from core.uncollected import uncollected
from xsd.tables import ALBUM, tables

__all__ = [
    "NOTHING_FOUND", "PROCESSED", "PROCESSING", "RECEIVED", "Ack", "ItemResult", "RemoteError", "StateReply", "read_ack", "read_fault",
    "read_state",
]  # fmt: skip

Element: TypeAlias = etree._Element
RECEIVED, PROCESSING, PROCESSED = 1, 2, 3
NOTHING_FOUND = "INT002012"
"""Nothing to export: an empty result, not an error."""


@dataclass(frozen=True, slots=True)
class RemoteError:
    """A code and its text as the system gave them."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Ack:
    """The receipt: ``message_guid`` is the server's and the only key for the result; ``requester_guid`` echoes ours."""

    message_guid: UUID
    requester_guid: UUID


class ItemResult(NamedTuple):  # an answer holds a thousand: a dataclass that cannot be changed takes five times as long to make
    """What became of one item of an import, found by the TransportGUID it was sent with; it was refused when there are errors."""

    transport_guid: UUID
    guid: UUID | None
    unique_number: str | None
    """ИПД for a payment document, the federal number for an account."""
    updated_at: datetime | None
    errors: tuple[RemoteError, ...]
    els: str | None = None
    """ЕЛС, for an account."""
    service_identifier: str | None = None
    """ИЖКУ, for an account."""


@dataclass(frozen=True, slots=True)
class StateReply:
    """``getStateResult``: the state, and once processed an error for the whole, results of items, or an export in ``content``."""

    state: int
    message_guid: UUID
    error: RemoteError | None
    items: tuple[ItemResult, ...]
    content: Mapping[str, Any]
    """The whole result by its table; readers of exports take what they need."""
    unreadable: tuple[str, ...]
    """Results that could not be read, in Russian; the others stand."""
    unknown: Mapping[str, int]
    """Elements that our tables do not have, counted by path."""

    @property
    def processed(self) -> bool:
        """Finished, well or not."""
        return self.state == PROCESSED

    @property
    def found_nothing(self) -> bool:
        """An export that has nothing to give."""
        return self.error is not None and self.error.code == NOTHING_FOUND

    @property
    def is_empty(self) -> bool:
        """Finished without any content: valid by the schema, and to be treated as an error."""
        known = {"RequestState", "MessageGUID", "@Id", "@version"}
        return self.processed and not (set(self.content) - known) and not self.unreadable


def read_ack(element: Element, *, album: str = ALBUM) -> Ack:
    """Read ``AckRequest``; :class:`InputError` when it is something else."""
    if element.tag != tables(album).tag("base:AckRequest"):
        raise InputError("GIS-0306", f"Вместо квитанции пришло <{etree.QName(element).localname}>.")
    ack = xmlio.read(element, album=album).get("Ack") or {}
    try:
        return Ack(guid(ack["MessageGUID"]), guid(ack["RequesterMessageGUID"]))
    except KeyError as error:
        raise InputError("GIS-0307", f"В квитанции нет {error}.") from error


def read_fault(element: Element, *, album: str = ALBUM) -> RemoteError:
    """Read a SOAP Fault: the code of its detail, else the one at the head of ``faultstring``, else the faultcode."""
    tag = f"{{{SOAP}}}Fault"
    fault = element if element.tag == tag else element.find(f".//{tag}")
    if fault is None:
        raise InputError("GIS-0308", "В ответе нет SOAP Fault.")
    text = (fault.findtext("faultstring") or "").strip()
    detail = fault.find(f"detail/{tables(album).tag('base:Fault')}")
    if detail is not None:
        value = xmlio.read(detail, album=album)
        if value.get("ErrorCode"):
            return RemoteError(str(value["ErrorCode"]).strip(), str(value.get("ErrorMessage") or text))
    code, colon, rest = text.partition(":")
    if colon and code.isalnum():
        return RemoteError(code, rest.strip())
    return RemoteError((fault.findtext("faultcode") or "Fault").strip(), text)


def read_state(element: Element, *, album: str = ALBUM) -> StateReply:
    """Read ``getStateResult`` of any service whose tables we have."""
    with uncollected():
        return _state(element, album)


def _state(element: Element, album: str) -> StateReply:
    name = tables(album).name(element.tag)
    if name is None or not name.endswith(":getStateResult"):
        raise InputError("GIS-0309", f"Вместо результата пришло <{etree.QName(element).localname}>.")
    unknown: Counter[str] = Counter()
    content = xmlio.read(element, unknown=unknown, album=album)
    try:
        state, message = int(content["RequestState"]), guid(content["MessageGUID"])
    except (KeyError, ValueError) as reason:
        raise InputError("GIS-0310", f"В результате нет состояния или идентификатора: {reason}.") from reason
    whole = content.get("ErrorMessage")
    error = None if whole is None else _error(whole)
    items: list[ItemResult] = []
    unreadable: list[str] = []
    for result in [*listed(content, "ImportResult"), *listed(content, "importResult")]:
        if "ErrorMessage" in result:
            error = error or _error(result["ErrorMessage"])
        for one in listed(result, "CommonResult") if "TransportGUID" not in result else [result]:
            try:
                items.append(_item(one))
            except (InputError, KeyError) as reason:
                unreadable.append(f"Результат не читается: {reason}")
    return StateReply(state, message, error, tuple(items), content, tuple(unreadable), dict(unknown))


def _error(value: Mapping[str, Any]) -> RemoteError:
    return RemoteError(str(value.get("ErrorCode", "")).strip(), str(value.get("Description", "")))


def _item(value: Mapping[str, Any]) -> ItemResult:
    given, account = value.get("GUID"), value.get("ImportAccount")
    return ItemResult(
        guid(value["TransportGUID"]),
        guid(given) if given else None,
        value.get("UniqueNumber"),
        instant(value.get("UpdateDate")),
        tuple([_error(one) for one in listed(value, "Error")]) if "Error" in value else (),
        account.get("UnifiedAccountNumber") if account else None,
        account.get("ServiceID") if account else None,
    )
