"""What the centre decided about senders' data, and the region's houses (ГАР): records of the centre, the last of a subject holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from core.ids import CENTRE, MessageId, RecordId
from core.model.finding import Position
from core.model.records import GarHouse, Record, Resolution
from core.records.bodies import read_records
from core.records.store import save
from core.records.versions import in_force, scope

__all__ = ["Resolved", "gar_houses", "gar_keys", "is_decided_since", "read_resolutions", "resolve"]

_CHARGED = ("conflict", "house_match")
"""Matters that charges depend on."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A resolution with when it was made and its archived document."""

    body: Resolution
    at: datetime
    message_id: MessageId


def read_resolutions(connection: Connection, matter: str, *, known_until: RecordId | None = None) -> dict[str, Resolved]:
    """Resolutions of a matter in force by subject, as known up to a record."""
    found = read_records(connection, Resolution, provider_id=CENTRE, known_until=known_until)
    return {one.body.subject: Resolved(one.body, one.recorded_at, one.message_id) for one in found if one.body.matter == matter}


def resolve(connection: Connection, bodies: Iterable[Resolution], *, message_id: MessageId, at: datetime) -> int:
    """Store resolutions that an archived message holds; how many say something new."""
    records = [Record(f"{body.matter}/{body.subject}", Position("resolution.json", n), body) for n, body in enumerate(bodies, 1)]
    saved = save(connection, provider_id=CENTRE, message_id=message_id, records=records, recorded_at=at)
    return sum(saved.new.values())


def is_decided_since(connection: Connection, record_id: RecordId) -> bool:
    """Whether anything was decided after a record that a house of several senders may be charged by."""
    statement = """SELECT EXISTS (SELECT FROM record_resolution WHERE record_id > :record AND matter = ANY(:matters))
      OR EXISTS (SELECT FROM record_gar_house WHERE record_id > :record)"""
    return bool(connection.execute(text(statement), {"record": record_id, "matters": list(_CHARGED)}).scalar_one())


def gar_houses(
    connection: Connection, *, fias: Collection[str] = (), keys: Collection[str] = (), known_until: RecordId | None = None
) -> list[GarHouse]:
    """Houses of the list by GUID or by the key of their address."""
    rows = in_force(GarHouse, "r.fias = ANY(:fias) OR r.match_key = ANY(:keys)")
    parameters: Mapping[str, object] = scope(CENTRE, until=date.max, known_until=known_until) | {"fias": list(fias), "keys": list(keys)}
    statement = text(f"SELECT fias, oktmo, address, match_key, cadastral FROM ({rows}) found ORDER BY fias")
    return [GarHouse(*row) for row in connection.execute(statement, parameters)]


def gar_keys(connection: Connection, *, oktmo: Collection[str]) -> list[GarHouse]:
    """All houses of some municipalities (first eight digits of ОКТМО): what proposals are looked for among."""
    rows = in_force(GarHouse, "left(r.oktmo, 8) = ANY(:oktmo)")
    parameters = scope(CENTRE, until=date.max, known_until=None) | {"oktmo": sorted({one[:8] for one in oktmo})}
    statement = text(f"SELECT fias, oktmo, address, match_key, cadastral FROM ({rows}) found ORDER BY fias")
    return [GarHouse(*row) for row in connection.execute(statement, parameters)]
