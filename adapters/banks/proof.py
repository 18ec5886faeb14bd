"""The proof of a registry, whatever container it came in: rows of texts → records, errors, sums against what the file declares.

A container (delimited text, DBF, sheet, XML, JSON) gives its rows as often as asked; they are read three times, so that memory does not
grow with them: identifiers (which operation ids come more than once), proof (sums, counts, errors), and the records, parsed again whenever
somebody asks for them. Only rows whose id is not unique are remembered; the rest of a registry is a set of 64-bit hashes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from adapters.banks.blocks import Block, BlockReader, Fields, in_blocks
from adapters.banks.profile import Column, Profile
from adapters.banks.result import Fact, KnownAccounts, ParsedFile, status_of
from adapters.banks.rows import MONEY_KEYS, RowReader
from adapters.banks.values import Unreadable, parse_amount, parse_count, parse_date, parse_month

__all__ = ["Registry", "Row", "header_value", "name_header"]

Row = tuple[int, Sequence[str]]
"""Number of a record within its file, and its texts at the places of the profile's columns."""


@dataclass(slots=True)
class Registry:
    """One registry on its way through the passes."""

    name: str
    profile: Profile
    known: KnownAccounts
    encoding: str | None
    warnings: list[str]
    rows: Callable[[], Iterator[Row]] = lambda: iter(())
    header: Fact | None = None
    control: Fact | None = None
    counts_itself: bool = True
    """Whether the declared count is one of the records read here; a DBF declares its physical records, deleted ones too."""
    repeated: frozenset[int] = frozenset()
    unreadable_control: list[str] = field(default_factory=list)
    blocks: Callable[[], Iterator[Fields]] | None = None
    """The same rows, many at a time, where the container has them so."""

    def refused(self, errors: list[Fact], totals: Fact | None = None) -> ParsedFile:
        """The file as a whole is not accepted."""
        return ParsedFile(
            self.name, self.profile.name, self.encoding, "rejected", errors, self.warnings, self.header, self.control, totals
        )  # fmt: skip

    def declare(self, key: str, text: str) -> None:
        """Put a declared count or sum (as written) into the control; what is written but unreadable refuses the file later."""
        self.control = self.control if self.control is not None else {}
        self.control[key] = None
        if not text:
            return
        try:
            self.control[key] = parse_count(text) if key == "count" else parse_amount(text)[0]
        except Unreadable:
            self.unreadable_control.append(key)

    def result(self) -> ParsedFile:
        """Whose account, then rows, then control."""
        account = (self.header or {}).get("payee_account")
        if account is not None and self.known.is_foreign(account):
            return self.refused([{"code": "FOREIGN_STATEMENT", "account": account}])
        self.repeated = self._repeated_ids()
        return self._prove()

    def _repeated_ids(self) -> frozenset[int]:
        """Hashes of the operation ids that more than one row names."""
        reader = BlockReader(self.profile, RowReader(self.profile))
        hashes = array("q")
        if reader.names_ids:
            for fields in self._blocks():
                hashes.extend(map(hash, reader.ids(fields)))
        ordered = np.sort(np.frombuffer(hashes, dtype=np.int64)) if hashes else np.empty(0, dtype=np.int64)
        return frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist())

    def _prove(self) -> ParsedFile:
        """Add the rows up, gather their errors, compare with what the file declares."""
        reader = RowReader(self.profile)
        keys = [key for key in MONEY_KEYS if key in self.profile.keys or (key == "transfer_kop" and reader.has_transfer)]
        totals: Fact = {"count": 0, **dict.fromkeys(keys, 0)}
        control = self.control or {}
        proved = [key for key in keys if control.get(key) is not None]
        errors: list[Fact] = []
        unprovable: list[Fact] = []
        equal = _EqualRows() if "operation_id" not in self.profile.keys and not self.profile.outgoing else None
        for numbers, block, others in self._pieces(reader):
            totals["count"] += len(numbers)
            for key in keys:
                totals[key] += 0 if block is None else block.sums(key)
            for record, error in others.values():
                for key in keys:
                    totals[key] += record[key] or 0
                if equal is not None and error is None:
                    equal.add(record)
                if error is not None:
                    errors.append(error)
                    if any(record[key] is None for key in proved):
                        unprovable.append(error)
        self.warnings += sorted(reader.warnings)
        if equal is not None and equal.found:
            self.warnings.append("EQUAL_RECORDS")
        if unprovable or (self.profile.outgoing and errors):
            return self.refused(errors if self.profile.outgoing else unprovable)
        mismatches = self._compare(totals)
        if mismatches:
            return self.refused(mismatches, totals)
        if totals["count"] == 0:
            self.warnings.append("EMPTY_REGISTRY")
        status = status_of(errors, refused=False)
        return ParsedFile(
            file=self.name,
            format=self.profile.name,
            encoding=self.encoding,
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
            if key == "count" and not self.counts_itself:
                continue
            if key in self.unreadable_control or (declared is not None and declared != totals[key]):
                code = "CONTROL_COUNT_MISMATCH" if key == "count" else "CONTROL_SUM_MISMATCH"
                found.append({"code": code, "field": key, "declared": declared, "computed": totals[key]})
        return found

    def records(self, reader: RowReader) -> Iterator[Fact]:
        """The records alone."""
        for numbers, block, others in self._pieces(reader):
            facts: list[Fact] = [{}] * len(numbers) if block is None else block.facts(numbers)
            for place, (record, _) in others.items():
                facts[place] = record
            yield from facts

    def _blocks(self) -> Iterator[Fields]:
        return in_blocks(self.rows(), self.profile.width) if self.blocks is None else self.blocks()

    def _pieces(self, reader: RowReader) -> Iterator[tuple[Sequence[int], Block | None, Mapping[int, tuple[Fact, Fact | None]]]]:
        """Numbers of some rows, their values in columns, and by place those that are read one by one, each with its error.

        Rows of an operation id that comes more than once are compared with those before them.
        """
        if self.profile.outgoing:
            for record, error in self._charges(reader):
                yield (record["n"],), None, {0: (record, error)}
            return
        history = _History(self.repeated)
        by_column = BlockReader(self.profile, reader)
        fit = by_column.is_fit and self.known.accounts is None
        for fields in self._blocks():
            block = by_column.read(fields) if fit else None
            places: Iterable[int] = range(len(fields.numbers))
            if block is not None:
                block.odd.update(place for place, one in enumerate(block.values["operation_id"]) if hash(one) in self.repeated)
                places = sorted(block.odd)
            others = {place: self._record(reader, history, fields.row(place), fields.numbers[place]) for place in places}
            yield fields.numbers, block, others

    def _record(self, reader: RowReader, history: _History, fields: Sequence[str], n: int) -> tuple[Fact, Fact | None]:
        """One row with its error."""
        record, error = reader.read(fields, n)
        if error is None or error["code"] in ("SPLIT_SUM_MISMATCH", "TRANSFER_MISMATCH"):
            error = history.check_sign(record) or error
        if error is None:
            error = history.check_repetition(record)
        if error is None and not self.known.knows(record):
            error = {"code": "UNKNOWN_ACCOUNT", "n": n, "account": record["account"]}
            record["status"] = "unmatched"
        history.remember(record)
        return record, error

    def _charges(self, reader: RowReader) -> Iterator[tuple[Fact, Fact | None]]:
        """Rows of an outgoing registry, all of them positive: one for each account, or for its charge and its penalty."""
        first: dict[tuple[str, str | None], int] = {}
        for n, fields in self.rows():
            record, error = reader.read(fields, n)
            if (error is None or error["code"] == "SPLIT_SUM_MISMATCH") and record["amount_kop"] <= 0:
                error = {"code": "NON_POSITIVE_AMOUNT", "n": n}
            key = (record["account"], record.get("purpose_type"))
            if error is None and first.setdefault(key, n) != n:
                error = {"code": "DUPLICATE_ACCOUNT", "n": n, "first_n": first[key], "account": record["account"]}
            if error is not None:
                record["status"] = "rejected"
            yield record, error


@dataclass(slots=True)
class _EqualRows:
    """Whether two records without an id say the same; both are real."""

    found: bool = False
    seen: set[int] = field(default_factory=set)

    def add(self, record: Fact) -> None:
        content = hash(repr(_content(record)))
        self.found = self.found or content in self.seen
        self.seen.add(content)


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
            original = self.earlier.get(record.get("operation_id") or "")
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

    registry: Registry

    def __iter__(self) -> Iterator[Fact]:
        return self.registry.records(RowReader(self.registry.profile))


def name_header(profile: Profile, name: str) -> Fact:
    """What the file name says by the profile's mask; nothing of it when the name is another, and nothing without a mask."""
    layout = profile.file_name
    if layout is None:
        return {}
    match = layout.mask.fullmatch(name)
    texts = ["" if match is None else match[column.key] for column in layout.columns]
    return {"original_name": name} | {column.key: header_value(column, [text]) for column, text in zip(layout.columns, texts, strict=True)}


def header_value(column: Column, fields: Sequence[str]) -> str | None:
    """A fact of the file as a whole; null when it is empty or unreadable."""
    text = fields[column.at] if column.at < len(fields) else ""
    if not text or column.kind == "text":
        return text or None
    try:
        return parse_month(text, column.pattern) if column.kind == "month" else parse_date(text, column.pattern)
    except Unreadable:
        return None
