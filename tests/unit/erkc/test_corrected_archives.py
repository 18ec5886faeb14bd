"""A broken archive, then the right one of the same sender and month: everything comes out as if only the right one had ever come."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.settings import load
from core.clock import FixedClock
from core.ledger.balances import chart_totals
from core.model.lines import Chart
from core.services.report import month_report
from core.services.take import Taken
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import ARCHIVE, OCTOBER, TOWN, charge

EXPECTED: dict[str, Any] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def application(engine: Engine, tmp_path: Path) -> Application:
    return Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 4, tzinfo=UTC)), "")


def _region(application: Application) -> None:
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())


def _take(application: Application, name: str) -> Taken:
    taken = take_file(application, name, (TOWN / name).read_bytes())
    assert isinstance(taken, Taken)
    return taken


def _suspense(application: Application) -> int:
    with application.engine.connect() as connection:
        return sum(total.credit - total.debit for total in chart_totals(connection) if total.chart is Chart.SUSPENSE)


def _counts(engine: Engine) -> dict[str, int]:
    tables = ("message", "intake", "finding", "entry", "posting", "record_account", "record_payment", "event")
    with engine.connect() as connection:
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def _sorted(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _differences(expected: Any, found: Any, path: str = "") -> list[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = expected.keys() | found.keys()
        return [line for key in sorted(keys) for line in _differences(expected.get(key), found.get(key), f"{path}/{key}")]
    return [] if expected == found else [f"{path}: {expected} ≠ {found}"]


@pytest.mark.parametrize("broken", ["money", "references", "structure"])
def test_a_corrected_archive_gives_the_month_as_if_it_had_come_alone(application: Application, broken: str) -> None:
    _region(application)
    _take(application, f"zarechinsk-2026-10-broken-{broken}.zip")
    taken = _take(application, ARCHIVE)
    assert taken.status == "accepted" and taken.money is not None and taken.money.to_suspense == 0
    assert taken.money.as_dict()["payments"] == EXPECTED["payments"]["total"]
    assert _suspense(application) == 0
    before = _counts(application.engine)
    assert not _take(application, ARCHIVE).is_new and _counts(application.engine) == before
    charge(application)
    report = json.loads(json.dumps(month_report(application.engine, month=OCTOBER, law=law())))
    assert _sorted(report["payments"]["packs"]) == _sorted(EXPECTED["payments"]["packs"])
    report["payments"]["packs"] = EXPECTED["payments"]["packs"]  # the same packs; those of the first archive come first
    found = [line for part in ("totals", "payments", "houses", "accounts") for line in _differences(EXPECTED[part], report[part], part)]
    assert "\n".join(found) == ""
    assert _sorted(report["penalties"]) == _sorted(EXPECTED["penalties"])
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds
