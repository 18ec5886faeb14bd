"""Where the facts in force stand in the bytes that brought them: for whoever writes them out again as their sender wrote them.

A row of «Формат 4.0» says more than its record keeps; so what goes on to the region is the row itself, found by message, file and number.
Two channels carry such rows: archives (``kvar.csv``) and messages of our service (``importAccounts/kvar``). What came by another channel is
a body alone, with the row of the same thing that an earlier message brought, if one did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import islice

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId, RecordId
from core.model.records import (
    BODIES,
    Account,
    AccountArea,
    Act,
    Body,
    Meter,
    Payment,
    Residence,
    SectionRow,
    StatedBill,
    StatedContribution,
    StatedLine,
)
from core.period import Month
from core.records.bodies import StoredRecord, find_records
from core.records.crosswalk import external_ids
from core.records.entities import entity_ids
from core.records.table_keys import SENDER, TABLE_PREFIX
from core.records.tables import table_name
from core.records.versions import in_force, scope

__all__ = [
    "PlacedRow",
    "StatedDocument",
    "StatedPart",
    "account_areas",
    "account_counts",
    "elsewhere",
    "own_keys",
    "parts_of_documents",
    "persons_of_tables",
    "residents_on",
    "rows_of_documents",
    "rows_of_section",
    "stated_documents",
    "told_elsewhere",
    "told_payments",
]

_ROWS_AT_ONCE = 5000
_BY_KIND: Mapping[str, type[Body]] = {body.kind_name: body for body in BODIES}
_PARENTS = ("bill", "residence")
"""Attributes that name a thing whose own key at the sender is remembered nowhere but in the record itself."""
_IN_ROWS = """((m.channel = :archives AND {0}.file = :section || '.csv')
  OR (m.channel = :service AND split_part({0}.file, '/', 2) = :section)) AND {0}.file_row IS NOT NULL"""
_ARCHIVES, _SERVICE = "uk.format4", "uk.soap"
_CHANNELS = {"archives": _ARCHIVES, "service": _SERVICE}


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row of a message; 1 = first after the header, or the first element of its name."""

    message_id: MessageId
    is_pushed: bool
    """Whether the message is one of our service, not an archive."""
    number: int
    key: str
    parent: str = ""
    """The document or residence that it belongs to, where a table was the first to tell of that."""


@dataclass(frozen=True, slots=True)
class StatedPart:
    """A line of a sender's document, by keys: ``service`` is empty of the contribution."""

    account: str
    service: str
    document: str
    key: str
    total: int


@dataclass(frozen=True, slots=True)
class StatedDocument:
    """The sender's own document of a month for an account: its key and the settlement account that it names."""

    key: str
    bank_account: str


def rows_of_section(connection: Connection, *, provider_id: ProviderId, kind: str, section: str) -> Iterator[PlacedRow]:
    """Rows of a section that are in force, message by message in the order of their rows."""
    body = _BY_KIND[kind]
    rows = in_force(SectionRow, "r.section = :section") if body is SectionRow else in_force(body)
    names = scope(provider_id, until=date.max, known_until=None) | {"section": section}
    yield from _placed(connection, body, rows, names)


def rows_of_documents(connection: Connection, *, provider_id: ProviderId, month: Month, kind: str, section: str) -> Iterator[PlacedRow]:
    """The same of the sender's documents of one month (``stated_bill``) or of their lines."""
    body = _BY_KIND[kind]
    names = scope(provider_id, until=date.max, known_until=None) | {"section": section, "month": month.first}
    yield from _placed(connection, body, _of_documents(body), names)


def _of_documents(body: type[Body]) -> str:
    bills = in_force(StatedBill, "r.month = :month")
    # Lines of held documents are no lines of a document in force.
    return bills if body is StatedBill else f"SELECT f.* FROM ({in_force(body)}) f WHERE f.bill IN (SELECT b.record_key FROM ({bills}) b)"


def _placed(connection: Connection, body: type[Body], rows: str, names: Mapping[str, object]) -> Iterator[PlacedRow]:
    parent = next((f"p.{one.name}" for one in fields(body) if one.name in _PARENTS), "''")
    statement = f"""SELECT p.message_id, m.channel = :service AS is_pushed, p.file_row, p.record_key,
        CASE WHEN starts_with({parent}, :begin) THEN {parent} ELSE '' END AS parent
      FROM ({rows}) p JOIN message m USING (message_id)
      WHERE {_IN_ROWS.format("p")} ORDER BY p.message_id, p.file_row"""
    found = connection.execute(
        text(statement), {**names, **_CHANNELS, "begin": TABLE_PREFIX}, execution_options={"yield_per": _ROWS_AT_ONCE}
    )
    for row in found:
        yield PlacedRow(MessageId(row.message_id), row.is_pushed, row.file_row, row.record_key, row.parent or "")


