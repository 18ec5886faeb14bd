"""A profile for a file that no profile fits: proposed from titles and values, shown with the rows as it reads them; a person decides.

Nothing is guessed about money: which column is what was paid, kept and transferred follows from sums that agree in every row and from the
titles, and what stays open is said in ``doubts``. Fee model and agent can not be seen in a file: they are in the contract.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.banks.detect import is_this, parse_file
from adapters.banks.profile import Profile, bundled, load_profile
from adapters.banks.result import ParsedFile
from adapters.banks.sheets import is_workbook, read_cells
from adapters.banks.text import detect_encoding, open_text
from adapters.banks.values import Unreadable, parse_amount, parse_date, parse_month, parse_time
from core.errors import InputError

__all__ = ["Proposal", "propose"]

_SEPARATORS = (";", "|", "\t", "#", "^", ",")
_LOOKED_AT = 2000
"""Rows whose values decide what a column is."""
_SHARE_E2 = 95
"""Per cent of a column's filled values that must have a form."""
_DATES = ("ДД.ММ.ГГГГ", "ДД-ММ-ГГГГ", "ДД/ММ/ГГГГ", "ГГГГ-ММ-ДД", "ГГГГММДД", "ДДММГГГГ", "ДД.ММ.ГГ")
_TIMES = ("ЧЧ:ММ:СС", "ЧЧ-ММ-СС", "ЧЧ:ММ")
_MONTHS = ("ММ.ГГГГ", "ГГГГ-ММ", "ММГГГГ", "ММГГ")
_TITLES: tuple[tuple[str, str], ...] = (
    ("operation_id", r"(id|ид|номер|№|код).*(операц|платеж|платёж|транзакц)|суип|уип|transaction|txn"),
    ("ipd", r"ипд|идентификатор.*документ"),
    ("els", r"\bелс\b|единый.*счет"),
    ("izku", r"ижку"),
    ("account", r"лицев|л/?с\b|\bлс\b|account|абонент|номер договора"),
    ("operation_time", r"^время"),
    ("operation_date", r"дата|date|день"),
    ("period", r"период|месяц|period"),
    ("payer_name", r"фио|плательщик|фамил|payer|name"),
    ("payer_address", r"адрес|address"),
    ("commission_kop", r"комис|fee|commission|вознагражд"),
    ("transfer_kop", r"перечисл|к оплате банку|net|transfer"),
    ("amount_kop", r"сумма|amount|оплач|sum"),
)
_MONEY = ("amount_kop", "commission_kop", "transfer_kop")
_KEYS = ("operation_id", "operation_date", "account", *_MONEY)
_TOTAL = re.compile(r"итого|всего|total", re.IGNORECASE)
_PLAIN_AMOUNT = re.compile(r"-?\d+[.,]\d{2}|-?\d{1,3}([ \u00a0]\d{3})+[.,]\d{2}")


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


@dataclass(slots=True)
class _Table:
    """What a file shows before anybody says what its columns are."""

    titles: list[str]
    rows: list[list[str]]
    head: list[str]
    """Lines of the profile above its columns."""
    named: bool
    total: list[str] | None = None
    meta: dict[str, str] = field(default_factory=dict)
    first: list[str] | None = None
    """A line before the rows that begins with a mark."""


@dataclass(slots=True)
class _Column:
    key: str
    kind: str = "text"
    pattern: str = ""
    time: str = ""


def propose(name: str, data: bytes, profile_name: str = "новый-профиль", *, rows: int = 5) -> Proposal:
    """Propose a profile for a delimited text or a sheet; ``rows``: how many records to show.

    ``InputError`` BANK-0701 for a file that is neither, BANK-0702 when no column can be an account or a sum.
    """
    table = _sheet(data) if is_workbook(data) else _delimited(data)
    doubts: list[str] = []
    columns = _columns(table, doubts)
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


