"""Regions that ship with the program: a folder of ``*.toml`` for each, every value dated and with the regional act.

Their meaning and their checks belong to the adapter ``adapters.uk.region``; ``erkc region load`` takes one by its name or any other folder.
"""

from __future__ import annotations

from importlib.resources import files

__all__ = ["contents", "names"]


def names() -> list[str]:
    """The regions that are here."""
    return sorted(entry.name for entry in files(__name__).iterdir() if entry.is_dir() and not entry.name.startswith("_"))


def contents(name: str) -> dict[str, bytes]:
    """The files of a region by name."""
    return {entry.name: entry.read_bytes() for entry in (files(__name__) / name).iterdir() if entry.name.endswith(".toml")}
