"""What an archive says about itself: its files against the list of files, and the one row of ``_info`` (F4-001 … F4-022 of whole files).

Nothing here looks into a row of a section. The result names the sections that may be read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from adapters.format4.cells import Row, RowReader
from adapters.format4.container import Container
from adapters.format4.findings import ARCHIVE_REJECTED, finding
from adapters.format4.layout import Layout, layout_for
from adapters.format4.rows import Inspected, inspect, read_rows
from adapters.format4.values import read_whole
from adapters.uk.knowledge import RegionKnowledge
from core.errors import InputError
from core.model.finding import Finding
from core.period import Month

__all__ = ["ERRORS", "FILE_LIST", "INFO", "Envelope", "open_envelope", "read_header"]

INFO = "_info.csv"
FILE_LIST = "_filelist.csv"
_FILES = "files.csv"
ERRORS = "errors.csv"
"""At the root of an errors file that comes back corrected: its list names neither counts nor control strings, and a file may have been
taken out of it by hand. What its list does state is held against the files as in any archive."""
_COUNTED_ROWS, _COUNTED_LINES = "rows", "lines"
"""How a sender counts in its list: rows of data, or lines with the header."""
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_YEARS = range(1990, 2200)
_FULL, _INCREMENT = 1, 2


@dataclass(frozen=True, slots=True)
class Envelope:
    """The archive as a whole."""

    layout: Layout
    header: Mapping[str, str]
    month: Month | None
    sections: tuple[str, ...]
    """Sections whose rows may be read."""
    refused: frozenset[str]
    """Sections that were sent or promised but count as not sent."""
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether nothing of the archive may be loaded."""
        return any(found.effect == ARCHIVE_REJECTED for found in self.findings)


def open_envelope(container: Container, region: RegionKnowledge | None, counted_before: frozenset[str] = frozenset()) -> Envelope:
    """Compare the archive with its own list and read who sends it; ``InputError`` F4-909 when there is no ``_info.csv`` in it.

    ``counted_before``: how the sender counted in the list of its last archive (``rows`` or ``lines``); empty when that is not known.
    """
    if INFO not in container.entries:
        raise InputError(
            "F4-909",
            "В архиве нет файла _info.csv: это не выгрузка «Формат 4.0».",
            hint="Файл _info.csv лежит в корне архива; проверьте, что архив собран без вложенной папки.",
        )
    findings = [finding("F4-016", name) for name in sorted(set(container.repeated))]
    inspected = {name: inspect(container, name) for name in container.entries if _is_table(name)}
    info, layout = _read_info(container, inspected[INFO])
    listed = _read_list(container, layout, inspected, findings)
    refused = _compare(container, layout, inspected, listed, findings)
    counted = _counted(inspected, listed)
    if len(counted) == 1 and counted_before and counted != counted_before:
        ways = {_COUNTED_ROWS: "строки данных", _COUNTED_LINES: "строки вместе с заголовком"}
        before, now = (", ".join(ways.get(one, one) for one in sorted(said)) for said in (counted_before, counted))
        findings.append(finding("F4-018", FILE_LIST, detail=f"прежде {before}, теперь {now}"))
    if INFO in refused:
        info = None
    findings += _info_findings(layout, info, inspected[INFO])
    if _FILES in inspected and _FILES not in refused and container.attachments:
        findings += _attachment_findings(container, layout)
    if region is not None and info is not None:
        findings += _sender_findings(info, region)
    names = {name.removesuffix(".csv") for name in inspected}
    sections = tuple(code for code in layout.sections if code in names and f"{code}.csv" not in refused)
    counts = {code.upper(): inspected[f"{code}.csv"].rows or 0 for code in ("_info", *layout.sections) if code in names}
    return Envelope(
        layout,
        _header(layout, info) | ({"list_counts": next(iter(counted))} if info is not None and len(counted) == 1 else {}),
        _month(info),
        sections,
        frozenset(name.removesuffix(".csv") for name in refused),
        counts,
        tuple(findings),
    )


