"""The ledger's own promises, checked on live data: each check yields what is broken, naming entry, account and sum.

A check reads the tables as they are, past constraints and rights that a superuser could have removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import CalculationId, EntityId, RecordId
from core.money import format_roubles
from core.storage.sql import queries

__all__ = ["Broken", "broken", "fingerprint", "line_sources"]


@dataclass(frozen=True, slots=True)
class Broken:
    """One place where a promise does not hold. ``invariant`` is its number in docs/architecture.md."""

    invariant: int
    subject: str
    message: str
    """What is wrong, in Russian."""


def broken(connection: Connection, *, stopped: Sequence[tuple[CalculationId, EntityId]] = ()) -> Iterator[Broken]:
    """Everything that is wrong with the ledger; ``stopped``: accounts whose lines of a calculation wait for a person's decision."""
    sql = queries("core.ledger")
    for row in connection.execute(sql.broken_postings):
        yield Broken(
            2,
            f"запись {row.entry_key or row.entry_id}",
            f"Проводка по счёту {row.account_id} на {format_roubles(row.amount)} руб. не сходится со своей записью.",
        )
    for row in connection.execute(sql.broken_keys):
        yield Broken(3, f"ключ {row.entry_key}", f"Проведён {row.times} раза: один ключ должен действовать один раз.")
    for row in connection.execute(sql.broken_content):
        yield Broken(4, f"запись {row.entry_key}", "Содержание записи изменилось после проведения: хеш не сходится.")
    waiting = {"calculation_ids": [one for one, _ in stopped], "account_ids": [account for _, account in stopped]}
    for row in connection.execute(sql.broken_charges, waiting):
        yield Broken(
            5,
            f"счёт {row.account_id}",
            f"Строки расчёта дают {format_roubles(row.lines)} руб., проведено {format_roubles(row.posted)} руб.",
        )
    for row in connection.execute(sql.unexplained_lines):
        yield Broken(
            5,
            f"счёт {row.account_id}",
            f"Строка услуги {row.service_id} расчёта {row.calculation_id} не называет ни одного источника.",
        )
    for snapshot in connection.execute(sql.snapshots).all():
        for row in connection.execute(sql.broken_balances, {"provider_id": snapshot.provider_id, "month": snapshot.month}):
            yield Broken(
                6,
                f"счёт {row.account_id}",
                f"Остаток на конец {snapshot.month:%m.%Y}: хранится {format_roubles(row.stored)} руб., "
                f"по проводкам {format_roubles(row.summed)} руб.",
            )


def fingerprint(connection: Connection) -> tuple[int, int, str]:
    """Entries, their sum and a digest over keys and contents, free of our own numbers: equal for two builds of the same month."""
    row = connection.execute(queries("core.ledger").fingerprint).one()
    return row.entries, row.amount, row.digest


def line_sources(connection: Connection) -> list[RecordId]:
    """Every record that a charge line names as a source."""
    return [RecordId(value) for value in connection.execute(queries("core.ledger").line_sources).scalars()]
