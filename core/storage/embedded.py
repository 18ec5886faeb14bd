"""An embedded PostgreSQL for one work folder: the wheel's binaries, our own start and stop, nothing left behind.

Two locks carry everything, and the kernel frees both even on kill −9. Each process that uses the server holds ``server.users`` shared; a
guard (:mod:`core.storage.guard`) holds the server as its child and stops it when it gets that lock alone. The server's own processes hold
``server.running``: whoever gets it knows that no process of this folder's server lives, whatever number a stale pid file names, so pid
files are never trusted and no process is ever looked up by number.

The server is started inside its data folder and told that the data is in ``/proc/self/cwd``. So folders above may be closed to it, which
lets root run it as ``nobody`` in any work folder without widening a right. Its clients come through a socket in a private short folder
and are recognised by the system account that made the cluster (``peer``). Linux only.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from core.errors import ConfigError, system_reason
from core.storage.binaries import ENVIRONMENT, Account, binaries, run, server_account
from core.storage.migrate import APP, OWNER

__all__ = ["EmbeddedServer", "start"]

_SUPERUSER = "erkc"
_PORT = 5432
_SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # a socket's path must be short; we make a folder of mode 0700 there
_HERE = "/proc/self/cwd"
_START_PATIENCE_S = 300.0
_LOG_LIMIT_BYTES = 10_000_000
_DISK_FULL = ("No space left on device", "Disk quota exceeded", "could not resize shared memory")


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server, held for as long as this value (its lock) lives or the process does."""

    folder: Path
    socket: Path
    users: IO[str]

    def url(self, *, role: str = APP, database: str = "erkc") -> str:
        """SQLAlchemy address for a role."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.socket}&port={_PORT}"

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


def start(folder: Path, options: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Start the server of a work folder, or join it when it runs; creates folder, cluster and the database ``erkc`` when missing.

    ``options`` are PostgreSQL settings for a fresh start (a running server keeps its own). Errors are :class:`ConfigError` DB-01xx, in
    words for the administrator.
    """
    if sys.platform != "linux":
        raise ConfigError("DB-0106", "Встроенный PostgreSQL работает только в Linux.", hint="Задайте ERKC_DATABASE_URL с адресом сервера.")
    folder = folder.resolve()
    users = _open_folder(folder)
    try:
        with _locked(folder / "server.lock"):
            socket = _join_or_launch(folder, dict(options or {}))
            with _connect(socket) as connection:
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'erkc'").fetchone() is None:
                    connection.execute("CREATE DATABASE erkc")
    except OSError as error:
        users.close()
        raise _system_error(folder, error) from error
    except psycopg.Error as error:
        users.close()
        raise _explained(
            ConfigError("DB-0104", f"Встроенный PostgreSQL в {folder} отказал.", hint=str(error).strip()), str(error)
        ) from error
    except BaseException:
        users.close()
        raise
    return EmbeddedServer(folder, socket, users)


def _open_folder(folder: Path) -> IO[str]:
    """Make the work folder and count ourselves among its users (waits while a guard is stopping the server)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        users = (folder / "server.users").open("a")
        _lock(users, shared=True)
    except OSError as error:
        raise _system_error(folder, error) from error
    return users


def _system_error(folder: Path, error: OSError) -> ConfigError:
    if isinstance(error, PermissionError):
        return _foreign(folder, Path(error.filename or folder))
    hint = f"{system_reason(error) if error.errno else error}."
    return _explained(ConfigError("DB-0104", f"Встроенный PostgreSQL не запустился в {folder}.", hint=hint), str(error))


def _foreign(folder: Path, what: Path) -> ConfigError:
    owner = "другого пользователя"
    with contextlib.suppress(OSError, KeyError):
        owner = pwd.getpwuid(what.stat().st_uid).pw_name
    return ConfigError(
        "DB-0108", f"Рабочий каталог {folder} не наш: {what} принадлежит {owner}.",
        hint="Запускайте от имени того же пользователя или укажите другой каталог в ERKC_HOME.",
    )  # fmt: skip


def _explained(error: ConfigError, output: str) -> ConfigError:
    """The same failure in plain words where the server's own words are known."""
    if any(words in output for words in _DISK_FULL):
        return ConfigError(
            "DB-0105",
            "На диске не осталось места для встроенной базы.",
            hint="Освободите место и запустите команду ещё раз.",
            cause=str(error),
        )
    return error


def _lock(file: IO[str], *, shared: bool = False, wait: bool = True) -> bool:
    import fcntl  # absent where the embedded server is not supported

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        _lock(file)
        yield


def _connect(socket: Path) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(socket), port=_PORT, user=_SUPERUSER, dbname="postgres", connect_timeout=5, autocommit=True)


def _answers(socket: Path) -> bool:
    if not (socket / f".s.PGSQL.{_PORT}").exists():
        return False
    try:
        _connect(socket).close()
    except psycopg.OperationalError:  # starting, recovering, or going down
        return False
    return True


def _noted_socket(folder: Path) -> Path | None:
    """The socket folder of the last start."""
    with contextlib.suppress(OSError):
        return Path((folder / "server.socket").read_text(encoding="utf-8").strip())
    return None


