"""A profile for a file that no profile fits: proposed from titles and values, shown with the rows as it reads them; a person decides.

Nothing is guessed about money: which column is what was paid, kept and transferred follows from sums that agree in every row and from the
titles, and what stays open is said in ``doubts``. Fee model and agent can not be seen in a file: they are in the contract.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.banks.detect import is_this, parse_file
from adapters.banks.profile import Profile, bundled, load_profile
from adapters.banks.proposal_columns import MONEY, Seen, SeenColumn, by_form, columns_of, kopecks_or_zero
from adapters.banks.proposal_seen import look_at, quoted
from adapters.banks.result import ParsedFile
from adapters.banks.values import Unreadable, parse_amount
from core.errors import InputError

__all__ = ["Proposal", "propose"]

_KEYS = ("operation_id", "operation_date", "account", *MONEY)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A profile as text and read, what it makes of the file, and what a person has to look at."""

    text: str
    profile: Profile
    parsed: ParsedFile
    preview: tuple[dict[str, Any], ...]
    """The first records."""
    doubts: tuple[str, ...]
    fitting: tuple[str, ...]
    """Profiles there are already that fit the file."""


def propose(name: str, data: bytes, profile_name: str = "новый-профиль", *, rows: int = 5) -> Proposal:
    """Propose a profile for a delimited text or a sheet; ``rows``: how many records to show.

    ``InputError`` BANK-0701 for a file that is neither, BANK-0702 when no column can be an account or a sum.
    """
    table = look_at(data)
    doubts: list[str] = []
    columns = columns_of(table, doubts)
    missing = [key for key in ("account", "amount_kop") if key not in {column.key for column in columns.values()}]
    if missing:
        what = {"account": "лицевого счёта", "amount_kop": "суммы"}
        raise InputError(
            "BANK-0702",
            f"В файле «{name}» не видно столбца {' и '.join(what[key] for key in missing)}.",
            hint="Опишите профиль сами: docs/adapters.md, «A bank profile».",
            file=name,
        )
    text = _text(profile_name, name, table, columns, doubts)
    profile = load_profile(text, f"{profile_name}.toml")
    parsed = parse_file(name, data, profile)
    if parsed.status == "rejected":
        doubts.append(f"Файл с этим профилем не принимается: {', '.join(sorted({error['code'] for error in parsed.errors}))}.")
    preview = []
    for record in parsed.records:
        preview.append(record)
        if len(preview) == rows:
            break
    doubts.append("Модель комиссии (kept — удержана, on_top — сверху, billed — счётом) и название агента возьмите из договора.")
    fitting = tuple(known.name for known in bundled().values() if is_this(known, data))
    return Proposal(text, profile, parsed, tuple(preview), tuple(doubts), fitting)


def _text(profile_name: str, file: str, table: Seen, columns: dict[int, SeenColumn], doubts: list[str]) -> str:
    ending = file.rpartition(".")[2].lower() if "." in file else "txt"
    lines = [
        f"# Предложено по файлу «{file}»; проверьте столбцы, модель комиссии и агента по договору.",
        f"name = {quoted(profile_name)}",
        f"title = {quoted(f'Реестр, столбцов: {len(columns)}; предложено по файлу')}",
        f"extension = {quoted(ending)}",
        *table.head,
        'fee_model = "kept"',
        *_first_line(table.first),
        *_control(table, columns, doubts),
        "",
        "[columns]",
    ]
    for place, column in columns.items():
        where = f"name = {quoted(table.titles[place])}" if table.named else f"at = {place}"
        kind = "" if column.kind == "text" else f', kind = "{column.kind}"'
        pattern = f', pattern = "{column.pattern}"' if column.pattern else ""
        time = f", {column.time}" if column.time else ""
        filled = all(row[place].strip() for row in table.rows)
        required = ", required = true" if column.key in ("account", "amount_kop") or (filled and column.key in _KEYS[:2]) else ""
        lines.append(f"{column.key} = {{ {where}{kind}{pattern}{time}{required} }}")
    return "\n".join(lines) + "\n"


