"""Payment orders to recipients: proposed from what is due, approved by another person, given to the bank as one file, met in the statement.

An order is for what has fallen due and is neither transferred nor in an order on its way, so proposing twice proposes nothing. The key of
the account is checked when an order is proposed, approved and exported: what was right in the morning may be closed at noon. Decisions are
archived first, with who decided and why. What goes to the bank posts the fees that the transfer was lowered by.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from core import archive
from core.charges.law import Law
from core.clock import Clock
from core.errors import ConflictError, InputError
from core.ids import CENTRE, MessageId
from core.issued.orders import LIVE, OrderState, StoredOrder, add_order, add_step, lock_orders, next_order_number, read_orders
from core.ledger.post import post
from core.model.ledger import Entry, Posting
from core.model.lines import Chart
from core.money import format_roubles
from core.payments.contracts import contract_of
from core.payments.daily import Recipient, Standing
from core.records.latest import read_bank_accounts, read_organisations
from core.records.providers import providers
from core.records.rows import BankAccountRow, OrganisationRow
from core.services.bank_money import day_of_line
from core.services.settlement import Settlement, Trouble, open_settlement
from core.services.standings import Books
from core.services.statements import centre_accounts
from core.storage.engine import transaction

__all__ = ["Exported", "Proposed", "decide_orders", "export_orders", "last_export", "list_orders", "meet_orders", "propose_orders"]

_AGENT_ACCOUNT = "40821"
_PURPOSE = 210


@dataclass(frozen=True, slots=True)
class Proposed:
    """Orders that a proposal made, and what is due to recipients whose requisites do not let money out."""

    orders: tuple[StoredOrder, ...]
    held: tuple[tuple[Recipient, int, Trouble], ...]
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Exported:
    """The file for the bank: the orders in it and the archived message of its bytes."""

    orders: tuple[StoredOrder, ...]
    data: bytes
    message_id: MessageId


def propose_orders(engine: Engine, *, law: Law, day: date, actor: str, clock: Clock) -> Proposed:
    """Propose an order for each recipient to whom anything has fallen due by the day; what must not leave is held and told."""
    with transaction(engine) as connection:
        lock_orders(connection)
        settlement = open_settlement(connection, law=law, day=day)
        _meet(connection, settlement, clock)
        on_way: dict[tuple[str, str], int] = defaultdict(int)
        for order in read_orders(connection):
            if order.state in LIVE:
                on_way[order.account, order.bik] += order.amount
        made, held = [], []
        standings = settlement.standings()
        payer: tuple[OrganisationRow, BankAccountRow] | None = None
        for recipient, standing in standings.items():
            amount = standing.to_transfer - on_way[recipient.account, recipient.bik]
            if amount <= 0:
                continue
            if (refusal := settlement.refusal(recipient)) is not None:
                held.append((recipient, amount, refusal))
                continue
            payer = payer or _payer(connection, day)
            content = _content(settlement, recipient, amount, payer)
            number = next_order_number(connection, payer[1].number, day.year)
            made.append(
                add_order(
                    connection,
                    payer_account=payer[1].number,
                    number=number,
                    drawn_on=day,
                    organisation_id=recipient.organisation_id,
                    account=recipient.account,
                    bik=recipient.bik,
                    amount=amount,
                    content=content | {"fees": _fees(standing, _ordered_fees(connection, recipient))},
                    proposed_by=actor,
                    at=clock.now(),
                )
            )
        orders = tuple(order for order in read_orders(connection) if order.order_id in made)
        return Proposed(orders, tuple(held), settlement)


def decide_orders(
    engine: Engine, *, numbers: Collection[int], verdict: OrderState, reason: str, actor: str, law: Law, clock: Clock
) -> list[StoredOrder]:
    """Approve or reject orders by the table's numbers, all or none.

    ``InputError`` SET-0201 for an unknown order, SET-0202 for one that is not waiting, SET-0203 when the approver proposed it, SET-0103
    when its account must not be paid to.
    """
    with transaction(engine) as connection:
        chosen = _chosen(connection, numbers)
        data = json.dumps(
            {
                "decision": f"payment_orders_{verdict}",
                "orders": [{"id": one.order_id, "number": one.number, "amount_kop": one.amount, "account": one.account} for one in chosen],
                "reason": reason,
                "actor": actor,
                "at": clock.now().isoformat(),
            },
            ensure_ascii=False,
            indent=1,
        ).encode()
    with transaction(engine) as connection:
        stored = archive.store(
            connection,
            data=data,
            name=f"orders-{verdict}.json",
            channel="settlement",
            direction="decision",
            provider_id=CENTRE,
            at=clock.now(),
        )
    with transaction(engine) as connection:
        lock_orders(connection)
        chosen = _chosen(connection, numbers)
        allowed = ("proposed",) if verdict == "approved" else ("proposed", "approved")
        for order in chosen:
            if order.state not in allowed:
                raise InputError(
                    "SET-0202",
                    f"Поручение № {order.number}: {_STATES[order.state]}, решение уже не нужно.",
                    hint="Что с ним стало: erkc settle orders.",
                )
            if verdict == "approved" and _same_person(order.proposed_by, actor):
                raise InputError(
                    "SET-0203",
                    f"Поручение № {order.number} предложил тот же человек ({actor}).",
                    hint="Утверждает другой человек: второй подписи у самого себя не бывает.",
                )
        if verdict == "approved":
            _refuse_unverified(connection, chosen, law, clock)
        for order in chosen:
            add_step(connection, order.order_id, verdict, actor=actor, reason=reason, message_id=stored.message_id, at=clock.now())
        return _chosen(connection, numbers)


def export_orders(
    engine: Engine, *, render: Callable[[Sequence[StoredOrder]], bytes], name: str, actor: str, law: Law, clock: Clock
) -> Exported:
    """The approved orders as one file of the bank's format, archived as it leaves; each order once.

    ``render`` is an adapter's. ``InputError`` SET-0204 when nothing is approved.
    """
    with transaction(engine) as connection:
        lock_orders(connection)
        ready = [order for order in read_orders(connection) if order.state == "approved"]
        if not ready:
            raise InputError(
                "SET-0204",
                "Утверждённых поручений нет.",
                hint="Предложить: erkc settle propose; утвердить другим человеком: erkc settle approve.",
            )
        _refuse_unverified(connection, ready, law, clock)
        data = render(ready)
        stored = archive.store(connection, data=data, name=name, channel="settlement", direction="out", provider_id=CENTRE, at=clock.now())
        for order in ready:
            add_step(connection, order.order_id, "exported", actor=actor, reason=name, message_id=stored.message_id, at=clock.now())
        _post_fees(connection, ready, stored.message_id, clock)
        return Exported(tuple(ready), data, stored.message_id)


def last_export(engine: Engine) -> tuple[str, bytes]:
    """Name and bytes of the latest file given to the bank, where it was lost on its way; ``InputError`` SET-0204 when there is none."""
    with transaction(engine) as connection:
        messages = [order.message_id for order in read_orders(connection) if order.message_id is not None]
        if not messages:
            raise InputError("SET-0204", "Файлов поручений ещё не было.", hint="Сначала: erkc settle export.")
        message = archive.describe(connection, max(messages))
        return message.name, archive.read(connection, max(messages))


def list_orders(engine: Engine, *, law: Law, clock: Clock) -> list[StoredOrder]:
    """All orders, after what the statements show of them is noted."""
    with transaction(engine) as connection:
        lock_orders(connection)
        meet_orders(connection, law=law, clock=clock)
        return read_orders(connection)


def meet_orders(connection: Connection, *, law: Law, clock: Clock) -> int:
    """Note which orders the statements show: left, or come back; how many steps are new."""
    return _meet(connection, open_settlement(connection, law=law, day=clock.now().date()), clock)


_STATES: Mapping[OrderState, str] = {
    "proposed": "предложено",
    "approved": "утверждено",
    "rejected": "отклонено",
    "exported": "отдано банку",
    "executed": "исполнено",
    "returned": "вернулось",
}


def _meet(connection: Connection, settlement: Settlement, clock: Clock) -> int:
    """A line is an order's by number, day not before it, account and sum; a return by the debit that it gives back."""
    orders = read_orders(connection)
    used = {line for order in orders for line in order.lines}
    new = 0
    for key, row in settlement.lines.items():
        line = row.body
        if line.incoming or key in used:
            continue
        for order in orders:
            if order.state not in ("approved", "exported"):
                continue
            is_it = (line.number.lstrip("0"), line.other_account, line.amount) == (str(order.number), order.account, order.amount)
            if is_it and line.bank_account in ("", order.payer_account) and day_of_line(line) >= order.drawn_on:
                add_step(connection, order.order_id, "executed", actor="выписка", reason=line.number, statement_line=key, at=clock.now())
                new += 1
                orders = read_orders(connection)
                used.add(key)
                break
    for back, debit in settlement.returned.items():
        for order in orders:
            if order.state == "executed" and debit in order.lines and back not in used:
                number = settlement.lines[back].body.number
                add_step(connection, order.order_id, "returned", actor="выписка", reason=number, statement_line=back, at=clock.now())
                new += 1
    return new


