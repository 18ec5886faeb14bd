"""Readings back to the billing of a company: the text file of the citizens' portal (exchange reference, section 7.1).

windows-1251, fields parted by ``|``: one line ``***`` for the file, one ``###`` for each account, one ``@@@`` for each reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from core.period import Month

__all__ = ["ReturnedReading", "return_file", "return_name"]


@dataclass(frozen=True, slots=True)
class ReturnedReading:
    """One reading that goes back."""

    account: str
    service: str
    serial: str
    taken_on: date
    value_e3: int


def return_name(*, pack: int, on: date, code: str) -> str:
    """Name of the file."""
    return f"ПОКАЗАНИЯ_ПУ_{pack}_{on:%Y%m%d}_{code}.txt"


def return_file(readings: Iterable[ReturnedReading], *, month: Month, pack: int, on: date, source: str) -> bytes:
    """The file; the same readings give the same bytes. Accounts in the order of their numbers, readings by service, meter and day."""
    ordered = sorted(readings, key=lambda one: (one.account, one.service, one.serial, one.taken_on))
    accounts = [(number, list(those)) for number, those in groupby(ordered, key=lambda one: one.account)]
    lines = [("***", source, pack, f"{on:%d.%m.%Y}", f"{month.first:%d.%m.%Y}", len(accounts))]
    rows: list[tuple[object, ...]] = list(lines)
    for number, those in accounts:
        rows.append(("###", number, f"{month.first:%d.%m.%Y}", len(those), ""))
        for order, one in enumerate(those, 1):
            rows.append(("@@@", order, _plain(one.value_e3), one.service, f"{one.taken_on:%d.%m.%Y}", one.serial))
    return "".join("|".join([*(_cell(value) for value in row), "\r\n"]) for row in rows).encode("cp1251", "replace")


def _cell(value: object) -> str:
    """No separator and no line end inside a field."""
    return " ".join(str(value).replace("|", "/").split())


def _plain(value_e3: int) -> str:
    return f"{value_e3 // 1000}.{value_e3 % 1000:03d}"
