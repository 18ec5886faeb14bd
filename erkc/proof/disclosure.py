"""Which bytes of a message the payer may be shown, and where they stand in it.

A package of a management company holds everybody: of it only the lines are shown that records about the payer, or about nobody in
particular, came from. The configuration of a region says nothing of persons and is shown whole. Of a message whose rows cannot be told
apart nothing is shown: its hash and its place in the seal are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from adapters.format4.container import Limits, open_container
from adapters.format4.rows import lines_of_rows
from core.archive.merkle import ShownLine, content_root, show_lines
from core.ids import RecordId
from core.services.proof import ProvedMessage, ProvedRecord

__all__ = ["Disclosed", "Place", "disclose"]

_ACT = re.compile(rb"\s*\[\[\s*act\s*\]\]")


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file in a message: the first one, 0 = first of the file, and how many."""

    file: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What is shown of a message."""

    shown: Literal["whole", "lines", "none"]
    content_root: bytes
    lines: tuple[ShownLine, ...] = ()
    places: dict[RecordId, Place] = field(default_factory=dict)
    """Of the records whose lines are shown."""


def disclose(message: ProvedMessage, stream: BinaryIO, records: Sequence[ProvedRecord]) -> Disclosed:
    """What is shown of a message, from its bytes and the records that it brought."""
    if message.message.direction == "configuration":
        return Disclosed("whole", content_root(stream))
    mine = [record for record in records if record.is_shown and record.stored.position.row is not None]
    if message.adapter == "uk.format4":
        places, heads = _rows(stream.read(), mine)
    elif message.adapter == "uk.acts":
        places, heads = _acts(stream.read(), mine), set[str]()
    else:
        places, heads = {}, set[str]()
    wanted: dict[str, set[int]] = defaultdict(set)
    for name in heads:
        wanted[name].add(0)
    for place in places.values():
        wanted[place.file].update(range(place.first, place.first + place.count))
    root, lines = show_lines(stream, wanted)
    return Disclosed("lines" if lines else "none", root, tuple(lines), places)


def _rows(data: bytes, records: Sequence[ProvedRecord]) -> tuple[dict[RecordId, Place], set[str]]:
    """Rows of sections, and the files whose header goes with them. The archive was taken, so its size is no danger any more."""
    size = len(data)
    container = open_container(data, Limits(total_bytes=1 << 40, ratio=max(size, 1)))
    rows: dict[str, set[int]] = defaultdict(set)
    for record in records:
        rows[record.stored.position.file].add(record.stored.position.row or 0)
    places: dict[RecordId, Place] = {}
    heads: set[str] = set()
    for file, numbers in rows.items():
        if file not in container.entries:
            continue
        name, found = container.entries[file].orig_filename, lines_of_rows(container, file, numbers)
        heads.add(name)
        for record in records:
            position = record.stored.position
            if position.file == file and position.row in found:
                places[record.stored.record_id] = Place(name, *found[position.row])
    return places, heads


def _acts(data: bytes, records: Sequence[ProvedRecord]) -> dict[RecordId, Place]:
    """Acts of a TOML file: from the line of its head to the next head."""
    lines = data.splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if _ACT.match(line)]
    places = {}
    for record in records:
        start = (record.stored.position.row or 0) - 1
        if start in heads:
            end = next((head for head in heads if head > start), len(lines))
            places[record.stored.record_id] = Place("", start, end - start)
    return places
