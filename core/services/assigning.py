"""An accountant's decision on one payment in suspense: this account, for this reason.

The decision is archived first, as a message with its reason and actor; the entry names the message. It takes the money out of suspense by
the same key as a certain match would, so an operation leaves suspense once. What a person decided about a text of an agent is remembered:
the next registry of that agent with the same text is posted to the same account, until somebody gives the text to another one too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE, MessageId
from core.ledger.history import entries_ending_with
from core.ledger.suspense import lock_suspense
from core.model.lines import Chart
from core.money import format_roubles
from core.payments.match import is_memorable, normal_number
from core.period import Month
from core.records.bank import RegistryRow, payments_of, read_registries
from core.records.crosswalk import link, remembered
from core.records.entities import AccountNumber, find_accounts
from core.records.providers import providers
from core.services.bank_money import agent_of
from core.services.clearing import Waiting, money_waiting, release_key, suspended_money, suspended_rows, tell_released
from core.services.matching import Found
from core.services.receipts import Money, Receipts
from core.storage.engine import transaction

__all__ = ["Assigned", "assign_suspended", "rest_rows"]

_ARCHIVE_ROW = "payment_suspense/"
_LEFT = frozenset(("payment", "payment_suspense", "payment_reversal", "registry_rest"))
_REST_STATES = ("repeated", "disputed", "refused")


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a decision by hand did."""

    operation: str
    amount: int
    account: str
    month: Month
    """The month in which it is accounted."""
    message_id: MessageId
    """The archived decision."""


def assign_suspended(engine: Engine, *, operation: str, account: str, reason: str, actor: str, clock: Clock) -> Assigned:
    """Post one payment that waits to the account that a person names.

    ``operation`` is the operation of the list, or its last part when only one has it; ``account`` a number, or ``number:INN:key`` where
    several accounts have the number. It is accounted on the day of payment or, when that month is no more open, in the next open one.

    ``InputError`` BANK-0401 when no such payment waits, BANK-0402 when it has left suspense, BANK-0403 when several are meant, BANK-0404
    for an unknown account, BANK-0405 when several accounts have the number, BANK-0406 when the money is of several rows of a registry,
    BANK-0407 for a row of a sender's archive, LG-0101 when the account's month was closed in between.
    """
    with transaction(engine) as connection:
        decision = _Decision(connection, operation, account, reason, actor)
        data = decision.as_bytes()
    with transaction(engine) as connection:
        stored = archive.store(
            connection, data=data, name="suspense-assign.json", channel="suspense", direction="decision", provider_id=CENTRE, at=clock.now()
        )
    with transaction(engine) as connection:
        lock_suspense(connection)
        return _Decision(connection, operation, account, reason, actor).post(stored.message_id, clock.now())


class _Decision:
    """One decision as the books stand in one transaction."""

    def __init__(self, connection: Connection, operation: str, account: str, reason: str, actor: str) -> None:
        self.connection = connection
        self.reason = reason
        self.actor = actor
        self.waiting = _one_waiting(connection, operation)
        self.account = _one_account(connection, account)
        if self.waiting.is_rest:
            _refuse_several_rows(connection, self.waiting)

    def as_bytes(self) -> bytes:
        """What is archived: who decided what, and why."""
        document = {
            "decision": "assign_suspended",
            "operation": self.waiting.operation,
            "amount_kop": self.waiting.amount,
            "account": self.account.number,
            "account_key": self.account.key,
            "provider_id": self.account.provider_id,
            "reason": self.reason,
            "actor": self.actor,
        }
        return json.dumps(document, ensure_ascii=False, indent=1).encode()

    def post(self, message_id: MessageId, at: datetime) -> Assigned:
        """Share the money out over the account's debts."""
        operation, amount = self.waiting.operation, self.waiting.amount
        money = self._money()
        why = f"{money.source}, отнесена на счёт {self.account.number} решением ({self.actor}): {self.reason}"
        money = replace(money, key=release_key(operation), amount=amount, suspended=amount, source=why, message_id=message_id)
        receipts = Receipts(self.connection, Chart.SUSPENSE, at)
        receipts.take([money])
        tell_released(self.connection, [(operation, money)], "assigned", at)
        self._remember(message_id, at)
        return Assigned(operation, amount, self.account.number, receipts.books.accounted(money.provider_id, money.paid_on)[1], message_id)

    def _remember(self, message_id: MessageId, at: datetime) -> None:
        """Keep the text with the account, where it is a registry's and long enough to be nobody else's."""
        for row in payments_of(self.connection, [self.waiting.operation]):
            text = normal_number(row.body.account_text)
            if is_memorable(text):
                known = remembered(self.account.account_id, self.account.provider_id, agent=agent_of(row.body), text=text)
                link(self.connection, [known], message_id=message_id, at=at)

    def _money(self) -> Money:
        who = Found(self.account.account_id, self.account.provider_id)
        if self.waiting.is_rest:
            return self._rest(who)
        [row] = suspended_rows(self.connection, [self.waiting.operation])
        return suspended_money(row, who, self.waiting)

    def _rest(self, who: Found) -> Money:
        key = self.waiting.registry
        registry = next(row for row in read_registries(self.connection) if row.key == key)
        return Money(
            key="",
            amount=self.waiting.amount,
            paid_on=self.waiting.occurred_on,
            account_id=self.account.account_id,
            provider_id=self.account.provider_id,
            named_month=None,
            source=f"деньги реестра {registry.body.number or registry.body.order_number}, строка которого не проведена",
            record_id=registry.record_id,
            message_id=self.waiting.message_id,
        )


