"""What a person decides of a letter: it arrived, it did not, it shall be sent again. Archived with its document, like every decision."""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

from sqlalchemy import Connection, Engine

from core import outbox
from core.clock import Clock
from core.errors import InputError
from core.ids import BillId, ProviderId, TransportGuid
from core.issued.lookup import bills_like
from core.model.records import DeliveryOutcome
from core.outbox.deliveries import Delivery, deliveries_of_bill
from core.records.providers import providers
from core.services.delivery.mail import settle
from core.services.delivery_choices import record_outcome
from core.storage.engine import transaction

__all__ = ["decide"]

_Verdict = Literal["delivered", "failed", "again"]


def decide(
    engine: Engine, *, number: str, verdict: _Verdict, document: str, actor: str, clock: Clock, provider: str | None = None
) -> list[str]:
    """Decide about the bill of a number; what was done with it, in Russian. ``provider``: ИНН of its sender, who counts bills for itself.

    ``again`` is for letters that were refused or of which nobody knows whether they arrived: the same bytes under the same identifier. What
    is known to have been taken by the server is never sent again. ``InputError`` DLV-0201 for an unknown number, DLV-0202 for a bill that
    was not sent, DLV-0203 for a letter that may not be sent again, DLV-0204 for a number that several senders have.
    """
    said = []
    with transaction(engine) as connection:
        senders = {one.provider_id: one for one in providers(connection)}
        found = [bill for bill in bills_like(connection, number=number) if provider in (None, senders[bill.provider_id].inn)]
        if len({bill.provider_id for bill in found}) > 1:
            listed = ", ".join(f"{senders[bill.provider_id].name} — {senders[bill.provider_id].inn}" for bill in found)
            raise InputError(
                "DLV-0204", f"Документ № {number} есть у нескольких отправителей.", hint=f"Назовите ИНН: --provider. {listed}."
            )
        if not found:
            raise InputError("DLV-0201", f"Документа № {number} нет.", hint="Номер напечатан на счёте и стоит в erkc show СЧЁТ.")
        sent = [(bill, ways) for bill in found if (ways := deliveries_of_bill(connection, bill.bill_id))]
        if not sent:
            raise InputError(
                "DLV-0202", f"Документ № {number} ещё не отправлялся.", hint=f"Выполните erkc deliver bills {found[0].month:%Y-%m}."
            )
        for bill, ways in sent:
            said.append(_decide(connection, bill.provider_id, bill.bill_id, ways[-1], verdict, clock))
            body = DeliveryOutcome(number, verdict, document)
            record_outcome(connection, provider_id=bill.provider_id, body=body, actor=actor, clock=clock)
    return said


def _again(connection: Connection, provider_id: ProviderId, bill_id: BillId, before: outbox.Exchange, clock: Clock) -> None:
    """The same letter, due now: other numbers of ours, the same bytes and so the same ``Message-ID``."""
    now = clock.now()
    outbox.prepare(
        connection,
        provider_id=provider_id,
        system=before.system,
        service=before.service,
        operation=before.operation,
        subject=before.subject,
        act=before.act,
        request=before.request,
        request_guid=uuid4(),
        items=[outbox.Item(TransportGuid(uuid4()), "bill_email", bill_id)],
        at=now,
        request_message_id=before.request_message_id,
        replaces=before.exchange_id,
    )


def _decide(connection: Connection, provider_id: ProviderId, bill_id: BillId, last: Delivery, verdict: _Verdict, clock: Clock) -> str:
    now = clock.now()
    exchange = outbox.exchange(connection, last.exchange_id, lock=True)
    if verdict == "again":
        if last.system != "email" or exchange.state not in ("lost", "failed"):
            raise InputError(
                "DLV-0203",
                f"Письмо документа № {last.number or bill_id} повторить нельзя: оно принято почтовым сервером или ещё отправляется.",
                hint="Повторяются отказанные письма и те, о которых неизвестно, дошли ли. Не дошло — erkc deliver decide НОМЕР --failed.",
            )
        if exchange.state == "lost":
            settle(connection, exchange, "replaced", "")
            outbox.finish(connection, exchange, "replaced", now=now)
        _again(connection, provider_id, bill_id, exchange, clock)
        return "будет отправлен ещё раз под тем же идентификатором"
    if exchange.state == "lost":
        settle(connection, exchange, "accepted" if verdict == "delivered" else "rejected", "", "" if verdict == "delivered" else "DLV")
        outbox.finish(connection, exchange, "done" if verdict == "delivered" else "failed", now=now)
    if verdict == "delivered":
        return "вручён"
    return "не дошёл: будет напечатан" if last.system == "email" else "не вручён"
