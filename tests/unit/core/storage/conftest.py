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
def _system_15(folder: Path) -> Iterator[str]:
    """A cluster of the system's PostgreSQL 15, which has no built-in locales."""
    account = server_account()
    data, socket = folder / "pgdata", Path(tempfile.mkdtemp(prefix="erkc-15-", dir="/tmp"))
    data.mkdir(mode=0o700)
    for place in (data, socket):
        os.chown(place, account.uid, account.gid)
    here = ("-D", "/proc/self/cwd")
    code, output = run(
        account, SYSTEM_15 / "initdb", *here, "-U", "erkc", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync", folder=data
    )
    assert code == 0, output
    switch = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switch else {}
    settings = ("listen_addresses=", f"unix_socket_directories={socket}", "fsync=off")
    with (folder / "server.log").open("wb") as log:
        command = [SYSTEM_15 / "postgres", *here, *(part for setting in settings for part in ("-c", setting))]
        server = subprocess.Popen(command, cwd=data, env=ENVIRONMENT, stdout=log, stderr=log, **switch)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(host=str(socket), user="erkc", dbname="postgres").close()
                break
            assert server.poll() is None and time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.05)
        yield f"postgresql+psycopg://erkc@/postgres?host={socket}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        socket.rmdir()


@pytest.fixture(scope="session", params=SERVERS)
def server_url(request: pytest.FixtureRequest, server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Superuser address of each server in turn."""
    if request.param == "PostgreSQL 15":
        with _system_15(tmp_path_factory.mktemp("system-15")) as url:
            yield url
    else:
        yield server_url


@pytest.fixture(scope="session")
def template_database(server_url: str) -> str:
    """The template on the server in turn."""
    return migrated_template(server_url)
