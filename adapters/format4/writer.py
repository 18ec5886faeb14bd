"""Archives of «Формат 4.0» as the hub writes them: rows by the field table, true data rows and MD5 in the list of files.

The same rows give the same bytes: entries have one moment, sections stand in load order. Values are written as section 1 of the exchange
reference has them; a section without rows is left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from adapters.format4.layout import Layout, Section

__all__ = ["cells_of", "header_of", "table", "written_decimal", "zip_archive"]

_ENTRY_MOMENT = (1980, 1, 1, 0, 0, 0)
_PLACES = {"n2": 2, "n3": 3, "n6": 6}


def written_decimal(value: int, places: int) -> str:
    """A scaled whole number as the format has it: a point, at least two places, zero as ``0``.

    >>> written_decimal(190632, 2), written_decimal(0, 2), written_decimal(-5, 2), written_decimal(41870000, 6)
    ('1906.32', '0', '-0.05', '41.87')
    """
    if value == 0:
        return "0"
    whole, part = divmod(abs(value), 10**places)
    digits = f"{part:0{places}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{whole}.{digits}"


def cells_of(section: Section, values: Mapping[str, object]) -> list[str]:
    """One row: values by code of the field; what is not named is empty. A code that the section has not is a ``KeyError``."""
    unknown = set(values) - {field.code for field in section.fields}
    if unknown:
        raise KeyError(f"{section.code}: {', '.join(sorted(unknown))}")
    return [_written(field.type, values.get(field.code)) for field in section.fields]


def _written(kind: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "2"
    if isinstance(value, int) and kind in _PLACES:
        return written_decimal(value, _PLACES[kind])
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%m.%Y" if kind == "my" else "%d.%m.%Y")
    return str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A file of the archive: windows-1251, ``;``, CRLF; a mark that windows-1251 has not becomes ``?``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("cp1251", errors="replace")


def header_of(section: Section) -> list[str]:
    """The header line: number, dot, Russian name."""
    return [f"{field.n}. {field.name}" for field in section.fields]


def zip_archive(
    layout: Layout, info: Sequence[str], rows: Mapping[str, Sequence[Sequence[str]]], *, extra: Mapping[str, bytes] | None = None
) -> bytes:
    """The archive of one unload; ``extra`` are files beside the sections. Sections without rows are left out."""
    files = {"_info.csv": table(header_of(layout.info), [info])}
    counts = {"_info.csv": 1}
    for code, section in layout.sections.items():
        if rows.get(code):
            files[f"{code}.csv"] = table(header_of(section), rows[code])
            counts[f"{code}.csv"] = len(rows[code])
    listed = [[name, str(counts[name]), hashlib.md5(data, usedforsecurity=False).hexdigest()] for name, data in files.items()]
    files["_filelist.csv"] = table(header_of(layout.file_list), listed)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, **(extra or {})}.items():
            entry = zipfile.ZipInfo(name, _ENTRY_MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return packed.getvalue()
