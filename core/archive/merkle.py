"""The Merkle trees of the archive, by the rules of RFC 6962 section 2.1. Pure and of the standard library only, so that an outsider can
check a seal with this file alone.

A leaf is ``sha256(0x00 ‖ value)``, a node ``sha256(0x01 ‖ left ‖ right)``; a lone node at the end of a level goes up as it is. Three trees
stand on each other, so that one line of a message can be shown without the others:

* the lines of a file: value ``sha256(0x03 ‖ salt ‖ bytes of the line with its end)``;
* the files of a message (the members of a ZIP archive in its order; anything else is one file without a name): value
  ``sha256(0x04 ‖ length of the name, 4 bytes ‖ name ‖ number of lines, 8 bytes ‖ root of the lines)``; its root is the *content root*;
* the messages of a day: value ``sha256(0x05 ‖ sha256 of the message ‖ content root)``.

The salt of a line is ``sha256(0x06 ‖ sha512 of the message ‖ number of the file, 4 bytes ‖ number of the line, 8 bytes)``: whoever has the
message computes all of them; whoever is shown a line learns nothing of its neighbours, and cannot try values out. The chain joins days:
``sha256(0x02 ‖ chain of the day before ‖ day as YYYY-MM-DD ‖ number of messages, 8 bytes ‖ root)``.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256, sha512
from typing import IO, BinaryIO

__all__ = [
    "EMPTY_ROOT",
    "FIRST_CHAIN",
    "NO_CONTENT",
    "ShownLine",
    "Tree",
    "chain_link",
    "check_line",
    "check_path",
    "content_root",
    "line_value",
    "path",
    "paths",
    "root",
    "sealed_value",
    "show_lines",
]

EMPTY_ROOT = sha256(b"").digest()
"""Root of a tree without leaves: a day on which nothing came, an empty file."""
FIRST_CHAIN = bytes(32)
"""What the first sealed day is chained to."""
NO_CONTENT = bytes(32)
"""Content root of a message whose bytes the law had removed before the day was sealed."""

_LONGEST_LINE = 1 << 20
"""A longer one is several lines."""
_BLOCK = 1 << 16
_MOST_BYTES, _MOST_RATIO, _FREE_BYTES = 4 << 30, 200, 16 << 20
"""A ZIP archive that says it unpacks into more is one file of bytes; below so much the ratio proves nothing."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError)
"""What :mod:`zipfile` raises over bytes that are no archive it can read; ``RuntimeError``: encrypted, or packed by a method it lacks."""


def _leaf(value: bytes) -> bytes:
    return sha256(b"\x00" + value).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    nodes = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return nodes + list(level[len(level) - len(level) % 2 :])


def root(values: Sequence[bytes]) -> bytes:
    """Root over values of 32 bytes in their order."""
    level = [_leaf(value) for value in values]
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY_ROOT


