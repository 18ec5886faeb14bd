"""One row of a delimited registry: fields → values by the profile's columns, with the first thing that is wrong with it.

The order of errors is that of the contract's section 5, one at most for a record; an unreadable value is null and the rest stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.banks.profile import Column, Profile
from adapters.banks.result import Fact
from adapters.banks.values import Unreadable, parse_amount, parse_date, parse_month, parse_time

__all__ = ["MONEY_KEYS", "RowReader"]

MONEY_KEYS = ("amount_kop", "commission_kop", "transfer_kop")
_REVERSES = "reverses_operation_id"
_RANKS = {"MISSING_FIELD": 1, "AMOUNT_FORMAT": 2, "INVALID_DATE": 3, "INVALID_PERIOD": 4}
_MISSING_ORDER = ("operation_id", "operation_date", "account", "amount_kop")


class RowReader:
    """Reads rows of one profile; ``warnings`` gathers what is odd about them."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._fixed = tuple(column for column in profile.columns if column.key not in ("transfer_kop", _REVERSES))
        self._kinds: dict[str, Callable[[Column, str, Fact], Fact | None]] = {
            "text": self._text, "date": self._date, "time": self._time, "month": self._month, "amount": self._amount,
        }  # fmt: skip
        by_key = {column.key: column for column in profile.columns}
        self._transfer = by_key.get("transfer_kop")
        self._reverses = by_key.get(_REVERSES)
        self.has_fee = "commission_kop" in by_key
        self.has_transfer = self._transfer is not None or self.has_fee
        self.warnings: set[str] = set()
        self._order = {key: place for place, key in enumerate(_MISSING_ORDER)}
        self._empty: Fact = dict.fromkeys(key for key in profile.keys if key != _REVERSES)
        if self.has_transfer:
            self._empty["transfer_kop"] = None

    def read(self, fields: Sequence[str], n: int) -> tuple[Fact, Fact | None]:
        """The record and its error (without what needs other records), or None."""
        storno = bool(self._profile.storno_mark) and fields[0] == self._profile.storno_mark
        record: Fact = {"n": n, "kind": "storno" if storno else "payment", "status": "accepted", **self._empty}
        if len(fields) != self._profile.fields:
            record["status"] = "rejected"
            return record, {"code": "FIELD_COUNT", "n": n, "expected": self._profile.fields, "actual": len(fields)}
        if storno and self._reverses is not None:
            record[_REVERSES] = fields[self._reverses.at] or None
        problems: list[Fact] = []
        for column in self._fixed:
            text = fields[column.at]
            if not text and column.required:
                problems.append({"code": "MISSING_FIELD", "field": column.key})
            elif problem := self._kinds[column.kind](column, text, record):
                problems.append(problem)
        problem = self._read_transfer(fields, record)
        if problem is not None:
            problems.append(problem)
        if not problems:
            return record, None
        record["status"] = "rejected"
        first = min(problems, key=lambda item: (_RANKS.get(item["code"], 9), self._order.get(item.get("field", ""), 9)))
        return record, {**first, "n": n}

    def _text(self, column: Column, text: str, record: Fact) -> None:
        if column.key == "account":
            for written, meant in self._profile.account_substitution.items():
                text = text.replace(written, meant)
        record[column.key] = text or None

    def _date(self, column: Column, text: str, record: Fact) -> Fact | None:
        if column.split:
            text, _, time = text.partition(column.split)
            record[column.key.removesuffix("_date") + "_time"] = _time_or_none(time, column.time)
        if not text:
            return None
        try:
            record[column.key] = parse_date(text, column.pattern)
        except Unreadable:
            return {"code": "INVALID_DATE", "field": column.key, "value": text}
        return None

    def _time(self, column: Column, text: str, record: Fact) -> None:
        record[column.key] = _time_or_none(text, column.pattern)

    def _month(self, column: Column, text: str, record: Fact) -> Fact | None:
        if not text:
            return None
        try:
            record[column.key] = parse_month(text, column.pattern)
        except Unreadable:
            return {"code": "INVALID_PERIOD", "value": text}
        return None

    def _amount(self, column: Column, text: str, record: Fact) -> Fact | None:
        if not text:
            record[column.key] = 0 if column.key == "commission_kop" else None
            return None
        try:
            record[column.key], local = parse_amount(text)
        except Unreadable:
            return {"code": "AMOUNT_FORMAT", "field": column.key, "value": text}
        if local:
            self.warnings.add("AMOUNT_LOCALE")
        return None

    def _read_transfer(self, fields: Sequence[str], record: Fact) -> Fact | None:
        """The transfer as the file says it, else by the fee model: what the agent keeps is not transferred (bank-formats 14.1)."""
        column = self._transfer
        amount, fee = record["amount_kop"], record.get("commission_kop", 0)
        net = None if amount is None or fee is None else amount - (fee if self._profile.fee_model == "kept" else 0)
        if column is None or not fields[column.at]:
            if self.has_transfer:
                record["transfer_kop"] = net
            return None
        problem = self._amount(column, fields[column.at], record)
        if problem is None and self.has_fee and None not in (amount, fee) and record["transfer_kop"] != amount - fee:
            return {"code": "TRANSFER_MISMATCH", "declared": record["transfer_kop"], "computed": amount - fee}
        return problem


def _time_or_none(text: str, pattern: str) -> str | None:
    try:
        return parse_time(text, pattern) if text else None
    except Unreadable:
        return None
