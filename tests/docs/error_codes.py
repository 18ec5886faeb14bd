"""Every stable code that the program can print, found in its source: the codes of errors, findings and refusals.

A code is a string literal of the form ``XX-0000`` in code or data, or a name in capitals of a bank file's error
(:mod:`adapters.banks.messages`). The table of ``docs/operations.md`` must have each of them and no other;
``python -m tests.docs.error_codes`` says which are missing there and which are there in vain.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from adapters.banks.messages import _TEXTS as BANK_TEXTS

__all__ = ["ROOT", "codes_of_program", "codes_of_table"]

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"(?!SHA-)[A-Z][A-Z0-9]{1,4}-[A-Z]?\d{2,4}")
_CAPITALS = re.compile(r"[A-Z]+(_[A-Z]+)+")
_FOLDERS = ("core", "adapters", "config", "erkc")
_SAID_BY_STANDS = "erkc/stands"
"""Stands speak as the other side; what they say is in the federal album, not in our table."""
_ROW = re.compile(r"^\| `([A-Z0-9_-]+)` \|", re.M)


def codes_of_program() -> set[str]:
    """Codes in the source."""
    found: set[str] = set()
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT).as_posix()
            if relative.startswith(_SAID_BY_STANDS):
                continue
            if path.suffix == ".py":
                found |= set(_in_code(path.read_text(encoding="utf-8")))
            elif path.name == "findings.toml":
                found |= set(tomllib.loads(path.read_text(encoding="utf-8")))
    return found | set(BANK_TEXTS)


def _in_code(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.keyword) and node.arg == "code":
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and _CAPITALS.fullmatch(inner.value):
                    yield inner.value


def codes_of_table(page: str) -> list[str]:
    """Codes in the first column of the tables under the heading of error codes."""
    return _ROW.findall(page.partition("## Error codes")[2])


if __name__ == "__main__":
    of_program, of_table = codes_of_program(), set(codes_of_table((ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    sys.stdout.write(f"missing: {sorted(of_program - of_table)}\nin vain: {sorted(of_table - of_program)}\n")
