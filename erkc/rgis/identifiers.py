"""Identifiers of what only the hub has: they follow from what the thing is, so it has the same one in every unload."""

from __future__ import annotations

from hashlib import sha256

from core.records.table_keys import TABLE_PREFIX

__all__ = ["identifier", "known_as"]

_OWN = 1 << 62
"""Identifiers of ours are 19 digits from here on: a sender's own never meet them in practice."""


def identifier(*names: object) -> str:
    """A 63-bit number, as identifiers of the format are 64-bit whole numbers: 62 bits of a hash below the bit that marks ours."""
    return str(_OWN | int.from_bytes(sha256("/".join(map(str, names)).encode()).digest()[:8], "big") >> 2)


def known_as(key: str) -> str:
    """The identifier of a thing by its key here: the sender's own, or one of ours where a table, which has no keys, told of it first.

    It stays when the sender's archives bring the same thing later under a key of theirs: the region knows the thing by the first one.
    """
    return identifier(key) if key.startswith(TABLE_PREFIX) else key