def _one_waiting(connection: Connection, named: str) -> Waiting:
    waiting = money_waiting(connection)
    found = [item for operation, item in waiting.items() if operation == named or operation.endswith(f"/{named}")]
    exact = [item for item in found if item.operation == named]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        listed = ", ".join(item.operation for item in found[:5])
        raise InputError("BANK-0403", f"«{named}» — это несколько невыясненных платежей: {listed}.", hint="Укажите операцию целиком.")
    entries = list(entries_ending_with(connection, named))
    if any(entry.key.startswith(_ARCHIVE_ROW) for entry in entries):
        raise InputError(
            "BANK-0407",
            f"«{named}» — строка пакета отправителя: её деньги разносит он сам.",
            hint="Запросите у отправителя исправленный пакет и примите его: erkc take ФАЙЛ.",
        )
    gone = sorted((entry for entry in entries if entry.kind in _LEFT), key=lambda entry: entry.key.startswith(release_key("")))
    if gone:
        hint = f"Что с ним стало: erkc show {named}."
        raise InputError("BANK-0402", f"Платёж «{named}» уже не в невыясненных: {gone[-1].reason}.", hint=hint, key=gone[-1].key)
    raise InputError("BANK-0401", f"Невыясненного платежа «{named}» нет.", hint="Что ждёт решения: erkc suspense list.")


def _one_account(connection: Connection, named: str) -> AccountNumber:
    number, _, rest = named.partition(":")
    inn, _, key = rest.partition(":")
    inns = {one.provider_id: one.inn for one in providers(connection)}
    known = find_accounts(connection, [number]).get(number, [])
    found = [one for one in known if inn in ("", inns[one.provider_id]) and key in ("", one.key)]
    if not found:
        raise InputError(
            "BANK-0404",
            f"Лицевого счёта «{named}» нет.",
            hint="Проверьте номер: erkc show НОМЕР; похожие счета показывает erkc suspense list.",
        )
    if len(found) > 1:
        listed = ", ".join(f"{one.number}:{inns[one.provider_id]}:{one.key} ({one.payer_name or 'без имени'})" for one in found)
        raise InputError("BANK-0405", f"Под номером {number} несколько счетов: {listed}.", hint="Укажите счёт так: НОМЕР:ИНН:КЛЮЧ.")
    return found[0]


def rest_rows(registry: RegistryRow) -> int:
    """Rows of a registry that were not posted: their money is what the registry leaves."""
    return sum(registry.counts.get(state, 0) for state in _REST_STATES)


def _refuse_several_rows(connection: Connection, waiting: Waiting) -> None:
    """Money of several rows is of several payers: nobody can say that it is one's."""
    rows = sum(rest_rows(row) for row in read_registries(connection) if row.key == waiting.registry)
    if rows != 1:
        raise InputError(
            "BANK-0406",
            f"Это деньги {rows} строк реестра, всего {format_roubles(waiting.amount)} руб.: одному счёту они не принадлежат.",
            hint="Запросите у агента реестр этих строк под новым номером, с новыми номерами операций.",
        )
