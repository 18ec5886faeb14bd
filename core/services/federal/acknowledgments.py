"""Acknowledgment of payments (квитирование): which service of which placed bill a payment is for.

Common-property resources stand inside the housing service of their creditor, so their share of a payment is acknowledged with it. A
repeated acknowledgment is refused by the other side as a repeat, which is success; so a lost one is simply sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import events, outbox
from core.events import EventKind
from core.ids import CENTRE, EntityId, MessageId, ProviderId
from core.model.bill import BillContent
from core.outbox import Exchange, Item
from core.period import Month
from core.records.entities import organisation_ids
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.directory import ask_organisations, known
from core.services.federal.gateway import AcknowledgePayments, AcknowledgmentCard, Answer, NsiElement, Request

__all__ = ["Acknowledged", "PaidPart", "PaymentToAcknowledge", "prepare_acknowledgments"]


@dataclass(frozen=True, slots=True)
class PaidPart:
    """So many kopecks of a payment for a service of a creditor."""

    service_id: EntityId
    creditor_id: EntityId
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentToAcknowledge:
    """A posted payment, with the organisation that took the money (by ИНН and ОГРН, as the federal registry knows it)."""

    key: str
    """Our own key of the payment: what makes its acknowledgments one and the same for ever."""
    order_id: str
    """УИП or the agent's number of the operation, at most 32 characters."""
    taken_by_inn: str
    taken_by_ogrn: str
    account_id: EntityId
    month: Month
    """Month of the bill that is paid."""
    parts: tuple[PaidPart, ...]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What came of it. A payment is what one payment gave to one bill; its parts are that bill's services."""

    begun: int
    """Parts begun now."""
    known: int
    """Parts begun before."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Payments that can not be acknowledged yet, with the reason in Russian."""
    payments: int = 0
    """Payments whose parts were begun, now or before."""

    def reasons(self) -> dict[str, int]:
        """How many payments wait for each reason, the most first."""
        return dict(Counter(self.held.values()).most_common())


def prepare_acknowledgments(federal: Federal, *, provider_id: ProviderId, payments: Iterable[PaymentToAcknowledge]) -> Acknowledged:
    """Begin acknowledging what is not on its way or done; packages of at most a hundred parts, each one transaction."""
    listed = list(payments)
    held: dict[str, str] = {}
    parts: dict[int, dict[str, Any]] = {}
    with federal.write("ask for acceptors") as connection:
        organisations = known(connection, federal, "ppa_guid", provider_id=CENTRE)
        by_inn = organisation_ids(connection)
        strangers = {
            EntityId(-number): payment.taken_by_ogrn
            for number, payment in enumerate(listed, 1)
            if by_inn.get(payment.taken_by_inn) not in organisations and payment.taken_by_ogrn
        }
        ask_organisations(connection, federal, provider_id, strangers)
        placed = _Placed(connection, federal, provider_id, {payment.month for payment in listed})
        for payment in listed:
            taken_by = organisations.get(by_inn.get(payment.taken_by_inn, EntityId(0)))
            reason = placed.parts_of(payment, taken_by, parts)
            if reason:
                held[payment.key] = reason
        live = outbox.live(connection, "acknowledgment", list(parts))
        refused = outbox.refusals(connection, "acknowledgment", provider_id=provider_id)
    fresh = [number for number in parts if number not in live and number not in refused]
    size = federal.gateway.fits("acknowledgment")
    for start in range(0, len(fresh), size):
        chosen = fresh[start : start + size]
        with federal.write("prepare acknowledgments") as connection:
            request = {"parts": {str(number): parts[number] for number in chosen}}
            begin(
                connection,
                federal,
                "acknowledgments",
                provider_id=provider_id,
                subject=f"acknowledgments/{chosen[0]}",
                request=request,
                local_ids=chosen,
            )
    return Acknowledged(len(fresh), len(parts) - len(fresh), held, len(listed) - len(held))


class _Placed:
    """Placed bills of some months by account, with what an acknowledgment must name."""

    def __init__(self, connection: Connection, federal: Federal, provider_id: ProviderId, months: Iterable[Month]) -> None:
        self._services = known(connection, federal, "nsi", provider_id=provider_id)
        accepted = outbox.accepted(connection, "bill", provider_id=provider_id)
        self._bills: dict[tuple[EntityId, Month], tuple[BillContent, str]] = {}
        for month in months:
            for bill_id, content in federal.bills.of_month(connection, provider_id, month).items():
                ipd = accepted.get(bill_id, (None, None))[1]
                if ipd:
                    self._bills[content.account_id, month] = (content, ipd)

    def parts_of(self, payment: PaymentToAcknowledge, taken_by: str | None, parts: dict[int, dict[str, Any]]) -> str:
        """Add the parts of a payment; a reason in Russian when it must wait."""
        if taken_by is None:
            return "принявшая платёж организация ещё не найдена в реестре ГИС ЖКХ"
        found = self._bills.get((payment.account_id, payment.month))
        if found is None:
            return f"документ за {payment.month.title} ещё не размещён в ГИС ЖКХ"
        content, ipd = found
        sums: dict[str, int] = {}
        for part in payment.parts:
            element = self._element(content, part)
            if element is None:
                return "услуга платежа не сопоставлена со справочником ГИС ЖКХ"
            sums[element] = sums.get(element, 0) + part.amount
        for element, amount in sums.items():
            if amount > 0:
                number = _number(payment.key, ipd, element)
                parts[number] = {
                    "payment": payment.key,
                    "order_id": payment.order_id,
                    "taken_by": taken_by,
                    "ipd": ipd,
                    "service": element,
                    "amount": amount,
                }
        return ""

    def _element(self, content: BillContent, part: PaidPart) -> str | None:
        line = next((line for line in content.lines if line.service_id == part.service_id), None)
        if line is not None and line.section == "common_property":
            housing = next((other for other in content.lines if other.section == "housing" and other.creditor_id == line.creditor_id), None)
            return None if housing is None else self._services.get(housing.service_id)
        return self._services.get(part.service_id)


def _number(*key: str) -> int:
    """A number that is the same for the same key for ever: 63 bits of a hash, the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join(key).encode()).digest()[:8], "big") >> 1


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    cards = []
    for item in items:
        part = request["parts"][str(item.local_id)]
        cards.append(
            AcknowledgmentCard(
                item.transport_guid,
                part["order_id"],
                UUID(part["taken_by"]),
                part["ipd"],
                NsiElement.parse(part["service"]),
                part["amount"],
            )
        )
    return AcknowledgePayments(tuple(cards))


def _accept(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    parts = exchange.request["parts"]
    events.record_many(
        connection,
        [
            events.NewEvent(
                EventKind.PAYMENT_ACKNOWLEDGED,
                exchange.provider_id,
                "acknowledgment",
                item.local_id,
                {"ipd": parts[str(item.local_id)]["ipd"], "amount": parts[str(item.local_id)]["amount"], "message": message_id},
            )
            for item, _ in taken
        ],
        at=federal.clock.now(),
    )


register(Act("acknowledgments", _compose, kind="acknowledgment", accept=_accept))
