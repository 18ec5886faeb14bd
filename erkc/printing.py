"""Folders of print agents: ``<out>/<month>/<route>/<ИНН>-<batch>/`` with one PDF, the list as CSV and XLSX, and checksums.

A folder is filled beside its place and renamed when it is whole, so an agent never takes half a batch; one that is there is left as it is.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.errors import ConflictError
from core.model.bill import BillContent
from core.model.register import Column, Register, RegisterPart
from core.services.delivery import PrintBatch
from erkc.render.bills import render_batch
from erkc.render.look import AS_USUAL, Look
from erkc.render.xlsx import write_xlsx

__all__ = ["AgentFolders"]

_CHECKSUMS = "SHA256SUMS"
_LIST = "список.csv"
_COLUMNS = (
    Column("place", "№", "count", width=6, summed=False),
    Column("address", "Адрес", "text", width=44),
    Column("flat", "Помещение", "text", width=16),
    Column("account", "Лицевой счёт", "text", width=18),
    Column("number", "Документ", "text", width=18),
)


@dataclass(frozen=True, slots=True)
class AgentFolders:
    """Where the batches of one provider go."""

    out: Path
    inn: str
    name: str
    look: Look = AS_USUAL

    def write(self, batch: PrintBatch) -> str:
        """Write a batch, or find it written; the folder, relative to ``out``. ``ConflictError`` DLV-0401 when another batch is there."""
        place = Path(str(batch.month), _folder(batch.route), f"{self.inn}-{batch.number:03d}")
        folder = self.out / place
        if folder.exists():
            self._check(folder, batch)
            return str(place)
        unfinished = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        render_batch(batch.bills, unfinished, single_files=False, name="счета", look=self.look)
        (unfinished / _LIST).write_bytes(batch.listed)
        self._sheet(batch, unfinished / "список.xlsx")
        sums = [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in sorted(unfinished.iterdir())]
        (unfinished / _CHECKSUMS).write_text("\n".join(sums) + "\n", encoding="utf-8")
        unfinished.rename(folder)
        return str(place)

    def _check(self, folder: Path, batch: PrintBatch) -> None:
        """A folder that is there must be this batch: its list has the same bytes."""
        listed = folder / _LIST
        if not listed.is_file() or listed.read_bytes() != batch.listed:
            raise ConflictError(
                "DLV-0401",
                f"В папке {folder} лежит другая пачка.",
                hint="Уберите папку или укажите другую ключом --out.",
                folder=str(folder),
            )

    def _sheet(self, batch: PrintBatch, path: Path) -> None:
        rows = ((place, bill.address, _flat(bill), bill.account_number, bill.number) for place, bill in enumerate(batch.bills, 1))
        title = f"Маршрут «{batch.route}», пачка {batch.number}, документов {len(batch.bills)}: счета"
        part = RegisterPart(self.inn, self.name, _COLUMNS, rows)
        write_xlsx(Register("route", title, batch.month, (), _COLUMNS, [part]), path)


def _flat(bill: BillContent) -> str:
    kind = "кв." if bill.residential else "пом."
    parts = (f"{kind} {bill.premises_number}" if bill.premises_number else "", f"ком. {bill.room_number}" if bill.room_number else "")
    return ", ".join(part for part in parts if part)


def _folder(route: str) -> str:
    """A route as the name of a folder."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]|^\.+', "_", route).strip() or "_"
