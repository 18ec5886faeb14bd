"""Statements 1CClientBankExchange: ``key=value`` lines in sections, one file for several settlement accounts.

What public importers get wrong is taken care of here: the value ends at the line, not at the second ``=``; the purpose is written whole and
in parts and must not be joined twice; a document number is no identity, so equal documents are several payments exactly when turnovers and
balance count them all; a file that is cut is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.banks.profile import Profile
from adapters.banks.purpose import find_identifiers, find_registries
from adapters.banks.result import Fact, KnownAccounts, ParsedFile, status_of
from adapters.banks.text import TextFile, detect_encoding, open_text
from adapters.banks.values import Unreadable, parse_amount, parse_date

__all__ = ["SIGNATURE", "parse_onec"]

SIGNATURE = "1CClientBankExchange"
_DECLARED = {"windows": "cp1251", "dos": "cp866", "utf-8": "utf-8", "utf8": "utf-8"}
_DATE = "ДД.ММ.ГГГГ"
_INN_BEFORE_NAME = re.compile(r"ИНН\s*\d*\s+", re.IGNORECASE)
_BALANCES = {
    "opening_kop": "НачальныйОстаток",
    "credit_kop": "ВсегоПоступило",
    "debit_kop": "ВсегоСписано",
    "closing_kop": "КонечныйОстаток",
}
_Section = dict[str, str]


def parse_onec(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check one statement; the encoding is agreed by the file itself."""
    found = detect_encoding(data)
    declared = _declared_encoding(data, found)
    agreed = _DECLARED.get((declared or "").lower(), "cp1251")
    if found is None:
        return ParsedFile(name, profile.name, None, "rejected", [{"code": "ENCODING_UNDECODABLE", "expected": agreed}])
    encoding = found or profile.encodings[0]
    if encoding not in profile.encodings:
        error = {"code": "ENCODING_MISMATCH", "expected": agreed, "actual": encoding}
        return ParsedFile(name, profile.name, None, "rejected", [error])
    text = open_text(data, encoding)
    warnings = (["ENCODING_DIFFERS"] if encoding != agreed and found else []) + text.warnings()
    statement = _Statement()
    refusal = statement.read(text)
    if statement.blank_line and refusal != _BAD_SIGNATURE:
        warnings.append("BLANK_LINE")
    return _result(name, profile, known, statement, refusal, encoding, warnings)


def _declared_encoding(data: bytes, found: str | None) -> str | None:
    """The word after ``Кодировка``, read in whatever encoding it makes sense in."""
    head = data[:4096]
    for encoding in (found,) if found else ("cp1251", "cp866", "utf-8", "koi8-r"):
        match = re.search(r"^Кодировка=(.*)$", head.decode(encoding, errors="ignore"), re.MULTILINE)
        if match:
            return match[1].strip()
    return None


_BAD_SIGNATURE: Fact = {"code": "BAD_SIGNATURE", "expected": SIGNATURE}


@dataclass(slots=True)
class _Statement:
    """The sections of a file as they stand."""

    head: _Section = field(default_factory=dict)
    accounts: list[_Section] = field(default_factory=list)
    documents: list[_Section] = field(default_factory=list)
    blank_line: bool = False

    def read(self, text: TextFile) -> Fact | None:
        """Gather the sections; a file error when the signature is missing or the file is cut."""
        lines = text.lines()
        if next(lines, "").strip() != SIGNATURE:
            return _BAD_SIGNATURE
        section, closing, ended, last_key, blank_before = self.head, "", False, "", False
        for line in lines:
            if not line.strip():
                blank_before = True
                continue
            self.blank_line, blank_before = self.blank_line or blank_before, False
            key, equals, value = line.partition("=")
            key = key.strip()
            if not closing and key == "КонецФайла":
                ended = True
            elif not closing and key in ("СекцияРасчСчет", "СекцияДокумент"):
                section = {"": value.strip()}
                closing = "КонецРасчСчет" if key == "СекцияРасчСчет" else "КонецДокумента"
            elif closing and key == closing:
                (self.accounts if closing == "КонецРасчСчет" else self.documents).append(section)
                section, closing = self.head, ""
            elif closing and key in ("СекцияРасчСчет", "СекцияДокумент", "КонецФайла"):
                return {"code": "TRUNCATED"}
            elif equals:
                last_key = key
                section.setdefault(key, value.strip())
            elif last_key in section:
                section[last_key] = f"{section[last_key]} {line.strip()}".strip()
        return None if ended and not closing else {"code": "TRUNCATED"}


