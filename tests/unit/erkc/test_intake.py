"""Taking the town's archives through the whole path: files → archive → records → ledger, against the expected results."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.settings import load
from core.clock import FixedClock
from core.services.take import Taken
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.intake import taken_json
from erkc.cli.options import law
from erkc.intake import BankTaken, load_region_file, take_file
from tests.unit.erkc.conftest import ARCHIVE, charge

TOWN = Path(__file__).parents[3] / "examples" / "town"
BANKS = Path(__file__).parents[2] / "golden" / "banks"
BROKEN_MONEY = "zarechinsk-2026-10-broken-money.zip"
BROKEN = json.loads((TOWN / "zarechinsk-2026-10-broken.expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def without_region(engine: Engine, tmp_path: Path) -> Application:
    return Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 4, tzinfo=UTC)), "")


@pytest.fixture
def application(without_region: Application) -> Application:
    application = without_region
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


def test_an_archive_of_an_unknown_sender_is_accepted_once_the_region_names_him(without_region: Application) -> None:
    application = without_region
    data = (TOWN / ARCHIVE).read_bytes()
    refused = take_file(application, ARCHIVE, data)
    assert refused.status == "rejected" and refused.is_new
    before = _counts(application.engine)
    again = take_file(application, ARCHIVE, data)
    assert again.findings == refused.findings and not again.is_new and _counts(application.engine) == before
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    accepted = take_file(application, ARCHIVE, data)
    assert accepted.status == "accepted" and accepted.is_new and accepted.findings == ()
    assert accepted.message_id == refused.message_id


def test_a_bank_file_refused_twice_is_told_once(application: Application) -> None:
    cut = BANKS / "1c-cp1251" / "truncated.txt"
    first = take_file(application, cut.name, cut.read_bytes())
    assert isinstance(first, BankTaken) and first.status == "rejected" and first.is_new
    before = _counts(application.engine)
    again = take_file(application, cut.name, cut.read_bytes())
    assert isinstance(again, BankTaken) and not again.is_new and again.findings == first.findings
    assert _counts(application.engine) == before


def test_opening_balances_of_a_posted_month_are_not_changed_but_told(application: Application) -> None:
    take_file(application, BROKEN_MONEY, (TOWN / BROKEN_MONEY).read_bytes())
    charge(application)
    taken = take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    assert isinstance(taken, Taken) and taken.status == "accepted_with_errors"
    [finding] = [item for item in taken.findings if item.code == "IN-0104"]
    assert "октябрь 2026 уже проведён" in finding.message and finding.value and finding.hint
    with application.engine.connect() as connection:
        corrected = connection.execute(text("SELECT count(*) FROM entry WHERE kind LIKE 'opening%' AND entry_key LIKE '%/%/%/%'")).scalar()
    assert corrected == 0
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


@pytest.mark.parametrize(("archives", "formats"), [(False, 16), (True, 2)])
def test_every_good_sample_of_a_bank_is_posted_once_however_often_it_comes(application: Application, archives: bool, formats: int) -> None:
    """One of each format, or of archives: the sum of the file is in the states of its rows, and a second coming changes nothing."""
    good: dict[str, tuple[Path, dict[str, Any]]] = {}
    for expected in sorted(BANKS.glob("*/*.expected.json")):
        document = json.loads(expected.read_text(encoding="utf-8"))
        if document["status"] == "ok" and not document["format"].startswith("charges-out") and expected.parent.name != "reconcile":
            path = expected.with_name(expected.name.removesuffix(".expected.json"))
            if (path.suffix == ".zip") is archives:
                good.setdefault(document["format"], (path, document))
    assert len(good) == formats
    for path, document in good.values():
        taken = take_file(application, path.name, path.read_bytes())
        assert isinstance(taken, BankTaken), path
        assert taken.status == "ok", (path, taken.findings)
        totals = [item["totals"] for item in document.get("files", [document])]
        wanted = sum(item.get("amount_kop", 0) or item.get("credit_kop", 0) + item.get("debit_kop", 0) for item in totals)
        assert sum(number for state, number in taken.counts.items() if state.endswith("_kop")) == wanted, (path, taken.counts)
        before = _counts(application.engine)
        again = take_file(application, path.name, path.read_bytes())
        assert isinstance(again, BankTaken) and not again.is_new and again.counts == taken.counts, path
        assert _counts(application.engine) == before, path
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_a_divided_statement_without_all_its_parts_posts_nothing(application: Application) -> None:
    path = BANKS / "zip" / "ed211-part-missing.zip"
    taken = take_file(application, path.name, path.read_bytes())
    assert isinstance(taken, BankTaken) and taken.status == "rejected"
    assert [finding.code for finding in taken.findings] == ["PART_MISSING"]
    assert _counts(application.engine)["entry"] == 0
