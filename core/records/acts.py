"""Acts by their identity: what an act of a number, date and part is about now, whichever kind it was at first."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from core.ids import ProviderId
from core.storage.sql import queries

__all__ = ["act_kinds"]


def act_kinds(connection: Connection, *, provider_id: ProviderId, keys: Iterable[str]) -> dict[str, str]:
    """The kind of the newest version of each act; ``withdrawn`` is one. Keys that are no acts are left out."""
    rows = connection.execute(queries("core.records").act_kinds, {"provider": provider_id, "keys": sorted(set(keys))})
    return {row.record_key: row.kind for row in rows}
