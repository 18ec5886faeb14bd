"""The commands of the federal exchange on a small conversation: codes, sentences, JSON, and what they say when there is nothing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from adapters.signing import RSA, issue
from erkc.application import Application
from erkc.federal_stand import town_seed
from erkc.stands.gis import running
from tests.unit.erkc.conftest import NOW, Run
from xsd.tables import ALBUM


@pytest.fixture
def command(taken_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    return erkc


def test_album_is_installed_shown_and_refused(command: Run, shared: Path, tmp_path: Path) -> None:
    code, out, _ = command("gis", "album", "show", "--json")
    assert (code, json.loads(out)["official"]) == (0, None)
    archive = tmp_path / "album.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in (shared / f"hcs-{ALBUM}").rglob("*.xsd"):
            target.write(path, path.relative_to(shared).as_posix())
    code, out, _ = command("gis", "album", "install", str(archive), "--json")
    assert (code, len(json.loads(out)["services"])) == (0, 9)
    code, out, _ = command("gis", "album", "show", "--json")
    assert json.loads(out)["official"].endswith(ALBUM)
    code, _, err = command("gis", "album", "install", str(tmp_path / "нет"))
    assert code == 1 and "GIS-0604" in err


def test_access_queue_and_inbox(command: Run, taken_town: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One stand, signed by RSA: who may act, what is unmapped, what came in; an answer to what never came is refused."""
    home = tmp_path / "home"
    files = issue(home / "signing", at=NOW, profile=RSA)
    (home / "erkc.toml").write_text("[gis]\npoll_ladder_s = [1]\n")
    with taken_town.engine.connect() as connection:
        provider_id = connection.exec_driver_sql("SELECT min(provider_id) FROM provider WHERE provider_id > 0").scalar_one()
        seed = town_seed(connection, provider_id, authorities=[files.authority.read_text()], signature="rsa_sha256", delay_s=0.1)
    code, out, _ = command("gis", "services", "--json")
    assert code == 1 and all(row["element"] is None for rows in json.loads(out).values() for row in rows)
    code, _, err = command("gis", "map", "нет такой", "50", "1")
    assert code == 1 and "GIS-0512" in err
    with running(tmp_path / "stand", seed=seed) as stand:
        monkeypatch.setenv("ERKC_GIS_URL", stand.url)
        monkeypatch.setenv("ERKC_GIS_SIGNER", "rsa")
        code, out, err = command("gis", "access", "--json", "--wait", "60")
        assert code == 0, err
        (found,) = json.loads(out).values()
        assert found == {"finished": True, "is_registered": True, "is_delegated": True}
    code, _, err = command("gis", "answer", "debt", "З-1", "--executor", "00000000-0000-0000-0000-000000000001")
    assert code == 1 and "GIS-0514" in err
    code, _, err = command("gis", "inbox", "appeals", "--since", "вчера")
    assert code == 1 and "GIS-0515" in err
