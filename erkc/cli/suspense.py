"""Suspense for the accountant: ``erkc suspense list`` and ``erkc suspense assign``; and how a release is told after other commands."""

from __future__ import annotations

import os
import pwd
from typing import Annotated

import typer

from core.errors import ConfigError
from core.services.assigning import assign_suspended
from core.services.clearing import Released
from core.services.suspense_list import SuspenseItem, list_suspense
from erkc.cli.options import Json, opened
from erkc.cli.screen import Screen, roubles

__all__ = ["register", "released_json", "say_released", "user_name"]

_room = typer.Typer(help="Невыясненные платежи.", no_args_is_help=True)
_KINDS = {
    "registry": "платёж реестра",
    "direct": "прямой перевод",
    "registry_rest": "деньги непроведённых строк",
    "archive": "строка пакета",
}


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="suspense")


@_room.callback()
def _about() -> None:
    """Невыясненные платежи."""


@_room.command("list")
def suspense_list(as_json: Json = False) -> None:
    """Показать невыясненное: операция, день, сумма, что указал плательщик, похожие счета, почему неясно и какой командой снять."""
    with opened(as_json) as (application, screen):
        items = list_suspense(application.engine)
        for item in items:
            _show(screen, item)
        total = sum(item.amount for item in items)
        screen.say(f"В невыясненных: {len(items)} на {roubles(total)} руб." if items else "Невыясненных платежей нет.")
        screen.document({"count": len(items), "amount_kop": total, "items": [_json(item) for item in items]})


@_room.command("assign")
def suspense_assign(
    operation: Annotated[str, typer.Argument(metavar="ОПЕРАЦИЯ", help="Как в erkc suspense list; хватит номера операции, если он один.")],
    account: Annotated[str, typer.Argument(metavar="СЧЁТ", help="Лицевой счёт; где под номером их несколько — НОМЕР:ИНН:КЛЮЧ.")],
    reason: Annotated[str, typer.Option(help="Почему этот счёт; остаётся в записи книги и в архиве решений.")],
    actor: Annotated[str | None, typer.Option(help="Кто решил; без него — пользователь системы.")] = None,
    as_json: Json = False,
) -> None:
    """Отнести один невыясненный платёж на лицевой счёт: деньги разносятся по его долгам, как при приёме."""
    if not reason.strip():
        raise ConfigError("CLI-0403", "Причина пуста.", hint='Напишите, почему этот счёт: --reason "письмо плательщика от …".')
    with opened(as_json) as (application, screen):
        done = assign_suspended(
            application.engine,
            operation=operation,
            account=account,
            reason=reason.strip(),
            actor=actor or user_name(),
            clock=application.clock,
        )
        screen.say(f"{done.operation}: {roubles(done.amount)} руб. отнесены на счёт {done.account}, учтены в месяце {done.month.title}.")
        screen.document(
            {
                "operation": done.operation,
                "amount_kop": done.amount,
                "account": done.account,
                "month": str(done.month),
                "decision_message": done.message_id,
            }
        )


def say_released(screen: Screen, released: Released) -> None:
    """What left suspense by itself; nothing when nothing did."""
    if released.payments:
        screen.say(f"  из невыясненных опознано и разнесено платежей: {len(released.payments)} на {roubles(released.amount)} руб.")


def released_json(released: Released) -> dict[str, object]:
    """The same for machines."""
    return {"count": len(released.payments), "amount_kop": released.amount, "operations": dict(released.payments)}


def user_name() -> str:
    """Who runs the command, by the system's account; its number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _show(screen: Screen, item: SuspenseItem) -> None:
    screen.heading(f"{item.operation}: {item.paid_on:%d.%m.%Y}, {roubles(item.amount)} руб. ({_KINDS[item.kind]})")
    for name, value in item.given.items():
        screen.say(f"  {name}: {value}")
    for candidate in item.candidates:
        screen.say(f"  похожий счёт {candidate.account}: {candidate.why} ({candidate.score} из 100)")
    screen.say(f"  почему неясно: {item.why}")
    screen.say(f"  что делать: {item.command}")


def _json(item: SuspenseItem) -> dict[str, object]:
    return {
        "operation": item.operation,
        "kind": item.kind,
        "paid_on": item.paid_on.isoformat(),
        "amount_kop": item.amount,
        "given": dict(item.given),
        "candidates": [{"account": one.account, "score": one.score, "why": one.why} for one in item.candidates],
        "why": item.why,
        "command": item.command,
    }
