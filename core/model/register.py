"""A register for accountants as a value: columns, and for each provider a stream of rows with totals that must equal the ledger.

Whoever shows a register (screen, spreadsheet, JSON) reads the rows of a part to their end and then its totals; nothing is kept in memory
but one row and the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.errors import InvariantError
from core.money import format_roubles
from core.period import Month

__all__ = ["Cell", "Column", "Kind", "Register", "RegisterPart"]

Kind = Literal["text", "money", "count", "date", "id"]
"""``money`` is whole kopecks; ``id`` is for machines only: JSON has it, paper and screen do not."""
Cell = object
"""A text, a whole number, a date or None, as the kind of the column says."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; columns of one ``group`` stand under a common heading."""

    key: str
    title: str
    kind: Kind
    group: str = ""
    width: int = 14
    """Characters."""
    on_screen: bool = True
    """Whether it is among the few that fit a terminal."""
    summed: bool = True
    """Of a number: whether the sum of rows means anything."""

    @property
    def is_total(self) -> bool:
        """Whether the column has a total."""
        return self.summed and self.kind in ("money", "count")


@dataclass(slots=True)
class RegisterPart:
    """What a register says of one provider."""

    inn: str
    name: str
    columns: Sequence[Column]
    source: Iterable[Sequence[Cell]]
    control: Mapping[str, int] = field(default_factory=dict)
    """By column (or columns together, ``debt+advance``), what the ledger itself says, asked apart from the rows."""
    totals: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def rows(self) -> Iterator[Sequence[Cell]]:
        """The rows, once; at their end the totals stand and have been compared with the ledger (``InvariantError`` REP-0203)."""
        places = [place for place, column in enumerate(self.columns) if column.is_total]
        sums = [0] * len(places)
        for row in self.source:
            for number, place in enumerate(places):
                value = row[place]
                if isinstance(value, int):
                    sums[number] += value
            self.count += 1
            yield row
        self.totals = {self.columns[place].key: amount for place, amount in zip(places, sums, strict=True)}
        for key, expected in self.control.items():
            found = sum(self.totals[name] for name in key.split("+"))
            if found != expected:
                title = " + ".join(f"{column.group} {column.title}".strip() for column in self.columns if column.key in key.split("+"))
                raise InvariantError(
                    "REP-0203",
                    f"Ведомость не сходится с книгой: «{title}» {format_roubles(found)}, в книге {format_roubles(expected)}.",
                    hint="Выполните erkc verify и сообщите разработчику.",
                    column=key,
                )


@dataclass(slots=True)
class Register:
    """A register of a month: its parts are read one after another, each to its end before the next."""

    name: str
    """``turnover``, ``charges``, ``payments``, ``ageing``, ``residents``."""
    title: str
    month: Month
    by: tuple[str, ...]
    columns: tuple[Column, ...]
    parts: Iterable[RegisterPart]
    note: str = ""
    """One line under the title: what the sums are."""
