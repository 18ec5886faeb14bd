"""Hand-derived cases that an accountant reads, and how they are read: YAML in which every number stays the text it was written as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

__all__ = ["CASES", "read_cases"]

CASES = Path(__file__).parent


class _Loader(yaml.SafeLoader):
    """YAML in which a scalar is the text that stands there (``4.20``, ``2026-10-01``, ``on``, ``false``): nothing is rounded on the way."""


_TEXT = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "timestamp")}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in _TEXT]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_cases(folder: str) -> list[dict[str, Any]]:
    """All cases of a folder, each with the name of its file under ``файл``."""
    found = []
    for path in sorted((CASES / folder).glob("*.yaml")):
        listed = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        found.extend({**case, "файл": path.name} for case in listed)
    return found
