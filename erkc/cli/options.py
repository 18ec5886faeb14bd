"""What commands share: the options that every command has, the month argument, and opening the application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from config.law import tables
from config.settings import load
from core.charges.law import Law
from core.errors import ConfigError
from core.period import Month
from core.records.providers import Provider, providers
from core.storage.engine import transaction
from erkc.application import Application, open_application
from erkc.cli.screen import Screen

__all__ = ["Json", "MonthArgument", "is_month", "law", "month_of", "opened", "provider_of", "providers_of_month"]

Json = Annotated[bool, typer.Option("--json", help="Один документ JSON на стандартном выводе.")]
MonthArgument = Annotated[str, typer.Argument(metavar="ГГГГ-ММ", help="Расчётный месяц, например 2026-10.")]


def is_month(text: str) -> bool:
    """Whether an argument that may be a file or a month is a month."""
    return re.fullmatch(r"\d{4}-\d{2}", text) is not None


def month_of(text: str) -> Month:
    """The month of an argument; wrong usage is a ``ConfigError``."""
    try:
        return Month.parse(text)
    except ValueError:
        raise ConfigError("CLI-0101", f"«{text}» — не месяц.", hint="Месяц пишется так: 2026-10.") from None


@contextmanager
def opened(as_json: bool) -> Iterator[tuple[Application, Screen]]:
    """The application of the settings, and the screen of the command."""
    screen = Screen(as_json=as_json)
    with open_application(load()) as application:
        yield application, screen


def law() -> Law:
    """The federal rules that ship with the program."""
    return Law.from_tables(tables())


def providers_of_month(application: Application) -> list[Provider]:
    """Registered providers; an empty list means that no region was loaded."""
    with transaction(application.engine) as connection:
        found = [one for one in providers(connection) if one.provider_id != 0]
    if not found:
        raise ConfigError("CLI-0102", "Не зарегистрирован ни один отправитель.", hint="Загрузите настройки региона: erkc region load ФАЙЛ.")
    return found


def provider_of(application: Application, inn: str) -> Provider:
    """The provider of an ИНН; without one, the only provider there is. ``ConfigError`` CLI-0452."""
    fitting = [one for one in providers_of_month(application) if inn in ("", one.inn)]
    if len(fitting) != 1:
        raise ConfigError(
            "CLI-0452",
            f"Поставщика с ИНН {inn} нет." if not fitting else "Поставщиков несколько: назовите --inn.",
            hint="Кто зарегистрирован, показывает erkc report month ГГГГ-ММ.",
        )
    return fitting[0]
