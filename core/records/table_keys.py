"""What tables of a sender have brought before its archives: recognised by number, so that an archive adds nothing a second time.

A table names no keys, so what it creates gets one that follows from what the thing is: ``t/`` and the account's number, the meter's serial.
When an archive brings the same thing under a key of its own, the record is kept under the first key, and so is everything that refers to
it. The sender's keys of accounts and meters are remembered, because later archives refer to them without repeating the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId
from core.model.records import (
    Account,
    AccountPlace,
    Body,
    Meter,
    Person,
    Reading,
    Record,
    Residence,
    StatedBill,
    StatedLine,
    UnifiedAccount,
)
from core.period import Month
from core.records.crosswalk import ExternalId, external_ids, link
from core.records.entities import entity_ids
from core.records.tables import table_name

__all__ = ["SENDER", "TABLE_PREFIX", "Recognised", "name_key"]

TABLE_PREFIX = "t/"
SENDER = "sender"
"""System of the external identifiers that are the sender's own keys."""
_REMEMBERED = (Account, Meter)
_TOLD: tuple[type[Body], ...] = (Account, AccountPlace, Meter, Residence, Reading, StatedBill, StatedLine)
_REFERENCES: Mapping[str, str] = {
    "account": Account.kind_name,
    "meter": Meter.kind_name,
    "bill": StatedBill.kind_name,
    "residence": Residence.kind_name,
}
"""Attributes of bodies that name a thing by its key, and the kind of the thing."""


def name_key(name: str) -> str:
    """A name as it is compared."""
    return " ".join(name.lower().replace("ё", "е").split())


@dataclass(slots=True)
class Recognised:
    """Keys of one sender: what tables made, and by which keys of its own the sender knows it."""

    connection: Connection
    provider_id: ProviderId
    _made: dict[str, frozenset[str]] = field(default_factory=dict)
    _keys: dict[str, dict[str, str]] = field(default_factory=dict)
    """The first key by the sender's own, by kind."""
    _new: list[tuple[str, str, str]] = field(default_factory=list)
    _persons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for body in _TOLD:
            made = f"SELECT DISTINCT record_key FROM {table_name(body)} WHERE provider_id = :provider AND starts_with(record_key, :begin)"
            found = self.connection.execute(text(made), {"provider": self.provider_id, "begin": TABLE_PREFIX}).scalars()
            self._made[body.kind_name] = frozenset(found)
        for body in _REMEMBERED:
            if self._made[body.kind_name]:
                kind = body.kind_name
                numbers = {number: key for key, number in entity_ids(self.connection, self.provider_id, kind).items()}
                said = external_ids(self.connection, provider_id=self.provider_id, system=SENDER, kind=f"{kind}_key")
                self._keys[kind] = {own: numbers[number] for number, own in said.items() if number in numbers}

    def known(self, known: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
        """Known keys with those of the sender's own that were recognised before: a reference to one is legal."""
        return {kind: keys | self._keys.get(kind, {}).keys() for kind, keys in known.items()}

    def records(self, records: Iterator[Record]) -> Iterator[Record]:
        """Records of a message under the keys that their things had first."""
        if not any(self._made.values()):
            yield from records
            return
        for record in records:
            yield self._renamed(record)

    def remember(self, *, message_id: MessageId, at: datetime) -> None:
        """Keep the sender's keys of accounts and meters that this message was the first to tell."""
        rows = []
        for kind in {kind for kind, _, _ in self._new}:
            numbers = entity_ids(self.connection, self.provider_id, kind)
            rows += [
                ExternalId(numbers[first], self.provider_id, SENDER, f"{kind}_key", own)
                for one, own, first in self._new
                if one == kind and first in numbers
            ]
        if rows:
            link(self.connection, rows, message_id=message_id, at=at)

    def _renamed(self, record: Record) -> Record:
        if record.key.startswith(TABLE_PREFIX):
            return record
        said: dict[str, Any] = {}
        for one in fields(record.body):
            if one.name in _REFERENCES:
                value = getattr(record.body, one.name)
                first = self._keys.get(_REFERENCES[one.name], {}).get(value) if isinstance(value, str) else None
                if first is not None:
                    said[one.name] = first
        body = replace(record.body, **said) if said else record.body
        kind = body.kind_name
        if isinstance(body, Person):
            self._persons[record.key] = (name_key(f"{body.surname} {body.name} {body.patronymic}"), str(body.born_on or ""))
        key = record.key
        if isinstance(body, UnifiedAccount):  # goes by the key of its account
            key = self._keys.get(Account.kind_name, {}).get(key, key)
        elif kind in self._made:
            key = self._first(kind, record.key, body)
        waits = tuple(self._waits(one) for one in record.waits_for)
        return record if (key, body, waits) == (record.key, record.body, record.waits_for) else replace(
            record, key=key, body=body, waits_for=waits
        )  # fmt: skip

    def _first(self, kind: str, own: str, body: Body) -> str:
        """The key that the thing had first: remembered, or made by a table from what it is."""
        known = self._keys.setdefault(kind, {})
        if own in known:
            return known[own]
        made = self._natural(body)
        if made is None or made not in self._made[kind] or made in known.values():
            return own
        known[own] = made
        if isinstance(body, _REMEMBERED):
            self._new.append((kind, own, made))
        return made

    def _natural(self, body: Body) -> str | None:
        if isinstance(body, Account):
            return f"{TABLE_PREFIX}{body.number}"
        if isinstance(body, AccountPlace):
            return body.account
        if isinstance(body, Meter):
            return f"{TABLE_PREFIX}{body.account}/{body.service}/{body.serial}"
        if isinstance(body, Reading):
            return f"{TABLE_PREFIX}{body.meter}/{body.taken_on}/{body.zone or 1}"
        if isinstance(body, Residence) and body.person in self._persons:
            return f"{TABLE_PREFIX}{body.account}/{'/'.join(self._persons[body.person])}/{body.first}"
        if isinstance(body, StatedBill):
            return f"{TABLE_PREFIX}{Month.of(body.month)}/{body.account}"
        if isinstance(body, StatedLine) and body.bill.startswith(TABLE_PREFIX):
            return f"{body.bill}/{body.service}"
        return None

    def _waits(self, one: str) -> str:
        kind, _, key = one.partition("/")
        first = self._keys.get(kind, {}).get(key)
        return one if first is None else f"{kind}/{first}"
