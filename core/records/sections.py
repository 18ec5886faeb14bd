"""Where the facts in force stand in the bytes that brought them: for whoever writes them out again as their sender wrote them.

A row of «Формат 4.0» says more than its record keeps; so what goes on to the region is the row itself, found by message, file and number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId
from core.model.records import BODIES, Account, AccountArea, Act, Body, Payment, Residence, SectionRow, StatedBill
from core.period import Month
from core.records.tables import table_name
from core.records.versions import in_force, scope

__all__ = [
    "PlacedRow",
    "StatedDocument",
    "account_areas",
    "account_counts",
    "elsewhere",
    "residents_on",
    "rows_of_documents",
    "rows_of_section",
    "stated_documents",
    "told_payments",
]

_ROWS_AT_ONCE = 5000
_BY_KIND: Mapping[str, type[Body]] = {body.kind_name: body for body in BODIES}


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row of a message; 1 = first after the header."""

    message_id: MessageId
    number: int
    key: str


@dataclass(frozen=True, slots=True)
class StatedDocument:
    """The sender's own document of a month for an account: its key and the settlement account that it names."""

    key: str
    bank_account: str


def rows_of_section(
    connection: Connection, *, provider_id: ProviderId, kind: str, file: str, channel: str, section: str
) -> Iterator[PlacedRow]:
    """Rows of a section's file that are in force, message by message in the order of their rows."""
    body = _BY_KIND[kind]
    rows = in_force(SectionRow, "r.section = :section") if body is SectionRow else in_force(body)
    names = scope(provider_id, until=date.max, known_until=None) | {"file": file, "channel": channel, "section": section}
    yield from _placed(connection, f"SELECT f.* FROM ({rows}) f WHERE f.file = :file", names)


def rows_of_documents(
    connection: Connection, *, provider_id: ProviderId, month: Month, kind: str, file: str, channel: str
) -> Iterator[PlacedRow]:
    """The same of the sender's documents of one month (``stated_bill``) or of their lines."""
    bills = in_force(StatedBill, "r.month = :month")
    rows = f"SELECT f.* FROM ({bills}) f WHERE f.file = :file"
    if kind != StatedBill.kind_name:
        # Lines of held documents are no lines of a document in force.
        rows = f"SELECT f.* FROM ({in_force(_BY_KIND[kind])}) f WHERE f.file = :file AND f.bill IN (SELECT b.record_key FROM ({bills}) b)"
    names = scope(provider_id, until=date.max, known_until=None) | {"file": file, "channel": channel, "month": month.first}
    yield from _placed(connection, rows, names)


def _placed(connection: Connection, rows: str, names: Mapping[str, object]) -> Iterator[PlacedRow]:
    statement = f"""SELECT p.message_id, p.file_row, p.record_key FROM ({rows}) p JOIN message m USING (message_id)
      WHERE m.channel = :channel AND p.file_row IS NOT NULL ORDER BY p.message_id, p.file_row"""
    for row in connection.execute(text(statement), names, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield PlacedRow(MessageId(row.message_id), row.file_row, row.record_key)


def elsewhere(connection: Connection, *, provider_id: ProviderId, channel: str) -> dict[str, int]:
    """By kind, how many facts in force other messages than those of a channel brought: acts, decisions, tables."""
    found: dict[str, int] = {}
    for body in BODIES:
        statement = f"""SELECT count(*) FROM ({in_force(body)}) f LEFT JOIN message m USING (message_id)
          WHERE m.channel IS DISTINCT FROM :channel"""
        names = scope(provider_id, until=date.max, known_until=None) | {"channel": channel}
        count = connection.execute(text(statement), names).scalar_one()
        if count:
            found[body.kind_name] = count
    return found


def stated_documents(
    connection: Connection, *, provider_id: ProviderId, month: Month, accounts: Collection[str]
) -> dict[str, StatedDocument]:
    """The sender's documents of a month by account; of several the last one."""
    rows = in_force(StatedBill, "r.month = :month AND r.account = ANY(:accounts)")
    names = scope(provider_id, until=date.max, known_until=None) | {"month": month.first, "accounts": list(accounts)}
    statement = text(f"SELECT f.account, f.record_key, f.bank_account FROM ({rows}) f ORDER BY f.record_id")
    return {row.account: StatedDocument(row.record_key, row.bank_account) for row in connection.execute(statement, names)}


def residents_on(connection: Connection, *, provider_id: ProviderId, day: date, accounts: Collection[str]) -> dict[str, int]:
    """How many people live on accounts on a day by their residences; accounts that no residence was ever told of are not there."""
    rows = in_force(Residence, "r.account = ANY(:accounts)")
    names = scope(provider_id, until=date.max, known_until=None) | {"day": day, "accounts": list(accounts)}
    statement = f"""SELECT f.account, count(*) FILTER (WHERE f.first <= :day AND (f.last IS NULL OR f.last >= :day)) AS persons
      FROM ({rows}) f GROUP BY f.account"""
    return {row.account: row.persons for row in connection.execute(text(statement), names)}


def account_counts(connection: Connection, *, provider_id: ProviderId, channel: str) -> dict[str, int]:
    """Accounts of each house that messages of a channel told of, closed ones too."""
    statement = f"""SELECT f.house, count(*) AS accounts FROM ({in_force(Account)}) f JOIN message m USING (message_id)
      WHERE m.channel = :channel GROUP BY f.house"""
    names = scope(provider_id, until=date.max, known_until=None) | {"channel": channel}
    return {row.house: row.accounts for row in connection.execute(text(statement), names)}


def account_areas(connection: Connection, *, provider_id: ProviderId, day: date) -> dict[str, int]:
    """Areas by acts and by decisions of the centre that hold on a day, hundredths of m², by the sender's key of the account.

    An area that the sender changed in a later month than the act's holds instead, as in the calculation.
    """
    statement = f"""WITH found AS (
        SELECT d.account, d.area_e2, d.first FROM ({in_force(AccountArea)}) d
        UNION ALL
        SELECT k.record_key, a.area_e2, a.first FROM ({in_force(Act)}) a JOIN ({in_force(Account)}) k ON k.number = a.account
        WHERE a.kind = 'area')
      SELECT DISTINCT ON (f.account) f.account, f.area_e2, f.first FROM found f
      WHERE f.first <= :day AND NOT EXISTS (
        SELECT FROM (
          SELECT a.valid_from, a.area_e2, lag(a.area_e2) OVER (ORDER BY a.valid_from, a.record_id) AS before
          FROM {table_name(Account)} a
          WHERE a.provider_id = :provider AND a.record_key = f.account AND a.state IN ('accepted', 'flagged')) s
        WHERE s.valid_from > f.first AND s.area_e2 <> s.before AND s.area_e2 <> f.area_e2)
      ORDER BY f.account, f.first DESC"""
    names = scope(provider_id, until=date.max, known_until=None) | {"day": day}
    return {row.account: row.area_e2 for row in connection.execute(text(statement), names)}


def told_payments(connection: Connection, *, provider_id: ProviderId, channel: str, uips: Sequence[str]) -> frozenset[str]:
    """Those of the УИП that rows in force of a channel's messages name, in whatever state."""
    rows = in_force(Payment, "r.uip = ANY(:uips)", any_state=True)
    names = scope(provider_id, until=date.max, known_until=None) | {"uips": list(uips), "channel": channel}
    statement = text(
        f"SELECT f.uip FROM ({rows}) f JOIN message m USING (message_id) WHERE m.channel = :channel AND f.file_row IS NOT NULL"
    )
    return frozenset(connection.execute(statement, names).scalars())
