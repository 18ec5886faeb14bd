"""``erkc settle …``: what is due to suppliers and other recipients, and the payment orders by which it leaves, in two persons' hands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.banks.payment_orders import FILE_NAME, OrderParty, PaymentOrder, render_payment_orders
from core.errors import ConfigError
from core.issued.orders import StoredOrder
from core.model.register import Column, Register, RegisterPart
from core.payments.daily import DayRow, Recipient, daily_rows
from core.period import Month
from core.services.payment_orders import Proposed, decide_orders, export_orders, last_export, list_orders, propose_orders
from core.services.settlement import Settlement, Trouble, open_settlement
from core.storage.engine import transaction
from erkc.cli.options import Json, law, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import user_name
from erkc.render.xlsx import write_xlsx

__all__ = ["ORDER_STATES", "as_bank_order", "register"]

_room = typer.Typer(help="Расчёты с поставщиками и другими получателями (ПП РФ № 253).", no_args_is_help=True)
ORDER_STATES = {
    "proposed": "предложено, ждёт утверждения",
    "approved": "утверждено",
    "rejected": "отклонено",
    "exported": "отдано банку",
    "executed": "исполнено",
    "returned": "вернулось",
}
Day = Annotated[str | None, typer.Argument(metavar="ГГГГ-ММ-ДД", help="День, по который считать; без него — сегодня.")]
Actor = Annotated[str | None, typer.Option(help="Кто решает; без него — пользователь системы.")]
Numbers = Annotated[list[int], typer.Argument(metavar="ПОРУЧЕНИЕ…", help="Первый столбец erkc settle orders.")]
_COLUMNS = (
    Column("on", "День", "date", width=11),
    Column("recipient", "Получатель", "text", width=30),
    Column("inn", "ИНН", "text", width=13, on_screen=False),
    Column("account", "Счёт", "text", width=22, on_screen=False),
    Column("opening_kop", "На начало", "money", summed=False),
    Column("collected_kop", "Собрано", "money"),
    Column("returned_kop", "Возвращено", "money"),
    Column("bank_fee_kop", "Комиссия банков", "money"),
    Column("own_fee_kop", "Вознаграждение", "money"),
    Column("transferred_kop", "Перечислено", "money"),
    Column("closing_kop", "На счёте на конец", "money", summed=False),
    Column("due_kop", "Срок наступил", "money"),
)


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="settle")


@_room.callback()
def _about() -> None:
    """Расчёты с поставщиками и другими получателями."""


@_room.command("show")
def settle_show(
    day_text: Day = None,
    since: Annotated[str | None, typer.Option("--from", metavar="ГГГГ-ММ-ДД", help="С какого дня; без ключа — с начала месяца.")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", metavar="ФАЙЛ", help="Записать ведомость в файл Excel.")] = None,
    as_json: Json = False,
) -> None:
    """Показать по дням и получателям: собрано, возвращено, удержано, перечислено, на счёте; и что к перечислению."""
    with opened(as_json) as (application, screen):
        day = _day(day_text) or application.clock.now().date()
        first = _day(since) or day.replace(day=1)
        if xlsx is not None and not xlsx.absolute().parent.is_dir():
            raise ConfigError("CLI-0104", f"Нет папки «{xlsx.absolute().parent}».", hint="Создайте её или укажите другую.", option="--xlsx")
        with transaction(application.engine) as connection:
            found = open_settlement(connection, law=law(), day=day)
        rows = daily_rows(found.facts, found.sent, found.rules, found.calendar, first=first, last=day)
        if xlsx is not None:
            write_xlsx(_register(found, rows, day), xlsx)
        _show(screen, found, rows, day, xlsx)


@_room.command("propose")
def settle_propose(day_text: Day = None, actor: Actor = None, as_json: Json = False) -> None:
    """Предложить платёжные поручения на всё, чему наступил срок; утверждает их другой человек."""
    with opened(as_json) as (application, screen):
        day = _day(day_text) or application.clock.now().date()
        done = propose_orders(application.engine, law=law(), day=day, actor=actor or user_name(), clock=application.clock)
        _show_orders(screen, done.orders, "Предложено", "Перечислять нечего: срок не наступил или поручения уже есть.")
        _say_held(screen, done)
        screen.document(
            {
                "orders": [_order_json(order) for order in done.orders],
                "held": [
                    {
                        "recipient": done.settlement.name(recipient),
                        "inn": done.settlement.inn(recipient),
                        "account": recipient.account,
                        "amount_kop": amount,
                        "code": trouble.code,
                        "message": trouble.message,
                        "hint": trouble.hint,
                    }
                    for recipient, amount, trouble in done.held
                ],
            }
        )
    if done.held:
        raise typer.Exit(1)


@_room.command("approve")
def settle_approve(
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Основание; остаётся в архиве решений.")] = "проверено",
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Утвердить поручения: решает не тот, кто предложил; счёт получателя проверяется ещё раз."""
    _decide(numbers, "approved", reason, actor, as_json)


