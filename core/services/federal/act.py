"""Acts: the kinds of requests there are, and beginning one.

Identifiers, signed bytes and their place in the archive are written in one transaction, before anything leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core import archive, outbox
from core.ids import ExchangeId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.services.federal.context import Federal
from core.services.federal.gateway import Answer, Content, Envelope, Request

__all__ = ["CHANNEL", "Act", "act_of", "begin", "register"]

CHANNEL = "gis"
"""Where the bytes of the conversation stand in the archive."""


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of request: how it is composed, what its result means, how a lost one is looked for."""

    name: str
    compose: Callable[[Connection, Federal, ProviderId, Mapping[str, Any], Sequence[Item]], Request]
    """From the stored request and the items with their transport identifiers; Any: JSON."""
    kind: str = ""
    """What its items are; empty for an export."""
    absorb: Callable[[Connection, Federal, Exchange, Content, MessageId], None] | None = None
    """Stores what an export brought."""
    accept: Callable[[Connection, Federal, Exchange, Sequence[tuple[Item, Answer]], MessageId], None] | None = None
    """Stores what taken items were given."""
    search: Callable[[Connection, Federal, Exchange, Sequence[Item]], tuple[str, Mapping[str, Any]]] | None = None
    """The export (act, request) that tells what became of a lost import; None: sending again is harmless, the other side knows repeats."""
    match: Callable[[Connection, Federal, Exchange, Sequence[Item], Content], Mapping[TransportGuid, Answer]] | None = None
    """Which items of a lost import an export shows to be there."""
    done_codes: frozenset[str] = frozenset()
    """Refusals of an item that say that what was asked for is so already; of an export, that there is nothing of it."""
    for_provider: bool = True
    """Sent on behalf of the provider, not of the information system itself."""


_ACTS: dict[str, Act] = {}


def register(act: Act) -> Act:
    """Make an act known by its name."""
    _ACTS[act.name] = act
    return act


def act_of(name: str) -> Act:
    """An act by its name."""
    return _ACTS[name]


def begin(
    connection: Connection,
    federal: Federal,
    act: str,
    *,
    provider_id: ProviderId,
    subject: str,
    request: Mapping[str, Any],
    local_ids: Sequence[int] = (),
    next_at: datetime | None = None,
    replaces: Exchange | None = None,
    compose: Callable[[Connection, Federal, ProviderId, Mapping[str, Any], Sequence[Item]], Request] | None = None,
) -> ExchangeId:
    """Prepare a conversation whole: identifiers, signed and archived bytes. An unfinished one about the same subject is returned
    instead. ``compose`` in place of the act's own, which it must equal: for a caller that has read what many messages need."""
    known = outbox.live_subject(connection, provider_id=provider_id, system=federal.system, act=act, subject=subject)
    if known is not None:
        return known.exchange_id
    described = _ACTS[act]
    now = federal.clock.now()
    items = [Item(TransportGuid(federal.new_guid()), described.kind, number) for number in local_ids]
    provider_guid = federal.provider_guid(connection, provider_id) if described.for_provider else None
    envelope = Envelope(federal.new_guid(), provider_guid, now)
    made = (compose or described.compose)(connection, federal, provider_id, request, items)
    rendered = federal.gateway.render(made, envelope)
    name = f"{rendered.operation}-{envelope.request_guid}.xml"
    stored = archive.store(connection, data=rendered.data, name=name, channel=CHANNEL, direction="out", provider_id=provider_id, at=now)
    return outbox.prepare(
        connection,
        provider_id=provider_id,
        system=federal.system,
        service=rendered.service,
        operation=rendered.operation,
        subject=subject,
        act=act,
        request=request,
        request_guid=envelope.request_guid,
        items=items,
        at=now,
        next_at=next_at,
        request_message_id=stored.message_id,
        replaces=None if replaces is None else replaces.exchange_id,
        attempts=0 if replaces is None else replaces.attempts,
    )
