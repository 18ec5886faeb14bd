"""``erkc db``: the database of the settings."""

from __future__ import annotations

import typer

from config.settings import load
from erkc.application import upgrade_database
from erkc.cli.screen import Screen

__all__ = ["register"]

_room = typer.Typer(help="База данных.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="db")


@_room.callback()
def _about() -> None:
    """База данных."""


@_room.command("upgrade")
def upgrade(as_json: bool = typer.Option(False, "--json", help="Один документ JSON на стандартном выводе.")) -> None:
    """Создать базу данных настроек или обновить её до версии программы."""
    screen = Screen(as_json=as_json)
    settings = load()
    revision = upgrade_database(settings)
    where = str(settings.home) if settings.embedded else settings.database.owner_url.get_secret_value().split("@")[-1]
    screen.say(f"База данных готова: версия {revision} ({where}).")
    screen.document({"revision": revision, "database": where})
