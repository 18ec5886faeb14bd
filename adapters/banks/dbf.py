"""DBF registries (dBase III): the profile names the fields, the container is read by its own header (:mod:`adapters.dbf`).

NUL bytes and ``*`` in numbers are missing or unreadable values of one record (dbfread raises for the file), and the code page is decided
by the text (the driver byte is often wrong).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.banks.profile import Profile
from adapters.banks.proof import Registry, Row, header_value, name_header
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from adapters.banks.text import detect_encoding
from adapters.dbf import DRIVERS, END_OF_FILE, DbfTable

__all__ = ["field_names", "parse_dbf"]


def field_names(data: bytes) -> frozenset[str]:
    """Upper-case names of the fields; none when the bytes are no DBF."""
    table = DbfTable.of(data)
    return frozenset(table.fields) if table is not None else frozenset()


def parse_dbf(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check one DBF."""
    table = DbfTable.of(data)
    header = name_header(profile, name)
    if table is None:
        return ParsedFile(name, profile.name, profile.encodings[0], "rejected", [{"code": "TRUNCATED"}])
    needed = [column.name for column in profile.columns if column.required]
    absent = [names for names in needed if not any(part.upper() in table.fields for part in names.split("|"))]
    agreed = DRIVERS.get(data[29], profile.encodings[0])
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
    if table.tail not in (b"", END_OF_FILE):
        warnings.append("TRAILING_GARBAGE")
    parsed = registry.result()
    if rows.padded:
        warnings.append("ACCOUNT_REPADDED")
    return parsed


@dataclass(slots=True)
class _Rows:
    """Texts of the records at the places of the profile's columns."""

    table: DbfTable
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
