"""The adapter contract: six small methods, and the values that pass through them.

An adapter turns bytes into records and findings (``identify``, ``parse``) and records into packages (``render``), and carries packages and
raw messages over a wire (``collect``, ``deliver``, ``outcome``). The first three are pure: no network, no clock, no database. An adapter
implements what its counterpart needs; the conformance suite in ``tests/contract`` checks whatever it finds.

Idea taken from beangulp's importers: identify and refuse are tested alike; identity of a fact comes from the source, never from a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from core.model.finding import Finding
from core.model.parsed import Parsed
from core.model.records import Record

__all__ = [
    "Collector",
    "Deliverer",
    "Identification",
    "Outcome",
    "Package",
    "Parsed",
    "Parser",
    "RawMessage",
    "Receipt",
    "Renderer",
    "Standing",
]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """Exact bytes with the name they came under. Never changed; archived before anything reads them."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Identification:
    """Whether an adapter takes a message, and why (in Russian: it is shown to the operator)."""

    accepted: bool
    reason: str
    detail: str = ""
    """What a library said of it, in its own words: for the log only."""


@runtime_checkable
class Parser(Protocol):
    """The reading half: pure and deterministic."""

    name: str
    """Stable name of the adapter, e.g. ``uk.format4``; the channel under which its messages are archived."""

    def identify(self, message: RawMessage) -> Identification:
        """Say whether this adapter takes the message, looking at its first bytes and name only."""
        ...

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Yield records and findings in a stable order, and one :class:`Parsed` last.

        ``known`` gives, for each section or kind, the keys that the same sender's earlier messages brought: a reference to one of them is
        legal. One bad record never stops the others. Nothing is yielded as a record that must not be loaded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Package:
    """Bytes to deliver, with the identifier stored before the first attempt, and the local ids of the records inside."""

    identifier: str
    name: str
    data: bytes
    local_ids: Mapping[str, int] = field(default_factory=dict)


class Renderer(Protocol):
    """The writing half: pure; its output passes the published schema and stays within the published limits."""

    def render(self, records: Iterable[object], profile: Mapping[str, object]) -> Iterator[Package]:
        """Yield packages."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """The counterpart's word that it has the package: its own identifier of it."""

    identifier: str
    remote_identifier: str
    raw: bytes


class Standing(StrEnum):
    """Where a delivered package stands. A time-out is *pending*, never *failed*."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a package: a standing for the whole, and reasons by local identifier."""

    standing: Standing
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rejected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raw: bytes = b""


class Collector(Protocol):
    """Fetches what is due: the caller archives first and moves the cursor after, in one transaction."""

    def collect(self, window: Mapping[str, str], cursor: str | None) -> Iterator[tuple[RawMessage, str]]:
        """Yield raw messages, each with the cursor that is right once it is archived."""
        ...


class Deliverer(Protocol):
    """Carries packages out and learns what became of them."""

    def deliver(self, package: Package) -> Receipt:
        """Send once; raise ``TransientError`` when it is not known whether it arrived."""
        ...

    def outcome(self, receipt: Receipt) -> Outcome:
        """Ask what became of it."""
        ...
