from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from core.errors import InputError
from core.ids import CENTRE, EntityId
from core.ledger import months
from core.ledger.balances import advances, chart_totals, open_items, rebuild_balances, turnovers
from core.ledger.months import MonthState
from core.ledger.post import post
from core.ledger.verify import broken, fingerprint
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.period import Month
from tests.conftest import Database

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
ACCOUNT, SERVICE, CREDITOR = EntityId(101), EntityId(7), EntityId(3)


def _debt(key: str, amount: int, component: Component = Component.BASE) -> Entry:
    posting = Posting(Chart.RECEIVABLE, Chart.PAYABLE, amount, ACCOUNT, SERVICE, CREDITOR, OCTOBER, component)
    return Entry(key, "opening", CENTRE, OCTOBER, OCTOBER.last, "Входящее сальдо", (posting,))


def _payment(key: str, amount: int, ahead: int = 0) -> Entry:
    postings = [Posting(Chart.CASH, Chart.RECEIVABLE, amount, ACCOUNT, SERVICE, CREDITOR, OCTOBER, Component.BASE)]
    if ahead:
        postings.append(Posting(Chart.CASH, Chart.ADVANCE, ahead, ACCOUNT, SERVICE, CREDITOR, component=Component.ADVANCE))
    return Entry(key, "payment", CENTRE, NOVEMBER, date(2026, 11, 5), "Платёж", tuple(postings))


def test_the_same_key_has_the_same_effect_once(connection: Connection) -> None:
    first = post(connection, [_debt("debt/1", 10_00), _debt("debt/2", 5_50)], at=NOW)
    assert (first.new, first.repeated, first.conflicts) == (2, 0, ())
    again = post(connection, [_debt("debt/1", 10_00), _debt("debt/3", 1)], at=NOW)
    assert (again.new, again.repeated) == (1, 1)
    assert [item.amount for item in open_items(connection, [ACCOUNT])] == [15_51]


def test_other_content_under_a_known_key_is_a_conflict_and_the_first_stays(connection: Connection) -> None:
    post(connection, [_debt("debt/1", 10_00)], at=NOW)
    result = post(connection, [_debt("debt/1", 10_01)], at=NOW)
    assert result.new == 0 and [conflict.key for conflict in result.conflicts] == ["debt/1"]
    reason = post(connection, [replace(_debt("debt/1", 10_00), reason="Другое")], at=NOW)
    assert len(reason.conflicts) == 1
    assert [item.amount for item in open_items(connection, [ACCOUNT])] == [10_00]


def test_one_key_twice_in_one_batch_is_taken_once(connection: Connection) -> None:
    result = post(connection, [_debt("debt/1", 10_00), _debt("debt/1", 10_00)], at=NOW)
    assert (result.new, result.repeated) == (1, 1)
    assert [item.amount for item in open_items(connection, [ACCOUNT])] == [10_00]


def test_an_entry_must_move_something_and_never_a_negative_amount(connection: Connection) -> None:
    with pytest.raises(ValueError, match="no postings"):
        post(connection, [replace(_debt("debt/1", 1), postings=())], at=NOW)
    with pytest.raises(DBAPIError, match="posting_amount_positive"):
        post(connection, [_debt("debt/1", -5)], at=NOW)


def test_nothing_enters_a_closed_month(connection: Connection) -> None:
    for state in (MonthState.DRAFT, MonthState.APPROVED, MonthState.POSTED, MonthState.CLOSED):
        months.move(connection, provider_id=CENTRE, month=OCTOBER, to=state, calculation_id=None, actor="тест", reason="", at=NOW)
    with pytest.raises(InputError, match="LG-0101"):
        post(connection, [_debt("debt/1", 1)], at=NOW)
    assert post(connection, [_payment("payment/1", 1)], at=NOW).new == 1


def test_a_month_takes_its_steps_in_order_only(connection: Connection) -> None:
    def step(to: MonthState) -> None:
        months.move(connection, provider_id=CENTRE, month=OCTOBER, to=to, calculation_id=None, actor="тест", reason="", at=NOW)

    with pytest.raises(InputError, match="LG-0201"):
        step(MonthState.POSTED)
    for state in (MonthState.DRAFT, MonthState.DRAFT, MonthState.APPROVED, MonthState.POSTED):
        step(state)
    with pytest.raises(InputError):
        step(MonthState.DRAFT)
    assert months.current(connection, provider_id=CENTRE, month=OCTOBER).state is MonthState.POSTED


def test_balances_are_rebuilt_equal_and_turnovers_roll_forward(connection: Connection) -> None:
    post(
        connection,
        [_debt("debt/1", 10_00), _debt("debt/2", 70, Component.SURCHARGE), _payment("payment/1", 4_00, ahead=50)],
        at=NOW,
    )
    for month in (OCTOBER, NOVEMBER):
        assert rebuild_balances(connection, provider_id=CENTRE, month=month) > 0
    before = connection.execute(text("SELECT * FROM balance ORDER BY 1,2,3,4,5,6,7,8")).all()
    connection.execute(text("DELETE FROM balance"))
    rebuild_balances(connection, provider_id=CENTRE, month=OCTOBER)
    rebuild_balances(connection, provider_id=CENTRE, month=NOVEMBER)
    assert connection.execute(text("SELECT * FROM balance ORDER BY 1,2,3,4,5,6,7,8")).all() == before
    october = list(turnovers(connection, provider_id=CENTRE, month=OCTOBER))
    november = list(turnovers(connection, provider_id=CENTRE, month=NOVEMBER))
    assert sum(row.closing for row in october) == sum(row.opening for row in november) == 10_70
    assert sum(row.closing for row in november) == 10_70 - 4_50
    assert [a.amount for a in advances(connection, [ACCOUNT])] == [50]
    assert sum(total.debit for total in chart_totals(connection)) == sum(total.credit for total in chart_totals(connection))
    assert list(broken(connection)) == []


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        ("UPDATE posting SET amount = amount + 1", 4),
        ("UPDATE entry SET reason = 'иначе'", 4),
        ("UPDATE posting SET provider_id = 99", 2),
        ("DELETE FROM posting", 4),
        ("UPDATE balance SET amount = amount + 1", 6),
    ],
)
def test_a_superuser_who_breaks_a_promise_is_found(engine: Engine, database: Database, damage: str, invariant: int) -> None:
    with engine.begin() as connection:
        post(connection, [_debt("debt/1", 10_00)], at=NOW)
        rebuild_balances(connection, provider_id=CENTRE, month=OCTOBER)
        assert list(broken(connection)) == []
    superuser = create_engine(database.superuser_url)
    with superuser.begin() as connection:
        connection.execute(text(damage))
    superuser.dispose()
    with engine.connect() as connection:
        assert invariant in {item.invariant for item in broken(connection)}


def test_the_fingerprint_of_a_ledger_depends_on_keys_and_contents_only(connection: Connection) -> None:
    post(connection, [_debt("debt/1", 10_00), _debt("debt/2", 5)], at=NOW)
    first = fingerprint(connection)
    connection.rollback()
    post(connection, [_debt("debt/2", 5)], at=NOW)
    assert fingerprint(connection) != first
    post(connection, [_debt("debt/1", 10_00)], at=NOW)
    assert fingerprint(connection) == first
