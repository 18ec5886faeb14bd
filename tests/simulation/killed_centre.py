"""Settlement centres that kill themselves: ``python -m tests.simulation.killed_centre DATABASE STAND KEYS NUMBER PROVIDER``.

Each line of standard input is a month and the failpoints at which to die. A child is forked for it, runs the operator's commands, and at
such a point sends itself a real ``kill −9``: nothing is cleaned up, flushed or said. The answer is how the child ended.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.exchange import Ladder
from adapters.signing import choose
from core.clock import SystemClock
from core.ids import ProviderId
from core.period import Month
from core.services.federal import Federal, Waiting, poll, send_bills
from core.storage.engine import application_engine
from erkc.federal import FederalGateway
from tests.simulation.world import bills_for

PATIENCE = timedelta(seconds=12)
"""How long a child waits for answers before it says that all is not over."""


def quick_federal(url: str, stand: str, keys: Path, number: int, provider_id: ProviderId, month: Month) -> Federal:
    """The surroundings of a centre that waits for nothing long."""
    engine = application_engine(url)
    client = SoapClient(stand, timeout_s=2, connect_timeout_s=2)
    gateway = FederalGateway(client, choose(keys / "signer.pem", keys / "signer.key"), Ladder((0.15, 0.3)), system=f"gis-{number}")
    bills = bills_for(engine, provider_id, number, month)
    times = {"lease": timedelta(seconds=3), "lost_wait": timedelta(seconds=0.5), "backoff": timedelta(seconds=0.1)}
    return Federal(engine, gateway, SystemClock(), bills, package=2, **times)  # type: ignore[arg-type]  # by name


class Deadly:
    """Kills the process at some of the failpoints."""

    def __init__(self, fatal: Collection[int]) -> None:
        self._fatal, self._passed = fatal, 0

    def __call__(self, name: str) -> None:
        self._passed += 1
        if self._passed in self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def live(federal: Federal, provider_id: ProviderId, month: Month) -> bool:
    """Send and ask until all is over; False when it is not in time."""
    until = datetime.now(UTC) + PATIENCE
    waiting = Waiting(lambda pause: time.sleep(pause.total_seconds()), until=until)
    send_bills(federal, provider_id=provider_id, month=month, waiting=waiting)
    return poll(federal, provider_id=provider_id, waiting=waiting).finished


def main() -> None:
    """Fork a child for each line."""
    url, stand, keys, number, provider = sys.argv[1:]
    for line in sys.stdin:
        month, *fatal = line.split()
        child = os.fork()
        if child == 0:
            federal = quick_federal(url, stand, Path(keys), int(number), ProviderId(int(provider)), Month.parse(month))
            federal = replace(federal, failpoint=Deadly({int(point) for point in fatal}))
            os._exit(0 if live(federal, ProviderId(int(provider)), Month.parse(month)) else 3)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write({0: "over", 3: "not over", -signal.SIGKILL: "killed"}.get(code, f"failed {code}") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
