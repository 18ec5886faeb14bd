"""Small tables that record bodies join, gathered while an archive is surveyed: roles, banks, the houses behind managed objects."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.format4.cells import Row

__all__ = ["Joined"]


@dataclass(slots=True)
class Joined:
    """Small tables that bodies join, gathered while the archive is surveyed."""

    roles: dict[str, list[int]] = field(default_factory=dict)
    """Roles by organisation, main role first."""
    names: dict[str, str] = field(default_factory=dict)
    banks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """БИК and correspondent account by bank."""
    managed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """House and contract by managed object (DUOU)."""
    unverified: dict[str, set[str]] = field(default_factory=dict)
    """Keys of organisations and bank accounts whose check digits are wrong, by section."""
    missing_documents: set[str] = field(default_factory=set)
    """Documents that payments name and nobody sent."""

    def verified(self, row: Row) -> bool:
        """Whether no check digit of the row is wrong."""
        return row.given_key("id") not in self.unverified.get(row.section, ())
