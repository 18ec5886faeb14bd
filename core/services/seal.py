"""Sealing what is due: every day that is over, in UTC, in the order of days, each seal told as an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from core import archive, events
from core.events import EventKind
from core.ids import CENTRE

__all__ = ["seal_past_days"]


def seal_past_days(connection: Connection, now: datetime) -> list[archive.Seal]:
    """Seal the days before that of ``now`` that have no seal yet; those that were sealed."""
    seals = archive.seal_until(connection, now.astimezone(UTC).date() - timedelta(days=1), now)
    for seal in seals:
        data = {"day": seal.day.isoformat(), "messages": seal.count, "chain": seal.chain.hex()}
        events.record(
            connection, kind=EventKind.ARCHIVE_SEALED, provider_id=CENTRE, subject_kind="seal", subject_id=None, data=data, at=now
        )
    return seals
