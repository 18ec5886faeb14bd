"""The program that the import tests kill: ``python -m tests.durability.import_process URL FILE`` takes one bank file."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.banks.adapter import BankFiles
from adapters.contract import RawMessage
from core.clock import FixedClock
from core.services.payments import import_bank_file
from core.storage.engine import application_engine
from tests.paying.town import AT


def main(url: str, file: str) -> None:
    """Take the file; says ``ready`` when everything is loaded and ``done`` at the end."""
    path = Path(file)
    engine = application_engine(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    import_bank_file(engine, reader=BankFiles(), message=RawMessage(path.name, path.read_bytes()), clock=FixedClock(AT))
    engine.dispose()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
