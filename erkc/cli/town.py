"""``erkc town``: a synthetic town of any size in the database of the settings, for demos, load and benchmarks."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from core.errors import ConfigError
from erkc.cli.options import Json, month_of, opened
from erkc.town.load import load_town

__all__ = ["register"]

_MOST = 10_000_000


def register(application: typer.Typer) -> None:
    """Add the command to the command line."""
    application.command("town")(town)


def town(
    accounts: Annotated[int, typer.Option(help="Сколько лицевых счетов; дома — от 20 до 400 помещений.")],
    seed: Annotated[int, typer.Option(help="Зерно: тот же номер даёт тот же город.")] = 1,
    month_text: Annotated[str, typer.Option("--month", metavar="ГГГГ-ММ", help="Расчётный месяц города.")] = "2026-10",
    as_json: Json = False,
) -> None:
    """Загрузить синтетический город любого размера: дома, счета, жителей, приборы, показания за полгода. Ничего настоящего в нём нет.

    Повторная загрузка того же города ничего не добавляет; прерванная продолжается. Дальше — erkc bill month.
    """
    month = month_of(month_text)
    if not 1 <= accounts <= _MOST:
        raise ConfigError("TOWN-0102", f"Города на {accounts} счетов не бывает.", hint=f"Назовите от 1 до {_MOST}: --accounts 1000.")
    with opened(as_json) as (application, screen):
        started = time.monotonic()
        with screen.progress("Загружаю, счетов") as progress:
            loaded = load_town(application, accounts=accounts, seed=seed, month=month, progress=progress)
        what = f"Большой Тестов (зерно {seed}, {month.title}): домов {loaded.houses}, счетов {loaded.accounts}, записей {loaded.records}"
        if loaded.new:
            screen.say(f"{what}; новых {loaded.new}, за {time.monotonic() - started:.0f} с.")
        else:
            screen.say(f"{what}; всё уже загружено раньше, ничего не добавлено.")
        screen.say(f"Начислить месяц: erkc bill month {month}")
        screen.document(
            {
                "town": {"accounts": accounts, "seed": seed, "month": str(month)},
                "provider_id": loaded.provider_id,
                "houses": loaded.houses,
                "accounts": loaded.accounts,
                "records": loaded.records,
                "new": loaded.new,
            }
        )