def _chosen(connection: Connection, numbers: Collection[int]) -> list[StoredOrder]:
    known = {order.order_id: order for order in read_orders(connection)}
    missing = sorted(set(numbers) - known.keys())
    if missing:
        raise InputError("SET-0201", f"Поручений {', '.join(map(str, missing))} нет.", hint="Список: erkc settle orders.")
    return [known[number] for number in sorted(set(numbers))]


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _refuse_unverified(connection: Connection, orders: Sequence[StoredOrder], law: Law, clock: Clock) -> None:
    """Requisites are looked at again: nothing leaves to an account that is wrong, closed or not verified now."""
    settlement = open_settlement(connection, law=law, day=clock.now().date())
    for order in orders:
        refusal = settlement.refusal(Recipient(order.organisation_id, order.account, order.bik))
        if refusal is not None:
            raise InputError(refusal.code, f"Поручение № {order.number}: {refusal.message}", hint=refusal.hint, order=order.order_id)


def _payer(connection: Connection, day: date) -> tuple[OrganisationRow, BankAccountRow]:
    """The account that orders leave from: the centre's special account of an agent, else its only one."""
    own = centre_accounts(connection)
    found: dict[str, tuple[OrganisationRow, BankAccountRow]] = {}
    for owner in providers(connection):
        if owner.provider_id == CENTRE:
            continue
        organisations = {row.entity_id: row for row in read_organisations(connection, provider_id=owner.provider_id)}
        for bank in read_bank_accounts(connection, provider_id=owner.provider_id):
            is_open = bank.closed_on is None or bank.closed_on > day
            if bank.number in own and is_open and bank.organisation_id in organisations:
                found.setdefault(bank.number, (organisations[bank.organisation_id], bank))
    special = [pair for number, pair in found.items() if number.startswith(_AGENT_ACCOUNT)]
    if len(special) == 1:
        return special[0]
    if len(found) == 1:
        return next(iter(found.values()))
    raise ConflictError(
        "SET-0205",
        f"Не ясно, с какого счёта платить: своих счетов {len(found)}, из них специальных (40821) {len(special)}.",
        hint="У расчётного центра в данных должен быть ровно один открытый счёт 40821.",
    )