def _result(
    name: str,
    profile: Profile,
    known: KnownAccounts,
    statement: _Statement,
    refusal: Fact | None,
    encoding: str,
    warnings: list[str],
) -> ParsedFile:
    def refused(errors: list[Fact], header: Fact | None = None, control: Fact | None = None, totals: Fact | None = None) -> ParsedFile:
        return ParsedFile(name, profile.name, encoding, "rejected", errors, warnings, header, control, totals)

    if refusal is not None and refusal["code"] == "BAD_SIGNATURE":
        return refused([refusal])
    header, balances = _header(statement), [_Balance.of(section) for section in statement.accounts]
    control = {"accounts": [balance.as_dict() for balance in balances]} if balances else None
    if refusal is not None:
        return refused([refusal], header, control)
    foreign = next((b.account for b in balances if known.is_foreign(b.account)), None)
    if foreign is not None:
        return refused([{"code": "FOREIGN_STATEMENT", "account": foreign}], header, control)
    own = [balance.account for balance in balances] or [account for account in [statement.head.get("РасчСчет")] if account]
    records, errors = [], []
    unreadable = []
    for n, section in enumerate(statement.documents, start=1):
        record, error = _record(section, n, own)
        records.append(record)
        if error is not None:
            errors.append(error)
            if record["amount_kop"] is None:
                unreadable.append(error)
    if unreadable:
        return refused(unreadable, header, control)
    totals = _totals(records)
    repeats = _repeats(records)
    mismatches = [error for balance in balances for error in balance.check(records)]
    if repeats and mismatches:
        counted = [record for record in records if record["n"] not in repeats]
        if not any(balance.check(counted) for balance in balances):
            mismatches = []
            errors += _mark_duplicates(records, repeats)
    elif repeats:
        warnings.append("EQUAL_RECORDS")
    if mismatches:
        return refused(mismatches, header, control, totals)
    if not records:
        warnings.append("EMPTY_REGISTRY")
    return ParsedFile(name, profile.name, encoding, status_of(errors, refused=False), errors, warnings, header, control, totals, records)


def _header(statement: _Statement) -> Fact:
    head = statement.head
    return {
        "version": head.get("ВерсияФормата") or None,
        "declared_encoding": head.get("Кодировка") or None,
        "date_from": _date_or_none(head.get("ДатаНачала", "")),
        "date_to": _date_or_none(head.get("ДатаКонца", "")),
        "accounts": [section.get("РасчСчет", "") for section in statement.accounts],
    }


@dataclass(frozen=True, slots=True)
class _Balance:
    """What a СекцияРасчСчет declares; a key in ``unreadable`` is written but is no sum."""

    account: str
    values: dict[str, int | None]
    unreadable: frozenset[str]

    @classmethod
    def of(cls, section: _Section) -> _Balance:
        values: dict[str, int | None] = {}
        unreadable = set()
        for key, word in _BALANCES.items():
            written = section.get(word, "")
            values[key] = _amount_or_none(written)
            if written and values[key] is None:
                unreadable.add(key)
        return cls(section.get("РасчСчет", ""), values, frozenset(unreadable))

    def as_dict(self) -> Fact:
        return {"account": self.account, **self.values}

    def check(self, records: Iterable[Fact]) -> list[Fact]:
        """Turnovers against the documents, and opening + in − out = closing."""
        found: list[Fact] = []
        turned = {"credit_kop": 0, "debit_kop": 0}
        for record in records:
            if record["own_account"] == self.account and record["direction"] is not None:
                turned["credit_kop" if record["direction"] == "in" else "debit_kop"] += record["amount_kop"]
        for key, computed in turned.items():
            declared = self.values[key]
            if key in self.unreadable or (declared is not None and declared != computed):
                found.append(
                    {"code": "CONTROL_SUM_MISMATCH", "account": self.account, "field": key, "declared": declared, "computed": computed}
                )
        credit, debit = ((turned[key] if self.values[key] is None else self.values[key]) or 0 for key in turned)
        opening, closing = self.values["opening_kop"], self.values["closing_kop"]
        expected = None if opening is None else opening + credit - debit
        unreadable = self.unreadable & {"opening_kop", "closing_kop"}
        if unreadable or (expected is not None and closing is not None and expected != closing):
            found.append({"code": "BALANCE_MISMATCH", "account": self.account, "declared": closing, "computed": expected})
        return found


