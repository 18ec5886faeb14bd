"""A process of its own that computes a month and says how many megabytes its largest process took over what the imports take."""

from __future__ import annotations

import os
import re
import resource
import sys
from pathlib import Path

from config.law import tables
from core.charges.law import Law
from core.clock import SystemClock
from core.ids import ProviderId
from core.period import Month
from core.services.charge import draft_month
from core.storage.engine import application_engine


def _peak_kb() -> int:
    """Of this process alone: what ``getrusage`` says of it counts the process that started it too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    before = _peak_kb()
    draft_month(
        application_engine(os.environ["ERKC_BENCH_URL"]), provider_id=ProviderId(int(sys.argv[1])), month=Month(2026, 10), mode="charge",
        law=Law.from_tables(tables()), code_version="bench", actor="bench", clock=SystemClock(), dry_run=True, workers=int(sys.argv[2]),
    )  # fmt: skip
    peak = max(_peak_kb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print((peak - before) // 1024)
