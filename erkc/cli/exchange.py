"""The bare verbs of every exchange: ``erkc deliver`` runs the outbox, ``erkc collect`` fetches what is due.

The worker's jobs do the same by themselves.
"""

from __future__ import annotations

from dataclasses import asdict

import typer

from core.services.clearing import Released, release_suspended
from core.services.intake_states import INTAKE_STATES
from core.services.regional import SYSTEM as RGIS
from erkc.cli import delivering
from erkc.cli.federal import poll_all, synchronise_all
from erkc.cli.federal_screen import Wait, conversation
from erkc.cli.options import Json
from erkc.cli.suspense import released_json, say_released
from erkc.collecting import take_inbox
from erkc.federation import is_signing_ready
from erkc.rgis.delivery import deliver_due

__all__ = ["register"]

_deliver = typer.Typer()


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    _deliver.callback(invoke_without_command=True)(deliver)
    delivering.register(_deliver)
    application.add_typer(_deliver, name="deliver")
    application.command("collect")(collect)


def deliver(context: typer.Context, wait: Wait = 0, as_json: Json = False) -> None:
    """Отправить всё, чему пришёл срок, во все внешние системы и спросить о результатах; код 3 — есть незавершённое."""
    if context.invoked_subcommand is not None:
        return
    with conversation(as_json) as (application, federal, screen):
        outcome, finished = poll_all(application, federal, screen, wait_s=wait)
        document: dict[str, object] = {federal.system: outcome}
        regional = deliver_due(application)
        if regional is not None:
            screen.say(
                f"РГИС: принято {regional.done}, отказано {regional.refused}, в пути {regional.waiting}. {regional.trouble}".rstrip()
            )
            document[RGIS] = asdict(regional)
            finished = finished and not regional.waiting
        screen.document(document)
    if not finished:
        raise typer.Exit(3)


def collect(wait: Wait = 120, as_json: Json = False) -> None:
    """Принять файлы входящего каталога и, если есть ключ подписи, получить идентификаторы ГИС ЖКХ; код 1 — есть отклонённые файлы.

    Сначала принимаются пакеты, затем реестры, затем выписки, как бы они ни назывались.
    """
    finished = True
    with conversation(as_json) as (application, federal, screen):
        collected, lost = take_inbox(application)
        for one in collected:
            screen.say(f"{one.name}: {INTAKE_STATES.get(one.status, one.status)}, замечаний {one.findings}; {one.moved_to}")
            if one.protocol:
                screen.say(f"  протокол приёма: {one.protocol}")
            say_released(screen, one.released)
        for error in lost:
            screen.say(f"Препятствие: {error}")
        refused = sum(one.is_refused for one in collected)
        screen.say(f"Файлов во входящих ({application.home / 'inbox'}): {len(collected)}, из них отклонено {refused}.")
        outcomes: dict[str, object] | None = None
        known = Released({})
        if is_signing_ready(application):
            outcomes, finished = synchronise_all(application, federal, screen, wait_s=wait)
            known = release_suspended(application.engine, clock=application.clock)
            say_released(screen, known)
        else:
            screen.say("Ключа подписи нет: с ГИС ЖКХ не сверяюсь (подробнее: erkc gis synchronise).")
        files = {
            one.name: {
                "status": one.status,
                "findings": one.findings,
                "refused": one.is_refused,
                "moved_to": one.moved_to,
                "protocol": one.protocol,
            }
            for one in collected
        }
        told = [*(one.released for one in collected), known]
        released = Released({operation: amount for one in told for operation, amount in one.payments.items()})
        screen.document(
            {
                "files": files,
                "refused": refused,
                "unreachable": [error.as_dict() for error in lost],
                "suspense_released": released_json(released),
                federal.system: outcomes,
            }
        )
    if refused:
        raise typer.Exit(1)
    if lost or not finished:
        raise typer.Exit(3)
