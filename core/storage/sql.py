"""Named SQL: each store keeps its statements in ``queries.sql`` beside its code, under a name and a sentence.

A statement begins with ``-- name: take_slot`` and may be followed by comment lines that say what it is for. Parameters are ``:name``.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text

__all__ = ["Queries", "queries"]

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Queries:
    """The statements of one ``queries.sql`` as attributes."""

    def __init__(self, package: str) -> None:
        source = files(package).joinpath("queries.sql").read_text(encoding="utf-8")
        parts = _NAME.split(source)
        self.raw: dict[str, str] = dict(zip(parts[1::2], (body.strip() for body in parts[2::2]), strict=True))
        self._package = package

    def __getattr__(self, name: str) -> TextClause:
        if name.startswith("_") or name not in self.raw:
            raise AttributeError(f"{self._package}/queries.sql has no statement named {name}")
        return text(self.raw[name])


@cache
def queries(package: str) -> Queries:
    """The statements of a package, read once for each process."""
    return Queries(package)
