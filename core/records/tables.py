"""One typed table for each record body: the columns follow from the dataclass, so the model is written once.

Beside the body each row carries whose it is, its key at the sender, the message and position it came from, since when it is true and when
we learned it. Rows are never changed: a fact that changes gets another version under the same (provider, key), and
:mod:`core.records.versions` says which version is in force.
"""

from __future__ import annotations

import dataclasses
import typing
from datetime import date, datetime
from types import NoneType

from core.model.records import (
    BODIES,
    Absence,
    Account,
    AccountArea,
    AccountPlace,
    Act,
    Balance,
    Body,
    CapitalRepairDecision,
    GarHouse,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Interruption,
    Meter,
    MeterAccount,
    OpeningDebt,
    OpeningPenalty,
    Payment,
    PaymentPack,
    Reading,
    RecalculationBlock,
    RegistryPayment,
    Relief,
    Residence,
    StatedBill,
    StatedContribution,
    StatedLine,
    StatementLine,
    SubsidyGrant,
    SupplyAddress,
    SupplyService,
    UnifiedAccount,
)

__all__ = ["ENVELOPE", "INDEXES", "ddl", "sql_type", "table_columns", "table_name"]

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
    # References (kind/key) that the row waits for, and its state when they are there; the message whose arrival released this version.
    ("waits_for", "text[]"),
    ("state_then", "text"),
    ("released_by", "bigint REFERENCES message"),
)

INDEXES: tuple[tuple[type[Body], str], ...] = (
    # The same house of another sender is found by what both name.
    (House, "fias"),
    (House, "cadastral"),
    (HouseParameter, "provider_id, house"),
    (HouseService, "provider_id, house"),
    (HousePrice, "provider_id, house"),
    (CapitalRepairDecision, "provider_id, house"),
    (Account, "provider_id, house"),
    (Account, "number"),
    (Account, "provider_id, payer_organisation"),
    (AccountPlace, "provider_id, account"),
    (AccountArea, "provider_id, account"),
    (RecalculationBlock, "provider_id, account"),
    (Residence, "provider_id, account"),
    (Absence, "provider_id, account"),
    (Meter, "provider_id, house"),
    (MeterAccount, "provider_id, meter"),
    (Reading, "provider_id, meter"),
    (Interruption, "provider_id, house"),
    (StatedBill, "provider_id, month"),
    (StatedBill, "message_id"),
    (StatedLine, "provider_id, bill"),
    (StatedLine, "message_id"),
    (StatedContribution, "provider_id, bill"),
    (StatedContribution, "message_id"),
    (OpeningDebt, "provider_id, bill"),
    (OpeningDebt, "message_id"),
    (OpeningPenalty, "provider_id, bill"),
    (OpeningPenalty, "message_id"),
    (Balance, "provider_id, month, account"),
    (Balance, "message_id"),
    (Payment, "provider_id, pack"),
    (Payment, "message_id"),
    (PaymentPack, "message_id"),
    (RegistryPayment, "message_id"),
    (StatementLine, "message_id"),
    (SupplyAddress, "provider_id, house"),
    (SupplyService, "provider_id, address"),
    (UnifiedAccount, "provider_id, account"),
    (Relief, "provider_id, account"),
    (SubsidyGrant, "provider_id, account"),
    (Act, "provider_id, house"),
    (Act, "provider_id, account"),
    (Act, "message_id"),
    (GarHouse, "match_key"),
)
"""Beside the index of (provider, key) that every table has: what the readings of a house, a month and a message go by."""

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
        statements.append(f"CREATE INDEX {table}_waiting ON {table} (provider_id) WHERE waits_for IS NOT NULL;")
        statements.append(f"CREATE INDEX {table}_released ON {table} (released_by) WHERE released_by IS NOT NULL;")
        for columns_text in (text for indexed, text in INDEXES if indexed is body):
            suffix = columns_text.removeprefix("provider_id, ").replace(", ", "_")
            statements.append(f"CREATE INDEX {table}_by_{suffix} ON {table} ({columns_text});")
    return "\n".join(statements) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(ddl())
