"""The application: settings turned into engines, a clock, the law and the adapters. Opened once by a command, a worker or the demo.

Without ``ERKC_DATABASE_URL`` the embedded server of the work folder is started (or joined) and migrated by itself; a named server is
migrated by ``erkc db upgrade`` only, and a database that is behind is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, create_engine

from adapters.banks.profile import use_site_profiles
from config.settings import Settings
from core.clock import Clock, SystemClock
from core.errors import ConfigError
from core.storage import embedded
from core.storage.engine import application_engine, owner_engine
from core.storage.migrate import check_roles, create_roles, current_revision, head_revision, upgrade

__all__ = ["CODE_VERSION", "Application", "database_url", "open_application", "upgrade_database"]

CODE_VERSION = version("erkc")


@dataclass(frozen=True, slots=True)
class Application:
    """What a command works with."""

    settings: Settings
    engine: Engine
    clock: Clock
    database: str
    """Address of the database for the working role, as people and other processes may use it."""

    @property
    def home(self) -> Path:
        """The work folder."""
        return self.settings.home


@contextmanager
def open_application(settings: Settings, *, clock: Clock | None = None) -> Iterator[Application]:
    """Open the database of the settings; the embedded server is let go at the end."""
    settings.home.mkdir(parents=True, exist_ok=True)
    use_site_profiles(settings.home / "banks")
    with database_url(settings) as url:
        engine = application_engine(url)
        try:
            found = current_revision(engine)
            if found != head_revision():
                raise ConfigError(
                    "DB-0201",
                    f"База данных {'пуста' if found is None else 'устарела'}: версия {found}, нужна {head_revision()}.",
                    hint="Выполните erkc db upgrade.",
                )
            yield Application(settings, engine, clock or SystemClock(), url)
        finally:
            engine.dispose()


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The working role's address; starts, migrates and holds the embedded server where no other is named."""
    if not settings.embedded:
        yield settings.database.url.get_secret_value()
        return
    server = embedded.start(settings.home)
    try:
        _migrate(server.superuser_url, server.owner_url, "erkc")
        yield server.url()
    finally:
        server.release()


def upgrade_database(settings: Settings) -> str:
    """Create or migrate the database of the settings and return its revision."""
    if settings.embedded:
        with database_url(settings):
            return head_revision()
    owner_url = settings.database.owner_url.get_secret_value()
    if not owner_url:
        raise ConfigError(
            "DB-0202",
            "Не задан адрес базы для владельца схемы.",
            hint="Задайте ERKC_OWNER_DATABASE_URL (роль erkc_owner).",
            option="database.owner_url",
        )
    owner = owner_engine(owner_url)
    try:
        check_roles(owner)
        upgrade(owner)
    finally:
        owner.dispose()
    return head_revision()


def _migrate(superuser_url: str, owner_url: str, database: str) -> None:
    owner = owner_engine(owner_url)
    superuser = create_engine(superuser_url)
    try:
        if current_revision(superuser) != head_revision():
            create_roles(superuser, database)
            upgrade(owner)
    finally:
        owner.dispose()
        superuser.dispose()
