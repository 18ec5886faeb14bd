"""The proof of an XML statement: entries of one or several accounts against the turnovers, counts and balances that the file declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.banks.profile import Profile
from adapters.banks.result import Fact, KnownAccounts, ParsedFile, status_of
from adapters.banks.values import Unreadable, parse_count

__all__ = ["AccountControl", "Statement", "check_account", "mark_repetitions", "prove"]

_SUMS = {"credit_kop": "in", "debit_kop": "out"}
_COUNTS = {"count": None, "credit_count": "in", "debit_count": "out"}


@dataclass(slots=True)
class AccountControl:
    """What the file declares about one account; a key in ``unreadable`` is written but is no sum or count."""

    account: str
    values: dict[str, int | None] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    entries: list[Fact] = field(default_factory=list)
    """Records of this account's statement."""
    sign_is_open: bool = False
    """The closing balance is marked as debit, which some banks write always."""

    def count(self, key: str, text: str | None) -> None:
        """Put a declared number of entries."""
        self.values[key] = None
        if text:
            try:
                self.values[key] = parse_count(text)
            except Unreadable:
                self.unreadable.add(key)

    def as_dict(self) -> Fact:
        """The account in the control of the contract."""
        return {"account": self.account, **self.values}


def check_account(control: AccountControl, warnings: list[str]) -> list[Fact]:
    """What does not hold: counts, turnovers, and opening + credits − debits = closing."""
    found: list[Fact] = []
    for key, side in _COUNTS.items():
        declared = control.values.get(key)
        computed = sum(1 for entry in control.entries if side is None or entry["direction"] == side)
        if key in control.unreadable or (declared is not None and declared != computed):
            found.append(
                {"code": "CONTROL_COUNT_MISMATCH", "account": control.account, "field": key, "declared": declared, "computed": computed}
            )
    turned = {key: sum(e["amount_kop"] for e in control.entries if e["direction"] == side) for key, side in _SUMS.items()}
    for key, computed in turned.items():
        declared = control.values[key]
        if key in control.unreadable or (declared is not None and declared != computed):
            found.append(
                {"code": "CONTROL_SUM_MISMATCH", "account": control.account, "field": key, "declared": declared, "computed": computed}
            )
    credit, debit = ((turned[key] if control.values[key] is None else control.values[key]) or 0 for key in _SUMS)
    opening, closing = control.values["opening_kop"], control.values["closing_kop"]
    expected = None if opening is None else opening + credit - debit
    if expected is not None and closing is not None and expected == -closing != closing and control.sign_is_open:
        warnings.append("BALANCE_SIGN_IGNORED")
        return found
    if control.unreadable & {"opening_kop", "closing_kop"} or (expected is not None and closing is not None and expected != closing):
        found.append({"code": "BALANCE_MISMATCH", "account": control.account, "declared": closing, "computed": expected})
    return found


def mark_repetitions(records: Sequence[Fact]) -> list[Fact]:
    """Entries whose id came before: equal content is a duplicate, other content a conflict."""
    first: dict[str, Fact] = {}
    errors: list[Fact] = []
    for record in records:
        operation = record["operation_id"]
        earlier = first.setdefault(operation, record) if operation is not None else record
        if earlier is record or record["status"] != "accepted":
            continue
        same = _content(earlier) == _content(record)
        record["status"] = "duplicate" if same else "conflict"
        code = "DUPLICATE_OPERATION_ID" if same else "OPERATION_ID_CONFLICT"
        errors.append({"code": code, "n": record["n"], "first_n": earlier["n"], "operation_id": operation})
    return errors


def _content(record: Fact) -> Fact:
    return {key: value for key, value in record.items() if key not in ("n", "status")}


def statement_totals(records: Sequence[Fact]) -> Fact:
    """Counts and sums by direction over all records."""
    totals: Fact = {"count": len(records), "credit_count": 0, "credit_kop": 0, "debit_count": 0, "debit_kop": 0}
    for record in records:
        if record["direction"] is not None:
            side = "credit" if record["direction"] == "in" else "debit"
            totals[f"{side}_count"] += 1
            totals[f"{side}_kop"] += record["amount_kop"] or 0
    return totals


@dataclass(slots=True)
class Statement:
    """One statement, read: what :func:`prove` decides about."""

    name: str
    profile: Profile
    encoding: str | None
    header: Fact
    controls: list[AccountControl]
    records: list[Fact]
    errors: list[Fact]
    warnings: list[str] = field(default_factory=list)
    is_part: bool = False
    """A part of a statement: turnovers and balances are those of the whole and prove nothing here."""


def prove(statement: Statement, known: KnownAccounts) -> ParsedFile:
    """Whose account, unreadable sums, repetitions, controls; see the contract, sections 2 and 5."""
    control = {"accounts": [item.as_dict() for item in statement.controls]}
    warnings = statement.warnings

    def refused(errors: list[Fact], totals: Fact | None = None) -> ParsedFile:
        return ParsedFile(
            statement.name, statement.profile.name, statement.encoding, "rejected", errors, warnings, statement.header, control, totals
        )  # fmt: skip

    foreign = next((item.account for item in statement.controls if known.is_foreign(item.account)), None)
    if foreign is not None:
        return refused([{"code": "FOREIGN_STATEMENT", "account": foreign}])
    unreadable = {record["n"] for record in statement.records if record["amount_kop"] is None}
    if unreadable:
        return refused([error for error in statement.errors if error["n"] in unreadable])
    errors = sorted([*statement.errors, *mark_repetitions(statement.records)], key=lambda error: error["n"])
    totals = statement_totals(statement.records)
    if statement.is_part:
        warnings.append("PART_OF_STATEMENT")
    else:
        mismatches = [error for item in statement.controls for error in check_account(item, warnings)]
        if mismatches:
            return refused(mismatches, totals)
    if not statement.records:
        warnings.append("EMPTY_REGISTRY")
    status = status_of(errors, refused=False)
    return ParsedFile(
        statement.name,
        statement.profile.name,
        statement.encoding,
        status,
        errors,
        warnings,
        statement.header,
        control,
        totals,
        statement.records,
    )