def _delimited(data: bytes) -> _Table:
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
        f"separator = {_quoted(separator)}",
        f"fields = {width}",
    ]
    titles: list[str] = []
    if split and len(split[0]) == width and _is_heading(split[0]) and lines[0] == body[0]:
        titles = split.pop(0)
        head.append(f"heading = {_quoted(body[0])}")
    first = split.pop(0) if len(split) > 1 and len(split[0]) != width and re.fullmatch("[A-Za-zА-Яа-я]{1,8}", split[0][0]) else None
    total = None
    if len(split) > 1 and (len(split[-1]) != width or _TOTAL.match(split[-1][0].lstrip("= "))):
        total = split.pop()
    meta = dict(_meta_words(lines))
    return _Table(titles, [fields for fields in split if len(fields) == width], head, named=False, total=total, meta=meta, first=first)


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
    return bool(filled) and not any(re.fullmatch(r"[\d.,:/\- ]+", text) for text in filled) and any(_key_of(text) for text in filled)


def _sheet(data: bytes) -> _Table:
    try:
        cells = read_cells(data)
    except (KeyError, ValueError, OSError) as error:
        raise InputError("BANK-0701", "Книга Excel не читается.", hint="Попросите файл ещё раз.") from error
    texts = [["" if cell is None else str(cell).strip() for cell in row] for row in cells]
    top = next(
        (
            n
            for n, row in enumerate(texts[:40])
            if sum(1 for text in row if _key_of(text)) >= 2 and any(_key_of(text) == "amount_kop" for text in row)
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
    return _Table(texts[top], rows, ['layout = "sheet"', "encodings = []"], named=True, total=total)


def _key_of(title: str) -> str | None:
    plain = " ".join(title.lower().split())
    return next((key for key, expression in _TITLES if plain and re.search(expression, plain)), None)


def _columns(table: _Table, doubts: list[str]) -> dict[int, _Column]:
    """Place → what stands there: by its form first, then by its title, then by what the values have in common."""
    values = {place: [row[place].strip() for row in table.rows[:_LOOKED_AT]] for place in range(len(table.rows[0]) if table.rows else 0)}
    titles = {place: _key_of(title) for place, title in enumerate(table.titles)}
    found: dict[int, _Column] = {}
    money = []
    for place, texts in values.items():
        filled = [text for text in texts if text]
        column = _by_form(filled)
        if not filled or column is None:
            continue
        if column.kind == "amount":
            money.append(place)
        elif column.kind == "month" and titles.get(place, "period") != "period":
            continue
        elif column.key not in {one.key for one in found.values()}:
            found[place] = column
    if table.named:
        money += [place for place in values if titles.get(place) in _MONEY and place not in money and _is_number(values[place])]
    found |= _money(sorted(money), values, titles, doubts)
    _by_titles(found, values, titles)
    _identities(found, values, doubts)
    for key, title in (("payer_name", "name"), ("payer_address", "address")):
        if key not in {one.key for one in found.values()}:
            fitting = [place for place, texts in values.items() if place not in found and _looks_like(texts, title)]
            found |= {place: _Column(key) for place in fitting[:1]}
    return dict(sorted(found.items()))


def _by_form(filled: Sequence[str]) -> _Column | None:
    """A date, a time, a month or an amount, when nearly all values have its form."""
    for pattern in _DATES:
        if _most(filled, lambda text, pattern=pattern: parse_date(text, pattern)):  # type: ignore[misc]  # bound now
            return _Column("operation_date", "date", pattern)
        for time in _TIMES:
            for mark in (" ", "T"):
                if _most(filled, lambda text, p=pattern, t=time, m=mark: _moment(text, p, t, m)):  # type: ignore[misc]  # bound now
                    return _Column("operation_date", "date", pattern, f'time = "{time}", split = "{mark}"')
    for time in _TIMES:
        if _most(filled, lambda text, time=time: parse_time(text, time)):  # type: ignore[misc]  # bound now
            return _Column("operation_time", "time", time)
    for month in _MONTHS:
        if _most(filled, lambda text, month=month: parse_month(text, month)):  # type: ignore[misc]  # bound now
            return _Column("period", "month", month)
    if all(_PLAIN_AMOUNT.fullmatch(text) for text in filled):
        return _Column("amount_kop", "amount")
    return None


def _moment(text: str, pattern: str, time: str, mark: str) -> None:
    day, found, rest = text.partition(mark)
    if not found:
        raise Unreadable(text)
    parse_date(day, pattern)
    parse_time(rest, time)


def _most(filled: Sequence[str], read: Callable[[str], object]) -> bool:
    bad, allowed = 0, len(filled) * (100 - _SHARE_E2) // 100
    for text in filled:
        try:
            read(text)
        except Unreadable:
            bad += 1
            if bad > allowed:
                return False
    return bool(filled)


def _is_number(texts: Sequence[str]) -> bool:
    return any(texts) and all(re.fullmatch(r"-?[\d \u00a0]+([.,]\d+)?( ?₽)?", text) for text in texts if text)


def _kopecks(text: str) -> int:
    try:
        return parse_amount(text)[0] if text else 0
    except Unreadable:
        return 0


def _money(places: list[int], values: dict[int, list[str]], titles: dict[int, str | None], doubts: list[str]) -> dict[int, _Column]:
    """Which of the sums is what was paid: by arithmetic in every row, else by title, else the only one."""
    sums = {place: [_kopecks(text) for text in values[place]] for place in places}
    for paid in places:
        for net in places:
            for fee in places:
                if len({paid, net, fee}) == 3 and sum(sums[net]) >= sum(sums[fee]) and _adds_up(sums[paid], sums[net], sums[fee]):
                    return {paid: _amount("amount_kop"), net: _amount("transfer_kop"), fee: _amount("commission_kop")}
    found: dict[int, _Column] = {}
    for place in places:
        key = titles.get(place)
        if key in _MONEY and key not in {one.key for one in found.values()}:
            found[place] = _amount(key)
    if places and "amount_kop" not in {one.key for one in found.values()}:
        rest = [place for place in places if place not in found]
        if rest:
            largest = max(rest, key=lambda place: sum(sums[place]))
            found[largest] = _amount("amount_kop")
            rest.remove(largest)
            if len(rest) == 1 and _is_fee(sums[rest[0]], sums[largest]):
                found[rest[0]] = _amount("commission_kop")
                doubts.append(f"Столбец {rest[0] + 1} принят за комиссию: он мал рядом с суммой. Проверьте по договору.")
            elif rest:
                doubts.append(f"Сумм в строке несколько: уплаченной взята наибольшая (столбец {largest + 1}). Проверьте по договору.")
    return found


def _is_fee(fees: Sequence[int], paid: Sequence[int]) -> bool:
    return all(0 <= 10 * fee <= abs(amount) for fee, amount in zip(fees, paid, strict=True))


def _amount(key: str) -> _Column:
    return _Column(key, "amount")


def _adds_up(paid: Sequence[int], net: Sequence[int], fee: Sequence[int]) -> bool:
    return any(fee) and all(one == other + kept for one, other, kept in zip(paid, net, fee, strict=True))


def _by_titles(found: dict[int, _Column], values: dict[int, list[str]], titles: dict[int, str | None]) -> None:
    taken = {one.key for one in found.values()}
    for place, key in titles.items():
        if (
            place in values
            and place not in found
            and key
            and key not in _MONEY
            and key not in taken
            and key not in ("operation_date", "period")
        ):
            found[place] = _Column(key)
            taken.add(key)


def _identities(found: dict[int, _Column], values: dict[int, list[str]], doubts: list[str]) -> None:
    """Account and operation id among what is left: both of digits and letters, the id never twice, the account of one length."""
    taken = {one.key for one in found.values()}
    open_places = [
        place for place, texts in values.items() if place not in found and any(texts) and _are_identifiers(texts)
    ]  # fmt: skip
    digits = [
        place for place in open_places if all(text.isascii() and text.isdigit() and 6 <= len(text) <= 20 for text in values[place] if text)
    ]
    if "account" not in taken and digits:
        repeated = [place for place in digits if len(set(values[place])) < len(values[place])]
        account = (repeated or digits[-1:])[0] if len(digits) > 1 else digits[0]
        found[account] = _Column("account")
        if len(digits) > 1:
            others = ", ".join(str(one + 1) for one in digits if one != account)
            doubts.append(f"Лицевым счётом взят столбец {account + 1}; похожи и столбцы {others}.")
        elif (
            "operation_id" not in taken
            and len(open_places) == 1
            and len(values[account]) > 1
            and len(set(values[account])) == len(values[account])
        ):
            doubts.append(f"В столбце {account + 1} ни одно значение не повторяется: проверьте, что это лицевой счёт, а не номер операции.")
    if "operation_id" not in taken:
        unique = [
            place
            for place in open_places
            if place not in found and len(set(values[place])) == len([text for text in values[place] if text])
        ]
        if unique:
            longest = max(unique, key=lambda place: (sum(map(len, values[place])), -place))
            found[longest] = _Column("operation_id")
        else:
            doubts.append("Номера операции не видно: платежи будут различаться по содержанию и порядку одинаковых строк.")


def _are_identifiers(texts: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[0-9A-Za-zА-Яа-я_-]{4,40}", text) for text in texts if text)


def _looks_like(texts: Sequence[str], what: str) -> bool:
    filled = [text for text in texts if text]
    if not filled or not re.search("[А-Яа-яЁё]", "".join(filled)):
        return False
    commas = sum(1 for text in filled if "," in text)
    if what == "address":
        return 2 * commas > len(filled)
    return 2 * commas <= len(filled) and 2 * sum(1 for text in filled if len(text.split()) in (2, 3, 4)) > len(filled)


def _text(profile_name: str, file: str, table: _Table, columns: dict[int, _Column], doubts: list[str]) -> str:
    ending = file.rpartition(".")[2].lower() if "." in file else "txt"
    lines = [
        f"# Предложено по файлу «{file}»; проверьте столбцы, модель комиссии и агента по договору.",
        f"name = {_quoted(profile_name)}",
        f"title = {_quoted(f'Реестр: {len(columns)} столбцов, предложено по файлу')}",
        f"extension = {_quoted(ending)}",
        *table.head,
        'fee_model = "kept"',
        *_first_line(table.first),
        *_control(table, columns, doubts),
        "",
        "[columns]",
    ]
    for place, column in columns.items():
        where = f"name = {_quoted(table.titles[place])}" if table.named else f"at = {place}"
        kind = "" if column.kind == "text" else f', kind = "{column.kind}"'
        pattern = f', pattern = "{column.pattern}"' if column.pattern else ""
        time = f", {column.time}" if column.time else ""
        filled = all(row[place].strip() for row in table.rows)
        required = ", required = true" if column.key in ("account", "amount_kop") or (filled and column.key in _KEYS[:2]) else ""
        lines.append(f"{column.key} = {{ {where}{kind}{pattern}{time}{required} }}")
    return "\n".join(lines) + "\n"


def _control(table: _Table, columns: dict[int, _Column], doubts: list[str]) -> list[str]:
    """What the file declares about itself, found by what its rows add up to."""
    sums = {
        column.key: sum(_kopecks(row[place].strip()) for row in table.rows) for place, column in columns.items() if column.kind == "amount"
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
    return ["", "[trailer]", f"mark = {_quoted(mark)}", f"items = {len(items)}", f"control = {{ {listed} }}"]


_REGISTRY_FACTS: tuple[tuple[str, str], ...] = (
    ("payee_account", r"\d{20}"), ("payee_inn", r"\d{10}|\d{12}"), ("registry_number", r"\w{1,12}"), ("agent", r".*[А-Яа-яA-Za-z].*"),
)  # fmt: skip


def _first_line(fields: list[str] | None) -> list[str]:
    """The line before the rows: its mark and what it names, as far as the forms say."""
    if fields is None:
        return []
    lines, taken = ["", "[first_line]", f"mark = {_quoted(fields[0])}"], set()
    for place, text in enumerate(fields[1:], 1):
        form = _by_form([text])
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
            lines.append(f"{word} = {_META.get(word) or _quoted(word.lower())}")
        else:
            left.pop(key)
            lines.append(f'{word} = {{ key = "{key}", kind = "{"count" if key == "count" else "amount"}" }}')
    return lines


def _sheet_control(table: _Table, columns: dict[int, _Column], doubts: list[str]) -> list[str]:
    if table.total is None:
        doubts.append(
            "В листе нет строки ИТОГО: без неё сумму реестра проверить нечем, и он не принимается. Договоритесь об итоге с агентом."
        )
    keys = [f"{column.key} = {_quoted(table.titles[place])}" for place, column in columns.items() if column.key in _MONEY]
    counted = table.total is not None and len(table.total) > 1 and _is_total_of("count", table.total[1], len(table.rows))
    return ["", "[summary]", *(['count = "2"'] if counted else []), *keys]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
