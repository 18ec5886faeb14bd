"""Files in, one scenario of the published contract out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.banks.profile import profile_named
from core.errors import InputError
from erkc.bank_reconciliation import RegistryFile, reconcile_files

GOLDEN = Path(__file__).parents[2] / "golden" / "banks"
ACCOUNTS = json.loads((GOLDEN / "accounts.json").read_text(encoding="utf-8"))
SCENARIOS = [
    scenario
    for scenario in json.loads((GOLDEN / "reconciliation.expected.json").read_text(encoding="utf-8"))["scenarios"]
    if all((GOLDEN / row["file"]).exists() for row in scenario["registries"])
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["name"] for scenario in SCENARIOS])
def test_scenario_from_its_files(scenario: dict[str, Any]) -> None:
    registries = []
    for row in scenario["registries"]:
        document = json.loads((GOLDEN / f"{row['file']}.expected.json").read_text(encoding="utf-8"))
        registries.append(RegistryFile(row["file"], (GOLDEN / row["file"]).read_bytes(), profile_named(document["format"])))
    statement = (GOLDEN / scenario["statement"]).read_bytes()
    assert reconcile_files(scenario["statement"], statement, registries, ACCOUNTS, name=scenario["name"]) == scenario


def test_a_refused_file_is_not_reconciled() -> None:
    data = (GOLDEN / "1c-cp1251" / "truncated.txt").read_bytes()
    with pytest.raises(InputError, match="TRUNCATED"):
        reconcile_files("x.txt", data, [], ACCOUNTS)
