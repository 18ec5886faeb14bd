"""Message tables: the shape of every message of an album, resolved for the code that writes and reads messages.

The JSON files under ``xsd/gis_zhkh/<album>/`` say what a message looks like; here they become :class:`Shape` objects with children in their
order, so that a renderer walks down one list and a reader looks names up in one dictionary. Choices are not modelled here (a schema checks
them): what matters is that inside one type every name occurs once, which is verified when a table is resolved.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

__all__ = ["ALBUM", "Child", "Shape", "Tables", "albums", "tables"]

ALBUM = "14.4.0.1"
"""The album number we speak by default."""

Json = Any  # JSON as the json module gives it
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_NOT_TABLES = ("services.json", "notes.json")


class Shape:
    """What stands inside an element: children in order, attributes, and text.

    ``text`` is the built-in XSD type of the text (``string``, ``decimal`` …) or None where only elements may stand. ``opaque`` shapes
    (a signature, anyType) are neither written nor read by tables. ``derived`` names the types that ``xsi:type`` may put in place of an
    abstract one.
    """

    __slots__ = ("attributes", "by_tag", "children", "derived", "name", "opaque", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.children: tuple[Child, ...] = ()
        self.by_tag: dict[str, Child] = {}
        self.attributes: dict[str, str] = {}
        self.text: str | None = None
        self.opaque = False
        self.derived: dict[str, Shape] = {}


class Child:
    """One element inside a shape: local name, tag in Clark notation, whether it may repeat, its own shape, and its fixed text."""

    __slots__ = ("fixed", "local", "repeats", "shape", "tag")

    def __init__(self, local: str, tag: str, *, repeats: bool, shape: Shape, fixed: str | None) -> None:
        self.local = local
        self.tag = tag
        self.repeats = repeats
        self.shape = shape
        self.fixed = fixed


class Tables:
    """All tables of one album. Elements are named ``prefix:local``, with the prefixes of the table files."""

    def __init__(self, files: Mapping[str, Json]) -> None:
        self.services: Mapping[str, Json] = files["services.json"]
        self.notes: Mapping[str, Json] = files["notes.json"]
        self._raw = {name.removesuffix(".json"): table for name, table in files.items() if name not in _NOT_TABLES}
        self.namespaces: dict[str, str] = {prefix: table["namespace"] for prefix, table in self._raw.items()}
        self._prefixes = {namespace: prefix for prefix, namespace in self.namespaces.items()}
        self._shapes: dict[str, Shape] = {}
        self._elements: dict[str, Shape] = {}
        self._used: dict[str, dict[str, str]] = {}
        self._fixes_inside: dict[str, bool] = {}
        self.fixed_attributes = self._find_fixed()

    def tag(self, name: str) -> str:
        """Clark notation of ``prefix:local``."""
        prefix, local = name.split(":")
        return f"{{{self.namespaces[prefix]}}}{local}"

    def name(self, tag: str) -> str | None:
        """``prefix:local`` of a tag in Clark notation when its namespace has a table."""
        namespace, _, local = tag[1:].partition("}")
        prefix = self._prefixes.get(namespace) if tag.startswith("{") else None
        return None if prefix is None else f"{prefix}:{local}"

    def knows(self, name: str) -> bool:
        """Whether a global element of this name has a table."""
        prefix, _, local = name.partition(":")
        return local in self._raw.get(prefix, {}).get("elements", {})

    def element(self, name: str) -> Shape:
        """Shape of a global element; ``KeyError`` names one that has no table."""
        if name not in self._elements:
            prefix, local = name.split(":")
            try:
                facts = self._raw[prefix]["elements"][local]
            except KeyError:
                raise KeyError(f"no message table for element {name}") from None
            self._elements[name] = self._of_element(facts, prefix, name)
        return self._elements[name]

    def nsmap(self, name: str) -> dict[str, str]:
        """Prefixes to declare on the root of a message: exactly the namespaces that may occur in it."""
        if name not in self._used:
            seen: set[int] = set()
            prefixes = {name.split(":")[0]}
            waiting = [self.element(name)]
            while waiting:
                shape = waiting.pop()
                if id(shape) in seen:
                    continue
                seen.add(id(shape))
                waiting += shape.derived.values()
                tags = [child.tag for child in shape.children if not child.shape.opaque] + list(shape.attributes.values())
                prefixes.update(found.split(":")[0] for tag in tags if (found := self.name(tag)) is not None)
                waiting += [child.shape for child in shape.children]
            self._used[name] = {prefix: self.namespaces[prefix] for prefix in sorted(prefixes)}
        return self._used[name]

    def fixes_inside(self, tag: str) -> bool:
        """Whether a value may be fixed anywhere below the root of a message (any tag that is none: whether it may, True)."""
        if tag not in self._fixes_inside:
            name = self.name(tag)
            self._fixes_inside[tag] = name is None or not self.knows(name) or self._fixes_below(self.element(name), set())
        return self._fixes_inside[tag]

    def _fixes_below(self, shape: Shape, seen: set[int]) -> bool:
        if id(shape) in seen:
            return False
        seen.add(id(shape))
        if any(child.tag in self.fixed_attributes for child in shape.children):
            return True
        return any(self._fixes_below(one, seen) for one in (*(child.shape for child in shape.children), *shape.derived.values()))

    def accepted_versions(self, name: str) -> tuple[str, ...]:
        """Values of ``base:version`` that an element may carry; empty when it carries none."""
        noted = self.notes["versions"].get(name)
        if noted is not None:
            return tuple(noted["accepted"])
        return tuple(sorted(self.fixed_attributes.get(self.tag(name), {}).get(self.tag("base:version"), ())))

    def version(self, name: str) -> str:
        """The value of ``base:version`` that we send."""
        noted = self.notes["versions"].get(name)
        return str(noted["send"]) if noted is not None else self.accepted_versions(name)[-1]

    def limit(self, name: str) -> int:
        """A limit of the exchange by its name in ``notes.json``."""
        return int(self.notes["limits"][name])

    def _of_element(self, facts: Json, prefix: str, name: str) -> Shape:
        if "complex" in facts:
            return self._fill(Shape(name), facts["complex"], prefix)
        shape = Shape(name)
        if "simple" in facts:
            shape.text = self._primitive(facts["simple"]["base"])
        elif "type" in facts:
            return self._of_type(facts["type"])
        else:
            shape.text = "string"  # anyType: we write and read its text
        return shape

    def _of_type(self, qname: str) -> Shape:
        if qname not in self._shapes:
            prefix, local = qname.split(":")
            self._shapes[qname] = shape = Shape(qname)
            if prefix != "xs" and local in self._raw[prefix].get("complex", {}):
                self._fill(shape, self._raw[prefix]["complex"][local], prefix)
            else:
                shape.text = self._primitive(qname)
        return self._shapes[qname]

    def _primitive(self, qname: str) -> str:
        prefix, local = qname.split(":")
        return local if prefix == "xs" else self._primitive(self._raw[prefix]["simple"][local]["base"])

    def _fill(self, shape: Shape, facts: Json, prefix: str) -> Shape:
        if "extends" in facts:
            base = self._of_type(facts["extends"])
            shape.children, shape.attributes = base.children, dict(base.attributes)
        if "text" in facts:
            shape.text = self._primitive(facts["text"])
        for attribute in facts.get("attributes", []):
            local = (attribute.get("ref") or attribute["name"]).split(":")[-1]
            shape.attributes[local] = self.tag(attribute["ref"]) if "ref" in attribute else local
        shape.children += tuple(self._flatten(facts["content"], prefix, repeats=False)) if "content" in facts else ()
        shape.by_tag = {child.tag: child for child in shape.children}
        if len({child.local for child in shape.children}) != len(shape.children):
            raise ValueError(f"{shape.name}: a name occurs twice in one type; the tables can not order it")
        if facts.get("abstract"):
            for other, table in self._raw.items():
                for local, derived in table.get("complex", {}).items():
                    if derived.get("extends") == shape.name:
                        shape.derived[local] = self._of_type(f"{other}:{local}")
        return shape

    def _flatten(self, group: Json, prefix: str, *, repeats: bool) -> list[Child]:
        children: list[Child] = []
        repeats = repeats or not group.get("occurs", "1..1").endswith("..1")
        for item in group.get("sequence", group.get("choice", [])):
            again = repeats or not item.get("occurs", "1..1").endswith("..1")
            if "ref" in item:
                other, local = item["ref"].split(":")
                if other == "ds":
                    shape = Shape(item["ref"])
                    shape.opaque = True
                    children.append(Child(local, f"{{{_DSIG}}}{local}", repeats=again, shape=shape, fixed=None))
                else:
                    children.append(Child(local, self.tag(item["ref"]), repeats=again, shape=self.element(item["ref"]), fixed=None))
            elif "name" in item:
                shape = self._of_element(item, prefix, item["name"])
                tag = self.tag(f"{prefix}:{item['name']}")
                children.append(Child(item["name"], tag, repeats=again, shape=shape, fixed=item.get("fixed")))
            else:
                children += self._flatten(item, prefix, repeats=repeats)
        return children

    def _find_fixed(self) -> dict[str, dict[str, frozenset[str]]]:
        """Element tag → attribute → values: what a schema processor may forget to enforce (libxml2 does for referenced attributes)."""
        found: dict[str, dict[str, frozenset[str]]] = {}

        def walk(facts: Json, prefix: str, local: str | None) -> None:
            if isinstance(facts, list):
                for item in facts:
                    walk(item, prefix, local)
            elif isinstance(facts, dict):
                local = facts.get("name", local) if "complex" in facts else local
                for attribute in facts.get("attributes", []) if isinstance(facts.get("attributes"), list) else []:
                    if "fixed" in attribute and local is not None:
                        key = self.tag(attribute["ref"]) if "ref" in attribute else attribute["name"]
                        values = found.setdefault(self.tag(f"{prefix}:{local}"), {})
                        values[key] = values.get(key, frozenset()) | {attribute["fixed"]}
                for value in facts.values():
                    walk(value, prefix, local)

        for prefix, table in self._raw.items():
            for local, facts in table.get("elements", {}).items():
                walk(facts, prefix, local)
            for facts in table.get("complex", {}).values():
                walk(facts, prefix, None)
        for name, noted in self.notes["versions"].items():
            found[self.tag(name)] = {self.tag("base:version"): frozenset(noted["accepted"])}
        return found


def albums() -> tuple[str, ...]:
    """Album numbers that this installation has tables for."""
    folder = resources.files("xsd.gis_zhkh")
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.name[:1].isdigit()))


@functools.cache
def tables(album: str = ALBUM) -> Tables:
    """Tables of an album, read once per process."""
    folder = resources.files("xsd.gis_zhkh").joinpath(album)
    if not folder.is_dir():
        raise KeyError(f"no message tables for album {album}; there are: {', '.join(albums())}")
    files = {entry.name: json.loads(entry.read_text(encoding="utf-8")) for entry in folder.iterdir() if entry.name.endswith(".json")}
    return Tables(files)
