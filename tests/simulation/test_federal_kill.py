"""Real processes and real kill −9: the centre is killed again and again in the middle of its work, the stand once; nothing is lost,
nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import Engine

from adapters.signing import RSA, issue
from core.services.federal import status
from erkc.stands.gis import running
from tests.conftest import ROOT
from tests.simulation.centre_process import federal_of
from tests.simulation.world import MONTH, seed_of, store_town

NUMBER, FLATS, KILLS = 900, 8, 5


def test_killed_processes_place_every_bill_once(town_engine: Engine, tmp_path: Path) -> None:
    random = Random(9)
    files = issue(tmp_path / "keys", at=datetime.now(UTC), profile=RSA)
    provider_id = store_town(town_engine, 1, FLATS, NUMBER)
    seed = seed_of(1, FLATS, files.authority.read_text(), number=NUMBER, delay_s=0.3)
    url = town_engine.url.render_as_string(hide_password=False)
    with running(tmp_path / "stand", seed=seed) as stand:
        port = int(stand.url.rsplit(":", 1)[1])
        stand.fail("importPaymentDocumentData", "lost_ack", after=1)
        stand.fail("importAccountData", "lost_ack")
        command = [
            sys.executable,
            "-m",
            "tests.simulation.centre_process",
            url,
            stand.url,
            str(tmp_path / "keys"),
            str(NUMBER),
            str(provider_id),
        ]
        for _ in range(KILLS):
            centre = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            time.sleep(1.2 + random.random() * 2)
            os.kill(centre.pid, signal.SIGKILL)
            centre.wait()
        os.kill(stand.process.pid, signal.SIGKILL)
        stand.process.wait()
    with running(tmp_path / "stand", port=port) as stand:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and done.stdout.endswith("over\n"), done.stderr[-3000:]
        contents = stand.contents()
    assert len({bill["number"] for bill in contents["bills"]}) == len(contents["bills"]) == FLATS
    assert len({account["number"] for account in contents["accounts"]}) == len(contents["accounts"]) == FLATS
    federal = federal_of(url, "http://127.0.0.1:9", tmp_path / "keys", NUMBER, provider_id)
    standing = status(federal, provider_id=provider_id, month=MONTH)
    federal.engine.dispose()
    assert standing.placed == FLATS and standing.next_at is None
    assert sorted(standing.identifiers.values()) == sorted(bill["ipd"] for bill in contents["bills"])
