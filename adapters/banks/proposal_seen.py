"""An unknown registry as rows and titles, before anybody says what they are: separator, heading, total, lines around the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from adapters.banks.proposal_columns import Seen, key_of_title
from adapters.banks.sheets import DAMAGED, is_workbook, read_cells
from adapters.banks.text import detect_encoding, open_text
from core.errors import InputError

__all__ = ["look_at", "quoted"]

_SEPARATORS = (";", "|", "\t", "#", "^", ",")
_TOTAL = re.compile(r"итого|всего|total", re.IGNORECASE)


def look_at(data: bytes) -> Seen:
    """Rows and titles of a text or of the first sheet of a workbook; ``InputError`` BANK-0701 or BANK-0702 for anything else."""
    return _sheet(data) if is_workbook(data) else _delimited(data)


def _delimited(data: bytes) -> Seen:
    encoding = detect_encoding(data)
    if encoding is None or b"\0" in data[:4096]:
        raise InputError(
            "BANK-0701", "Файл — не текст с разделителями и не книга Excel.", hint="Профиль для него опишите сами: docs/adapters.md."
        )
    lines = [line for line in open_text(data, encoding or "cp1251").lines() if line.strip()]
    body = [line for line in lines if not line.startswith("#")]
    separator = _separator(body)
    if separator is None:
        raise InputError("BANK-0701", "В строках файла нет общего разделителя.", hint="Профиль для него опишите сами: docs/adapters.md.")
    split = [line.split(separator) for line in body]
    width = Counter(map(len, split)).most_common(1)[0][0]
    order = {"cp1251": '"cp1251", "utf-8"', "utf-8": '"utf-8", "cp1251"', "cp866": '"cp866", "cp1251"', "koi8-r": '"koi8-r", "cp1251"'}
    head = [
        'layout = "delimited"',
        f"encodings = [{order[encoding or 'cp1251']}]",
        f"separator = {quoted(separator)}",
        f"fields = {width}",
    ]
    titles: list[str] = []
    if split and len(split[0]) == width and _is_heading(split[0]) and lines[0] == body[0]:
        titles = split.pop(0)
        head.append(f"heading = {quoted(body[0])}")
    first = split.pop(0) if len(split) > 1 and len(split[0]) != width and re.fullmatch("[A-Za-zА-Яа-я]{1,8}", split[0][0]) else None
    total = None
    if len(split) > 1 and (len(split[-1]) != width or _TOTAL.match(split[-1][0].lstrip("= "))):
        total = split.pop()
    meta = dict(_meta_words(lines))
    return Seen(titles, [fields for fields in split if len(fields) == width], head, named=False, total=total, meta=meta, first=first)


def _meta_words(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for line in lines if (match := re.fullmatch(r"#([A-Z_]+)\s+(.*?)\s*", line))]


def _separator(lines: Sequence[str]) -> str | None:
    """The sign by which most lines have the same number (more than two) of fields."""
    best: tuple[int, int, str] | None = None
    for place, sign in enumerate(_SEPARATORS):
        counts = Counter(line.count(sign) for line in lines)
        if not counts:
            return None
        often, lines_so = counts.most_common(1)[0]
        if (
            often >= 2
            and 10 * lines_so >= 6 * len(lines)
            and (best is None or (lines_so, often, -place) > (best[0], best[1], -_SEPARATORS.index(best[2])))
        ):
            best = (lines_so, often, sign)
    return best[2] if best else None


def _is_heading(fields: Sequence[str]) -> bool:
    filled = [text for text in fields if text.strip()]
    return bool(filled) and not any(re.fullmatch(r"[\d.,:/\- ]+", text) for text in filled) and any(key_of_title(text) for text in filled)


def _sheet(data: bytes) -> Seen:
    try:
        cells = read_cells(data)
    except DAMAGED as error:
        raise InputError("BANK-0701", "Книга Excel не читается.", hint="Попросите файл ещё раз.") from error
    texts = [["" if cell is None else str(cell).strip() for cell in row] for row in cells]
    top = next(
        (
            n
            for n, row in enumerate(texts[:40])
            if sum(1 for text in row if key_of_title(text)) >= 2 and any(key_of_title(text) == "amount_kop" for text in row)
        ),
        None,
    )
    if top is None:
        raise InputError(
            "BANK-0702", "В первом листе не видно строки с названиями столбцов.", hint="Опишите профиль сами: docs/adapters.md."
        )
    width = len(texts[top])
    rows, total = [], None
    for row in texts[top + 1 :]:
        first = next((text for text in row if text), "")
        if _TOTAL.match(first):
            total = row
            break
        if first:
            rows.append([*row, *[""] * width][:width])
    return Seen(texts[top], rows, ['layout = "sheet"', "encodings = []"], named=True, total=total)


def quoted(text: str) -> str:
    """A text as TOML has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
