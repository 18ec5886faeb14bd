"""Where the rows of an unload go: all of them, or in an increment those that the region has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from adapters.format4.layout import Layout
from adapters.format4.writer import ArchiveWriter, cells_of
from core.model.finding import Finding, Position
from erkc.rgis.sent import Sent

__all__ = ["Output"]

_ROWS_AT_ONCE = 1000


@dataclass(slots=True)
class Output:
    """Rows on their way into the archive, and what had to be left out."""

    layout: Layout
    writer: ArchiveWriter
    sent: Sent | None
    """None: a full unload."""
    findings: list[Finding] = field(default_factory=list)
    _waiting: dict[str, list[list[str]]] = field(default_factory=dict)

    def add(self, code: str, cells: list[str]) -> None:
        """One row; written with others of its section."""
        rows = self._waiting.setdefault(code, [])
        rows.append(cells)
        if len(rows) >= _ROWS_AT_ONCE:
            self._flush(code)

    def add_values(self, code: str, values: Mapping[str, object]) -> None:
        """One row by the codes of its fields."""
        self.add(code, cells_of(self.layout.sections[code], values))

    def write(self, code: str, rows: Sequence[list[str]]) -> Sequence[list[str]]:
        """Some rows at once; those that were really written."""
        kept = rows if self.sent is None else self.sent.news(self.layout.sections[code], rows)
        self.writer.add(code, kept)
        return kept

    def write_all(self, code: str, rows: Iterable[list[str]]) -> None:
        """A stream of rows."""
        stream = iter(rows)
        while batch := list(islice(stream, _ROWS_AT_ONCE)):
            self.write(code, batch)

    def finish(self) -> None:
        """What is still waiting."""
        for code in self._waiting:
            self._flush(code)

    def left_out(self, code: str, what: str, message: str, hint: str, count: int) -> None:
        """Say that something of the hub is not in the archive; nothing is left out in silence."""
        self.findings.append(
            Finding(Position(what), code, "warning", "left_out", value=str(count), message=message, hint=hint)
        )  # fmt: skip

    def _flush(self, code: str) -> None:
        rows = self._waiting[code]
        if rows:
            self.write(code, rows)
            self._waiting[code] = []
