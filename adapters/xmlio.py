"""XML in and out: a hardened parser, a streaming iterator, canonical bytes, and the writer and reader driven by the message tables.

A message is a nested mapping on our side: an element is a key with its local name; its value a text (``str``, or what :func:`render` can
turn into one), a mapping, or a list of them where it repeats; an attribute is ``@name``; the text beside attributes is ``#``; the concrete
type in place of an abstract one is ``@xsi:type``. Order, namespaces and versions come from the tables. The writer refuses names that the
table does not have; the reader counts them and goes on, because a newer album must not make us refuse a valid answer.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmltext
from core.errors import InputError, InvariantError
from xsd.tables import ALBUM, Shape, tables

__all__ = ["LARGEST_MESSAGE", "canonical", "parse", "read", "render", "serialize", "stream"]

LARGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; replies of the federal system over about 10 MB already fail for integrators, so this is generous."""

Element: TypeAlias = etree._Element
Value = Any  # a nested message: str | Mapping[str, Value] | list[Value]; the tables, not the type checker, know its shape
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_HARDENED = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parse(data: bytes, *, limit: int = LARGEST_MESSAGE) -> Element:
    """The root of a document; no DTD, no entities, no network, at most 256 levels and ``limit`` bytes. :class:`InputError` otherwise."""
    if len(data) > limit:
        raise InputError("XML-0001", f"Сообщение больше допустимого: {len(data)} байт при пределе {limit}.", size=len(data), limit=limit)
    try:
        root = etree.fromstring(data, etree.XMLParser(**_HARDENED))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(
            "XML-0002", f"Сообщение не читается как XML: {error}.", hint="Байты сохранены; сверьте их с отправителем."
        ) from error
    _refuse_doctype(root)
    return root


def _refuse_doctype(root: Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputError("XML-0003", "В сообщении есть DOCTYPE: такие сообщения не принимаются.")


def stream(data: bytes, tag: str, *, limit: int = LARGEST_MESSAGE) -> Iterator[Element]:
    """Elements of one tag (Clark notation), one at a time: each is emptied once the next is asked for, so memory stays flat."""
    if len(data) > limit:
        raise InputError("XML-0001", f"Сообщение больше допустимого: {len(data)} байт при пределе {limit}.", size=len(data), limit=limit)
    checked = False
    try:
        for event, element in etree.iterparse(io.BytesIO(data), events=("start", "end"), **_HARDENED):
            if not checked:
                _refuse_doctype(element)
                checked = True
            if event == "end" and element.tag == tag:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise InputError(
            "XML-0002", f"Сообщение не читается как XML: {error}.", hint="Байты сохранены; сверьте их с отправителем."
        ) from error


def canonical(element: Element, *, exclusive: bool = True) -> bytes:
    """Canonical bytes of an element in its place (comments and tail stay out)."""
    data = etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False, with_tail=False)
    return bytes(data)


def serialize(element: Element) -> bytes:
    """The document as it goes out: UTF-8 with a declaration, no pretty printing (what is signed is what is sent)."""
    return bytes(etree.tostring(element, xml_declaration=True, encoding="UTF-8"))


def render(name: str, value: Mapping[str, Value], *, album: str = ALBUM, quick: bool = True) -> Element:
    """Build a message ``prefix:local`` from a mapping, in the order of its table; ``base:version`` is filled in when it is not given.

    With ``quick`` an ordinary message goes through its text (:mod:`adapters.xmltext`), otherwise element by element: the same bytes.
    :class:`InvariantError` names a key that the table does not have, a repetition where none may be, or a value that is no text.
    """
    known = tables(album)
    shape = known.element(name)
    nsmap = known.nsmap(name) | ({"xsi": _XSI} if "nsi-base" in known.nsmap(name) else {})
    root = etree.Element(known.tag(name), nsmap=nsmap)
    if "version" in shape.attributes and "@version" not in value:
        value = {**value, "@version": known.version(name)}
    made = xmltext.written(name, value, root, _text, album=album) if quick else None
    if made is not None:
        return made
    _write(root, shape, value, name)
    return root


