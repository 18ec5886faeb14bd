"""The quick way to a large message: its text by plans made once from the message tables, parsed into a tree at the end.

Making elements one by one costs lxml three times what parsing their text does. A plan belongs to a place of the tables and the keys that a
mapping has there, so a second mapping with the same keys is written without a look at the tables. Whatever is out of the ordinary (a key
that the table does not have, an empty text, a carriage return, an abstract type) makes :func:`written` answer None, and the writer of
elements in ``adapters/xmlio.py``, which says what is wrong, does it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lxml import etree

from core.errors import InvariantError
from xsd.tables import Shape, Tables, tables

__all__ = ["Same", "written"]

Element: TypeAlias = etree._Element
Value = Any  # as in xmlio
_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


class Same(dict[str, Value]):
    """A mapping that stands in many places and never changes (a reference to a book): its text is kept for each place."""

    __slots__ = ("texts",)

    def __init__(self, value: Mapping[str, Value]) -> None:
        super().__init__(value)
        self.texts: dict[_Place, str] = {}


class _Unusual(Exception):
    """Not for the quick way."""


class _Place:
    """An element as it stands in its parent: tags as text, whether it repeats, its shape, and the plans of mappings by their keys."""

    __slots__ = ("end", "known", "open", "places", "plans", "repeats", "shape", "start", "textual")

    def __init__(self, name: str, shape: Shape, known: Tables, *, repeats: bool = False) -> None:
        self.start, self.open, self.end = f"<{name}", f"<{name}>", f"</{name}>"
        self.shape = shape
        self.known = known
        self.repeats = repeats
        self.textual = shape.text is not None
        self.places: dict[str, _Place] = {}
        self.plans: dict[tuple[str, ...], _Plan] = {}

    def plan(self, keys: tuple[str, ...]) -> _Plan:
        """The plan of a mapping with these keys."""
        shape = self.shape
        attributes = [(key, shape.attributes.get(key[1:])) for key in keys if key.startswith("@")]
        text = "#" in keys
        steps = [(child.local, self._child(child.local)) for child in shape.children if child.local in keys]
        if shape.derived or shape.opaque or (text and not self.textual) or len(attributes) + text + len(steps) != len(keys):
            raise _Unusual
        named = tuple((key, f' {_prefixed(tag, self.known)}="') for key, tag in attributes if tag is not None)
        if len(named) != len(attributes):
            raise _Unusual
        found = self.plans[keys] = _Plan(named, text, tuple((key, place.open, place.end, place.textual, place) for key, place in steps))
        return found

    def _child(self, local: str) -> _Place:
        if local not in self.places:
            child = next(one for one in self.shape.children if one.local == local)
            if child.shape.opaque:
                raise _Unusual
            self.places[local] = _Place(_prefixed(child.tag, self.known), child.shape, self.known, repeats=child.repeats)
        return self.places[local]


class _Plan:
    """Attributes with their names as text, whether text stands beside them, and the children in the order of the table."""

    __slots__ = ("attributes", "steps", "text")

    def __init__(self, attributes: tuple[tuple[str, str], ...], text: bool, steps: tuple[tuple[str, str, str, bool, _Place], ...]) -> None:
        self.attributes = attributes
        self.text = text
        self.steps = steps


def _prefixed(tag: str, known: Tables) -> str:
    if not tag.startswith("{"):
        return tag
    name = known.name(tag)
    if name is None:
        raise _Unusual
    return name


def written(name: str, value: Mapping[str, Value], empty: Element, text: Callable[[Value, str], str], *, album: str) -> Element | None:
    """The message ``name`` out of ``value``, or None for the slow way. ``empty`` is its root, of which the namespaces are taken; ``text``
    turns a value that is no ``str`` into one."""
    try:
        place = _root(name, album)
        out: list[str] = []
        _write(out, place, value, text)
        out[0] = etree.tostring(empty, encoding="unicode").removesuffix("/>") + out[0].removeprefix(place.start)
        whole = "".join(out)
        if "\r" in whole or "]]>" in whole:
            return None
        data = whole.encode()
    except (_Unusual, InvariantError, UnicodeEncodeError):
        return None
    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True))
    except etree.XMLSyntaxError:  # a character that XML does not have
        return None


@functools.cache
def _root(name: str, album: str) -> _Place:
    known = tables(album)
    return _Place(name, known.element(name), known)


def _write(out: list[str], place: _Place, value: Mapping[str, Value], text: Callable[[Value, str], str]) -> None:
    keys = tuple(value)
    plan = place.plans.get(keys) or place.plan(keys)
    if plan.attributes:
        head = place.start
        for key, start in plan.attributes:
            item = value[key]
            if item is not None:
                told = item if type(item) is str else text(item, key)
                head += f'{start}{told if told.isalnum() else told.translate(_ATTRIBUTE)}"'
        out.append(head + ">")
    else:
        out.append(place.open)
    if plan.text:
        item = value["#"]
        out.append(item if type(item) is str and item and "&" not in item and "<" not in item else _leaf(item, text))
    append = out.append
    for key, opening, end, textual, child in plan.steps:
        item = value[key]
        kind = type(item)
        if kind is str:
            if not textual or not item:
                raise _Unusual
            if "&" in item or "<" in item:
                item = _escaped(item)
            append(f"{opening}{item}{end}")
        elif item is None:
            continue
        elif kind is Same:
            append(item.texts.get(child) or _same(child, item, text))
        elif kind is dict:
            _write(out, child, item, text)
        elif kind is list or kind is tuple:
            if not child.repeats:
                raise _Unusual
            for one in item:
                if type(one) is dict:
                    _write(out, child, one, text)
                else:
                    append(_one(child, one, text))
        else:
            append(_one(child, item, text))
    append(place.end)


def _one(place: _Place, value: Value, text: Callable[[Value, str], str]) -> str:
    """A value of a kind that is seldom."""
    if isinstance(value, Mapping):
        out: list[str] = []
        _write(out, place, value, text)
        return "".join(out)
    if not place.textual or isinstance(value, list | tuple):
        raise _Unusual
    return f"{place.open}{_leaf(value, text)}{place.end}"


def _same(place: _Place, value: Same, text: Callable[[Value, str], str]) -> str:
    found = value.texts[place] = _one(place, value, text)
    return found


def _leaf(value: Value, text: Callable[[Value, str], str]) -> str:
    told = value if isinstance(value, str) else None if value is None else text(value, "")
    if not told:
        raise _Unusual
    return _escaped(told)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