def read_header(container: Container) -> dict[str, str]:
    """Who sends the archive and for which month, from ``_info.csv`` alone; empty when there is none or it can not be read."""
    if INFO not in container.entries:
        return {}
    info, layout = _read_info(container, inspect(container, INFO))
    return _header(layout, info)


def _is_table(name: str) -> bool:
    return name.endswith(".csv") and "/" not in name


def _read_info(container: Container, inspected: Inspected) -> tuple[Row | None, Layout]:
    """The first row of ``_info``, cut or filled up to its width, and the layout that its version names."""
    rows = [] if inspected.encoding_fault or inspected.rows is None else [cells for _, cells in read_rows(container, INFO)]
    cells = rows[0] if rows else []
    layout, _ = layout_for(cells[0] if cells else "")
    if not rows:
        return None, layout
    width = layout.info.width
    return RowReader(layout.info).row(1, [*cells, *[""] * width][:width]), layout


def _read_list(
    container: Container, layout: Layout, inspected: Mapping[str, Inspected], findings: list[Finding]
) -> dict[str, tuple[str, str]]:
    """Listed files with the number of rows and the control string as written."""
    listed: dict[str, tuple[str, str]] = {}
    own = inspected.get(FILE_LIST)
    if own is None or own.rows is None:
        if own is not None:
            findings.append(finding("F4-021", FILE_LIST, detail=own.encoding_fault or "таблица не читается"))
        return listed
    for number, cells in read_rows(container, FILE_LIST):
        if len(cells) != layout.file_list.width:
            detail = f"{len(cells)} вместо {layout.file_list.width}"
            findings.append(finding("F4-022", FILE_LIST, row=number, detail=detail))
        elif cells[0] and cells[0] != FILE_LIST:
            listed.setdefault(cells[0], (cells[1], cells[2]))
    return listed


def _compare(
    container: Container,
    layout: Layout,
    inspected: Mapping[str, Inspected],
    listed: Mapping[str, tuple[str, str]],
    findings: list[Finding],
) -> set[str]:
    """Files that count as not sent; what is wrong with any file as a whole is added to the findings."""
    refused: set[str] = set()
    tables = {INFO, *(f"{code}.csv" for code in layout.sections)}
    if ERRORS in container.entries:
        stated = {name: said for name, said in listed.items() if any(said)}
        listed = dict.fromkeys(container.entries, ("", "")) | stated
    for name in listed:
        if name not in container.entries and name not in container.attachments:
            findings.append(finding("F4-013", name))
            refused.add(name)
    for name in container.entries:
        if name in (FILE_LIST, ERRORS):
            continue
        if name not in listed or name not in tables:
            findings.append(finding("F4-012", name))
        if name in tables:
            faults = list(_file_faults(name, inspected[name], listed.get(name), needs_count=ERRORS not in container.entries))
            findings += faults
            if faults:
                refused.add(name)
            elif inspected[name].header_width not in (0, _width(layout, name)):
                detail = f"в заголовке {inspected[name].header_width} вместо {_width(layout, name)}"
                findings.append(finding("F4-022", name, detail=detail))
    return refused


def _width(layout: Layout, name: str) -> int:
    return layout.info.width if name == INFO else layout.sections[name.removesuffix(".csv")].width


