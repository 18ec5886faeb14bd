"""An attachment of a message: the file lies in the file store already, the message names it with its hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.gis_zhkh.values import guid

__all__ = ["Attachment"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file by its identifier in the store; ``hash_hex`` (ГОСТ Р 34.11) is optional in the schema and demanded on import."""

    name: str
    guid: UUID
    hash_hex: str
    description: str = ""

    def mapping(self) -> dict[str, Any]:
        """As the tables write it; the description is mandatory there, so the name stands in for an empty one."""
        return {
            "Name": self.name[:1024],
            "Description": (self.description or self.name)[:500],
            "Attachment": {"AttachmentGUID": self.guid},
            "AttachmentHASH": self.hash_hex,
        }

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Attachment:
        """Out of a reply."""
        inner = value["Attachment"]
        return cls(
            str(value.get("Name", "")), guid(inner["AttachmentGUID"]), value.get("AttachmentHASH") or "", str(value.get("Description", ""))
        )