def told_elsewhere(
    connection: Connection, body: type[Body], *, provider_id: ProviderId, section: str
) -> Iterator[tuple[StoredRecord[Body], PlacedRow | None]]:
    """Facts of a kind in force that came by neither channel, in the order they were learned, each with the last row that told of the same
    thing before."""
    statement = f"""SELECT f.record_id, b.message_id, b.is_pushed, b.file_row, f.record_key
      FROM ({in_force(body)}) f JOIN message o ON o.message_id = f.message_id
      LEFT JOIN LATERAL (
        SELECT r.message_id, m.channel = :service AS is_pushed, r.file_row
        FROM {table_name(body)} r JOIN message m ON m.message_id = r.message_id
        WHERE r.provider_id = :provider AND r.record_key = f.record_key AND {_IN_ROWS.format("r")}
        ORDER BY r.record_id DESC LIMIT 1) b ON TRUE
      WHERE o.channel NOT IN (:archives, :service) ORDER BY f.record_id"""
    names = scope(provider_id, until=date.max, known_until=None) | _CHANNELS | {"section": section}
    rows = iter(connection.execute(text(statement), names, execution_options={"yield_per": _ROWS_AT_ONCE}))
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        bodies = {one.record_id: one for one in find_records(connection, [RecordId(row.record_id) for row in batch])}
        for row in batch:
            base = None if row.message_id is None else PlacedRow(MessageId(row.message_id), row.is_pushed, row.file_row, row.record_key)
            yield bodies[RecordId(row.record_id)], base


def own_keys(connection: Connection, provider_id: ProviderId) -> dict[str, dict[str, str]]:
    """Accounts and meters that tables told of first: their key here by the sender's own, by kind."""
    found: dict[str, dict[str, str]] = {}
    for body in (Account, Meter):
        kind = body.kind_name
        said = external_ids(connection, provider_id=provider_id, system=SENDER, kind=f"{kind}_key")
        if said:
            keys = {number: key for key, number in entity_ids(connection, provider_id, kind).items()}
            found[kind] = {own: keys[number] for number, own in said.items()}
    return found


def persons_of_tables(connection: Connection, provider_id: ProviderId) -> frozenset[str]:
    """Persons that tables told of and that accounts or residences in force name."""
    statement = f"""SELECT a.payer_person FROM ({in_force(Account)}) a WHERE starts_with(a.payer_person, :begin)
      UNION SELECT l.person FROM ({in_force(Residence)}) l WHERE starts_with(l.person, :begin)"""
    names = scope(provider_id, until=date.max, known_until=None) | {"begin": TABLE_PREFIX}
    return frozenset(connection.execute(text(statement), names).scalars())


def parts_of_documents(connection: Connection, *, provider_id: ProviderId, month: Month) -> Iterator[StatedPart]:
    """Lines and contributions of the sender's documents of a month that are in force."""
    names = scope(provider_id, until=date.max, known_until=None) | {"month": month.first}
    for body, service in ((StatedLine, "l.service"), (StatedContribution, "''")):
        statement = f"""SELECT b.account, {service} AS service, l.bill, l.record_key, l.total
          FROM ({_of_documents(body)}) l JOIN ({_of_documents(StatedBill)}) b ON b.record_key = l.bill ORDER BY l.record_id"""
        for row in connection.execute(text(statement), names, execution_options={"yield_per": _ROWS_AT_ONCE}):
            yield StatedPart(row.account, row.service, row.bill, row.record_key, row.total)


def elsewhere(connection: Connection, *, provider_id: ProviderId) -> dict[str, int]:
    """By kind, how many facts in force came neither by archives nor by our service: acts, decisions, tables."""
    found: dict[str, int] = {}
    for body in BODIES:
        statement = f"""SELECT count(*) FROM ({in_force(body)}) f LEFT JOIN message m USING (message_id)
          WHERE m.channel IS NULL OR m.channel NOT IN (:archives, :service)"""
        names = scope(provider_id, until=date.max, known_until=None) | _CHANNELS
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


def account_counts(connection: Connection, *, provider_id: ProviderId) -> dict[str, int]:
    """Accounts of each house, closed ones too."""
    statement = f"SELECT f.house, count(*) AS accounts FROM ({in_force(Account)}) f GROUP BY f.house"
    names = scope(provider_id, until=date.max, known_until=None)
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


def told_payments(connection: Connection, *, provider_id: ProviderId, uips: Sequence[str]) -> frozenset[str]:
    """Those of the УИП that rows in force of archives name, in whatever state."""
    rows = in_force(Payment, "r.uip = ANY(:uips)", any_state=True)
    names = scope(provider_id, until=date.max, known_until=None) | {"uips": list(uips)} | _CHANNELS
    statement = text(
        f"SELECT f.uip FROM ({rows}) f JOIN message m USING (message_id)"
        " WHERE m.channel IN (:archives, :service) AND f.file_row IS NOT NULL"
    )
    return frozenset(connection.execute(statement, names).scalars())
