"""Starting, pausing and killing real processes; whatever a test leaves is killed after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.storage.engine import owner_engine
from tests.conftest import ROOT, Database


@dataclass
class Program:
    """A running process of ours with its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """As kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As an administrator stops it; it must end by itself and in peace."""
        self.process.terminate()
        assert self.process.wait(timeout=10) == 0, self.text()

    def pause(self) -> None:
        """As a machine that hangs."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """It comes back."""
        os.kill(self.process.pid, signal.SIGCONT)

    def text(self) -> str:
        """What it logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start a program of :mod:`tests.durability.processes`."""
    started: list[Program] = []

    def begin(*arguments: str) -> Program:
        log = tmp_path / f"{len(started)}-{arguments[0]}.log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "tests.durability.processes", *arguments]
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        started.append(Program(process, log))
        return started[-1]

    yield begin
    for program in started:
        if program.process.poll() is None:
            program.resume()
            program.kill()


@pytest.fixture
def effects(database: Database) -> Database:
    """A database where jobs can leave what they did."""
    owner = owner_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(
            text("CREATE TABLE effect (planned_at timestamptz, fence integer, what text, at timestamptz DEFAULT clock_timestamp())")
        )
        connection.execute(text("GRANT SELECT, INSERT ON effect TO erkc_app"))
    owner.dispose()
    return database


def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    """What a statement gives at this moment."""
    engine = create_engine(database.superuser_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return found


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 15) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
