"""A DBF (dBase III) as a container, read by its own header, byte for byte.

Read here and not by a library, because what the contract asks of a DBF is what libraries hide: exactly header length + count × record
length (senders leave junk after it), the physical number of a record beside deleted ones, NUL bytes, and a code page that the driver byte
names wrongly as often as not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["DRIVERS", "END_OF_FILE", "DbfTable"]

DRIVERS = {0x65: "cp866", 0x26: "cp866", 0xC9: "cp1251", 0x57: "cp1251"}
"""Code pages by the driver byte."""
END_OF_FILE = b"\x1a"
_VERSIONS = frozenset((0x03, 0x83, 0x8B, 0x30))
_HEAD, _FIELD, _END_OF_FIELDS = 32, 32, b"\r"
_DELETED = ord("*")


@dataclass(frozen=True, slots=True)
class DbfTable:
    """A DBF as its header describes it."""

    data: bytes
    fields: dict[str, tuple[int, int]]
    """Name → offset within a record and length."""
    start: int
    size: int
    declared: int
    days: frozenset[str] = frozenset()
    """Names of the fields of type D: eight digits that are a day."""

    @classmethod
    def of(cls, data: bytes) -> DbfTable | None:
        """The header, or None when there is no whole one."""
        if len(data) < _HEAD + 1 or data[0] not in _VERSIONS:
            return None
        start, size = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
        fields: dict[str, tuple[int, int]] = {}
        days: set[str] = set()
        at, offset = _HEAD, 1
        while at + 1 <= min(start, len(data)) and data[at : at + 1] != _END_OF_FIELDS:
            if at + _FIELD > len(data):
                return None
            name = data[at : at + 11].split(b"\0", 1)[0].decode("ascii", "replace").strip().upper()
            fields.setdefault(name, (offset, data[at + 16]))
            if data[at + 11 : at + 12] == b"D":
                days.add(name)
            offset += data[at + 16]
            at += _FIELD
        if not fields or offset > size or start <= at:
            return None
        return cls(data, fields, start, size, int.from_bytes(data[4:8], "little"), frozenset(days))

    @property
    def complete(self) -> int:
        """Records that are there as a whole."""
        return max(0, min(self.declared, (len(self.data) - self.start) // self.size))

    @property
    def body(self) -> bytes:
        """Bytes of all whole records."""
        return self.data[self.start : self.start + self.complete * self.size]

    @property
    def tail(self) -> bytes:
        """Bytes after the last declared record."""
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
