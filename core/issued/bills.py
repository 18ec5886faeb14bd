"""The store of issued bills. A bill is never changed: another content is the next version, which names the one it replaces.

Numbers come from a counter row that is locked to the end of the issuing transaction: no gaps, no repeats, one issuer of a series at a time.
The order that keeps it so: take the lock (``next_numbers`` with count 0), see what is issued (``latest_bills``), take numbers, save.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json import loads
from typing import Any

from sqlalchemy import Connection, RowMapping

from core.errors import ConflictError, InputError, InvariantError
from core.ids import BillId, CalculationId, EntityId, ProviderId
from core.model.bill import BillContent
from core.model.bill_json import canonical, from_json, to_json
from core.period import Month
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = [
    "IssuedBill",
    "LatestBill",
    "NewBill",
    "billed_accounts",
    "bills_of_month",
    "ids_of_month",
    "latest_bills",
    "next_numbers",
    "read_bill",
    "save_bills",
]

_SQL = queries("core.issued")
_STREAM = 500
_STAGED = (
    ("n", "integer"),
    ("provider_id", "integer"),
    ("month", "date"),
    ("number", 'text COLLATE "C"'),
    ("payer_id", "bigint"),
    ("version", "integer"),
    ("replaces_number", 'text COLLATE "C"'),
    ("calculation_id", "bigint"),
    ("total", "bigint"),
    ("content", "jsonb"),
    ("content_sha256", "bytea"),
)
_STAGED_ACCOUNTS = (("n", "integer"), ("account_id", "bigint"))


@dataclass(frozen=True, slots=True)
class NewBill:
    """A bill to be stored: its content says number, version and what it replaces."""

    payer_id: EntityId
    calculation_id: CalculationId
    content: BillContent

    @property
    def accounts(self) -> tuple[EntityId, ...]:
        """All accounts of the payer that it is for."""
        return tuple(dict.fromkeys((self.payer_id, *(account.account_id for account in self.content.accounts))))


@dataclass(frozen=True, slots=True)
class LatestBill:
    """The last version of a payer's bill, without its content."""

    bill_id: BillId
    number: str
    version: int
    content_sha256: bytes


@dataclass(frozen=True, slots=True)
class IssuedBill:
    """A stored bill."""

    bill_id: BillId
    provider_id: ProviderId
    payer_id: EntityId
    month: Month
    number: str
    version: int
    replaces_bill_id: BillId | None
    calculation_id: CalculationId
    total: int
    content: BillContent
    content_sha256: bytes
    issued_at: datetime


