"""Reconciliation over files, without a database: one statement against registries, as one scenario of the bank samples' contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.banks.detect import parse_file
from adapters.banks.profile import Profile
from adapters.banks.purpose import normal_identifier
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from core.errors import InputError
from core.payments.reconcile import LineFact, RegistryFact, RegistryLink, reconcile

__all__ = ["RegistryFile", "reconcile_files"]

_STATES = {"accepted": "posted", "unmatched": "suspense", "rejected": "refused", "duplicate": "repeated", "conflict": "disputed"}


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """A registry with the profile of its contract, which says who pays the fee."""

    name: str
    data: bytes
    profile: Profile


def reconcile_files(
    statement_name: str, statement: bytes, registries: Sequence[RegistryFile], accounts: Mapping[str, Any], *, name: str = ""
) -> Fact:
    """The scenario (``Any``: JSON of ``--accounts``); ``InputError`` BANK-0301 when a file is refused."""
    known = KnownAccounts.from_json(accounts)
    parsed = [_parsed(item.name, item.data, item.profile, known) for item in registries]
    facts = [_registry(item, document) for item, document in zip(registries, parsed, strict=True)]
    entries = list(_parsed(statement_name, statement, None, known).records)
    numbers = _numbers(accounts)
    lines = [_line(entry, numbers) for entry in entries if entry["status"] == "accepted"]
    result = reconcile(facts, lines, own_accounts=known.settlement_accounts or (), agent_accounts=known.agents)
    return {
        "name": name or statement_name,
        "statement": statement_name,
        "registries": [
            {
                "file": outcome.key,
                "fee_model": fact.fee_model,
                "expected_transfer_kop": outcome.expected,
                "ordered_kop": outcome.ordered,
                "difference_kop": outcome.difference,
                "state": outcome.state,
                "statement_lines": [int(key) for key in outcome.lines],
                "payments": dict(outcome.payments),
            }
            for outcome, fact in zip(result.registries, facts, strict=True)
        ],
        "lines": [
            {
                "n": int(outcome.key),
                "state": outcome.state,
                "amount_kop": line.amount,
                "direction": "in" if line.incoming else "out",
                "registries": list(outcome.registries),
            }
            | ({} if outcome.account is None else {"account": outcome.account})
            for outcome, line in zip(result.lines, lines, strict=True)
        ],
    }


def _parsed(name: str, data: bytes, profile: Profile | None, known: KnownAccounts) -> ParsedFile:
    parsed = parse_file(name, data, profile, known)
    if parsed.status == "rejected":
        codes = ", ".join(error["code"] for error in parsed.errors)
        raise InputError("BANK-0301", f"Файл «{name}» отвергнут: {codes}.", hint=f"Подробно: erkc parse {name}.", file=name)
    return parsed


def _registry(item: RegistryFile, parsed: ParsedFile) -> RegistryFact:
    header, totals = parsed.header or {}, parsed.totals or {}
    amount: int = totals["amount_kop"]
    return RegistryFact(
        key=item.name,
        number=header.get("registry_number") or "",
        registry_on=_day(header.get("registry_date")),
        order_number=header.get("payment_order_number") or "",
        order_on=_day(header.get("payment_order_date")),
        fee_model=item.profile.fee_model,
        count=totals["count"],
        amount=amount,
        fee=totals.get("commission_kop"),
        transfer=int(totals.get("transfer_kop", amount)),
        payments=_payments(parsed.records),
    )


def _payments(records: Iterable[Fact]) -> Mapping[str, int]:
    """Records by what becomes of them; a payment that is taken back in full is reversed with its storno."""
    counts: Counter[str] = Counter()
    left: dict[str, tuple[str, int]] = {}
    for record in records:
        state = _STATES[record["status"]]
        if record["kind"] == "storno" and state in ("posted", "suspense"):
            original = record["reverses_operation_id"]
            base, rest = left[original]
            left[original] = (base, rest + record["amount_kop"])
            counts["reversed"] += 1
            if left[original][1] == 0:
                counts[base] -= 1
                counts["reversed"] += 1
            continue
        counts[state] += 1
        if state in ("posted", "suspense") and record.get("operation_id"):
            left[record["operation_id"]] = (state, record["amount_kop"])
    return counts


def _line(entry: Fact, numbers: Mapping[str, str]) -> LineFact:
    named = {numbers[value] for value in entry["identifiers"].values() if value in numbers}
    links = tuple(
        RegistryLink(link["registry_number"], _day(link["registry_date"]), link["count"], link["amount_kop"], link["commission_kop"])
        for link in entry["registry_links"]
    )
    return LineFact(
        key=str(entry["n"]),
        incoming=entry["direction"] == "in",
        amount=entry["amount_kop"],
        number=entry["document_number"] or "",
        document_on=_day(entry["document_date"]),
        value_on=_day(entry["value_date"]),
        other_account=entry["counterparty_account"] or "",
        links=links,
        account=named.pop() if len(named) == 1 else None,
        document_type=entry["document_type"] or "",
    )


def _numbers(accounts: Mapping[str, Any]) -> Mapping[str, str]:
    """Every identifier of an account → its number."""
    found: dict[str, str] = {}
    for row in accounts.get("accounts", []):
        found[row["account"]] = row["account"]
        found |= {normal_identifier(row[key]): row["account"] for key in ("els", "izku", "ipd") if row.get(key)}
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
