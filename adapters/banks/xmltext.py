"""XML of banks: the declared encoding, a declaration that lies, and a document that is not whole."""

from __future__ import annotations

import re
from typing import TypeAlias

from lxml import etree

from adapters import xmlio
from adapters.banks.result import Fact
from core.errors import InputError

__all__ = ["Element", "declared_encoding", "looks_like_xml", "read_xml", "root_tag"]

Element: TypeAlias = etree._Element
_DECLARATION = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
_ROOT = re.compile(rb"""<(?![?!])(?:[\w.-]+:)?([\w.-]+)([^>]*)""")
_XMLNS = re.compile(rb"""xmlns(?::[\w.-]+)?\s*=\s*["']([^"']*)["']""")
_CANONICAL = {"windows-1251": "cp1251", "cp1251": "cp1251", "utf8": "utf-8", "ibm866": "cp866", "cp866": "cp866", "koi8-r": "koi8-r"}
_SINGLE_BYTE = frozenset(("cp1251", "cp866", "koi8-r"))


def declared_encoding(data: bytes) -> str:
    """Canonical name of the encoding that the declaration names; UTF-8 when it names none."""
    match = _DECLARATION.match(data[:512])
    if match is None:
        return "utf-8"
    name = match[1].decode("ascii").lower()
    return _CANONICAL.get(name, name)


def looks_like_xml(data: bytes) -> bool:
    """Whether the first sign is that of a tag."""
    return data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def root_tag(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Local name of the first element and the namespaces that it names, read without parsing: a cut file has them too."""
    match = _ROOT.search(data[:4096]) if looks_like_xml(data) else None
    if match is None:
        return "", ()
    return match[1].decode("ascii", "replace"), tuple(item.decode("ascii", "replace") for item in _XMLNS.findall(match[2]))


def read_xml(data: bytes) -> tuple[Element | None, str | None, Fact | None]:
    """The root, the declared encoding, and what refuses the file when there is no root."""
    encoding = declared_encoding(data)
    if encoding in _SINGLE_BYTE and not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return None, None, {"code": "ENCODING_MISMATCH", "expected": encoding, "actual": "utf-8"}
    try:
        return xmlio.parse(data), encoding, None
    except InputError as error:
        if error.code == "XML-0001":
            raise
        return None, encoding, {"code": "TRUNCATED" if error.code == "XML-0002" else "SCHEMA_INVALID"}
    except LookupError:
        return None, encoding, {"code": "TRUNCATED"}
