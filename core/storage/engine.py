"""Engines: who connects, as which role, and whose rows they see.

Two roles: ``erkc_owner`` migrates; ``erkc_app`` works, with SELECT and INSERT only on archive and ledger. Row-level security shows a
session the rows of the provider named in ``erkc.provider``; ``*`` is the centre, which sees all. A session that names nobody sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, Engine, create_engine

from core.ids import ProviderId

__all__ = ["application_engine", "driver", "owner_engine", "reading", "transaction"]


_BULK = "-c jit=off -c temp_buffers=64MB"
"""Staging tables stay in memory, and statements over them are not compiled first: measured, half the time of a month's posting."""


def application_engine(url: str, *, provider: ProviderId | None = None, name: str = "erkc", ping: bool = True) -> Engine:
    """An engine of the working role. ``provider`` None is the centre (sees every provider); otherwise only that provider's rows.

    ``ping``: ask a connection whether it lives before each transaction; without it a server that was restarted is noticed by an error.
    """
    scope = "*" if provider is None else str(int(provider))
    options = f"-c erkc.provider={scope} -c timezone=UTC {_BULK}"
    return create_engine(url, connect_args={"options": options, "application_name": name}, pool_pre_ping=ping)


def owner_engine(url: str) -> Engine:
    """An engine of the owning role: for migrations only."""
    return create_engine(url, connect_args={"options": "-c erkc.provider=* -c timezone=UTC", "application_name": "erkc-owner"})


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: commits at the end of the block, rolls back when it raises. Opened in ``core.services`` only."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one moment and can write nothing: PostgreSQL itself refuses. Rolled back at the end."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        yield connection
        connection.rollback()


def driver(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """The psycopg connection under a SQLAlchemy one, inside the same transaction: for COPY."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("the database must be PostgreSQL through psycopg 3")
    return raw
