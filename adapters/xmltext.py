"""The quick way to a large message: its text by plans made once from the message tables, parsed into a tree at the end.

Making elements one by one costs lxml three times what parsing their text does. A plan belongs to a place of the tables and the keys that a
mapping has there, so a second mapping with the same keys is written without a look at the tables. Whatever is out of the ordinary (a key
that the table does not have, an empty text, a carriage return, an abstract type) makes :func:`written` answer None, and the writer of
elements in ``adapters/xmlio.py``, which says what is wrong, does it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from core.errors import InvariantError
from xsd.tables import Shape, Tables, tables

__all__ = ["Flat", "Layout", "Same", "written"]

Element: TypeAlias = etree._Element
Value = Any  # as in xmlio
_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


class Same(dict[str, Value]):
    """A mapping that stands in many places and never changes (a reference to a book): its text is kept for each place."""

    __slots__ = ("formats", "texts")

    def __init__(self, value: Mapping[str, Value]) -> None:
        super().__init__(value)
        self.texts: dict[_Place, str] = {}
        self.formats: dict[_Form, str] = {}


class Layout:
    """Where the values of a flat mapping stand: a path of names for each, a number in it being the place in a repetition."""

    __slots__ = ("forms", "paths")

    def __init__(self, *paths: str) -> None:
        self.paths = tuple(tuple(int(step) if step.isdecimal() else step for step in path.split("/")) for path in paths)
        self.forms: dict[tuple[_Place, tuple[type, ...]], _Form] = {}

    def nested(self, values: Sequence[Value]) -> dict[str, Value]:
        """The mapping that the values are; None has no place in it, nor what would hold nothing else."""
        root: dict[str | int, Value] = {}
        for path, value in zip(self.paths, values, strict=True):
            if value is not None:
                node = root
                for step in path[:-1]:
                    node = node.setdefault(step, {})
                node[path[-1]] = value
        return {str(key): _listed(value) for key, value in root.items()}


def _listed(node: Value) -> Value:
    """A node whose keys are numbers becomes the list that it is."""
    if type(node) is not dict:
        return node
    if all(isinstance(key, int) for key in node):
        return [_listed(node[key]) for key in sorted(node)]
    return {key: _listed(value) for key, value in node.items()}


class Flat(Mapping[str, Value]):
    """A mapping given as the values of a layout. Thousands of lines differ in these only, so their text is one format filled in; whoever
    reads it sees the nested mapping."""

    __slots__ = ("layout", "values_")

    def __init__(self, layout: Layout, values_: Sequence[Value]) -> None:
        self.layout = layout
        self.values_ = values_

    def nested(self) -> dict[str, Value]:
        """The mapping that it stands for."""
        return self.layout.nested(self.values_)

    def __getitem__(self, key: str) -> Value:
        """A value of the nested mapping."""
        return self.nested()[key]

    def __iter__(self) -> Iterator[str]:
        """Keys of the nested mapping."""
        return iter(self.nested())

    def __len__(self) -> int:
        """How many keys the nested mapping has."""
        return len(self.nested())


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


class _Form:
    """The text of a flat mapping whose values have these kinds, with a gap for each in the order of the table.

    ``texts`` gives the values that are texts, and ``attributes`` says that some of them stand between quotes. ``special`` are the other
    gaps, each with its place. When one reference (:class:`Same`) is all of them, ``reference`` is its number among the values, and the
    format with its text put in is kept by the reference.
    """

    __slots__ = ("_pieces", "_referred", "attributes", "gaps", "in_order", "reference", "special", "texts")

    def __init__(self, place: _Place, layout: Layout, kinds: Sequence[type]) -> None:
        self._pieces: list[str] = []
        self.attributes = False
        order: list[int] = []
        special: list[tuple[int, _Place]] = []
        present = [None if kind is type(None) else _Gap(number, kind) for number, kind in enumerate(kinds)]
        self._referred = 0
        self._fill(place, layout.nested(present), order, special)
        texts = [number for number in order if kinds[number] is str]
        if len(texts) < 2:
            raise _Unusual
        self.gaps = "".join(self._pieces)
        self.in_order = itemgetter(*order)
        self.texts = itemgetter(*texts)
        self.special = tuple(special)
        others = [order[gap] for gap, _ in special]
        self.reference = others[0] if [kinds[number] for number in others] == [Same] else None

    def _fill(self, place: _Place, node: Mapping[str, Value], order: list[int], special: list[tuple[int, _Place]]) -> None:
        pieces = self._pieces
        plan = place.plans.get(tuple(node)) or place.plan(tuple(node))
        named = [key for key, _ in plan.attributes]
        if any(node[key].kind is not str for key in ([*named, "#"] if plan.text else named)):
            raise _Unusual
        pieces.append(place.start)
        for key, start in plan.attributes:
            self.attributes = True
            pieces.append(f'{start}%s"')
            order.append(node[key].number)
        pieces.append(">")
        if plan.text:
            pieces.append("%s")
            order.append(node["#"].number)
        for key, opening, end, textual, child in plan.steps:
            items = node[key] if isinstance(node[key], list) else [node[key]]
            if len(items) > 1 and not child.repeats:
                raise _Unusual
            for item in items:
                if type(item) is not _Gap:
                    self._fill(child, item, order, special)
                    continue
                if item.kind is str and textual:
                    pieces.append(f"{opening}%s{end}")
                else:
                    special.append((len(order), child))
                    self._referred = len(pieces)
                    pieces.append("%s")
                order.append(item.number)
        pieces.append(place.end)

    def with_reference(self, value: Same, text: Callable[[Value, str], str]) -> str:
        """The format of texts alone."""
        child = self.special[0][1]
        told = (value.texts.get(child) or _same(child, value, text)).replace("%", "%%")
        value.formats[self] = found = "".join([*self._pieces[: self._referred], told, *self._pieces[self._referred + 1 :]])
        return found


class _Gap:
    """A value that is filled in later."""

    __slots__ = ("kind", "number")

    def __init__(self, number: int, kind: type) -> None:
        self.number = number
        self.kind = kind


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
        if "\r" in whole or ("]" in whole and "]]>" in whole):
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
        elif kind is UUID:
            if not textual:
                raise _Unusual
            append(f"{opening}{item}{end}")
        elif kind is list or kind is tuple:
            if not child.repeats:
                raise _Unusual
            for one in item:
                if type(one) is Flat:
                    append(_filled(child, one, text))
                elif type(one) is dict:
                    _write(out, child, one, text)
                else:
                    append(_one(child, one, text))
        else:
            append(_one(child, item, text))
    append(place.end)


def _one(place: _Place, value: Value, text: Callable[[Value, str], str]) -> str:
    """A value of a kind that is seldom."""
    if type(value) is Flat:
        return _filled(place, value, text)
    if isinstance(value, Mapping):
        out: list[str] = []
        _write(out, place, value, text)
        return "".join(out)
    if not place.textual or isinstance(value, list | tuple):
        raise _Unusual
    return f"{place.open}{_leaf(value, text)}{place.end}"


def _filled(place: _Place, value: Flat, text: Callable[[Value, str], str]) -> str:
    """A flat mapping: its form with the values put in, or its nested mapping where a value has a character of the language."""
    values, layout = value.values_, value.layout
    kinds = (place, tuple(map(type, values)))
    form = layout.forms.get(kinds)
    if form is None:
        form = layout.forms[kinds] = _Form(place, layout, kinds[1])
    texts = form.texts(values)
    said = "".join(texts)
    if "" in texts or "&" in said or "<" in said or (form.attributes and ('"' in said or not said.isprintable())):
        return _one(place, layout.nested(values), text)
    if form.reference is not None:
        same: Same = values[form.reference]
        return str((same.formats.get(form) or form.with_reference(same, text)) % texts)
    if not form.special:
        return str(form.gaps % texts)
    filled = list(form.in_order(values))
    for number, child in form.special:
        item = filled[number]
        if type(item) is Same:
            filled[number] = item.texts.get(child) or _same(child, item, text)
        elif type(item) is list or type(item) is tuple:
            if not child.repeats:
                raise _Unusual
            filled[number] = "".join([_filled(child, one, text) if type(one) is Flat else _one(child, one, text) for one in item])
        else:
            filled[number] = _one(child, item, text)
    return form.gaps % tuple(filled)


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
