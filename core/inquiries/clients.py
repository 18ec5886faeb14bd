"""Clients: systems that may send requests in the name of a provider. Of a token only its hash is kept; it is shown once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from core.ids import ProviderId
from core.storage.sql import queries

__all__ = ["Client", "client_of_token", "clients", "end_client", "new_client"]

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Client:
    """One client."""

    client_id: int
    provider_id: ProviderId
    name: str
    issued_at: datetime
    ended_at: datetime | None


def new_client(connection: Connection, *, provider_id: ProviderId, name: str, at: datetime) -> tuple[int, str]:
    """Make a client; its number and its token."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    names = {"provider": provider_id, "name": name, "token": _hash(token), "at": at}
    return int(connection.execute(queries("core.inquiries").insert_client, names).scalar_one()), token


def clients(connection: Connection) -> list[Client]:
    """All clients, ended ones too."""
    return [Client(*row) for row in connection.execute(queries("core.inquiries").clients)]


def client_of_token(connection: Connection, token: str) -> Client | None:
    """Whose token it is; None for an unknown one and for one that was ended."""
    row = connection.execute(queries("core.inquiries").client_of_token, {"token": _hash(token)}).one_or_none()
    found = None if row is None else Client(*row)
    return None if found is None or found.ended_at is not None else found


def end_client(connection: Connection, client_id: int, *, at: datetime) -> bool:
    """From now on the token opens nothing; false when it is unknown or was ended before."""
    return connection.execute(queries("core.inquiries").end_client, {"client": client_id, "at": at}).rowcount == 1


def _hash(token: str) -> bytes:
    """A random token of 256 bits needs no slow hash."""
    return sha256(token.encode()).digest()
