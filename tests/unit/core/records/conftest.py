"""A registered provider, and messages to store records under."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId
from core.model.records import RegisteredSender
from core.records.providers import register_senders
from tests.unit.core.records.samples import AT


@pytest.fixture
def sender(connection: Connection) -> ProviderId:
    """A registered provider."""
    return register_senders(connection, [RegisteredSender("Расчётный центр", "0077000116", "007701001", "1260077000072", ("RC-1",), 36)])[0]


@pytest.fixture
def archived(connection: Connection) -> Callable[[ProviderId], MessageId]:
    """Puts one more message into the archive; what is in it is no matter here."""
    numbers = count(1)

    def archive(provider: ProviderId) -> MessageId:
        statement = text(
            "INSERT INTO message (provider_id, direction, channel, name, sha256, size_bytes, received_at, received_month)"
            " VALUES (:provider, 'in', 'test', 'x', sha256(CAST(CAST(:n AS text) AS bytea)), 1, :at, '2026-11-01') RETURNING message_id"
        )
        return MessageId(connection.execute(statement, {"provider": provider, "n": next(numbers), "at": AT}).scalar_one())

    return archive
