"""Packs a finished PDF: objects that are no streams go into compressed object streams (PDF 1.5 and later, allowed in PDF/A-2).

Typst writes the tags of a page as some hundreds of plain objects, more than half of a bill. Packed, they are a tenth of that; nothing
that is shown, read aloud or extracted changes. Only the regular output of Typst is understood (one classic cross-reference
table); anything else is given back as it came.
"""

from __future__ import annotations

import re
import struct
import zlib
from itertools import pairwise

__all__ = ["pack"]

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_OBJECT = re.compile(rb"(\d+) 0 obj\s")
_GROUP = 400
"""Objects in one object stream: a reader unpacks a stream as a whole."""
_LEVEL = 6
"""Of compression: the highest takes more than twice as long for a fiftieth less."""
_DIRECT, _COMPRESSED = 1, 2


def pack(pdf: bytes) -> bytes:
    """The same document with its plain objects compressed; deterministic."""
    found = _START.search(pdf)
    if found is None or not pdf.startswith(b"xref", table := int(found[1])):
        return pdf
    trailer = re.search(rb"trailer\s*<<(.*)>>\s*startxref", pdf[table:], re.DOTALL)
    if trailer is None:
        return pdf
    streams, plain = _objects(pdf, _offsets(pdf[table:]))
    out = bytearray(pdf[: min(_offsets(pdf[table:]))])
    places: dict[int, tuple[int, int, int]] = {}
    for number, body in streams.items():
        places[number] = (_DIRECT, len(out), 0)
        out += b"%d 0 obj\n%s\nendobj\n\n" % (number, body)
    following = max(places.keys() | plain.keys()) + 1
    numbers = sorted(plain)
    for start in range(0, len(numbers), _GROUP):
        group = numbers[start : start + _GROUP]
        places |= {number: (_COMPRESSED, following, n) for n, number in enumerate(group)}
        places[following] = (_DIRECT, len(out), 0)
        out += _object_stream(following, [(number, plain[number]) for number in group])
        following += 1
    return bytes(out + _cross_reference(following, len(out), places, trailer[1]))


def _offsets(table: bytes) -> list[int]:
    return [int(offset) for offset in re.findall(rb"(\d{10}) \d{5} n", table[: table.index(b"trailer")])]


def _objects(pdf: bytes, offsets: list[int]) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Bodies of the objects, those with a stream apart."""
    streams: dict[int, bytes] = {}
    plain: dict[int, bytes] = {}
    bounds = [*sorted(offsets), pdf.rindex(b"xref\n", 0, pdf.rindex(b"trailer"))]
    for start, end in pairwise(bounds):
        head = _OBJECT.match(pdf, start)
        if head is None:
            raise ValueError(f"no PDF object at byte {start}")
        body = pdf[head.end() : pdf.rindex(b"endobj", start, end)].strip(b"\r\n ")
        (streams if body.endswith(b"endstream") else plain)[int(head[1])] = body
    return streams, plain


def _object_stream(number: int, objects: list[tuple[int, bytes]]) -> bytes:
    heads, bodies, offset = [], [], 0
    for inner, body in objects:
        heads.append(b"%d %d" % (inner, offset))
        bodies.append(body)
        offset += len(body) + 1
    index = b" ".join(heads) + b"\n"
    return _stream(number, b"/Type/ObjStm/N %d/First %d" % (len(objects), len(index)), index + b"\n".join(bodies))


def _cross_reference(number: int, start: int, places: dict[int, tuple[int, int, int]], trailer: bytes) -> bytes:
    """A cross-reference stream (ISO 32000-1, 7.5.8) that also carries the trailer's keys."""
    places = places | {number: (_DIRECT, start, 0)}
    rows = b"".join(struct.pack(">BIH", *places.get(n, (0, 0, 0xFFFF))) for n in range(number + 1))
    kept = re.sub(rb"/Size\s+\d+", b"", trailer).strip()
    entries = b"/Type/XRef/Size %d/W[1 4 2]%s" % (number + 1, kept)
    return _stream(number, entries, rows) + b"startxref\n%d\n%%%%EOF\n" % start


def _stream(number: int, entries: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data, _LEVEL)
    return b"%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n\n" % (number, entries, len(packed), packed)
