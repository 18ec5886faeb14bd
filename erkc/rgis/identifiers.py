"""Identifiers of what only the hub has: they follow from what the thing is, so it has the same one in every unload."""

from __future__ import annotations

from hashlib import sha256

__all__ = ["identifier"]

_OWN = 1 << 62
"""Identifiers of ours are 19 digits from here on: a sender's own never meet them in practice."""


def identifier(*names: object) -> str:
    """A 63-bit number, as identifiers of the format are 64-bit whole numbers: 62 bits of a hash below the bit that marks ours."""
    return str(_OWN | int.from_bytes(sha256("/".join(map(str, names)).encode()).digest()[:8], "big") >> 2)
