"""Regions that ship with the program: a folder of ``*.toml`` for each, every value dated and with the regional act.

Their meaning and their checks belong to the adapter ``adapters.uk.region``; ``erkc region load`` takes one by its name or any other folder.
"""

from __future__ import annotations

from importlib.resources import files

__all__ = ["RGIS", "contents", "names", "rgis_profile"]

RGIS = "rgis.toml"
"""How the region's own system differs from others: no part of what ``erkc region load`` takes."""


def names() -> list[str]:
    """The regions that are here."""
    return sorted(entry.name for entry in files(__name__).iterdir() if entry.is_dir() and not entry.name.startswith("_"))


def contents(name: str) -> dict[str, bytes]:
    """The files of a region by name."""
    return {
        entry.name: entry.read_bytes()
        for entry in (files(__name__) / name).iterdir()
        if entry.name.endswith(".toml") and entry.name != RGIS
    }


def rgis_profile(name: str) -> bytes | None:
    """The profile of a region's system; None where the region has none."""
    place = files(__name__) / name / RGIS
    return place.read_bytes() if name in names() and place.is_file() else None
