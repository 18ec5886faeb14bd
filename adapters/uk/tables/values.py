"""Cells as people write them: numbers as text with blanks and commas, dates in words. What can not be read for certain is None."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

__all__ = ["read_date", "read_scaled", "read_whole"]

_MONTHS = ("январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр")
_DOTTED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?(?:\s*г\.?)?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_WORDS = re.compile(r"(\d{1,2})\s+([а-я]+)\s+(\d{4})(?:\s*г(?:ода|\.)?)?", re.IGNORECASE)
_UNIT = re.compile(r"(?:руб(?:лей|ля|ль|\.)?|р\.|₽|м2|м²|кв\.?\s*м\.?|чел\.?)$", re.IGNORECASE)
_NOISE = Decimal("0.000000001")


def read_scaled(text: str, places: int) -> int | None:
    """A decimal with at most so many places, as a whole number of its last place.

    A binary fraction of a spreadsheet (45.300000000000004) is the decimal that it stands for.

    >>> read_scaled("1 234,50 руб.", 2), read_scaled("45.300000000000004", 2), read_scaled("(12,00)", 2), read_scaled("12,345", 2)
    (123450, 4530, -1200, None)
    """
    plain = _UNIT.sub("", text.strip().strip("'").strip()).strip()
    plain = re.sub(r"[\s\u00a0\u202f]", "", plain).replace("−", "-").replace("–", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    if "," in plain and "." in plain:
        plain = plain.replace("." if plain.rfind(",") > plain.rfind(".") else ",", "")
    plain = plain.replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,20})?", plain):
        return None
    try:
        exact = Decimal(plain).quantize(_NOISE, ROUND_HALF_UP)
        scaled = exact.scaleb(places)
    except InvalidOperation:
        return None
    return int(scaled) if scaled == int(scaled) else None


def read_whole(text: str) -> int | None:
    """A whole number: ``3``, ``3,0``."""
    return read_scaled(text, 0)


def read_date(text: str) -> date | None:
    """A day as it is written in Russia: ``01.10.2026``, ``1 октября 2026 г.``, ``2026-10-01``.

    >>> read_date("1 октября 2026 г.") == read_date("01.10.2026") == read_date("2026-10-01 00:00:00")
    True
    """
    plain = text.strip()
    dotted, iso, words = _DOTTED.fullmatch(plain), _ISO.fullmatch(plain), _WORDS.fullmatch(plain)
    try:
        if dotted is not None:
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        if iso is not None:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if words is not None:
            month = _month(words[2].lower())
            return None if month is None else date(int(words[3]), month, int(words[1]))
    except ValueError:
        return None
    return None


def _month(word: str) -> int | None:
    for number, stem in enumerate(_MONTHS, 1):
        if word.startswith(stem) and (stem != "ма" or word in ("мая", "май")):
            return number
    return None
