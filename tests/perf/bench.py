"""``make bench``: all measurements, printed as a table. ``--small`` takes seconds and shows only that the harness works;
``--bills 100000`` sends a month of that size through the stand of ГИС ЖКХ."""

from __future__ import annotations

import platform
import sys

from tests.perf import bench_archive, bench_bills, bench_charges, bench_federal, bench_ledger, bench_payments


def main() -> None:
    """Run every benchmark and print what it measured."""
    small = "--small" in sys.argv
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}")
    lines, rounds, growth = (20_000, 3, (20_000, 60_000)) if small else (1_000_000, 5, (1_000_000, 10_000_000))
    for result in bench_ledger.run(lines, rounds, growth):
        print(result, flush=True)
    accounts, towns, columns = (1_000, (500, 1_000), 100_000) if small else (100_000, (10_000, 100_000), 10_000_000)
    for found in bench_charges.run(accounts, rounds, towns, columns):
        print(found, flush=True)
    payments, memory = (2_000, (1_000, 2_000)) if small else (1_000_000, (100_000, 1_000_000))
    for told in bench_payments.run(payments, rounds, memory):
        print(told, flush=True)
    for said in bench_archive.run((410, 1_000) if small else (10_000, 100_000)):
        print(said, flush=True)
    for item in bench_bills.run(*((50, 3, 500) if small else (400, 5, 10_000))):
        print(item, flush=True)
    for one in bench_federal.run(*((50, 3, 200) if small else (500, 5, _option("--bills", 20_000)))):
        print(one, flush=True)


def _option(name: str, default: int) -> int:
    """A number given after a name on the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


if __name__ == "__main__":
    main()
