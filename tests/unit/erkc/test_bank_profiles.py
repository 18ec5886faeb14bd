"""``erkc banks profile``: nothing is saved before it is asked for, and what is saved is used by name from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.banks.profile import use_site_profiles
from tests.unit.adapters.banks.test_proposal import TITLED
from tests.unit.erkc.conftest import Run


@pytest.fixture(autouse=True)
def profiles_of_this_test(tmp_path: Path) -> Iterator[None]:
    """Other tests do not know the profiles that are saved here."""
    yield
    use_site_profiles(tmp_path / "nothing")


def test_a_proposed_profile_is_shown_saved_and_used(erkc: Run, tmp_path: Path) -> None:
    file = tmp_path / "agent.csv"
    file.write_bytes(TITLED.encode("cp1251"))
    folder = tmp_path / "home" / "banks"
    code, out, _ = erkc("banks", "profile", str(file))
    assert code == 0 and "9 416,16" in out and "Ёлкина" in out and "Ничего не сохранено" in out
    assert not folder.exists()
    assert erkc("parse", str(file), "--profile", "agent-csv", "--json")[0] == 2
    code, out, _ = erkc("banks", "profile", str(file), "--save", "agent-csv", "--json")
    said = json.loads(out)
    assert (code, said["status"], said["totals"]["amount_kop"]) == (0, "ok", 1091616)
    assert Path(said["saved"]) == folder / "agent-csv.toml" and (folder / "agent-csv.toml").read_text(encoding="utf-8") == said["profile"]
    code, out, _ = erkc("parse", str(file), "--profile", "agent-csv", "--json")
    assert (code, json.loads(out)["status"], len(json.loads(out)["records"])) == (0, "ok", 3)
    code, out, _ = erkc("parse", str(file), "--json")
    assert (code, json.loads(out)["format"]) == (0, "agent-csv"), "the file is identified by itself now"
    assert erkc("banks", "profile", str(file), "--save", "agent-csv")[0] == 2, "a saved profile is not overwritten"
    assert erkc("banks", "profile", str(file), "--save", "Агент")[0] == 2
    (folder / "again.toml").write_text(said["profile"], encoding="utf-8")
    code, out, _ = erkc("parse", str(file), "--json")
    assert (code, json.loads(out)["code"]) == (2, "BANK-0001"), "two profiles of one name"
