"""What the package doctor says and what it is told: one thing wrong with a message, and what is known of the federal side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

__all__ = ["Ailment", "Known", "local", "text_of"]


@dataclass(frozen=True, slots=True)
class Ailment:
    """One thing that the federal system would refuse, or that contradicts itself."""

    code: str
    path: str
    """Where, in local names."""
    message: str
    """What is wrong, in Russian, a sentence without its full stop."""
    hint: str
    """What to do."""


@dataclass(frozen=True, slots=True)
class Known:
    """What our crosswalk knows of the federal side. A part that is None is not checked: nothing is claimed about what nobody asked."""

    elements: Mapping[str, tuple[str, str]] | None = None
    """GUID (small letters) → (book, code) of elements of reference books."""
    accounts: Mapping[str, int] | None = None
    """AccountGUID → kind of the account, 4 = of a settlement centre."""
    organisations: frozenset[str] | None = None
    """orgPPAGUIDs of the registry."""
    books: frozenset[str] = field(default_factory=frozenset)
    """Books of which ``elements`` holds something; others are not judged."""


def local(element: etree._Element) -> str:
    """The local name of an element."""
    return str(element.tag).rpartition("}")[2]  # not QName: this is asked of every element of a package


def text_of(element: etree._Element, name: str) -> str:
    """The text of the first child of a local name; empty when there is none."""
    for child in element.iterchildren(etree.Element):
        if local(child) == name:
            return (child.text or "").strip()
    return ""
