"""Penalties over the ledger: posting by month without drift, payments learnt late, reversals, groups, and what cannot be computed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import Connection, text

from core import archive
from core.charges.instalments import plan_of
from core.ids import CENTRE, CalculationId, ProviderId, RecordId
from core.issued.bills import NewBill, save_bills
from core.ledger.calculations import Calculation
from core.model.finding import Position
from core.model.ledger import UNKNOWN_ORIGIN
from core.model.records import CourtJudgement, House, PenaltyStop, Record, RegionSetting
from core.period import Month
from core.records.entities import entity_ids
from core.records.findings import read_findings
from core.records.providers import Provider
from core.records.store import save
from core.services import penalties as room
from core.services.bill_building import BillBuilder
from core.services.penalties import Penalties
from core.services.standings import Books as Standings
from tests.unit.core.documents import samples
from tests.unit.core.records import samples as samples_of_records
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


def _setting(books: Books, name: str, value: object, *, oktmo: str = "") -> None:
    """A setting of the region: of all of it, or of some municipalities."""
    stored = archive.store(
        books.connection, data=f"{oktmo}{name}".encode(), name="region", channel="test", direction="in", provider_id=CENTRE, at=NOW
    )
    record = Record(f"{oktmo}/{name}", Position("region", 1), RegionSetting(name, json.dumps(value), "№ 1", oktmo), date(2026, 1, 1))
    save(books.connection, provider_id=CENTRE, message_id=stored.message_id, records=[record], recorded_at=NOW)


def test_a_region_may_go_by_the_day_on_which_a_payment_was_accounted(books: Books) -> None:
    """Paid on 20.10, accounted on 26.10. Day 31 is 16.10: 5 days × 1,90 by the payer's day, 11 days × 1,90 by the operational one."""
    books.owes(6000_00)
    books.pays("1", 6000_00, date(2026, 10, 20), accounted_on=date(2026, 10, 26))
    (by_payer,) = books.rows(OCTOBER)
    _setting(books, "penalty_by", "accounted_on")
    (by_books,) = books.rows(OCTOBER)
    assert (by_payer.posted, by_books.posted) == (9_50, 20_90)
    assert [(segment.first.day, segment.last.day) for segment in by_books.segments] == [(16, 26)]


def test_a_senders_own_operational_day_counts_the_same_way(books: Books) -> None:
    """A payment of an archive is on no operational day of the centre's: its day is the one that the sender gave, 22.10."""
    books.owes(6000_00)
    books.pays("У-1", 6000_00, date(2026, 10, 20))
    _setting(books, "penalty_by", "accounted_on")
    assert books.rows(OCTOBER)[0].posted == 9_50
    paid = replace(samples_of_records.payment("5", "У-1", date(2026, 10, 20), 6000_00, None), accounted_on=date(2026, 10, 22))
    stored = archive.store(
        books.connection, data=b"OPLATA", name="oplata", channel="test", direction="in", provider_id=books.owner.provider_id, at=NOW
    )
    save(
        books.connection,
        provider_id=books.owner.provider_id,
        message_id=stored.message_id,
        records=[Record("1", Position("oplata", 1), paid)],
        recorded_at=NOW,
    )
    assert books.rows(OCTOBER)[0].posted == 13_30  # 7 days × 1,90


@pytest.mark.parametrize(("way", "october", "november"), [("once", 5_07, 14_57), ("daily", 5_12, 14_72), ("monthly", 5_07, 14_58)])
def test_a_region_may_round_each_day_or_each_month(books: Books, way: str, october: int, november: int) -> None:
    """1000,53 × 9,5 % / 300 = 0,316834… a day: 16 days, then 30 (46: 14,574). By days 0,32 each; by months 5,07 + 9,51."""
    _setting(books, "penalty_rounding", way)
    books.owes(1000_53)
    assert books.posts(OCTOBER) == october
    assert books.posts(NOVEMBER) == november


