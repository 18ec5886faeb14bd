"""The whole life of anything an operator can name: an account, a bill, a payment, a federal identifier, a message by its hash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from core import archive, outbox
from core.errors import InputError
from core.ids import EntityId
from core.issued.lookup import BillSummary, bills_like, read_contents
from core.ledger.history import EntrySummary, entries_ending_with, entries_of_account
from core.money import parse_roubles, readable_roubles
from core.period import Month
from core.records.crosswalk import find_by_external
from core.records.entities import AccountNumber, accounts_of, describe_entities, find_accounts
from core.records.intake import read_intake
from core.services.delivery import delivery_facts
from core.services.delivery_choices import read_outcomes
from core.services.intake_states import INTAKE_STATES
from core.services.suspense_list import SuspenseItem, list_suspense
from core.storage.engine import transaction

__all__ = ["ENTRY_KINDS", "Fact", "Life", "show"]

_FEDERAL_KINDS = {
    "els": "единый лицевой счёт",
    "izku": "идентификатор ЖКУ",
    "account_guid": "счёт в ГИС ЖКХ",
    "premises_guid": "помещение в ГИС ЖКХ",
    "house_guid": "дом в ГИС ЖКХ",
    "ppa_guid": "организация в ГИС ЖКХ",
}
_UNCLEAR, _IN_SUSPENSE = "невыяснено", "в невыясненных"
ENTRY_KINDS = {
    "opening": "сальдо",
    "opening_penalty": "пени, сальдо",
    "charge": "начисление",
    "recalculation": "перерасчёт закрытого месяца",
    "penalty": "пени",
    "payment": "платёж",
    "payment_suspense": _UNCLEAR,
    "payment_reversal": "возврат",
    "payment_division": "зачёт платежа в счёт долга, который появился после него",
    "receipt": "поступление",
    "fee": "комиссия банка",
    "agent_fee": "комиссия агента",
    "registry_rest": _UNCLEAR,
    "transfer": "перечисление",
    "transfer_return": "перечисление вернулось",
    "refund": "возврат агенту",
    "credit_use": "зачёт",
    "advance_use": "зачёт аванса",
    "advance_reversal": "зачёт отменён",
}
"""Kinds of entries for people."""
_THINGS = {"organisation": "организация", "house": "дом", "premises": "помещение", "room": "комната", "service": "услуга"}
_ITEM_STATES = {"waiting": "ждёт ответа", "accepted": "размещён", "rejected": "отклонён"}
_OUTCOMES = {"delivered": "вручён", "failed": "не дошёл", "again": "решено отправить ещё раз"}
_DIRECTIONS = {"in": "принято", "out": "отправлено", "decision": "решение", "configuration": "настройки"}
_HASH = re.compile(r"[0-9a-fA-F]{8,64}")
_AMOUNT = re.compile(r"(?<![\d.])-?\d+\.\d\d(?![\d.])")
"""An amount in a stored sentence: two places after the point; a date has more figures or another point behind them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to it: when, what, and the words for people."""

    when: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Life:
    """One thing that an identifier means, and everything known of it in the order in which it is told."""

    kind: str
    title: str
    facts: tuple[Fact, ...]


def show(engine: Engine, identifier: str) -> list[Life]:
    """Everything that an identifier may mean; ``InputError`` SH-0101 when it means nothing."""
    with transaction(engine) as connection:
        found = [*_accounts(connection, identifier), *_bills(connection, identifier), *_payments(engine, connection, identifier)]
        found += [*_federal(connection, identifier), *_messages(connection, identifier)]
    if not found:
        raise InputError(
            "SH-0101",
            f"«{identifier}» ничего не обозначает.",
            hint="Ищутся номер счёта, документа, ЕЛС, ИЖКУ, УИП, GUID и начало хеша сообщения (от 8 знаков).",
        )
    return found


def _accounts(connection: Connection, number: str) -> Iterator[Life]:
    for account in find_accounts(connection, [number]).get(number, []):
        yield _account(connection, account)


def _account(connection: Connection, account: AccountNumber) -> Life:
    facts = [Fact(f"{account.opened_on:%d.%m.%Y}", "открыт", account.payer_name)]
    facts += [_entry(entry) for entry in entries_of_account(connection, account.account_id)]
    bills = bills_like(connection, account_id=account.account_id)
    facts += [Fact(f"{bill.month:%m.%Y}", "документ", _bill_text(bill)) for bill in bills]
    placed = outbox.accepted(connection, "bill", provider_id=account.provider_id) if bills else {}
    facts += [Fact("", "размещён", f"№ {bill.number}: ИПД {placed[bill.bill_id][1]}") for bill in bills if bill.bill_id in placed]
    if account.closed_on is not None:
        facts.append(Fact(f"{account.closed_on:%d.%m.%Y}", "закрыт", ""))
    return Life("account", f"Лицевой счёт {account.number}", tuple(facts))


def _entry(entry: EntrySummary) -> Fact:
    kind = ENTRY_KINDS.get(entry.kind, entry.kind)
    return Fact(f"{entry.occurred_on:%d.%m.%Y}", kind, f"{_readable(entry.reason)}: {readable_roubles(entry.amount)} руб. [{entry.key}]")


def _readable(reason: str) -> str:
    """A stored sentence with its amounts as people read them; it is hashed with its entry, so it is changed on the way out only."""
    return _AMOUNT.sub(lambda found: readable_roubles(parse_roubles(found[0])), reason)


def _bill_text(bill: BillSummary) -> str:
    return f"№ {bill.number}, версия {bill.version}, к оплате {readable_roubles(bill.total)} руб."


def _bills(connection: Connection, number: str) -> Iterator[Life]:
    for bill in bills_like(connection, number=number):
        content = read_contents(connection, [bill.bill_id])[bill.bill_id]
        facts = [
            Fact(f"{bill.month:%m.%Y}", "выпущен", _bill_text(bill)),
            Fact("", "счёт", f"{content.account_number}, {content.payer_name}"),
        ]
        item = outbox.live(connection, "bill", [bill.bill_id]).get(bill.bill_id)
        if item is not None:
            facts.append(Fact("", "ГИС ЖКХ", f"{_ITEM_STATES[item.state]}: ИПД {item.remote_number or 'ещё не присвоен'}"))
        facts += [Fact(*fact) for fact in delivery_facts(connection, bill.bill_id)]
        outcome = read_outcomes(connection, bill.provider_id).get(number)
        if outcome is not None:
            facts.append(Fact("", "доставка", f"{_OUTCOMES[outcome.outcome]} ({outcome.document})"))
        yield Life("bill", f"Платёжный документ {number} за {Month.of(bill.month).title}", tuple(facts))


def _payments(engine: Engine, connection: Connection, identifier: str) -> Iterator[Life]:
    entries = list(entries_ending_with(connection, identifier))
    if not entries:
        return
    facts = [_entry(entry) for entry in entries]
    put_aside = {entry.key.removeprefix("payment/") for entry in entries if ENTRY_KINDS.get(entry.kind) == _UNCLEAR}
    if put_aside:
        waiting = [item for item in list_suspense(engine) if item.operation in put_aside]
        facts += [fact for item in waiting for fact in _waiting(item)] or [
            Fact("", _IN_SUSPENSE, "ничего: деньги разнесены или возвращены")
        ]
    yield Life("entry", f"Записи книги с идентификатором {identifier}", tuple(facts))


def _waiting(item: SuspenseItem) -> Iterator[Fact]:
    """Money that is in suspense now: why, whose it may be, and what takes it out."""
    yield Fact("", _IN_SUSPENSE, f"сейчас {readable_roubles(item.amount)} руб.: {_readable(item.why)}")
    for name, value in item.given.items():
        yield Fact("", name, _readable(value))
    for candidate in item.candidates:
        yield Fact("", "похожий счёт", f"{candidate.account}: {candidate.why} ({candidate.score} из 100)")
    yield Fact("", "что делать", item.command)


def _federal(connection: Connection, value: str) -> Iterator[Life]:
    for kind, title in _FEDERAL_KINDS.items():
        for entity_id in find_by_external(connection, system="gis", kind=kind, value=value):
            yield Life("federal", f"{title} {value}", tuple(_owner(connection, entity_id)))


def _owner(connection: Connection, entity_id: EntityId) -> Iterator[Fact]:
    account = accounts_of(connection, [entity_id]).get(entity_id)
    if account is not None:
        yield Fact("", "счёт", f"{account.number}, {account.payer_name}")
        return
    entity = describe_entities(connection, [entity_id]).get(entity_id)
    if entity is not None:
        yield Fact("", _THINGS.get(entity.kind, entity.kind), f"ключ отправителя {entity.key}")


def _messages(connection: Connection, prefix: str) -> Iterator[Life]:
    if not _HASH.fullmatch(prefix):
        return
    for message in archive.find(connection, prefix):
        facts = [
            Fact(
                f"{message.received_at:%d.%m.%Y %H:%M}",
                _DIRECTIONS[message.direction],
                f"{message.name}, {message.size_bytes} байт, {message.channel}",
            ),
            Fact("", "SHA-256", message.sha256.hex()),
        ]
        intake = read_intake(connection, message.message_id)
        if intake is not None:
            facts.append(
                Fact(f"{intake.taken_at:%d.%m.%Y %H:%M}", INTAKE_STATES.get(intake.status, intake.status), f"адаптер {intake.adapter}")
            )
        path = archive.hash_path(connection, message.message_id)
        facts.append(Fact("", "печать", "сутки ещё не запечатаны" if path is None else f"сходится: {path.holds()}"))
        yield Life("message", f"Сообщение № {message.message_id}", tuple(facts))
