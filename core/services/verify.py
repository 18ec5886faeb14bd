"""The seven invariants on live data: every check that the stores can make of themselves, and those that need two of them.

1 bytes before meaning · 2 two sides · 3 same key, same effect · 4 nothing changed · 5 every amount explained · 6 derived data equal ·
7 the month is a build (every calculation computed again from its records; the fingerprint compares two databases).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from core.archive import verify as archive_verify
from core.charges.law import Law
from core.ledger import verify as ledger_verify
from core.ledger.verify import Broken
from core.records.origins import missing_records
from core.services.rebuild import rebuilt
from core.services.stops import stopped_lines
from core.storage.engine import transaction

__all__ = ["Verdict", "verify"]

_TITLES = {
    1: "Байты прежде смысла",
    2: "У каждой проводки две стороны",
    3: "Один ключ — одно действие",
    4: "Архив и книга не изменяются",
    5: "Каждая сумма объяснима",
    6: "Остатки равны проводкам",
    7: "Месяц воспроизводим",
}
_APPEND_ONLY = (
    "message", "message_chunk", "message_drop", "seal", "entry", "posting", "calculation", "charge_line", "charge_difference",
    "recalculated_month", "month_state", "bill", "finding",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked and what is broken."""

    checked: tuple[tuple[int, str], ...]
    broken: tuple[Broken, ...]
    notices: tuple[str, ...]
    """What is lawful but worth saying: bytes dropped by law, a calculation of other rules."""
    entries: int
    amount: int
    fingerprint: str

    @property
    def holds(self) -> bool:
        """Whether every promise holds."""
        return not self.broken


def verify(engine: Engine, *, law: Law, code_version: str) -> Verdict:
    """Check everything in one read-only snapshot."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        found: list[Broken] = []
        notices: list[str] = []
        for problem in archive_verify.broken(connection):
            if problem.is_lawful:
                notices.append(problem.message)
            else:
                found.append(Broken(1, _subject(problem), problem.message))
        found.extend(ledger_verify.broken(connection, stopped=stopped_lines(connection)))
        found.extend(_unexplained(connection))
        for outcome in rebuilt(connection, law=law, code_version=code_version):
            if isinstance(outcome, Broken):
                found.append(outcome)
            else:
                notices.append(outcome)
        found.extend(_changeable(connection))
        entries, amount, digest = ledger_verify.fingerprint(connection)
    return Verdict(tuple(_TITLES.items()), tuple(found), tuple(notices), entries, amount, digest)


def _subject(breach: archive_verify.Breach) -> str:
    return f"сообщение {breach.message_id}" if breach.message_id is not None else f"день {breach.day}"


def _unexplained(connection: Connection) -> Iterator[Broken]:
    """A line must lead to records, and a record to a message."""
    for record_id in missing_records(connection, ledger_verify.line_sources(connection)):
        yield Broken(5, f"запись данных {record_id}", "На неё ссылается строка начислений, но такой записи нет.")


def _changeable(connection: Connection) -> Iterator[Broken]:
    """The working role must not be able to change what is promised to stand."""
    statement = text(
        "SELECT t.name, p.privilege FROM unnest(CAST(:tables AS text[])) t(name) "
        "CROSS JOIN (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) p(privilege) "
        "WHERE has_table_privilege('erkc_app', t.name, p.privilege)"
    )
    for row in connection.execute(statement, {"tables": list(_APPEND_ONLY)}):
        yield Broken(4, f"таблица {row.name}", f"Рабочая роль получила право {row.privilege}.")
