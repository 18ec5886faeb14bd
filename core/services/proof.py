"""What proves a bill: the bill, the lines of its accounts with their inputs, the records behind them, and the place of each message of
these records in the sealed days. Gathered here, packed and shipped by ``erkc.proof``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from core import archive
from core.archive.seals import all_seals
from core.clock import Clock
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId
from core.issued.bills import IssuedBill, read_bill
from core.issued.files import BillFile, files_of_bill
from core.issued.lookup import BillSummary, bills_like, read_contents
from core.model.records import Body
from core.period import Month
from core.records.bodies import StoredRecord, find_records
from core.records.entities import accounts_of, find_accounts
from core.records.intake import read_intake
from core.records.owners import owners
from core.records.providers import Provider, provider
from core.services.explain import AccountExplained, account_explained
from core.services.seal import seal_past_days
from core.storage.engine import transaction

__all__ = ["ProofSource", "ProvedMessage", "ProvedRecord", "prove", "records_for"]


@dataclass(frozen=True, slots=True)
class ProvedRecord:
    """A record that a line was computed from, and whether the payer may see it: it speaks of its accounts, or of nobody in particular."""

    stored: StoredRecord[Body]
    is_shown: bool


@dataclass(frozen=True, slots=True)
class ProvedMessage:
    """A message of the records, with its place in the sealed days; None: its day is not sealed yet."""

    message: archive.Message
    adapter: str
    """What read it; empty for decisions and configuration."""
    path: archive.HashPath | None


@dataclass(frozen=True, slots=True)
class ProofSource:
    """Everything that a proof package is made of."""

    bill: IssuedBill
    provider: Provider
    accounts: tuple[AccountExplained, ...]
    """All accounts of the bill, that of the bill first."""
    records: tuple[ProvedRecord, ...]
    messages: tuple[ProvedMessage, ...]
    seals: tuple[archive.Seal, ...]
    """From the first day that has one of the messages to the last sealed one, without gaps."""
    files: tuple[BillFile, ...]
    """What was rendered from the bill."""
    sealed_now: int = 0
    """Days that were due and sealed on the way."""

    @property
    def unsealed(self) -> tuple[archive.Message, ...]:
        """Messages whose day is not over, so that no seal covers them."""
        return tuple(one.message for one in self.messages if one.path is None)


def records_for(connection: Connection, accounts: Sequence[AccountExplained]) -> tuple[ProvedRecord, ...]:
    """Every record behind the lines of a payer's accounts, in the order of numbers; what speaks of others is not to be shown."""
    own: dict[ProviderId, set[str]] = defaultdict(set)
    for one in accounts:
        own[one.account.provider_id].add(one.account.key)
    stored = find_records(connection, {record for one in accounts for record in one.origins})
    whose = owners(connection, stored)

    def is_shown(record: StoredRecord[Body]) -> bool:
        speaks_of = whose[record.record_id]
        return speaks_of is None or bool(speaks_of & own[record.provider_id])

    return tuple(ProvedRecord(record, is_shown(record)) for record in stored)


Opened = Callable[[Connection, ProofSource], None]
"""Called while the messages' bytes can be read."""


def prove(engine: Engine, *, account: str, month: Month, clock: Clock, using: Opened) -> ProofSource:
    """Seal the days that are due, then gather what proves the bill of an account (its number, or that of the bill) for a month.

    ``using`` is called inside the reading transaction. :class:`InputError` PF-0101 no such account, PF-0102 no bill for the month, PF-0103
    several.
    """
    with transaction(engine) as connection:
        sealed = len(seal_past_days(connection, clock.now()))
    with transaction(engine) as connection:
        source = _Gathering(connection, month, sealed).of(read_bill(connection, _bill(connection, account, month).bill_id))
        using(connection, source)
    return source


def _bill(connection: Connection, text: str, month: Month) -> BillSummary:
    """The last version of the one bill that an account, or a number of a bill, stands for."""
    accounts = find_accounts(connection, [text]).get(text, [])
    found = {bill.bill_id: bill for one in accounts for bill in bills_like(connection, account_id=one.account_id)}
    found |= {bill.bill_id: bill for bill in bills_like(connection, number=text)}
    if not accounts and not found:
        raise InputError("PF-0101", f"Лицевой счёт или счёт на оплату {text} не найден.", hint="Проверьте номер; он стоит на квитанции.")
    latest: dict[tuple[ProviderId, EntityId], BillSummary] = {}
    for bill in found.values():
        key = (bill.provider_id, bill.payer_id)
        if Month.of(bill.month) == month and (key not in latest or bill.version > latest[key].version):
            latest[key] = bill
    if not latest:
        raise InputError("PF-0102", f"За {month.title} по {text} счёт на оплату не выпущен.", hint=f"Выполните erkc issue bills {month}.")
    if len(latest) > 1:
        contents = read_contents(connection, [bill.bill_id for bill in latest.values()]).values()
        listed = "; ".join(sorted(f"№ {content.number} — счёт {content.account_number}" for content in contents))
        hint = "Укажите номер лицевого счёта." if not accounts else "Укажите номер счёта на оплату."
        raise InputError("PF-0103", f"Номер {text} есть в нескольких счетах на оплату: {listed}.", hint=hint)
    return next(iter(latest.values()))


@dataclass(slots=True)
class _Gathering:
    connection: Connection
    month: Month
    sealed_now: int

    def of(self, bill: IssuedBill) -> ProofSource:
        ids = [listed.account_id for listed in bill.content.accounts] or [bill.payer_id]
        named = accounts_of(self.connection, ids)
        told = (account_explained(self.connection, named[number], self.month) for number in ids)
        accounts = tuple(one for one in told if one is not None)
        records = records_for(self.connection, accounts)
        messages = tuple(self._message(number) for number in sorted({record.stored.message_id for record in records}))
        days = [one.path.seal.day for one in messages if one.path is not None]
        return ProofSource(
            bill=bill,
            provider=provider(self.connection, bill.provider_id),
            accounts=accounts,
            records=records,
            messages=messages,
            seals=tuple(seal for seal in all_seals(self.connection) if days and seal.day >= min(days)),
            files=tuple(files_of_bill(self.connection, bill.bill_id)),
            sealed_now=self.sealed_now,
        )

    def _message(self, number: MessageId) -> ProvedMessage:
        intake = read_intake(self.connection, number)
        path = archive.hash_path(self.connection, number)
        return ProvedMessage(archive.describe(self.connection, number), "" if intake is None else intake.adapter, path)
