"""``docs/cli.md`` written from the program itself: ``python -m tests.docs.command_line`` writes it, a test compares it.

The words are the program's own help, so they are Russian; what is missing there is missing here, and the test says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from erkc.cli.main import application

__all__ = ["PAGE", "commands", "reference"]

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"

_HEAD = """\
# Команды

Эта страница сделана самой программой: `.venv/bin/python -m tests.docs.command_line`. Тест сверяет её с командами.

У каждой команды, которая показывает результат, есть `--json`: один документ JSON на стандартном выводе, и ничего кроме него.

| код возврата | значение |
| --- | --- |
| 0 | сделано (предупреждения — тоже 0) |
| 1 | в данных есть ошибки, расхождения или нарушенный инвариант |
| 2 | неверный вызов или настройки |
| 3 | работа не окончена: повторите позже |
| 130 | прервано с клавиатуры; сделанное сохранено |
"""

Command = Any  # typer carries its own copy of click, whose classes it does not export


def commands() -> Iterator[tuple[str, Command]]:
    """Every command that does something, with its full name, in the order of ``--help``."""
    yield from _below("erkc", typer.main.get_command(application))


def _below(name: str, command: Command) -> Iterator[tuple[str, Command]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    if command.invoke_without_command:
        yield name, command
    usual = getattr(command, "usual", None)  # the command that is meant where none is named
    for word, inner in command.commands.items():
        yield from _below(name if word == usual else f"{name} {word}", inner)


def reference() -> str:
    """The page."""
    return _HEAD + "".join(_section(name, command) for name, command in commands())


def _section(name: str, command: Command) -> str:
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    options = [parameter for parameter in parameters if parameter.param_type_name == "option"]
    usage = " ".join([name, *(_metavar(argument) for argument in arguments), *(["[КЛЮЧИ]"] if options else [])])
    text = f"\n## `{name}`\n\n{command.help}\n\n    {usage}\n"
    rows = [f"| `{_metavar(argument)}` | {argument.help or ''} |" for argument in arguments if argument.help]
    rows += [f"| `{', '.join(option.opts)}{_value(option)}` | {option.help or ''}{_default(option)} |" for option in options]
    if rows:
        text += "\n| аргумент или ключ | значение |\n| --- | --- |\n" + "\n".join(rows) + "\n"
    return text


def _metavar(argument: Command) -> str:
    return str(argument.metavar or argument.name.upper())


def _value(option: Command) -> str:
    return "" if option.is_flag else f" {option.metavar or option.name.upper()}"


def _default(option: Command) -> str:
    return "" if option.is_flag or option.default in (None, "", ()) else f" По умолчанию `{option.default}`."


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
