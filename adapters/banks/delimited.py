"""Delimited registries, whatever the bank: the profile says the columns, this module finds the rows and the lines around them.

What may stand around the rows: a first line that names the registry, an agreed heading, ``#`` lines of meta data, a last line with sums.
In key:value rows only the first fields have places; the others name themselves, in any order and case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.banks.blocks import Fields, split_lines
from adapters.banks.profile import Profile
from adapters.banks.proof import Registry, Row, header_value, name_header
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from adapters.banks.text import TextFile, detect_encoding, open_text

__all__ = ["KEY_VALUE", "key_value_row", "meta_line", "parse_delimited"]

KEY_VALUE = 6
"""Fields of a key:value row that have places: bank, unit, operation id, cashier, amount, fee."""
_META = re.compile(r"#\s*(\S+)\s*(.*)")
_READING = re.compile(r"COUNTERVAL_(\d{1,9})")


def parse_delimited(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check one registry; see :class:`ParsedFile` for how its rows are got."""
    found = detect_encoding(data)
    agreed = profile.encodings[0]
    if found is None:
        return ParsedFile(name, profile.name, None, "rejected", [{"code": "ENCODING_UNDECODABLE", "expected": agreed}])
    encoding = found or agreed
    if encoding not in profile.encodings:
        error = {"code": "ENCODING_MISMATCH", "expected": agreed, "actual": encoding}
        return ParsedFile(name, profile.name, None, "rejected", [error])
    text = open_text(data, encoding)
    warnings = (["ENCODING_DIFFERS"] if encoding != agreed else []) + text.warnings()
    lines = _Lines(text, profile)
    registry = Registry(name, profile, known, encoding, warnings, lines.rows, blocks=lines.blocks)
    refusal = lines.read_around(registry)
    if refusal is not None:
        return registry.refused([refusal])
    parsed = registry.result()
    if parsed.totals is not None and _has_blank_line(text):
        warnings.append("BLANK_LINE")
    return parsed


@dataclass(slots=True)
class _Lines:
    """The lines of a decoded file: which of them are rows."""

    text: TextFile
    profile: Profile
    stop: int = 0

    def rows(self) -> Iterator[Row]:
        """Fields of the data rows, numbered from 1."""
        for block in self.blocks():
            for place, n in enumerate(block.numbers):
                yield n, block.row(place)

    def blocks(self) -> Iterator[Fields]:
        """The same rows, many at a time."""
        profile = self.profile
        meta, skips = bool(profile.meta), profile.first_line is not None or bool(profile.heading)
        n = 1
        for text in self.text.texts(stop=self.stop):
            if skips or meta or not text or text.startswith("\n") or text.endswith("\n") or "\n\n" in text:
                lines = text.split("\n")[int(skips) :]
                text = "\n".join(line for line in lines if line and not (meta and line.startswith("#")))
                skips = False
            if not text:
                continue
            if profile.layout == "keyvalue":
                rows = [key_value_row(line.split(profile.separator), profile) for line in text.split("\n")]
                block = Fields.of_rows(range(n, n + len(rows)), rows, profile.width)
            else:
                block = split_lines(text, profile.separator, profile.width, n)
            n += len(block.numbers)
            yield block

    def read_around(self, registry: Registry) -> Fact | None:
        """The lines around the rows: header and control, or what refuses the file."""
        self.stop = self.text.stop
        registry.header = name_header(self.profile, registry.name) or None
        refusal = self._read_first_line(registry)
        if refusal is None:
            self._read_meta(registry)
            refusal = self._read_trailer(registry)
        return refusal

    def _read_first_line(self, registry: Registry) -> Fact | None:
        line = next(self.text.lines(), "")
        if self.profile.heading and line != self.profile.heading:
            return {"code": "BAD_SIGNATURE", "expected": self.profile.heading}
        layout = self.profile.first_line
        if layout is None:
            return None
        mark = layout.mark + self.profile.separator
        if not line.startswith(mark):
            return {"code": "BAD_SIGNATURE", "expected": mark}
        fields = line.split(self.profile.separator)
        registry.header = {column.key: header_value(column, fields) for column in layout.columns}
        return None

    def _read_meta(self, registry: Registry) -> None:
        """``#KEY value`` lines; the first of a key counts, unknown ones are comments."""
        if not self.profile.meta:
            return
        said: dict[str, str] = {}
        for line in self.text.lines():
            if line.startswith("#") and (found := meta_line(line)):
                said.setdefault(*found)
        header: Fact = {}
        for word, column in self.profile.meta.items():
            if column.kind in ("count", "amount"):
                registry.declare(column.key, said.get(word, ""))
            else:
                header[column.key] = header_value(column, [said.get(word, "")])
        registry.header = header

    def _read_trailer(self, registry: Registry) -> Fact | None:
        """A line that begins like the trailer but is cut short is no trailer: part of its sums would go unproved."""
        layout = self.profile.trailer
        if layout is None:
            return None
        start, line, ended = self.text.last_line()
        items = line.removeprefix(layout.mark).split(self.profile.separator)
        if not line.startswith(layout.mark) or len(items) < layout.items:
            few = self.profile.layout == "delimited" and len(line.split(self.profile.separator)) < self.profile.fields
            return {"code": "TRUNCATED" if few or not ended else "MISSING_TRAILER"}
        self.stop = start
        for key, at in layout.control.items():
            registry.declare(key, items[at])
        if layout.header:
            registry.header = {column.key: header_value(column, items) for column in layout.header}
        return None


def meta_line(line: str) -> tuple[str, str] | None:
    """Word and value of a ``#`` line."""
    match = _META.fullmatch(line.rstrip())
    return (match[1], match[2]) if match else None


def key_value_row(fields: Sequence[str], profile: Profile) -> Sequence[str]:
    """A row with its named items put at the places of the profile's columns; a row too short for the placed fields stays as it is."""
    if len(fields) < KEY_VALUE:
        return fields
    named: dict[str, str] = {}
    readings = []
    for item in fields[KEY_VALUE:]:
        key, colon, value = item.partition(":")
        word = key.strip().upper()
        if not colon:
            named.setdefault("", item.strip())
        elif match := _READING.fullmatch(word):
            readings.append(f"{int(match[1])}={value.strip()}")
        else:
            named.setdefault(word, value.strip())
    placed = [f"{fields[0]}/{fields[1]}" if fields[0] or fields[1] else "", *fields[2:KEY_VALUE], named.get("", "")]
    words = [column.name.upper() for column in profile.columns[len(placed) :]]
    return [*placed, *(("\n".join(readings) if word == "COUNTERVAL" else named.get(word, "")) for word in words)]


def _has_blank_line(text: TextFile) -> bool:
    start, stop = text.start, text.last_line()[0]
    data = text.data
    inside = data.find(b"\n\n", start, stop) >= 0 or data.find(b"\n\r\n", start, stop) >= 0
    return inside or (stop > start and data.startswith((b"\n", b"\r\n"), start))
