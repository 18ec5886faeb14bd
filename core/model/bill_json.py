"""Bill content as canonical JSON: the bytes that are stored, hashed, handed to the renderer and shipped in proofs.

Keys are sorted, nothing is padded, texts are UTF-8, months are ``YYYY-MM`` and days ISO dates. A field that has its default value is left
out: a field added to the content later does not change the hash of a bill issued before. How a type is read and written is worked out once.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any, Literal, NewType, Union, cast, get_args, get_origin, get_type_hints

from core.model.bill import BillContent
from core.period import Month

__all__ = ["canonical", "content_sha256", "from_json", "from_value", "to_json"]


def canonical(value: object) -> bytes:
    """A JSON value as its one canonical text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def to_json(content: BillContent) -> bytes:
    """The content as canonical bytes; :func:`from_json` gives back an equal object."""
    return canonical(_encode(content))


def content_sha256(content: BillContent) -> bytes:
    """The hash that is stored with the bill and printed on it."""
    return sha256(to_json(content)).digest()


def from_json(data: bytes | str) -> BillContent:
    """Read content back; a missing, unknown or mistyped field is a ``ValueError`` that names it."""
    return from_value(json.loads(data))


def from_value(value: object) -> BillContent:
    """The same from JSON that has been read already."""
    try:
        return cast(BillContent, _reader(BillContent)(value))  # the reader of a type gives that type
    except _Mistyped as error:
        raise ValueError(f"content{error.path}: {error.cause}") from None


def _encode(value: object) -> object:
    kind: Any = type(value)  # to the type checker a class of objects is no key of a cache
    if kind in (str, int, bool) or value is None:
        return value
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, Month):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    found: dict[str, object] = {}
    for name, default in _fields(kind):
        item = getattr(value, name)
        if default is MISSING or item != default:
            found[name] = _encode(item)
    return found


@cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields of a part of a bill with their defaults."""
    if not is_dataclass(kind):
        raise ValueError(f"a bill holds whole numbers, texts and dates only, not {kind.__name__}")
    return tuple((field.name, field.default) for field in fields(kind))


class _Mistyped(Exception):
    """A value that its type does not allow, with the way to it from the whole."""

    def __init__(self, cause: str, path: str = "") -> None:
        super().__init__(cause)
        self.cause, self.path = cause, path

    def within(self, step: str) -> _Mistyped:
        return _Mistyped(self.cause, step + self.path)


_Reader = Callable[[Any], object]  # JSON has no narrower static type


@cache
def _reader(kind: Any) -> _Reader:  # a type as an object has no narrower static type
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (_reader(arm) for arm in get_args(kind) if arm is not type(None))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _list_reader(_reader(get_args(kind)[0]))
    if origin is Literal:
        return _choice_reader(get_args(kind))
    if kind in (Month, date):
        return _day_reader(Month.parse if kind is Month else date.fromisoformat)
    if is_dataclass(kind) and isinstance(kind, type):
        return _object_reader(kind)
    return _plain_reader(kind)


def _plain_reader(kind: type) -> _Reader:
    def read(value: Any) -> object:
        if type(value) is not kind:
            raise _Mistyped(f"{kind.__name__} expected, found {value!r}")
        return value

    return read


def _day_reader(parse: Callable[[str], object]) -> _Reader:
    def read(value: Any) -> object:
        if not isinstance(value, str):
            raise _Mistyped("not a date")
        try:
            return parse(value)
        except ValueError as error:
            raise _Mistyped(str(error)) from error

    return read


def _choice_reader(allowed: tuple[object, ...]) -> _Reader:
    def read(value: Any) -> object:
        if value not in allowed:
            raise _Mistyped(f"not one of {allowed}: {value!r}")
        return cast(object, value)

    return read


def _list_reader(item_reader: _Reader) -> _Reader:
    def read(value: Any) -> object:
        if not isinstance(value, list):
            raise _Mistyped("not a list")
        found = []
        try:
            for item in value:
                found.append(item_reader(item))
        except _Mistyped as error:
            raise error.within(f"[{len(found)}]") from None
        return tuple(found)

    return read


def _object_reader(kind: type) -> _Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> object:
        if not isinstance(value, dict):
            raise _Mistyped("not an object")
        found, name = {}, ""
        try:
            for name, item in value.items():
                found[name] = readers[name](item)
        except KeyError:
            raise _Mistyped(f"unknown field {min(value.keys() - readers.keys())}") from None
        except _Mistyped as error:
            raise error.within(f".{name}") from None
        try:
            return kind(**found)
        except TypeError as error:
            raise _Mistyped(str(error)) from error

    return read
