"""An agent asks for an account and reports a payment, at once: answered by codes, kept as unconfirmed, confirmed by its registry.

Nothing is posted here: money is posted when the registry brings it, so it is never twice in the ledger. The same operation again is said to
be known; another content under its number is not saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.ids import CENTRE, EntityId, ProviderId
from core.ledger.balances import open_items, penalty_items
from core.payments.match import Claim
from core.records.bank import payments_of
from core.records.bank.online import OnlinePayment, add_online, read_online
from core.services.matching import find_payers
from core.storage.engine import transaction

__all__ = ["Answer", "OnlinePayment", "Report", "check_account", "online_payments", "report_payment"]

OK, NO_ACCOUNT, NOT_SAVED, KNOWN = 0, 1, 2, 201


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent says it has taken; ``profile`` is that of its contract, ``amount`` in kopecks."""

    profile: str
    operation_id: str
    account_text: str
    amount: int
    paid_on: date

    @property
    def operation(self) -> str:
        """As the registry's payment is keyed."""
        return f"{self.profile}/{self.operation_id}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Code of the regional exchange (0, 1, 2, 201), a Russian sentence, and what is known: kopecks."""

    code: int
    text: str
    debt: int | None = None
    unconfirmed: int = 0
    """Reported for the account and not confirmed yet; the debt does not know of it."""
    state: str = ""


def check_account(engine: Engine, *, account_text: str, profile: str) -> Answer:
    """Whether the account exists, and what it owes now: debts, penalties, less what is reported and not confirmed."""
    with transaction(engine) as connection:
        found = _account(connection, account_text, profile)
        if found is None:
            return Answer(NO_ACCOUNT, f"Лицевого счёта «{account_text}» нет.")
        debt = sum(item.amount for item in open_items(connection, [found[0]])) + sum(
            item.amount for item in penalty_items(connection, [found[0]])
        )
        return Answer(OK, "Счёт найден.", debt, _unconfirmed(connection, found[0]))


def report_payment(engine: Engine, *, data: bytes, report: Report, clock: Clock) -> Answer:
    """Keep a payment that an agent has taken; ``data`` are the signed bytes, archived first."""
    at = clock.now()
    with transaction(engine) as connection:
        name = f"pay-{report.profile}-{report.operation_id}.xml"
        stored = archive.store(connection, data=data, name=name, channel="online", direction="in", provider_id=CENTRE, at=at)
    with transaction(engine) as connection:
        found = _account(connection, report.account_text, report.profile)
        if found is None:
            return Answer(NO_ACCOUNT, f"Лицевого счёта «{report.account_text}» нет: платёж не принят.")
        payment = OnlinePayment(report.operation, found[0], report.account_text, report.amount, report.paid_on, stored.message_id, at)
        known = payments_of(connection, [report.operation])
        if not read_online(connection, operation=report.operation) and known:
            same = known[-1].body.amount == report.amount
            return _again(same, "confirmed" if same else "differs")
        if add_online(connection, payment):
            return Answer(OK, "Платёж принят, ждёт реестра.", unconfirmed=_unconfirmed(connection, found[0]), state="unconfirmed")
        (earlier,) = read_online(connection, operation=report.operation)
        same = (earlier.account_id, earlier.amount, earlier.paid_on) == (payment.account_id, payment.amount, payment.paid_on)
        return _again(same, earlier.state)


def online_payments(engine: Engine, *, since: datetime | None = None) -> list[OnlinePayment]:
    """All reports, each with its state."""
    with transaction(engine) as connection:
        return [one for one in read_online(connection) if since is None or one.received_at >= since]


def _again(is_same: bool, state: str) -> Answer:
    if is_same:
        return Answer(KNOWN, "Платёж с этим номером уже принят.", state=state)
    return Answer(NOT_SAVED, "Под этим номером уже принят платёж с другим содержанием: новый не сохранён.", state=state)


def _account(connection: Connection, text: str, profile: str) -> tuple[EntityId, ProviderId] | None:
    (found,) = find_payers(connection, [Claim(text, agent=profile)])
    return None if found.account_id is None or found.provider_id is None else (found.account_id, found.provider_id)


def _unconfirmed(connection: Connection, account_id: EntityId) -> int:
    return sum(one.amount for one in read_online(connection, account_id=account_id) if one.state == "unconfirmed")
