"""One typed table for each record body: the columns follow from the dataclass, so the model is written once.

Beside the body each row carries whose it is, its key at the sender, the message and position it came from, since when it is true and when
we learned it. Rows are never changed: the version in force is the latest one of (provider, key).
"""

from __future__ import annotations

import dataclasses
import typing
from datetime import date, datetime
from types import NoneType

from core.model.records import BODIES, Body

__all__ = ["ENVELOPE", "ddl", "sql_type", "table_columns", "table_name"]

ENVELOPE: tuple[tuple[str, str], ...] = (
    ("record_id", "bigint NOT NULL DEFAULT nextval('record_id_seq')"),
    ("provider_id", "integer NOT NULL REFERENCES provider"),
    ("message_id", "bigint NOT NULL REFERENCES message"),
    ("file", "text NOT NULL"),
    ("file_row", "integer"),
    ("record_key", 'text COLLATE "C" NOT NULL'),
    ("valid_from", "date"),
    ("valid_to", "date"),
    ("recorded_at", "timestamptz NOT NULL"),
    ("state", "text NOT NULL"),
)

_TYPES: dict[object, str] = {
    str: 'text COLLATE "C"',
    int: "bigint",
    bool: "boolean",
    date: "date",
    datetime: "timestamp",
    tuple[int, ...]: "integer[]",
    tuple[str, ...]: "text[]",
}


def table_name(body: type[Body]) -> str:
    """The table of a body class."""
    return f"record_{body.kind_name}"


def sql_type(annotation: object) -> tuple[str, bool]:
    """The column type of a field, and whether it may be null."""
    options = [option for option in typing.get_args(annotation) if option is not NoneType]
    if NoneType in typing.get_args(annotation):
        return _TYPES[options[0]], True
    return _TYPES[annotation], False


def table_columns(body: type[Body]) -> list[tuple[str, str, bool]]:
    """Name, type and nullability of the body's own columns."""
    hints = typing.get_type_hints(body)
    columns = []
    for item in dataclasses.fields(body):
        kind, nullable = sql_type(hints[item.name])
        columns.append((item.name, kind, nullable))
    return columns


def ddl() -> str:
    """CREATE statements of all record tables, for a migration to freeze."""
    statements = []
    for body in BODIES:
        table = table_name(body)
        columns = [f"  {name} {kind}" for name, kind in ENVELOPE]
        columns += [f"  {name} {kind}{'' if nullable else ' NOT NULL'}" for name, kind, nullable in table_columns(body)]
        columns.append(f"  CONSTRAINT {table}_pk PRIMARY KEY (record_id)")
        statements.append(f"CREATE TABLE {table} (\n" + ",\n".join(columns) + "\n);")
        statements.append(f"CREATE INDEX {table}_key ON {table} (provider_id, record_key, record_id);")
    return "\n".join(statements) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(ddl())
