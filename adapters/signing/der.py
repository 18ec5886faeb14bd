"""The little ASN.1 (DER) that certificates and keys of ГОСТ need: ``cryptography`` reads their names, but neither their keys nor writes
them.

Definite lengths and one-byte tags only; anything else is a ``ValueError``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "Element",
    "bit_string",
    "boolean",
    "children",
    "context",
    "explicit",
    "instant",
    "integer",
    "object_identifier",
    "octets",
    "parse",
    "printable",
    "sequence",
    "set_of",
    "utf8",
]


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, the bytes inside it, and all its bytes."""

    tag: int
    content: bytes
    raw: bytes

    @property
    def identifier(self) -> str:
        """The object identifier inside, dotted."""
        if self.tag != 0x06 or not self.content:
            raise ValueError("not an object identifier")
        numbers: list[int] = []
        value = 0
        for byte in self.content:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(value)
                value = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, [first, numbers[0] - first * 40, *numbers[1:]]))


def _read(data: bytes, start: int) -> tuple[Element, int]:
    if len(data) < start + 2 or data[start] & 0x1F == 0x1F:
        raise ValueError("not DER: truncated or a long tag")
    length, at = data[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < at + count:
            raise ValueError("not DER: bad length")
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    if len(data) < at + length:
        raise ValueError("not DER: truncated")
    return Element(data[start], data[at : at + length], data[start : at + length]), at + length


def parse(data: bytes) -> Element:
    """The single element that ``data`` is."""
    element, end = _read(data, 0)
    if end != len(data):
        raise ValueError("not DER: bytes after the end")
    return element


def children(element: Element) -> list[Element]:
    """The elements inside a constructed one."""
    found, at = [], 0
    while at < len(element.content):
        child, at = _read(element.content, at)
        found.append(child)
    return found


def _wrap(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return _wrap(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """SET OF, sorted as DER wants."""
    return _wrap(0x31, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    """INTEGER, not negative."""
    return _wrap(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean(value: bool) -> bytes:
    """BOOLEAN."""
    return _wrap(0x01, b"\xff" if value else b"\x00")


def object_identifier(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    body = b""
    for number in (first * 40 + second, *rest):
        part = [number & 0x7F]
        while number := number >> 7:
            part.append(number & 0x7F | 0x80)
        body += bytes(reversed(part))
    return _wrap(0x06, body)


def octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return _wrap(0x04, content)


def bit_string(content: bytes, unused: int = 0) -> bytes:
    """BIT STRING with so many unused bits at the end."""
    return _wrap(0x03, bytes([unused]) + content)


def utf8(text: str) -> bytes:
    """UTF8String."""
    return _wrap(0x0C, text.encode())


def printable(text: str) -> bytes:
    """PrintableString, for country codes."""
    return _wrap(0x13, text.encode("ascii"))


def instant(moment: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5)."""
    if moment.year < 2050:
        return _wrap(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return _wrap(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def explicit(number: int, content: bytes) -> bytes:
    """A constructed context-specific wrapper [number]."""
    return _wrap(0xA0 | number, content)


def context(number: int, content: bytes) -> bytes:
    """A primitive context-specific value [number] IMPLICIT."""
    return _wrap(0x80 | number, content)
