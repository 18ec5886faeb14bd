"""Files rendered from issued bills: which bytes a payer was given, by which template. The bytes themselves lie in the documents folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.errors import ConflictError
from core.ids import BillId
from core.storage.bulk import stage
from core.storage.sql import queries

__all__ = ["BillFile", "files_of_bill", "save_files"]

_SQL = queries("core.issued")
_STAGED = (
    ("bill_id", "bigint"),
    ("media", "text"),
    ("template", "text"),
    ("sha256", "bytea"),
    ("size_bytes", "bigint"),
    ("path", "text"),
)


@dataclass(frozen=True, slots=True)
class BillFile:
    """One rendered file of one bill."""

    bill_id: BillId
    media: str
    """``application/pdf`` …"""
    template: str
    """Version of the template, fonts and engine."""
    sha256: bytes
    size_bytes: int
    path: str
    """Relative to the documents folder."""


def save_files(connection: Connection, files: Iterable[BillFile], *, rendered_at: datetime) -> int:
    """Store files and return how many are new. The same bill and template with other bytes is :class:`ConflictError` EPD-0405."""
    rows = ((file.bill_id, file.media, file.template, file.sha256, file.size_bytes, file.path) for file in files)
    stage(connection, "staged_bill_file", _STAGED, rows)
    clash = connection.execute(_SQL.conflicting_file).one_or_none()
    if clash is not None:
        raise ConflictError(
            "EPD-0405",
            f"Повторная печать документа {clash.bill_id} дала другие байты.",
            hint="Сравните файлы: прежний остаётся действительным.",
            bill=clash.bill_id,
            path=clash.path,
        )
    return connection.execute(_SQL.insert_files, {"rendered_at": rendered_at}).rowcount


def files_of_bill(connection: Connection, bill_id: BillId) -> list[BillFile]:
    """What was rendered from a bill, oldest first."""
    rows = connection.execute(_SQL.files_of_bill, {"bill_id": bill_id})
    return [BillFile(BillId(row.bill_id), row.media, row.template, bytes(row.sha256), row.size_bytes, row.path) for row in rows]
