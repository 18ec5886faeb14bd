"""The errors file: refused rows of an archive in the very layout they came in, and why each was refused in ``errors.csv`` beside them.

The accountant of the sender opens the tables, corrects the rows and sends the ZIP back as it is: it is an increment of the same month. The
list of files carries neither row counts nor control strings, because both change under the accountant's hands; an archive with
``errors.csv`` at its root is therefore read without comparing it with its list (:mod:`adapters.uk.envelope`).

Rows of payments are never in it: their money is in suspense already and waits for a decision of the centre.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence

from adapters.format4.container import Limits, open_container
from adapters.format4.findings import PAYMENT_SECTION
from adapters.format4.layout import Section, layout_for
from adapters.format4.rows import read_rows
from adapters.format4.writer import header_of, table
from adapters.uk.envelope import ERRORS, FILE_LIST, INFO
from core.model.finding import Finding

__all__ = ["SENT_BACK", "errors_file"]

SENT_BACK = frozenset(("reject_row", "hold_reading", "hold_row", "hold_document", "hold_pack"))
"""Effects whose row the sender can correct and send again."""
_COLUMNS = (
    "Файл", "Строка этого файла", "Строка присланного файла", "Поле", "Название поля", "Код", "Значение", "Что не так", "Что делать",
)  # fmt: skip
_UNLOAD_KIND = 14
_INCREMENT = "2"
_MOMENT = (1980, 1, 1, 0, 0, 0)


def errors_file(data: bytes, findings: Iterable[Finding], limits: Limits | None = None) -> bytes | None:
    """The ZIP to send to the sender of an archive; None when nothing of it waits for a correction."""
    container = open_container(data, limits or Limits())
    wrong = [item for item in findings if item.severity == "error" or item.effect in SENT_BACK]
    if not wrong:
        return None
    info = next((cells for _, cells in read_rows(container, INFO)), [])
    layout, _ = layout_for(info[0] if info else "")
    sections = {f"{code}.csv": section for code, section in layout.sections.items()}
    files: dict[str, bytes] = {}
    places: dict[tuple[str, int], int] = {}
    for name in sorted({item.position.file for item in wrong} & set(sections) & set(container.entries)):
        numbers = {item.position.row for item in wrong if item.position.file == name and item.effect in SENT_BACK and item.position.row}
        if name == f"{PAYMENT_SECTION}.csv" or not numbers:
            continue
        rows = [(number, cells) for number, cells in read_rows(container, name) if number in numbers]
        places |= {(name, number): place for place, (number, _) in enumerate(rows, 1)}
        files[name] = table(_header(sections[name]), [cells for _, cells in rows])
    reasons = [_reason(item, sections, places) for item in wrong]
    increment = [_INCREMENT if n == _UNLOAD_KIND else cell for n, cell in enumerate(info, 1)]
    listed = [[name, "", ""] for name in (INFO, *files)]
    return _packed({
        INFO: table(header_of(layout.info), [increment]),
        FILE_LIST: table(header_of(layout.file_list), listed),
        ERRORS: table(_COLUMNS, reasons),
        **files,
    })  # fmt: skip


def _header(section: Section) -> list[str]:
    return header_of(section) if section.fields else [f"{n}." for n in range(1, section.width + 1)]


def _reason(item: Finding, sections: dict[str, Section], places: dict[tuple[str, int], int]) -> Sequence[str]:
    name, row = item.position.file, item.position.row
    section = sections.get(name)
    named = item.field is not None and section is not None and 1 <= item.field <= len(section.fields)
    title = section.fields[item.field - 1].name if named and section is not None and item.field is not None else ""
    place = places.get((name, row)) if row is not None else None
    numbers = ("" if value is None else str(value) for value in (place, row, item.field))
    return (name, *numbers, title, item.code, item.value or "", item.message, item.hint)


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return packed.getvalue()
