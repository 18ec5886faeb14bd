"""What was taken and no bill shows: contracts, prices, decisions, funds, works, and every other section of a sender, row by row.

Facts with a record of their own are shown by its fields; sections that no calculation reads are kept as their cells, and whoever shows them
names the cells by the field tables of the format. Each row says which message and row it came from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from core.errors import InputError
from core.ids import CENTRE
from core.model.records import (
    Body,
    CapitalRepairDecision,
    HousePrice,
    HouseService,
    ManagementContract,
    SectionRow,
    SupplyAddress,
    SupplyService,
)
from core.records.bodies import StoredRecord, read_records
from core.records.origins import message_names
from core.records.providers import Provider, providers
from core.storage.engine import transaction

__all__ = ["KeptRow", "KeptSection", "kept_rows", "kept_sections"]

_TYPED: Mapping[str, type[Body]] = {
    "du": ManagementContract,
    "ducharge": HousePrice,
    "duouusluga": HouseService,
    "kapremdecisions": CapitalRepairDecision,
    "drsoaddress": SupplyAddress,
    "drsouslugares": SupplyService,
}
"""Sections whose rows are records of their own."""


@dataclass(frozen=True, slots=True)
class KeptSection:
    """A section of a sender: how many rows are in force, and when the last of them was learned."""

    sender: Provider
    section: str
    rows: int
    learned_at: datetime


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One row in force: names and values of a typed record, or the cells as sent."""

    sender: Provider
    key: str
    fields: tuple[tuple[str, str], ...]
    """Names and texts; empty for raw cells."""
    cells: tuple[str, ...]
    source: str
    learned_at: datetime


def kept_sections(engine: Engine) -> list[KeptSection]:
    """Sections by sender, in the order of senders and sections."""
    found: list[KeptSection] = []
    with transaction(engine) as connection:
        for sender in _senders(connection):
            counts: dict[str, list[datetime]] = {}
            for section, record in _records(connection, sender):
                counts.setdefault(section, []).append(record.recorded_at)
            found.extend(KeptSection(sender, section, len(at), max(at)) for section, at in sorted(counts.items()))
    return found


def kept_rows(engine: Engine, section: str, *, inn: str | None = None) -> list[KeptRow]:
    """Rows of one section; ``InputError`` KEPT-0101 where nobody sent it."""
    wanted = section.lower()
    with transaction(engine) as connection:
        rows = [
            (sender, record)
            for sender in _senders(connection)
            if inn in (None, sender.inn)
            for name, record in _records(connection, sender)
            if name == wanted
        ]
        if not rows:
            raise InputError("KEPT-0101", f"Раздела «{section}» никто не присылал.", hint="Что есть, показывает erkc kept.")
        names = message_names(connection, sorted({record.message_id for _, record in rows}))
        return [_shown(sender, record, names[record.message_id]) for sender, record in rows]


def _senders(connection: Connection) -> list[Provider]:
    return [one for one in providers(connection) if one.provider_id != CENTRE]


def _records(connection: Connection, sender: Provider) -> Iterator[tuple[str, StoredRecord[Body]]]:
    for section, body in _TYPED.items():
        for record in read_records(connection, body, provider_id=sender.provider_id):
            yield section, record
    for row in read_records(connection, SectionRow, provider_id=sender.provider_id):
        yield row.body.section.lower(), row  # type: ignore[misc]  # a record of one kind is a record of any


def _shown(sender: Provider, record: StoredRecord[Body], message: str) -> KeptRow:
    body = record.body
    place = record.position
    source = f"{message}: {place.file}, строка {place.row}"
    if isinstance(body, SectionRow):
        return KeptRow(sender, record.key, (), body.cells, source, record.recorded_at)
    fields = tuple((item.name, _text(item.name, getattr(body, item.name))) for item in dataclasses.fields(body))
    return KeptRow(sender, record.key, fields, (), source, record.recorded_at)


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and name.endswith("_e6"):
        return f"{value // 10**6}.{value % 10**6:06d}".rstrip("0").rstrip(".")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(one) for one in value)
    return str(value)
