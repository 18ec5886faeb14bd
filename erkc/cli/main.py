"""The command ``erkc``: bare verbs for the main acts of a month, ``erkc <room> <verb>`` for the rooms.

Exit codes: 0 done (warnings too), 1 errors found in the data, 2 wrong usage or settings, 3 try later.
"""

from __future__ import annotations

import sys

import typer

from core.errors import ErkcError
from erkc.cli import banks, charges, database, demonstration, explaining, federal, intake, law, processes, review
from erkc.cli.screen import Screen

__all__ = ["application", "main"]

application = typer.Typer(
    name="erkc",
    help="Единый расчётно-кассовый центр: приём данных, начисления по ПП РФ № 354, единый платёжный документ, ГИС ЖКХ, платежи.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for room in (database, intake, charges, explaining, law, federal, banks, review, processes, demonstration):
    room.register(application)


def main() -> None:
    """Run the command line; a known error becomes a sentence, a hint and an exit code."""
    try:
        application()
    except ErkcError as error:
        Screen(as_json="--json" in sys.argv).error(error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
