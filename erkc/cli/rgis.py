"""The regional system: ``erkc rgis unload``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InputError
from erkc.cli.options import Json, MonthArgument, law, month_of, opened, providers_of_month
from erkc.cli.screen import roubles
from erkc.unload import Unload, write_unload

__all__ = ["register"]

_room = typer.Typer(help="Региональная система (РГИС): выгрузки «Формат 4.0».", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.add_typer(_room, name="rgis")


@_room.callback()
def _about() -> None:
    """Региональная система (РГИС): выгрузки «Формат 4.0»."""


@_room.command("unload")
def unload(
    month: MonthArgument,
    out: Annotated[Path, typer.Option(help="Папка, куда записать архивы.")] = Path(),
    sender: Annotated[str | None, typer.Option("--sender", metavar="ИНН", help="Только этот отправитель.")] = None,
    changes: Annotated[bool, typer.Option("--changes", help="Только изменения после прошлых выгрузок месяца.")] = False,
    as_json: Json = False,
) -> None:
    """Записать начисленный месяц архивами «Формат 4.0» для РГИС: по одному на отправителя, целиком или только изменения."""
    with opened(as_json) as (application, screen):
        wanted = [one for one in providers_of_month(application) if sender in (None, one.inn)]
        if not wanted:
            raise InputError("IN-0114", f"Нет отправителя с ИНН {sender}.", hint="Отправителей называет erkc region load.")
        out.mkdir(parents=True, exist_ok=True)
        made: list[Unload] = []
        for one in wanted:
            found = write_unload(application, one, month_of(month), law=law(), changes=changes)
            made.append(found)
            if not found.rows:
                screen.say(f"{one.name}: с прошлой выгрузки ничего не изменилось.")
                continue
            (out / found.name).write_bytes(found.data)
            screen.say(f"{out / found.name}: строк {sum(found.rows.values())}, разделов {len(found.rows)}.")
            if found.undivided:
                screen.say(f"  аванс без услуги, в сальдо не показан: {roubles(found.undivided)} руб.")
        screen.document(
            [
                {"file": str(out / one.name) if one.rows else None, "sections": dict(one.rows), "undivided_kopecks": one.undivided}
                for one in made
            ]
        )
