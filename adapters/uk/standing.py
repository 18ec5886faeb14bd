"""What becomes of every row of an archive: taken, refused, waiting, held — and who waits for whom.

A refused row is a *root*: rows that refer to it, directly or through others, wait for it (F4-045). Keys are counted by their first row;
a repeated key changes nothing for those who refer to it. Payments never wait: their money goes to suspense instead, so nothing here counts
them (exchange reference, section 5, rules).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from adapters.format4.cells import Row
from adapters.format4.findings import PAYMENT_SECTION, finding
from adapters.format4.keyed import Numbers
from adapters.format4.layout import Field, Section
from core.model.finding import Finding

__all__ = ["SILENT", "Root", "SectionStanding", "Standing"]

Root = tuple[str, int]
"""A refused row: section and number."""

SILENT: Root = ("", 0)
"""Waits, but for no row that a finding could name: a section that counts as not sent, a repeated account."""

_NO_ACCOUNT = "F4-082"
_REPEATS = frozenset({"F4-042", "F4-043", "F4-044"})


@dataclass(slots=True)
class SectionStanding:
    """Rows of one section."""

    first_rows: Numbers = field(default_factory=Numbers)
    """First row of each key."""
    waits: dict[str, frozenset[Root]] = field(default_factory=dict)
    """What those who refer to a key wait for, where the key's row is not taken."""
    refused: set[int] = field(default_factory=set)
    quarantined: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    flagged: set[int] = field(default_factory=set)


class Standing:
    """Rows of all sections, and the keys that are known from before."""

    def __init__(self, known: Mapping[str, frozenset[str]], refused_sections: frozenset[str]) -> None:
        self._known = known
        self.refused_sections = refused_sections
        self.sections: dict[str, SectionStanding] = defaultdict(SectionStanding)
        self.suspended: dict[int, str] = {}
        """Payments whose money goes to suspense, by row, with the code that sends it there."""
        self._faulty: set[int] = set()
        """Payments with something wrong of their own: it does not pass when what they refer to arrives."""
        self._dependents: dict[Root, Counter[str]] = defaultdict(Counter)

    def is_known(self, section: Section, key: str) -> bool:
        """Whether an earlier message of the sender brought the row."""
        return section.known_key(key) in self._known.get(section.kind, ())

    def seek(self, section: Section, key: str) -> frozenset[Root] | None:
        """What a reference to a key waits for: nothing, roots, or ``None`` when there is no such row at all."""
        standing = self.sections[section.code]
        waits = standing.waits.get(key)
        if waits is not None:
            return waits
        if key in standing.first_rows or self.is_known(section, key):
            return frozenset()
        return frozenset((SILENT,)) if section.code in self.refused_sections else None

    def apply(self, section: str, found: Finding) -> None:
        """Let a finding have its effect on its row."""
        row = found.position.row
        if row is None:
            return
        standing = self.sections[section]
        if found.effect == "reject_row":
            standing.refused.add(row)
        elif found.effect == "accept_flagged":
            standing.flagged.add(row)
        elif found.effect.startswith("hold_"):
            standing.held.add(row)
        elif found.effect == "to_suspense":
            self.suspended.setdefault(row, found.code)
            if found.code != _NO_ACCOUNT:
                self._faulty.add(row)

    def settle(self, section: str, number: int, key: str | None, *, codes: list[str], roots: frozenset[Root]) -> None:
        """Fix the standing of a row once its own findings and what it waits for are known; ``codes`` are those that refuse it."""
        standing = self.sections[section]
        if section == PAYMENT_SECTION:
            if roots:
                self.suspended.setdefault(number, "F4-045")
            return
        if not roots and number not in standing.refused:
            return
        is_first = key is not None and standing.first_rows.get(key) == number
        if number in standing.refused:
            if key is not None and is_first:
                only_repeats = all(code in _REPEATS for code in codes)
                standing.waits[key] = frozenset((SILENT,)) if only_repeats else roots | {(section, number)}
            return
        standing.quarantined.add(number)
        for root in roots:
            self._dependents[root][section] += 1
        if key is not None and is_first:
            standing.waits[key] = roots

    def waits_for(self, row: Row, references: Iterable[tuple[Field, Section]]) -> tuple[str, ...]:
        """``kind/key`` of the rows that a waiting row refers to and that were not taken; of a payment with a fault of its own, none."""
        if row.section == PAYMENT_SECTION and row.number in self._faulty:
            return ()
        found = []
        for field_, target in references:
            key = row.key(field_.code)
            if key is not None and self.seek(target, key) != frozenset():
                found.append(f"{target.kind}/{target.known_key(key)}")
        return tuple(dict.fromkeys(found))

    def waiting_findings(self) -> Iterator[Finding]:
        """F4-045: one for each refused row that others wait for."""
        for (section, number), counts in self._dependents.items():
            if section:
                detail = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
                yield finding("F4-045", f"{section}.csv", row=number, detail=detail, dependents=dict(sorted(counts.items())))
