"""Payments for the accountant: ``erkc payments cancel``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError
from core.services.cancelling import cancel_payment
from erkc.cli.options import Json, opened
from erkc.cli.screen import roubles
from erkc.cli.suspense import user_name

__all__ = ["register"]

_room = typer.Typer(help="Платежи реестров.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="payments")


@_room.callback()
def _about() -> None:
    """Платежи реестров."""


@_room.command("cancel")
def payments_cancel(
    operation: Annotated[str, typer.Argument(metavar="ОПЕРАЦИЯ", help="Профиль и номер операции: sber-delimited/8104552.")],
    reason: Annotated[str, typer.Option(help="Почему платёж отменяется; остаётся в записи книги и в архиве решений.")],
    actor: Annotated[str | None, typer.Option(help="Кто решил; без него — пользователь системы.")] = None,
    as_json: Json = False,
) -> None:
    """Отменить один платёж принятого реестра: его разнесение снимается зеркально, деньги снова числятся за агентом."""
    if not reason.strip():
        raise ConfigError("CLI-0404", "Причина пуста.", hint='Напишите, почему: --reason "письмо агента от …".')
    with opened(as_json) as (application, screen):
        done = cancel_payment(
            application.engine, operation=operation, reason=reason.strip(), actor=actor or user_name(), clock=application.clock
        )
        screen.say(f"{done.operation}: {roubles(done.amount)} руб. сняты со счёта, учтено в месяце {done.month.title}.")
        screen.document(
            {"operation": done.operation, "amount_kop": done.amount, "month": str(done.month), "decision_message": done.message_id}
        )
