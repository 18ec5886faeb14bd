"""The command ``erkc``: bare verbs for the main acts of a month, ``erkc <room> <verb>`` for the rooms.

Exit codes: 0 done (warnings too), 1 errors found in the data, 2 wrong usage or settings, 3 try later; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer

from core.errors import ConfigError, ErkcError, TransientError
from erkc.cli import (
    adapting,
    auditing,
    bank_days,
    banks,
    charges,
    comparing,
    conflicts,
    database,
    demonstration,
    duplicates,
    exchange,
    explaining,
    federal,
    history,
    intake,
    issuing,
    kept,
    law,
    onboarding,
    payments,
    processes,
    proving,
    readings,
    reporting,
    review,
    rgis,
    serving,
    settling,
    suspense,
    tables,
    town,
)
from erkc.cli.russian import UsageError, command_of, usage_sentence
from erkc.cli.screen import Screen
from erkc.failures import as_known

__all__ = ["application", "main"]

application = typer.Typer(
    name="erkc",
    help="Единый расчётно-кассовый центр: приём данных, начисления по ПП РФ № 354, единый платёжный документ, ГИС ЖКХ, платежи.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for room in (
    database, intake, history, charges, issuing, comparing, explaining, proving, law, federal, rgis,
    exchange, banks, bank_days, tables, suspense, payments, duplicates, conflicts, auditing, kept, readings, onboarding,
    reporting, review, settling, adapting, processes, serving, demonstration, town,
):  # fmt: skip
    room.register(application)

_STOPPED = 130


def main() -> None:
    """Run the command line; a known error becomes a sentence, a hint and an exit code."""
    sys.exit(_run(Screen(as_json="--json" in sys.argv)))


def _run(screen: Screen) -> int:
    try:
        result = command_of(application).main(prog_name="erkc", standalone_mode=False)
    except ErkcError as error:
        screen.error(error)
        return error.exit_code
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message(), err=True)
            return 2
        screen.error(ConfigError("CLI-0001", usage_sentence(error), hint=_help_hint(error)))
        return 2
    except (KeyboardInterrupt, typer.Abort):
        screen.error(TransientError("CLI-0002", "Прервано.", hint="Сделанное сохранено; повторите команду, она продолжит с этого места."))
        return _STOPPED
    except Exception as error:
        known = as_known(error)
        if known is None:
            raise
        screen.error(known)
        return known.exit_code
    return result if isinstance(result, int) else 0


def _help_hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"Справка: {context.command_path if context is not None else 'erkc'} --help"


if __name__ == "__main__":
    main()
