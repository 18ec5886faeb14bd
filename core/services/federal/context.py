"""What every step of the conversation works with, and the only place where its transactions open.

``failpoint`` is called with a name before every commit, after it, and around every send; a simulation raises there. In production it
does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine

from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE, EntityId, ProviderId
from core.records.crosswalk import external_ids
from core.records.entities import organisation_ids
from core.records.latest import find_organisation
from core.records.providers import provider
from core.services.federal.gateway import Gateway
from core.services.federal.issued_bills import BillSource, IssuedBills
from core.storage.engine import transaction

__all__ = ["Federal"]


def _nothing(name: str) -> None:
    """No failpoint."""


@dataclass(frozen=True, slots=True)
class Federal:
    """The conversation's surroundings."""

    engine: Engine
    gateway: Gateway
    clock: Clock
    bills: BillSource = field(default_factory=IssuedBills)
    lease: timedelta = timedelta(minutes=10)
    """How long a claimed exchange belongs to its worker; longer than any time-out of the wire."""
    lost_wait: timedelta = timedelta(minutes=2)
    """How long to wait before looking for what may have arrived: longer than the other side works on a message."""
    backoff: timedelta = timedelta(seconds=30)
    """First pause after a failure for now; it doubles up to an hour."""
    stop_wait: timedelta = timedelta(days=1)
    """How long the queue of an organisation stands still once it was told that it may not speak; a person's command ends it."""
    most_attempts: int = 12
    package: int = 100
    """Bills in one request: small enough that a lost one costs little, and one signature is quick even in plain Python."""
    failpoint: Callable[[str], None] = _nothing
    new_guid: Callable[[], UUID] = uuid4
    _own: dict[ProviderId, EntityId] = field(default_factory=dict)
    """Providers' own organisations, once found: the first record of one decides its number for ever."""

    @property
    def system(self) -> str:
        """The other side's name in outbox and crosswalk."""
        return self.gateway.system

    @contextmanager
    def write(self, name: str) -> Iterator[Connection]:
        """One transaction of a named step."""
        with transaction(self.engine) as connection:
            yield connection
            self.failpoint(f"before commit: {name}")
        self.failpoint(f"after commit: {name}")

    def pause_after(self, attempts: int) -> timedelta:
        """The pause before attempt number ``attempts`` + 1."""
        return min(self.backoff * int(2 ** max(0, min(attempts, 12))), timedelta(hours=1))

    def provider_entity(self, connection: Connection, provider_id: ProviderId) -> EntityId:
        """The organisation that a provider is; ``InputError`` when its own archive did not name it."""
        if provider_id in self._own:
            return self._own[provider_id]
        found = provider(connection, provider_id)
        own = find_organisation(connection, provider_id=provider_id, inn=found.inn)
        entity = own or organisation_ids(connection).get(found.inn)
        if entity is None:
            raise InputError(
                "GIS-0501",
                f"Организация «{found.name}» (ИНН {found.inn}) не встречалась в принятых данных.",
                hint="Примите архив этого поставщика.",
            )
        if own is not None:
            self._own[provider_id] = own
        return entity

    def provider_guid(self, connection: Connection, provider_id: ProviderId) -> UUID | None:
        """orgPPAGUID of a provider, once it is known."""
        own = self.provider_entity(connection, provider_id)
        found = external_ids(connection, provider_id=CENTRE, system=self.system, kind="ppa_guid", things=[own]).get(own)
        return None if found is None else UUID(found)
