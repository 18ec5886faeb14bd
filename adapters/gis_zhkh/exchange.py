"""The asynchronous conversation as pure transitions: what came back (or did not) → what is known now. State lives in the outbox.

    send   → acknowledged (the server's identifier) | refused | retry (as a new message) | unsent | unknown
    poll   → pending | finished (with the whole result) | refused | retry | unknown

``unknown`` is the important one: the bytes may have arrived, or the result is gone; only an export tells, and nothing is sent again
before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from adapters.gis_zhkh.client import HttpReply, Unreachable
from adapters.gis_zhkh.envelope import open_envelope
from adapters.gis_zhkh.faults import meaning
from adapters.gis_zhkh.replies import StateReply, read_ack, read_fault, read_state
from adapters.xmlio import LARGEST_MESSAGE
from core.errors import InputError

__all__ = ["DEFAULT_LADDER", "Ladder", "PollOutcome", "SendOutcome", "after_poll", "after_send"]

_TOO_LARGE = f"Ответ больше {LARGEST_MESSAGE // (1024 * 1024)} МБ; сохранено его начало"
_OVERLOADED = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Ladder:
    """When to ask for a result: seconds after the Ack, then after each question; the last step repeats. After ``most`` it is overdue."""

    steps_s: Sequence[float] = (10, 60, 300, 900, 1800)
    most: int = 60

    def delay(self, polls: int) -> timedelta:
        """The pause before question number ``polls`` + 1."""
        return timedelta(seconds=self.steps_s[min(polls, len(self.steps_s) - 1)])

    def exhausted(self, polls: int) -> bool:
        """Whether so many questions without an answer are worth telling a person."""
        return polls >= self.most


DEFAULT_LADDER = Ladder()
"""The cadence that the operator recommends."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What is known after an attempt to send."""

    verdict: Literal["acknowledged", "refused", "stop", "retry", "unsent", "unknown"]
    remote_guid: UUID | None = None
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What is known after a question."""

    verdict: Literal["pending", "finished", "refused", "stop", "retry", "again", "unknown"]
    reply: StateReply | None = None
    code: str = ""
    text: str = ""


def after_send(reply: HttpReply | Unreachable, request_guid: UUID) -> SendOutcome:
    """Transition of a request that was (perhaps) sent."""
    if isinstance(reply, Unreachable):
        return SendOutcome("unknown" if reply.may_have_arrived else "unsent", code="GIS-0401", text=reply.reason)
    if reply.is_cut:
        return SendOutcome("unknown", code="GIS-0407", text=_TOO_LARGE)
    try:
        opened = open_envelope(reply.body)
        if opened.is_fault:
            fault = read_fault(opened.body)
            step = meaning(fault.code)
            verdict: Literal["stop", "retry", "refused"] = step if step in ("stop", "retry") else "refused"
            return SendOutcome(verdict, code=fault.code, text=fault.text)
        ack = read_ack(opened.body)
    except InputError as error:
        # A page of a gateway, or an answer cut in two: the request behind it may have been taken.
        return SendOutcome("unknown", code="GIS-0402", text=f"Ответ не читается (HTTP {reply.status}): {error.message}")
    if ack.requester_guid != request_guid:
        return SendOutcome("unknown", code="GIS-0403", text="Квитанция относится к другому сообщению.")
    return SendOutcome("acknowledged", ack.message_guid)


def after_poll(reply: HttpReply | Unreachable) -> PollOutcome:
    """Transition of an acknowledged request after a question about it.

    Silence however long is only ``pending``: while the other side says that it works on an import, sending it anew could double it. When
    many questions were asked in vain (:meth:`Ladder.exhausted`) a person is told; exports alone may be asked for anew.
    """
    if isinstance(reply, Unreachable):
        return PollOutcome("again", code="GIS-0401", text=reply.reason)
    if reply.is_cut:
        # The same answer would come again: an export finds out, in smaller parts, what it said.
        return PollOutcome("unknown", code="GIS-0407", text=_TOO_LARGE)
    try:
        opened = open_envelope(reply.body)
        if opened.is_fault:
            fault = read_fault(opened.body)
            return _refusal(fault.code, fault.text, asked=True)
        state = read_state(opened.body)
    except InputError as error:
        verdict: Literal["again", "unknown"] = "again" if reply.status in _OVERLOADED or reply.status == 200 else "unknown"
        return PollOutcome(verdict, code="GIS-0402", text=f"Ответ не читается (HTTP {reply.status}): {error.message}")
    if not state.processed:
        return PollOutcome("pending", state)
    if state.is_empty:
        return PollOutcome("unknown", state, code="GIS-0405", text="Обработано, но результата в ответе нет.")
    if state.error is not None and not state.items:
        refused = _refusal(state.error.code, state.error.text, asked=False)
        return PollOutcome(refused.verdict, state, refused.code, refused.text)
    return PollOutcome("finished", state)


def _refusal(code: str, text: str, *, asked: bool) -> PollOutcome:
    """A refusal of the question itself (``asked``) or of the request that it was about."""
    match meaning(code):
        case "retry":
            return PollOutcome("again" if asked else "retry", code=code, text=text)
        case "stop":
            return PollOutcome("stop", code=code, text=text)
        case "lookup":
            return PollOutcome("unknown", code=code, text=text)
        case "empty" | "success" if not asked:
            return PollOutcome("finished", code=code, text=text)
        case _:
            # A question refused for good says nothing about the request: it may have been carried out.
            return PollOutcome("unknown" if asked else "refused", code=code, text=text)
