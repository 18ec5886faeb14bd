"""What the working role may not do, tried on every table that there is; and what one provider sees of another: nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import errors
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from core.ids import ProviderId
from core.storage.engine import application_engine, owner_engine
from tests.conftest import Database

WORK = {
    "bill_counter": {"UPDATE"},
    "exchange": {"UPDATE"},
    "exchange_item": {"UPDATE"},
    "schedule_slot": {"UPDATE"},
    "balance": {"UPDATE", "DELETE"},
}
"""Tables that hold a state of work or derived data, and what the working role may do to them besides reading and adding."""
OF_A, OF_B = 1, 2


def _tables(connection: Connection) -> dict[str, str]:
    """Every table of ours with its first plain column (partitions and the queue's own tables apart)."""
    statement = """
        SELECT c.relname, (SELECT attname FROM pg_attribute a
                           WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attidentity = '' ORDER BY attnum LIMIT 1)
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT LIKE 'procrastinate%'
        ORDER BY 1"""
    return {str(row[0]): str(row[1]) for row in connection.execute(text(statement))}


def _refused(connection: Connection, statement: str) -> bool:
    with connection.begin_nested() as attempt:
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            attempt.rollback()
            return isinstance(error.orig, errors.InsufficientPrivilege)
        attempt.rollback()
    return False


def test_the_working_role_can_not_change_what_must_not_change(connection: Connection) -> None:
    tables = _tables(connection)
    assert {"message", "message_chunk", "seal", "entry", "posting", "charge_line", "bill", "event", "finding", "record_account"} <= set(
        tables
    )
    allowed = []
    for table, column in tables.items():
        attempts = {
            "UPDATE": f"UPDATE {table} SET {column} = {column}",
            "DELETE": f"DELETE FROM {table}",
            "TRUNCATE": f"TRUNCATE {table} CASCADE",
        }
        allowed += [(table, verb) for verb, statement in attempts.items() if not _refused(connection, statement)]
    assert set(allowed) == {(table, verb) for table, verbs in WORK.items() for verb in verbs}


WAYS_ROUND = (
    "ALTER TABLE posting DISABLE TRIGGER ALL",
    "ALTER TABLE entry DISABLE ROW LEVEL SECURITY",
    "DROP TABLE entry CASCADE",
    "CREATE TABLE mine (n integer)",
    "SET ROLE erkc_owner",
    "SET SESSION AUTHORIZATION erkc_owner",
    "SET session_replication_role = replica",
    "INSERT INTO message_drop VALUES (1, now(), 'x')",
    "INSERT INTO alembic_version VALUES ('0002')",
    "COPY message TO '/tmp/erkc-test-leak'",
    "COPY message TO PROGRAM 'cat'",
)


def test_the_working_role_can_not_get_round_it(connection: Connection) -> None:
    assert [statement for statement in WAYS_ROUND if not _refused(connection, statement)] == []


def test_partitions_are_reached_through_their_table_only(connection: Connection) -> None:
    for table in ("posting", "charge_line", "message_chunk"):
        connection.execute(text("SELECT erkc_ensure_month(:table, '2026-10-01')"), {"table": table})
        for verb in ("SELECT * FROM", "DELETE FROM", "TRUNCATE"):
            assert _refused(connection, f"{verb} {table}_2026_10")
        assert _refused(connection, f"INSERT INTO {table}_2026_10 DEFAULT VALUES")


VALUES = {
    "bigint": "1", "integer": "1", "smallint": "1", "numeric": "1", "text": "'x'", "bytea": "'\\x00'", "jsonb": "'{}'", "boolean": "false",
    "uuid": "gen_random_uuid()", "date": "'2026-10-01'", "timestamp with time zone": "'2026-10-01 00:00Z'",
    "timestamp without time zone": "'2026-10-01 00:00'",
}  # fmt: skip


@pytest.fixture
def owned(database: Database) -> Iterator[list[str]]:
    """Every table with an owner, holding one row of provider B and none of A."""
    superuser = owner_engine(database.superuser_url)
    with superuser.begin() as connection:
        statement = """
            SELECT c.relname, a.attname, format_type(a.atttypid, NULL) AS kind, a.attidentity <> '' AS identity
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND EXISTS (SELECT FROM pg_attribute p WHERE p.attrelid = c.oid AND p.attname = 'provider_id')
            ORDER BY c.relname, a.attnum"""
        tables: dict[str, dict[str, str]] = {}
        for table, column, kind, identity in connection.execute(text(statement)):
            if not identity or column == "provider_id":
                tables.setdefault(table, {})[column] = str(OF_B) if column == "provider_id" else VALUES.get(kind, "'{}'")
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("posting", "charge_line"):
            connection.execute(text("SELECT erkc_ensure_month(:table, '2026-10-01')"), {"table": table})
        checks = """
            SELECT conrelid::regclass, conname FROM pg_constraint
            WHERE contype = 'c' AND coninhcount = 0 AND connamespace = 'public'::regnamespace"""
        for table, name in connection.execute(text(checks)).all():
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))  # rows of dummy values only have to be there
        for table, columns in tables.items():
            connection.execute(
                text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(columns.values())})".replace(":", "\\:"))
            )
    yield sorted(tables)
    superuser.dispose()


def test_one_provider_sees_and_adds_nothing_of_another(database: Database, engine: Engine, owned: list[str]) -> None:
    assert len(owned) > 20
    first, second = (application_engine(database.url, provider=ProviderId(number)) for number in (OF_A, OF_B))
    with first.connect() as of_a, second.connect() as of_b, engine.connect() as centre:
        for table in owned:
            count = text(f"SELECT count(*) FROM {table} WHERE provider_id = {OF_B}")
            seen = tuple(connection.execute(count).scalar() for connection in (of_a, of_b, centre))
            assert seen == (0, 1, 1), table
            month = ", month" if table in ("posting", "charge_line") else ""
            value = ", '2026-10-01'" if month else ""
            with pytest.raises(DBAPIError, match="row-level security"), of_a.begin_nested():
                of_a.execute(text(f"INSERT INTO {table} (provider_id{month}) VALUES ({OF_B}{value})"))
        for table in set(WORK) & set(owned):
            assert of_a.execute(text(f"UPDATE {table} SET provider_id = {OF_A}")).rowcount == 0, table
    first.dispose()
    second.dispose()


def test_a_session_that_names_nobody_sees_nothing_anywhere(engine: Engine, owned: list[str]) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET erkc.provider = ''"))
        for table in owned:
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
