"""Payments for the accountant: ``erkc payments cancel``; of agents that report at once: ``erkc payments online`` and ``serve``."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn

from core.errors import ConfigError
from core.services.cancelling import cancel_payment
from core.services.online import online_payments
from erkc.cli.options import Json, opened
from erkc.cli.screen import roubles
from erkc.cli.suspense import user_name
from erkc.web.agent_payments import PATH
from erkc.web.agent_payments import application as agent_application

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


_ONLINE = {"unconfirmed": "не подтверждён: реестра ещё нет", "confirmed": "подтверждён реестром", "differs": "в реестре другая сумма"}


@_room.command("online")
def payments_online(as_json: Json = False) -> None:
    """Показать платежи, о которых агенты сообщили сразу: подтверждён ли каждый реестром."""
    with opened(as_json) as (application, screen):
        found = online_payments(application.engine)
        rows = [(one.operation, f"{one.paid_on:%d.%m.%Y}", one.account_text, roubles(one.amount), _ONLINE[one.state]) for one in found]
        if rows:
            screen.table(("Операция", "Оплачен", "Счёт", "Сумма", "Состояние"), rows, numbers=frozenset((3,)))
        else:
            screen.say("Агенты ни об одном платеже сразу не сообщали.")
        screen.document(
            [
                {"operation": one.operation, "paid_on": one.paid_on.isoformat(), "account": one.account_text, "amount_kop": one.amount,
                 "state": one.state, "registry_amount_kop": one.registry_amount, "received_at": one.received_at.isoformat()}
                for one in found
            ]
        )  # fmt: skip
    if any(one.state == "differs" for one in found):
        raise typer.Exit(1)


@_room.command("serve")
def payments_serve(
    port: Annotated[int, typer.Option(help="Порт.")] = 8082,
    host: Annotated[str, typer.Option(help="Адрес, на котором слушать; наружу — через сервер с TLS.")] = "127.0.0.1",
) -> None:
    """Отвечать агентам сразу: есть ли счёт, сколько должен, принять сообщение о платеже (подписанный XML по POST)."""
    with opened(False) as (application, screen):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            listener.close()
            hint = "Возможно, служба уже работает; иначе назовите другой: --port."
            raise ConfigError("CLI-0407", f"Порт {port} занят или недоступен.", hint=hint, reason=str(error)) from error
        screen.say(f"Служба агентов: http://{host}:{listener.getsockname()[1]}{PATH} (остановка: Ctrl-C)")
        config = uvicorn.Config(agent_application(application), log_level="critical", access_log=False)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
