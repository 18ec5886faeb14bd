"""Storing records: a stream of any length goes through one staging table for each kind, and only what is new stays.

The stream is spooled to temporary tables in batches, so memory does not grow with the message. Then, kind by kind, one statement compares
each row with the version that it would replace and inserts it when the content differs. Taking the same records again adds nothing; a value
that goes from A to B and back to A makes three versions. Identities (``entity``) are given to the things that others speak of.

One writer for a provider at a time: an advisory lock, held to the end of the transaction, keeps the order of versions unambiguous.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from psycopg import sql
from sqlalchemy import Connection, text

from core.ids import CENTRE, MessageId, ProviderId, RecordId
from core.model.records import (
    BODIES,
    ApprovedTariff,
    Balance,
    Body,
    DeliveryChoice,
    DeliveryOutcome,
    OpeningDebt,
    OpeningPenalty,
    Organisation,
    Payment,
    PaymentPack,
    PaymentRegistry,
    Record,
    RegistryPayment,
    SectionRow,
    StatedBill,
    StatedContribution,
    StatedLine,
    StatementLine,
)
from core.records.tables import table_columns, table_name
from core.records.versions import ORGANISATION_KEY, STATES
from core.storage.engine import driver
from core.storage.sql import queries

__all__ = ["ENTITY_KINDS", "Saved", "has_records_since", "last_record", "last_record_of_all", "save"]

ENTITY_KINDS = frozenset(("account", "service", "house", "premises", "room", "meter", "bank_account"))
"""Things with an identity of their own under the sender's key; organisations have theirs as ``core.records.versions.PARTIES`` says."""

_MONEY = frozenset((
    StatedBill, StatedLine, StatedContribution, OpeningDebt, OpeningPenalty, Balance, PaymentPack, Payment, PaymentRegistry,
    RegistryPayment, StatementLine, SectionRow,
))  # fmt: skip
_DELIVERY = frozenset((DeliveryChoice, DeliveryOutcome))
"""How bills travel: no calculation asks for it."""
_BATCH = 5000
_ENVELOPE = (
    ("file", "text"),
    ("file_row", "integer"),
    ("record_key", 'text COLLATE "C"'),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("state", "text"),
    ("waits_for", "text[]"),
    ("state_then", "text"),
)


@dataclass(frozen=True, slots=True)
class Saved:
    """How many records of each kind were new, and how many said nothing new."""

    new: Mapping[str, int]
    unchanged: Mapping[str, int]


def save(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId, records: Iterable[Record], recorded_at: datetime
) -> Saved:
    """Store the records of one message; see the module for what counts as new. The order of the stream is the order of versions."""
    connection.execute(queries("core.records").lock_provider, {"provider": provider_id})
    arrived = _spool(connection, records)
    new: dict[str, int] = {}
    unchanged: dict[str, int] = {}
    parameters = {"provider": provider_id, "message": message_id, "recorded_at": recorded_at}
    for body in BODIES:
        kind = body.kind_name
        if kind not in arrived:
            continue
        _give_identities(connection, body, provider_id)
        stored = connection.execute(text(_insert(body)), parameters).rowcount
        connection.execute(text(f"DROP TABLE pg_temp.{_staging(body)}"))
        new[kind], unchanged[kind] = stored, arrived[kind] - stored
    _refresh_statistics(connection, new)
    return Saved(new, unchanged)


def last_record(connection: Connection, provider_id: ProviderId) -> RecordId:
    """The last record that a calculation of this provider may see; waits until nobody is writing records of it or of the configuration."""
    for owner in sorted({CENTRE, provider_id}):
        connection.execute(queries("core.records").lock_provider_shared, {"provider": owner})
    return RecordId(connection.execute(queries("core.records").last_record).scalar_one())


def last_record_of_all(connection: Connection) -> RecordId:
    """The last record when nobody was writing any: no record up to it comes into sight later. For a short transaction of its own."""
    connection.execute(queries("core.records").lock_providers_shared)
    return RecordId(connection.execute(queries("core.records").last_record).scalar_one())


def has_records_since(connection: Connection, provider_id: ProviderId, record_id: RecordId, *, money: bool = True) -> bool:
    """Whether the sender told anything new after a record: a version that no calculation up to ``record_id`` could see.

    ``money``: documents, balances and payments too, from which no charge is computed.
    """
    newer = " OR ".join(
        f"EXISTS (SELECT FROM {table_name(body)} WHERE provider_id = :provider AND record_id > :record)"  # our own names
        for body in BODIES
        if body not in _DELIVERY and (money or body not in _MONEY)
    )
    return bool(connection.execute(text(f"SELECT {newer}"), {"provider": provider_id, "record": record_id}).scalar_one())


def _refresh_statistics(connection: Connection, new: Mapping[str, int]) -> None:
    """Let the planner know of tables that grew much: the next step reads them in this very transaction or right after it."""
    added = {table_name(body): new.get(body.kind_name, 0) for body in BODIES} | {"entity": sum(new.get(kind, 0) for kind in ENTITY_KINDS)}
    parameters = {"names": list(added), "counts": list(added.values())}
    grown = list(connection.execute(queries("core.records").grown_tables, parameters).scalars())
    connection.execute(queries("core.records").analyze_tables, {"names": grown})


def _staging(body: type[Body]) -> str:
    return f"arrived_{body.kind_name}"


