"""What the hub knows of a sender when it reads the sender's table: its things by the names that people use for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.model.records import Account, Body, House, Meter, Person, Residence, Service

__all__ = ["Directory", "KnownReading"]


@dataclass(frozen=True, slots=True)
class KnownReading:
    """A reading that is in use."""

    key: str
    taken_on: date
    value_e3: int
    zone: int | None


@dataclass(frozen=True, slots=True)
class Directory:
    """Bodies by the sender's keys; who looks for a thing by its name uses the maps that :mod:`adapters.uk.tables.adapter` makes of them."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    houses: Mapping[str, House] = field(default_factory=dict)
    premises: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Premises by house and number."""
    persons: Mapping[str, Person] = field(default_factory=dict)
    residences: Mapping[str, Residence] = field(default_factory=dict)
    meters: Mapping[str, Meter] = field(default_factory=dict)
    readings: Mapping[str, tuple[KnownReading, ...]] = field(default_factory=dict)
    """By meter, in the order of days."""
    creditors: Mapping[str, str] = field(default_factory=dict)
    """The organisation to which a service is owed, where all balances name one."""
    bills: Mapping[str, str] = field(default_factory=dict)
    """The sender's document of the month by account."""
    others: Mapping[tuple[str, str], Body] = field(default_factory=dict)
    """Other bodies that a row may repeat, by kind and key."""

    def before(self, kind: str, key: str) -> Body | None:
        """What is in force under a key."""
        maps: dict[str, Mapping[str, Body]] = {
            "account": self.accounts,
            "person": self.persons,
            "residence": self.residences,
            "meter": self.meters,
        }
        return maps[kind].get(key) if kind in maps else self.others.get((kind, key))
