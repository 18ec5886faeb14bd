"""Penalties over the ledger: posting by month without drift, payments learnt late, reversals, groups, and what cannot be computed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import Connection, text

from core.charges.instalments import plan_of
from core.ids import CalculationId, ProviderId
from core.issued.bills import NewBill, save_bills
from core.model.ledger import UNKNOWN_ORIGIN
from core.period import Month
from core.records.findings import read_findings
from core.records.providers import Provider
from core.services import penalties as room
from core.services.penalties import Penalties
from tests.unit.core.documents import samples
from tests.unit.core.services.books import AUGUST, CREDITOR, LAW, NOW, OCTOBER, SERVICE, Books

NOVEMBER = Month(2026, 11)


def test_months_add_up_without_drift(books: Books) -> None:
    books.owes(3333_33)
    assert books.posts(OCTOBER) == 16_89  # 16 days at 1/300
    assert books.posts(OCTOBER) == 16_89
    assert books.posts(NOVEMBER) == 48_56  # 46 days, rounded once


def test_a_payment_learnt_of_after_the_month_was_posted_corrects_the_next_one(books: Books) -> None:
    books.owes(6000_00)
    assert books.posts(OCTOBER) == 30_40
    books.pays("late", 6000_00, date(2026, 10, 20), month=NOVEMBER)
    assert books.posts(NOVEMBER) == 9_50
    (row,) = books.rows(Month(2026, 12))
    assert (row.opening, row.posted, row.closing) == (9_50, 0, 9_50)


def test_a_payment_taken_back_opens_the_debt_from_its_due_day(books: Books) -> None:
    books.owes(6000_00)
    books.pays("1", 1000_00, date(2026, 10, 2))
    books.pays("2", 5000_00, date(2026, 10, 3))
    assert books.posts(OCTOBER) == 0
    books.takes_back("3", 5000_00, date(2026, 11, 10), month=NOVEMBER)
    books.takes_back("4", 400_00, date(2026, 11, 10), month=NOVEMBER)
    assert books.posts(NOVEMBER) == 78_66  # 5400 for 46 days


def test_a_recalculation_lowers_the_debt_from_the_day_after_its_bill(books: Books) -> None:
    books.owes(6000_00)
    books.corrects(6000_00, date(2026, 10, 20), month=OCTOBER)
    (row,) = books.rows(OCTOBER)
    assert (row.posted, [(segment.first.day, segment.last.day) for segment in row.segments]) == (9_50, [(16, 20)])


def test_debts_without_months_and_new_debts_bear_nothing(books: Books) -> None:
    books.owes(6000_00, UNKNOWN_ORIGIN)
    books.owes(6000_00, Month(2026, 9))
    assert books.rows(OCTOBER) == []


def test_what_cannot_be_computed_is_said_and_not_posted(books: Books, connection: Connection, owner: Provider) -> None:
    books.owes(6000_00, Month(2019, 5))
    books.owes(6000_00)
    assert books.posts(OCTOBER) == 30_40
    assert books.posts(OCTOBER) == 30_40
    (found,) = read_findings(connection, provider_id=owner.provider_id, month=OCTOBER)
    assert (found.finding.code, dict(found.finding.dependents)) == ("EPD-0001", {"accounts": 1})


def test_a_plan_that_is_kept_bears_nothing_and_a_broken_one_from_the_missed_day(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(6000_00, months=2, first_month=Month(2026, 9), percent=Fraction(0))
    monkeypatch.setattr(room, "read_plans", lambda *_: {(books.account, SERVICE, CREDITOR, AUGUST): plan})
    books.owes(6000_00)
    (row,) = books.rows(OCTOBER)
    assert [(segment.first, segment.principal) for segment in row.segments] == [(date(2026, 10, 16), 6000_00)]
    books.pays("1", 3000_00, date(2026, 10, 15))
    assert books.rows(OCTOBER) == []


def test_nothing_before_the_hub_took_over(connection: Connection, owner: Provider) -> None:
    assert list(Penalties(connection, replace(owner, provider_id=ProviderId(0)), OCTOBER, LAW).rows()) == []


def test_the_due_day_of_a_bill_that_was_presented_late_counts(books: Books, connection: Connection, owner: Provider) -> None:
    books.owes(6000_00)
    (standard,) = books.rows(OCTOBER)
    calculation = connection.execute(
        text(
            "INSERT INTO calculation (provider_id, month, version, mode, rules, code_version, known_until, created_at)"
            " VALUES (:owner, '2026-08-01', 1, 'charge', '2026-03-01', 'test', 0, :now) RETURNING calculation_id"
        ),
        {"owner": owner.provider_id, "now": NOW},
    ).scalar_one()
    content = replace(samples.content(), month=AUGUST, due_on=date(2026, 9, 21))
    save_bills(connection, owner.provider_id, [NewBill(books.account, CalculationId(calculation), content)], issued_at=NOW)
    (late,) = books.rows(OCTOBER)
    assert (standard.due, late.due) == (date(2026, 9, 15), date(2026, 9, 21))
    assert [segment.first for segment in (*standard.segments, *late.segments)] == [date(2026, 10, 16), date(2026, 10, 22)]
