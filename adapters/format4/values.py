"""Cells of «Формат 4.0»: what a text of each type means, or that it means nothing.

Every reader takes a cell without surrounding blanks that is not empty, and gives a value or ``None`` when the text is not of the type
(section 1, marks of types; section 5, F4-032). A decimal comma is read as a point; the caller warns (F4-033).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

__all__ = [
    "COMMA_TYPES", "READERS", "has_comma", "read_code", "read_date", "read_decimal", "read_identifier", "read_moment", "read_month",
    "read_whole",
]  # fmt: skip

_DECIMAL = re.compile(r"(-?)(\d{1,18})(?:[.,](\d{1,15}))?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_IDENTIFIER = re.compile(r"-?\d{1,19}", re.ASCII)
_DATE = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})", re.ASCII)
_MOMENT = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d):(\d\d)", re.ASCII)
_MONTH = re.compile(r"(\d\d)\.(\d{4})", re.ASCII)
_LARGEST = 2**63
_LONGEST_CODE = 9

COMMA_TYPES: Mapping[str, int] = {"n2": 2, "n3": 3, "n6": 6}
"""Decimal types and their places."""


def read_decimal(text: str, places: int) -> int | None:
    """A decimal as a whole number of 10^-places; more places than that may only be zeros.

    >>> read_decimal("2980.09", 2), read_decimal("0", 2), read_decimal("-1,5", 2), read_decimal("1.005", 2)
    (298009, 0, -150, None)
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    sign, whole, part = match.groups()
    part = part or ""
    if part[places:].strip("0"):
        return None
    value = int(whole + part[:places].ljust(places, "0"))
    if value >= _LARGEST:
        return None
    return -value if sign else value


def has_comma(text: str) -> bool:
    """Whether a decimal is written with a comma."""
    return "," in text


def read_whole(text: str) -> int | None:
    """A whole number."""
    return int(text) if _WHOLE.fullmatch(text) else None


def read_code(text: str) -> int | None:
    """A code of a list: a whole number of at most nine digits."""
    return int(text) if len(text) <= _LONGEST_CODE and _WHOLE.fullmatch(text) else None


def read_identifier(text: str) -> str | None:
    """A 64-bit identifier in its plain form: ``007`` and ``7`` are one."""
    if not _IDENTIFIER.fullmatch(text):
        return None
    number = int(text)
    return str(number) if -_LARGEST <= number < _LARGEST else None


def read_date(text: str) -> date | None:
    """``dd.MM.yyyy``; a day that the calendar does not have is no date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None


def read_moment(text: str) -> datetime | None:
    """``dd.MM.yyyy HH:mm:ss``, local time of the sender."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the format has no zone: local time
    except ValueError:
        return None


def read_month(text: str) -> date | None:
    """``MM.yyyy`` as the first day of the month."""
    match = _MONTH.fullmatch(text)
    return read_date(f"01.{text}") if match else None


def _yes_no(text: str) -> int | None:
    return int(text) if text in ("0", "1", "2") else None


def _as_it_stands(text: str) -> str:
    return text


READERS: Mapping[str, Callable[[str], object | None]] = {
    "id": read_identifier,
    "ref": read_identifier,
    "i": read_whole,
    "e": read_code,
    "yn": _yes_no,
    "d": read_date,
    "dt": read_moment,
    "my": read_month,
    "n2": lambda text: read_decimal(text, 2),
    "n3": lambda text: read_decimal(text, 3),
    "n6": lambda text: read_decimal(text, 6),
    **dict.fromkeys(("s", "inn", "ogrn", "snils", "fias", "account"), _as_it_stands),
}
"""One reader for each type of :data:`adapters.format4.layout.TYPES`."""
