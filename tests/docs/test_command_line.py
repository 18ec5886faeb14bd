"""Every command and option has Russian help, stands in ``docs/cli.md`` (made from the program) and, as a command, in a README."""

from __future__ import annotations

import re

import pytest

from tests.docs.command_line import PAGE, Command, commands, reference
from tests.docs.error_codes import ROOT

READMES = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md", "docs/operations.md"))
EXPLAINED_BY_THEIR_NAME = {"file", "files", "account"}
"""Arguments whose Russian name says it all (ФАЙЛ, ФАЙЛ…, СЧЁТ)."""
COMMANDS = dict(commands())


def is_russian(text: str | None) -> bool:
    return bool(text and re.search(r"[а-яё]{3}", text))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_russian_and_complete(name: str) -> None:
    command: Command = COMMANDS[name]
    assert is_russian(command.help)
    for parameter in command.params:
        if parameter.name != "help" and parameter.name not in EXPLAINED_BY_THEIR_NAME:
            assert is_russian(parameter.help), parameter.name


def test_the_page_is_what_the_program_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "выполните .venv/bin/python -m tests.docs.command_line"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_where_people_look(name: str) -> None:
    assert name in READMES or f"make {name.removeprefix('erkc ')}" in READMES


def test_no_command_is_named_that_does_not_exist() -> None:
    """A command line in a page begins with a real command; what follows it is an option of that command."""
    pages = [ROOT / "README.md", ROOT / "README.ru.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for line in _command_lines(page.read_text(encoding="utf-8")):
            if re.fullmatch(r"erkc( КОМАНДА)? --help", line):
                continue
            name = max((name for name in COMMANDS if f"{line} ".startswith(f"{name} ")), key=len, default=None)
            assert name is not None, f"{page.name}: {line}"
            known = {option for parameter in COMMANDS[name].params for option in parameter.opts} | {"--help"}
            used = set(re.findall(r"(?<!\S)--[a-z-]+", line))
            assert used <= known, f"{page.name}: {line}"


def _command_lines(text: str) -> list[str]:
    """Indented or ``$`` lines that call the program, and inline code that does, without comments."""
    found = re.findall(r"^(?: {4}|\$ )(?:\S+=\S+ )*(?:\.venv/bin/)?(erkc [^#\n>|]+)", text, re.M)
    found += re.findall(r"`(?:\.venv/bin/)?(erkc [a-z][^`]*)`", text)
    return [line.strip() for line in found]
