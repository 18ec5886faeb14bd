"""Numbers without gaps under concurrency and rollback; bills once, by version; files once, by bytes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from core.errors import ConflictError, InputError, InvariantError
from core.ids import CENTRE, BillId, CalculationId, EntityId
from core.issued.bills import NewBill, bills_of_month, latest_bills, next_numbers, read_bill, save_bills
from core.issued.files import BillFile, files_of_bill, save_files
from tests.unit.core.documents import samples
from tests.unit.core.documents.samples import OCTOBER

NOW = datetime(2026, 11, 4, 9, tzinfo=UTC)


@pytest.fixture
def calculation(connection: Connection) -> CalculationId:
    return _calculation(connection)


@pytest.fixture
def payers(connection: Connection) -> list[EntityId]:
    return _payers(connection, 3)


def _calculation(connection: Connection) -> CalculationId:
    query = """INSERT INTO calculation (provider_id, month, version, mode, rules, code_version, known_until, created_at)
               VALUES (0, '2026-10-01', 1, 'charge', '2026-03-01', 'test', 0, :now) RETURNING calculation_id"""
    return CalculationId(connection.execute(text(query), {"now": NOW}).scalar_one())


def _payers(connection: Connection, count: int) -> list[EntityId]:
    query = """INSERT INTO entity (provider_id, kind, entity_key)
               SELECT 0, 'account', n::text FROM generate_series(1, :count) n RETURNING entity_id"""
    return [EntityId(number) for number in connection.execute(text(query), {"count": count}).scalars()]


def _bill(
    payer: EntityId, calculation: CalculationId, number: str, *, version: int = 1, replaces: str | None = None, due: date | None = None
) -> NewBill:
    content = replace(samples.content(), number=number, version=version, replaces_number=replaces)
    return NewBill(payer, calculation, replace(content, due_on=due) if due else content)


def test_numbers_follow_each_other_by_series(connection: Connection) -> None:
    assert list(next_numbers(connection, CENTRE, "2026-10", 3)) == [1, 2, 3]
    assert list(next_numbers(connection, CENTRE, "2026-10", 0)) == []
    assert list(next_numbers(connection, CENTRE, "2026-10", 2)) == [4, 5]
    assert list(next_numbers(connection, CENTRE, "2026-11", 1)) == [1]


def test_threads_get_numbers_without_gaps_or_repeats_although_some_roll_back(engine: Engine) -> None:
    taken: list[int] = []
    lock = threading.Lock()

    def work(seed: int) -> None:
        for turn in range(10):
            with engine.connect() as connection:
                numbers = next_numbers(connection, CENTRE, "2026-10", 1 + (seed + turn) % 3)
                if (seed + turn) % 4 == 0:
                    connection.rollback()
                    continue
                connection.commit()
                with lock:
                    taken.extend(numbers)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, len(taken) + 1)) and len(taken) > 60


def test_bills_are_stored_once_and_read_back_equal(connection: Connection, calculation: CalculationId, payers: list[EntityId]) -> None:
    bills = [_bill(payer, calculation, f"202610-{n}") for n, payer in enumerate(payers)]
    ids = save_bills(connection, CENTRE, bills, issued_at=NOW)
    assert save_bills(connection, CENTRE, list(reversed(bills)), issued_at=NOW) == list(reversed(ids))
    stored = list(bills_of_month(connection, CENTRE, OCTOBER))
    assert [(row.bill_id, row.payer_id, row.content) for row in stored] == [
        (bill_id, bill.payer_id, bill.content) for bill_id, bill in zip(ids, bills, strict=True)
    ]
    assert read_bill(connection, ids[1]) == stored[1]
    assert list(bills_of_month(connection, CENTRE, OCTOBER.next())) == []


def test_the_same_version_with_other_content_is_a_conflict(
    connection: Connection, calculation: CalculationId, payers: list[EntityId]
) -> None:
    save_bills(connection, CENTRE, [_bill(payers[0], calculation, "1")], issued_at=NOW)
    with pytest.raises(ConflictError, match="EPD-0401"):
        save_bills(connection, CENTRE, [_bill(payers[0], calculation, "1", due=date(2026, 12, 1))], issued_at=NOW)
    with pytest.raises(ConflictError, match="EPD-0401"):
        save_bills(connection, CENTRE, [_bill(payers[1], calculation, "1")], issued_at=NOW)


def test_a_new_version_names_the_old_and_takes_its_place(
    connection: Connection, calculation: CalculationId, payers: list[EntityId]
) -> None:
    (first,) = save_bills(connection, CENTRE, [_bill(payers[0], calculation, "1")], issued_at=NOW)
    with pytest.raises(InputError, match="EPD-0402"):
        save_bills(connection, CENTRE, [_bill(payers[0], calculation, "2", version=2, replaces="7")], issued_at=NOW)
    (second,) = save_bills(connection, CENTRE, [_bill(payers[0], calculation, "2", version=2, replaces="1")], issued_at=NOW)
    assert read_bill(connection, second).replaces_bill_id == first
    assert [row.bill_id for row in bills_of_month(connection, CENTRE, OCTOBER)] == [second]
    latest = latest_bills(connection, CENTRE, OCTOBER)[payers[0]]
    assert (latest.bill_id, latest.number, latest.version) == (second, "2", 2)
    assert read_bill(connection, first).number == "1", "the replaced bill stays"


def test_an_unknown_bill_is_named(connection: Connection) -> None:
    with pytest.raises(InputError, match="EPD-0403"):
        read_bill(connection, BillId(1))


def test_a_changed_content_is_noticed(connection: Connection, calculation: CalculationId, payers: list[EntityId]) -> None:
    query = """INSERT INTO bill (provider_id, month, number, payer_id, version, calculation_id, total, content, content_sha256, issued_at)
               VALUES (0, '2026-10-01', '1', :payer, 1, :calculation, 0, '{}', sha256('x'), :now) RETURNING bill_id"""
    bill_id = connection.execute(text(query), {"payer": payers[0], "calculation": calculation, "now": NOW}).scalar_one()
    with pytest.raises(InvariantError, match="EPD-0404"):
        read_bill(connection, bill_id)


def test_the_working_role_cannot_change_a_bill(connection: Connection, calculation: CalculationId, payers: list[EntityId]) -> None:
    save_bills(connection, CENTRE, [_bill(payers[0], calculation, "1")], issued_at=NOW)
    for statement in ("UPDATE bill SET total = 0", "DELETE FROM bill", "TRUNCATE bill"):
        with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.execute(text(statement))


def test_files_are_stored_once_by_bytes(connection: Connection, calculation: CalculationId, payers: list[EntityId]) -> None:
    (bill_id,) = save_bills(connection, CENTRE, [_bill(payers[0], calculation, "1")], issued_at=NOW)
    file = BillFile(bill_id, "application/pdf", "bill-1", b"\x01" * 32, 47_000, "2026-10/1.pdf")
    assert save_files(connection, [file], rendered_at=NOW) == 1
    assert save_files(connection, [file], rendered_at=NOW) == 0
    assert files_of_bill(connection, bill_id) == [file]
    with pytest.raises(ConflictError, match="EPD-0405"):
        save_files(connection, [replace(file, sha256=b"\x02" * 32)], rendered_at=NOW)
    assert save_files(connection, [replace(file, template="bill-2", sha256=b"\x02" * 32)], rendered_at=NOW) == 1
