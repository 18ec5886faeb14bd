"""An archive of «Формат 4.0» of any size: the sample town copied house by house, with keys, numbers and addresses of their own.

Every section is there as a billing system writes it, about 44 rows an account: documents of the month with their lines and debts, balances,
payments, two readings a meter. Documents of the month before and older readings are left out. Parties, services and tariffs stand once.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from adapters.format4.container import Container, Limits, open_container
from adapters.format4.layout import Layout, Section, layout_for
from adapters.format4.rows import read_rows
from adapters.format4.writer import ArchiveWriter

__all__ = ["ACCOUNTS_OF_A_COPY", "TOWN", "write_large_archive"]

TOWN = Path(__file__).parents[2] / "examples" / "town" / "zarechinsk-2026-10-valid.zip"
ACCOUNTS_OF_A_COPY = 410
_STEP = 1_000_000
"""Keys of one copy lie below it."""
_LEFT_OUT = frozenset(("kvisol", "kvisolservice"))
"""They match the documents of the month before."""
_MONTH, _READINGS_SINCE = "10.2026", ("09.2026", "10.2026")
_OWN = frozenset((("kvar", "number"), ("oplata", "order_id")))
"""Numbers that are unique to the sender."""


def write_large_archive(out: BinaryIO, accounts: int) -> int:
    """Write an archive of at least so many accounts; the number of its data rows."""
    town = open_container(TOWN.read_bytes(), Limits())
    layout, _ = layout_for("4.0.6.2")
    rows = {code: list(_rows(town, layout, code)) for code in layout.sections if f"{code}.csv" in town.entries and code not in _LEFT_OUT}
    copied = _of_houses(layout)
    with ArchiveWriter(layout) as writer:
        for number in range(-(-accounts // ACCOUNTS_OF_A_COPY)):
            for code, found in rows.items():
                if code in copied or not number:
                    writer.add(code, [_copy(layout.sections[code], cells, number, copied) for cells in found])
        for name in town.attachments:
            writer.add_file(name, io.BytesIO(town.attachment(name)))
        writer.finish(next(cells for _, cells in read_rows(town, "_info.csv")), out)
        return sum(writer.rows.values())


def _of_houses(layout: Layout) -> frozenset[str]:
    """Sections that speak of houses, people or what hangs on them; norms are the region's."""
    found: set[str] = set()
    for code, section in layout.sections.items():
        if code in ("house", "ind", "oplatapack") or any(field.of in found for field in section.fields if code != "norm"):
            found.add(code)
    return frozenset(found)


def _rows(town: Container, layout: Layout, code: str) -> Iterator[list[str]]:
    at = {field.code: field.n - 1 for field in layout.sections[code].fields}
    documents = {cells[0] for _, cells in read_rows(town, "epd.csv") if cells[2].endswith(_MONTH)}
    for _, cells in read_rows(town, f"{code}.csv"):
        if code == "epd" and cells[0] not in documents:
            continue
        if code == "oplata" and cells[at["document"]] not in documents:
            cells[at["document"]] = ""
        elif code != "oplata" and "document" in at and code.startswith("epd") and cells[at["document"]] not in documents:
            continue
        if code == "puval" and not cells[at["taken_on"]].endswith(_READINGS_SINCE):
            continue
        yield cells


def _copy(section: Section, cells: list[str], number: int, copied: frozenset[str]) -> list[str]:
    """A row of a copy."""
    if not number:
        return cells
    made = list(cells)
    for field, cell in zip(section.fields, cells, strict=True):
        if not cell:
            continue
        if (field.type == "id" and section.code in copied) or field.of in copied:
            made[field.n - 1] = str(int(cell) + number * _STEP)
        elif (section.code, field.code) in _OWN:
            made[field.n - 1] = f"{number}-{cell}"
        elif field.code == "fias_house":
            made[field.n - 1] = str(uuid.uuid5(uuid.UUID(cell), str(number)))
    return made
