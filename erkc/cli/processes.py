"""Long-running processes: ``erkc work``, ``erkc schedule``, ``erkc stand gis``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

import scheduler
from config.schedules import load_schedule
from erkc.cli.options import opened
from erkc.jobs import registry
from erkc.stands.gis import serve
from erkc.worker import run

__all__ = ["register"]

_stand = typer.Typer(help="Внешний мир на этой машине: стенды для проверки обмена.", no_args_is_help=True)
Schedule = Annotated[Path | None, typer.Option("--schedule", help="Своё расписание вместо config/schedules.toml.")]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("work")(work)
    application.command("schedule")(schedule_command)
    application.add_typer(_stand, name="stand")


@_stand.callback()
def _about() -> None:
    """Внешний мир на этой машине."""


def _log_to_stderr() -> None:
    """Our own lines from INFO; of the queue and the timer only what went wrong, for their chatter hides ours."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("apscheduler", "procrastinate"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def work(
    schedule: Schedule = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Закончить, когда работы нет.")] = False,
) -> None:
    """Исполнять задачи месяца; сколько угодно исполнителей на скольких угодно машинах."""
    _log_to_stderr()
    with opened(False) as (application, screen):
        screen.say("Исполнитель работает; остановка: Ctrl-C.")
        run(application.database, schedule=load_schedule(schedule), registry=registry(application), until_idle=until_idle)


def schedule_command(schedule: Schedule = None) -> None:
    """Открывать задачи по расписанию; несколько планировщиков друг другу не мешают."""
    _log_to_stderr()
    with opened(False) as (application, screen):
        screen.say("Планировщик работает; остановка: Ctrl-C.")
        scheduler.run(application.database, schedule=load_schedule(schedule))


@_stand.command("gis")
def stand_gis(
    folder: Annotated[Path, typer.Option(help="Папка состояния; seed.json в ней — что стенд знает.")] = Path("gis-stand"),
    port: Annotated[int, typer.Option(help="Порт на 127.0.0.1.")] = 18080,
) -> None:
    """ГИС ЖКХ в коробке: проверяет схему, подпись, пределы и идентификаторы, отвечает асинхронно; страница — на том же порту."""
    folder.mkdir(parents=True, exist_ok=True)
    seed = folder / "seed.json"
    typer.echo(f"Стенд ГИС ЖКХ: http://127.0.0.1:{port}/ (остановка: Ctrl-C)")
    serve(folder, port, seed_file=seed if seed.exists() else None)
