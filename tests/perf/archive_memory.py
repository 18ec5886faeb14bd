"""Peak memory of taking one archive: ``python -m tests.perf.archive_memory URL FILE`` prints kilobytes over those before it."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from config.settings import load
from core.clock import FixedClock
from core.services.take import Taken
from core.storage.engine import application_engine
from erkc.application import Application
from erkc.intake import take_file

AT = datetime(2026, 11, 4, 6, tzinfo=UTC)


def take_large(url: str, file: Path, home: Path) -> Taken:
    """Take an archive whose every row is right."""
    engine = application_engine(url)
    application = Application(load(home=home, environment={}), engine, FixedClock(AT), url)
    taken = take_file(application, file.name, file.read_bytes())
    engine.dispose()
    if not isinstance(taken, Taken) or taken.status != "accepted" or not taken.is_new:
        raise AssertionError(taken)
    return taken


def main(url: str, file: Path) -> None:
    """Take it and say what it took."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: rusage keeps that of the parent
    before = _kilobytes("VmRSS")
    with tempfile.TemporaryDirectory() as home:
        take_large(url, file, Path(home))
    print(_kilobytes("VmHWM") - before)


def _kilobytes(word: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{word}:"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
