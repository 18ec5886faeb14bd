"""What others ask through the federal system: ``erkc gis inbox debts|appeals``, ``erkc gis answer debt|appeal``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

import typer

from core.errors import InputError
from core.services.federal import (
    Answered,
    Federal,
    answer,
    look_at_inbox,
    read_appeals,
    read_subrequests,
)
from erkc.application import Application
from erkc.cli.federal_screen import Wait, answers_of, conversation, show_obstacles, show_refused
from erkc.cli.options import Json, providers_of_month
from erkc.cli.screen import Screen

__all__ = ["answer_room", "inbox_room"]

inbox_room = typer.Typer(help="Запросы о задолженности и обращения, пришедшие через ГИС ЖКХ.", no_args_is_help=True)
answer_room = typer.Typer(help="Ответы на запросы и обращения.", no_args_is_help=True)
_DAYS = 30
Kind = Literal["subrequests", "appeals"]
_KINDS: dict[Kind, str] = {"subrequests": "запросы о задолженности", "appeals": "обращения"}
Since = Annotated[str, typer.Option("--since", metavar="ГГГГ-ММ-ДД", help="С какого дня; без ключа — за последние 30 дней.")]
Number = Annotated[str, typer.Argument(metavar="НОМЕР", help="Номер запроса или обращения: его показывает erkc gis inbox.")]
Executor = Annotated[UUID, typer.Option("--executor", help="Идентификатор сотрудника в ГИС ЖКХ.")]


@inbox_room.callback()
def _about_inbox() -> None:
    """Запросы о задолженности и обращения, пришедшие через ГИС ЖКХ."""


@answer_room.callback()
def _about_answer() -> None:
    """Ответы на запросы и обращения."""


@inbox_room.command("debts")
def gis_inbox_debts(since: Since = "", wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить запросы о задолженности и показать их по сроку ответа. Код 3 — ответа ГИС ЖКХ ещё нет."""
    _look("subrequests", since, wait, as_json)


@inbox_room.command("appeals")
def gis_inbox_appeals(since: Since = "", wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить обращения граждан и показать их по сроку ответа. Код 3 — ответа ГИС ЖКХ ещё нет."""
    _look("appeals", since, wait, as_json)


def _look(kind: Kind, since: str, wait: float, as_json: bool) -> None:
    outcomes: dict[str, object] = {}
    finished = True
    with conversation(as_json) as (application, federal, screen):
        last = application.clock.now().date()
        first = _day(since) if since else last - timedelta(days=_DAYS)
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, f"Выгружаю {_KINDS[kind]}", provider, wait) as waits:
                ran = look_at_inbox(federal, kind, first=first, last=last, waiting=waits, **scope)
            finished = finished and ran.finished
            rows = _rows(federal, kind, provider_id=provider.provider_id)
            screen.say(f"{provider.name}: {len(rows)}" if rows else f"{provider.name}: ничего нет")
            for row in rows:
                screen.say(f"  {row['number']} до {row['answer_by'] or '—'}, {row['status']}: {row['about']}")
            show_obstacles(screen, federal, provider)
            outcomes[provider.inn] = rows
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)


def _rows(federal: Federal, kind: Kind, **scope: object) -> list[dict[str, str | None]]:
    if kind == "subrequests":
        return [
            {"number": one.number, "answer_by": one.answer_by.isoformat(), "status": one.status, "about": f"{one.asked_by}, {one.address}"}
            for one in read_subrequests(federal, **scope)  # type: ignore[arg-type]  # the scope names the provider
        ]
    return [
        {
            "number": one.number,
            "answer_by": None if one.answer_by is None else one.answer_by.isoformat(),
            "status": one.status,
            "about": f"{one.topic}: {one.text}",
        }
        for one in read_appeals(federal, **scope)  # type: ignore[arg-type]  # the same
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("GIS-0515", f"День {text} не читается.", hint="Пишите ГГГГ-ММ-ДД.") from error


@answer_room.command("debt")
def gis_answer_debt(
    number: Number,
    executor: Executor,
    text: Annotated[str, typer.Option("--text", help="Пояснение к ответу.")] = "Задолженности, подтверждённой судебным актом, нет",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Ответить на запрос: задолженности, подтверждённой судебным актом, нет. Долг по судебному акту указывают в личном кабинете.

    Код 1 — отказ, 3 — ответа ГИС ЖКХ ещё нет.
    """
    _answer("subrequests", number, executor, text, wait, as_json)


@answer_room.command("appeal")
def gis_answer_appeal(
    number: Number,
    executor: Executor,
    text: Annotated[str, typer.Option("--text", help="Текст ответа.")],
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Ответить на обращение и закрыть его. Код 1 — отказ, 3 — ответа ГИС ЖКХ ещё нет."""
    _answer("appeals", number, executor, text, wait, as_json)


def _answer(kind: Kind, number: str, executor: UUID, text: str, wait: float, as_json: bool) -> None:
    with conversation(as_json) as (application, federal, screen):
        answers = _answer_all(application, federal, screen, kind, number, executor, text, wait)
        refused = [reasons for one in answers for reasons in one.reasons]
        is_there = all(one.is_there for one in answers)
        screen.document({"number": number, "is_there": is_there, "refused": [list(reasons) for reasons in refused]})
    if refused:
        raise typer.Exit(1)
    if not is_there:
        raise typer.Exit(3)


def _answer_all(
    application: Application, federal: Federal, screen: Screen, kind: Kind, number: str, executor: UUID, text: str, wait: float
) -> list[Answered]:
    """The provider that was asked answers; how its answer stands."""
    read = read_subrequests if kind == "subrequests" else read_appeals
    asked = [
        provider
        for provider in providers_of_month(application)
        if any(one.number == number for one in read(federal, provider_id=provider.provider_id))
    ]
    if not asked:
        room = "debts" if kind == "subrequests" else "appeals"
        raise InputError("GIS-0514", f"Номера {number} в выгрузках нет.", hint=f"Выгрузите: erkc gis inbox {room}.")
    answers: list[Answered] = []
    for provider in asked:
        provider_id = provider.provider_id
        with answers_of(application, federal, screen, "Отвечаю", provider, wait) as waits:
            found = answer(federal, kind, provider_id=provider_id, number=number, executor=executor, text=text, waiting=waits)
        if found.reasons:
            screen.say(f"{provider.name}: отказ")
            show_refused(screen, {number: found.reasons})
        else:
            screen.say(f"{provider.name}: ответ на {number} " + ("принят" if found.is_there else "ещё не принят, дальше erkc gis poll"))
        show_obstacles(screen, federal, provider)
        answers.append(found)
    return answers
