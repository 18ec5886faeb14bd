"""The command line's own words in Russian: headings, the help option, and what is said of a wrong call.

The library builds its texts in a formatter, a translation function and its usage errors; each is given Russian words here, once.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

import typer
import typer.core
from typer.main import get_command

__all__ = ["UsageError", "command_of", "usage_sentence"]

_CONTEXT: Any = typer.Context.__mro__[1]
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""Every wrong call is one of these."""

_WORDS = {
    "Options": "Параметры",
    "Commands": "Команды",
    "Arguments": "Что указать",
    "required": "обязательно",
    "default: {default}": "по умолчанию: {default}",
}
_TYPES = re.compile(r" ?<(?:str|int|float|path|bool)>|(?<=\S) <choice>")
"""Types of values as the library names them beside an argument: the help says in words what is meant."""
_PATTERNS = (
    (re.compile(r"No such command '(.+)'\.?"), "Нет команды «{0}»."),
    (re.compile(r"No such option: (\S+)"), "Нет параметра {0}."),
    (re.compile(r"Missing (?:argument|option|parameter) '?([^'.]+)'?\.?"), "Не указано: {0}."),
    (re.compile(r"Missing command\."), "Не указана команда."),
    (re.compile(r"Got unexpected extra argument\(?s?\)? \((.+)\)"), "Лишнее: {0}."),
    (re.compile(r"Option '(.+)' requires an argument\.?"), "Параметру {0} нужно значение."),
    (re.compile(r"Invalid value for '(.+)': (.+)"), "Неверное значение {0}: {1}"),
)


class _RussianFormatter(_CONTEXT.formatter_class):  # type: ignore[misc]  # the library's formatter, found through its public context
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        words = args.replace("[OPTIONS]", "[ПАРАМЕТРЫ]").replace("COMMAND [ARGS]...", "КОМАНДА …")
        super().write_usage(prog, words, "Вызов: " if prefix is None else prefix)

    def write_dl(self, rows: Any, *args: Any, **named: Any) -> None:
        super().write_dl([(_TYPES.sub("", first), second) for first, second in rows], *args, **named)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_WORDS.get(heading, heading))


@cache
def command_of(application: typer.Typer) -> typer.core.TyperGroup:
    """The application as a command whose words are Russian. Built once: it is hundreds of options, half a second of work."""
    _CONTEXT.formatter_class = _RussianFormatter
    typer.core._ = lambda message: _WORDS.get(message, message)  # type: ignore[attr-defined]  # the library's translation function
    command = get_command(application)
    assert isinstance(command, typer.core.TyperGroup)
    _translate_help(command)
    return command


def _translate_help(command: typer.core.TyperCommand | typer.core.TyperGroup) -> None:
    option = command.get_help_option(typer.Context(command))
    if option is not None:
        option.help = "Показать эту справку."
    for child in getattr(command, "commands", {}).values():
        _translate_help(child)


def usage_sentence(error: Exception) -> str:
    """What is wrong with a call, in Russian."""
    said = error.format_message() if hasattr(error, "format_message") else str(error)
    for pattern, sentence in _PATTERNS:
        match = pattern.search(said)
        if match:
            return sentence.format(*match.groups())
    return f"Неверный вызов: {said}"
