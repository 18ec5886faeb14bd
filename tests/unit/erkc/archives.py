"""Archives of «Формат 4.0» made out of the town's, with sections and rows left out or changed."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from adapters.contract import RawMessage
from adapters.uk.archives import UkArchives
from core.model.records import Record

__all__ = ["edited", "left_out", "records_of", "sections", "select"]

_SERVICE = ("_info.csv", "_filelist.csv")


def sections(path: Path) -> dict[str, list[list[str]]]:
    """Rows of all sections, headers included."""
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(archive.read(name).decode("cp1251"), newline=""), delimiter=";"))
            for name in archive.namelist()
            if name.endswith(".csv") and name != "_filelist.csv"
        }


def select(path: Path, keep: Callable[[str, int, list[str]], bool], *, info: Mapping[int, str] | None = None) -> bytes:
    """An archive with those rows of another (section, number, cells) that are to be kept; ``info`` changes fields of ``_info``."""
    return edited(path, lambda section, number, cells: [cells] if keep(section, number, cells) else [], info=info)


def edited(path: Path, change: Callable[[str, int, list[str]], list[list[str]]], *, info: Mapping[int, str] | None = None) -> bytes:
    """An archive in which each row of another (section, number, cells) is replaced by the rows given; ``info`` changes ``_info``."""
    packed = io.BytesIO()
    lines = []
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            if name.startswith("files/"):
                archive.writestr(_entry(name), source.read(name))
        for section, (header, *rows) in sections(path).items():
            if section == "_info":
                rows = [[(info or {}).get(n, cell) for n, cell in enumerate(rows[0], 1)]]
            kept = rows if section == "_info" else [row for number, cells in enumerate(rows, 1) for row in change(section, number, cells)]
            if not kept:
                continue
            data = _csv([header, *kept])
            archive.writestr(_entry(f"{section}.csv"), data)
            lines.append([f"{section}.csv", str(len(kept)), hashlib.md5(data).hexdigest()])
        archive.writestr(_entry("_filelist.csv"), _csv([["1. Имя", "2. Строк", "3. Контроль"], *lines]))
    return packed.getvalue()


def left_out(rows: Mapping[str, set[int]]) -> Callable[[str, int, list[str]], bool]:
    """Keep all but these rows."""
    return lambda section, number, cells: number not in rows.get(section, ())


def records_of(path: Path) -> list[Record]:
    """What the adapter makes of an archive whose sender nothing else is known of."""
    return [item for item in UkArchives().parse(RawMessage(path.name, path.read_bytes()), {}) if isinstance(item, Record)]


def _entry(name: str) -> zipfile.ZipInfo:
    """Of one moment: the same rows are the same bytes."""
    return zipfile.ZipInfo(name, (2026, 11, 3, 23, 0, 0))


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("cp1251")
