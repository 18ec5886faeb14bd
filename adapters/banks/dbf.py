"""DBF registries (dBase III): the profile names the fields, the container is read by its own header, byte for byte.

Read here and not by a library, because what the contract asks of a DBF is what libraries hide: exactly header length + count × record
length (banks leave junk after it), the physical number of a record beside deleted ones, NUL bytes and ``*`` in numbers as missing or
unreadable values of one record (dbfread raises for the file), and a code page decided by the text (the driver byte is often wrong).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.banks.profile import Profile
from adapters.banks.proof import Registry, Row, header_value, name_header
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from adapters.banks.text import detect_encoding

__all__ = ["field_names", "parse_dbf"]

_DRIVERS = {0x65: "cp866", 0x26: "cp866", 0xC9: "cp1251", 0x57: "cp1251"}
_VERSIONS = frozenset((0x03, 0x83, 0x8B, 0x30))
_HEAD, _FIELD, _END_OF_FIELDS, _END_OF_FILE = 32, 32, b"\r", b"\x1a"
_DELETED = ord("*")


@dataclass(frozen=True, slots=True)
class _Table:
    """A DBF as its header describes it."""

    data: bytes
    fields: dict[str, tuple[int, int]]
    """Name → offset within a record and length."""
    start: int
    size: int
    declared: int

    @classmethod
    def of(cls, data: bytes) -> _Table | None:
        """The header, or None when there is no whole one."""
        if len(data) < _HEAD + 1 or data[0] not in _VERSIONS:
            return None
        start, size = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
        fields: dict[str, tuple[int, int]] = {}
        at, offset = _HEAD, 1
        while at + 1 <= min(start, len(data)) and data[at : at + 1] != _END_OF_FIELDS:
            if at + _FIELD > len(data):
                return None
            name = data[at : at + 11].split(b"\0", 1)[0].decode("ascii", "replace").strip().upper()
            fields.setdefault(name, (offset, data[at + 16]))
            offset += data[at + 16]
            at += _FIELD
        if not fields or offset > size or start <= at:
            return None
        return cls(data, fields, start, size, int.from_bytes(data[4:8], "little"))

    @property
    def complete(self) -> int:
        """Records that are there as a whole."""
        return max(0, min(self.declared, (len(self.data) - self.start) // self.size))

    @property
    def body(self) -> bytes:
        return self.data[self.start : self.start + self.complete * self.size]

    @property
    def tail(self) -> bytes:
        return self.data[self.start + self.declared * self.size :]

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Physical number and bytes of the records that are not deleted."""
        for n in range(self.complete):
            at = self.start + n * self.size
            if self.data[at] != _DELETED:
                yield n + 1, self.data[at : at + self.size]

    def text(self, record: bytes, name: str, encoding: str) -> str:
        """A value without its padding; NUL bytes are no value."""
        place = self.fields.get(name.upper())
        if place is None:
            return ""
        offset, length = place
        return record[offset : offset + length].replace(b"\0", b" ").decode(encoding, "replace").strip(" ")


def field_names(data: bytes) -> frozenset[str]:
    """Upper-case names of the fields; none when the bytes are no DBF."""
    table = _Table.of(data)
    return frozenset(table.fields) if table is not None else frozenset()


def parse_dbf(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check one DBF."""
    table = _Table.of(data)
    header = name_header(profile, name)
    if table is None:
        return ParsedFile(name, profile.name, profile.encodings[0], "rejected", [{"code": "TRUNCATED"}])
    needed = [column.name for column in profile.columns if column.required]
    absent = [names for names in needed if not any(part.upper() in table.fields for part in names.split("|"))]
    agreed = _DRIVERS.get(data[29], profile.encodings[0])
    if absent:
        return ParsedFile(name, profile.name, agreed, "rejected", [{"code": "BAD_SIGNATURE", "expected": absent[0]}])
    found = detect_encoding(table.body.replace(b"\0", b" "))
    if found is None:
        return ParsedFile(name, profile.name, None, "rejected", [{"code": "ENCODING_UNDECODABLE", "expected": agreed}])
    encoding = found or agreed
    if encoding not in profile.encodings:
        error = {"code": "ENCODING_MISMATCH", "expected": agreed, "actual": encoding}
        return ParsedFile(name, profile.name, None, "rejected", [error])
    warnings = ["ENCODING_DIFFERS"] if encoding != agreed else []
    first = next(table.records(), None)
    for field, column in profile.header_names.items():
        text = table.text(first[1], field, encoding) if first is not None else ""
        header[column.key] = header_value(column, [text])
    rows = _Rows(table, profile, encoding, known.account_pad if profile.pads_account else None)
    registry = Registry(name, profile, known, encoding, warnings, rows, header or None, {"count": table.declared}, counts_itself=False)
    if table.complete < table.declared:
        return registry.refused([{"code": "TRUNCATED"}])
    if sum(1 for _ in table.records()) < table.declared:
        warnings.append("DELETED_RECORD")
    if table.tail not in (b"", _END_OF_FILE):
        warnings.append("TRAILING_GARBAGE")
    parsed = registry.result()
    if rows.padded:
        warnings.append("ACCOUNT_REPADDED")
    return parsed


@dataclass(slots=True)
class _Rows:
    """Texts of the records at the places of the profile's columns."""

    table: _Table
    profile: Profile
    encoding: str
    pad: int | None
    padded: bool = False

    def __call__(self) -> Iterator[Row]:
        for n, record in self.table.records():
            yield n, [self._text(record, column.key, column.name, first=column.first) for column in self.profile.columns]

    def _text(self, record: bytes, key: str, names: str, *, first: bool) -> str:
        texts: Fact = {name: self.table.text(record, name, self.encoding) for name in names.split("|")}
        filled = [text for text in texts.values() if text]
        value = (filled[0] if filled else "") if first else " ".join(filled)
        if key == "account" and self.pad is not None and value.isascii() and value.isdigit() and len(value) < self.pad:
            self.padded = True
            return value.zfill(self.pad)
        return value
