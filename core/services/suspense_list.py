"""What stands in suspense, for the accountant: each sum with what the payer gave, what is near it, why nobody is certain, and what to do.

All of it: payments of registries and statements, money that settled registries left for rows that were not posted, and rows of senders'
archives. The sums add up to the balance of the ledger's suspense account.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from core.ids import CENTRE, EntityId
from core.ledger.history import suspended
from core.model.records import RegistryPayment, StatementLine
from core.payments.match import SHARED_NUMBER, Claim
from core.records.bank import PaymentRow, read_registries
from core.records.entities import accounts_of, find_accounts
from core.records.findings import read_findings
from core.records.payments import payment_versions
from core.records.providers import providers
from core.services.assigning import rest_rows
from core.services.bank_money import claim_of_line, claim_of_payment
from core.services.clearing import SuspendedRow, Waiting, accounts_on_registry, money_waiting, suspended_rows
from core.services.matching import Found, find_payers
from core.services.suspense import rows_ever_suspended, rows_in_suspense, suspense_key
from core.storage.engine import transaction

__all__ = ["Candidate", "SuspenseItem", "list_suspense"]

_NOT_POSTED = frozenset(("repeated", "disputed", "refuse_row"))
_RECONCILE = "erkc reconcile"
_AWAITS_MONEY = "счёт известен, ждёт перевода за реестр: будет разнесён при сверке с выпиской"
_CORRECTED = "erkc take ФАЙЛ"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that the payer may have meant; ``account`` is how ``erkc suspense assign`` names it."""

    account: str
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class SuspenseItem:
    """One sum in suspense, kopecks."""

    operation: str
    kind: str
    """``registry``, ``direct``, ``registry_rest`` or ``archive``."""
    paid_on: date
    amount: int
    given: Mapping[str, str]
    """What the payer or the sender gave, by its Russian name; only what is there."""
    candidates: tuple[Candidate, ...]
    why: str
    """Why it is not certain."""
    command: str
    """What takes it out."""


def list_suspense(engine: Engine) -> list[SuspenseItem]:
    """Everything that is in suspense, in the order of the day."""
    with transaction(engine) as connection:
        waiting = money_waiting(connection)
        items = [*_payments(connection, waiting), *_rests(connection, waiting), *_archive_rows(connection)]
    return sorted(items, key=lambda item: (item.paid_on, item.operation))


def _payments(connection: Connection, waiting: Mapping[str, Waiting]) -> Iterator[SuspenseItem]:
    at_once = not waiting or accounts_on_registry(connection, max(item.occurred_on for item in waiting.values()))
    rows = suspended_rows(connection, sorted(operation for operation, item in waiting.items() if not item.is_rest))
    claims = [claim_of_payment(row.body) if isinstance(row, PaymentRow) else claim_of_line(row.body) for row in rows]
    found = find_payers(connection, claims)
    names = _account_names(connection, {proposal.account_id for who in found for proposal in who.proposals})
    for row, claim, who in zip(rows, claims, found, strict=True):
        candidates = tuple(Candidate(names[one.account_id], one.score, one.why) for one in who.proposals)
        yield SuspenseItem(
            operation=row.key,
            kind="registry" if isinstance(row, PaymentRow) else "direct",
            paid_on=waiting[row.key].occurred_on,
            amount=waiting[row.key].amount,
            given=_given(row),
            candidates=candidates,
            why=_AWAITS_MONEY if isinstance(row, PaymentRow) and who.account_id is not None and not at_once else _why(claim, who),
            command=_RECONCILE if who.account_id is not None else _assigning(row.key, candidates),
        )


def _assigning(operation: str, candidates: Sequence[Candidate] = ()) -> str:
    account = candidates[0].account if len(candidates) == 1 else "СЧЁТ"
    return f"erkc suspense assign {shlex.quote(operation)} {account} --reason ПОЧЕМУ"


