"""XML and JSON of payment agents: attributes of one element, or keys of one object, are a row of the profile's columns.

Numbers of JSON are kept as they are written (``1250.4`` is 1250 roubles 40 kopecks, never a binary fraction); a document that is cut is no
document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from lxml import etree

from adapters.banks.profile import Column, Profile
from adapters.banks.proof import Registry, Row, header_value
from adapters.banks.result import KnownAccounts, ParsedFile
from adapters.banks.text import detect_encoding, open_text
from adapters.banks.xmltext import read_xml

__all__ = ["parse_attributes", "parse_json"]

_MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
_Object = Mapping[str, Any]
"""A JSON object or the attributes of an element. ``Any``: values as the sender wrote them."""


def parse_attributes(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check a registry whose operations are elements with attributes: ``Message/Operations/Operation`` and ``Total``."""
    root, encoding, refusal = read_xml(data)
    if root is None:
        return ParsedFile(name, profile.name, encoding, "rejected", [refusal or {"code": "TRUNCATED"}])
    if etree.QName(root).localname != profile.heading:
        return ParsedFile(name, profile.name, encoding, "rejected", [{"code": "BAD_SIGNATURE", "expected": f"<{profile.heading}"}])
    header = {column.key: header_value(column, [root.get(word, "")]) for word, column in profile.header_names.items()}
    operations = [dict(node.attrib) for node in root.iterfind("Operations/Operation")]
    registry = Registry(name, profile, known, encoding, [], lambda: _rows(operations, profile), header)
    total = root.find("Total")
    if total is None:
        return registry.refused([{"code": "MISSING_TRAILER"}])
    for key, word in profile.summary.items():
        registry.declare(key, total.get(word, ""))
    return registry.result()


def parse_json(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check a registry that is one JSON object with a list of payments."""
    found = detect_encoding(data)
    agreed = profile.encodings[0]
    if found is None:
        return ParsedFile(name, profile.name, None, "rejected", [{"code": "ENCODING_UNDECODABLE", "expected": agreed}])
    encoding = found or agreed
    if encoding not in profile.encodings:
        error = {"code": "ENCODING_MISMATCH", "expected": agreed, "actual": encoding}
        return ParsedFile(name, profile.name, None, "rejected", [error])
    text = open_text(data, encoding)
    try:
        document = json.loads(
            data[text.start : text.stop].decode(encoding), parse_float=Decimal, parse_int=str, parse_constant=str
        )  # fmt: skip
    except (ValueError, RecursionError):
        return ParsedFile(name, profile.name, encoding, "rejected", [{"code": "TRUNCATED"}])
    payments = document.get("payments") if isinstance(document, dict) else None
    if not isinstance(payments, list):
        return ParsedFile(name, profile.name, encoding, "rejected", [{"code": "BAD_SIGNATURE", "expected": '"payments"'}])
    header = {column.key: header_value(column, [_written(document.get(word))]) for word, column in profile.header_names.items()}
    warnings = (["ENCODING_DIFFERS"] if encoding != agreed else []) + [code for code in text.warnings() if code != "MIXED_EOL"]
    objects: list[_Object] = [item if isinstance(item, dict) else {} for item in payments]
    registry = Registry(name, profile, known, encoding, warnings, lambda: _rows(objects, profile), header)
    for key, word in profile.summary.items():
        registry.declare(key, _written(document.get(word)))
    return registry.result()


def _rows(objects: list[Any], profile: Profile) -> Iterator[Row]:
    for n, item in enumerate(objects, start=1):
        yield n, [_value(item, column) for column in profile.columns]


def _value(item: _Object, column: Column) -> str:
    texts = [_written(item.get(name)) for name in column.name.split("|")]
    if column.kind == "month" and len(texts) == 2:
        word, year = texts
        if not word and not year:
            return ""
        place = _MONTHS.index(word.casefold()) + 1 if word.casefold() in _MONTHS else None
        return f"{word} {year}" if place is None else f"{place:02d}.{year}"
    return " ".join(text for text in texts if text)


def _written(value: Any) -> str:
    """A JSON value as text; lists and objects are no value of a row."""
    if isinstance(value, Decimal):
        return _plain(value)
    return value if isinstance(value, str) else ""


def _plain(value: Decimal) -> str:
    """``1250.40`` also for 1.2504E3; zeros after the second decimal mean nothing."""
    if not value.is_finite() or abs(value.adjusted()) > 20:
        return str(value)
    text = f"{value:f}"
    whole, point, part = text.partition(".")
    return f"{whole}.{part[:2]}{part[2:].rstrip('0')}" if point else text
