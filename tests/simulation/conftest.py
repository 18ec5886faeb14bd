"""Fixtures of the simulation: one database, one key and one set of zeep clients for all worlds; each world is a settlement centre of its
own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, create_engine, text

from adapters.gis_zhkh.client import SoapClient
from adapters.signing import RSA, choose, issue
from core.storage.engine import application_engine
from core.storage.migrate import APP, OWNER
from tests.conftest import _address
from tests.simulation.world import START, Wire, World, build


@pytest.fixture(scope="session")
def town_engine(server_url: str, template_database: str) -> Iterator[Engine]:
    """One migrated database for every world of the run."""
    name = f"{template_database}_towns"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template_database} OWNER {OWNER}"))
    engine = application_engine(_address(server_url, name, APP), ping=False)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def make_world(town_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., World]:
    """Builds a world by its number."""
    files = issue(tmp_path_factory.mktemp("keys"), at=START, profile=RSA)
    signature, authority = choose(files.certificate, files.key), files.authority.read_text()
    wire = Wire()
    session = requests.Session()
    session.mount("http://stand.invalid", wire)
    client = SoapClient("http://stand.invalid", session=session)

    def make(number: int, **options: int) -> World:
        folder: Path = tmp_path_factory.mktemp(f"stand{number}")
        return build(town_engine, folder, signature=signature, authority=authority, client=client, wire=wire, number=number, **options)

    return make