def _spool(connection: Connection, records: Iterable[Record]) -> dict[str, int]:
    """Copy the stream into the staging tables, and return the number of rows by kind."""
    waiting: dict[type[Body], list[list[object]]] = {}
    counts: dict[type[Body], int] = {}
    fields = {body: attrgetter(*(item.name for item in dataclasses.fields(body))) for body in BODIES}
    lists = {body for body in BODIES if any(kind.endswith("[]") for _, kind, _ in table_columns(body))}
    for number, record in enumerate(records):
        body = type(record.body)
        rows = waiting.setdefault(body, [])
        place = record.position
        waits = (list(record.waits_for), record.state_then) if record.waits_for else (None, None)
        row: list[object] = [number, place.file, place.row, record.key, record.valid_from, record.valid_to, record.state, *waits]
        values = fields[body](record.body)
        row.extend(values if body not in lists else (list(value) if isinstance(value, tuple) else value for value in values))
        rows.append(row)
        if len(rows) == _BATCH:
            counts[body] = counts.get(body, 0) + _append(connection, body, rows, fresh=body not in counts)
            rows.clear()
    for body, rows in waiting.items():
        if rows:
            counts[body] = counts.get(body, 0) + _append(connection, body, rows, fresh=body not in counts)
    with driver(connection).cursor() as cursor:
        for body in counts:
            cursor.execute(sql.SQL("ANALYZE {} (n, record_key)").format(sql.Identifier(_staging(body))))
    return {body.kind_name: count for body, count in counts.items()}


def _append(connection: Connection, body: type[Body], rows: list[list[object]], *, fresh: bool) -> int:
    columns = [("n", "bigint"), *_ENVELOPE, *((name, kind) for name, kind, _ in table_columns(body))]
    table = sql.Identifier(_staging(body))
    with driver(connection).cursor() as cursor:
        if fresh:
            definition = ", ".join(f"{name} {kind}" for name, kind in columns)
            cursor.execute(f"CREATE TEMPORARY TABLE {_staging(body)} ({definition}) ON COMMIT DROP".encode())
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
            for row in rows:
                copy.write_row(row)
    return len(rows)


def _insert(body: type[Body]) -> str:
    """One statement: compare each staged row with the one before it of the same key (staged, else stored), insert it when it differs."""
    table, staging = table_name(body), _staging(body)
    own = [name for name, _, _ in table_columns(body)]
    content = ["state", "valid_to", "waits_for", "state_then", *own]
    said = {alias: "(" + ", ".join(f"{alias}.{name}" for name in content) + ")" for alias in "pos"}
    earlier = "coalesce({0}.valid_from, '-infinity') {1} coalesce(s.valid_from, '-infinity')"
    if body in STATES:
        visible, order, moved = f"AND {earlier.format('r', '<=')}", "coalesce(r.valid_from, '-infinity') DESC, r.record_id DESC", "FALSE"
    else:
        visible, order, moved = "", "r.record_id DESC", earlier.format("o", ">")
    listed = ", ".join([*(name for name, _ in _ENVELOPE), *own])
    return f"""
    WITH staged AS (SELECT *, lag(n) OVER (PARTITION BY record_key ORDER BY n) AS earlier FROM {staging})
    INSERT INTO {table} (provider_id, message_id, recorded_at, {listed})
    SELECT :provider, :message, :recorded_at, {", ".join(f"s.{name}" for name in listed.split(", "))}
    FROM staged s
    LEFT JOIN {staging} p ON p.n = s.earlier
    LEFT JOIN LATERAL (
      SELECT r.record_id AS old_id, r.valid_from, {", ".join(f"r.{name}" for name in content)} FROM {table} r
      WHERE s.earlier IS NULL AND r.provider_id = :provider AND r.record_key = s.record_key {visible}
      ORDER BY {order} LIMIT 1) o ON TRUE
    WHERE CASE
      WHEN s.earlier IS NOT NULL THEN {said["p"]} IS DISTINCT FROM {said["s"]}
      WHEN o.old_id IS NULL THEN TRUE
      ELSE {moved} OR {said["o"]} IS DISTINCT FROM {said["s"]}
    END
    ORDER BY s.n"""


def _give_identities(connection: Connection, body: type[Body], provider_id: ProviderId) -> None:
    """Create the entities that the staged rows are about, in the order of the message."""
    rows = f"{_staging(body)} s"
    if body is Organisation:
        # What an earlier record of the same key decided stays; of the staged ones the first decides.
        rows = f"""(SELECT DISTINCT ON (a.record_key) a.* FROM {_staging(body)} a
          WHERE NOT EXISTS (SELECT FROM {table_name(body)} r WHERE r.provider_id = CAST(:sender AS integer) AND r.record_key = a.record_key)
          ORDER BY a.record_key, a.n) s"""
        key, kind, owner = ORGANISATION_KEY.format("s").replace("s.provider_id", "CAST(:sender AS text)"), "organisation", CENTRE
    elif body is ApprovedTariff:
        key, kind, owner = "s.supplier_inn", "organisation", CENTRE
    elif body.kind_name in ENTITY_KINDS:
        key, kind, owner = "s.record_key", body.kind_name, provider_id
    else:
        return
    statement = f"""
    INSERT INTO entity (provider_id, kind, entity_key)
    SELECT :owner, :kind, key FROM (SELECT {key} AS key, min(n) AS n FROM {rows} GROUP BY 1) staged
    WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM entity e WHERE e.provider_id = :owner AND e.kind = :kind AND e.entity_key = key)
    ORDER BY n ON CONFLICT DO NOTHING"""
    parameters: dict[str, object] = {"owner": owner, "kind": kind}
    if ":sender" in statement:
        parameters["sender"] = str(int(provider_id))
    connection.execute(text(statement), parameters)
