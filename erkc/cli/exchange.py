"""The bare verbs of every exchange: ``erkc deliver`` runs the outbox, ``erkc collect`` fetches what is due.

The worker's jobs do the same by themselves.
"""

from __future__ import annotations

import typer

from erkc.cli.federal import Wait, conversation, poll_all, synchronise_all
from erkc.cli.options import Json
from erkc.collecting import take_inbox
from erkc.federation import is_signing_ready

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("deliver")(deliver)
    application.command("collect")(collect)


def deliver(wait: Wait = 0, as_json: Json = False) -> None:
    """Отправить всё, чему пришёл срок, во все внешние системы и спросить о результатах; код 3 — есть незавершённое."""
    with conversation(as_json) as (application, federal, screen):
        outcome, finished = poll_all(application, federal, screen, wait_s=wait)
        screen.document({federal.system: outcome})
    if not finished:
        raise typer.Exit(3)


def collect(wait: Wait = 120, as_json: Json = False) -> None:
    """Принять файлы входящего каталога и, если есть ключ подписи, получить идентификаторы ГИС ЖКХ; код 1 — есть отклонённые файлы."""
    finished = True
    with conversation(as_json) as (application, federal, screen):
        collected = take_inbox(application)
        for one in collected:
            screen.say(f"{one.name}: {'отклонён' if one.is_refused else 'принят'} ({one.status}), замечаний {one.findings}; {one.moved_to}")
        refused = sum(one.is_refused for one in collected)
        screen.say(f"Файлов во входящих ({application.home / 'inbox'}): {len(collected)}, из них отклонено {refused}.")
        outcomes: dict[str, object] | None = None
        if is_signing_ready(application):
            outcomes, finished = synchronise_all(application, federal, screen, wait_s=wait)
        else:
            screen.say("Ключа подписи нет: с ГИС ЖКХ не сверяюсь (подробнее: erkc gis synchronise).")
        files = {
            one.name: {"status": one.status, "findings": one.findings, "refused": one.is_refused, "moved_to": str(one.moved_to)}
            for one in collected
        }
        screen.document({"files": files, "refused": refused, federal.system: outcomes})
    if refused:
        raise typer.Exit(1)
    if not finished:
        raise typer.Exit(3)
