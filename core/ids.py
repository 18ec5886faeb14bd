"""Identifiers: each kind is its own type, so that one can not be passed for another.

Numbers are ours (given by the database); texts and GUIDs come from the outside world and are stored before they are used.
"""

from __future__ import annotations

from typing import NewType
from uuid import UUID

__all__ = ["CENTRE", "BillId", "CalculationId", "EntityId", "EntryId", "ExchangeId", "MessageId", "ProviderId", "RecordId", "TransportGuid"]

ProviderId = NewType("ProviderId", int)
"""The organisation whose data a row is and whose month is closed (поставщик информации); see :data:`CENTRE`."""
MessageId = NewType("MessageId", int)
RecordId = NewType("RecordId", int)
EntityId = NewType("EntityId", int)
"""Our own number of a thing that many records speak of: an account, a service, an organisation, a house, a premises."""
EntryId = NewType("EntryId", int)
CalculationId = NewType("CalculationId", int)
BillId = NewType("BillId", int)
ExchangeId = NewType("ExchangeId", int)
TransportGuid = NewType("TransportGuid", UUID)

CENTRE = ProviderId(0)
"""The settlement centre itself: owner of what belongs to no single provider (bank statements, configuration)."""
