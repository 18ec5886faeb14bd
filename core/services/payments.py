"""Payments that others took for us: registries of banks and agents, and the payments of a settlement centre's archive.

A registry's file is taken in one transaction after its bytes are archived, so a killed import leaves nothing and the next one starts again.
Nothing is posted on a likeness: what is not certainly somebody's goes to suspense, with proposals for the operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import Engine

from core.clock import Clock
from core.ids import CENTRE
from core.ledger.post import post
from core.ledger.suspense import lock_suspense
from core.model.finding import Finding
from core.model.ledger import Entry
from core.model.lines import Chart
from core.money import format_roubles
from core.records.bank import PaymentRow, read_payments
from core.services.archive_payments import ArchivePayments, post_archive_payments
from core.services.bank_intake import Arrival, BankImport, BankReader, take_file
from core.services.bank_money import claim_of_payment, payment_key, registry_money
from core.services.clearing import accounts_on_registry
from core.services.matching import Found, find_payers
from core.services.receipts import Receipts, Suspended
from core.services.reversing import Moved
from core.services.statements import Reconciled, centre_accounts, post_statement, reconcile
from core.storage.engine import transaction

__all__ = ["ArchivePayments", "BankImport", "Reconciled", "import_bank_file", "post_archive_payments", "reconcile"]

_BATCH = 5000


def import_bank_file(
    engine: Engine, *, reader: BankReader, message: Any, clock: Clock, own_accounts: Iterable[str] | None = None
) -> BankImport:
    """Take one registry or statement; ``message`` is the adapters' raw message (name and bytes). The second time nothing is done.

    ``own_accounts`` are our settlement accounts, by default those that the records know as the centre's; a file about another is refused.
    """
    with transaction(engine) as connection:
        own = centre_accounts(connection) if own_accounts is None else frozenset(own_accounts)

    def post_rows(arrival: Arrival) -> None:
        _post_registry(arrival)
        post_statement(arrival, own)

    return take_file(engine, reader=reader, message=message, clock=clock, own_accounts=own or None, post=post_rows)


def _post_registry(arrival: Arrival) -> None:
    """Post the payments of the message, batch by batch; those that take back others come last."""
    receipts = Receipts(arrival.connection, Chart.TRANSIT, arrival.at)
    rows = read_payments(arrival.connection, arrival.message_id)
    stornos: list[PaymentRow] = []
    at_once = accounts_on_registry(arrival.connection, arrival.at.date())
    while batch := list(islice(rows, _BATCH)):
        stornos += [row for row in batch if row.body.reverses]
        plain = [row for row in batch if not row.body.reverses]
        found = find_payers(arrival.connection, [claim_of_payment(row.body) for row in plain])
        payments, suspended = [], []
        for row, who in zip(plain, found, strict=True):
            if who.account_id is None:
                suspended.append(_suspended(arrival, row, who))
                arrival.findings.append(_not_found(row, who))
            elif not at_once:
                suspended.append(replace(_suspended(arrival, row, who), why=f"операция {row.body.operation_id} ждёт перевода за реестр"))
            else:
                payments.append(registry_money(row, arrival.message_id, who))
        receipts.take(payments, suspended)
        arrival.count("posted", (payment.amount for payment in payments))
        arrival.count("suspended", (item.amount for item in suspended))
    _reverse(arrival, stornos, receipts)


def _suspended(arrival: Arrival, row: PaymentRow, who: Found) -> Suspended:
    body = row.body
    if body.paid_on is None:
        raise ValueError(f"payment {row.key} has no day")
    proposals = tuple({"account_id": int(p.account_id), "score": p.score, "why": p.why} for p in who.proposals)
    why = f"лицевой счёт «{body.account_text}» не найден, операция {body.operation_id}"
    return Suspended(payment_key(row.key), body.amount, body.paid_on, CENTRE, why, row.record_id, arrival.message_id, proposals)


def _not_found(row: PaymentRow, who: Found) -> Finding:
    listed = ", ".join(f"{p.number} ({p.why})" for p in who.proposals)
    return Finding(
        position=row.position,
        code="UNKNOWN_ACCOUNT",
        severity="warning",
        effect="to_suspense",
        value=row.body.account_text,
        message=f"Лицевой счёт «{row.body.account_text}» не найден: {format_roubles(row.body.amount)} руб. приняты в невыясненные.",
        hint=f"Похожие счета: {listed}." if listed else "Похожих счетов нет; спросите плательщика или агента.",
    )


def _reverse(arrival: Arrival, stornos: Sequence[PaymentRow], receipts: Receipts) -> None:
    """Mirror what was posted for each original: whole, or each part in proportion (charging-rules section 3)."""
    if not stornos:
        return
    lock_suspense(arrival.connection)
    moved = Moved.read(arrival.connection, [row.body.reverses for row in stornos])
    entries = []
    for row in stornos:
        original, amount = row.body.reverses, -row.body.amount
        if row.body.paid_on is None or not 0 < amount <= moved.left(original):
            arrival.count("refused", [row.body.amount])
            arrival.findings.append(_not_reversible(row))
            continue
        provider = moved.provider(original)
        day, month = receipts.books.accounted(provider, row.body.paid_on)
        entries.append(
            Entry(
                key=payment_key(row.key),
                kind="payment_reversal",
                provider_id=provider,
                month=month,
                occurred_on=row.body.paid_on,
                reason=f"Возврат {format_roubles(amount)} руб. по операции {original}",
                postings=moved.take_back(original, amount),
                message_id=arrival.message_id,
                accounted_on=day,
            )
        )
        arrival.count("reversed", [row.body.amount])
    receipts.posted += post(arrival.connection, entries, at=arrival.at)


def _not_reversible(row: PaymentRow) -> Finding:
    return Finding(
        position=row.position,
        code="STORNO_WITHOUT_ORIGINAL",
        severity="error",
        effect="refuse_row",
        value=row.body.operation_id,
        message=f"Возврат {row.body.operation_id}: исходный платёж {row.body.reverses} не проведён или от него осталось меньше.",
        hint="Выясните у агента, какой платёж он возвращает.",
    )
