"""Delimited registries of payments, whatever the bank: the profile says the columns, this module reads and proves the file.

Three passes over the bytes, in blocks, so that memory does not grow with the rows: identifiers (which operation ids come more than once),
proof (sums, counts, errors), and the records themselves, parsed again whenever somebody asks for them. Only rows whose id is not unique are
remembered; the rest of the file is a set of 64-bit hashes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from adapters.banks.profile import Column, Profile
from adapters.banks.result import Fact, KnownAccounts, ParsedFile, status_of
from adapters.banks.rows import MONEY_KEYS, RowReader
from adapters.banks.text import TextFile, detect_encoding, open_text
from adapters.banks.values import Unreadable, parse_amount, parse_count, parse_date, parse_month

__all__ = ["parse_delimited"]


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
    return _Registry(name, text, profile, known, warnings).result()


@dataclass(slots=True)
class _Registry:
    """One decoded registry on its way through the passes."""

    name: str
    text: TextFile
    profile: Profile
    known: KnownAccounts
    warnings: list[str]
    header: Fact | None = None
    control: Fact | None = None
    stop: int = 0
    repeated: frozenset[int] = frozenset()
    unreadable_control: list[str] = field(default_factory=list)

    def result(self) -> ParsedFile:
        """All checks in the order of the contract: signature, trailer, whose account, rows, control."""
        self.stop = self.text.stop
        refusal = self._read_first_line() or self._read_trailer()
        if refusal is not None:
            return self._refused([refusal])
        account = (self.header or {}).get("payee_account")
        if account is not None and self.known.is_foreign(account):
            return self._refused([{"code": "FOREIGN_STATEMENT", "account": account}])
        self.repeated = self._repeated_ids()
        return self._prove()

    def _refused(self, errors: list[Fact], totals: Fact | None = None) -> ParsedFile:
        return ParsedFile(
            self.name, self.profile.name, self.text.encoding, "rejected", errors, self.warnings, self.header, self.control, totals
        )  # fmt: skip

    def _read_first_line(self) -> Fact | None:
        layout = self.profile.first_line
        if layout is None:
            return None
        mark = layout.mark + self.profile.separator
        line = next(self.text.lines(), "")
        if not line.startswith(mark):
            return {"code": "BAD_SIGNATURE", "expected": mark}
        fields = line.split(self.profile.separator)
        self.header = {column.key: _header_value(column, fields) for column in layout.columns}
        return None

    def _read_trailer(self) -> Fact | None:
        """A line that begins like the trailer but is cut short is no trailer: part of its sums would go unproved."""
        layout = self.profile.trailer
        if layout is None:
            return None
        start, line, ended = self.text.last_line()
        items = line.removeprefix(layout.mark).split(self.profile.separator)
        if not line.startswith(layout.mark) or len(items) < layout.items:
            cut = not ended or len(line.split(self.profile.separator)) < self.profile.fields
            return {"code": "TRUNCATED" if cut else "MISSING_TRAILER"}
        self.stop = start
        self.control = {key: self._declared(key, items[at]) for key, at in layout.control.items()}
        if layout.header:
            self.header = {column.key: _header_value(column, items) for column in layout.header}
        return None

    def _declared(self, key: str, text: str) -> int | None:
        if not text:
            return None
        try:
            return parse_count(text) if key == "count" else parse_amount(text)[0]
        except Unreadable:
            self.unreadable_control.append(key)
            return None

    def _rows(self) -> Iterator[list[str]]:
        """Fields of the data rows."""
        lines = self.text.lines(stop=self.stop)
        if self.profile.first_line is not None:
            next(lines, None)
        separator = self.profile.separator
        for line in lines:
            if line:
                yield line.split(separator)

    def _repeated_ids(self) -> frozenset[int]:
        """Hashes of the operation ids that more than one row names."""
        places = [c.at for c in self.profile.columns if c.key in ("operation_id", "reverses_operation_id")]
        hashes = array("q")
        for fields in self._rows():
            if len(fields) == self.profile.fields:
                hashes.extend(hash(fields[at]) for at in places if fields[at])
        ordered = np.sort(np.frombuffer(hashes, dtype=np.int64)) if hashes else np.empty(0, dtype=np.int64)
        return frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist())

    def _has_blank_line(self) -> bool:
        start, stop = self.text.start, self.text.last_line()[0]
        data = self.text.data
        inside = data.find(b"\n\n", start, stop) >= 0 or data.find(b"\n\r\n", start, stop) >= 0
        return inside or (stop > start and data.startswith((b"\n", b"\r\n"), start))

    def _prove(self) -> ParsedFile:
        """Add the rows up, gather their errors, compare with what the file declares."""
        reader = RowReader(self.profile)
        keys = [key for key in MONEY_KEYS if key in self.profile.keys or (key == "transfer_kop" and reader.has_transfer)]
        totals: Fact = {"count": 0, **dict.fromkeys(keys, 0)}
        control = self.control or {}
        proved = [key for key in keys if control.get(key) is not None]
        errors: list[Fact] = []
        unprovable: list[Fact] = []
        for record, error in self._records(reader):
            totals["count"] += 1
            for key in keys:
                totals[key] += record[key] or 0
            if error is not None:
                errors.append(error)
                if any(record[key] is None for key in proved):
                    unprovable.append(error)
        self.warnings += sorted(reader.warnings)
        if self._has_blank_line():
            self.warnings.append("BLANK_LINE")
        if unprovable:
            return self._refused(unprovable)
        mismatches = self._compare(totals)
        if mismatches:
            return self._refused(mismatches, totals)
        if totals["count"] == 0:
            self.warnings.append("EMPTY_REGISTRY")
        status = status_of(errors, refused=False)
        return ParsedFile(
            file=self.name,
            format=self.profile.name,
            encoding=self.text.encoding,
            status=status,
            errors=errors,
            warnings=self.warnings,
            header=self.header,
            control=self.control,
            totals=totals,
            records=_Records(self),
        )

    def _compare(self, totals: Fact) -> list[Fact]:
        found = []
        for key, declared in (self.control or {}).items():
            if key in self.unreadable_control or (declared is not None and declared != totals[key]):
                code = "CONTROL_COUNT_MISMATCH" if key == "count" else "CONTROL_SUM_MISMATCH"
                found.append({"code": code, "field": key, "declared": declared, "computed": totals[key]})
        return found

    def _records(self, reader: RowReader) -> Iterator[tuple[Fact, Fact | None]]:
        """Every record with its error; rows of one operation id are compared with those before them."""
        history = _History(self.repeated)
        for n, fields in enumerate(self._rows(), start=1):
            record, error = reader.read(fields, n)
            if error is None or error["code"] == "TRANSFER_MISMATCH":
                error = history.check_sign(record) or error
            if error is None:
                error = history.check_repetition(record)
            if error is None and not self.known.knows(record):
                error = {"code": "UNKNOWN_ACCOUNT", "n": n, "account": record["account"]}
                record["status"] = "unmatched"
            history.remember(record)
            yield record, error


@dataclass(slots=True)
class _Earlier:
    """What is remembered of a row whose operation id another row names."""

    n: int
    content: Fact
    account: str | None
    rest: int
    """What may still be taken back; 0 when the row is no accepted payment."""


@dataclass(slots=True)
class _History:
    """Rows whose ids are not unique, by id."""

    repeated: frozenset[int]
    earlier: dict[str, _Earlier] = field(default_factory=dict)

    def check_sign(self, record: Fact) -> Fact | None:
        """Positive, or a storno of an earlier payment of the same account that has enough left (contract, section 5)."""
        amount = record["amount_kop"]
        if record["kind"] == "payment" and amount < 0:
            original = self.earlier.get(record["operation_id"])
            if original is not None and original.account == record["account"] and original.content["amount_kop"] == -amount:
                record["kind"], record["reverses_operation_id"] = "storno", record["operation_id"]
        if record["kind"] == "storno":
            original = self.earlier.get(record["reverses_operation_id"] or "")
            if amount < 0 and original is not None and original.account == record["account"] and original.rest >= -amount:
                return None
        elif amount > 0:
            return None
        record["status"] = "rejected"
        return {"code": "NON_POSITIVE_AMOUNT", "n": record["n"]}

    def check_repetition(self, record: Fact) -> Fact | None:
        """The same id again: equal content is a duplicate, other content a conflict."""
        operation = record.get("operation_id")
        first = self.earlier.get(operation) if operation is not None else None
        if first is None or record.get("reverses_operation_id") == operation:
            return None
        same = _content(record) == first.content
        record["status"] = "duplicate" if same else "conflict"
        code = "DUPLICATE_OPERATION_ID" if same else "OPERATION_ID_CONFLICT"
        return {"code": code, "n": record["n"], "first_n": first.n, "operation_id": operation}

    def remember(self, record: Fact) -> None:
        """Keep the first row of an id that comes again; an accepted storno lowers what is left of its original."""
        operation = record.get("operation_id")
        if record["kind"] == "storno" and record["status"] in ("accepted", "unmatched"):
            self.earlier[record["reverses_operation_id"]].rest += record["amount_kop"]
        if operation is None or hash(operation) not in self.repeated or operation in self.earlier:
            return
        good = record["kind"] == "payment" and record["status"] in ("accepted", "unmatched")
        self.earlier[operation] = _Earlier(record["n"], _content(record), record["account"], record["amount_kop"] if good else 0)


def _content(record: Fact) -> Fact:
    return {key: value for key, value in record.items() if key not in ("n", "status")}


@dataclass(frozen=True, slots=True)
class _Records:
    """Records of a proved registry, read anew by each iteration."""

    registry: _Registry

    def __iter__(self) -> Iterator[Fact]:
        for record, _ in self.registry._records(RowReader(self.registry.profile)):
            yield record


def _header_value(column: Column, fields: list[str]) -> str | None:
    text = fields[column.at] if column.at < len(fields) else ""
    if not text or column.kind == "text":
        return text or None
    try:
        return parse_month(text, column.pattern) if column.kind == "month" else parse_date(text, column.pattern)
    except Unreadable:
        return None
