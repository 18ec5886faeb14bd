"""The official format album of the federal system: ``erkc gis album install|show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InputError
from erkc.cli.options import Json, opened
from erkc.federation import album_folder
from xsd.official import AlbumProblem, install, installed

__all__ = ["album_room"]

album_room = typer.Typer(help="Официальный альбом форматов ГИС ЖКХ.", no_args_is_help=True)


@album_room.callback()
def _about_album() -> None:
    """Официальный альбом форматов ГИС ЖКХ."""


@album_room.command("install")
def gis_album_install(
    source: Annotated[Path, typer.Argument(metavar="ПАПКА|ZIP", help="Альбом: папка с lib и сервисами или её архив ZIP.")],
    as_json: Json = False,
) -> None:
    """Добавить официальный альбом форматов: дальше каждое исходящее сообщение проверяется и по нему."""
    with opened(as_json) as (application, screen):
        number = application.settings.gis.album
        try:
            done = install(source, album_folder(application), number=number)
        except AlbumProblem as problem:
            raise InputError(
                "GIS-0604", f"Альбом не установлен: {problem}.", hint=f"Нужен альбом форматов {number}, как его выдаёт оператор ГИС ЖКХ."
            ) from problem
        screen.say(f"Альбом {done.number} установлен: файлов {done.files}, сервисов {len(done.services)}, папка {done.folder}.")
        screen.document({"number": done.number, "folder": str(done.folder), "files": done.files, "services": list(done.services)})


@album_room.command("show")
def gis_album_show(as_json: Json = False) -> None:
    """Показать, по какому альбому проверяются исходящие сообщения."""
    with opened(as_json) as (application, screen):
        number = application.settings.gis.album
        official = installed(album_folder(application), number=number)
        if official is None:
            screen.say(f"Альбом {number}: проверка по собственному профилю; официальный добавляет erkc gis album install.")
        else:
            screen.say(f"Альбом {number}: проверка по собственному профилю и по официальному альбому в {official.folder}.")
        screen.document({"number": number, "official": None if official is None else str(official.folder)})