def next_numbers(connection: Connection, provider_id: ProviderId, series: str, count: int) -> range:
    """The next ``count`` whole numbers of a series, for ever this transaction's when it commits.

    Another transaction waits here until this one ends; with count 0 only the lock is taken.
    """
    if count < 0:
        raise ValueError("a count of numbers is not negative")
    last = connection.execute(_SQL.advance_counter, {"provider_id": provider_id, "series": series, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


def latest_bills(connection: Connection, provider_id: ProviderId, month: Month) -> dict[EntityId, LatestBill]:
    """By payer, what is issued for a month already."""
    rows = connection.execute(_SQL.latest_bills, {"provider_id": provider_id, "month": month.first})
    return {EntityId(row.payer_id): LatestBill(BillId(row.bill_id), row.number, row.version, bytes(row.content_sha256)) for row in rows}


def billed_accounts(connection: Connection, accounts: Collection[EntityId], month: Month) -> set[EntityId]:
    """Of some accounts those that a bill of the month is for, whoever issued it."""
    names = {"account_ids": list(accounts), "month": month.first}
    return {EntityId(account) for account in connection.execute(_SQL.billed_accounts, names).scalars()}


def save_bills(connection: Connection, provider_id: ProviderId, bills: Sequence[NewBill], *, issued_at: datetime) -> list[BillId]:
    """Store bills and return their ids in the given order; what is stored already with the same content is found again.

    Raises :class:`ConflictError` EPD-0401 for another content under the same payer, month and version, or a number in use;
    :class:`InputError` EPD-0402 for a new version that does not name the stored one before it.
    """
    stage(connection, "staged_bill", _STAGED, _rows(provider_id, bills))
    stage(connection, "staged_bill_account", _STAGED_ACCOUNTS, ((n, account) for n, bill in enumerate(bills) for account in bill.accounts))
    clash = connection.execute(_SQL.conflicting_bill).one_or_none()
    if clash is not None:
        raise ConflictError(
            "EPD-0401",
            f"Документ № {clash.number} уже выпущен с другим содержанием.",
            hint="Выпустите исправленный документ следующей версией.",
            number=clash.number,
            payer=clash.payer_id,
            version=clash.version,
        )
    orphan = connection.execute(_SQL.orphan_version).one_or_none()
    if orphan is not None:
        raise InputError(
            "EPD-0402",
            f"Документ № {orphan.number} заменяет № {orphan.replaces_number}, а предыдущая версия другая.",
            hint="Укажите номер последней выпущенной версии.",
            number=orphan.number,
        )
    connection.execute(_SQL.insert_bills, {"issued_at": issued_at})
    connection.execute(_SQL.insert_bill_accounts)
    return [BillId(number) for number in connection.execute(_SQL.staged_ids).scalars()]


def bills_of_month(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[IssuedBill]:
    """The last versions of a month, streamed in the order of issue."""
    names = {"provider_id": provider_id, "month": month.first}
    result = connection.execute(_SQL.bills_of_month, names, execution_options={"yield_per": _STREAM})
    for row in result.mappings():
        yield _issued(row)


def ids_of_month(connection: Connection, provider_id: ProviderId, month: Month) -> list[BillId]:
    """Numbers of the last versions of a month in the order of issue: a month of any size fits."""
    rows = connection.execute(_SQL.ids_of_month, {"provider_id": provider_id, "month": month.first})
    return [BillId(number) for number in rows.scalars()]


def read_bill(connection: Connection, bill_id: BillId) -> IssuedBill:
    """One bill with its content. Unknown: :class:`InputError` EPD-0403."""
    row = connection.execute(_SQL.read_bill, {"bill_id": bill_id}).mappings().one_or_none()
    if row is None:
        raise InputError("EPD-0403", f"Документа {bill_id} нет.", hint="Проверьте номер: erkc show НОМЕР.", bill=bill_id)
    return _issued(row)


def _rows(provider_id: ProviderId, bills: Sequence[NewBill]) -> Iterator[tuple[object, ...]]:
    for n, bill in enumerate(bills):
        content = bill.content
        data = to_json(content)
        yield (
            n,
            provider_id,
            content.month.first,
            content.number,
            bill.payer_id,
            content.version,
            content.replaces_number,
            bill.calculation_id,
            content.due,
            data.decode(),
            sha256(data).digest(),
        )


def _issued(row: RowMapping) -> IssuedBill:
    """The hash is taken of the stored JSON itself, so that a field added to the content later does not seem a broken bill."""
    text: Any = row["content"]  # a driver row has no static types
    stored = canonical(loads(text))
    if sha256(stored).digest() != bytes(row["content_sha256"]):
        raise InvariantError(
            "EPD-0404",
            f"Содержание документа № {row['number']} не совпадает со своей контрольной суммой.",
            hint="Остановите выпуск и запустите erkc verify.",
            bill=row["bill_id"],
        )
    replaces = row["replaces_bill_id"]
    return IssuedBill(
        bill_id=BillId(row["bill_id"]),
        provider_id=ProviderId(row["provider_id"]),
        payer_id=EntityId(row["payer_id"]),
        month=Month.of(row["month"]),
        number=row["number"],
        version=row["version"],
        replaces_bill_id=None if replaces is None else BillId(replaces),
        calculation_id=CalculationId(row["calculation_id"]),
        total=row["total"],
        content=from_json(stored),
        content_sha256=bytes(row["content_sha256"]),
        issued_at=row["issued_at"],
    )