def _given(row: SuspendedRow) -> dict[str, str]:
    body = row.body
    given = {"лицевой счёт": body.account_text, "ЕЛС": body.els, "ИЖКУ": body.izku, "ИПД": body.ipd}
    if isinstance(body, RegistryPayment):
        given |= {"плательщик": body.payer_name, "адрес": body.payer_address}
    elif isinstance(body, StatementLine):
        given |= {"плательщик": body.other_name, "назначение": body.purpose}
    return {name: value for name, value in given.items() if value}


def _why(claim: Claim, who: Found) -> str:
    if who.account_id is not None:
        return "теперь опознан: будет разнесён при сверке"
    if not claim.account_text and not any(claim.identifiers()):
        return "лицевой счёт не назван"
    if any(proposal.why == SHARED_NUMBER for proposal in who.proposals):
        return SHARED_NUMBER
    named = claim.account_text or ", ".join(value for _, value in claim.identifiers())
    return f"счёт «{named}» не найден"


def _account_names(connection: Connection, accounts: Collection[EntityId]) -> dict[EntityId, str]:
    """How people name accounts: by the number, and by the sender's ИНН and its key too where several have the number."""
    if not accounts:
        return {}
    inns = {one.provider_id: one.inn for one in providers(connection)}
    known = accounts_of(connection, accounts)
    same = find_accounts(connection, sorted({account.number for account in known.values()}))
    return {
        entity: account.number if len(same[account.number]) == 1 else f"{account.number}:{inns[account.provider_id]}:{account.key}"
        for entity, account in known.items()
    }


def _rests(connection: Connection, waiting: Mapping[str, Waiting]) -> Iterator[SuspenseItem]:
    """Money of a settled registry for rows that were not posted."""
    rests = {item.registry: item for item in waiting.values() if item.is_rest}
    for registry in read_registries(connection) if rests else ():
        item = rests.get(registry.key)
        if item is None:
            continue
        findings = [stored.finding for stored in read_findings(connection, message_id=registry.message_id)]
        rows = [finding for finding in findings if finding.effect in _NOT_POSTED]
        several = rest_rows(registry) != 1
        yield SuspenseItem(
            operation=item.operation,
            kind="registry_rest",
            paid_on=item.occurred_on,
            amount=item.amount,
            given={
                "реестр": f"{registry.body.agent} {registry.body.number or registry.body.order_number}".strip(),
                "непроведённые строки": "; ".join(
                    f"строка {finding.position.row}: {finding.value or ''} {finding.message}" for finding in rows
                ),
            },
            candidates=(),
            why="агент перечислил деньги строк, которые не проведены (повтор, спор, отказ): платёж это или ошибка, знает он",
            command="запросить у агента реестр этих строк под новым номером" if several else _assigning(item.operation),
        )


def _archive_rows(connection: Connection) -> Iterator[SuspenseItem]:
    """Rows of senders' archives: the sender says whose they are, in a corrected package."""
    days = {move.key: move.occurred_on for move in suspended(connection)}
    for provider in providers(connection):
        if provider.provider_id == CENTRE:
            continue
        ever = dict.fromkeys(key.removesuffix("/withdrawn") for key in rows_ever_suspended(connection, provider))
        there = {key: row.amount for key, row in rows_in_suspense(connection, provider, list(ever)).items() if row.amount}
        versions = {one.key: one for one in payment_versions(connection, provider_id=provider.provider_id, keys=list(there))}
        for key, amount in there.items():
            operation = suspense_key(provider, key)
            given = {"отправитель": provider.name, "строка OPLATA": key, "УИП": versions[key].uip, "пачка": versions[key].pack or ""}
            yield SuspenseItem(
                operation=operation,
                kind="archive",
                paid_on=days[operation],
                amount=amount,
                given={name: value for name, value in given.items() if value},
                candidates=(),
                why="строка пакета отправителя с ошибкой; что не так, показывают замечания к пакету",
                command=_CORRECTED,
            )
