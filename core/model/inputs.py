"""Inputs of lines that differ in a few places only: one text with holes for all of them, filled when a line is stored or looked into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from core.ids import EntityId, RecordId

__all__ = ["RECORDS", "VALUE", "Brought", "InputsTemplate", "LikeInputs"]

VALUE, RECORDS = "\ue000", "\ue001"
"""Marks of the holes in the inputs that a template is made of: a value, and the only member of a list of records."""

_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class Brought:
    """What an account brings to a line of its own: arguments of the clause with their records, and further sources.

    Lines of several services by the same area share it.
    """

    __slots__ = ("account_id", "all_sources", "ratios", "records", "sources", "texts", "values")

    def __init__(
        self, account_id: EntityId, values: tuple[Fraction, ...], records: tuple[tuple[RecordId, ...], ...], sources: tuple[RecordId, ...]
    ) -> None:
        self.account_id = account_id
        self.values = values
        self.records = records
        self.sources = sources
        """Beside those of the arguments."""
        self.ratios = ratios = [value.as_integer_ratio() for value in values]
        if len(ratios) == 1:
            ((num, den),), (ids,) = ratios, records
            shown = str(num) if den == 1 else f"{num}/{den}"
            self.texts: tuple[str, ...] = (shown, str(ids[0]) if len(ids) == 1 else ", ".join(map(str, ids)))
            self.all_sources = {*sources, *ids}
            return
        self.texts = (
            *[str(num) if den == 1 else f"{num}/{den}" for num, den in ratios],
            *[", ".join(map(str, ids)) for ids in records],
        )
        """As they stand in the inputs: the values, then the records."""
        self.all_sources = {*sources, *(one for ids in records for one in ids)}


class InputsTemplate:
    """The text of inputs with holes: in each row of clauses first the values, then the records they came from."""

    __slots__ = ("_formats", "_rows", "_text", "symbols")

    def __init__(self, marked: Mapping[str, object], symbols: tuple[str, ...], rows: int) -> None:
        self.symbols = symbols
        """Arguments that lines bring of their own; the clauses are linear in them."""
        self._text = _json(marked).replace("%", "%%").replace(VALUE, "%s").replace(f'"{RECORDS}"', "%s")
        self._rows = rows
        self._formats: dict[object, str] = {}

    def format(self, key: object, begun: Callable[[str], str]) -> str:
        """A longer text with that of the inputs in it, made once for each key; ``begun`` makes it of the inputs with their holes."""
        found = self._formats.get(key)
        if found is None:
            found = self._formats[key] = begun(self._text)
        return found

    def numbers(self, brought: Brought) -> tuple[str, ...]:
        """What the holes are filled with."""
        return brought.texts if self._rows == 1 else brought.texts * self._rows

    def filled(self, brought: Brought) -> str:
        """JSON with the numbers and records of one line."""
        return self._text % self.numbers(brought)


class LikeInputs(Mapping[str, object]):
    """Inputs of one line by its template; what they hold is read from their own text."""

    __slots__ = ("_read", "brought", "template")

    def __init__(self, template: InputsTemplate, brought: Brought) -> None:
        self.template = template
        self.brought = brought
        self._read: dict[str, object] | None = None

    @property
    def text(self) -> str:
        """JSON, as it is stored."""
        return self.template.filled(self.brought)

    def _whole(self) -> dict[str, object]:
        if self._read is None:
            self._read = json.loads(self.text)
        return self._read

    def __getitem__(self, key: str) -> object:
        return self._whole()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())
