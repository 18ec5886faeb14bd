"""Where the heading of a table is and what its columns mean: a proposal that a person looks at, and a mapping that was saved.

A heading may stand below a title, take several rows (an upper one over a group of columns) and be followed by a row of column numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.uk.tables.columns import Column, TableKind, heading_key, kinds
from adapters.uk.tables.grid import Grid
from core.errors import InputError

__all__ = ["Mapped", "Placed", "TableProfile", "place", "propose"]

_TITLE_ROWS, _DEEPEST = 40, 3


@dataclass(frozen=True, slots=True)
class TableProfile:
    """What a sender's tables of one kind look like: headings by our columns, and its names of services by the sender's keys."""

    kind: str
    columns: Mapping[str, str]
    """Heading (its key) by column."""
    services: Mapping[str, str] = field(default_factory=dict)
    """The sender's key of a service by the name in the table (its key)."""

    def to_json(self) -> str:
        """Stable text."""
        return json.dumps(
            {"kind": self.kind, "columns": dict(sorted(self.columns.items())), "services": dict(sorted(self.services.items()))},
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> TableProfile:
        """The profile of a text that :meth:`to_json` wrote."""
        data = json.loads(text)
        return cls(data["kind"], data["columns"], data["services"])


@dataclass(frozen=True, slots=True)
class Mapped:
    """One column of a table."""

    place: int
    heading: str
    """As it stands in the table."""
    column: Column | None
    """None: not taken."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A table whose heading is known."""

    kind: TableKind
    first_row: int
    """Place of the first row of data in the grid, from 0."""
    columns: tuple[Mapped, ...]

    @property
    def places(self) -> Mapping[str, int]:
        """Places by column."""
        return {one.column.code: one.place for one in self.columns if one.column is not None}

    @property
    def missing(self) -> tuple[Column, ...]:
        """Mandatory columns that the table has not."""
        return tuple(column for column in self.kind.columns if column.mandatory and column.code not in self.places)

    def profile(self) -> TableProfile:
        """The mapping as it may be saved."""
        return TableProfile(self.kind.code, {one.column.code: heading_key(one.heading) for one in self.columns if one.column is not None})


def propose(grid: Grid, kind: str | None = None) -> Placed:
    """The likeliest heading and meaning of the columns; ``InputError`` TBL-0102 when no kind fits."""
    if kind is not None and kind not in kinds():
        raise InputError("TBL-0103", f"Нет таблиц вида «{kind}».", hint=f"Есть: {', '.join(kinds())}.")
    chosen = [kinds()[kind]] if kind is not None else list(kinds().values())
    wanted = {one.code: {column.code: frozenset(column.headings) for column in one.columns} for one in chosen}
    found = [placed for one in chosen if (placed := _best(grid, one, wanted[one.code])) is not None]
    if not found:
        known = "; ".join(f"{one.code}: {', '.join(column.name for column in one.columns if column.mandatory)}" for one in chosen)
        raise InputError("TBL-0102", "Не понятно, что это за таблица: нет нужных заголовков.", hint=f"Обязательные столбцы: {known}.")
    return max(found, key=lambda placed: (len(placed.places), -len(placed.kind.columns)))


def place(grid: Grid, profile: TableProfile) -> Placed:
    """The heading of a table as a profile has it; ``InputError`` TBL-0104 names the headings that are not there."""
    kind = kinds()[profile.kind]
    wanted = {code: frozenset((heading,)) for code, heading in profile.columns.items()}
    found = _best(grid, kind, wanted, all_of=True)
    if found is None:
        absent = ", ".join(f"«{heading}»" for heading in profile.columns.values())
        raise InputError(
            "TBL-0104", f"Таблица не такая, как в профиле: нет заголовков {absent}.", hint="Сохраните профиль заново: erkc table save."
        )
    return found


def _best(grid: Grid, kind: TableKind, wanted: Mapping[str, frozenset[str]], *, all_of: bool = False) -> Placed | None:
    mandatory = {column.code for column in kind.columns if column.mandatory}
    best: tuple[int, Placed] | None = None
    for start in range(min(len(grid), _TITLE_ROWS)):
        for depth in range(1, _DEEPEST + 1):
            if start + depth > len(grid):
                break
            headings = _headings(grid[start : start + depth])
            columns = _mapped(headings, kind, wanted)
            codes = {one.column.code for one in columns if one.column is not None}
            if not mandatory <= codes or (all_of and not set(wanted) <= codes):
                continue
            score = len(codes) * 10 - depth
            if best is None or score > best[0]:
                best = (score, Placed(kind, _after_numbers(grid, start + depth), columns))
    return None if best is None else best[1]


def _headings(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Parts of the heading of each column, top to bottom; the upper parts reach over the empty cells to their right."""
    width = max(len(row) for row in rows)
    filled: list[list[str]] = []
    for depth, row in enumerate(rows):
        cells, last = [], ""
        for cell in [*row, *[""] * (width - len(row))]:
            last = cell or (last if depth < len(rows) - 1 else "")
            cells.append(last)
        filled.append(cells)
    columns = []
    for n in range(width):
        parts: list[str] = []
        for cells in filled:
            if cells[n] and (not parts or parts[-1] != cells[n]):
                parts.append(cells[n])
        columns.append(tuple(parts))
    return columns


def _mapped(headings: Sequence[tuple[str, ...]], kind: TableKind, wanted: Mapping[str, frozenset[str]]) -> tuple[Mapped, ...]:
    """Each heading to the column that knows it whole, else by its lowest part; a column is taken once, the first time."""
    by_code = {column.code: column for column in kind.columns}
    taken: dict[int, str] = {}
    for whole in (True, False):
        for n, parts in enumerate(headings):
            words = " ".join(parts) if whole else parts[-1] if len(parts) > 1 else ""
            key = heading_key(words)
            if not key or n in taken:
                continue
            code = next((code for code, known in wanted.items() if key in known and code not in taken.values()), None)
            if code is not None:
                taken[n] = code
    return tuple(Mapped(n, " ".join(parts), by_code[taken[n]] if n in taken else None) for n, parts in enumerate(headings))


def _after_numbers(grid: Grid, start: int) -> int:
    """The first row after one that only numbers the columns: 1, 2, 3 …"""
    if start < len(grid):
        cells = [cell for cell in grid[start] if cell]
        if len(cells) > 1 and cells == [str(n) for n in range(1, len(cells) + 1)]:
            return start + 1
    return start
