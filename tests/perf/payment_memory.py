"""Peak memory of one import: ``python -m tests.perf.payment_memory URL ROWS ACCOUNTS`` prints the kilobytes over those before it."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.banks.adapter import BankFiles
from adapters.contract import RawMessage
from core.clock import FixedClock
from core.services.payments import import_bank_file
from core.storage.engine import application_engine
from tests.paying.town import AT, registry


def main(url: str, rows: int, accounts: int) -> None:
    """Import a registry of so many rows; the database has so many accounts."""
    data = b"".join(registry(rows, accounts))
    engine = application_engine(url)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: rusage keeps that of the parent
    before = _kilobytes("VmRSS")
    import_bank_file(engine, reader=BankFiles(), message=RawMessage("registry.txt", data), clock=FixedClock(AT))
    engine.dispose()
    print(_kilobytes("VmHWM") - before)


def _kilobytes(word: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{word}:"))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
