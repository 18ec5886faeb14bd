"""A provider with one account and its books."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from core.ids import EntityId, ProviderId
from core.records.providers import Provider, provider
from tests.unit.core.services.books import Books


@pytest.fixture
def owner(connection: Connection) -> Provider:
    """A provider with one account."""
    columns = "INSERT INTO provider (inn, kpp, ogrn, name, kind)"
    values = "VALUES ('0000000000', '000000000', '0000000000000', 'РЦ', 36) RETURNING provider_id"
    number = connection.execute(text(f"{columns} {values}")).scalar_one()
    return provider(connection, ProviderId(number))


@pytest.fixture
def account(connection: Connection, owner: Provider) -> EntityId:
    statement = text("INSERT INTO entity (provider_id, kind, entity_key) VALUES (:owner, 'account', '5') RETURNING entity_id")
    return EntityId(connection.execute(statement, {"owner": owner.provider_id}).scalar_one())


@pytest.fixture
def books(connection: Connection, owner: Provider, account: EntityId) -> Books:
    return Books(connection, owner, account)
