"""The stand as a process of its own, for demonstrations and tests: on a free port, ended with the block that started it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erkc.stands.gis.seed import write_seed

__all__ = ["RunningStand", "running"]

_START_S = 20.0


@dataclass(slots=True)
class RunningStand:
    """A stand that listens at ``url``."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def contents(self) -> dict[str, Any]:
        """What it holds."""
        with urllib.request.urlopen(f"{self.url}/admin/contents", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def fail(self, operation: str, fault: str, *, after: int = 0, times: int = 1) -> None:
        """Set a fault (see ``rules``)."""
        rule = json.dumps([{"operation": operation, "fault": fault, "after": after, "times": times}]).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/admin/faults", rule, method="POST"), timeout=30).close()

    def heal(self) -> None:
        """Remove the faults."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/admin/faults", method="DELETE"), timeout=30).close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _started(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + _START_S
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the stand did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/contents", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > limit:
                process.kill()
                raise RuntimeError("the stand does not answer") from None
            time.sleep(0.05)
        else:
            return


@contextmanager
def running(folder: Path, *, seed: dict[str, Any] | None = None, port: int = 0) -> Iterator[RunningStand]:
    """Start the stand on ``folder``, wait until it answers, stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    if seed is not None:
        write_seed(folder, seed)
    port = port or _free_port()
    log = folder / "stand.log"
    with log.open("ab") as output:
        command = [sys.executable, "-m", "erkc.stands.gis", str(folder), str(port)]
        # The pipe is never written to: when this process dies, however it dies, the stand reads its end and leaves too.
        process = subprocess.Popen([*command, "--with-parent"], stdout=output, stderr=output, stdin=subprocess.PIPE)
    try:
        _started(port, process, log)
        yield RunningStand(f"http://127.0.0.1:{port}", folder, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