def _counted(inspected: Mapping[str, Inspected], listed: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """The ways of counting that the list shows; a file whose count fits neither shows none."""
    ways = set()
    for name, (count, _) in listed.items():
        rows, said = inspected[name].rows if name in inspected else None, read_whole(count)
        if rows is not None and said is not None and said - rows in (0, 1):
            ways.add(_COUNTED_LINES if said > rows else _COUNTED_ROWS)
    return frozenset(ways)


def _file_faults(name: str, file: Inspected, listed: tuple[str, str] | None, *, needs_count: bool) -> Iterator[Finding]:
    if file.encoding_fault:
        yield finding("F4-021", name, detail=file.encoding_fault)
    elif file.rows is None:
        yield finding("F4-014", name, value=listed and listed[0], detail="файл не читается как таблица")
    elif listed is not None and (listed[0] or needs_count) and read_whole(listed[0]) not in (file.rows, file.rows + 1):
        yield finding("F4-014", name, value=listed[0], detail=f"в файле {file.rows}, в списке {listed[0] or 'пусто'}")
    if listed is not None and listed[1] and listed[1].lower() != file.md5:
        what = f"в списке {listed[1]}" if _MD5.fullmatch(listed[1]) else "в списке не MD5"
        yield finding("F4-015", name, value=listed[1], detail=what)


def _attachment_findings(container: Container, layout: Layout) -> Iterator[Finding]:
    """Attachments that ``files.csv`` promises and the archive has not, or has in another size; the pair of a files archive has none."""
    reader = RowReader(layout.sections["files"])
    for number, cells in read_rows(container, _FILES):
        if len(cells) != reader.section.width:
            continue
        row = reader.row(number, cells)
        name, stated = f"files/{row.text('stored_name')}", row.number_of("size")
        if name not in container.attachments:
            yield finding("F4-019", _FILES, row=number, field=2, value=row.text("stored_name"), detail="его нет в архиве")
        elif stated is not None and stated != container.attachment_size(name):
            detail = f"в архиве {container.attachment_size(name)} байт"
            yield finding("F4-019", _FILES, row=number, field=4, value=row.text("size"), detail=detail)


def _info_findings(layout: Layout, info: Row | None, inspected: Inspected) -> Iterable[Finding]:
    for field in layout.info.fields:
        cell = "" if info is None else info.cells[field.n - 1]
        value = None if info is None else info.values[field.n - 1]
        is_empty = field.mandatory and not cell
        if is_empty or (cell and (value is None or not _in_range(field.code, value))):
            yield finding("F4-017", INFO, row=1, field=field.n, value=cell, name=field.name)
    version = "" if info is None else info.text("version")
    if version and not layout_for(version)[1]:
        yield finding("F4-011", INFO, row=1, field=1, value=version)
    if (inspected.rows or 0) > 1:
        yield finding("F4-017", INFO, row=2, name="строка данных должна быть одна")


def _in_range(code: str, value: object) -> bool:
    if code == "year":
        return value in _YEARS
    if code == "month":
        return value in range(1, 13)
    return value in (_FULL, _INCREMENT) if code == "unload_kind" else True


def _sender_findings(info: Row, region: RegionKnowledge) -> Iterator[Finding]:
    ogrn, inn, kpp, key = (info.text(code) for code in ("ogrn", "inn", "kpp", "data_bank_key"))
    by_ogrn = [sender for sender in region.senders if sender.ogrn == ogrn]
    by_inn = [sender for sender in region.senders if (sender.inn, sender.kpp) == (inn, kpp)]
    if ogrn and not by_ogrn:
        yield finding("F4-001", INFO, row=1, field=4, value=ogrn)
    if inn and kpp and not by_inn:
        yield finding("F4-002", INFO, row=1, field=2, value=f"{inn}/{kpp}")
    if key and not any(key in sender.data_bank_keys for sender in by_ogrn or by_inn):
        yield finding("F4-003", INFO, row=1, field=6, value=key)


def _header(layout: Layout, info: Row | None) -> dict[str, str]:
    if info is None:
        return {}
    header = {field.code: info.text(field.code) for field in layout.info.fields}
    month = _month(info)
    if month is not None:
        header["period"] = str(month)
    return header


def _month(info: Row | None) -> Month | None:
    year, month = (None, None) if info is None else (info.number_of("year"), info.number_of("month"))
    return Month(year, month) if year in _YEARS and month in range(1, 13) and year is not None and month is not None else None
