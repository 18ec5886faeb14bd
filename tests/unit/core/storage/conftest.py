"""The storage tests run twice where the system has a PostgreSQL 15: on the embedded server and on that one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.storage.binaries import ENVIRONMENT, run, server_account
from tests.conftest import migrated_template

SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")
SERVERS = ["server of the run", pytest.param("PostgreSQL 15", marks=pytest.mark.skipif(not SYSTEM_15.exists(), reason=f"no {SYSTEM_15}"))]


@contextlib.contextmanager
def _system_15() -> Iterator[str]:
    """A cluster of the system's PostgreSQL 15, which has no built-in locales and wants to reach its data by its full path."""
    account = server_account()
    switch = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switch else {}
    with tempfile.TemporaryDirectory(prefix="erkc-15-", dir="/tmp") as place:
        folder, data = Path(place), Path(place, "pgdata")
        folder.chmod(0o755)
        data.mkdir(mode=0o700)
        os.chown(data, account.uid, account.gid)
        code, output = run(
            account, SYSTEM_15 / "initdb", "-D", data, "-U", "erkc", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"
        )
        assert code == 0, output
        settings = ("listen_addresses=", f"unix_socket_directories={data}", "fsync=off")
        with (folder / "server.log").open("wb") as log:
            command = [SYSTEM_15 / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))]
            server = subprocess.Popen(command, cwd="/", env=ENVIRONMENT, stdout=log, stderr=log, **switch)
        try:
            deadline = time.monotonic() + 60
            while not (data / ".s.PGSQL.5432").exists() or not _answers(data):
                assert server.poll() is None and time.monotonic() < deadline, (folder / "server.log").read_text()
                time.sleep(0.05)
            yield f"postgresql+psycopg://erkc@/postgres?host={data}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)


def _answers(socket: Path) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(host=str(socket), user="erkc", dbname="postgres").close()
        return True
    return False


@pytest.fixture(scope="session", params=SERVERS)
def server_url(request: pytest.FixtureRequest, server_url: str) -> Iterator[str]:
    """Superuser address of each server in turn."""
    if request.param == "PostgreSQL 15":
        with _system_15() as url:
            yield url
    else:
        yield server_url


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """The template on the server in turn."""
    return migrated_template(server_url)
