"""The second opinion on senders' charges: ``erkc audit show``, ``erkc audit answer``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.money import format_roubles
from core.services.second_opinion import STATES, AuditLine, answer_audit, audit_lines, audit_register, summed
from erkc.cli.options import Json, MonthArgument, law, month_of, opened
from erkc.cli.screen import Screen, roubles
from erkc.render.second_opinion import audit_page
from erkc.render.xlsx import write_xlsx

__all__ = ["register"]

_room = typer.Typer(help="Второе мнение о начислениях отправителей.", no_args_is_help=True)
_ACTOR = "erkc"
_SHOWN = 60


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="audit")


@_room.callback()
def _about() -> None:
    """Второе мнение о начислениях отправителей."""


@_room.command("show")
def audit_show(
    month_text: MonthArgument,
    inn: Annotated[str | None, typer.Option(metavar="ИНН", help="Только этот отправитель.")] = None,
    xlsx: Annotated[Path | None, typer.Option(metavar="ФАЙЛ", help="Записать книгу Excel: строки по отправителям.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="ФАЙЛ", help="Записать страницу HTML с диаграммой.")] = None,
    as_json: Json = False,
) -> None:
    """Показать строки, которые отправитель начислил не по закону: на сколько, по какой причине, что он ответил."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        lines = audit_lines(application.engine, month=month, law=law(), inn=inn)
        files = []
        if xlsx is not None:
            xlsx.parent.mkdir(parents=True, exist_ok=True)
            write_xlsx(audit_register(lines, month), xlsx)
            files.append(str(xlsx))
        if page is not None:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_bytes(audit_page(lines, month))
            files.append(str(page))
        _show(screen, lines, month.title)
        for file in files:
            screen.say(f"Записано: {file}")
        screen.document({"month": str(month), "lines": [_json(line) for line in lines], "files": files})


@_room.command("answer")
def audit_answer(
    month_text: MonthArgument,
    numbers: Annotated[list[str], typer.Argument(metavar="НОМЕР…", help="Короткий номер строки, как его показывает erkc audit show.")],
    text: Annotated[str, typer.Option(help="Ответ отправителя: письмо, номер и дата, суть.")],
    closes: Annotated[bool, typer.Option("--close/--keep", help="Закрыть расхождение или оставить.")],
    actor: Annotated[str, typer.Option(help="Кто записал.")] = _ACTOR,
    as_json: Json = False,
) -> None:
    """Записать ответ отправителя на расхождения: он закрывает их или оставляет; если суммы изменятся, расхождение откроется снова."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        done = answer_audit(
            application.engine, month=month, law=law(), numbers=numbers, closes=closes, answer=text, actor=actor, clock=application.clock
        )
        _show(screen, done, month.title)
        screen.document([_json(line) for line in done])


def _show(screen: Screen, lines: list[AuditLine], title: str) -> None:
    if not lines:
        screen.say(f"{title}: начисления отправителей совпадают с расчётом по закону.")
        return
    for what, name in (
        ("Причина", lambda line: line.cause),
        ("Дом", lambda line: line.house),
        ("Услуга", lambda line: line.service),
    ):
        rows = [(row.name, str(row.lines), roubles(row.over), roubles(row.under)) for row in summed(lines, name)]
        screen.table((what, "Строк", "Лишнее, руб.", "Недоначислено, руб."), rows, numbers=frozenset((1, 2, 3)))
    shown = [
        (
            line.number, line.account, line.house, line.service, roubles(line.stated), roubles(line.recomputed), roubles(line.difference),
            line.cause, STATES[line.state],
        )
        for line in lines[:_SHOWN]
    ]  # fmt: skip
    columns = ("№", "Счёт", "Дом", "Услуга", "Начислено", "По закону", "Разница", "Причина", "Состояние")
    screen.table(columns, shown, title=f"Второе мнение, {title}: {len(lines)}", numbers=frozenset((4, 5, 6)))
    if len(lines) > _SHOWN:
        screen.say(f"  … и ещё {len(lines) - _SHOWN}: все — с --xlsx, --page или --json")


def _json(line: AuditLine) -> dict[str, object]:
    return {
        "number": line.number,
        "inn": line.sender.inn,
        "house": line.house,
        "account": line.account,
        "service": line.service_key,
        "service_name": line.service,
        "stated": format_roubles(line.stated),
        "recomputed": format_roubles(line.recomputed),
        "diff": format_roubles(line.difference),
        "causes": list(line.causes),
        "state": line.state,
        "answer": None
        if line.answer is None
        else {
            "outcome": line.answer.body.value,
            "about": line.answer.body.about,
            "text": line.answer.body.reason,
            "actor": line.answer.body.actor,
            "at": line.answer.at.isoformat(),
        },
    }
