"""Reads the tables of federal rules that ship with the program: ``*.toml`` of this folder, dated, each with its clause and act.

Their meaning and their checks belong to ``core.charges.law``, which takes what :func:`tables` gives.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from core.errors import ConfigError

__all__ = ["tables"]


def tables() -> dict[str, dict[str, Any]]:
    """The parsed tables by file name (``Any``: TOML values); a file that is no TOML is a ``ConfigError`` with its line."""
    found: dict[str, dict[str, Any]] = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            try:
                found[entry.name] = tomllib.loads(entry.read_text(encoding="utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise ConfigError(
                    "CFG-0423", f"config/law/{entry.name}: {error}", hint="Исправьте файл закона.", file=entry.name
                ) from error
    return found
