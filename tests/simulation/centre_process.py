"""A settlement centre as a process that may be killed: ``python -m tests.simulation.centre_process DATABASE STAND KEYS NUMBER PROVIDER``.

It runs the operator's commands until all is over, and prints ``over``. Run again after a kill, it goes on.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.exchange import Ladder
from adapters.signing import choose
from core.clock import SystemClock
from core.ids import ProviderId
from core.services.federal import Federal, Waiting, poll, send_bills, synchronise
from core.storage.engine import application_engine
from erkc.federal import FederalGateway
from tests.simulation.world import MONTH, bills_for


def federal_of(url: str, stand: str, keys: Path, number: int, provider_id: ProviderId) -> Federal:
    """The surroundings of a centre with quick answers."""
    engine = application_engine(url)
    ladder = Ladder((0.2, 0.3))
    gateway = FederalGateway(SoapClient(stand), choose(keys / "signer.pem", keys / "signer.key"), ladder, system=f"gis-{number}")
    return Federal(
        engine,
        gateway,
        SystemClock(),
        bills_for(engine, provider_id, number),
        lease=timedelta(seconds=2),
        lost_wait=timedelta(seconds=1.5),
        backoff=timedelta(seconds=0.2),
        package=3,
    )


def main() -> None:
    """Read the arguments and work."""
    url, stand, keys, number, provider = sys.argv[1:]
    provider_id = ProviderId(int(provider))
    federal = federal_of(url, stand, Path(keys), int(number), provider_id)
    waiting = Waiting(lambda pause: time.sleep(pause.total_seconds()))
    while not synchronise(federal, provider_id=provider_id, waiting=waiting).finished:
        pass
    send_bills(federal, provider_id=provider_id, month=MONTH, waiting=waiting)
    assert poll(federal, provider_id=provider_id, waiting=waiting).finished
    sys.stdout.write("over\n")


if __name__ == "__main__":
    main()
