"""Looking at what is there: ``erkc verify``, ``erkc show``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.services.show import show
from core.services.verify import Verdict, verify
from erkc.application import CODE_VERSION
from erkc.cli.options import Json, law, opened
from erkc.cli.screen import Screen, roubles

__all__ = ["register", "show_verdict"]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("verify")(verify_command)
    application.command("show")(show_command)


def show_command(
    identifier: Annotated[str, typer.Argument(metavar="ЧТО", help="ЛС, ЕЛС, ИЖКУ, номер документа, УИП, GUID или начало хеша сообщения.")],
    as_json: Json = False,
) -> None:
    """Показать всю жизнь чего угодно по его идентификатору."""
    with opened(as_json) as (application, screen):
        lives = show(application.engine, identifier)
        for life in lives:
            screen.heading(life.title)
            screen.table(("Когда", "Что", "Подробности"), [(fact.when, fact.what, fact.text) for fact in life.facts])
        screen.document(
            [
                {"kind": life.kind, "title": life.title, "facts": [[fact.when, fact.what, fact.text] for fact in life.facts]}
                for life in lives
            ]
        )


def verify_command(as_json: Json = False) -> None:
    """Проверить семь инвариантов на живых данных; код 1, если хоть один нарушен."""
    with opened(as_json) as (application, screen):
        verdict = verify(application.engine, law=law(), code_version=CODE_VERSION)
        show_verdict(screen, verdict)
        screen.document(
            {
                "holds": verdict.holds,
                "broken": [{"invariant": item.invariant, "subject": item.subject, "message": item.message} for item in verdict.broken],
                "notices": list(verdict.notices),
                "entries": verdict.entries,
                "amount": verdict.amount,
                "fingerprint": verdict.fingerprint,
            }
        )
    if not verdict.holds:
        raise typer.Exit(1)


def show_verdict(screen: Screen, verdict: Verdict) -> None:
    """Every invariant with its state; what is broken by name."""
    wrong: dict[int, int] = {}
    for item in verdict.broken:
        wrong[item.invariant] = wrong.get(item.invariant, 0) + 1
    rows = [(str(number), title, f"нарушен: {wrong[number]}" if number in wrong else "держится") for number, title in verdict.checked]
    screen.table(("№", "Инвариант", "Состояние"), rows)
    for item in verdict.broken[:50]:
        screen.say(f"  {item.invariant}. {item.subject}: {item.message}")
    for notice in verdict.notices:
        screen.say(f"  {notice}")
    screen.say(f"Записей {verdict.entries} на {roubles(verdict.amount)} руб.; отпечаток книги {verdict.fingerprint[:16]}…")
