"""A provider with one account and its books."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from core import archive
from core.ids import EntityId, ProviderId
from core.records.entities import entity_ids
from core.records.providers import Provider, provider
from core.records.store import save
from tests.unit.core.records import samples
from tests.unit.core.services.books import NOW, Books


@pytest.fixture
def owner(connection: Connection) -> Provider:
    """A provider with one account."""
    columns = "INSERT INTO provider (inn, kpp, ogrn, name, kind)"
    values = "VALUES ('0000000000', '000000000', '0000000000000', 'РЦ', 36) RETURNING provider_id"
    number = connection.execute(text(f"{columns} {values}")).scalar_one()
    return provider(connection, ProviderId(number))


@pytest.fixture
def account(connection: Connection, owner: Provider) -> EntityId:
    """Its number is 0500005 and its key at the sender 5."""
    message = archive.store(connection, data=b"5", name="kvar", channel="test", direction="in", provider_id=owner.provider_id, at=NOW)
    record = samples.fact("5", samples.account("0500005"))
    save(connection, provider_id=owner.provider_id, message_id=message.message_id, records=[record], recorded_at=NOW)
    return entity_ids(connection, owner.provider_id, "account")["5"]


@pytest.fixture
def books(connection: Connection, owner: Provider, account: EntityId) -> Books:
    return Books(connection, owner, account)
