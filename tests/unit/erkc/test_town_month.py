"""The town's October through the whole path, against the expected results: charges, balances, payments, bills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.ledger import months
from core.ledger.balances import turnovers
from core.ledger.months import MonthState
from core.services.charge import draft_month, post_month
from core.services.explain import explain_account
from core.services.issue import issue_month
from core.services.report import month_report
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from tests.unit.erkc.conftest import ARCHIVE, NOW, OCTOBER, TOWN, charge

EXPECTED: dict[str, Any] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))


def _report(application: Application) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(month_report(application.engine, month=OCTOBER, law=law())))
    return document


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    return [f"{key}: {expected[key]} ≠ {found.get(key)}" for key in expected if found.get(key) != expected[key]]


def test_every_line_house_balance_and_payment_of_the_town_is_as_expected(charged_town: Application) -> None:
    report = _report(charged_town)
    assert report["sections"] == EXPECTED["sections"]
    assert report["validation"] == EXPECTED["validation"]
    assert _differences(EXPECTED["totals"], report["totals"]) == []
    assert _differences(EXPECTED["payments"], report["payments"]) == []
    assert _differences(EXPECTED["houses"], report["houses"]) == []
    assert _differences(EXPECTED["accounts"], report["accounts"]) == []


def test_accept_mode_posts_the_senders_lines_and_keeps_ours_beside(taken_town: Application) -> None:
    charge(taken_town, mode="accept")
    with taken_town.engine.connect() as connection:
        closing = sum(row.closing for row in turnovers(connection, provider_id=ProviderId(1), month=OCTOBER))
    assert f"{closing / 100:.2f}" == EXPECTED["totals"]["saldo_out_accept"]
    report = _report(taken_town)
    assert _differences(EXPECTED["accounts"], report["accounts"]) == []
    assert verify(taken_town.engine, law=law(), code_version=CODE_VERSION).holds


def test_a_posted_month_is_computed_and_posted_once(charged_town: Application) -> None:
    scope = {"provider_id": ProviderId(1), "month": OCTOBER, "clock": charged_town.clock, "actor": "тест"}
    before = verify(charged_town.engine, law=law(), code_version=CODE_VERSION).fingerprint
    again = draft_month(charged_town.engine, mode="charge", law=law(), code_version=CODE_VERSION, **scope)
    posted = post_month(charged_town.engine, law=law(), **scope)
    assert not again.is_new and not posted.is_new
    with charged_town.engine.connect() as connection:
        assert months.current(connection, provider_id=ProviderId(1), month=OCTOBER).state is MonthState.POSTED
        assert connection.execute(text("SELECT count(*) FROM event WHERE kind = 'month_posted'")).scalar() == 1
    assert verify(charged_town.engine, law=law(), code_version=CODE_VERSION).fingerprint == before


def test_bills_are_issued_once_without_gaps_and_say_what_the_ledger_says(charged_town: Application) -> None:
    scope = {
        "provider_id": ProviderId(1),
        "month": OCTOBER,
        "law": law(),
        "series": "ЕПД",
        "issued_on": NOW.date(),
        "clock": charged_town.clock,
    }
    first = issue_month(charged_town.engine, **scope)
    assert (first.bills, first.new, first.findings) == (410, 410, ())
    again = issue_month(charged_town.engine, **scope)
    assert (again.bills, again.new) == (410, 0)
    with charged_town.engine.connect() as connection:
        bills = [bill.content for bill in bills_of_month(connection, ProviderId(1), OCTOBER)]
        issued = connection.execute(text("SELECT count(*) FROM event WHERE kind = 'bill_issued'")).scalar()
    assert sorted(bill.number for bill in bills) == [f"202610-{n:06d}" for n in range(1, 411)] and issued == 410
    accounts = EXPECTED["accounts"]
    for bill in bills:
        expected = accounts[bill.account_number]
        assert f"{bill.charged / 100:.2f}" == expected["total_recomputed"]
        assert f"{(bill.debt - bill.advance) / 100:.2f}" == expected["saldo_in"]
        assert f"{bill.paid / 100:.2f}" == expected["paid"]
        assert f"{bill.penalties / 100:.2f}" == expected["penalty_out"]


def test_every_line_of_an_account_explains_itself_to_the_bytes(charged_town: Application) -> None:
    for number in ("41100000011", "41200002495", "41200003105"):
        (explained,) = explain_account(charged_town.engine, number=number, month=OCTOBER)
        assert f"{explained.total / 100:.2f}" == EXPECTED["accounts"][number]["total_recomputed"]
        for item in explained.lines:
            assert item.explanation is not None and item.explanation.total == item.line.total
            arguments = [argument for step in item.explanation.steps for argument in step.arguments]
            unsourced = [argument for argument in arguments if not (argument.records or argument.law)]
            assert {argument.symbol for argument in unsourced if argument.value != "0"} <= {"d", "D", "V_individual", "P", "M"}, unsourced
            assert {record for argument in arguments for record in argument.records} <= set(explained.origins)
        assert {origin.message_name for origin in explained.origins.values()} == {ARCHIVE, "zarechinsk.region.json"}


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        ("UPDATE message_chunk SET bytes = set_byte(bytes, 10, get_byte(bytes, 10) # 1)", 1),
        ("UPDATE posting SET debit = 3 WHERE n = 1 AND entry_id = (SELECT min(entry_id) FROM entry)", 4),
        ("UPDATE charge_line SET base = base + 1 WHERE account_id = (SELECT min(account_id) FROM charge_line) AND base > 0", 5),
        ("UPDATE charge_line SET sources = '{999999999}' WHERE account_id = (SELECT min(account_id) FROM charge_line)", 5),
        ("DELETE FROM balance WHERE ctid = (SELECT min(ctid) FROM balance)", 6),
        ("GRANT DELETE ON posting TO erkc_app", 4),
    ],
)
def test_what_a_superuser_damages_is_found_by_name(charged_town: Application, server_url: str, damage: str, invariant: int) -> None:
    superuser = create_engine(make_url(server_url).set(database=make_url(charged_town.database).database))
    with superuser.begin() as connection:
        connection.execute(text(damage))
    superuser.dispose()
    verdict = verify(charged_town.engine, law=law(), code_version=CODE_VERSION)
    assert invariant in {item.invariant for item in verdict.broken}
    assert all(item.subject and item.message for item in verdict.broken)