def _content(settlement: Settlement, recipient: Recipient, amount: int, payer: tuple[OrganisationRow, BankAccountRow]) -> dict[str, object]:
    bank = settlement.banks[recipient.account, recipient.bik]
    owner = settlement.organisations.get(bank.organisation_id) if bank.organisation_id is not None else None
    owner = owner or settlement.organisations[recipient.organisation_id]
    contract = contract_of(settlement.contracts, settlement.inn(recipient), settlement.day)
    named = f" по договору № {contract.number}" if contract is not None else ""
    purpose = (
        f"Платежи граждан за ЖКУ, поступившие по {settlement.day:%d.%m.%Y}{named}. Сумма {format_roubles(amount)} руб. НДС не облагается"
    )
    return {
        "payer": _party(payer[0], payer[1]),
        "payee": _party(owner, bank),
        "purpose": purpose[:_PURPOSE],
    }


def _party(organisation: OrganisationRow, bank: BankAccountRow) -> dict[str, object]:
    return {
        "name": organisation.name,
        "inn": organisation.inn,
        "kpp": organisation.kpp,
        "account": bank.number,
        "bik": bank.bik,
        "correspondent": bank.correspondent,
        "bank_name": bank.bank_name,
    }


def _ordered_fees(connection: Connection, recipient: Recipient) -> tuple[int, int]:
    """Fees that earlier orders of a recipient have taken in."""
    bank = own = 0
    for order in read_orders(connection):
        fees = order.content.get("fees")
        if order.state != "rejected" and (order.account, order.bik) == (recipient.account, recipient.bik) and isinstance(fees, dict):
            bank, own = bank + int(fees["bank_kop"]), own + int(fees["own_kop"])
    return bank, own


def _fees(standing: Standing, ordered: tuple[int, int]) -> dict[str, int]:
    """Fees withheld so far that no order has taken in yet, kopecks."""
    return {"bank_kop": max(standing.bank_fee - ordered[0], 0), "own_kop": max(standing.own_fee - ordered[1], 0)}


def _post_fees(connection: Connection, orders: Sequence[StoredOrder], message_id: MessageId, clock: Clock) -> None:
    """What lowered a transfer is the centre's income and the banks' commission put to the recipient's account."""
    day = clock.now().date()
    accounted_on, month = Books(connection).accounted(CENTRE, day)
    entries = []
    for order in orders:
        fees = order.content.get("fees")
        amounts = (int(fees["own_kop"]), int(fees["bank_kop"])) if isinstance(fees, dict) else (0, 0)
        postings = tuple(
            Posting(Chart.PAYABLE, chart, amount, creditor_id=order.organisation_id)
            for chart, amount in zip((Chart.INCOME, Chart.FEE), amounts, strict=True)
            if amount
        )
        if postings:
            key = f"settlement_fee/{order.payer_account}/{order.drawn_on.year}/{order.number}"
            reason = f"Удержано при перечислении, поручение № {order.number}: вознаграждение и комиссия банков"
            entries.append(Entry(key, "settlement_fee", CENTRE, month, day, reason, postings, message_id, accounted_on=accounted_on))
    post(connection, entries, at=clock.now())