def _join_or_launch(folder: Path, options: dict[str, str]) -> Path:
    """Join the living server, or start one when no process of this folder's server lives."""
    account, data = server_account(), folder / "pgdata"
    if data.exists() and data.stat().st_uid != account.uid:
        raise _foreign(folder, data)
    deadline = time.monotonic() + _START_PATIENCE_S
    with (folder / "server.running").open("a") as running:
        while not _lock(running, wait=False):  # a server, its last processes after a crash, or an initdb whose starter was killed
            socket = _noted_socket(folder)
            if socket is not None and _answers(socket):
                return socket
            if time.monotonic() > deadline:
                raise ConfigError(
                    "DB-0111", f"Сервер рабочего каталога {folder} запущен, но не отвечает.",
                    hint=f"Посмотрите {folder / 'server.log'}; завершите процессы postgres этого каталога и повторите.",
                )  # fmt: skip
            time.sleep(0.05)
        if not data.exists():
            _initialise(folder, data, account, running, durable=options.get("fsync") != "off")
        _remove_socket(_noted_socket(folder), account)
        (data / "postmaster.pid").unlink(missing_ok=True)  # stale: the lock says that its process is not ours
        return _launch(folder, data, account, options, running)


def _initialise(folder: Path, data: Path, account: Account, running: IO[str], *, durable: bool) -> None:
    """Make the cluster beside its place and move it there when it is whole: a killed initdb leaves nothing that looks like a database."""
    draft = folder / "pgdata.new"
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    if account.switch:
        os.chown(draft, account.uid, account.gid)
    initdb = binaries(account) / "initdb"
    for libc_locale in ("C.UTF-8", "C"):  # the second where the system's library knows no C.UTF-8
        code, output = run(
            account, initdb, "-D", _HERE, "-U", _SUPERUSER, "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            f"--locale={libc_locale}", "--auth=peer", "--no-instructions", *(() if durable else ("--no-sync",)),
            folder=draft, keep=(running.fileno(),),
        )  # fmt: skip
        if "invalid locale" not in output:
            break
    if code:
        raise _explained(ConfigError("DB-0103", f"Не удалось создать встроенную базу в {data}.", hint=output.strip()[-500:]), output)
    ourselves = pwd.getpwuid(os.geteuid()).pw_name
    (draft / "pg_hba.conf").write_text("local all all peer map=erkc\n", encoding="utf-8")
    (draft / "pg_ident.conf").write_text(f'erkc "{ourselves}" all\n', encoding="utf-8")
    draft.rename(data)


def _new_socket_folder(account: Account) -> Path:
    for place in _SHORT_FOLDERS:
        with contextlib.suppress(OSError):
            socket = Path(tempfile.mkdtemp(prefix="erkc-", dir=place))
            if account.switch:
                os.chown(socket, account.uid, account.gid)
            return socket
    raise ConfigError(
        "DB-0112",
        f"Негде создать сокет встроенного PostgreSQL: нет записи в {', '.join(_SHORT_FOLDERS)}.",
        hint="Дайте права на запись в /tmp.",
    )


def _remove_socket(socket: Path | None, account: Account) -> None:
    """Remove what a killed guard left, if it is ours beyond doubt."""
    if socket is None or str(socket.parent) not in _SHORT_FOLDERS or not socket.name.startswith("erkc-"):
        return
    with contextlib.suppress(OSError):
        status = socket.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid:
            shutil.rmtree(socket)


def _launch(folder: Path, data: Path, account: Account, options: dict[str, str], running: IO[str]) -> Path:
    """Start guard and server, and wait until the server answers."""
    major = int((data / "PG_VERSION").read_text(encoding="ascii"))
    server = binaries(account, major=major) / "postgres"
    socket = _new_socket_folder(account)
    (folder / "server.socket").write_text(f"{socket}\n", encoding="utf-8")
    settings = {"timezone": "UTC", "log_timezone": "UTC", "cluster_name": "erkc"} | options | {
        "listen_addresses": "", "port": str(_PORT), "unix_socket_directories": str(socket), "unix_socket_permissions": "0700",
    }  # fmt: skip
    command = [str(server), "-D", _HERE, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]
    task = {
        "command": command, "data": str(data), "environment": ENVIRONMENT, "running": running.fileno(),
        "users": str(folder / "server.users"), "socket": str(socket),
        "account": account.uid if account.switch else None, "group": account.gid,
    }  # fmt: skip
    log = folder / "server.log"
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(folder / "server.log.1")
    with log.open("ab") as output:
        told = output.tell()
        alive = _spawn_guard(task, running, output)
    try:
        deadline = time.monotonic() + _START_PATIENCE_S
        while not _answers(socket):
            gone = bool(select.select([alive], [], [], 0.02)[0])
            if gone or time.monotonic() > deadline:
                tail = log.read_bytes()[told:].decode(errors="replace")
                raise _explained(ConfigError("DB-0104", f"Встроенный PostgreSQL не запустился в {folder}.", hint=tail.strip()[-900:]), tail)
    finally:
        os.close(alive)
    return socket


def _spawn_guard(task: Mapping[str, object], running: IO[str], output: IO[bytes]) -> int:
    """Start the guard in the background; the descriptor given back reads as ended when the guard is gone."""
    alive, held = os.pipe()
    guard = Path(__file__).with_name("guard.py")
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", str(guard), json.dumps(dict(task))], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            cwd="/", pass_fds=(running.fileno(), held), check=True,
        )  # fmt: skip
    except subprocess.CalledProcessError:
        os.close(alive)
        raise ConfigError(
            "DB-0104", f"Не запустился сторож встроенного PostgreSQL ({guard}).", hint="Посмотрите server.log в рабочем каталоге."
        ) from None
    finally:
        os.close(held)
    return alive
