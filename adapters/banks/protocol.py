"""The acceptance protocol that a bank gets for its registry: what became of every row and kopeck, and the rows that it has to look at.

A text in cp1251 with ``;``, as registries themselves are: ``#`` lines with counts and sums by state, together the whole file, then one
line for each row that was not simply posted. The same outcome gives the same bytes, so a repeated file gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.banks.adapter import BankFiles
from adapters.banks.detect import parse_file
from adapters.contract import RawMessage
from core.errors import InputError
from core.model.finding import Finding
from core.money import format_roubles

__all__ = ["Acceptance", "protocol_name", "render_protocol"]

_STATES: tuple[tuple[str, str], ...] = (
    ("posted", "POSTED"), ("suspended", "SUSPENSE"), ("reversed", "REVERSED"), ("repeated", "REPEATED"), ("disputed", "DISPUTED"),
    ("refused", "REFUSED"),
)  # fmt: skip
_STATUSES = {
    "ok": "ПРИНЯТ",
    "partial": "ПРИНЯТ ЧАСТИЧНО",
    "rejected": "ОТКЛОНЁН",
    "conflict": "ОТКЛОНЁН: ДРУГИЕ ИТОГИ ПОД ТЕМ ЖЕ НОМЕРОМ",
}
_TITLES = "строка;операция;счёт;сумма;код;что не так"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of a registry: as its import says."""

    name: str
    sha256: str
    received_at: datetime
    status: str
    counts: Mapping[str, int]
    """``<state>`` and ``<state>_kop``."""
    findings: Sequence[Finding]


def protocol_name(file: str) -> str:
    """Name of the answer to a file."""
    return f"{file}.protocol.txt"


def render_protocol(said: Acceptance, message: RawMessage, reader: BankFiles) -> bytes:
    """The answer. The message is read again for what its rows say: operation, account and sum of those that are listed."""
    lines = [
        "#PROTOCOL 1",
        f"#FILE {said.name}",
        f"#SHA256 {said.sha256}",
        f"#RECEIVED {said.received_at:%d.%m.%Y %H:%M:%S} UTC",
        f"#STATUS {_STATUSES.get(said.status, said.status)}",
        f"#TOTAL {sum(said.counts.get(state, 0) for state, _ in _STATES)};"
        f"{format_roubles(sum(said.counts.get(f'{state}_kop', 0) for state, _ in _STATES))}",
        *(f"#{word} {said.counts.get(state, 0)};{format_roubles(said.counts.get(f'{state}_kop', 0))}" for state, word in _STATES),
        _TITLES,
    ]
    wanted: set[tuple[str, int | None]] = {
        (finding.position.file, finding.position.row) for finding in said.findings if finding.position.row is not None
    }
    rows = dict(_rows(message, reader, wanted)) if wanted else {}
    for finding in sorted(said.findings, key=lambda finding: (finding.position.file, finding.position.row or 0, finding.code)):
        fact = rows.get((finding.position.file, finding.position.row), {})
        amount = fact.get("amount_kop")
        cells = (
            "" if finding.position.row is None else str(finding.position.row),
            str(fact.get("operation_id") or ""),
            str(fact.get("account") or ""),
            "" if amount is None else format_roubles(amount),
            finding.code,
            finding.message,
        )
        lines.append(";".join(" ".join(cell.replace(";", ",").split()) for cell in cells))
    return "".join(f"{line}\r\n" for line in lines).encode("cp1251", "replace")


def _rows(
    message: RawMessage, reader: BankFiles, wanted: set[tuple[str, int | None]]
) -> Iterator[tuple[tuple[str, int | None], Mapping[str, Any]]]:
    """What the listed rows say; ``Any``: JSON values of the published contract."""
    for part in reader.members(message) or [message]:
        profile = reader.profile_of(part)
        if profile is None or profile.is_statement:
            continue
        try:
            records = parse_file(part.name, part.data, profile).records
        except InputError:
            continue  # a member that can not be read is told by its own finding
        for record in records:
            key = (part.name, record["n"])
            if key in wanted:
                yield key, record
