"""Shared fixtures: one PostgreSQL for a test run, one fresh database for a test.

The default is the embedded server; ``ERKC_TEST_SERVER_URL`` (superuser, SQLAlchemy form) names another, e.g. the system's PostgreSQL 15.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from core.storage import embedded
from core.storage.engine import application_engine, owner_engine
from core.storage.migrate import APP, OWNER, create_roles, upgrade

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "reference"


@dataclass(frozen=True)
class Database:
    """Addresses of one database for each role."""

    url: str
    owner_url: str
    superuser_url: str


def _address(server_url: str, database: str, role: str | None = None) -> str:
    url = make_url(server_url).set(database=database)
    if role is not None:
        url = url.set(username=role)
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Superuser address of the server of this run."""
    named = os.environ.get("ERKC_TEST_SERVER_URL")
    if named:
        yield named
        return
    folder = tmp_path_factory.mktemp("server")
    server = embedded.start(folder, {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
    yield server.superuser_url
    server.release()


def migrated_template(server_url: str) -> str:
    """Make a migrated, empty database on a server; its name."""
    name = f"erkc_template_{uuid.uuid4().hex[:8]}"
    with create_engine(server_url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    superuser = create_engine(_address(server_url, name))
    create_roles(superuser, name)
    superuser.dispose()
    owner = owner_engine(_address(server_url, name, OWNER))
    upgrade(owner)
    owner.dispose()
    return name


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """A migrated, empty database that each test's own is copied from."""
    return migrated_template(server_url)


@contextmanager
def fresh_database(server_url: str, template_database: str) -> Iterator[Database]:
    """A migrated database of its own, dropped at the end."""
    name = f"erkc_test_{uuid.uuid4().hex[:10]}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template_database} OWNER {OWNER}"))
    yield Database(_address(server_url, name, APP), _address(server_url, name, OWNER), _address(server_url, name))
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database(server_url: str, template_database: str) -> Iterator[Database]:
    """A fresh, migrated database."""
    with fresh_database(server_url, template_database) as made:
        yield made


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """The centre's working engine on a fresh database."""
    engine = application_engine(database.url)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One open transaction of the centre, rolled back at the end."""
    with engine.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def shared() -> Path:
    """The references beside the checkout; absent on a user's machine, required in CI."""
    if not SHARED.exists():
        if os.environ.get("ERKC_REQUIRE_SHARED") == "1":
            pytest.fail(f"ERKC_REQUIRE_SHARED=1, but {SHARED} does not exist")
        pytest.skip("the official schemas are not beside this checkout (../shared); CI requires them")
    return SHARED
