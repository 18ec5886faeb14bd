"""Real processes and real kill −9: the centre is killed again and again in the middle of its work, the stand once; nothing is lost,
nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from adapters.signing import RSA, issue
from core.services.federal import Waiting, status, synchronise
from erkc.stands.gis import running
from tests.conftest import ROOT
from tests.simulation.centre_process import federal_of
from tests.simulation.killed_centre import quick_federal
from tests.simulation.schedules import STRIKING, check_placed, set_faults
from tests.simulation.world import MONTH, bills_for, seed_of, store_town

NUMBER, FLATS, KILLS = 900, 8, 3
KILLED, KILLED_SEEDS = 901, 20


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


@pytest.mark.long
def test_twenty_schedules_with_a_real_kill_at_their_failpoints(town_engine: Engine, tmp_path: Path) -> None:
    """Faults and deaths of the seeds of the simulation, but the death is ``kill −9`` of the process by itself at that very point."""
    files = issue(tmp_path / "keys", at=datetime.now(UTC), profile=RSA)
    provider_id = store_town(town_engine, 1, 5, KILLED)
    seed = seed_of(1, 5, files.authority.read_text(), number=KILLED, delay_s=0.1) | {"stall_s": 3}
    url = town_engine.url.render_as_string(hide_password=False)
    kills = 0
    with running(tmp_path / "stand", seed=seed) as stand:
        federal = quick_federal(url, stand.url, tmp_path / "keys", KILLED, provider_id, MONTH)
        waiting = Waiting(lambda pause: time.sleep(pause.total_seconds()))
        assert synchronise(federal, provider_id=provider_id, waiting=waiting).finished
        arguments = [url, stand.url, str(tmp_path / "keys"), str(KILLED), str(provider_id)]
        command = [sys.executable, "-m", "tests.simulation.killed_centre", *arguments]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as centres:
            assert centres.stdin is not None and centres.stdout is not None
            for number in range(KILLED_SEEDS):
                random, month = Random(number), MONTH.next(number)
                # Ten minutes of delay are too long for a real clock.
                set_faults(stand.fail, random, whole=False, faults=[one for one in STRIKING if one != "delay"])
                said = ""
                for attempt in range(20):
                    points = sorted({1 + number * 3 % 60, random.randint(1, 60)}) if attempt < 3 else []
                    centres.stdin.write(f"{month} {' '.join(map(str, points))}\n")
                    centres.stdin.flush()
                    said = centres.stdout.readline().strip()
                    kills += said == "killed"
                    if said == "over":
                        break
                    assert said in ("killed", "not over"), f"seed {number}: {said}"
                    if said == "not over":
                        stand.heal()
                stand.heal()
                assert said == "over", f"seed {number} is not over"
                try:
                    bills = bills_for(town_engine, provider_id, KILLED, month)
                    check_placed(replace(federal, bills=bills), provider_id, bills, stand.contents(), month)
                except AssertionError as failure:
                    raise AssertionError(f"seed {number}: {failure}") from failure
    federal.engine.dispose()
    assert kills >= KILLED_SEEDS
