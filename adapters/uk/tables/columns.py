"""Kinds of tables and their columns, as data: what may be said, and how people head it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Column", "TableKind", "heading_key", "kinds"]

_MARKS = re.compile(r"[^0-9a-zа-я№]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that a row may say."""

    code: str
    type: str
    name: str
    mandatory: bool
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table."""

    code: str
    title: str
    columns: tuple[Column, ...]


def heading_key(text: str) -> str:
    """A heading without case, marks and the letter «ё».

    >>> heading_key("Общая  площадь,\\nкв.м.")
    'общая площадь кв м'
    """
    return " ".join(_MARKS.sub(" ", text.lower().replace("ё", "е")).split())


@cache
def kinds() -> Mapping[str, TableKind]:
    """All kinds by code."""
    data = tomllib.loads((files("adapters.uk.tables") / "columns.toml").read_text(encoding="utf-8"))
    return {
        code: TableKind(
            code,
            table["title"],
            tuple(
                Column(
                    row["code"], row["type"], row["name"], row.get("mandatory", False), tuple(heading_key(text) for text in row["headings"])
                )
                for row in table["columns"]
            ),
        )
        for code, table in data.items()
    }
