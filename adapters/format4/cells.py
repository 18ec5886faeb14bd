"""One row of a section with its cells read by type, addressed by the codes of the field table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from adapters.format4.layout import Section
from adapters.format4.values import READERS
from core.errors import InvariantError

__all__ = ["Row", "RowReader"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number, raw cells, and values (None where a cell is empty or is not of its type)."""

    section: str
    number: int
    cells: Sequence[str]
    values: Sequence[object | None]
    places: Mapping[str, int]

    def raw(self, code: str) -> str:
        """The cell as it stands."""
        return self.cells[self.places[code]]

    def text(self, code: str) -> str:
        """A text, a key or a decimal as written; empty when not given."""
        return self.cells[self.places[code]]

    def key(self, code: str) -> str | None:
        """An identifier or a reference in its plain form."""
        value = self.values[self.places[code]]
        return value if isinstance(value, str) else None

    def number_of(self, code: str) -> int | None:
        """A whole number, a code, or a decimal scaled by the places of its type."""
        value = self.values[self.places[code]]
        return value if isinstance(value, int) else None

    def day(self, code: str) -> date | None:
        """A date."""
        value = self.values[self.places[code]]
        return value if isinstance(value, date) else None

    def moment(self, code: str) -> datetime | None:
        """A date and time."""
        value = self.values[self.places[code]]
        return value if isinstance(value, datetime) else None

    def yes(self, code: str) -> bool:
        """Whether a yes/no cell says yes (1)."""
        return self.values[self.places[code]] == 1

    def _missing(self, code: str) -> InvariantError:
        return InvariantError("F4-I01", f"Строка {self.section}/{self.number} принята без поля {code}.", section=self.section, field=code)

    def given_key(self, code: str) -> str:
        """A key that the checks have found there."""
        value = self.key(code)
        if value is None:
            raise self._missing(code)
        return value

    def given_number(self, code: str) -> int:
        """A number that the checks have found there."""
        value = self.number_of(code)
        if value is None:
            raise self._missing(code)
        return value

    def given_day(self, code: str) -> date:
        """A date that the checks have found there."""
        value = self.day(code)
        if value is None:
            raise self._missing(code)
        return value

    def given_moment(self, code: str) -> datetime:
        """A date and time that the checks have found there."""
        value = self.moment(code)
        if value is None:
            raise self._missing(code)
        return value


class RowReader:
    """Reads the cells of one section by the types of its fields."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self._readers = [READERS[field.type] for field in section.fields]
        self._absent = len(section.absent)
        codes = (*(field.code for field in section.fields), *section.absent)
        self._places = {code: place for place, code in enumerate(codes)}

    def row(self, number: int, cells: Sequence[str]) -> Row:
        """The row; its number of cells is the section's width."""
        values = [reader(cell) if cell else None for reader, cell in zip(self._readers, cells, strict=True)]
        if self._absent:
            values, cells = [*values, *[None] * self._absent], [*cells, *[""] * self._absent]
        return Row(self.section.code, number, cells, values, self._places)
