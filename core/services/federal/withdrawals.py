"""Taking placed bills back (отзыв). What the federal system has acknowledged against a document is taken back first.

    payments of the document (export) → acknowledgments cancelled, where there are any → document withdrawn → its bill is free again

A withdrawal is about a document (ИПД), not about a bill: a bill that is placed again gets another one. Sending a withdrawal again is
harmless, the other side says that it is so already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import events, outbox
from core.events import EventKind
from core.ids import BillId, MessageId, ProviderId
from core.outbox import Exchange, Item
from core.period import Month
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.gateway import Answer, AskNotifications, CancelAcknowledgments, Content, Request, WithdrawBills

__all__ = ["Withdrawn", "prepare_cancellations", "prepare_withdrawals"]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What taking bills back came to: begun now, and what cannot be taken back, with the reason in Russian by printed number."""

    begun: int
    held: Mapping[str, str]


def prepare_withdrawals(
    federal: Federal, *, provider_id: ProviderId, month: Month, numbers: Sequence[str] = (), acknowledged_too: bool = False
) -> Withdrawn:
    """Begin taking back the placed bills of a month, or just these printed numbers.

    Without ``acknowledged_too`` a document with acknowledged payments is refused by the other side (SRV008071) and stays.
    """
    with federal.write("prepare withdrawals") as connection:
        chosen, held = _chosen(connection, federal, provider_id, month, numbers)
        if acknowledged_too:
            _ask_told(connection, federal, provider_id, month, chosen, withdraws=True)
        else:
            _begin_withdrawals(connection, federal, provider_id, chosen)
    return Withdrawn(len(chosen), held)


def prepare_cancellations(federal: Federal, *, provider_id: ProviderId, month: Month, numbers: Sequence[str] = ()) -> Withdrawn:
    """Begin taking back what the placed bills of a month, or just these printed numbers, are acknowledged with; the bills stay."""
    with federal.write("prepare cancellations") as connection:
        chosen, held = _chosen(connection, federal, provider_id, month, numbers)
        _ask_told(connection, federal, provider_id, month, chosen, withdraws=False)
    return Withdrawn(len(chosen), held)


def _chosen(
    connection: Connection, federal: Federal, provider_id: ProviderId, month: Month, numbers: Sequence[str]
) -> tuple[list[tuple[BillId, str]], dict[str, str]]:
    """Placed bills (with their ИПД) that are meant, and why others are not."""
    bills = federal.bills.of_month(connection, provider_id, month)
    by_number = {content.number: bill_id for bill_id, content in bills.items()}
    placed = outbox.accepted(connection, "bill", provider_id=provider_id)
    held: dict[str, str] = {}
    chosen: list[tuple[BillId, str]] = []
    for number in numbers or sorted(by_number):
        bill_id = by_number.get(number)
        ipd = None if bill_id is None else placed.get(bill_id, (None, None))[1]
        if bill_id is None:
            held[number] = f"такого документа за {month.title} нет"
        elif ipd is None:
            if numbers:
                held[number] = "документ не размещён"
        else:
            chosen.append((bill_id, ipd))
    return chosen, held


def _ask_told(
    connection: Connection,
    federal: Federal,
    provider_id: ProviderId,
    month: Month,
    chosen: Sequence[tuple[BillId, str]],
    *,
    withdraws: bool,
) -> None:
    for bill_id, ipd in chosen:
        request = {"bill": bill_id, "ipd": ipd, "month": str(month), "after": None, "told": [], "withdraws": withdraws}
        subject = f"told/{ipd}" if withdraws else f"told/{ipd}/cancel"
        begin(connection, federal, "told_payments", provider_id=provider_id, subject=subject, request=request)


