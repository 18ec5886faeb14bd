"""Suspense from end to end: what comes free by itself, what a person assigns, what is refused; the list adds up to the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.settings import load
from core.clock import FixedClock
from core.errors import InputError
from core.ledger.balances import chart_totals
from core.model.lines import Chart
from core.records.crosswalk import find_remembered
from core.services.assigning import Assigned, assign_suspended
from core.services.payments import reconcile
from core.services.suspense_list import SuspenseItem, list_suspense
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, release_after, take_file
from examples.town.november.make import REGISTRY, STATEMENT, build
from tests.unit.erkc.conftest import ARCHIVE, TOWN

FILES = build()


@pytest.fixture
def application(engine: Engine, tmp_path: Path) -> Application:
    """The registry came before the sender's archive: no account is known."""
    application = Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC)), "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, REGISTRY, FILES[REGISTRY])
    return application


def _balance(application: Application) -> int:
    with application.engine.connect() as connection:
        return sum(total.credit - total.debit for total in chart_totals(connection) if total.chart is Chart.SUSPENSE)


def _listed(application: Application) -> list[SuspenseItem]:
    items = list_suspense(application.engine)
    assert sum(item.amount for item in items) == _balance(application)
    return items


def _take_archive(application: Application) -> dict[str, int]:
    outcome = take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    return dict(release_after(application, outcome).payments)


def _assign(application: Application, operation: str, account: str) -> Assigned:
    return assign_suspended(
        application.engine, operation=operation, account=account, reason="заявление плательщика", actor="бухгалтер", clock=application.clock
    )


def test_payments_that_came_before_their_accounts_are_posted_when_the_archive_comes(application: Application) -> None:
    before = {item.operation: item for item in _listed(application)}
    assert before and all(item.why.startswith("счёт «") for item in before.values())
    released = _take_archive(application)
    after = {item.operation: item for item in _listed(application) if item.kind == "registry"}
    assert released and set(released) == set(before) - set(after)
    assert all(released[operation] == before[operation].amount for operation in released)
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_a_person_assigns_what_is_left_once(application: Application) -> None:
    _take_archive(application)
    take_file(application, STATEMENT, FILES[STATEMENT])
    reconcile(application.engine, clock=application.clock)
    item = next(one for one in _listed(application) if one.kind == "registry" and one.candidates)
    held = _balance(application)
    candidate = item.candidates[0].account
    assert item.operation in item.command
    done = _assign(application, item.operation, candidate)
    assert done.amount == item.amount and _balance(application) == held - item.amount
    assert item.operation not in {one.operation for one in _listed(application)}
    with pytest.raises(InputError, match="BANK-0402"):
        _assign(application, item.operation, candidate)
    assert _balance(application) == held - item.amount
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_wrong_decisions_are_refused_with_the_reason_and_change_nothing(application: Application) -> None:
    _take_archive(application)
    held = _balance(application)
    item = next(one for one in _listed(application) if one.kind == "registry")
    for operation, account, code in (
        ("нет такой", "41100000011", "BANK-0401"),
        (item.operation, "00000000000", "BANK-0404"),
    ):
        with pytest.raises(InputError, match=code):
            _assign(application, operation, account)
    assert _balance(application) == held


def test_money_of_rows_that_were_not_posted_is_listed_with_its_way_out(application: Application) -> None:
    _take_archive(application)
    take_file(application, STATEMENT, FILES[STATEMENT])
    reconcile(application.engine, clock=application.clock)
    rest = [item for item in _listed(application) if item.kind == "registry_rest"]
    assert rest and all(item.command and item.given["реестр"] for item in rest)


def test_what_a_person_decided_about_a_text_holds_for_the_next_registry_of_the_agent(application: Application) -> None:
    _take_archive(application)
    item = next(one for one in _listed(application) if one.kind == "registry" and one.candidates)
    account = item.candidates[0].account
    _assign(application, item.operation, account)
    text = item.given["лицевой счёт"]
    rows = [line for line in FILES[REGISTRY].decode("cp1251").splitlines() if f";{text};" in line]
    fields = rows[0].split(";")
    fields[4] = "90000000000000000001"
    money = [fields[9], fields[10], fields[11]]
    following = ";".join(fields) + "\r\n" + "=1;" + ";".join(money) + ";4599;12-11-2026\r\n"
    counts = take_file(application, "9901_0211_20261111.txt", following.encode("cp1251")).counts
    assert (counts.get("posted"), counts.get("suspended")) == (1, None)
    with application.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL erkc.provider = '*'")
        assert find_remembered(connection, agent="sber-delimited", texts=[text]).keys() == {text}
        assert not find_remembered(connection, agent="pipe-delimited", texts=[text])
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds
