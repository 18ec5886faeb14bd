"""How things stand with the federal system: what is placed, refused, on its way, has not left yet, and what stands in the way.

Reads only; needs neither a signature nor a connection to the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core import outbox
from core.ids import BillId, ProviderId
from core.outbox import Trouble
from core.period import Month
from core.services.federal.context import Federal

__all__ = ["Cause", "Standing", "answered", "status", "troubles", "unfinished"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One code of refusal: the text that came with its first bill, and the printed numbers of all of them."""

    code: str
    text: str
    bills: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a month's bills and everything else stand with the federal system."""

    month: Month
    bills: int
    placed: int
    waiting: int
    """Left (or may have left) and not answered yet."""
    queued: int
    """Prepared and signed, but nothing of them has left yet."""
    refused: Mapping[BillId, tuple[tuple[str, str], ...]]
    """Reasons (code, text) by bill."""
    numbers: Mapping[BillId, str]
    """What is printed on the refused bills."""
    not_sent: int
    """Sending was never begun."""
    identifiers: Mapping[BillId, str]
    """ИПД by bill."""
    counts: tuple[outbox.Count, ...]
    next_at: datetime | None
    """When the next step is due; None: no conversation is open."""
    troubles: tuple[Trouble, ...] = ()
    """What stands in the way of open conversations of this provider, bills and others."""

    @property
    def placed_percent(self) -> int:
        """Whole per cent of the month's bills that are placed, rounded down."""
        return self.placed * 100 // self.bills if self.bills else 0

    def causes(self) -> list[Cause]:
        """Why bills were refused: each code with the bills that it stopped, those that stopped most first. A bill with several reasons
        stands under each."""
        found: dict[str, Cause] = {}
        for bill, reasons in self.refused.items():
            for code, text in dict(reasons).items():
                found.setdefault(code, Cause(code, text, [])).bills.append(self.numbers.get(bill, str(bill)))
        return sorted(found.values(), key=lambda cause: (-len(cause.bills), cause.code))

    @property
    def unfinished(self) -> int:
        """Bills that go on by themselves: come again later."""
        return self.waiting + self.queued


def status(federal: Federal, *, provider_id: ProviderId, month: Month) -> Standing:
    """What is placed, what is refused and why, what waits, what has not left and why."""
    with federal.engine.connect() as connection:
        bills = set(federal.bills.ids_of_month(connection, provider_id, month))
        live = outbox.live(connection, "bill", list(bills))
        refused = {
            BillId(number): reasons
            for number, reasons in outbox.refusals(connection, "bill", provider_id=provider_id).items()
            if number in bills
        }
        placed = {BillId(number): item.remote_number or "" for number, item in live.items() if item.state == "accepted"}
        queued = outbox.unsent(connection, "bill", list(bills))
        return Standing(
            month=month,
            bills=len(bills),
            placed=len(placed),
            waiting=len(live) - len(placed) - queued,
            queued=queued,
            refused=refused,
            numbers=federal.bills.numbers(connection, list(refused)),
            not_sent=len(bills) - len(live) - len(refused),
            identifiers=placed,
            counts=tuple(outbox.statistics(connection, system=federal.system, provider_id=provider_id)),
            next_at=outbox.next_due(connection, system=federal.system, provider_id=provider_id),
            troubles=tuple(outbox.troubles(connection, system=federal.system, provider_id=provider_id)),
        )


def troubles(federal: Federal, *, provider_id: ProviderId | None = None) -> tuple[Trouble, ...]:
    """What stands in the way of open conversations."""
    with federal.engine.connect() as connection:
        return tuple(outbox.troubles(connection, system=federal.system, provider_id=provider_id))


def answered(federal: Federal, *, provider_id: ProviderId, month: Month) -> tuple[int, int]:
    """Bills of a month that are answered, of how many that were begun: cheap enough to ask every second."""
    with federal.engine.connect() as connection:
        return outbox.answered(connection, system=federal.system, provider_id=provider_id, act="bills", subject=f"bills/{month}/")


def unfinished(federal: Federal, *, provider_id: ProviderId | None = None) -> int:
    """How many conversations are open."""
    with federal.engine.connect() as connection:
        return outbox.unfinished(connection, system=federal.system, provider_id=provider_id)
