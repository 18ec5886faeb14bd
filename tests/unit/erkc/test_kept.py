"""Nothing taken is thrown away: every section of the town's archive that no bill shows is seen with its source."""

from __future__ import annotations

import json

import pytest

from erkc.application import Application
from tests.unit.erkc.archives import sections
from tests.unit.erkc.conftest import ARCHIVE, TOWN, Run


def test_contracts_prices_decisions_and_funds_are_seen(taken_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    sent = {name: len(rows) - 1 for name, rows in sections(TOWN / ARCHIVE).items()}
    code, out, _ = erkc("kept", "--json")
    seen = {one["section"]: one["rows"] for one in json.loads(out)}
    assert code == 0
    assert {name: seen[name] for name in ("du", "ducharge", "kapremdecisions")} == {
        name: sent[name] for name in ("du", "ducharge", "kapremdecisions")
    }
    raw = [name for name in seen if name not in ("du", "ducharge", "kapremdecisions", "duouusluga", "drsoaddress", "drsouslugares")]
    assert raw and all(seen[name] == sent[name] for name in raw)
    for section in ("du", raw[0]):
        rows = json.loads(erkc("kept", section, "--json")[1])
        assert len(rows) == sent[section] and all(ARCHIVE in row["source"] and any(row["fields"].values()) for row in rows)
    code, out, _ = erkc("kept", "du")
    assert code == 0 and "номер:" in out and "du.csv" in out
    assert erkc("kept", "нет-такого")[0] == 1
