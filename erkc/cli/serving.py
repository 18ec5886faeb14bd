"""Our own services and who may use them: ``erkc serve``, ``erkc client new|list|end``."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn

from config.log_lines import log_to_stderr
from core import inquiries
from core.errors import ConfigError
from core.records.providers import providers
from core.storage.engine import transaction
from erkc.cli.options import Json, opened
from erkc.web.uk_exchange import PATH
from erkc.web.uk_exchange import application as web_application

__all__ = ["register"]

_room = typer.Typer(help="Клиенты службы обмена: чьи программы и с каким ключом.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("serve")(serve)
    application.add_typer(_room, name="client")


@_room.callback()
def _about() -> None:
    """Клиенты службы обмена."""


def serve(
    port: Annotated[int, typer.Option(help="Порт.")] = 8080,
    host: Annotated[str, typer.Option(help="Адрес, на котором слушать; наружу — через сервер с TLS.")] = "127.0.0.1",
) -> None:
    """Служба обмена с программами УК и РСО (SOAP): принимает и отдаёт, пока работает; описание — по адресу ?wsdl."""
    with opened(False) as (application, screen):
        log_to_stderr(application.settings.log.lines)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            listener.close()
            hint = "Возможно, служба уже работает; иначе назовите другой: --port."
            raise ConfigError("WEB-0101", f"Порт {port} занят или недоступен.", hint=hint, reason=str(error)) from error
        screen.say(f"Служба обмена: http://{host}:{listener.getsockname()[1]}{PATH}?wsdl (остановка: Ctrl-C)")
        config = uvicorn.Config(web_application(application), log_level="critical", access_log=False)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


@_room.command("new")
def client_new(
    inn: Annotated[str, typer.Argument(metavar="ИНН", help="Отправитель, от имени которого говорит программа.")],
    name: Annotated[str, typer.Option(help="Что за программа, для людей.")] = "1С",
    kpp: Annotated[str | None, typer.Option(metavar="КПП", help="Если у ИНН несколько отправителей.")] = None,
    as_json: Json = False,
) -> None:
    """Выдать ключ программе отправителя. Ключ показывается один раз: в базе остаётся только его хэш."""
    with opened(as_json) as (application, screen):
        with transaction(application.engine) as connection:
            found = [one for one in providers(connection) if one.inn == inn and kpp in (None, one.kpp) and one.provider_id]
            if len(found) != 1:
                what = "не зарегистрирован" if not found else "назван неоднозначно"
                raise ConfigError("WEB-0102", f"Отправитель с ИНН {inn} {what}.", hint="Укажите --kpp или загрузите настройки региона.")
            number, token = inquiries.new_client(connection, provider_id=found[0].provider_id, name=name, at=application.clock.now())
        screen.say(f"Клиент № {number}, {found[0].name}, {name}. Заголовок запросов: Authorization: Token {token}")
        screen.document({"client": number, "inn": inn, "name": name, "token": token})


@_room.command("list")
def client_list(as_json: Json = False) -> None:
    """Показать клиентов: чей, что за программа, с какого и по какое время действует ключ."""
    with opened(as_json) as (application, screen):
        with transaction(application.engine) as connection:
            named = {one.provider_id: one for one in providers(connection)}
            found = inquiries.clients(connection)
        rows = [
            (str(one.client_id), named[one.provider_id].name, one.name, f"{one.issued_at:%d.%m.%Y}",
             "действует" if one.ended_at is None else f"закрыт {one.ended_at:%d.%m.%Y}")
            for one in found
        ]  # fmt: skip
        if rows:
            screen.table(("№", "Отправитель", "Программа", "Выдан", "Ключ"), rows)
        else:
            screen.say("Ключей не выдано: erkc client new ИНН.")
        screen.document(
            [
                {"client": one.client_id, "inn": named[one.provider_id].inn, "name": one.name, "issued_at": one.issued_at.isoformat(),
                 "ended_at": None if one.ended_at is None else one.ended_at.isoformat()}
                for one in found
            ]
        )  # fmt: skip


@_room.command("end")
def client_end(number: Annotated[int, typer.Argument(metavar="НОМЕР", help="Номер клиента.")], as_json: Json = False) -> None:
    """Закрыть ключ: с этого времени он ничего не открывает."""
    with opened(as_json) as (application, screen):
        with transaction(application.engine) as connection:
            is_ended = inquiries.end_client(connection, number, at=application.clock.now())
        screen.say(f"Ключ клиента № {number} {'закрыт' if is_ended else 'не найден или закрыт раньше'}.")
        screen.document({"client": number, "ended": is_ended})
