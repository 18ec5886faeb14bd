"""Recalculation of closed months at the command line: blocks and areas by document, and how differences are shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import typer

from core.charges.causes import CAUSES
from core.errors import ConfigError
from core.ledger.differences import DifferenceTotal
from core.period import Month
from core.services.blocks import block_recalculation, decide_mass_recalculation, list_blocks, set_area, unblock_recalculation
from erkc.cli.options import Json, month_of, opened
from erkc.cli.screen import Screen, roubles

__all__ = ["recalculated_json", "register", "show_recalculated"]

_ACTOR = "erkc"
Account = Annotated[str, typer.Argument(metavar="СЧЁТ")]
First = Annotated[str, typer.Option("--from", metavar="ГГГГ-ММ", help="Первый месяц запрета.")]
Last = Annotated[str, typer.Option("--to", metavar="ГГГГ-ММ", help="Последний месяц запрета.")]


def register(bill: typer.Typer) -> None:
    """Add the commands to the room of bills."""
    bill.command("block")(block)
    bill.command("unblock")(unblock)
    bill.command("blocks")(blocks)
    bill.command("area")(area)
    bill.command("recalculate")(recalculate)


def block(
    account: Account,
    first: First,
    last: Last,
    reason: Annotated[str, typer.Option(help="Основание: решение суда, рассрочка; остаётся в архиве решений.")],
    as_json: Json = False,
) -> None:
    """Запретить перерасчёт закрытых месяцев счёта: разница считается и показывается, но не проводится."""
    _block(account, first, last, reason, as_json=as_json, stands=True)


def unblock(
    account: Account,
    first: First,
    last: Last,
    reason: Annotated[str, typer.Option(help="Основание; остаётся в архиве решений.")],
    as_json: Json = False,
) -> None:
    """Снять запрет перерасчёта: отложенная разница войдёт в следующий черновик."""
    _block(account, first, last, reason, as_json=as_json, stands=False)


def blocks(as_json: Json = False) -> None:
    """Показать действующие запреты перерасчёта."""
    with opened(as_json) as (application, screen):
        found = list_blocks(application.engine)
        rows = [(one.account, one.payer, f"{Month.of(one.block.first)} – {Month.of(one.block.last)}", one.block.reason) for one in found]
        if rows:
            screen.table(("Счёт", "Плательщик", "Месяцы", "Основание"), rows, title=f"Запреты перерасчёта: {len(rows)}")
        else:
            screen.say("Запретов перерасчёта нет.")
        listed = [
            {
                "account": one.account,
                "from": str(Month.of(one.block.first)),
                "to": str(Month.of(one.block.last)),
                "reason": one.block.reason,
                "record": one.block.record_id,
            }
            for one in found
        ]
        screen.document({"count": len(listed), "blocks": listed})


def area(
    account: Account,
    first: Annotated[str, typer.Option("--from", metavar="ГГГГ-ММ-ДД", help="С какого дня действует площадь.")],
    square: Annotated[str, typer.Option("--area", metavar="М2", help="Площадь, м², до двух знаков: 52.90.")],
    document: Annotated[str, typer.Option(help="Документ: выписка ЕГРН, акт обмера; остаётся в архиве решений.")],
    as_json: Json = False,
) -> None:
    """Установить площадь счёта с названного дня по документу: закрытые месяцы пересчитает следующий черновик."""
    try:
        day = date.fromisoformat(first)
    except ValueError:
        raise ConfigError("CLI-0302", f"«{first}» — не дата.", hint="Дата пишется так: 2026-11-04.") from None
    with opened(as_json) as (application, screen):
        message, is_new = set_area(
            application.engine,
            account=account,
            first=day,
            area_e2=_hundredths(square),
            document=_given(document, "Документ", "--document"),
            actor=_ACTOR,
            clock=application.clock,
        )
        said = "площадь установлена, закрытые месяцы пересчитает следующий черновик" if is_new else "так уже было, ничего не изменено"
        screen.say(f"Счёт {account}, с {day:%d.%m.%Y} {square} м²: {said}.")
        screen.document({"account": account, "from": first, "area": square, "is_new": is_new, "decision_message": message or None})


def recalculate(
    house: Annotated[str, typer.Argument(metavar="ДОМ", help="Код ФИАС дома.")],
    first: Annotated[str, typer.Option("--from", metavar="ГГГГ-ММ", help="Первый закрытый месяц.")],
    last: Annotated[str, typer.Option("--to", metavar="ГГГГ-ММ", help="Последний закрытый месяц.")],
    document: Annotated[str, typer.Option(help="Документ: решение, предписание, акт; остаётся в архиве решений.")],
    bill_text: Annotated[str, typer.Option("--bill-text", help="Что написать в квитанции причиной перерасчёта.")],
    as_json: Json = False,
) -> None:
    """Решить о массовом перерасчёте закрытых месяцев дома: следующий черновик покажет его по счетам, проводится он утверждением месяца."""
    period = month_of(first), month_of(last)
    with opened(as_json) as (application, screen):
        message, is_new = decide_mass_recalculation(
            application.engine,
            house=house,
            first=period[0],
            last=period[1],
            document=_given(document, "Документ", "--document"),
            bill_text=_given(bill_text, "Текст для квитанции", "--bill-text"),
            actor=_ACTOR,
            clock=application.clock,
        )
        said = "решение записано; по счетам его покажет черновик: erkc bill month МЕСЯЦ --draft, erkc report month МЕСЯЦ --json"
        screen.say(f"Дом {house}, {period[0]} – {period[1]}: {said if is_new else 'так уже было, ничего не изменено'}.")
        screen.document({"house": house, "from": first, "to": last, "is_new": is_new, "decision_message": message or None})


def show_recalculated(screen: Screen, found: Iterable[DifferenceTotal]) -> None:
    """Differences of closed months by month and cause; nothing when there are none."""
    listed = list(found)
    if not listed:
        return
    rows = [
        (one.month.title, CAUSES[one.cause].title, str(one.accounts), roubles(one.total), "запрет, не проводится" if one.blocked else "")
        for one in _in_order(listed)
    ]
    total = sum(one.total for one in listed if not one.blocked)
    blocked = sum(one.total for one in listed if one.blocked)
    title = f"Перерасчёты закрытых месяцев: {roubles(total)} руб." + (f", под запретом {roubles(blocked)} руб." if blocked else "")
    screen.table(("За месяц", "Причина", "Счетов", "руб.", ""), rows, title=title, numbers=frozenset((2, 3)))


def recalculated_json(found: Iterable[DifferenceTotal]) -> list[dict[str, object]]:
    """The same for machines; kopecks."""
    return [
        {"month": str(one.month), "cause": one.cause, "accounts": one.accounts, "total": one.total, "blocked": one.blocked}
        for one in _in_order(found)
    ]


def _in_order(found: Iterable[DifferenceTotal]) -> list[DifferenceTotal]:
    order = list(CAUSES)
    return sorted(found, key=lambda one: (one.month, order.index(one.cause), one.blocked))


def _block(account: str, first: str, last: str, reason: str, *, as_json: bool, stands: bool) -> None:
    period = month_of(first), month_of(last)
    act = block_recalculation if stands else unblock_recalculation
    with opened(as_json) as (application, screen):
        message, is_new = act(
            application.engine,
            account=account,
            first=period[0],
            last=period[1],
            reason=_given(reason, "Основание", "--reason"),
            actor=_ACTOR,
            clock=application.clock,
        )
        said = ("перерасчёт запрещён" if stands else "запрет снят") if is_new else "так уже было, ничего не изменено"
        screen.say(f"Счёт {account}, {period[0]} – {period[1]}: {said}.")
        screen.document(
            {
                "account": account,
                "from": first,
                "to": last,
                "blocked": stands,
                "is_new": is_new,
                "decision_message": message or None,
            }
        )


def _given(text: str, what: str, option: str) -> str:
    if not text.strip():
        raise ConfigError("CLI-0403", f"{what}: пусто.", hint=f'Напишите основание: {option} "решение суда от …".')
    return text.strip()


def _hundredths(text: str) -> int:
    whole, _, part = text.replace(",", ".").partition(".")
    if not (whole.isdecimal() and (part == "" or part.isdecimal()) and len(part) <= 2):
        raise ConfigError("CLI-0303", f"«{text}» — не площадь.", hint="Площадь пишется так: 52.90.")
    return int(whole) * 100 + int((part + "00")[:2])
