"""Rows that wait for a refused row are loaded by themselves when it arrives: records, opening balances, payments; chains in one take."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
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
from erkc.cli.intake import taken_json
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.archives import left_out, records_of, sections, select
from tests.unit.erkc.conftest import ARCHIVE, OCTOBER, TOWN, charge

BROKEN = "zarechinsk-2026-10-broken-references.zip"
EXPECTED: dict[str, Any] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
PARENTS = ("house", "kvar")
WAITING = [record for record in records_of(TOWN / BROKEN) if record.state == "quarantined"]
HOUSE = "1004"
"""The house that the broken archive refuses; its accounts are rows of kvar.csv."""


@pytest.fixture
def application(engine: Engine, tmp_path: Path) -> Application:
    application = Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 4, tzinfo=UTC)), "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    taken = take_file(application, BROKEN, (TOWN / BROKEN).read_bytes())
    assert isinstance(taken, Taken) and not taken.released
    return application


def _take(application: Application, keep: Callable[[str, int, list[str]], bool], **options: Any) -> Taken:
    taken = take_file(application, "corrected.zip", select(TOWN / ARCHIVE, keep, **options))
    assert isinstance(taken, Taken)
    return taken


def _parents(section: str, number: int, cells: list[str]) -> bool:
    return section in PARENTS


def _scalar(application: Application, statement: str, **names: object) -> int:
    with application.engine.connect() as connection:
        return int(connection.execute(text(statement), names).scalar_one())


def _waiting(application: Application, kind: str) -> int:
    """Keys of a kind whose last version waits."""
    return _scalar(
        application,
        f"SELECT count(*) FROM (SELECT DISTINCT ON (record_key) state FROM record_{kind} ORDER BY record_key, record_id DESC) l"
        " WHERE state = 'quarantined'",
    )


def _suspense(application: Application) -> int:
    with application.engine.connect() as connection:
        return sum(total.credit - total.debit for total in chart_totals(connection) if total.chart is Chart.SUSPENSE)


def test_the_rows_of_a_house_are_loaded_when_the_house_arrives(application: Application) -> None:
    assert _waiting(application, "meter") > 90 and _waiting(application, "reading") > 600 and _suspense(application) > 0
    taken = _take(application, _parents)
    assert taken.money is not None and taken.money.count == 0
    # All but the readings of the meter that is still refused, and what the document's line that is still refused keeps waiting.
    meters = {f"meter/{record.key}" for record in WAITING if record.position.file == "pu.csv"}
    of_meter = [record for record in WAITING if record.position.file == "puval.csv" and not meters.issuperset(record.waits_for)]
    expected = Counter(record.body.kind_name for record in WAITING)
    assert len(of_meter) == 7 and taken.released["reading"] == expected["reading"] - len(of_meter)
    assert _waiting(application, "reading") == len(of_meter) and _waiting(application, "section_row") == 1
    for kind in ("meter", "residence", "premises", "stated_bill", "stated_line", "opening_debt", "balance", "house_service"):
        assert taken.released[kind] == expected[kind] and _waiting(application, kind) == 0
    assert taken.released["payment"] == 34 and _suspense(application) == 0
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_a_released_row_names_its_place_and_the_message_that_released_it(application: Application) -> None:
    taken = _take(application, _parents)
    with application.engine.connect() as connection:
        versions = connection.execute(
            text(
                "SELECT m.name, r.file, r.file_row, r.state, r.released_by, r.serial FROM record_meter r JOIN message m USING (message_id)"
                " WHERE record_key = (SELECT min(record_key) FROM record_meter WHERE released_by IS NOT NULL) ORDER BY record_id"
            )
        ).all()
    first, released = versions
    assert first[3:5] == ("quarantined", None) and released[3:5] == ("accepted", taken.message_id)
    assert first[:3] == released[:3] and first.serial == released.serial and first.name == BROKEN


def test_what_was_released_is_told_and_told_again(application: Application) -> None:
    taken = _take(application, _parents)
    again = _take(application, _parents)
    assert not again.is_new and taken_json(again) == taken_json(taken)
    assert taken_json(taken)["released"] == dict(taken.released)
    with application.engine.connect() as connection:
        event = connection.execute(text("SELECT data FROM event WHERE kind = 'quarantine_released'")).scalar_one()
    assert event["count"] == sum(taken.released.values()) and event["kinds"] == dict(taken.released)


def test_a_row_that_waits_for_two_stays_until_both_are_there(application: Application) -> None:
    accounts = {row[0] for row in sections(TOWN / ARCHIVE)["kvar"][1:] if row[2] == HOUSE}
    first = _take(application, lambda section, number, cells: section == "kvar" and cells[0] not in accounts)
    assert "premises" not in first.released and _waiting(application, "premises") == 36
    second = take_file(application, "house.zip", select(TOWN / ARCHIVE, lambda section, number, cells: section == "house"))
    assert isinstance(second, Taken) and second.released["premises"] == 36 and second.released["account"] == 36
    assert _waiting(application, "account") == 0 and _suspense(application) == 0


def test_the_right_archive_without_the_waiting_rows_gives_the_month_as_if_it_had_come_alone(application: Application) -> None:
    absent: dict[str, set[int]] = defaultdict(set)
    documents = {row for record in WAITING if record.position.file == "kvisol.csv" and (row := record.key)}
    for record in WAITING:
        section = record.position.file.removesuffix(".csv")
        if section != "kvisolservice" or any(f"section_row/{key}" in record.waits_for for key in documents):
            absent[section].add(record.position.row or 0)
    assert len(absent["kvar"]) == 36
    taken = _take(application, left_out(absent))
    assert taken.money is not None and taken.money.to_suspense == 0 and taken.released["payment"] == 33
    assert _suspense(application) == 0
    charge(application)
    report = json.loads(json.dumps(month_report(application.engine, month=OCTOBER, law=law())))
    for part in ("totals", "payments", "houses", "accounts"):
        assert report[part] == EXPECTED[part], part
    key = json.dumps
    assert sorted(key(row, sort_keys=True) for row in report["penalties"]) == sorted(
        key(row, sort_keys=True) for row in EXPECTED["penalties"]
    )
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_what_a_later_months_archive_releases_still_opens_the_books(application: Application) -> None:
    before = _scalar(application, "SELECT count(*) FROM entry WHERE kind = 'opening'")
    taken = _take(application, _parents, info={8: "11"})
    assert taken.month is not None and taken.month.month == 11 and taken.released["balance"] == 380
    assert _scalar(application, "SELECT count(*) FROM entry WHERE kind = 'opening'") == before + 38
    assert _scalar(application, "SELECT count(*) FROM entry WHERE kind = 'opening' AND month <> '2026-10-01'") == 0
