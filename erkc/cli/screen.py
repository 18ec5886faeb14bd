"""What a command shows: text, tables and progress for people on the terminal, or exactly one JSON document for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from core.errors import ErkcError
from core.money import readable_roubles

__all__ = ["Screen", "roubles"]

_FILE_WIDTH = 160
"""Columns where there is no terminal to ask: a file or a pipe."""


def roubles(kopecks: int) -> str:
    """An amount as people read it: ``1 906,32``."""
    return readable_roubles(kopecks)


class Screen:
    """Output of one command. In JSON mode everything but :meth:`document` is silent."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(highlight=False, soft_wrap=False, quiet=as_json)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, soft_wrap=False, quiet=as_json, width=_FILE_WIDTH)
        self._errors = Console(stderr=True, highlight=False)

    def say(self, text: str = "", *, style: str | None = None) -> None:
        """One line for people."""
        self.console.print(text, style=style, markup=False)

    def heading(self, text: str) -> None:
        """A step of a longer work."""
        self.console.print(text, style="bold", markup=False)

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", numbers: frozenset[int] = frozenset()
    ) -> None:
        """A table under its title, which may be wider; columns in ``numbers`` are set to the right."""
        if title:
            self.console.print(Text(title, style="italic"))
        table = Table(header_style="bold")
        for i, column in enumerate(columns):
            table.add_column(column, justify="right" if i in numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.console.print(table)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """A progress bar; the value given is called with done and total. Off a terminal one line says that the step is done."""
        if self.as_json:
            yield lambda done, of: None
            return
        columns = (TextColumn("  {task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=not self.console.is_terminal) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)

    def document(self, value: object) -> None:
        """The result for machines: one JSON document on standard output."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")

    def error(self, error: ErkcError) -> None:
        """What went wrong, and what to do next."""
        if self.as_json:
            self.document(error.as_dict())
            return
        self._errors.print(f"Ошибка {error.code}: {error.message}", style="bold red", markup=False)
        if error.hint:
            self._errors.print(f"Что делать: {error.hint}", markup=False)
