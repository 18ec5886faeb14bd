"""What a bank file says, in the shape that ``erkc parse --json`` prints (bank samples, README), and what the parser knows about us.

``records`` can be read any number of times: rows of a registry are parsed anew each time and never held all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.banks.purpose import normal_identifier

__all__ = ["Fact", "KnownAccounts", "ParsedFile", "status_of"]

Fact = dict[str, Any]
"""A JSON object of the published contract; values are strings, integers, null, lists and objects of them."""


@dataclass(frozen=True, slots=True)
class KnownAccounts:
    """All that a parser knows about us; ``None`` = not known, not checked."""

    settlement_accounts: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    els: frozenset[str] = frozenset()
    izku: frozenset[str] = frozenset()
    ipd: frozenset[str] = frozenset()
    account_pad: int | None = None
    agents: Mapping[str, str] = field(default_factory=dict)
    """Settlement account of a payment agent → its name."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> KnownAccounts:
        """Read the document that ``--accounts`` names (bank samples, ``accounts.json``)."""
        rows = document.get("accounts", [])

        def values(key: str) -> frozenset[str]:
            return frozenset(row[key] for row in rows if row.get(key))

        return cls(
            settlement_accounts=frozenset(document.get("settlement_accounts", [])),
            accounts=values("account"),
            els=frozenset(map(normal_identifier, values("els"))),
            izku=frozenset(map(normal_identifier, values("izku"))),
            ipd=frozenset(map(normal_identifier, values("ipd"))),
            account_pad=document.get("account_pad"),
            agents={agent["account"]: agent["name"] for agent in document.get("agents", [])},
        )

    def knows(self, record: Mapping[str, Any]) -> bool:
        """Whether one of ИПД, ИЖКУ, ЕЛС, ЛС of a payment is known."""
        if self.accounts is None:
            return True
        for key, known in (("ipd", self.ipd), ("izku", self.izku), ("els", self.els)):
            value = record.get(key)
            if value and normal_identifier(value) in known:
                return True
        return record["account"] in self.accounts

    def is_foreign(self, settlement_account: str) -> bool:
        """Whether a settlement account is certainly not ours."""
        return self.settlement_accounts is not None and settlement_account not in self.settlement_accounts


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One file, read and checked. A ``rejected`` file has no records: nothing of it may be posted."""

    file: str
    format: str
    encoding: str | None
    status: str
    errors: Sequence[Fact] = ()
    warnings: Sequence[str] = ()
    header: Fact | None = None
    control: Fact | None = None
    totals: Fact | None = None
    records: Iterable[Fact] = ()
    files: Sequence[ParsedFile] | None = None

    def as_dict(self) -> Fact:
        """The document of the contract, field for field; keys that begin with ``_`` are ours and stay inside."""
        document: Fact = {
            "file": self.file,
            "format": self.format,
            "encoding": self.encoding,
            "status": self.status,
            "errors": list(self.errors),
            "warnings": list(self.warnings),
            "header": self.header,
            "control": self.control,
            "totals": self.totals,
            "records": [{key: value for key, value in record.items() if not key.startswith("_")} for record in self.records],
        }
        if self.files is not None:
            document["files"] = [file.as_dict() for file in self.files]
        return document


def status_of(errors: Iterable[Fact], *, refused: bool) -> str:
    """``rejected`` for a file error, ``partial`` for errors of records, else ``ok``."""
    if refused:
        return "rejected"
    return "partial" if any(errors) else "ok"
