"""Taking one archive in a process of its own: ``python -m tests.perf.archive_memory URL FILE`` prints its time, and its peak memory in
kilobytes over what it has when everything is imported."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from config.settings import load
from core.clock import FixedClock
from core.services.take import Taken
from core.storage.engine import application_engine
from erkc.application import Application
from erkc.intake import load_region_file, take_file
from tests.perf.large_archive import TOWN

_AT = datetime(2026, 11, 4, 6, tzinfo=UTC)


def main(url: str, file: Path) -> None:
    """Take it and say what it took."""
    engine = application_engine(url)
    with tempfile.TemporaryDirectory() as home:
        application = Application(load(home=Path(home), environment={}), engine, FixedClock(_AT), url)
        region = TOWN.with_name("zarechinsk.region.json")
        load_region_file(application, region.name, region.read_bytes())
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: rusage keeps that of the parent
        before, start = _kilobytes("VmRSS"), (time.perf_counter(), time.process_time())
        taken = take_file(application, file.name, file.read_bytes())
        took = time.perf_counter() - start[0], time.process_time() - start[1]
    if not isinstance(taken, Taken) or taken.status != "accepted" or not taken.is_new:
        raise AssertionError(taken)
    engine.dispose()
    print(json.dumps({"wall_s": took[0], "cpu_s": took[1], "kilobytes": _kilobytes("VmHWM") - before}))


def _kilobytes(word: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{word}:"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
