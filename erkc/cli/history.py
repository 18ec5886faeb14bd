"""What was taken and what goes back: ``erkc intake history``, ``erkc intake errors``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.format4.container import Limits, open_container
from adapters.uk.errors_file import errors_file
from core.errors import InputError
from core.ids import MessageId
from core.services.intake_history import TakenFile, intake_history, taken_bytes
from core.services.intake_states import INTAKE_STATES
from erkc.cli.options import Json, month_of, opened

__all__ = ["register"]

_room = typer.Typer(help="Принятые файлы: история приёма и файлы ошибок.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.add_typer(_room, name="intake")


@_room.callback()
def _about() -> None:
    """Принятые файлы: история приёма и файлы ошибок."""


@_room.command("history")
def history(
    sender: Annotated[str | None, typer.Option("--sender", metavar="ИНН", help="Файлы одного отправителя.")] = None,
    month: Annotated[str | None, typer.Option("--month", metavar="ГГГГ-ММ", help="Файлы одного месяца.")] = None,
    as_json: Json = False,
) -> None:
    """Показать, какие файлы приняты: от кого, когда, за какой месяц, сколько строк и замечаний; новые сверху."""
    with opened(as_json) as (application, screen):
        files = intake_history(application.engine, inn=sender, month=None if month is None else month_of(month))
        if files:
            columns = ("№", "Файл", "Отправитель", "Месяц", "Принят", "Состояние", "Строк", "Ошибок", "Замечаний")
            screen.table(columns, [_cells(file) for file in files], numbers=frozenset((0, 6, 7, 8)))
        else:
            screen.say("Ни одного файла не принято. Принять: erkc take ФАЙЛ…")
        screen.document([_json(file) for file in files])


@_room.command("errors")
def errors(
    number: Annotated[int, typer.Argument(metavar="№", help="Номер файла из erkc intake history.")],
    out: Annotated[Path | None, typer.Option(help="Куда записать; иначе errors-ИМЯ рядом.")] = None,
    as_json: Json = False,
) -> None:
    """Записать файл ошибок: непринятые строки в том же виде и errors.csv с причинами; исправленный принимается erkc take."""
    with opened(as_json) as (application, screen):
        name, data, findings = taken_bytes(application.engine, MessageId(number))
        if not data.startswith(b"PK"):
            raise InputError("IN-0116", f"{name} — не выгрузка «Формат 4.0».", hint="Файлы ошибок делаются для выгрузок «Формат 4.0».")
        packed = errors_file(data, findings)
        written = out or Path(f"errors-{name}")
        if packed is None:
            screen.say(f"{name}: исправлять нечего.")
        else:
            written.write_bytes(packed)
            screen.say(f"{written}: исправьте строки и пришлите этот же архив; причины — в errors.csv.")
        screen.document({"message": number, "file": None if packed is None else str(written)})


@_room.command("attachment")
def attachment(
    number: Annotated[int, typer.Argument(metavar="№", help="Номер файла из erkc intake history.")],
    name: Annotated[str | None, typer.Argument(metavar="ИМЯ", help="Вложение; без него — список.")] = None,
    out: Annotated[Path | None, typer.Option(help="Куда записать; иначе под своим именем рядом.")] = None,
    as_json: Json = False,
) -> None:
    """Показать вложения принятого архива или записать одно из них: байты — те самые, что пришли."""
    with opened(as_json) as (application, screen):
        file, data, _ = taken_bytes(application.engine, MessageId(number))
        if not data.startswith(b"PK"):
            raise InputError("IN-0116", f"{file} — не выгрузка «Формат 4.0».", hint="Вложения есть у выгрузок «Формат 4.0».")
        container = open_container(data, Limits())
        listed = sorted(one.removeprefix("files/") for one in container.attachments)
        if name is None:
            screen.say(f"{file}: вложений {len(listed)}" + (f": {', '.join(listed)}." if listed else "."))
            screen.document({"message": number, "attachments": listed})
            return
        if name not in listed:
            raise InputError("IN-0117", f"Вложения «{name}» в {file} нет.", hint=f"Вложения: erkc intake attachment {number}.")
        written = out or Path(Path(name).name)
        written.write_bytes(container.attachment(f"files/{name}"))
        screen.say(f"{written}: записано.")
        screen.document({"message": number, "attachment": name, "file": str(written)})


def _cells(file: TakenFile) -> tuple[str, ...]:
    month = "" if file.month is None else file.month.title
    kind = " (изменения)" if file.is_increment else ""
    sender = f"{file.sender}, {file.contact}" if file.contact else file.sender
    state = INTAKE_STATES[file.status]
    moment = f"{file.received_at:%d.%m.%Y %H:%M}"
    return (str(file.message_id), file.name, sender, month + kind, moment, state, str(file.rows), str(file.errors), str(file.warnings))


def _json(file: TakenFile) -> dict[str, object]:
    return {
        "message": file.message_id, "file": file.name, "sender": file.sender, "contact": file.contact,
        "month": None if file.month is None else str(file.month), "status": file.status, "increment": file.is_increment,
        "received_at": file.received_at.isoformat(), "taken_at": file.taken_at.isoformat(), "rows": file.rows, "errors": file.errors,
        "warnings": file.warnings,
    }  # fmt: skip
