"""Bytes of a text file: which encoding they are in, and their lines as a stream of blocks.

cp866 and cp1251 both decode nearly any bytes, so "it decodes" proves nothing: bytes are text in an encoding when at least 95 % of their
characters beyond ASCII are Russian letters or the few signs that Russian documents use (rule of the contract, section 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["TextFile", "detect_encoding", "open_text"]

_BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 16
_GOOD = "".join(chr(code) for code in range(0x410, 0x450)) + "Ёё«»№–—“”₽°\u00a0\u0301"
_ASCII = bytes(range(128))
_SINGLE_BYTE = ("cp1251", "cp866", "koi8-r")
_GOOD_BYTES = {name: _GOOD.encode(name, errors="ignore") for name in _SINGLE_BYTE}
_BAD_CHARACTER = re.compile(f"[^\x00-\x7f{_GOOD}]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_UNDEFINED_CP1251 = b"\x98"
_LINE_END = b"\r\n"


def detect_encoding(data: bytes) -> str | None:
    """Canonical name of the encoding that makes the bytes text: BOM, strict UTF-8, cp1251, cp866, KOI8-R; None when none does.

    Bytes of ASCII only are text in all of them: the answer is an empty string, and the profile decides.
    """
    if data.startswith(_BOM):
        return "utf-8" if _is_utf8_text(data) else None
    if data.isascii():
        return ""
    if _is_utf8_text(data):
        return "utf-8"
    return next((name for name in _SINGLE_BYTE if _is_single_byte_text(data, name)), None)


def _is_utf8_text(data: bytes) -> bool:
    beyond = bad = 0
    try:
        for block in _blocks(data, 3 if data.startswith(_BOM) else 0, len(data)):
            text = block.decode("utf-8")
            if not text.isascii():
                beyond += len(_BEYOND_ASCII.findall(text))
                bad += len(_BAD_CHARACTER.findall(text))
    except UnicodeDecodeError:
        return False
    return 20 * bad <= beyond


def _is_single_byte_text(data: bytes, name: str) -> bool:
    if name == "cp1251" and _UNDEFINED_CP1251 in data:
        return False
    beyond = bad = 0
    for start in range(0, len(data), _BLOCK):
        high = data[start : start + _BLOCK].translate(None, _ASCII)
        beyond += len(high)
        bad += len(high.translate(None, _GOOD_BYTES[name]))
    return 20 * bad <= beyond


def _blocks(data: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Pieces of some thousand lines that end with a line end; the last one with the data."""
    while start < stop:
        end = min(start + _BLOCK, stop)
        if end < stop:
            end = data.rfind(b"\n", start, end) + 1 or data.find(b"\n", end, stop) + 1 or stop
        yield data[start:end]
        start = end


@dataclass(frozen=True, slots=True)
class TextFile:
    """A decoded view of bytes: the part without byte order mark and DOS end-of-file mark, line by line."""

    data: bytes
    encoding: str
    start: int
    stop: int
    mixed_line_ends: bool
    has_bom: bool
    has_ctrl_z: bool

    def lines(self, start: int | None = None, stop: int | None = None) -> Iterator[str]:
        """Lines without their ends; an empty last one is not given."""
        for text in self.texts(start, stop):
            yield from text.split("\n")

    def texts(self, start: int | None = None, stop: int | None = None) -> Iterator[str]:
        """The same lines, many at a time with a line feed between them."""
        for block in _blocks(self.data, self.start if start is None else start, self.stop if stop is None else stop):
            text = block.decode(self.encoding)
            yield text.removesuffix("\n").removesuffix("\r").replace("\r\n", "\n")

    def last_line(self) -> tuple[int, str, bool]:
        """Offset and text of the last line that is not empty, and whether a line end follows it."""
        stop = self.stop
        while stop > self.start and self.data[stop - 1] in _LINE_END:
            stop -= 1
        start = max(self.data.rfind(b"\n", self.start, stop) + 1, self.start)
        return start, self.data[start:stop].decode(self.encoding), stop < self.stop

    def warnings(self) -> list[str]:
        """What is odd about the bytes, by codes of the contract's section 6."""
        found = {"BOM_PRESENT": self.has_bom, "MIXED_EOL": self.mixed_line_ends, "TRAILING_CTRL_Z": self.has_ctrl_z}
        return [code for code, present in found.items() if present]


def open_text(data: bytes, encoding: str) -> TextFile:
    """View ``data`` as text in an encoding that :func:`detect_encoding` has found."""
    start = 3 if data.startswith(_BOM) else 0
    stop = len(data)
    while stop > start and data[stop - 1] == 0x1A:
        stop -= 1
    pairs = data.count(b"\r\n")
    singles = data.count(b"\n") - pairs
    return TextFile(data, encoding, start, stop, pairs > 0 < singles, start > 0, stop < len(data))
