"""Advances on the ledger: used at the posting of a month, recipient by recipient, and given back when their payment is taken back."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from core import archive
from core.ids import CENTRE, EntityId
from core.ledger.balances import advances, chart_totals, open_items, payments_counted, penalty_items
from core.ledger.collected import advance_moves, stage_houses
from core.ledger.post import Posted
from core.ledger.verify import broken
from core.model.finding import Position
from core.model.ledger import Posting
from core.model.lines import Chart, Component
from core.model.records import Record, RegionSetting
from core.payments.found_debts import Moved
from core.period import Month
from core.records.store import save
from core.services.advances import use_advances, use_advances_on_penalties
from core.services.credits import use_credits
from core.services.settlement import _shares
from core.services.turned_up import cover_turned_up
from tests.unit.core.services.books import CREDITOR, NOW, OCTOBER, SERVICE, Books

OTHER_SERVICE, SUPPLIER = EntityId(8), EntityId(4)
NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)
BILL = {(SERVICE, CREDITOR): 100_00, (OTHER_SERVICE, CREDITOR): 50_00, (OTHER_SERVICE, SUPPLIER): 70_00}
Sums = dict[tuple[int, int], int]


def use(books: Books, month: Month) -> Posted:
    return use_advances(books.connection, provider=books.owner, month=month, at=NOW)


def owed(books: Books) -> Sums:
    found: Sums = {}
    for item in open_items(books.connection, [books.account]):
        found[item.service_id, item.creditor_id] = found.get((item.service_id, item.creditor_id), 0) + item.amount
    return found


def ahead(books: Books) -> Sums:
    return {(item.service_id, item.creditor_id): item.amount for item in advances(books.connection, [books.account])}


def test_an_advance_covers_its_own_recipient_and_the_rest_stays(books: Books, connection: Connection) -> None:
    books.pays_ahead("1", 90_00, date(2026, 10, 5), SERVICE, CREDITOR)
    books.pays_ahead("2", 30_00, date(2026, 10, 6), OTHER_SERVICE, CREDITOR)
    books.pays_ahead("3", 100_00, date(2026, 10, 7), OTHER_SERVICE, SUPPLIER)
    books.charged(BILL, OCTOBER)
    assert use(books, OCTOBER).new == 1
    assert owed(books) == {(SERVICE, CREDITOR): 20_00, (OTHER_SERVICE, CREDITOR): 10_00}
    assert ahead(books) == {(OTHER_SERVICE, SUPPLIER): 30_00}
    assert {total.debit - total.credit for total in chart_totals(connection) if total.chart is Chart.OFFSET} == {0}
    assert use(books, OCTOBER).new == 0
    assert [found for found in broken(connection) if found.invariant != 5] == []  # the charges here have no calculation


def test_the_surcharge_is_a_line_of_its_own(books: Books) -> None:
    books.pays_ahead("1", 120_00, date(2026, 10, 5), SERVICE, CREDITOR)
    books.charged({(SERVICE, CREDITOR): 100_00}, OCTOBER, surcharge=50_00)
    use(books, OCTOBER)
    assert {item.surcharge: item.amount for item in open_items(books.connection, [books.account])} == {False: 20_00, True: 10_00}


def test_an_undivided_advance_is_divided_by_the_first_bill(books: Books) -> None:
    books.pays_ahead("1", 440_00, date(2026, 10, 5), None, None)
    assert use(books, OCTOBER).new == 0
    books.charged(BILL, OCTOBER)
    use(books, OCTOBER)
    assert owed(books) == {}
    assert ahead(books) == {(0, CREDITOR): 150_00, (0, SUPPLIER): 70_00}
    books.charged({(SERVICE, CREDITOR): 10_00}, NOVEMBER)
    use(books, NOVEMBER)
    assert ahead(books) == {(0, CREDITOR): 140_00, (0, SUPPLIER): 70_00}


def test_an_undivided_advance_that_is_held_gives_what_a_bill_needs(books: Books, connection: Connection) -> None:
    stored = archive.store(
        connection, data=b"{}", name="r.region.json", channel="region", direction="configuration", provider_id=CENTRE, at=NOW
    )
    setting = Record("setting/advance_split", Position("r.region.json", 1), RegionSetting("advance_split", '"hold"'))
    save(connection, provider_id=CENTRE, message_id=stored.message_id, records=[setting], recorded_at=NOW)
    books.pays_ahead("1", 440_00, date(2026, 10, 5), None, None)
    books.pays_ahead("2", 30_00, date(2026, 10, 6), OTHER_SERVICE, SUPPLIER)
    books.charged(BILL, OCTOBER)
    use(books, OCTOBER)
    assert owed(books) == {}
    assert ahead(books) == {(0, 0): 250_00}  # 440 − (220 − 30 своих получателя)
    books.charged({(SERVICE, CREDITOR): 10_00}, NOVEMBER)
    use(books, NOVEMBER)
    assert ahead(books) == {(0, 0): 240_00}
    assert {total.debit - total.credit for total in chart_totals(connection) if total.chart is Chart.OFFSET} == {0}


def test_a_payment_taken_back_opens_what_its_advance_had_covered(books: Books) -> None:
    books.pays_ahead("1", 100_00, date(2026, 10, 5), SERVICE, CREDITOR)
    books.charged({(SERVICE, CREDITOR): 100_00}, OCTOBER)
    use(books, OCTOBER)
    assert owed(books) == {}
    books.takes_ahead_back("2", 60_00, date(2026, 11, 20), SERVICE, CREDITOR)
    use(books, NOVEMBER)
    assert (owed(books), ahead(books)) == ({(SERVICE, CREDITOR): 60_00}, {})
    (row,) = books.rows(DECEMBER)
    assert (row.due, [(segment.first, segment.principal) for segment in row.segments]) == (
        date(2026, 11, 16),
        [(date(2026, 12, 17), 60_00)],
    )


def test_a_bill_that_an_advance_has_covered_bears_no_penalties(books: Books) -> None:
    books.pays_ahead("1", 220_00, date(2026, 10, 5), None, None)
    books.charged(BILL, OCTOBER)
    use(books, OCTOBER)
    assert books.rows(DECEMBER) == []


def test_a_credit_goes_to_its_own_service_then_to_the_oldest_debt_and_the_rest_is_an_advance(books: Books) -> None:
    books.owes(10_00, Month(2026, 7), service=OTHER_SERVICE)
    books.owes(20_00, Month(2026, 9))
    books.charged({(SERVICE, CREDITOR): 100_00, (OTHER_SERVICE, SUPPLIER): 70_00}, OCTOBER)
    books.corrects(145_00, date(2026, 10, 31), month=OCTOBER, origin=OCTOBER)
    assert use_credits(books.connection, provider=books.owner, month=OCTOBER, at=NOW).new == 1
    assert owed(books) == {(OTHER_SERVICE, SUPPLIER): 70_00}
    assert ahead(books) == {(SERVICE, CREDITOR): 15_00}
    assert use_credits(books.connection, provider=books.owner, month=OCTOBER, at=NOW).new == 0
    assert use(books, OCTOBER).new == 0
    (row,) = books.rows(OCTOBER)
    assert (row.origin_month, row.segments[-1].last, row.segments[-1].principal) == (Month(2026, 7), OCTOBER.last, 10_00)
    assert books.rows(NOVEMBER) == []


def test_a_debt_that_turns_up_later_is_paid_as_of_the_day_of_the_payment(books: Books, connection: Connection) -> None:
    """A corrected archive brings debts of August and September after the payment: the oldest first, pro rata, then the new bill."""
    books.pays_ahead("1", 60_00, date(2026, 10, 5), SERVICE, CREDITOR)
    books.pays_ahead("2", 100_00, date(2026, 10, 20), None, None)
    books.owes(90_00)
    books.owes(30_00, Month(2026, 9), service=OTHER_SERVICE)
    books.charged({(SERVICE, CREDITOR): 50_00}, OCTOBER)
    assert use(books, OCTOBER).new == 3, "one entry for each payment, and one of the new bill"
    assert (owed(books), ahead(books)) == ({(SERVICE, CREDITOR): 10_00}, {})
    (august,) = [row for row in books.rows(OCTOBER) if row.origin_month == Month(2026, 8)]
    assert (august.segments[-1].last, august.segments[-1].principal) == (date(2026, 10, 20), 30_00), "90 − 60, paid on 20.10"
    assert use(books, OCTOBER).new == 0
    assert {total.debit - total.credit for total in chart_totals(connection) if total.chart is Chart.OFFSET} == {0}
    books.takes_ahead_back("3", 100_00, date(2026, 11, 20), None, None)
    use(books, NOVEMBER)
    assert sum(owed(books).values()) == 110_00, "taken back, the money never was there"


def test_an_advance_of_the_opening_balance_leaves_the_senders_debts_alone(books: Books) -> None:
    books.states_ahead(70_00, SERVICE, CREDITOR)
    books.pays_ahead("1", 5_00, date(2026, 10, 5), SERVICE, CREDITOR)
    books.owes(90_00, service=OTHER_SERVICE)
    use(books, OCTOBER)
    assert (owed(books), ahead(books)) == ({(OTHER_SERVICE, CREDITOR): 85_00}, {(SERVICE, CREDITOR): 70_00})


def penalised(books: Books) -> int:
    """Unpaid penalties, kopecks."""
    return sum(item.amount for item in penalty_items(books.connection, [books.account]))


def on_penalties(books: Books, month: Month) -> Posted:
    return use_advances_on_penalties(books.connection, provider=books.owner, month=month, at=NOW)


def test_penalties_that_turn_up_later_are_covered_by_what_the_bill_has_left_ahead(books: Books, connection: Connection) -> None:
    """6000,00 paid on 25.10, ten days after day 30: 16–25.10 are 19,00. The 100,00 ahead: 90,00 for the bill, 10,00 for penalties."""
    books.owes(6000_00)
    books.pays("1", 6000_00, date(2026, 10, 25))
    books.pays_ahead("2", 100_00, date(2026, 10, 26), SERVICE, CREDITOR)
    books.pays_ahead("3", 50_00, date(2026, 10, 27), OTHER_SERVICE, SUPPLIER)
    books.charged({(SERVICE, CREDITOR): 90_00}, OCTOBER)
    use(books, OCTOBER)
    assert books.posts(OCTOBER) == 19_00
    assert on_penalties(books, OCTOBER).new == 1
    assert penalised(books) == 9_00
    assert ahead(books) == {(OTHER_SERVICE, SUPPLIER): 50_00}  # another recipient's advance covers nothing here
    assert on_penalties(books, OCTOBER).new == 0
    paid = sum(item.amount for item in payments_counted(connection, [books.account], month=OCTOBER))
    assert paid == 6000_00 + 100_00 + 50_00 - 10_00  # the bill has the payment of the penalties in their balance
    assert 6000_00 + 90_00 - paid + penalised(books) == 9_00 - 50_00  # debt + charged − paid + penalties = what is owed less what is ahead
    assert {total.debit - total.credit for total in chart_totals(connection) if total.chart is Chart.OFFSET} == {0}
    books.takes_ahead_back("4", 100_00, date(2026, 11, 5), SERVICE, CREDITOR)
    use(books, NOVEMBER)
    assert (penalised(books), owed(books)) == (19_00, {(SERVICE, CREDITOR): 90_00})  # penalties are open again first, then the bill


def test_an_undivided_advance_covers_penalties_of_any_recipient_and_no_opening_penalties(books: Books) -> None:
    """Penalties that the sender stated stand beside the advance as in its books; the hub's own 19,00 are covered."""
    books.owes(6000_00)
    books.pays("1", 6000_00, date(2026, 10, 25))
    books.states_penalty(7_00)
    books.pays_ahead("2", 100_00, date(2026, 10, 26), None, None)
    assert books.posts(OCTOBER) == 26_00
    on_penalties(books, OCTOBER)
    assert (penalised(books), ahead(books)) == (7_00, {(0, 0): 81_00})


def test_a_debt_that_turned_up_takes_the_undivided_money_of_banks_for_its_creditor(books: Books, connection: Connection) -> None:
    """Else the settlement would keep for ever as undivided what the creditor's debt was paid with."""
    paid = Posting(Chart.CASH, Chart.ADVANCE, 500, books.account, None, None, component=Component.ADVANCE)
    books._post("payment_release/agent/1", "payment", OCTOBER, date(2026, 10, 5), paid)
    books.owes(300)
    cover_turned_up(connection, provider=books.owner, month=OCTOBER, cause="m", at=NOW)
    stage_houses(connection, [])
    receipt, *division = advance_moves(connection, messages=[])
    assert (receipt.what, receipt.creditor_id, receipt.amount) == ("receipt", None, 500)
    assert list(_shares(division)) == [Moved("share", CREDITOR, 300)]
