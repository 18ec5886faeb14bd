"""Bill content as canonical JSON: the bytes that are stored, hashed, handed to the renderer and shipped in proofs.

Keys are sorted, nothing is padded, texts are UTF-8, months are ``YYYY-MM`` and days ISO dates. A field that has its default value is left
out: a field added to the content later does not change the hash of a bill issued before.
"""

from __future__ import annotations

import json
import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any, Literal, NewType, Union, cast, get_args, get_origin, get_type_hints

from core.model.bill import BillContent
from core.period import Month

__all__ = ["canonical", "content_sha256", "from_json", "to_json"]


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
    return cast(BillContent, _decode(BillContent, json.loads(data), "content"))  # _decode returns what the type says


def _encode(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type | Month):
        pairs = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: _encode(item) for field, item in pairs if field.default is MISSING or item != field.default}
    if isinstance(value, Month):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    raise ValueError(f"a bill holds whole numbers, texts and dates only, not {type(value).__name__}")


@cache
def _hints(cls: type) -> dict[str, Any]:  # a type as an object has no narrower static type
    return get_type_hints(cls)


def _decode(kind: Any, value: Any, where: str) -> object:  # both come from reflection and from JSON
    if isinstance(kind, NewType):
        return _decode(kind.__supertype__, value, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (inner,) = (arm for arm in get_args(kind) if arm is not type(None))
        return _decode(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where}: not a list")
        return tuple(_decode(get_args(kind)[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if origin is Literal:
        if value not in get_args(kind):
            raise ValueError(f"{where}: not one of {get_args(kind)}: {value!r}")
        return cast(object, value)
    if kind in (Month, date):
        if not isinstance(value, str):
            raise ValueError(f"{where}: not a date")
        return Month.parse(value) if kind is Month else date.fromisoformat(value)
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind, value, where)
    if type(value) is not kind:
        raise ValueError(f"{where}: {kind.__name__} expected, found {value!r}")
    return cast(object, value)


def _object(kind: type, value: Any, where: str) -> object:  # JSON object of unknown content
    if not isinstance(value, dict):
        raise ValueError(f"{where}: not an object")
    hints = _hints(kind)
    unknown = value.keys() - hints.keys()
    if unknown:
        raise ValueError(f"{where}: unknown field {min(unknown)}")
    try:
        return kind(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error
