"""Running the outbox of print agents: each batch becomes a folder, written whole or not at all, and again after a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Engine

from core import archive, outbox
from core.clock import Clock
from core.errors import InvariantError
from core.ids import ProviderId
from core.issued.lookup import read_contents
from core.model.bill import BillContent
from core.period import Month
from core.services.delivery.mail import settle
from core.services.delivery.prepare import bill_ids
from core.storage.engine import transaction

__all__ = ["PrintBatch", "Printer", "print_batches"]

_SYSTEM = "print"
_LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PrintBatch:
    """A batch to be written: its bills in the order of the pages, and its list, byte for byte as it is archived."""

    month: Month
    route: str
    number: int
    bills: tuple[BillContent, ...]
    listed: bytes


class Printer(Protocol):
    """Puts batches where the agent takes them from."""

    def write(self, batch: PrintBatch) -> str:
        """Write a batch, or find it written; where it is."""


def print_batches(
    engine: Engine,
    *,
    printer: Printer,
    clock: Clock,
    provider_id: ProviderId,
    lease: timedelta = _LEASE,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write every batch that is due; how many bills are in them. A batch whose writer vanished is written again."""
    done = 0
    while True:
        now = clock.now()
        with transaction(engine) as connection:
            outbox.sweep(connection, system=_SYSTEM, now=now, wait=timedelta())
            claimed = outbox.claim(connection, system=_SYSTEM, now=now, lease=lease, provider_id=provider_id)
        if not claimed:
            return done
        (exchange,) = claimed
        batch = _read(engine, exchange)
        place = printer.write(batch)
        with transaction(engine) as connection:
            settle(connection, exchange, "accepted", place)
            outbox.finish(connection, exchange, "done", now=clock.now(), text=place)
        done += len(batch.bills)
        progress(done)


def _read(engine: Engine, exchange: outbox.Exchange) -> PrintBatch:
    if exchange.request_message_id is None:
        raise InvariantError("DLV-0307", "Пачка взята в работу без сохранённого списка.", exchange=exchange.exchange_id)
    ids = bill_ids(exchange.request)
    with transaction(engine) as connection:
        contents = read_contents(connection, ids)
        listed = archive.read(connection, exchange.request_message_id)
    request = exchange.request
    bills = tuple(contents[one] for one in ids)
    return PrintBatch(Month.parse(request["month"]), request["route"], int(request["batch"]), bills, listed)
