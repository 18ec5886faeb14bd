"""``account_on_registry = false``: a registry is accounted when its money is in the statement; until then it waits in suspense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, text

from adapters.contract import RawMessage
from core import archive
from core.clock import FixedClock
from core.ids import CENTRE, EntityId, ProviderId
from core.ledger.balances import chart_totals, open_items
from core.model.finding import Finding, Position
from core.model.lines import Chart
from core.model.parsed import Parsed
from core.model.records import PaymentRegistry, Record, RegionSetting, RegistryPayment, StatementLine
from core.period import Month
from core.records.entities import entity_ids
from core.records.providers import provider
from core.records.store import save
from core.services.payments import import_bank_file, reconcile
from core.services.suspense_list import list_suspense
from core.storage.engine import transaction
from tests.unit.core.records import samples
from tests.unit.core.services.books import NOW, Books

CLOCK = FixedClock(datetime(2026, 11, 4, 6, tzinfo=UTC))
KEY = "pipe-delimited/7"


@dataclass(frozen=True)
class Given:
    """A reader that gives the records it was made with."""

    kind: str
    records: tuple[Record, ...]
    name: str = "banks.files"

    def parse(self, message: Any, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """The records as the adapters give them."""
        yield from self.records
        yield Parsed("ok", {"kind": self.kind}, {})


def a_registry() -> Given:
    """Two payments of 31.10, 60,00 and 40,00, in a registry of 02.11; the second account is nobody's."""
    head = PaymentRegistry("pipe-delimited", "Агент", "7", date(2026, 11, 2), "", None, 2, 100_00, 0, 100_00)
    paid = [
        RegistryPayment(KEY, operation, date(2026, 10, 31), number, "", "", None, amount, 0, amount)
        for operation, number, amount in (("A1", "0500005", 60_00), ("A2", "999", 40_00))
    ]
    rows = [Record(f"pipe-delimited/{one.operation_id}", Position("r.txt", n), one) for n, one in enumerate(paid, start=1)]
    return Given("registry", (Record(KEY, Position("r.txt"), head), *rows))


def a_statement() -> Given:
    """Its money of 03.11."""
    day = date(2026, 11, 3)
    line = StatementLine(
        "40821810700013101001", True, "12", day, day, 100_00, "40821810700000000009", "", "", "Агент", "по реестру № 7", "",
        registries=("7 2026-11-02 2 10000 -",),
    )  # fmt: skip
    return Given("statement", (Record("line/12", Position("s.txt", 1), line),))


def made(engine: Engine) -> Books:
    """One account that owes 100,00 for August; the region waits for the money."""
    with transaction(engine) as connection:
        columns = "INSERT INTO provider (inn, kpp, ogrn, name, kind)"
        values = "VALUES ('0000000000', '000000000', '0000000000000', 'РЦ', 36) RETURNING provider_id"
        owner = provider(connection, ProviderId(connection.execute(text(f"{columns} {values}")).scalar_one()))
        bodies = (
            (owner.provider_id, "5", samples.account("0500005")),
            (CENTRE, "way", RegionSetting("account_on_registry", "false", "№ 1")),
        )
        for number, key, body in bodies:
            stored = archive.store(connection, data=key.encode(), name=key, channel="t", direction="in", provider_id=number, at=NOW)
            records = [samples.fact(key, body)]
            save(connection, provider_id=number, message_id=stored.message_id, records=records, recorded_at=NOW)
        books = Books(connection, owner, EntityId(entity_ids(connection, owner.provider_id, "account")["5"]))
        books.owes(100_00)
    return books


def stands(engine: Engine, books: Books) -> tuple[int, int, int]:
    """What the account owes, what is in suspense, what is in transit; kopecks."""
    with transaction(engine) as connection:
        owed = sum(item.amount for item in open_items(connection, [books.account]))
        totals = dict.fromkeys(Chart, 0)
        for one in chart_totals(connection):
            totals[one.chart] += one.debit - one.credit
    return owed, -totals[Chart.SUSPENSE], totals[Chart.TRANSIT]


def take(engine: Engine, reader: Given) -> None:
    import_bank_file(engine, reader=reader, message=RawMessage(reader.kind, reader.kind.encode()), clock=CLOCK, own_accounts=())


def accounted(engine: Engine, key: str) -> tuple[str, str, Month]:
    with transaction(engine) as connection:
        row = connection.execute(text("SELECT occurred_on, accounted_on, month FROM entry WHERE entry_key = :key"), {"key": key}).one()
    return str(row.occurred_on), str(row.accounted_on), Month.of(row.month)


def test_a_registry_is_accounted_when_its_money_has_come(engine: Engine) -> None:
    books = made(engine)
    take(engine, a_registry())
    assert stands(engine, books) == (100_00, 100_00, 100_00)
    held, unknown = list_suspense(engine)
    assert (held.amount, "ждёт перевода" in held.why, held.command) == (60_00, True, "erkc reconcile")
    assert "не найден" in unknown.why
    assert reconcile(engine, clock=CLOCK).released.amount == 0
    take(engine, a_statement())
    assert reconcile(engine, clock=CLOCK).released.payments == {"pipe-delimited/A1": 60_00}
    assert stands(engine, books) == (40_00, 40_00, 0)
    assert accounted(engine, "payment_release/pipe-delimited/A1") == ("2026-10-31", "2026-11-03", Month(2026, 11))
    assert reconcile(engine, clock=CLOCK).released.amount == 0


def test_money_that_came_before_its_registry_lets_it_through_at_the_next_reconciliation(engine: Engine) -> None:
    books = made(engine)
    take(engine, a_statement())
    take(engine, a_registry())
    assert stands(engine, books)[0] == 100_00
    reconcile(engine, clock=CLOCK)
    assert stands(engine, books) == (40_00, 40_00, 0)
