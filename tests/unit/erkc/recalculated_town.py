"""Two houses of the town through August–October 2026 and what was learned in November: archives made out of the town's one."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from tests.unit.erkc.archives import sections
from tests.unit.erkc.conftest import ARCHIVE, TOWN

__all__ = ["Cells", "archive", "house_rows", "reading_rows"]

Cells = list[str]

HOUSES = ("1001", "1003")
"""Common property by the house meter, and by the norm."""

_REFERS: dict[str, tuple[int, str]] = {
    "housedoc": (1, "house"), "entrance": (1, "house"), "lift": (1, "entrance"), "premises": (1, "house"), "room": (1, "house"),
    "duou": (2, "house"), "duouusluga": (0, "duou"), "ducharge": (8, "duou"), "kapremdecisions": (1, "house"), "kvar": (2, "house"),
    "kvaraccom": (0, "kvar"), "kvaropenreason": (0, "kvar"), "gil": (1, "kvar"), "pu": (1, "house"), "pukvar": (0, "pu"),
    "puval": (1, "pu"),
}  # fmt: skip
"""Where a section names what its rows belong to; those that belong to no house are taken whole."""
_WHOLE = (
    "contragent", "contragentrole", "bank", "contragentrschet", "uo", "rso", "regop", "regopschet", "dictmeasure", "dictusluga", "files",
    "tarif", "tarifoktmo", "tarifres", "tarifrso", "tarifusluga", "norm", "du", "ind",
)  # fmt: skip


@cache
def _town() -> dict[str, list[Cells]]:
    return sections(TOWN / ARCHIVE)


@cache
def house_rows() -> dict[str, list[Cells]]:
    """All rows of the two houses, section by section, without headers."""
    found: dict[str, list[Cells]] = {}
    for section, (_, *rows) in _town().items():
        if section == "house":
            found[section] = [cells for cells in rows if cells[0] in HOUSES]
        elif section in _REFERS:
            place, parent = _REFERS[section]
            keys = {cells[0] for cells in found[parent]} if parent != "house" else set(HOUSES)
            found[section] = [cells for cells in rows if cells[place] in keys]
        elif section in _WHOLE:
            found[section] = rows
    return found


def reading_rows(month: str, *, without: Iterable[str] = ()) -> list[Cells]:
    """Readings of a month (``09.2026``); of a month that the town does not know, each meter goes on as in the month before."""
    dropped = set(without)
    rows = [cells for cells in house_rows()["puval"] if cells[2].endswith(month) and cells[0] not in dropped]
    if rows:
        return rows
    by_meter: dict[str, list[Cells]] = {}
    for cells in house_rows()["puval"]:
        by_meter.setdefault(cells[1] + "/" + cells[5], []).append(cells)
    made = []
    months = int(month[:2]) - 10
    for number, (_, readings) in enumerate(sorted(by_meter.items()), int(month[:2]) * 100_000):
        *_, before, last = readings
        value = _thousandths(last[3]) + months * (_thousandths(last[3]) - _thousandths(before[3]))
        made.append([str(number), last[1], f"24.{month}", f"{value // 1000}.{value % 1000:03d}", *last[4:]])
    return made


def archive(path: Path, month: tuple[int, int], rows: dict[str, list[Cells]]) -> bytes:
    """An archive of a month with these rows, under the town's headers; also written to ``path``."""
    packed = io.BytesIO()
    listed = []
    town = _town()
    (info,) = town["_info"][1:]
    info = [*info[:6], str(month[0]), str(month[1]), f"03.{month[1] % 12 + 1:02d}.{month[0]} 23:00:00", *info[9:]]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        if "files" in rows:
            with zipfile.ZipFile(TOWN / ARCHIVE) as source:
                for name in (name for name in source.namelist() if name.startswith("files/")):
                    made.writestr(_entry(name), source.read(name))
        for section in town:
            kept = [info] if section == "_info" else rows.get(section, [])
            if kept:
                data = _csv([town[section][0], *kept])
                made.writestr(_entry(f"{section}.csv"), data)
                listed.append([f"{section}.csv", str(len(kept)), hashlib.md5(data).hexdigest()])
        made.writestr(_entry("_filelist.csv"), _csv([["1. Имя", "2. Строк", "3. Контроль"], *listed]))
    path.write_bytes(packed.getvalue())
    return packed.getvalue()


def changed(rows: Iterable[Cells], key: str, change: Callable[[Cells], Cells]) -> list[Cells]:
    """The row of a key, changed."""
    return [change(list(cells)) for cells in rows if cells[0] == key]


def _thousandths(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (2026, 11, 3, 23, 0, 0))


def _csv(rows: list[Cells]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("cp1251")
