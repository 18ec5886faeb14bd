from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from core.errors import ConfigError
from core.storage.engine import application_engine, owner_engine
from core.storage.migrate import check_roles, current_revision, head_revision, upgrade
from tests.conftest import Database


def test_upgrade_brings_to_head_and_repeats_without_change(database: Database) -> None:
    owner = owner_engine(database.owner_url)
    assert current_revision(owner) == head_revision()
    upgrade(owner)
    assert current_revision(owner) == head_revision()
    owner.dispose()


def test_month_partitions_are_made_on_demand_and_only_for_known_tables(connection: Connection) -> None:
    connection.execute(text("SELECT erkc_ensure_month('posting', '2026-10-01')"))
    connection.execute(text("SELECT erkc_ensure_month('posting', '2026-10-15')"))
    assert connection.execute(text("SELECT count(*) FROM pg_class WHERE relname = 'posting_2026_10'")).scalar() == 1
    with pytest.raises(ProgrammingError, match=r"permission denied|no monthly table"):
        connection.execute(text("SELECT erkc_ensure_month('entry', '2026-10-01')"))


def test_a_session_that_names_nobody_sees_nothing(database: Database) -> None:
    centre = application_engine(database.url)
    with centre.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM provider")).scalar() == 1
        connection.execute(text("RESET erkc.provider"))
        connection.execute(text("SET erkc.provider = ''"))
        assert connection.execute(text("SELECT count(*) FROM provider")).scalar() == 0
    centre.dispose()


def test_only_the_owner_migrates(database: Database) -> None:
    """A superuser would become the owner of the tables and of the functions with their owner's rights."""
    check_roles(owner_engine(database.owner_url))
    for address in (database.superuser_url, database.url):
        with pytest.raises(ConfigError, match="DB-0203") as refused:
            check_roles(owner_engine(address))
        assert "CREATE ROLE erkc_owner" in (refused.value.hint or "")
