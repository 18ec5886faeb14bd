"""A region on a port for the time of a test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from adapters.signing import Certificate
from erkc.stands.rgis import Rule, Stand, application

__all__ = ["region"]


@contextmanager
def region(folder: Path, *rules: Rule, authorities: Sequence[Certificate] | None = None) -> Iterator[tuple[Stand, str]]:
    """The stand and its address."""
    stand = Stand(folder, delay_s=0, rules=list(rules), authorities=authorities)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(stand), log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield stand, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
