"""What each code of «Формат 4.0» means: severity, effect and the words for people, as data (``findings.toml``).

One place gives a finding its severity and effect, so that no check can choose its own. The money rule stands here too: a payment is never
refused, so whatever would refuse or delay a row of OPLATA sends its money to suspense instead (section 5, «Money never disappears»).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import get_args

from core.model.finding import Finding, Position, Severity

__all__ = ["ARCHIVE_REJECTED", "PAYMENT_SECTION", "TO_SUSPENSE", "Rule", "finding", "in_order", "rules", "status_of"]

ARCHIVE_REJECTED = "reject_archive"
TO_SUSPENSE = "to_suspense"
PAYMENT_SECTION = "oplata"
_REFUSING = frozenset({"reject_row", "quarantine"})
_SEVERITIES: Mapping[str, Severity] = {severity: severity for severity in get_args(Severity)}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code does, and the texts with their placeholders."""

    severity: Severity
    effect: str
    message: str
    hint: str


@cache
def rules() -> Mapping[str, Rule]:
    """All codes."""
    text = (files("adapters.format4") / "findings.toml").read_text(encoding="utf-8")
    return {
        code: Rule(_SEVERITIES[row["severity"]], row["effect"], row["message"], row["hint"]) for code, row in tomllib.loads(text).items()
    }


def finding(
    code: str,
    file: str,
    *,
    row: int | None = None,
    field: int | None = None,
    value: str | None = None,
    name: str = "",
    detail: str = "",
    dependents: Mapping[str, int] | None = None,
) -> Finding:
    """A finding with the severity, effect and texts of its code."""
    rule = rules()[code]
    effect = rule.effect
    if file == f"{PAYMENT_SECTION}.csv" and row is not None and effect in _REFUSING:
        effect = TO_SUSPENSE
    message = rule.message.format(name=name, detail=detail)
    return Finding(Position(file, row), code, rule.severity, effect, field, value, message, rule.hint, dict(dependents or {}))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by file, row, field, code; a whole file stands before its rows, a whole row before its fields."""
    return sorted(findings, key=lambda f: (f.position.file, f.position.row or 0, f.field or 0, f.code))


def status_of(findings: Iterable[Finding]) -> str:
    """The status of an archive by the worst of its findings (section 5, rules)."""
    status = "accepted"
    for found in findings:
        if found.effect == ARCHIVE_REJECTED:
            return "rejected"
        if found.severity == "error":
            status = "accepted_with_errors"
    return status