def _write(element: Element, shape: Shape, value: Value, path: str) -> None:
    if type(value) is not dict and not isinstance(value, Mapping):
        if shape.text is None:
            raise InvariantError("XML-0101", f"{path}: здесь стоят элементы, а не текст.")
        element.text = _text(value, path)
        return
    if type(value) is xmltext.Flat:
        value = value.nested()
    used = 0
    if shape.derived:
        shape = _concrete(element, shape, value, path)
        used += 1
    for child in shape.children:
        item = value.get(child.local)
        if item is None:
            used += child.local in value
            continue
        used += 1
        if type(item) is str and child.shape.text is not None:  # most of a message: the short way
            etree.SubElement(element, child.tag).text = item
        elif isinstance(item, list | tuple):
            if not child.repeats:
                raise InvariantError("XML-0103", f"{path}/{child.local}: элемент не повторяется.")
            for one in item:
                _write(etree.SubElement(element, child.tag), child.shape, one, f"{path}/{child.local}")
        else:
            _write(etree.SubElement(element, child.tag), child.shape, item, f"{path}/{child.local}")
    if used != len(value):
        _write_rest(element, shape, value, path)


def _concrete(element: Element, shape: Shape, value: Mapping[str, Value], path: str) -> Shape:
    """The type that ``@xsi:type`` names in place of an abstract one."""
    local = str(value.get("@xsi:type", ""))
    if local not in shape.derived:
        raise InvariantError("XML-0102", f"{path}: нужен один из типов {', '.join(sorted(shape.derived))}.")
    concrete = shape.derived[local]
    element.set(_XSI_TYPE, f"{concrete.name.split(':')[0]}:{local}")
    return concrete


def _write_rest(element: Element, shape: Shape, value: Mapping[str, Value], path: str) -> None:
    """Attributes and the text beside them; whatever is left then has no place in the table."""
    locals_ = {child.local for child in shape.children} | {"@xsi:type"}
    for key, item in value.items():
        if key in locals_:
            continue
        if key == "#" and shape.text is not None:
            element.text = _text(item, path)
        elif key.startswith("@") and key[1:] in shape.attributes:
            if item is not None:
                element.set(shape.attributes[key[1:]], _text(item, f"{path}/{key}"))
        else:
            raise InvariantError("XML-0104", f"{path}: в таблице сообщения нет имени {key!r}.")


def _text(value: Value, path: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, UUID)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise InvariantError("XML-0105", f"{path}: {type(value).__name__} не может быть текстом сообщения.")


def read(element: Element, *, name: str | None = None, unknown: Counter[str] | None = None, album: str = ALBUM) -> dict[str, Value]:
    """Read an element by its table (found by its tag, or ``name``) into the mapping that :func:`render` takes.

    Order and prefixes do not matter. Elements and attributes that the table does not have are counted in ``unknown`` by path; a signature
    is skipped. :class:`InputError` when there is no table for the element.
    """
    known = tables(album)
    found = name or known.name(element.tag)
    if found is None or not known.knows(found):
        raise InputError("XML-0004", f"Сообщение {element.tag} не описано в таблицах.", hint="Проверьте номер альбома форматов.")
    value = _read(element, known.element(found), Counter() if unknown is None else unknown, (None, found.split(":")[1]))
    return value if isinstance(value, dict) else {"#": value}


_Path: TypeAlias = tuple["_Path", str] | None  # where an element stands, put into words only when something there is unknown


def _told(path: _Path) -> str:
    return "" if path is None else f"{_told(path[0])}/{path[1]}" if path[0] is not None else path[1]


def _read(element: Element, shape: Shape, unknown: Counter[str], path: _Path) -> Value:
    if shape.text is not None and not shape.attributes:
        return _content(element, shape)
    value: dict[str, Value] = {}
    if shape.derived:
        local = (element.get(_XSI_TYPE) or "").split(":")[-1]
        if local not in shape.derived:
            unknown[f"{_told(path)}/@xsi:type={local}"] += 1
            return value
        value["@xsi:type"] = local
        shape = shape.derived[local]
    if shape.attributes:
        for local, attribute in shape.attributes.items():
            text = element.get(attribute)
            if text is not None:
                value[f"@{local}"] = text
    if shape.text is not None:
        value["#"] = _content(element, shape)
        return value
    by_tag = shape.by_tag
    for node in element:
        tag = node.tag
        child = by_tag.get(tag)
        if child is None:
            if isinstance(tag, str):
                unknown[f"{_told(path)}/{etree.QName(tag).localname}"] += 1
            continue
        inside = child.shape
        if inside.opaque:
            continue
        if inside.text is None or inside.attributes:
            item = _read(node, inside, unknown, (path, child.local))
        elif len(node):
            item = _content(node, inside)
        else:  # most of a message: the short way
            item = node.text or ""
            if inside.text != "string":
                item = item.strip()
        if child.repeats:
            value.setdefault(child.local, []).append(item)
        else:
            value[child.local] = item
    return value


def _content(element: Element, shape: Shape) -> str:
    text = element.text if len(element) == 0 else "".join(element.itertext())
    return (text or "") if shape.text == "string" else (text or "").strip()
