"""One row of a delimited registry: fields → values by the profile's columns, with the first thing that is wrong with it.

The order of errors is that of the contract's section 5, one at most for a record; an unreadable value is null and the rest stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.banks.profile import Column, Profile
from adapters.banks.purpose import find_identifiers
from adapters.banks.result import Fact
from adapters.banks.values import Unreadable, parse_amount, parse_date, parse_month, parse_time

__all__ = ["MONEY_KEYS", "RowReader"]

MONEY_KEYS = ("amount_kop", "commission_kop", "transfer_kop")
_REVERSES = "reverses_operation_id"
_SPLIT_KEYS = ("charge_kop", "penalty_kop", "_charge_kop", "_penalty_kop")
_RANKS = {"MISSING_FIELD": 1, "AMOUNT_FORMAT": 2, "INVALID_DATE": 3, "INVALID_PERIOD": 4, "SPLIT_SUM_MISMATCH": 5, "TRANSFER_MISMATCH": 6}
_MISSING_ORDER = ("operation_id", "operation_date", "account", "amount_kop")


class RowReader:
    """Reads rows of one profile; ``warnings`` gathers what is odd about them."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._fixed = tuple(column for column in profile.columns if column.key not in ("transfer_kop", _REVERSES))
        self._kinds: dict[str, Callable[[Column, str, Fact], Fact | None]] = {
            "text": self._text, "date": self._date, "time": self._time, "month": self._month, "amount": self._amount,
            "readings": self._readings,
        }  # fmt: skip
        by_key = {column.key: column for column in profile.columns}
        self._transfer = by_key.get("transfer_kop")
        self._reverses = by_key.get(_REVERSES)
        self.has_fee = "commission_kop" in by_key
        self.has_transfer = self._transfer is not None or self.has_fee
        self.warnings: set[str] = set()
        self.derives = profile.storno_is_positive or bool(profile.from_purpose) or any(key in by_key for key in _SPLIT_KEYS)
        self._parts: dict[int, int] = {}
        for column in profile.columns:
            if column.part >= 0:
                self._parts[column.at] = max(self._parts.get(column.at, 0), column.part)
        self._order = {key: place for place, key in enumerate(_MISSING_ORDER)}
        self._empty: Fact = dict.fromkeys(key for key in profile.keys if key != _REVERSES)
        if self.has_transfer:
            self._empty["transfer_kop"] = None

    def read(self, fields: Sequence[str], n: int) -> tuple[Fact, Fact | None]:
        """The record and its error (without what needs other records), or None."""
        profile = self._profile
        at = profile.storno_at
        storno = bool(profile.storno_mark) and at < len(fields) and fields[at] == profile.storno_mark
        kind = "charge" if profile.outgoing else "storno" if storno else "payment"
        record: Fact = {"n": n, "kind": kind, "status": "accepted", **self._empty}
        if len(fields) != profile.width:
            record["status"] = "rejected"
            return record, {"code": "FIELD_COUNT", "n": n, "expected": profile.fields or profile.width, "actual": len(fields)}
        if storno and self._reverses is not None:
            record[_REVERSES] = fields[self._reverses.at] or None
        problems: list[Fact] = []
        if profile.payment_mark and not storno and fields[at] != profile.payment_mark:
            problems.append({"code": "MISSING_FIELD", "field": "kind"})
        has_parts = bool(self._parts)
        for column in self._fixed:
            text = fields[column.at]
            if has_parts and column.part >= 0:
                parts = text.split(column.split, self._parts[column.at])
                text = parts[column.part] if column.part < len(parts) else ""
            if not text and column.required:
                problems.append({"code": "MISSING_FIELD", "field": column.key})
            elif problem := self._kinds[column.kind](column, text, record):
                problems.append(problem)
        if self.derives:
            problems += self._derive(record, storno=storno, unread={problem.get("field") for problem in problems})
        problem = self._read_transfer(fields, record)
        if problem is not None:
            problems.append(problem)
        if not problems:
            return record, None
        record["status"] = "rejected"
        first = min(problems, key=lambda item: (_RANKS.get(item["code"], 9), self._order.get(item.get("field", ""), 9)))
        return record, {**first, "n": n}

    def _derive(self, record: Fact, *, storno: bool, unread: set[str | None]) -> list[Fact]:
        """What the profile says follows from other values: the sign of a storno, an amount that is a sum, an account in the purpose."""
        profile, problems = self._profile, []
        if storno and profile.storno_is_positive and record["amount_kop"] is not None:
            record["amount_kop"] = -record["amount_kop"]
        parts = [record[key] for key in _SPLIT_KEYS if key in record]
        if profile.amount_is_sum:
            record["amount_kop"] = None if unread & set(_SPLIT_KEYS) else sum(part or 0 for part in parts)
        elif parts and record["amount_kop"] is not None and any(part is not None for part in parts):
            split = sum(part or 0 for part in parts)
            if split != record["amount_kop"]:
                problems.append({"code": "SPLIT_SUM_MISMATCH", "declared": record["amount_kop"], "computed": split})
        if profile.from_purpose:
            found = find_identifiers(record.get("purpose") or record.get("_purpose") or "")
            record.update({key: found.get(key) for key in profile.from_purpose})
            if "account" in profile.from_purpose and not found.get("account"):
                problems.append({"code": "MISSING_FIELD", "field": "account"})
        return problems

    def _text(self, column: Column, text: str, record: Fact) -> None:
        if column.key == "account":
            for written, meant in self._profile.account_substitution.items():
                text = text.replace(written, meant)
        record[column.key] = (column.values.get(text) if column.values else text) or None

    def _readings(self, column: Column, text: str, record: Fact) -> None:
        pairs = (line.partition("=") for line in text.splitlines())
        record[column.key] = [{"number": int(number), "value": value.replace(",", ".")} for number, _, value in pairs]

    def _date(self, column: Column, text: str, record: Fact) -> Fact | None:
        if column.split and column.part < 0:
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
            record[column.key], local = parse_amount(text, comma_is_local=not self._profile.decimal_comma)
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