@pytest.mark.parametrize("places", [("02702",), ("02701", "02702")], ids=["one place has settings", "both have"])
def test_penalties_due_days_and_sharing_out_go_by_the_municipality_of_the_house(
    books: Books, connection: Connection, places: tuple[str, ...]
) -> None:
    """Two houses here, one in another municipality, where payment is by the 25th and each day is rounded: 16.10 and 26.10 are day 31."""
    home = samples_of_records.small_house()
    house = next(record for record in home if isinstance(record.body, House))
    elsewhere = replace(house, key="2", body=replace(house.body, oktmo="02702000001"))
    account = samples_of_records.fact("6", samples_of_records.account("0500006", house="2"))
    stored = archive.store(
        connection, data=b"houses", name="house", channel="test", direction="in", provider_id=books.owner.provider_id, at=NOW
    )
    records = [house, replace(house, key="3"), elsewhere, account]
    save(connection, provider_id=books.owner.provider_id, message_id=stored.message_id, records=records, recorded_at=NOW)
    other = Books(connection, books.owner, entity_ids(connection, books.owner.provider_id, "account")["6"])
    for place in places:
        differs = place == "02702"
        _setting(books, "due_day_rule", [{"from_month": "2000-01", "day": 25 if differs else 15}], oktmo=place)
        _setting(books, "penalty_rounding", "daily" if differs else "once", oktmo=place)
    books.owes(1000_53)
    other.owes(1000_53, Month(2026, 8), key="other")
    here, there = books.rows(OCTOBER)
    assert (here.account_id, here.due, here.posted) == (books.account, date(2026, 9, 15), 5_07)
    assert (there.account_id, there.due, there.posted) == (other.account, date(2026, 9, 25), 1_92)  # 26–31.10, 6 × 0,32
    calculation = Calculation(CalculationId(0), books.owner.provider_id, OCTOBER, 1, "charge", "2026-03-01", "test", RecordId(10**9))
    dates = BillBuilder(connection, books.owner, calculation, LAW, date(2026, 11, 5))._dates()
    assert [dates.due_day(account) for account in (books.account, other.account)] == [date(2026, 11, 16), date(2026, 11, 25)]
    _setting(books, "kopek_remainder", "last_service", oktmo="02702")
    standings = Standings(connection)
    found = [standings.rules(books.owner.provider_id, OCTOBER, account).remainder for account in (books.account, other.account)]
    assert found == ["largest_remainder", "last_service"]


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


def _act(books: Books, body: PenaltyStop | CourtJudgement, *, first: date | None = None, last: date | None = None) -> None:
    """The act as a record, brought by a message of its own."""
    stored = archive.store(
        books.connection, data=repr(body).encode(), name="acts", channel="test", direction="in", provider_id=books.owner.provider_id, at=NOW
    )
    record = Record("1", Position("acts", 1), body, first, last)
    save(books.connection, provider_id=books.owner.provider_id, message_id=stored.message_id, records=[record], recorded_at=NOW)


def test_days_without_penalties_age_the_debt_and_cost_nothing(books: Books) -> None:
    """Due 15.09; day 31 is 16.10; a stop from 20.10 to 31.10 leaves four days: 6000 × 4 × 9,5 / 100 / 300 = 7,60."""
    _act(books, PenaltyStop("0500005", "мобилизация"), first=date(2026, 10, 20), last=date(2026, 10, 31))
    books.owes(6000_00)
    assert books.posts(OCTOBER) == 7_60
    assert books.posts(NOVEMBER) == 7_60 + 57_00  # all of November: 30 days


def test_a_judgement_freezes_its_penalties_and_new_ones_run_with_the_old_count_of_days(books: Books) -> None:
    """August's debt of 6000: judged to 20.10, five days = 9,50. Then 1/300 to day 90 (14.12), 1/130 from day 91."""
    books.owes(6000_00)
    _act(
        books,
        CourtJudgement("0500005", "2-1/2026", date(2026, 10, 22), date(2026, 10, 20), date(2026, 8, 1), date(2026, 8, 1), 6000_00, 9_50),
    )
    (row,) = books.rows(OCTOBER)
    assert (row.frozen, row.after_judgement, row.posted) == (9_50, 20_90, 30_40)
    books.posts(OCTOBER)
    (december,) = [row for row in books.rows(Month(2026, 12)) if row.origin_month == AUGUST]
    # 21.10–14.12: 55 days at 1/300 = 104,50; 15.12–31.12: 17 days at 1/130 = 74,538…
    assert (december.frozen, december.after_judgement) == (9_50, 179_04)
    assert [(segment.first, segment.divisor) for segment in december.segments] == [(date(2026, 12, 1), 300), (date(2026, 12, 15), 130)]


def test_a_payment_after_the_judgement_does_not_change_what_was_judged(books: Books) -> None:
    """Paid in full on 25.10: 9,50 stays, 21–25.10 are five days more = 9,50."""
    books.owes(6000_00)
    _act(
        books,
        CourtJudgement("0500005", "2-1/2026", date(2026, 10, 22), date(2026, 10, 20), date(2026, 8, 1), date(2026, 8, 1), 6000_00, 9_50),
    )
    books.pays("1", 6000_00, date(2026, 10, 25))
    (row,) = books.rows(OCTOBER)
    assert (row.frozen, row.after_judgement) == (9_50, 9_50)


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
