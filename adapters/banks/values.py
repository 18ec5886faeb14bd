"""Written values: sums, calendar dates, times, months. A value is read exactly or not at all; nothing is guessed.

Patterns of dates are written as people write them in contracts: ``ДД-ММ-ГГГГ``, ``ЧЧ:ММ:СС``, ``ММГГ``.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache

__all__ = ["Unreadable", "parse_amount", "parse_count", "parse_date", "parse_month", "parse_time"]

_PLAIN = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,2}))?", re.ASCII)
_CURRENCY = re.compile(r"\s*(?:₽|руб\.?|р\.)$", re.IGNORECASE)
_THOUSANDS = re.compile("(?<=\\d)[ \u00a0\u202f'’](?=\\d{3}(?:\\D|$))")
_COMMA_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_PARTS = {
    "ГГГГ": r"(?P<year>\d{4})",
    "ГГ": r"(?P<year>\d{2})",
    "ДД": r"(?P<day>\d{2})",
    "ЧЧ": r"(?P<hour>\d{2})",
    "СС": r"(?P<second>\d{2})",
}


class Unreadable(ValueError):
    """The text is not a value of the kind that stands at its place."""


def parse_amount(text: str, *, comma_is_local: bool = True) -> tuple[int, bool]:
    """Kopecks, and whether the sum is written in a local manner (decimal comma, spaced thousands, currency sign).

    >>> parse_amount("1250.40"), parse_amount("1 250,40 ₽"), parse_amount("-700")
    ((125040, False), (125040, True), (-70000, False))
    """
    match = _PLAIN.fullmatch(text)
    local = match is None
    if match is None:
        plain = _THOUSANDS.sub("", _CURRENCY.sub("", text.strip("\u00a0 ")))
        if "," in plain:
            plain = _COMMA_THOUSANDS.sub("", plain) if "." in plain[plain.index(",") :] else plain.replace(",", ".")
        match = _PLAIN.fullmatch(plain)
        local = local and (comma_is_local or "," not in text)
    if match is None:
        raise Unreadable(text)
    sign, whole, part = match.groups()
    value = int(whole) * 100 + int((part or "").ljust(2, "0"))
    return (-value if sign else value), local


def parse_count(text: str) -> int:
    """A number of rows."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Unreadable(text)
    return int(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    expression = re.escape(pattern)
    for token, part in _PARTS.items():
        if token == "ГГ" and "ГГГГ" in pattern:
            continue
        expression = expression.replace(token, part)
    return re.compile(expression.replace("ММ", r"(?P<minute>\d{2})" if "ЧЧ" in pattern else r"(?P<month>\d{2})"), re.ASCII)


def _read(text: str, pattern: str) -> dict[str, int]:
    match = _compiled(pattern).fullmatch(text)
    if match is None:
        raise Unreadable(text)
    parts = {name: int(value) for name, value in match.groupdict().items()}
    if "year" in parts and "ГГГГ" not in pattern:
        parts["year"] += 2000
    return parts


@lru_cache(maxsize=4096)
def parse_date(text: str, pattern: str) -> str:
    """A calendar date as ``YYYY-MM-DD``; a 29 February of a common year is unreadable.

    The pattern ``36`` is that of DBF names: year − 2000, month and day, one digit of base 36 each.
    """
    if pattern == "36":
        if not re.fullmatch(r"[0-9A-Za-z]{3}", text):
            raise Unreadable(text)
        parts = {"year": 2000 + int(text[0], 36), "month": int(text[1], 36), "day": int(text[2], 36)}
    else:
        parts = _read(text, pattern)
    try:
        return date(parts["year"], parts["month"], parts["day"]).isoformat()
    except ValueError as error:
        raise Unreadable(text) from error


def parse_time(text: str, pattern: str) -> str:
    """A time of day as ``HH:MM:SS``."""
    parts = _read(text, pattern)
    hour, minute, second = parts["hour"], parts["minute"], parts.get("second", 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Unreadable(text)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


@lru_cache(maxsize=4096)
def parse_month(text: str, pattern: str) -> str:
    """A month as ``YYYY-MM``."""
    parts = _read(text, pattern)
    if not 1 <= parts["month"] <= 12:
        raise Unreadable(text)
    return f"{parts['year']:04d}-{parts['month']:02d}"
