"""Reads the tables of federal rules that ship with the program: ``*.toml`` of this folder, dated, each with its clause and act.

Their meaning and their checks belong to ``core.charges.law``, which takes what :func:`tables` gives.
"""

from __future__ import annotations

from importlib.resources import files

__all__ = ["tables"]


def tables() -> dict[str, str]:
    """The sources of the tables (TOML) by file name; ``core.charges.law`` reads them, so that what is wrong is named with its line."""
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(files(__name__).iterdir(), key=lambda item: item.name)
        if entry.name.endswith(".toml")
    }
