"""Error families of the federal system as data (``faults.toml``): what a code means for the next step. Unknown codes follow their
family."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, cast

__all__ = ["Meaning", "meaning"]

Meaning = Literal["permanent", "stop", "retry", "empty", "success", "exists", "lookup"]
_MEANINGS = frozenset(("permanent", "stop", "retry", "empty", "success", "exists", "lookup"))


@cache
def _table() -> dict[str, dict[str, Meaning]]:
    loaded = tomllib.loads(files("adapters.gis_zhkh").joinpath("faults.toml").read_text(encoding="utf-8"))
    for section, entries in loaded.items():
        for code, value in entries.items():
            if value not in _MEANINGS:
                raise ValueError(f"faults.toml: {section}.{code} = {value!r} is no known meaning")
    return cast("dict[str, dict[str, Meaning]]", loaded)  # checked above; tomllib knows no types


def meaning(code: str, *, withdrawal: bool = False) -> Meaning:
    """What to do about a code; a code of no known family is permanent, so that nothing is repeated blindly.

    >>> meaning("EXP001000"), meaning("AUT999999"), meaning("INT002012"), meaning("SRV008070", withdrawal=True)
    ('retry', 'permanent', 'empty', 'success')
    """
    table = _table()
    if withdrawal and code in table["withdrawal"]:
        return table["withdrawal"][code]
    return table["codes"].get(code) or table["families"].get(code[:3], "permanent")
