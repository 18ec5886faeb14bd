"""Values that the federal codecs share: references to books, numbers as the schemas want them, identifiers as they come back.

Amounts are kopecks on our side and roubles with two places on theirs (except where an operation counts kopecks itself); quantities are
integers with a named scale. Nothing here rounds: what does not fit the scale of the message is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, SafeUUID

from adapters.xmltext import Same
from core.errors import InputError
from core.money import format_roubles, parse_roubles

__all__ = ["NsiRef", "decimal_text", "guid", "instant", "kopecks_of", "listed", "money", "nsi_mapping", "read_nsi_ref"]


_put, _UNKNOWN = object.__setattr__, SafeUUID.unknown


@dataclass(frozen=True, slots=True)
class NsiRef:
    """An element of a federal reference book: the GUID decides, the code must belong to it."""

    code: str
    guid: UUID
    name: str | None = None
    mapping: Same = field(init=False, repr=False, compare=False)
    """The reference as the tables write it; made once, because thousands of lines point to it."""

    def __post_init__(self) -> None:
        """Make the mapping."""
        object.__setattr__(self, "mapping", Same({"Code": self.code, "GUID": str(self.guid), "Name": self.name}))


def nsi_mapping(ref: NsiRef) -> Same:
    """The reference as the tables write it; not to be changed."""
    return ref.mapping


def read_nsi_ref(value: Mapping[str, Any]) -> NsiRef:
    """A reference out of a reply."""
    return NsiRef(str(value["Code"]), guid(value["GUID"]), value.get("Name"))


money = format_roubles
"""Kopecks as roubles with a point and two places."""


def kopecks_of(text: str) -> int:
    """Roubles of a reply as kopecks; a value finer than a kopeck is an :class:`InputError`."""
    try:
        return parse_roubles(text.rstrip("0") if "." in text else text)
    except ValueError:
        pass
    try:
        return parse_roubles(text.rstrip("0").rstrip("."))
    except ValueError as error:
        raise InputError("GIS-0311", f"Сумма в ответе не читается: {text!r}.") from error


def decimal_text(value: int, scale: int, *, places: int = 0) -> str:
    """An integer with ``scale`` decimal places as plain digits, without the exponent form that the system refuses.

    >>> decimal_text(46310000, 6, places=2), decimal_text(272300, 6), decimal_text(-5, 1)
    ('46.31', '0.2723', '-0.5')
    """
    if value < 0:
        return f"-{decimal_text(-value, scale, places=places)}"
    digits = str(value).zfill(scale + 1)
    whole, part = (digits[:-scale], digits[-scale:].rstrip("0")) if scale else (digits, "")
    if len(part) < places:
        part = part.ljust(places, "0")
    return f"{whole}.{part}" if part else whole


def guid(text: str) -> UUID:
    """An identifier of a reply; the letters' case does not matter."""
    try:
        digits = text.replace("-", "")
        if len(digits) == 32 and digits.isalnum():  # as nearly all are: what UUID itself makes of it, in half the time
            found = UUID.__new__(UUID)
            _put(found, "int", int(digits, 16))
            _put(found, "is_safe", _UNKNOWN)
            return found
        return UUID(text.strip())
    except (ValueError, AttributeError) as error:
        raise InputError("GIS-0302", f"Идентификатор в ответе не похож на GUID: {text!r}.") from error


def instant(text: str | None) -> datetime | None:
    """A dateTime of a reply (with the server's offset where it gives one); None when absent."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError("GIS-0303", f"Дата в ответе не читается: {text!r}.") from error


def listed(value: Mapping[str, Any], name: str) -> list[Any]:
    """Repeated elements of a reply; an empty list when there are none."""
    found = value.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]
