"""Values of the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from core.ids import ExchangeId, MessageId, ProviderId, TransportGuid

__all__ = ["Count", "Exchange", "Item", "ItemOutcome", "ItemState", "LiveItem", "State", "Trouble"]

State = Literal["prepared", "sent", "acknowledged", "done", "failed", "lost", "replaced"]
ItemState = Literal["waiting", "accepted", "rejected", "replaced", "retracted"]
"""``replaced``: leaves again in another message; ``retracted``: was taken and then taken back, and leaves again only if somebody asks."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing inside a message: its transport identifier there, what it is and its number with us."""

    transport_guid: TransportGuid
    kind: str
    """``bill``, ``account``, ``acknowledgment`` …: with ``local_id`` it says what may be on its way only once."""
    local_id: int
    state: ItemState = "waiting"
    remote_guid: str | None = None
    remote_number: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What the remote system said of one item."""

    transport_guid: TransportGuid
    state: ItemState
    remote_guid: str | None = None
    remote_number: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()
    """Each with ``code`` and ``text``."""


@dataclass(frozen=True, slots=True)
class LiveItem:
    """Where a thing is on its way or placed."""

    kind: str
    local_id: int
    exchange_id: ExchangeId
    state: ItemState
    remote_guid: str | None
    remote_number: str | None


@dataclass(frozen=True, slots=True)
class LastWord:
    """Where a thing stands by its newest message, and how the request described it."""

    kind: str
    local_id: int
    about: Mapping[str, Any]  # Any: JSON
    state: ItemState
    reasons: tuple[tuple[str, str], ...]
    """Code and text of each refusal; of the whole message where the thing has none of its own."""
    on: date


@dataclass(frozen=True, slots=True)
class Exchange:
    """One conversation as it stands."""

    exchange_id: ExchangeId
    provider_id: ProviderId
    system: str
    service: str
    operation: str
    subject: str
    act: str
    """Which of our acts it is, and ``request`` what was asked for in our terms: enough to build the message again."""
    request: Mapping[str, Any]  # Any: JSON
    request_guid: UUID
    request_message_id: MessageId | None
    remote_guid: UUID | None
    state: State
    fence: int
    claimed_until: datetime | None
    next_at: datetime
    attempts: int
    polls: int
    result_message_id: MessageId | None
    error_code: str | None
    error_text: str | None
    replaces_exchange_id: ExchangeId | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """How many items of an act stand in a state."""

    act: str
    kind: str
    state: ItemState
    count: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Open conversations of an operation that met the same obstacle; everything in them goes on by itself at ``next_at``."""

    operation: str
    state: State
    """``prepared``: nothing left the building; ``acknowledged``: the question about the result failed; ``lost``: it may have arrived."""
    code: str
    text: str
    exchanges: int
    things: int
    """Items inside that are not settled."""
    attempts: int
    """The most attempts to send that one of them had; ``polls``: the most questions about a result."""
    polls: int
    next_at: datetime
    """The earliest next attempt."""
