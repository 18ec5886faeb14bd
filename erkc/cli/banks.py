"""Banks: ``erkc reconcile``. Files of banks come in by ``erkc take``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from adapters.banks.profile import profile_named
from core.errors import ConfigError
from core.services.payments import Reconciled, reconcile
from erkc.bank_reconciliation import RegistryFile, reconcile_files
from erkc.cli.options import Json, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import released_json, say_released

__all__ = ["REGISTRY_STATES", "register", "show_reconciled"]

REGISTRY_STATES = {
    "reconciled": "сошёлся",
    "short": "недоплата",
    "over": "переплата",
    "fee_difference": "разница — комиссия",
    "no_order": "перевод не пришёл",
    "closed": "закрыт",
    "refused": "отклонён",
}


def register(application: typer.Typer) -> None:
    """Add the command to the command line."""
    application.command("reconcile")(reconcile_command)


def reconcile_command(
    statement: Annotated[Path | None, typer.Option(help="Выписка: сверить файлы без базы данных.")] = None,
    registry: Annotated[list[str] | None, typer.Option(help="Реестр и его профиль: ФАЙЛ=ПРОФИЛЬ; можно несколько.")] = None,
    accounts: Annotated[Path | None, typer.Option(help="Известные счета (JSON).")] = None,
    as_json: Json = False,
) -> None:
    """Сверить реестры агентов, строки выписок и учёт; провести удержанные комиссии. С --statement — только файлы.

    Невыясненные платежи опознаются заново; те, чей счёт теперь известен, разносятся.
    """
    if statement is not None:
        _over_files(statement, registry or [], accounts, Screen(as_json=as_json))
        return
    with opened(as_json) as (application, screen):
        done = reconcile(application.engine, clock=application.clock)
        show_reconciled(screen, done)
        say_released(screen, done.released)
        screen.document(
            {
                "registries": [
                    {
                        "key": item.key,
                        "state": item.state,
                        "expected_kop": item.expected,
                        "ordered_kop": item.ordered,
                        "difference_kop": item.difference,
                    }
                    for item in done.result.registries
                ],
                "lines": [{"key": item.key, "state": item.state, "registries": list(item.registries)} for item in done.result.lines],
                "posted": done.posted,
                "released": released_json(done.released),
            }
        )
    if done.differences:
        raise typer.Exit(1)


def _over_files(statement: Path, registries: list[str], accounts: Path | None, screen: Screen) -> None:
    listed = []
    for item in registries:
        file, _, profile = item.rpartition("=")
        if not file:
            raise ConfigError("CLI-0401", f"«{item}»: не назван профиль реестра.", hint="Пишите так: --registry ФАЙЛ=sber-delimited.")
        listed.append(RegistryFile(Path(file).name, Path(file).read_bytes(), profile_named(profile)))
    if accounts is None:
        raise ConfigError(
            "CLI-0402", "Не названы известные счета.", hint="Добавьте --accounts ФАЙЛ.json: свои счета, агенты, лицевые счета."
        )
    known = json.loads(accounts.read_text(encoding="utf-8"))
    document = reconcile_files(statement.name, statement.read_bytes(), listed, known)
    screen.document(document)
    if not screen.as_json:
        screen.console.print_json(data=document)


def show_reconciled(screen: Screen, done: Reconciled) -> None:
    """Registries and lines by state."""
    rows = [
        (
            item.key,
            REGISTRY_STATES.get(item.state, item.state),
            roubles(item.expected),
            roubles(item.ordered),
            "" if item.difference is None else roubles(item.difference),
        )
        for item in done.result.registries
    ]
    if not rows:
        screen.say("Реестров нет.")
        return
    screen.table(("Реестр", "Состояние", "Ожидалось", "Пришло", "Разница"), rows, numbers=frozenset((2, 3, 4)))
