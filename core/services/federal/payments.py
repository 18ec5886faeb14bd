"""Payments told to the federal system (извещения), by who took the money, and taken back.

    posted payment of a placed bill → notification (own cash desk, full form, form of п. 139) → annulled when the payment was none

A payment is told once, whole, against the newest placed bill that it paid. A lost message is looked for by the day of its payments: those
of an operator by their order number, which is unique for ever; those of an own cash desk, which have none, by document, day and sum, each
notification counted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId, TransportGuid
from core.model.bill import BillContent
from core.outbox import Exchange, Item
from core.period import Month
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.gateway import Answer, Content, Request
from core.services.federal.wire_payments import (
    AskDetails,
    AskNotificationsOfDay,
    CancellationCard,
    CancelNotifications,
    NotificationCard,
    Payee,
    PaymentDetails,
    TellOwnPayments,
    TellPayments,
)

__all__ = [
    "Form",
    "NotificationStanding",
    "PaymentToTell",
    "ask_details",
    "cancel_notification",
    "cancellation_refusals",
    "notification_refusals",
    "prepare_notifications",
    "read_details",
]

Form = Literal["own", "full", "139"]
_ORDER_LENGTH = 32
_KINDS: Mapping[Form, str] = {"own": "own_notification", "full": "notification", "139": "notification"}


@dataclass(frozen=True, slots=True)
class PaymentToTell:
    """A posted payment, kopecks. ``months`` are those of the bills that it paid, the newest first; ``creditors`` whom it went to."""

    key: str
    """Our own key of the payment: it is told once for ever."""
    order_id: str
    on: date
    amount: int
    account_id: EntityId
    months: tuple[Month, ...]
    creditors: frozenset[EntityId] = frozenset()


@dataclass(frozen=True, slots=True)
class NotificationStanding:
    """How payments stand: begun by this call, known before, those that cannot go with the reason in Russian, refusals by key."""

    begun: int
    known: int
    held: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def reasons(self) -> dict[str, int]:
        """How many payments wait for each reason, the most first."""
        return dict(Counter(self.held.values()).most_common())


def prepare_notifications(
    federal: Federal, *, provider_id: ProviderId, payments: Iterable[PaymentToTell], form: Form
) -> NotificationStanding:
    """Begin telling what is neither told nor refused; a message holds payments of one day, so that one export shows what became of it."""
    listed = list(payments)
    held: dict[str, str] = {}
    rows: dict[int, dict[str, Any]] = {}
    with federal.engine.connect() as connection:
        placed = _Placed(connection, federal, provider_id, {month for payment in listed for month in payment.months})
        for payment in listed:
            row = placed.row_of(payment, form)
            if isinstance(row, str):
                held[payment.key] = row
            else:
                rows[_number("notification", str(provider_id), payment.key)] = row
        live = {number for kind in set(_KINDS.values()) for number in outbox.live(connection, kind, list(rows))}
        refusals = {
            number: reasons
            for kind in set(_KINDS.values())
            for number, reasons in outbox.refusals(connection, kind, provider_id=provider_id).items()
        }
    fresh: dict[str, list[int]] = {}
    for number, row in rows.items():
        if number not in live and number not in refusals:
            fresh.setdefault(row["on"], []).append(number)
    size = federal.gateway.fits(_KINDS[form])
    act = "own_notifications" if form == "own" else "notifications"
    for day, numbers in fresh.items():
        for start in range(0, len(numbers), size):
            part = numbers[start : start + size]
            with federal.write("prepare notifications") as connection:
                request = {"on": day, "rows": {str(number): rows[number] for number in part}}
                subject = f"{act}/{day}/{part[0]}"
                begin(connection, federal, act, provider_id=provider_id, subject=subject, request=request, local_ids=part)
    begun = sum(map(len, fresh.values()))
    refused = {rows[number]["key"]: reasons for number, reasons in refusals.items() if number in rows}
    return NotificationStanding(begun, len(rows) - begun - len(refused), held, refused)


def notification_refusals(
    federal: Federal, *, provider_id: ProviderId, payments: Iterable[PaymentToTell]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """What the federal system has refused of these payments, by key."""
    numbers = {_number("notification", str(provider_id), payment.key): payment.key for payment in payments}
    with federal.engine.connect() as connection:
        found = [
            (numbers[number], reasons)
            for kind in set(_KINDS.values())
            for number, reasons in outbox.refusals(connection, kind, provider_id=provider_id).items()
            if number in numbers
        ]
    return dict(found)


class _Placed:
    """Placed bills of some months by account."""

    def __init__(self, connection: Connection, federal: Federal, provider_id: ProviderId, months: Iterable[Month]) -> None:
        accepted = outbox.accepted(connection, "bill", provider_id=provider_id)
        self._bills: dict[tuple[EntityId, Month], tuple[BillContent, str, str | None]] = {}
        for month in months:
            for bill_id, content in federal.bills.of_month(connection, provider_id, month).items():
                guid, ipd = accepted.get(bill_id, (None, None))
                if ipd:
                    self._bills[content.account_id, month] = (content, ipd, guid)

    def row_of(self, payment: PaymentToTell, form: Form) -> dict[str, Any] | str:
        """What is stored of a payment to tell; a reason in Russian when it must wait."""
        placed = [self._bills[payment.account_id, month] for month in payment.months if (payment.account_id, month) in self._bills]
        if not placed:
            return "документ, который оплачен, ещё не размещён в ГИС ЖКХ"
        content, ipd, guid = placed[0]
        row: dict[str, Any] = {
            "key": payment.key,
            "order": payment.order_id,
            "on": payment.on.isoformat(),
            "amount": payment.amount,
            "ipd": ipd,
            "month": str(content.month),
        }
        if form == "own":
            return row
        if len(payment.order_id) != _ORDER_LENGTH:
            return "номер распоряжения (УИП) не из 32 знаков"
        if form == "139":
            return row | {"document": guid} if guid else "идентификатор документа в ГИС ЖКХ неизвестен"
        payees = [one for one in content.recipients if payment.creditors & {one.creditor_id, *one.creditors}]
        if len(payees) != 1:
            return "деньги платежа идут нескольким получателям: передайте его в форме 139"
        (payee,) = payees
        return row | {
            "payee": asdict(Payee(payee.inn, payee.kpp, payee.name, payee.bank_name, payee.bik, payee.bank_account, payee.correspondent))
        }


def cancel_notification(federal: Federal, *, provider_id: ProviderId, key: str, reason: str) -> int:
    """Begin annulling the notification of a payment; the number of the cancellation. ``InputError`` GIS-0530 when it was not told."""
    number = _number("notification", str(provider_id), key)
    with federal.write("prepare cancellation") as connection:
        found = next(
            (one for kind in set(_KINDS.values()) if (one := outbox.live(connection, kind, [number]).get(number)) is not None), None
        )
        if found is None or found.state != "accepted":
            raise InputError(
                "GIS-0530", f"Извещение о платеже {key} в ГИС ЖКХ не размещено.", hint="Размещённые передаёт erkc gis payments tell."
            )
        told = outbox.exchange(connection, found.exchange_id).request["rows"][str(number)]
        row = {
            "order": found.remote_number or told["order"],
            "told_on": told["on"],
            "on": federal.clock.now().date().isoformat(),
            "comment": reason,
            "number": number,
            "kind": found.kind,
        }
        own = _number("cancellation of a notification", str(provider_id), key, str(found.exchange_id))
        if own in outbox.live(connection, "notification_cancellation", [own]):
            return own
        begin(
            connection,
            federal,
            "notification_cancellations",
            provider_id=provider_id,
            subject=f"notification_cancellations/{own}",
            request={"on": told["on"], "rows": {str(own): row}},
            local_ids=[own],
        )
    return own


def cancellation_refusals(federal: Federal, *, provider_id: ProviderId) -> Mapping[int, tuple[tuple[str, str], ...]]:
    """Cancellations that were refused."""
    with federal.engine.connect() as connection:
        return outbox.refusals(connection, "notification_cancellation", provider_id=provider_id)


def ask_details(
    federal: Federal,
    *,
    provider_id: ProviderId,
    ipd: str | None = None,
    els: str | None = None,
    izku: str | None = None,
    month: Month | None = None,
    payer: tuple[str, str] | None = None,
) -> str:
    """Begin asking what is to be paid; the subject by which :func:`read_details` finds the answer."""
    request: dict[str, Any] = {
        "ipd": ipd,
        "els": els,
        "izku": izku,
        "month": None if month is None else str(month),
        "payer": None if payer is None else list(payer),
    }
    subject = f"details/{ipd or els or izku}/{month or ''}/{'/'.join(payer or ())}"
    with federal.write("ask for details") as connection:
        begin(connection, federal, "payment_details", provider_id=provider_id, subject=subject, request=request)
    return subject


def read_details(federal: Federal, *, provider_id: ProviderId, subject: str) -> tuple[PaymentDetails, ...]:
    """The newest answer about this subject; empty when there is none, or nothing to be paid."""
    with federal.engine.connect() as connection:
        done = [
            one
            for one in outbox.exchanges(connection, system=federal.system, states=("done",), act="payment_details")
            if one.provider_id == provider_id and one.subject == subject and one.result_message_id is not None
        ]
        if not done:
            return ()
        data = archive.read(connection, MessageId(done[-1].result_message_id or 0))
    return federal.gateway.read(done[-1].operation, data).details


def _number(*key: str) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join(key).encode()).digest()[:8], "big") >> 1


def _card(item: Item, row: Mapping[str, Any]) -> NotificationCard:
    payee = row.get("payee")
    document = row.get("document")
    return NotificationCard(
        item.transport_guid,
        row["order"],
        date.fromisoformat(row["on"]),
        row["amount"],
        row["ipd"],
        Month.parse(row["month"]),
        None if payee is None else Payee(**payee),
        None if document is None else UUID(document),
    )


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return TellPayments(tuple(_card(item, request["rows"][str(item.local_id)]) for item in items))


def _compose_own(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return TellOwnPayments(tuple(_card(item, request["rows"][str(item.local_id)]) for item in items))


def _compose_cancellation(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    cards = []
    for item in items:
        row = request["rows"][str(item.local_id)]
        cards.append(CancellationCard(item.transport_guid, row["order"], date.fromisoformat(row["on"]), row["comment"]))
    return CancelNotifications(tuple(cards))


def _cancelled(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    """The payment is free: it may be told again, under another order number."""
    for item, _ in taken:
        row = exchange.request["rows"][str(item.local_id)]
        outbox.retract(connection, row["kind"], [row["number"]])


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "told_of_day", {"on": exchange.request["on"], "after": None}


def _of_day(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskNotificationsOfDay(date.fromisoformat(request["on"]), None if request["after"] is None else UUID(request["after"]))


def _ask_details(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    month, payer = request["month"], request["payer"]
    return AskDetails(
        request["ipd"],
        request["els"],
        request["izku"],
        None if month is None else Month.parse(month),
        None if payer is None else (payer[0], payer[1]),
    )


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """An order number is there once for ever."""
    there = {one.order_id: one for one in content.payments}
    rows = exchange.request["rows"]
    found = {item.transport_guid: there[order] for item in items if (order := rows[str(item.local_id)]["order"]) in there}
    return {transport: Answer(transport, "accepted", str(one.guid), one.order_id, None, None, ()) for transport, one in found.items()}


def _match_own(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """By document, day and sum; a notification that another payment of ours is known to be counts for that one."""
    taken = {guid for guid, _ in outbox.accepted(connection, "own_notification", provider_id=exchange.provider_id).values()}
    free = [one for one in content.payments if not one.is_annulled and str(one.guid) not in taken]
    found: dict[TransportGuid, Answer] = {}
    for item in items:
        row = exchange.request["rows"][str(item.local_id)]
        wanted = (row["ipd"], row["on"], row["amount"])
        one = next((one for one in free if (one.ipd, one.on.isoformat(), one.amount) == wanted), None)
        if one is not None:
            free.remove(one)
            found[item.transport_guid] = Answer(item.transport_guid, "accepted", str(one.guid), one.order_id, None, None, ())
    return found


def _match_cancelled(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    gone = {one.order_id for one in content.payments if one.is_annulled}
    rows = exchange.request["rows"]
    return {
        item.transport_guid: Answer(item.transport_guid, "accepted", None, rows[str(item.local_id)]["order"], None, None, ())
        for item in items
        if rows[str(item.local_id)]["order"] in gone
    }


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The export serves the comparison that asked for it, or is read from the archive."""


register(Act("notifications", _compose, kind="notification", search=_search, match=_match))
register(Act("own_notifications", _compose_own, kind="own_notification", search=_search, match=_match_own))
register(
    Act(
        "notification_cancellations",
        _compose_cancellation,
        kind="notification_cancellation",
        accept=_cancelled,
        search=_search,
        match=_match_cancelled,
    )
)
register(Act("told_of_day", _of_day, absorb=_absorb_nothing))
register(Act("payment_details", _ask_details, absorb=_absorb_nothing))
