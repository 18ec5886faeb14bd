"""What the columns of an unknown registry are: by the form of their values, by their titles, by sums that agree in every row.

Nothing is decided for a person: whatever could be otherwise is told in ``doubts``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adapters.banks.values import Unreadable, parse_amount, parse_date, parse_month, parse_time

__all__ = ["MONEY", "Seen", "SeenColumn", "by_form", "columns_of", "key_of_title", "kopecks_or_zero"]

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
MONEY = ("amount_kop", "commission_kop", "transfer_kop")
_PLAIN_AMOUNT = re.compile(r"-?\d+[.,]\d{2}|-?\d{1,3}([ \u00a0]\d{3})+[.,]\d{2}")


@dataclass(slots=True)
class Seen:
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
class SeenColumn:
    """What a column is taken for: key of the contract, kind and pattern; ``time`` of a date with a time, as a profile writes it."""

    key: str
    kind: str = "text"
    pattern: str = ""
    time: str = ""


def key_of_title(title: str) -> str | None:
    """The key that a title speaks of."""
    plain = " ".join(title.lower().split())
    return next((key for key, expression in _TITLES if plain and re.search(expression, plain)), None)


def columns_of(table: Seen, doubts: list[str]) -> dict[int, SeenColumn]:
    """Place → what stands there: by its form first, then by its title, then by what the values have in common."""
    values = {place: [row[place].strip() for row in table.rows[:_LOOKED_AT]] for place in range(len(table.rows[0]) if table.rows else 0)}
    titles = {place: key_of_title(title) for place, title in enumerate(table.titles)}
    found: dict[int, SeenColumn] = {}
    money = []
    for place, texts in values.items():
        filled = [text for text in texts if text]
        column = by_form(filled)
        if not filled or column is None:
            continue
        if column.kind == "amount":
            money.append(place)
        elif column.kind == "month" and titles.get(place, "period") != "period":
            continue
        elif column.key not in {one.key for one in found.values()}:
            found[place] = column
    if table.named:
        money += [place for place in values if titles.get(place) in MONEY and place not in money and _is_number(values[place])]
    found |= _money(sorted(money), values, titles, doubts)
    _by_titles(found, values, titles)
    _identities(found, values, doubts)
    for key, title in (("payer_name", "name"), ("payer_address", "address")):
        if key not in {one.key for one in found.values()}:
            fitting = [place for place, texts in values.items() if place not in found and _looks_like(texts, title)]
            found |= {place: SeenColumn(key) for place in fitting[:1]}
    return dict(sorted(found.items()))


def by_form(filled: Sequence[str]) -> SeenColumn | None:
    """A date, a time, a month or an amount, when nearly all values have its form."""
    for pattern in _DATES:
        if _most(filled, lambda text, pattern=pattern: parse_date(text, pattern)):  # type: ignore[misc]  # bound now
            return SeenColumn("operation_date", "date", pattern)
        for time in _TIMES:
            for mark in (" ", "T"):
                if _most(filled, lambda text, p=pattern, t=time, m=mark: _moment(text, p, t, m)):  # type: ignore[misc]  # bound now
                    return SeenColumn("operation_date", "date", pattern, f'time = "{time}", split = "{mark}"')
    for time in _TIMES:
        if _most(filled, lambda text, time=time: parse_time(text, time)):  # type: ignore[misc]  # bound now
            return SeenColumn("operation_time", "time", time)
    for month in _MONTHS:
        if _most(filled, lambda text, month=month: parse_month(text, month)):  # type: ignore[misc]  # bound now
            return SeenColumn("period", "month", month)
    if all(_PLAIN_AMOUNT.fullmatch(text) for text in filled):
        return SeenColumn("amount_kop", "amount")
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


def kopecks_or_zero(text: str) -> int:
    """A sum; what is none counts as nothing (the form has been looked at before)."""
    try:
        return parse_amount(text)[0] if text else 0
    except Unreadable:
        return 0


def _money(places: list[int], values: dict[int, list[str]], titles: dict[int, str | None], doubts: list[str]) -> dict[int, SeenColumn]:
    """Which of the sums is what was paid: by arithmetic in every row, else by title, else the only one."""
    sums = {place: [kopecks_or_zero(text) for text in values[place]] for place in places}
    for paid in places:
        for net in places:
            for fee in places:
                if len({paid, net, fee}) == 3 and sum(sums[net]) >= sum(sums[fee]) and _adds_up(sums[paid], sums[net], sums[fee]):
                    return {paid: _amount("amount_kop"), net: _amount("transfer_kop"), fee: _amount("commission_kop")}
    found: dict[int, SeenColumn] = {}
    for place in places:
        key = titles.get(place)
        if key in MONEY and key not in {one.key for one in found.values()}:
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


def _amount(key: str) -> SeenColumn:
    return SeenColumn(key, "amount")


def _adds_up(paid: Sequence[int], net: Sequence[int], fee: Sequence[int]) -> bool:
    return any(fee) and all(one == other + kept for one, other, kept in zip(paid, net, fee, strict=True))


def _by_titles(found: dict[int, SeenColumn], values: dict[int, list[str]], titles: dict[int, str | None]) -> None:
    taken = {one.key for one in found.values()}
    for place, key in titles.items():
        if (
            place in values
            and place not in found
            and key
            and key not in MONEY
            and key not in taken
            and key not in ("operation_date", "period")
        ):
            found[place] = SeenColumn(key)
            taken.add(key)


def _identities(found: dict[int, SeenColumn], values: dict[int, list[str]], doubts: list[str]) -> None:
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
        found[account] = SeenColumn("account")
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
            found[longest] = SeenColumn("operation_id")
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