def _control(table: Seen, columns: dict[int, SeenColumn], doubts: list[str]) -> list[str]:
    """What the file declares about itself, found by what its rows add up to."""
    sums = {
        column.key: sum(kopecks_or_zero(row[place].strip()) for row in table.rows)
        for place, column in columns.items()
        if column.kind == "amount"
    }
    said: dict[str, Any] = {"count": len(table.rows), **sums}
    if table.named:
        return _sheet_control(table, columns, doubts)
    if table.meta:
        return _meta_control(table.meta, said)
    if table.total is None:
        doubts.append("Файл не объявляет ни числа строк, ни суммы: доказать его сможет только платёжное поручение.")
        return []
    mark, items = _trailer(table.total, _unquoted(table.head))
    control, used = {}, set()
    for key, value in said.items():
        place = next((n for n, text in enumerate(items) if n not in used and text.strip() and _is_total_of(key, text.strip(), value)), None)
        if place is not None:
            control[key] = place
            used.add(place)
    if "amount_kop" not in control:
        doubts.append("Последняя строка есть, но её сумма не равна сумме столбца: итог не проверяется, спросите агента.")
    listed = ", ".join(f"{key} = {place}" for key, place in control.items())
    return ["", "[trailer]", f"mark = {quoted(mark)}", f"items = {len(items)}", f"control = {{ {listed} }}"]


_REGISTRY_FACTS: tuple[tuple[str, str], ...] = (
    ("payee_account", r"\d{20}"), ("payee_inn", r"\d{10}|\d{12}"), ("registry_number", r"\w{1,12}"), ("agent", r".*[А-Яа-яA-Za-z].*"),
)  # fmt: skip


def _first_line(fields: list[str] | None) -> list[str]:
    """The line before the rows: its mark and what it names, as far as the forms say."""
    if fields is None:
        return []
    lines, taken = ["", "[first_line]", f"mark = {quoted(fields[0])}"], set()
    for place, text in enumerate(fields[1:], 1):
        form = by_form([text])
        if form is not None and form.kind == "date" and not form.time and "registry_date" not in taken:
            key, written = "registry_date", f', kind = "date", pattern = "{form.pattern}"'
        else:
            known = [key for key, expression in _REGISTRY_FACTS if key not in taken and re.fullmatch(expression, text.strip())]
            key, written = (known[0] if known and form is None else f"field_{place}"), ""
        taken.add(key)
        lines.append(f"{key} = {{ at = {place}{written} }}")
    return lines


def _unquoted(head: Sequence[str]) -> str:
    line = next(line for line in head if line.startswith("separator"))
    value = line.partition("= ")[2].strip('"')
    return "\t" if value == "\\t" else value


def _trailer(fields: list[str], separator: str) -> tuple[str, list[str]]:
    """Mark and items of a last line: the mark is what stands before the first number."""
    first = fields[0]
    match = re.match(r"[^\d]+", first)
    if match and match.end() < len(first):
        return match[0], [first[match.end() :], *fields[1:]]
    return first + separator, fields[1:]


def _is_total_of(key: str, text: str, value: int) -> bool:
    if key == "count":
        return text.isascii() and text.isdigit() and int(text) == value
    try:
        return parse_amount(text)[0] == value
    except Unreadable:
        return False


_META = {
    "REGNUM": '"registry_number"',
    "REGDATE": '{ key = "registry_date", kind = "date", pattern = "ДД.ММ.ГГГГ" }',
}


def _meta_control(meta: dict[str, str], said: dict[str, Any]) -> list[str]:
    lines = ["", "[meta]"]
    left = dict(said)
    for word, text in meta.items():
        key = next((key for key, value in left.items() if _is_total_of(key, text, value)), None)
        if key is None:
            lines.append(f"{word} = {_META.get(word) or quoted(word.lower())}")
        else:
            left.pop(key)
            lines.append(f'{word} = {{ key = "{key}", kind = "{"count" if key == "count" else "amount"}" }}')
    return lines


def _sheet_control(table: Seen, columns: dict[int, SeenColumn], doubts: list[str]) -> list[str]:
    if table.total is None:
        doubts.append(
            "В листе нет строки ИТОГО: без неё сумму реестра проверить нечем, и он не принимается. Договоритесь об итоге с агентом."
        )
    keys = [f"{column.key} = {quoted(table.titles[place])}" for place, column in columns.items() if column.key in MONEY]
    counted = table.total is not None and len(table.total) > 1 and _is_total_of("count", table.total[1], len(table.rows))
    return ["", "[summary]", *(['count = "2"'] if counted else []), *keys]