def path(values: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """The siblings from the leaf at ``place`` (0 = first) up to the root: all that :func:`check_path` needs."""
    return paths(values, (place,))[place]


def paths(values: Sequence[bytes], places: Iterable[int]) -> dict[int, tuple[bytes, ...]]:
    """:func:`path` for several places at once."""
    siblings: dict[int, list[bytes]] = {place: [] for place in places}
    for place in siblings:
        if not 0 <= place < len(values):
            raise ValueError(f"no leaf at place {place} of {len(values)}")
    level, height = [_leaf(value) for value in values], 0
    while len(level) > 1:
        for place, found in siblings.items():
            beside = (place >> height) ^ 1
            if beside < len(level):
                found.append(level[beside])
        level, height = _above(level), height + 1
    return {place: tuple(found) for place, found in siblings.items()}


def check_path(value: bytes, *, place: int, count: int, siblings: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether this value stands at ``place`` among ``count`` under the root."""
    if not 0 <= place < count:
        return False
    node, rest, last = _leaf(value), list(siblings), count - 1
    while last > 0:
        if place ^ 1 <= last:
            if not rest:
                return False
            sibling = rest.pop(0)
            node = _node(sibling, node) if place % 2 else _node(node, sibling)
        place, last = place // 2, last // 2
    return not rest and node == expected_root


class Tree:
    """A root that grows value by value, in memory of the tree's height."""

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, value: bytes) -> None:
        """The next value."""
        height, node = 0, _leaf(value)
        while self._peaks and self._peaks[-1][0] == height:
            node = _node(self._peaks.pop()[1], node)
            height += 1
        self._peaks.append((height, node))
        self.count += 1

    def root(self) -> bytes:
        """The same as :func:`root` of the values so far."""
        if not self._peaks:
            return EMPTY_ROOT
        *lefts, (_, node) = self._peaks
        for _, left in reversed(lefts):
            node = _node(left, node)
        return node


def sealed_value(message_sha256: bytes, content: bytes) -> bytes:
    """What stands for a message in the tree of its day: its hash and its content root."""
    return sha256(b"\x05" + message_sha256 + content).digest()


def chain_link(previous_chain: bytes, *, day: date, count: int, day_root: bytes) -> bytes:
    """The chain value of a day."""
    return sha256(b"\x02" + previous_chain + day.isoformat().encode("ascii") + count.to_bytes(8, "big") + day_root).digest()


def line_value(salt: bytes, line: bytes) -> bytes:
    """What stands for a line in the tree of its file."""
    return sha256(b"\x03" + salt + line).digest()


def _file_value(name: str, lines: int, lines_root: bytes) -> bytes:
    text = name.encode("utf-8", "surrogatepass")
    return sha256(b"\x04" + len(text).to_bytes(4, "big") + text + lines.to_bytes(8, "big") + lines_root).digest()


def content_root(stream: BinaryIO) -> bytes:
    """The content root of a message, from a seekable file with its bytes."""
    secret, size = _secret(stream)
    try:
        return _content_root(_zip_files(stream, size), secret)
    except _DAMAGE:  # not an archive, a damaged or an encrypted one: one file of bytes
        return _content_root([("", _lines(_rewound(stream)))], secret)


def _content_root(found: Iterable[tuple[str, Iterator[bytes]]], secret: bytes) -> bytes:
    files = Tree()
    for number, (name, lines) in enumerate(found):
        tree, prefix = Tree(), _salt_prefix(secret, number)
        for place, line in enumerate(lines):
            tree.add(line_value(_salt(prefix, place), line))
        files.add(_file_value(name, tree.count, tree.root()))
    return files.root()


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a message with all that leads from it to the message's content root."""

    file: str
    file_place: int
    files: int
    """How many files the message has; the path proves its size only as far as its own length goes."""
    place: int
    """Number of the line in its file, 0 = first."""
    lines: int
    salt: bytes
    data: bytes
    siblings: tuple[bytes, ...]
    lines_root: bytes
    file_siblings: tuple[bytes, ...]


def show_lines(stream: BinaryIO, wanted: Mapping[str, Collection[int]]) -> tuple[bytes, list[ShownLine]]:
    """The content root of a message and some of its lines (by file, numbers from 0) with their paths; what is not there is left out.

    Of several files with one name the first is meant.
    """
    secret, size = _secret(stream)
    try:
        return _shown(_zip_files(stream, size), secret, wanted)
    except _DAMAGE:
        return _shown([("", _lines(_rewound(stream)))], secret, wanted)


def _shown(
    found: Iterable[tuple[str, Iterator[bytes]]], secret: bytes, wanted: Mapping[str, Collection[int]]
) -> tuple[bytes, list[ShownLine]]:
    files: list[bytes] = []
    picked: list[tuple[str, int, int, bytes, dict[int, tuple[bytes, bytes]], dict[int, tuple[bytes, ...]]]] = []
    seen: set[str] = set()
    for number, (name, lines) in enumerate(found):
        prefix, places = _salt_prefix(secret, number), set(() if name in seen else wanted.get(name, ()))
        seen.add(name)
        values: list[bytes] = []
        tree, shown = Tree(), {}
        for place, line in enumerate(lines):
            salt = _salt(prefix, place)
            value = line_value(salt, line)
            tree.add(value)
            if places:
                values.append(value)
            if place in places:
                shown[place] = (salt, line)
        files.append(_file_value(name, tree.count, tree.root()))
        if shown:
            picked.append((name, number, tree.count, tree.root(), shown, paths(values, shown)))
    ways = paths(files, [number for _, number, *_ in picked])
    result = [
        ShownLine(name, number, len(files), place, count, salt, line, siblings[place], lines_root, ways[number])
        for name, number, count, lines_root, shown, siblings in picked
        for place, (salt, line) in sorted(shown.items())
    ]
    return root(files), result


def check_line(line: ShownLine, content: bytes) -> bool:
    """Whether the line stands at its place of its file in the message with this content root."""
    value = line_value(line.salt, line.data)
    stands = check_path(value, place=line.place, count=line.lines, siblings=line.siblings, expected_root=line.lines_root)
    file = _file_value(line.file, line.lines, line.lines_root)
    return stands and check_path(file, place=line.file_place, count=line.files, siblings=line.file_siblings, expected_root=content)


def _secret(stream: BinaryIO) -> tuple[bytes, int]:
    digest, size = sha512(), 0
    _rewound(stream)
    while block := stream.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return digest.digest(), size


def _salt_prefix(secret: bytes, file: int) -> bytes:
    return b"\x06" + secret + file.to_bytes(4, "big")


def _salt(prefix: bytes, line: int) -> bytes:
    return sha256(prefix + line.to_bytes(8, "big")).digest()


def _rewound(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream


def _zip_files(stream: BinaryIO, size: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Names and lines of the files of a ZIP archive; whatever is wrong with it raises one of ``_DAMAGE``."""
    if _rewound(stream).read(2) != b"PK":
        raise zipfile.BadZipFile("not an archive")
    with zipfile.ZipFile(stream, metadata_encoding="cp866") as opened:
        infos = [info for info in opened.infolist() if not info.is_dir()]
        if sum(info.file_size for info in infos) > min(_MOST_BYTES, max(_FREE_BYTES, _MOST_RATIO * size)):
            raise zipfile.BadZipFile("unpacks into too much")
        for info in infos:
            with opened.open(info) as member:
                yield info.orig_filename, _lines(member)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends: ``\\n``, ``\\r\\n`` or ``\\r``."""
    rest = b""
    while block := stream.read(_BLOCK):
        *whole, rest = (rest + block).splitlines(keepends=True)
        yield from whole
        while len(rest) >= _LONGEST_LINE:
            yield rest[:_LONGEST_LINE]
            rest = rest[_LONGEST_LINE:]
    if rest:
        yield rest
