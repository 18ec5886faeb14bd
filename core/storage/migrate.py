"""Creating and migrating the database: roles once for a server, then Alembic as the owner."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from core.errors import ConfigError

__all__ = ["APP", "OWNER", "check_roles", "create_roles", "current_revision", "head_revision", "upgrade"]

OWNER = "erkc_owner"
APP = "erkc_app"


def create_roles(engine: Engine, database: str) -> None:
    """As a superuser: make the two roles if they are missing and give the database to the owner."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        present = set(connection.execute(text("SELECT rolname FROM pg_roles WHERE rolname IN (:a, :b)"), {"a": OWNER, "b": APP}).scalars())
        for role in (OWNER, APP):
            if role not in present:
                connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        quoted = connection.dialect.identifier_preparer.quote(database)
        connection.execute(text(f"ALTER DATABASE {quoted} OWNER TO {OWNER}"))
        connection.execute(text(f"GRANT CONNECT, TEMPORARY ON DATABASE {quoted} TO {APP}"))


def _config() -> Config:
    config = Config()
    with as_file(files("core.storage.migrations")) as folder:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def head_revision() -> str:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current_revision(engine: Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('public.alembic_version')")).scalar() is None:
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_roles(engine: Engine) -> None:
    """That the address names the owner and the program's role exists; ``ConfigError`` DB-0203 otherwise.

    Migrations run by a superuser would make him the owner of the tables and of the functions that run with their owner's rights.
    """
    with engine.connect() as connection:
        user = connection.execute(text("SELECT current_user")).scalar_one()
        has_app = connection.execute(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :app)"), {"app": APP}).scalar_one()
    if user == OWNER and has_app:
        return
    what = f"нет роли {APP}" if user == OWNER else f"адрес владельца называет роль {user}, а нужна {OWNER}"
    raise ConfigError(
        "DB-0203",
        f"Роли базы данных не те: {what}.",
        hint=f"Один раз от имени администратора сервера: CREATE ROLE {OWNER} LOGIN PASSWORD '…'; CREATE ROLE {APP} LOGIN PASSWORD '…'; "
        f"и база с OWNER {OWNER}. Затем задайте ERKC_OWNER_DATABASE_URL с ролью {OWNER}.",
        option="database.owner_url",
    )


def upgrade(engine: Engine) -> None:
    """Bring the database to :func:`head_revision`, as the owner; doing it again changes nothing."""
    config = _config()
    with engine.connect() as lock, engine.connect() as connection:
        lock.execute(text("SELECT pg_advisory_lock(hashtext('erkc migrations'))"))  # two first runs at once: the second finds it done
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
