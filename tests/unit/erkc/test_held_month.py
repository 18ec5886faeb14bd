"""What is held for lack of data stops its house until a person decides; what is held stays visible everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.settings import load
from core.clock import FixedClock
from core.errors import InputError
from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.period import Month
from core.records.latest import read_accounts
from core.services.accepting import accept_findings, month_findings
from core.services.charge import Draft, approve_month, draft_month, post_month
from core.services.explain import explain_account
from core.services.issue import issue_month
from core.services.report import month_report
from core.storage.engine import transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.archives import select
from tests.unit.erkc.conftest import ARCHIVE, OCTOBER, TOWN

BROKEN = "zarechinsk-2026-10-broken-references.zip"


@pytest.fixture
def application(engine: Engine, tmp_path: Path) -> Application:
    application = Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 4, tzinfo=UTC)), "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    return application


def _take(application: Application, name: str) -> None:
    take_file(application, name, (TOWN / name).read_bytes())


def _take_without_a_house_reading(application: Application) -> None:
    """The package of the month without the October reading of the cold-water meter of the first house, which is held for it."""
    archive = select(TOWN / ARCHIVE, lambda section, _, cells: section != "puval" or cells[1] != "1899" or ".10.2026" not in cells[2])
    take_file(application, ARCHIVE, archive)


def _draft(application: Application, month: Month = OCTOBER) -> Draft:
    scope = {"provider_id": ProviderId(1), "month": month, "actor": "тест", "clock": application.clock}
    return draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, **scope)


def _approve(application: Application, month: Month = OCTOBER) -> None:
    scope = {"provider_id": ProviderId(1), "month": month, "actor": "тест", "clock": application.clock}
    approve_month(application.engine, reason="тест", **scope)
    post_month(application.engine, law=law(), **scope)


def test_what_is_held_stays_visible_and_the_other_houses_go_on(application: Application) -> None:
    _take_without_a_house_reading(application)
    first = _draft(application)
    errors = [item for item in first.findings if item.severity == "error"]
    assert errors
    again = _draft(application)
    assert not again.is_new and [(item.code, item.message) for item in again.findings] == [
        (item.code, item.message) for item in first.findings
    ]
    account = next(item for item in errors if item.house_id is not None)
    (explained,) = explain_account(application.engine, number=_number_in_house(application, account.house_id), month=OCTOBER)
    assert account.code in {item.code for item in explained.held} and explained.stopped
    _approve(application)
    report = month_report(application.engine, month=OCTOBER, law=law())
    assert isinstance(report["held"], list) and len(report["held"]) == len(errors)
    audited = report["audit"]
    assert isinstance(audited, list)
    held_accounts = _accounts_of_held_houses(application, first)
    assert held_accounts and not [row for row in audited if row["account"] in held_accounts]
    issued = issue_month(
        application.engine,
        provider_id=ProviderId(1),
        month=OCTOBER,
        law=law(),
        series="ЕПД",
        issued_on=date(2026, 11, 4),
        clock=application.clock,
    )
    assert {item.value for item in issued.findings if item.code == "EPD-0503"} == held_accounts
    with transaction(application.engine) as connection:
        billed = {bill.content.account_number for bill in bills_of_month(connection, ProviderId(1), OCTOBER)}
    assert billed and not billed & held_accounts
    found = month_findings(application.engine, provider_id=ProviderId(1), month=OCTOBER)
    assert found is not None
    numbers = [stored.finding_id for stored in found.findings if found.is_open(stored)]
    accepted = accept_findings(application.engine, numbers=numbers, reason="показаний не будет", actor="тест", clock=application.clock)
    assert [(one.findings, one.still_open, one.houses) for one in accepted] == [(len(errors), 0, 1)]  # of the house nothing was computed
    after = month_report(application.engine, month=OCTOBER, law=law())
    assert after["held"] == report["held"] and after["accounts"] == report["accounts"]


def test_a_package_after_the_draft_makes_it_stale_and_the_next_one_whole(application: Application) -> None:
    _take(application, BROKEN)
    broken = _draft(application)
    _take(application, ARCHIVE)
    with pytest.raises(InputError, match="CH-0105"):
        _approve(application)
    whole = _draft(application)
    assert whole.is_new and whole.findings == () and whole.totals.accounts > broken.totals.accounts
    _approve(application)


def test_a_month_without_a_package_is_not_posted_from_old_data(application: Application) -> None:
    _take(application, ARCHIVE)
    _draft(application)
    _approve(application)
    november = Month(2026, 11)
    drafted = _draft(application, november)
    assert drafted.findings[0].code == "CH-0106" and "ноябрь 2026" in drafted.findings[0].message
    with pytest.raises(InputError, match="CH-0104"):
        _approve(application, november)
    found = month_findings(application.engine, provider_id=ProviderId(1), month=november)
    assert found is not None and [stored.finding.code for stored in found.findings if stored.finding.house_id is None] == ["CH-0106"]


def _number_in_house(application: Application, house_id: int | None) -> str:
    return min(_numbers(application, {house_id}))


def _accounts_of_held_houses(application: Application, draft: Draft) -> set[str]:
    return _numbers(application, {item.house_id for item in draft.findings if item.effect == "hold_house"})


def _numbers(application: Application, houses: set[int | None]) -> set[str]:
    with transaction(application.engine) as connection:
        return {row.number for row in read_accounts(connection, provider_id=ProviderId(1), month=OCTOBER) if row.house_id in houses}
