"""Random registries through the database: whatever a file holds, its sum is in the states of its rows, and in the books.

Sum in = posted + suspense + reversed + refused + repeated + disputed (bank-formats 14.2), for each file, and the money on its way from
agents grows by what was posted, suspended and reversed. A file comes twice and posts once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import count

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlalchemy import Engine, text

from adapters.banks.adapter import BankFiles
from adapters.banks.detect import parse_file
from adapters.banks.profile import profile_named
from adapters.contract import RawMessage
from core.clock import FixedClock
from core.ledger.balances import chart_totals
from core.ledger.verify import broken
from core.model.lines import Chart
from core.money import format_roubles
from core.services.bank_intake import BankImport
from core.services.payments import import_bank_file
from core.storage.engine import transaction
from tests.paying.town import AT, fill, number, registry

ACCOUNTS = 4
COUNT = text("SELECT count(*) AS payments, coalesce(sum(amount), 0) AS amount FROM record_registry_payment")
STATES = ("posted", "suspended", "reversed", "refused", "repeated", "disputed")


@dataclass(frozen=True)
class Row:
    """A payment or a storno of one."""

    operation: int
    account: str
    amount: int
    original: int | None = None


@some.composite
def files(draw: some.DrawFn) -> list[list[Row]]:
    """Two or three registries whose operations, accounts and amounts often meet, in one file and across them."""
    accounts = [number(n) for n in range(ACCOUNTS)] + [f"0{number(0)}", "900000001", "41100000011"]
    row = some.builds(
        Row,
        operation=some.integers(1, 12),
        account=some.sampled_from(accounts),
        amount=some.sampled_from((1, 99, 10_037, 50_000, 700_000)),
        original=some.one_of(some.none(), some.none(), some.none(), some.integers(1, 12)),
    )
    return draw(some.lists(some.lists(row, min_size=1, max_size=8), min_size=2, max_size=3))


def as_file(rows: list[Row], registry: int, example_number: int) -> bytes:
    """A pipe registry (its storno rows name their original) whose controls hold."""
    lines = [f"H|9999010011|АГЕНТ|{registry}|2026-11-10|40702810500010000123"]
    total = fees = 0
    for row in rows:
        mark, sign = ("P", 1) if row.original is None else ("S", -1)
        amount, fee = sign * row.amount, sign * (row.amount // 100)
        operation = row.operation if row.original is None else 100 + row.operation
        total, fees = total + amount, fees + fee
        original = "" if row.original is None else f"{example_number}-{row.original}"
        lines.append(
            f"{mark}|{example_number}-{operation}|2026-11-09T09:05:02|{row.account}||||||2026-10|{format_roubles(amount)}|{format_roubles(fee)}|T1|{original}"
        )
    lines.append(f"T|{len(rows)}|{format_roubles(total)}|{format_roubles(fees)}")
    return "".join(f"{line}\r\n" for line in lines).encode("cp1251")


def take(engine: Engine, name: str, data: bytes) -> BankImport:
    reader = BankFiles(profile_named("pipe-delimited"))
    return import_bank_file(engine, reader=reader, message=RawMessage(name, data), clock=FixedClock(AT))


def balance(engine: Engine, chart: Chart) -> int:
    with transaction(engine) as connection:
        return sum(total.debit - total.credit for total in chart_totals(connection) if total.chart is chart)


EVERY_STATE = [
    [Row(1, number(0), 50_000), Row(2, "900000001", 99), Row(1, number(0), 50_000), Row(1, number(0), 10_037), Row(3, number(1), 1, 9)],
    [Row(1, number(0), 50_000), Row(4, number(1), 700_000), Row(5, number(1), 10_037, 4), Row(6, number(1), 700_000, 4)],
]


def test_every_kopeck_of_a_file_is_in_one_state_and_in_the_books(engine: Engine) -> None:
    fill(engine, ACCOUNTS, services=3)
    seen: set[str] = set()
    registries, examples = count(1), count(1)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @example(EVERY_STATE)
    @given(files())
    def check(registry_rows: list[list[Row]]) -> None:
        example_number = next(examples)
        for rows in registry_rows:
            content = as_file(rows, next(registries), example_number)
            transit = balance(engine, Chart.TRANSIT)
            done = take(engine, "registry.txt", content)
            came = sum(row.amount if row.original is None else -row.amount for row in rows)
            assert done.status != "rejected", "its controls hold"
            assert sum(done.amount(state) for state in STATES) == came, (dict(done.counts), content.decode("cp1251"))
            assert sum(done.count(state) for state in STATES) == len(rows)
            seen.update(state for state in STATES if done.count(state))
            into_books = sum(done.amount(state) for state in ("posted", "suspended", "reversed"))
            assert balance(engine, Chart.TRANSIT) - transit == into_books
            again = take(engine, "registry.txt", content)
            assert (again.is_new, again.counts) == (False, done.counts)
            assert balance(engine, Chart.TRANSIT) - transit == into_books

    check()
    assert seen == set(STATES)
    with transaction(engine) as connection:
        assert list(broken(connection)) == []


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, the end cut, or all of it in another encoding."""
    data = bytearray(whole)
    for _ in range(chance.choice((0, 1, 5))):
        data[chance.randrange(len(data))] = chance.choice((chance.randrange(256), 48 + chance.randrange(10)))
    if chance.random() < 0.3:
        del data[chance.randrange(1, len(data)) :]
    if chance.random() < 0.2:
        data = bytearray(bytes(data).decode("cp1251", "replace").encode(chance.choice(("utf-8", "cp866")), "replace"))
    return bytes(data)


def test_damaged_files_post_only_what_the_parser_accepts_in_files_whose_controls_hold(engine: Engine) -> None:
    fill(engine, ACCOUNTS, services=2)
    chance, posted = random.Random(20261124), 0
    with transaction(engine) as connection:
        before = connection.execute(COUNT).one()
    for number_of_file in range(30):
        whole = b"".join(registry(6, ACCOUNTS, seed=number_of_file, order=number_of_file + 1))
        data = damaged(whole, chance)
        parsed = parse_file("x.txt", data, profile_named("sber-delimited"))
        accepted = [record for record in parsed.records if record["status"] in ("accepted", "unmatched")]
        done = import_bank_file(
            engine, reader=BankFiles(profile_named("sber-delimited")), message=RawMessage("x.txt", data), clock=FixedClock(AT)
        )
        with transaction(engine) as connection:
            after = connection.execute(COUNT).one()
        assert done.status == parsed.status
        assert (after.payments - before.payments, after.amount - before.amount) == (
            len(accepted), sum(record["amount_kop"] for record in accepted),
        )  # fmt: skip
        assert done.count("posted") + done.count("suspended") == len(accepted)
        posted, before = posted + len(accepted), after
    assert 20 < posted < 180, "some files hold and some do not"
