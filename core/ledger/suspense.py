"""One transaction at a time takes money out of suspense: a payment is released, assigned or taken back by its agent, never two of these."""

from __future__ import annotations

from sqlalchemy import Connection, text

__all__ = ["lock_suspense"]


def lock_suspense(connection: Connection) -> None:
    """Wait until nobody else is taking money out of suspense; held to the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('erkc suspense'))"))
