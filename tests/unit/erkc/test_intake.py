"""Taking the town's archives through the whole path: files → archive → records → ledger, against the expected results."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config.settings import load
from core.clock import FixedClock
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.intake import taken_json
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file

TOWN = Path(__file__).parents[3] / "examples" / "town"
BROKEN = json.loads((TOWN / "zarechinsk-2026-10-broken.expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def application(engine: Engine, tmp_path: Path) -> Application:
    application = Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 4, tzinfo=UTC)), "")
    region = TOWN / "zarechinsk.region.json"
    assert load_region_file(application, region.name, region.read_bytes()).findings == ()
    return application


def _counts(engine: Engine) -> dict[str, int]:
    tables = ("message", "finding", "entry", "posting", "record_account", "record_payment", "event")
    with engine.connect() as connection:
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_archive_gives_exactly_its_findings_and_loses_no_money(application: Application, name: str) -> None:
    outcome = json.loads(json.dumps(taken_json(take_file(application, name, (TOWN / name).read_bytes()))))
    expected = BROKEN[name]
    compared = ("file", "row", "field", "code", "severity", "effect", "dependents")
    found = [{key: item[key] for key in compared if key in item} for item in outcome["findings"]]
    assert found == [{key: item[key] for key in compared if key in item} for item in expected["findings"]]
    assert outcome["archive_status"] == expected["archive_status"]
    assert outcome.get("money") == expected.get("money")
    assert all(item["note"] and item["hint"] for item in outcome["findings"]), "people read what is wrong and what to do"
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds
    before = _counts(application.engine)
    again = json.loads(json.dumps(taken_json(take_file(application, name, (TOWN / name).read_bytes()))))
    assert again == outcome and _counts(application.engine) == before


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("letter.txt", "Просто текст".encode(), "IN-0101"),
        ("empty.zip", b"", "IN-0101"),
        ("cut.zip", (TOWN / "zarechinsk-2026-10-valid.zip").read_bytes()[:1000], "IN-0101"),
    ],
)
def test_what_is_no_archive_is_refused_with_a_reason_and_its_bytes_are_kept(
    application: Application, name: str, data: bytes, code: str
) -> None:
    taken = take_file(application, name, data)
    assert taken.status == "rejected" and [finding.code for finding in taken.findings] == [code]
    with application.engine.connect() as connection:
        size = connection.execute(text("SELECT size_bytes FROM message WHERE message_id = :id"), {"id": taken.message_id}).scalar()
        entries = connection.execute(text("SELECT count(*) FROM entry")).scalar()
    assert size == len(data) and entries == 0
    assert take_file(application, name, data).is_new is False
