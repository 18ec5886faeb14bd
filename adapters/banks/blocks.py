"""Rows by the block: what :mod:`adapters.banks.rows` reads row by row, read column by column where rows are plain.

A row is plain when all of its values are readable and nothing about it needs other rows. What is not is named ``odd`` and left to the row
reader, so both together say the same as the row reader alone (``tests/property/test_read_in_blocks.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from operator import sub

from adapters.banks.profile import Column, Profile
from adapters.banks.result import Fact
from adapters.banks.rows import MONEY_KEYS, RowReader
from adapters.banks.values import Unreadable, parse_amount, parse_date, parse_month, parse_time

__all__ = ["Block", "BlockReader", "Fields", "in_blocks", "split_lines"]

_ROWS = 2000
_AMOUNTS = re.compile(r"(?:\d{1,15}\.\d\d\n)*", re.ASCII)
_KINDS = ("text", "date", "time", "month", "amount")
_REVERSES = "reverses_operation_id"


@dataclass(slots=True)
class Fields:
    """Texts of some rows, by place in the row; those of rows of another width stand apart, and are empty in the columns."""

    numbers: Sequence[int]
    """Of the records within their file."""
    columns: Sequence[Sequence[str]]
    others: Mapping[int, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of_rows(cls, numbers: Sequence[int], rows: Sequence[Sequence[str]], width: int) -> Fields:
        """Rows turned into columns."""
        others = {place: row for place, row in enumerate(rows) if len(row) != width}
        nothing = ("",) * width
        whole = [nothing if place in others else row for place, row in enumerate(rows)] if others else rows
        return cls(numbers, list(zip(*whole, strict=True)), others)

    def row(self, place: int) -> Sequence[str]:
        """One row as it stood."""
        return self.others[place] if place in self.others else [column[place] for column in self.columns]


def in_blocks(rows: Iterable[tuple[int, Sequence[str]]], width: int) -> Iterator[Fields]:
    """Rows of any container, some at a time."""
    stream = iter(rows)
    while some := list(islice(stream, _ROWS)):
        yield Fields.of_rows([n for n, _ in some], [fields for _, fields in some], width)


def split_lines(text: str, separator: str, width: int, first: int) -> Fields:
    """Lines that a line feed ends, as columns; ``first`` numbers the first of them.

    All is split at once, each line end being a field of its own: where these stand regularly, every line has the fields it must have.
    """
    count = text.count("\n") + 1
    numbers = range(first, first + count)
    flat = text.replace("\n", f"{separator}\n{separator}").split(separator)
    if len(flat) == count * (width + 1) - 1 and flat[width :: width + 1] == ["\n"] * (count - 1):
        return Fields(numbers, [flat[place :: width + 1] for place in range(width)])
    return Fields.of_rows(numbers, [line.split(separator) for line in text.split("\n")], width)


@dataclass(slots=True)
class Block:
    """Values of a block by key of the contract; at the places of ``odd`` rows they say nothing."""

    values: dict[str, Sequence[object]]
    odd: set[int]

    def sums(self, key: str) -> int:
        """Sum of the plain rows, kopecks."""
        values: Sequence[int] = self.values[key]  # type: ignore[assignment]  # a column of money
        return sum(values) - sum(values[place] for place in self.odd)

    def facts(self, numbers: Sequence[int]) -> list[Fact]:
        """The rows as records, odd ones with whatever stands there."""
        keys = ("n", "kind", "status", *self.values)
        rows = zip(numbers, repeat("payment"), repeat("accepted"), *self.values.values())  # repeat has no end
        return [dict(zip(keys, row, strict=True)) for row in rows]


class BlockReader:
    """Reads blocks of one profile; ``warnings`` of the row reader gathers what is odd about the values."""

    def __init__(self, profile: Profile, reader: RowReader) -> None:
        self._profile = profile
        self._reader = reader
        self._columns = {column.key: column for column in profile.columns}
        self._transfer = self._columns.get("transfer_kop")
        self._keys = [key for key in profile.keys if key != _REVERSES]
        if reader.has_transfer and "transfer_kop" not in self._keys:
            self._keys.append("transfer_kop")
        self._seen: dict[str, dict[str, str | None]] = {}

    @property
    def is_fit(self) -> bool:
        """Whether the profile's rows can be plain: each has an id, and every value stands in a column of its own."""
        profile = self._profile
        keys = [column.key for column in profile.columns]
        return (
            not profile.outgoing
            and len(keys) == len(set(keys))
            and not self._reader.derives
            and "operation_id" in self._columns
            and "amount_kop" in self._columns
            and all(column.kind in _KINDS and column.part < 0 and not column.split for column in profile.columns)
            and all(column.key in MONEY_KEYS for column in profile.columns if column.kind == "amount")
        )

    @property
    def names_ids(self) -> bool:
        """Whether rows name operations, their own or one that they take back."""
        return "operation_id" in self._columns or _REVERSES in self._columns

    def ids(self, fields: Fields) -> Iterator[str]:
        """The operation ids that whole rows name."""
        for key in ("operation_id", _REVERSES):
            if key in self._columns:
                yield from filter(None, fields.columns[self._columns[key].at])

    def read(self, fields: Fields) -> Block:
        """The values of some rows."""
        odd = set(fields.others)
        texts = fields.columns
        self._mark_other_kinds(texts, odd)
        values: dict[str, Sequence[object]] = {}
        for key in self._keys:
            column = self._columns.get(key)
            if column is not None and key != "transfer_kop":
                values[key] = self._values(column, texts[column.at], odd)
            else:
                values[key] = ()  # its place; what it is follows below
        amounts: Sequence[int] = values["amount_kop"]  # type: ignore[assignment]  # a column of money
        if min(amounts) <= 0:
            odd.update(place for place, amount in enumerate(amounts) if amount <= 0)
        if self._reader.has_transfer:
            values["transfer_kop"] = self._transfers(texts, amounts, values.get("commission_kop"), odd)
        return Block(values, odd)

    def _mark_other_kinds(self, texts: Sequence[Sequence[str]], odd: set[int]) -> None:
        """Rows that take a payment back, and those that do not say that they are payments."""
        profile = self._profile
        if profile.storno_mark:
            column = texts[profile.storno_at]
            if profile.storno_mark in column:
                odd.update(place for place, text in enumerate(column) if text == profile.storno_mark)
        if profile.payment_mark:
            column = texts[profile.storno_at]
            odd.update(place for place, text in enumerate(column) if text != profile.payment_mark)

    def _values(self, column: Column, texts: Sequence[str], odd: set[int]) -> Sequence[object]:
        if column.required and not all(texts):
            odd.update(place for place, text in enumerate(texts) if not text)
        if column.kind == "text":
            return self._texts(column, texts)
        if column.kind == "amount":
            return self._amounts(texts, odd, empty=0)
        return self._days(column, texts, odd)

    def _texts(self, column: Column, texts: Sequence[str]) -> Sequence[object]:
        if column.key == "account" and self._profile.account_substitution:
            for written, meant in self._profile.account_substitution.items():
                texts = [text.replace(written, meant) for text in texts]
        if column.values:
            return [column.values.get(text) or None for text in texts]
        return texts if all(texts) else [text or None for text in texts]

    def _days(self, column: Column, texts: Sequence[str], odd: set[int]) -> Sequence[object]:
        """Dates, times and months: few different ones stand in a file."""
        seen = self._seen.setdefault(column.key, {"": None})
        if len(seen) > 10 * _ROWS:
            seen.clear()
            seen[""] = None
        new = set(texts) - seen.keys()
        parse = _PARSERS[column.kind]
        unreadable = set()
        for text in new:
            try:
                seen[text] = parse(text, column.pattern)
            except Unreadable:
                if column.kind == "time":
                    seen[text] = None
                else:
                    unreadable.add(text)
        if unreadable:
            odd.update(place for place, text in enumerate(texts) if text in unreadable)
            return [seen.get(text) for text in texts]
        return [seen[text] for text in texts]

    def _amounts(self, texts: Sequence[str], odd: set[int], *, empty: int) -> list[int]:
        """Kopecks; 0 where the row is odd."""
        joined = "\n".join(texts) + "\n"
        if _AMOUNTS.fullmatch(joined):
            found = list(map(int, joined.replace(".", "").split()))
            if len(found) == len(texts):
                return found
        found = []
        for place, text in enumerate(texts):
            try:
                amount, local = parse_amount(text, comma_is_local=not self._profile.decimal_comma) if text else (empty, False)
            except Unreadable:
                odd.add(place)
                amount, local = 0, False
            if local:
                self._reader.warnings.add("AMOUNT_LOCALE")
            found.append(amount)
        return found

    def _transfers(
        self, texts: Sequence[Sequence[str]], amounts: Sequence[int], fees: Sequence[object] | None, odd: set[int]
    ) -> Sequence[int]:
        """As the rows say them, else by the fee model; a row that says another than amount less fee is odd."""
        less_fee: list[int] = list(amounts) if fees is None else list(map(sub, amounts, fees))
        by_model = less_fee if self._profile.fee_model == "kept" else list(amounts)
        if self._transfer is None:
            return by_model
        written = texts[self._transfer.at]
        said = self._amounts(written, odd, empty=0)
        if not all(written):
            said = [amount if text else model for text, amount, model in zip(written, said, by_model, strict=True)]
        if fees is not None and said != less_fee:
            for place, (text, one, other) in enumerate(zip(written, said, less_fee, strict=True)):
                if text and one != other:
                    odd.add(place)
        return said


_PARSERS: dict[str, Callable[[str, str], str]] = {"date": parse_date, "time": parse_time, "month": parse_month}
