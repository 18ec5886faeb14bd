"""``erkc law``: the law as code, checked by vectors that anybody may write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erkc.cli.options import Json, law
from erkc.cli.screen import Screen
from erkc.law import check, read_vectors

__all__ = ["register"]

Files = Annotated[list[Path], typer.Argument(metavar="ФАЙЛ…", help="Файлы схемы 354-vector/1.")]

room = typer.Typer(help="Закон как код: проверка векторами.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the commands of this room."""
    application.add_typer(room, name="law")


@room.callback()
def _room() -> None:
    """Закон как код: проверка векторами."""


@room.command("check")
def check_vectors(files: Files, as_json: Json = False) -> None:
    """Проверить расчёт векторами: какие сошлись, какие нет, какие пока не поддерживаются. База данных не нужна."""
    screen = Screen(as_json=as_json)
    rules = law()
    outcome = check(vector for path in files for vector in read_vectors(path, rules))
    screen.document(outcome.as_dict())
    screen.say(f"Сошлось: {outcome.passed}")
    if outcome.failed:
        rows = [[one.id, one.key, one.expected or "—", one.got or "—"] for one in outcome.failed]
        screen.table(["Вектор", "Величина", "Ожидалось", "Получено"], rows, title="Не сошлось")
    if outcome.unsupported:
        screen.say(f"Не поддерживается: {', '.join(outcome.unsupported)}")
    if outcome.failed:
        raise typer.Exit(1)
