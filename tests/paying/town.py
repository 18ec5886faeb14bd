"""Accounts of one provider with debts by service, written through the stores themselves; and registries that pay them.

Account ``n`` has the number ``500000000 + n`` and owes every service its own sum. Fixed seeds: the same arguments give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from sqlalchemy import Engine, text

from core import archive
from core.ids import EntityId, ProviderId
from core.ledger.post import post
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.model.records import Record
from core.money import format_roubles
from core.period import Month
from core.records.entities import entity_ids
from core.records.store import save
from core.storage.engine import transaction
from tests.unit.core.records import samples

__all__ = ["AT", "OPEN_MONTH", "PAID_ON", "fill", "number", "registry"]

AT = datetime(2026, 11, 10, 6, tzinfo=UTC)
PAID_ON = date(2026, 11, 9)
DEBT_MONTH, OPEN_MONTH = Month(2026, 10), Month(2026, 11)
_BATCH = 5000
_UNKNOWN = 900_000_000


def number(account: int) -> str:
    """Number of the n-th account."""
    return str(500_000_000 + account)


def fill(engine: Engine, accounts: int, *, services: int = 10) -> None:
    """Register a provider with accounts, each of which owes each of the services."""
    with transaction(engine) as connection:
        columns = "INSERT INTO provider (inn, kpp, ogrn, name, kind)"
        provider = connection.execute(
            text(f"{columns} VALUES ('0000000000', '000000000', '0000000000000', 'РЦ', 36) RETURNING provider_id")
        ).scalar_one()
        owner = ProviderId(provider)
        stored = archive.store(connection, data=b"accounts", name="kvar", channel="test", direction="in", provider_id=owner, at=AT)
        facts: Iterator[Record] = (samples.fact(str(n), samples.account(number(n)), row=n + 1) for n in range(accounts))
        save(connection, provider_id=owner, message_id=stored.message_id, records=facts, recorded_at=AT)
    with transaction(engine) as connection:
        known = iter(sorted((int(key), entity) for key, entity in entity_ids(connection, owner, "account").items()))
        while batch := list(islice(known, _BATCH)):
            post(connection, [_debt(owner, entity, place, services) for place, entity in batch], at=AT)


def _debt(owner: ProviderId, account: EntityId, place: int, services: int) -> Entry:
    postings = tuple(
        Posting(
            Chart.RECEIVABLE, Chart.OPENING, 10_000 + 37 * service + place % 1000, account, EntityId(service), EntityId(service % 4 + 1),
            DEBT_MONTH, Component.BASE,
        )
        for service in range(1, services + 1)
    )  # fmt: skip
    return Entry(f"opening/{place}", "opening", owner, DEBT_MONTH, DEBT_MONTH.last, "проба", postings)


def registry(rows: int, accounts: int, *, seed: int = 1, order: int = 417) -> Iterator[bytes]:
    """Lines of a registry of Sberbank's layout: one row in 100 has an unknown account, one in 200 repeats the row before."""
    chance = random.Random(seed)
    total = kept = 0
    last = (b"", 0, 0)
    for n in range(rows):
        if not last[0] or chance.random() >= 0.005:
            amount = chance.choice((chance.randrange(100, 100_000), 100_000 + chance.randrange(20_000)))
            place = chance.randrange(accounts)
            account = str(_UNKNOWN + place) if chance.random() < 0.01 else number(place)
            last = (_row(n, seed, account, amount), amount, amount // 100)
        line, amount, fee = last
        total, kept = total + amount, kept + fee
        yield line
    yield f"={rows};{format_roubles(total)};{format_roubles(total - kept)};{format_roubles(kept)};{order};10-11-2026\r\n".encode()


def _row(n: int, seed: int, account: str, amount: int) -> bytes:
    day, fee = PAID_ON - timedelta(days=n % 3), amount // 100
    return (
        f"{day:%d-%m-%Y};09-05-02;9999/0100;СБОЛ;{seed:04d}{n:012d};{account};Ёлкина Анна Юрьевна;;1026;"
        f"{format_roubles(amount)};{format_roubles(amount - fee)};{format_roubles(fee)}\r\n"
    ).encode("cp1251")
