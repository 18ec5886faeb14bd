"""The town as a database: taken, or taken and charged; made once a run, copied for each test."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from config.settings import load
from core.clock import FixedClock
from core.ids import ProviderId
from core.period import Month
from core.services.accepting import accept_findings, month_findings
from core.services.charge import approve_month, draft_month, post_month
from core.storage.engine import application_engine
from core.storage.migrate import APP, OWNER
from erkc.application import CODE_VERSION, Application
from erkc.cli.main import main
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file

TOWN = Path(__file__).parents[3] / "examples" / "town"
ROOT_XSD = Path(__file__).parents[3] / "xsd" / "uk" / "1.0"
OCTOBER = Month(2026, 10)
NOW = datetime(2026, 11, 4, 6, tzinfo=UTC)
ARCHIVE = "zarechinsk-2026-10-valid.zip"


@contextmanager
def database_copy(server_url: str, template: str, home: Path, *, keep: bool = False) -> Iterator[tuple[str, Application]]:
    """A database of its own made from another, with the application that works on it."""
    name = f"erkc_town_{uuid.uuid4().hex[:10]}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}"))
    url = make_url(server_url).set(database=name, username=APP).render_as_string(hide_password=False)
    engine = application_engine(url)
    yield name, Application(load(home=home, environment={}), engine, FixedClock(NOW), url)
    engine.dispose()
    if not keep:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def charge(application: Application, *, mode: str = "charge") -> None:
    """Draft, approve and post October."""
    scope = {"provider_id": ProviderId(1), "month": OCTOBER, "actor": "тест", "clock": application.clock}
    draft_month(application.engine, mode=mode, law=law(), code_version=CODE_VERSION, **scope)
    approve_month(application.engine, reason="тест", **scope)
    post_month(application.engine, law=law(), **scope)


def accept_waiting(application: Application, month: Month) -> set[str]:
    """Accept whatever a month's draft has stopped, as a person would who has looked at it; the codes of what it was."""
    found = month_findings(application.engine, provider_id=ProviderId(1), month=month)
    waiting = [one for one in found.findings if found.is_open(one)] if found is not None else []
    if waiting:
        numbers = [one.finding_id for one in waiting]
        accept_findings(application.engine, numbers=numbers, reason="проверено", actor="тест", clock=application.clock)
    return {one.finding.code for one in waiting}


@pytest.fixture(scope="session")
def taken_template(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The region loaded and the town's archive taken."""
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("taken"), keep=True) as (name, application):
        region = TOWN / "zarechinsk.region.json"
        load_region_file(application, region.name, region.read_bytes())
        take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    return name


@pytest.fixture(scope="session")
def charged_template(server_url: str, taken_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """October charged and posted besides."""
    with database_copy(server_url, taken_template, tmp_path_factory.mktemp("charged"), keep=True) as (name, application):
        charge(application)
    return name


@pytest.fixture
def taken_town(server_url: str, taken_template: str, tmp_path: Path) -> Iterator[Application]:
    """The town taken, nothing charged."""
    with database_copy(server_url, taken_template, tmp_path) as (_, application):
        yield application


@pytest.fixture
def charged_town(server_url: str, charged_template: str, tmp_path: Path) -> Iterator[Application]:
    """The town with October posted."""
    with database_copy(server_url, charged_template, tmp_path) as (_, application):
        yield application


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def erkc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in this process: exit code, standard output, standard error; words that the width of the screen parted are together."""
    monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        captured = capsys.readouterr()
        return code, captured.out, " ".join(captured.err.split())

    return command
