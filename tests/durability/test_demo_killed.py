"""The demo killed with −9 at several moments and run again: the same ledger by key and content, every bill placed once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from erkc.stands.gis import running

COMMAND = (sys.executable, "-m", "erkc.cli.main", "demo", "--json")
SEED = 20261124
KILLS = 3


def _finish(home: Path) -> dict[str, Any]:
    done = subprocess.run([*COMMAND, "--home", str(home)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _kill_after(home: Path, seconds: float) -> bool:
    """Start, kill −9 after so many seconds; False when it was finished before."""
    process = subprocess.Popen([*COMMAND, "--home", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


@pytest.mark.long
def test_a_demo_that_is_killed_and_run_again_comes_out_the_same(tmp_path: Path) -> None:
    started = time.monotonic()
    clean = _finish(tmp_path / "clean")
    whole = time.monotonic() - started
    rng = random.Random(SEED)
    moments = [whole * rng.uniform(0.1, 0.7) for _ in range(KILLS)]
    killed = [_kill_after(tmp_path / "killed", moment) for moment in moments]
    again = _finish(tmp_path / "killed")
    assert any(killed), f"nothing was killed: {moments}"
    assert (again["entries"], again["fingerprint"]) == (clean["entries"], clean["fingerprint"]), f"seed {SEED}, kills at {moments}"
    assert again["placed"] == again["bills"] == 410 and again["invariants_hold"]
    with running(tmp_path / "killed" / "gis-stand") as stand:
        documents = Counter(bill["number"] for bill in stand.contents()["bills"])
    assert len(documents) == 410 and set(documents.values()) == {1}, "each bill is placed once"
    assert len(list((tmp_path / "killed" / "bills").glob("*.pdf"))) == 410
    assert _finish(tmp_path / "killed")["new"] is False, "one more run changes nothing"
