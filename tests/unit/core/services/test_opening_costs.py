"""Court costs of the sender's document: a fact of the ledger from the month that is taken over, paid first, and bearing nothing."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from core import archive
from core.ids import EntityId
from core.ledger.balances import penalty_items
from core.model.lines import Component
from core.model.records import OpeningPenalty, StatedBill
from core.period import Month
from core.records.providers import Provider
from core.records.store import save
from core.services.opening import post_openings
from tests.unit.core.records import samples
from tests.unit.core.services.books import NOW, OCTOBER, Books


def test_costs_are_taken_over_with_those_of_the_month(connection: Connection, owner: Provider, account: EntityId, books: Books) -> None:
    message = archive.store(connection, data=b"6", name="epd", channel="test", direction="in", provider_id=owner.provider_id, at=NOW)
    bill = StatedBill(date(2026, 10, 1), "501", date(2026, 11, 1), "5", "", 0, 0, 0, 0, 0)
    records = [
        samples.fact("3", samples.organisation("Истец", "0000000000")),
        samples.fact("501", bill, since=None),
        samples.fact("901", OpeningPenalty("501", 3, None, "3", 300_00, 100_00, 0, 400_00), since=None),
        samples.fact("902", OpeningPenalty("501", 1, date(2026, 6, 1), "3", 5_00, 2_00, 0, 7_00), since=None),
    ]
    save(connection, provider_id=owner.provider_id, message_id=message.message_id, records=records, recorded_at=NOW)
    posted = post_openings(connection, provider=owner, month=OCTOBER, message_id=message.message_id, at=NOW)
    assert posted.refused == ()
    items = {item.component: (item.amount, item.origin_month) for item in penalty_items(connection, [account])}
    assert items == {Component.COURT_COSTS: (400_00, None), Component.PENALTY: (5_00, Month(2026, 6))}
    costs = next(row for row in books.rows(OCTOBER) if row.component is Component.COURT_COSTS)
    assert (costs.opening, costs.posted, costs.closing) == (400_00, 0, 400_00)
