"""An element of a federal reference book, as the crosswalk keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

__all__ = ["NsiElement"]


@dataclass(frozen=True, slots=True)
class NsiElement:
    """An element of a federal reference book: ``book/code/guid`` in the crosswalk."""

    book: str
    code: str
    guid: UUID

    def __str__(self) -> str:
        return f"{self.book}/{self.code}/{self.guid}"

    @classmethod
    def parse(cls, text: str) -> NsiElement:
        """From the crosswalk."""
        book, code, guid = text.split("/")
        return cls(book, code, UUID(guid))
