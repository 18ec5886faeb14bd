"""What was collected for whom, from the ledger: payments less what was taken back, by source, house, creditor, service and component."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import Connection

from core.ids import EntityId, MessageId, ProviderId
from core.model.lines import Component
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["AdvanceMove", "CollectedSum", "advance_moves", "collected_sums", "stage_houses"]


@dataclass(frozen=True, slots=True)
class CollectedSum:
    """One sum, kopecks, signed. Of a registry: its message and no entry; of any other payment the entry's key and day of posting."""

    message_id: MessageId | None
    entry_key: str
    posted_on: date | None
    provider_id: ProviderId
    house_id: EntityId | None
    creditor_id: EntityId | None
    service_id: EntityId | None
    component: Component
    amount: int


@dataclass(frozen=True, slots=True)
class AdvanceMove:
    """Money paid ahead: received from a bank, out of or into an advance when it is used, or on a debt; kopecks, signed."""

    account_id: EntityId
    on: date
    entry_id: int
    what: Literal["receipt", "out", "in", "use"]
    provider_id: ProviderId
    house_id: EntityId | None
    creditor_id: EntityId | None
    service_id: EntityId | None
    component: Component
    amount: int


def stage_houses(connection: Connection, houses: Iterable[tuple[EntityId, EntityId | None]]) -> None:
    """The house of each account, for the queries below; to the end of the transaction."""
    stage(connection, "staged_house", (("account_id", "bigint"), ("house_id", "bigint")), houses)


def collected_sums(
    connection: Connection,
    *,
    registries: Sequence[MessageId],
    messages: Sequence[MessageId],
    house_services: Sequence[EntityId],
    house_components: Sequence[Component],
) -> Iterator[CollectedSum]:
    """All sums since the beginning that messages of banks brought; ``registries`` are those whose payments are taken together.

    A sum has its house where its service or component is one of those named: elsewhere it decides nothing, and houses are many.
    """
    connection.execute(queries("core.ledger").room_to_sum)
    names = {
        "registries": list(registries),
        "messages": list(messages),
        "house_services": list(house_services),
        "house_components": [int(one) for one in house_components],
    }
    rows = connection.execute(queries("core.ledger").collected_money, names)
    for row in rows:
        yield CollectedSum(
            None if row.message_id is None else MessageId(row.message_id),
            row.entry_key,
            row.posted_on,
            ProviderId(row.provider_id),
            row.house_id,
            row.creditor_id,
            row.service_id,
            Component(row.component),
            row.amount,
        )


def advance_moves(connection: Connection, *, messages: Sequence[MessageId]) -> Iterator[AdvanceMove]:
    """Advances that banks' payments left (``messages`` are banks'), and all uses of advances: by account, in the order of posting."""
    rows = connection.execute(queries("core.ledger").advances_of_banks, {"messages": list(messages)}, execution_options={"yield_per": 5000})
    for row in rows:
        yield AdvanceMove(
            EntityId(row.account_id),
            max(row.posted_on, row.occurred_on),
            row.entry_id,
            row.what,
            ProviderId(row.provider_id),
            row.house_id,
            row.creditor_id,
            row.service_id,
            Component(row.component),
            row.amount,
        )
