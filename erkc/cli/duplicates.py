"""Payments that may be one payment reported by two channels: ``erkc duplicates list``, ``erkc duplicates decide``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from core.errors import ConfigError
from core.period import Month
from core.services.second_channels import MOST, PossibleDuplicate, decide_duplicate, possible_duplicates
from core.storage.engine import transaction
from erkc.cli.options import Json, month_of, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import user_name

__all__ = ["duplicate_json", "register", "say_duplicates", "since_month"]

_room = typer.Typer(help="Возможные повторы платежей между каналами.", no_args_is_help=True)
Since = Annotated[str | None, typer.Option("--since", metavar="ГГГГ-ММ", help="С какого месяца учёта искать; без него — с прошлого.")]


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="duplicates")


@_room.callback()
def _about() -> None:
    """Возможные повторы платежей между каналами."""


@_room.command("list")
def duplicates_list(
    since: Since = None,
    everything: Annotated[bool, typer.Option("--all", help="И те, о которых решено, что это два платежа.")] = False,
    as_json: Json = False,
) -> None:
    """Показать платежи, которые могли прийти двумя каналами: один счёт, одна сумма, не дальше дня друг от друга; решает человек."""
    with opened(as_json) as (application, screen):
        first = since_month(since, application.clock.now().date())
        with transaction(application.engine) as connection:
            found = possible_duplicates(connection, since=first)
        shown = [one for one in found if everything or not one.are_two]
        _show(screen, shown, first)
        screen.document([duplicate_json(one) for one in shown])


@_room.command("decide")
def duplicates_decide(
    number: Annotated[str, typer.Argument(metavar="НОМЕР", help="Короткий номер пары, как его показывает erkc duplicates list.")],
    reason: Annotated[str, typer.Option(help="Кто и как подтвердил; остаётся в архиве решений.")],
    two: Annotated[bool, typer.Option("--two", help="Это два настоящих платежа: больше не спрашивать.")] = False,
    extra: Annotated[
        str | None, typer.Option("--extra", metavar="ОПЕРАЦИЯ", help="Лишняя операция пары: тот же платёж второй раз.")
    ] = None,
    since: Since = None,
    actor: Annotated[str | None, typer.Option(help="Кто решил; без него — пользователь системы.")] = None,
    as_json: Json = False,
) -> None:
    """Решить, два это платежа или один; лишний платёж реестра сразу отменяется, решение запоминается."""
    if two == (extra is not None):
        raise ConfigError("CLI-0408", "Решение не названо или названо дважды.", hint="Либо --two, либо --extra ОПЕРАЦИЯ.")
    if not reason.strip():
        raise ConfigError("CLI-0404", "Причина пуста.", hint='Напишите, почему: --reason "письмо агента от …".')
    with opened(as_json) as (application, screen):
        done = decide_duplicate(
            application.engine,
            number=number,
            extra=extra,
            since=since_month(since, application.clock.now().date()),
            reason=reason.strip(),
            actor=actor or user_name(),
            clock=application.clock,
        )
        screen.say(f"{number}: {_verdict(done.pair)}.")
        if done.cancelled:
            screen.say(f"{extra}: {roubles(done.cancelled)} сняты со счёта {done.pair.account}, деньги снова числятся за агентом.")
        screen.document(duplicate_json(done.pair) | {"cancelled_kop": done.cancelled, "decision_message": done.message_id})


def since_month(text: str | None, today: date) -> Month:
    """The month to look from: the one that is named, else the last one."""
    return Month.of(today).previous() if text is None else month_of(text)


def say_duplicates(screen: Screen, pairs: Sequence[PossibleDuplicate]) -> None:
    """How many pairs wait for a person, in one sentence."""
    waiting = sum(one.is_open for one in pairs)
    if waiting:
        screen.say(f"Возможные повторы между каналами: {waiting}; ничего не изменено, решает человек: erkc duplicates list.")


def duplicate_json(one: PossibleDuplicate) -> dict[str, object]:
    """A pair for machines."""
    sides = zip(one.operations, one.channels, one.days, strict=True)
    return {
        "number": one.number,
        "account": one.account,
        "amount_kop": one.amount,
        "payments": [{"operation": operation, "channel": channel, "paid_on": day.isoformat()} for operation, channel, day in sides],
        "decision": None
        if one.decision is None
        else {
            "two": one.are_two,
            "extra": one.extra or None,
            "reason": one.decision.body.reason,
            "actor": one.decision.body.actor,
            "at": one.decision.at.isoformat(),
        },
    }


def _verdict(one: PossibleDuplicate) -> str:
    if one.is_open:
        return "не решено"
    if one.are_two:
        return "это два платежа"
    where = one.channels[one.operations.index(one.extra)]
    mends = {
        "архив отправителя": "отправитель исправит архив",
        "прямой перевод": "верните плательщику, возврат будет виден в выписке",
    }
    return f"лишний {one.extra}: {mends.get(where, 'отменён')}"


def _show(screen: Screen, found: Sequence[PossibleDuplicate], since: Month) -> None:
    if not found:
        screen.say(f"Возможных повторов между каналами с месяца {since} нет.")
        return
    rows = [
        (
            one.number if n == 0 else "",
            one.account if n == 0 else "",
            roubles(one.amount) if n == 0 else "",
            f"{one.days[n]:%d.%m.%Y}",
            one.channels[n],
            one.operations[n],
            _verdict(one) if n == 0 else "",
        )
        for one in found
        for n in (0, 1)
    ]
    columns = ("№", "Счёт", "Сумма", "Оплачен", "Канал", "Операция", "Решение")
    screen.table(columns, rows, title=f"Возможных повторов: {len(found)}", numbers=frozenset((2,)))
    screen.say('Спросите агента или плательщика, затем: erkc duplicates decide № --two или --extra ОПЕРАЦИЯ, --reason "…".')
    if sum(one.is_open for one in found) >= MOST:
        screen.say(f"Показаны первые {MOST}: похоже, один реестр принят под двумя профилями.")
