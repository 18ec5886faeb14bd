"""The Merkle tree of a sealed day, by the rules of RFC 6962 section 2.1. Pure and of the standard library only, so that an outsider can
check a seal with this file alone.

A leaf is ``sha256(0x00 ‖ sha256 of the message)``, a node ``sha256(0x01 ‖ left ‖ right)``; a lone node at the end of a level goes up as
it is. The chain joins days: ``sha256(0x02 ‖ chain of the day before ‖ day as YYYY-MM-DD ‖ number of messages, 8 bytes ‖ root)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

__all__ = ["EMPTY_ROOT", "FIRST_CHAIN", "chain_link", "check_path", "path", "root"]

EMPTY_ROOT = sha256(b"").digest()
"""Root of a day on which nothing came."""
FIRST_CHAIN = bytes(32)
"""What the first sealed day is chained to."""


def _leaf(message_sha256: bytes) -> bytes:
    return sha256(b"\x00" + message_sha256).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    nodes = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return nodes + list(level[len(level) - len(level) % 2 :])


def root(message_hashes: Sequence[bytes]) -> bytes:
    """Root over the messages' SHA-256 values in their order of sealing."""
    level = [_leaf(value) for value in message_hashes]
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY_ROOT


def path(message_hashes: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """The siblings from the leaf at ``place`` (0 = first) up to the root: all that :func:`check_path` needs."""
    if not 0 <= place < len(message_hashes):
        raise ValueError(f"no leaf at place {place} of {len(message_hashes)}")
    siblings = []
    level = [_leaf(value) for value in message_hashes]
    while len(level) > 1:
        if place ^ 1 < len(level):
            siblings.append(level[place ^ 1])
        level, place = _above(level), place // 2
    return tuple(siblings)


def check_path(message_sha256: bytes, *, place: int, count: int, siblings: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether a message with this hash stands at ``place`` among ``count`` messages under the root."""
    if not 0 <= place < count:
        return False
    value, rest, last = _leaf(message_sha256), list(siblings), count - 1
    while last > 0:
        if place ^ 1 <= last:
            if not rest:
                return False
            sibling = rest.pop(0)
            value = _node(sibling, value) if place % 2 else _node(value, sibling)
        place, last = place // 2, last // 2
    return not rest and value == expected_root


def chain_link(previous_chain: bytes, *, day: date, count: int, day_root: bytes) -> bytes:
    """The chain value of a day."""
    return sha256(b"\x02" + previous_chain + day.isoformat().encode("ascii") + count.to_bytes(8, "big") + day_root).digest()