def _record(section: _Section, n: int, own: list[str]) -> tuple[Fact, Fact | None]:
    payer, payee = section.get("ПлательщикСчет", ""), section.get("ПолучательСчет", "")
    direction = _direction(section, payer, payee, own)
    side = "Плательщик" if direction == "in" else "Получатель"
    problems: list[Fact] = []
    value_text = section.get("ДатаПоступило" if direction == "in" else "ДатаСписано", "")
    purpose = section.get("НазначениеПлатежа") or "".join(section.get(f"НазначениеПлатежа{i}", "") for i in range(1, 7))
    record: Fact = {
        "n": n,
        "kind": "statement_entry",
        "status": "accepted",
        "own_account": _own_account(direction, payer, payee, own),
        "direction": direction,
        "document_type": section[""] or None,
        "document_number": section.get("Номер") or None,
        "document_date": _read_date("document_date", section.get("Дата", ""), problems),
        "value_date": _read_date("value_date", value_text, problems),
        "amount_kop": None,
        "counterparty_name": section.get(f"{side}1") or _INN_BEFORE_NAME.sub("", section.get(side, ""), count=1) or None,
        "counterparty_inn": section.get(f"{side}ИНН") or None,
        "counterparty_account": (payer if direction == "in" else payee) or None,
        "purpose": purpose or None,
        "identifiers": find_identifiers(purpose),
        "registry_links": find_registries(purpose),
        "_bik": section.get(f"{side}БИК", ""),
    }
    written = section.get("Сумма", "")
    record["amount_kop"] = _amount_or_none(written)
    if not section.get("Дата"):
        problems.insert(0, {"code": "MISSING_FIELD", "n": n, "field": "document_date"})
    if record["amount_kop"] is None:
        code = "AMOUNT_FORMAT" if written else "MISSING_FIELD"
        amount: Fact = {"code": code, "field": "amount_kop"} | ({"value": written} if written else {})
        problems.insert(1 if problems and problems[0]["code"] == "MISSING_FIELD" else 0, amount)
    elif not problems and record["amount_kop"] <= 0:
        problems.append({"code": "NON_POSITIVE_AMOUNT"})
    if not problems:
        return record, None
    record["status"] = "rejected"
    return record, {**problems[0], "n": n}


def _direction(section: _Section, payer: str, payee: str, own: list[str]) -> str | None:
    """The filled one of two dates decides; both or none: the accounts."""
    received, written_off = bool(section.get("ДатаПоступило")), bool(section.get("ДатаСписано"))
    if received != written_off:
        return "in" if received else "out"
    if payee in own:
        return "in"
    return "out" if payer in own else None


def _own_account(direction: str | None, payer: str, payee: str, own: list[str]) -> str | None:
    if len(own) == 1:
        return own[0]
    candidate = payee if direction == "in" else payer
    return candidate if candidate in own else None


def _read_date(key: str, text: str, problems: list[Fact]) -> str | None:
    if not text:
        return None
    try:
        return parse_date(text, _DATE)
    except Unreadable:
        problems.append({"code": "INVALID_DATE", "field": key, "value": text})
        return None


def _date_or_none(text: str) -> str | None:
    return _read_date("", text, [])


def _amount_or_none(text: str) -> int | None:
    try:
        return parse_amount(text)[0]
    except Unreadable:
        return None


def _repeats(records: list[Fact]) -> dict[int, int]:
    """Documents equal to an earlier one in everything: number → number of the first."""
    first: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for record in records:
        if record["status"] != "accepted":
            continue
        content = repr([value for key, value in record.items() if key not in ("n", "status")])
        earlier = first.setdefault(content, record["n"])
        if earlier != record["n"]:
            repeats[record["n"]] = earlier
    return repeats


def _mark_duplicates(records: list[Fact], repeats: dict[int, int]) -> list[Fact]:
    for record in records:
        if record["n"] in repeats:
            record["status"] = "duplicate"
    return [{"code": "DUPLICATE_OPERATION_ID", "n": n, "first_n": first, "operation_id": None} for n, first in repeats.items()]


def _totals(records: list[Fact]) -> Fact:
    totals: Fact = {"count": len(records), "credit_count": 0, "credit_kop": 0, "debit_count": 0, "debit_kop": 0}
    for record in records:
        if record["direction"] is not None:
            side = "credit" if record["direction"] == "in" else "debit"
            totals[f"{side}_count"] += 1
            totals[f"{side}_kop"] += record["amount_kop"]
    return totals