def _begin_withdrawals(connection: Connection, federal: Federal, provider_id: ProviderId, documents: Sequence[tuple[int, str]]) -> None:
    """Those that are not on their way already, in packages."""
    numbered = {_number("withdrawal", str(provider_id), ipd): (bill_id, ipd) for bill_id, ipd in documents}
    busy = outbox.live(connection, "withdrawal", list(numbered))
    fresh = [number for number in numbered if number not in busy]
    size = federal.gateway.fits("withdrawal")
    for start in range(0, len(fresh), size):
        part = fresh[start : start + size]
        request = {"documents": {str(number): list(numbered[number]) for number in part}}
        begin(
            connection,
            federal,
            "withdrawals",
            provider_id=provider_id,
            subject=f"withdrawals/{numbered[part[0]][1]}",
            request=request,
            local_ids=part,
        )


def _number(*key: str) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join(key).encode()).digest()[:8], "big") >> 1


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return WithdrawBills(tuple((item.transport_guid, request["documents"][str(item.local_id)][1]) for item in items))


def _accept(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    """The bill is free: it may be placed again, under another ИПД. People are told."""
    rows = [exchange.request["documents"][str(item.local_id)] for item, _ in taken]
    outbox.retract(connection, "bill", [bill_id for bill_id, _ in rows])
    events.record_many(
        connection,
        [
            events.NewEvent(EventKind.BILL_WITHDRAWN, exchange.provider_id, "bill", bill_id, {"ipd": ipd, "message": message_id})
            for bill_id, ipd in rows
        ],
        at=federal.clock.now(),
    )


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskNotifications(request["ipd"], None if request["after"] is None else UUID(request["after"]))


def _told(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """All payments of the document are known after the last page: what is acknowledged is cancelled, then the document goes."""
    request = dict(exchange.request)
    request["told"] = [*request["told"], *([str(payment.guid), payment.order_id] for payment in content.payments if payment.acknowledged)]
    ipd, provider_id = request["ipd"], exchange.provider_id
    if content.following is not None:
        request["after"] = str(content.following)
        subject = f"{exchange.subject.partition('?')[0]}?{content.following}"
        begin(connection, federal, "told_payments", provider_id=provider_id, subject=subject, request=request)
    elif request["told"]:
        numbered = {_number("cancellation", str(provider_id), ipd, told[0]): told for told in request["told"]}
        stored = {
            "payments": {str(number): told for number, told in numbered.items()},
            "ipd": ipd,
            "bill": request["bill"],
            "withdraws": request["withdraws"],
        }
        begin(
            connection,
            federal,
            "cancellations",
            provider_id=provider_id,
            subject=f"cancellations/{ipd}",
            request=stored,
            local_ids=list(numbered),
        )
    elif request["withdraws"]:
        _begin_withdrawals(connection, federal, provider_id, [(request["bill"], ipd)])


def _cancel(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    payments = request["payments"]
    return CancelAcknowledgments(tuple((item.transport_guid, UUID(payments[str(item.local_id)][0]), request["ipd"]) for item in items))


def _cancelled(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    """Once nothing is acknowledged any more the document goes, if that is what was asked for; what was cancelled may be acknowledged and
    cancelled again."""
    request = exchange.request
    outbox.retract(connection, "cancellation", [item.local_id for item, _ in taken])
    orders = [request["payments"][str(item.local_id)][1] for item, _ in taken]
    outbox.retract_parts(
        connection, act="acknowledgments", kind="acknowledgment", provider_id=exchange.provider_id, ipd=request["ipd"], orders=orders
    )
    if not request["withdraws"]:
        return
    left = [item for item in outbox.items(connection, exchange.exchange_id) if item.state in ("waiting", "rejected")]
    if not left:
        _begin_withdrawals(connection, federal, exchange.provider_id, [(request["bill"], request["ipd"])])


register(Act("withdrawals", _compose, kind="withdrawal", accept=_accept, done_codes=frozenset(("SRV008070",))))
register(Act("told_payments", _ask, absorb=_told))
register(Act("cancellations", _cancel, kind="cancellation", accept=_cancelled, done_codes=frozenset(("INT002000",))))