@_room.command("reject")
def settle_reject(
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Почему; остаётся в архиве решений.")],
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Отклонить поручения, пока они не отданы банку: деньги снова к перечислению."""
    _decide(numbers, "rejected", reason, actor, as_json)


@_room.command("orders")
def settle_orders(
    waiting: Annotated[bool, typer.Option("--waiting", help="Только те, что ждут человека или банка.")] = False, as_json: Json = False
) -> None:
    """Показать реестр поручений: кто предложил, кто утвердил, исполнено ли по выписке."""
    with opened(as_json) as (application, screen):
        orders = list_orders(application.engine, law=law(), clock=application.clock)
        if waiting:
            orders = [order for order in orders if order.state in ("proposed", "approved", "exported")]
        _show_orders(screen, orders, "Платёжные поручения", "Поручений нет.")
        screen.document({"orders": [_order_json(order) for order in orders]})


@_room.command("export")
def settle_export(
    out: Annotated[Path, typer.Option("--out", metavar="ФАЙЛ", help="Куда записать файл для клиент-банка.")] = Path(FILE_NAME),
    again: Annotated[bool, typer.Option("--again", help="Тот же файл ещё раз: если он не дошёл до банка.")] = False,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Отдать утверждённые поручения банку файлом обмена 1С (1CClientBankExchange); каждое один раз."""
    with opened(as_json) as (application, screen):
        if not out.absolute().parent.is_dir():
            raise ConfigError("CLI-0104", f"Нет папки «{out.absolute().parent}».", hint="Создайте её или укажите другую.", option="--out")
        if again:
            _, data = last_export(application.engine)
            out.write_bytes(data)
            screen.say(f"Последний файл поручений записан ещё раз: {out}.")
            screen.document({"file": str(out), "bytes": len(data), "orders": []})
            return
        now = application.clock.now()
        done = export_orders(
            application.engine,
            render=lambda orders: render_payment_orders([as_bank_order(order) for order in orders], created_at=now),
            name=out.name,
            actor=actor or user_name(),
            law=law(),
            clock=application.clock,
        )
        out.write_bytes(done.data)
        total = sum(order.amount for order in done.orders)
        screen.say(f"Поручений {len(done.orders)} на {roubles(total)} руб.: {out}. Загрузите файл в клиент-банк.")
        screen.document({"file": str(out), "bytes": len(done.data), "orders": [_order_json(order) for order in done.orders]})


def _decide(numbers: Sequence[int], verdict: str, reason: str, actor: str | None, as_json: bool) -> None:
    if not reason.strip():
        raise ConfigError("CLI-0405", "Причина пуста.", hint='Напишите основание: --reason "…".')
    with opened(as_json) as (application, screen):
        done = decide_orders(
            application.engine,
            numbers=numbers,
            verdict="approved" if verdict == "approved" else "rejected",
            reason=reason.strip(),
            actor=actor or user_name(),
            law=law(),
            clock=application.clock,
        )
        _show_orders(screen, done, "Утверждено" if verdict == "approved" else "Отклонено", "")
        screen.document({"orders": [_order_json(order) for order in done]})


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigError("CLI-0406", f"«{text}» — не день.", hint="День пишется так: 2026-11-12.") from None


def _show(screen: Screen, found: Settlement, rows: Sequence[DayRow], day: date, xlsx: Path | None) -> None:
    shown = [
        (
            f"{row.on:%d.%m.%Y}",
            _named(found, row.recipient),
            *map(roubles, (row.opening, row.collected, row.returned, row.bank_fee, row.own_fee, row.transferred, row.closing, row.due)),
        )
        for row in rows
    ]
    titles = [column.title for column in _COLUMNS if column.on_screen]
    standings = found.standings()
    if rows:
        screen.table(titles, shown, title="Расчёты с получателями по дням", numbers=frozenset(range(2, 10)))
    else:
        screen.say("Движения денег получателей за эти дни не было.")
    for recipient, standing in standings.items():
        if standing.to_transfer or standing.awaited:
            awaited = f"; ждём денег агентов {roubles(standing.awaited)}" if standing.awaited else ""
            name = _named(found, recipient)
            screen.say(f"  {name}: на счёте {roubles(standing.on_hand)}, к перечислению {roubles(standing.to_transfer)}{awaited}")
    for trouble in found.troubles:
        _say_trouble(screen, trouble)
    if xlsx is not None:
        screen.say(f"Ведомость записана: {xlsx}")
    screen.document(
        {
            "day": day.isoformat(),
            "rows": [_row_json(found, row) for row in rows],
            "recipients": [
                _recipient_json(found, recipient)
                | {
                    "collected_kop": standing.collected,
                    "returned_kop": standing.returned,
                    "bank_fee_kop": standing.bank_fee,
                    "own_fee_kop": standing.own_fee,
                    "transferred_kop": standing.transferred,
                    "on_hand_kop": standing.on_hand,
                    "to_transfer_kop": standing.to_transfer,
                    "awaited_kop": standing.awaited,
                }
                for recipient, standing in standings.items()
            ],
            "findings": [
                {"code": one.code, "message": one.message, "hint": one.hint} | ({"amount_kop": one.amount} if one.amount else {})
                for one in found.troubles
            ],
            "file": None if xlsx is None else str(xlsx),
        }
    )


def _named(found: Settlement, recipient: Recipient) -> str:
    """A recipient with the account that tells several of its own apart."""
    account = recipient.account
    return f"{found.name(recipient)}, {account[:5]}…{account[-4:]}" if account else found.name(recipient)


def _register(found: Settlement, rows: Sequence[DayRow], day: date) -> Register:
    cells = [tuple(_row_json(found, row)[column.key] if column.key != "on" else row.on for column in _COLUMNS) for row in rows]
    note = "На начало + собрано − возвращено − удержано − перечислено = на счёте на конец. Копейки до срока ждут по ПП РФ № 253."
    part = RegisterPart("", "Расчётный центр", _COLUMNS, cells)
    return Register("settlement", "Расчёты с получателями по дням", Month.of(day), (), _COLUMNS, [part], note)


def _recipient_json(found: Settlement, recipient: Recipient) -> dict[str, object]:
    return {"recipient": found.name(recipient), "inn": found.inn(recipient), "account": recipient.account, "bik": recipient.bik}


def _row_json(found: Settlement, row: DayRow) -> dict[str, object]:
    return (
        {"on": row.on.isoformat()}
        | _recipient_json(found, row.recipient)
        | {
            "opening_kop": row.opening,
            "collected_kop": row.collected,
            "returned_kop": row.returned,
            "bank_fee_kop": row.bank_fee,
            "own_fee_kop": row.own_fee,
            "transferred_kop": row.transferred,
            "closing_kop": row.closing,
            "due_kop": row.due,
        }
    )


def _say_held(screen: Screen, done: Proposed) -> None:
    for recipient, amount, trouble in done.held:
        screen.say(f"  НЕ перечисляется {roubles(amount)} руб., {done.settlement.name(recipient)}")
        _say_trouble(screen, trouble)


def _say_trouble(screen: Screen, trouble: Trouble) -> None:
    amount = f" ({roubles(trouble.amount)} руб.)" if trouble.amount else ""
    screen.say(f"  {trouble.code}: {trouble.message}{amount} {trouble.hint}")


def _show_orders(screen: Screen, orders: Sequence[StoredOrder], title: str, empty: str) -> None:
    if not orders:
        screen.say(empty)
        return
    rows = [
        (
            str(order.order_id),
            str(order.number),
            f"{order.drawn_on:%d.%m.%Y}",
            str(_party(order, "payee")["name"]),
            order.account,
            roubles(order.amount),
            ORDER_STATES[order.state],
            order.proposed_by,
            order.approved_by or "",
        )
        for order in orders
    ]
    heads = ("Поручение", "№", "День", "Получатель", "Счёт", "Сумма", "Состояние", "Предложил", "Утвердил")
    screen.table(
        heads, rows, title=f"{title}: {len(orders)} на {roubles(sum(order.amount for order in orders))} руб.", numbers=frozenset((0, 1, 5))
    )


def _order_json(order: StoredOrder) -> dict[str, object]:
    return {
        "order": order.order_id,
        "number": order.number,
        "day": order.drawn_on.isoformat(),
        "amount_kop": order.amount,
        "payer_account": order.payer_account,
        "account": order.account,
        "bik": order.bik,
        "state": order.state,
        "proposed_by": order.proposed_by,
        "approved_by": order.approved_by,
        "reason": order.reason,
        "statement_lines": list(order.lines),
        **order.content,
    }


def _party(order: StoredOrder, which: str) -> dict[str, str]:
    found = order.content[which]
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def as_bank_order(order: StoredOrder) -> PaymentOrder:
    """An order as the file for the bank takes it."""

    def party(which: str) -> OrderParty:
        found = _party(order, which)
        return OrderParty(
            found["name"], found["inn"], found["account"], found["bank_name"], found["bik"], found["correspondent"], found["kpp"]
        )

    return PaymentOrder(order.number, order.drawn_on, order.amount, party("payer"), party("payee"), str(order.content["purpose"]))
