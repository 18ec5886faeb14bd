"""What a payment of a bank says about its account, and the money it is once the account is known: the same on arrival and later.

A payment of a registry and a payer's own line of a statement differ only in where they were read.
"""

from __future__ import annotations

from datetime import date

from core.ids import MessageId
from core.model.records import RegistryPayment, StatementLine
from core.payments.match import Claim
from core.period import Month
from core.records.bank import PaymentRow, StatementRow
from core.services.matching import Found
from core.services.receipts import Money

__all__ = ["agent_of", "claim_of_line", "claim_of_payment", "day_of_line", "line_money", "payment_key", "registry_money"]


def payment_key(operation: str) -> str:
    """Key of the entry that a payment of a bank made on arrival; ``operation`` is the key of its record."""
    return f"payment/{operation}"


def claim_of_payment(body: RegistryPayment) -> Claim:
    """What a payment of a registry names."""
    return Claim(
        body.account_text,
        body.els,
        body.izku,
        body.ipd,
        body.payer_name,
        body.payer_address,
        body.amount,
        agent=agent_of(body),
    )


def agent_of(body: RegistryPayment) -> str:
    """Whose registry a payment stands in: the profile of the agent's contract, by which its registries are keyed."""
    return body.registry.partition("/")[0]


def claim_of_line(line: StatementLine) -> Claim:
    """What the purpose of a payer's own transfer names."""
    return Claim(line.account_text, line.els, line.izku, line.ipd, line.other_name, amount=line.amount)


def day_of_line(line: StatementLine) -> date:
    """The value date, on which the money moved; else the document's own."""
    day = line.value_on or line.document_on
    if day is None:
        raise ValueError(f"statement document {line.number} has no date")
    return day


def registry_money(row: PaymentRow, message_id: MessageId, who: Found) -> Money:
    """A payment of a registry whose account is known."""
    body = row.body
    if who.account_id is None or who.provider_id is None or body.paid_on is None:
        raise ValueError(f"payment {row.key} has no account or no day")
    return Money(
        key=payment_key(row.key),
        amount=body.amount,
        paid_on=body.paid_on,
        account_id=who.account_id,
        provider_id=who.provider_id,
        named_month=None if body.for_month is None else Month.of(body.for_month),
        source=f"операция {body.operation_id}",
        record_id=row.record_id,
        message_id=message_id,
    )


def line_money(row: StatementRow, who: Found) -> Money:
    """A payer's own transfer whose account is known."""
    line = row.body
    if who.account_id is None or who.provider_id is None:
        raise ValueError(f"statement line {row.key} has no account")
    return Money(
        key=payment_key(row.key),
        amount=line.amount,
        paid_on=line.document_on or day_of_line(line),
        account_id=who.account_id,
        provider_id=who.provider_id,
        named_month=None if line.for_month is None else Month.of(line.for_month),
        source=f"прямой перевод, документ {line.number}",
        record_id=row.record_id,
        message_id=row.message_id,
    )
