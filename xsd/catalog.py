"""The catalogue of schemas: finds one by the namespace of an element and the album number, compiles it once, never touches the network.

lxml validates (fast, and it enforces keys); ``fixed`` of an attribute declared by reference is checked here, because libxml2 forgets it;
``xmlschema`` explains a refusal on demand (slow, and words the reason). Schema and WSDL files are resources of the package.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import xmlschema
from lxml import etree

from xsd.tables import ALBUM, tables

__all__ = ["ALBUM", "SchemaProblem", "SchemaSet", "album", "explain", "schema_folder", "validate", "wsdl_path"]

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
MOST_PROBLEMS = 50
"""How many refusals of one message are worth telling."""

_MEANINGS = {
    "SCHEMAV_ELEMENT_CONTENT": "элемент не на своём месте, лишний или не хватает обязательного",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "значение длиннее допустимого",
    "SCHEMAV_CVC_MINLENGTH_VALID": "значение короче допустимого",
    "SCHEMAV_CVC_LENGTH_VALID": "длина значения не та",
    "SCHEMAV_CVC_PATTERN_VALID": "значение не подходит под шаблон",
    "SCHEMAV_CVC_ENUMERATION_VALID": "такого значения в перечне нет",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "слишком много цифр в числе",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "слишком много знаков после запятой",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "значение меньше допустимого",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "значение больше допустимого",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "значение больше допустимого",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "значение меньше допустимого",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "значение другого типа",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "нет обязательного атрибута",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "лишний атрибут",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "лишний атрибут",
    "SCHEMAV_CVC_IDC": "идентификатор повторяется или ссылается в никуда",
    "SCHEMAV_CVC_ELT_5_2_2_2_2": "значение должно быть ровно таким, как задано",
    "SCHEMAV_CVC_ELT_1": "такого сообщения в схеме нет",
}


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One refusal: line of the source (0 when unknown), path in local names, the reason (Russian meaning, then the processor's words)."""

    line: int
    path: str
    message: str


class SchemaSet:
    """The schemas of one album number in one folder; :func:`album` gives ours, a folder with the official ones works as well."""

    def __init__(self, folder: Path, files: dict[str, str], number: str) -> None:
        self.folder = folder
        self.number = number
        self._files = files
        self._compiled: dict[str, etree.XMLSchema] = {}
        self._lock = threading.Lock()  # a compiled schema keeps its log, so it serves one thread at a time

    def knows(self, namespace: str) -> bool:
        """Whether there is a schema for messages of a namespace."""
        return namespace in self._files

    def path(self, namespace: str) -> Path:
        """The schema file of a namespace."""
        try:
            return self.folder / self._files[namespace]
        except KeyError:
            raise KeyError(f"no schema for namespace {namespace} in album {self.number}") from None

    def validate(self, element: etree._Element) -> list[SchemaProblem]:
        """Everything the schema has against an element; an empty list is a pass."""
        namespace = etree.QName(element).namespace or ""
        if not self.knows(namespace):
            return [SchemaProblem(element.sourceline or 0, _path(element, element), f"нет схемы для пространства имён {namespace!r}")]
        with self._lock:
            schema = self._schema(namespace)
            problems = [] if schema.validate(element) else _problems(schema.error_log, element)
        return problems + _fixed_problems(element, self.number, valid=not problems)

    def accepts(self, element: etree._Element) -> bool:
        """The verdict alone, without wording what is wrong."""
        namespace = etree.QName(element).namespace or ""
        with self._lock:
            return (
                self.knows(namespace)
                and self._schema(namespace).validate(element)
                and not _fixed_problems(element, self.number, valid=True)
            )

    def compile(self, namespace: str) -> None:
        """Compile the schema of a namespace now; the processor's error tells what is wrong with it."""
        with self._lock:
            self._schema(namespace)

    def _schema(self, namespace: str) -> etree.XMLSchema:
        schema = self._compiled.get(namespace)
        if schema is None:
            schema = self._compiled[namespace] = etree.XMLSchema(etree.parse(str(self.path(namespace)), _schema_parser()))
        return schema

    def explain(self, element: etree._Element, limit: int = 20) -> list[SchemaProblem]:
        """The same question put to ``xmlschema``: slower, with the reason and the place in words."""
        schema = _explainer(str(self.path(etree.QName(element).namespace or "")))
        problems = []
        for error in schema.iter_errors(element):
            place = error.elem if isinstance(error.elem, etree._Element) else element
            line = getattr(place, "sourceline", None) or 0
            problems.append(SchemaProblem(line, _path(place, element), str(error.reason or error.message)))
            if len(problems) == limit:
                break
        return problems


def _schema_parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)


@functools.lru_cache(maxsize=16)
def _explainer(path: str) -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(path, allow="local", validation="lax")


def _path(element: etree._Element, root: etree._Element) -> str:
    """``Root/Child[2]/Leaf``: local names, a number where brothers share a name."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        parent = None if node is root else node.getparent()
        name = etree.QName(node).localname
        if parent is not None:
            brothers = parent.findall(node.tag)
            name += f"[{brothers.index(node) + 1}]" if len(brothers) > 1 else ""
        steps.append(name)
        node = parent
    return "/".join(reversed(steps))


def _problems(log: etree._ListErrorLog, root: etree._Element) -> list[SchemaProblem]:
    """The first refusals of a log, each with its place: libxml2 names it by a path with the prefixes of the document."""
    prefixes = {prefix: uri for element in root.iter(etree.Element) for prefix, uri in element.nsmap.items() if prefix}
    document = etree.ElementTree(root)
    problems = []
    for error in log[:MOST_PROBLEMS]:
        try:
            found = document.xpath(error.path, namespaces=prefixes) if error.path else []
        except etree.XPathEvalError:  # one prefix for two namespaces inside the document: the line must do
            found = []
        place = found[0] if found and isinstance(found[0], etree._Element) else root
        meaning = _MEANINGS.get(error.type_name)
        problems.append(SchemaProblem(error.line, _path(place, root), f"{meaning}: {error.message}" if meaning else error.message))
    return problems


def _fixed_problems(root: etree._Element, number: str, *, valid: bool) -> list[SchemaProblem]:
    """Attributes whose value the tables fix; lxml lets any value pass where the attribute is declared by reference.

    A large message is not walked for them when it is ``valid``, unsigned (inside a signature anything may stand) and of a kind that has
    none below its root.
    """
    known = tables(number)
    version = known.tag("base:version")
    problems = []
    flat = valid and root.find(_SIGNATURE) is None and not known.fixes_inside(root.tag)
    for element in [root] if flat else root.iter(*known.fixed_attributes):  # by tags: libxml2 finds them without a look at attributes
        if element.get(version) is None:
            continue
        for attribute, accepted in known.fixed_attributes.get(element.tag, {}).items():
            value = element.get(attribute)
            if value is not None and value not in accepted:
                allowed = ", ".join(sorted(accepted))
                message = f"версия сообщения {value!r} не поддерживается, допустимо: {allowed}"
                problems.append(SchemaProblem(element.sourceline or 0, _path(element, root), message))
    return problems


@contextmanager
def schema_folder(number: str = ALBUM) -> Iterator[Path]:
    """The folder of generated schemas and WSDLs as files on disk (unpacked for the time of the block when it is inside an archive)."""
    with resources.as_file(resources.files("xsd.gis_zhkh")) as folder:
        yield folder / number / "schema"


@functools.cache
def album(number: str = ALBUM) -> SchemaSet:
    """Our schemas of an album number."""
    known = tables(number)
    folder = Path(str(resources.files("xsd.gis_zhkh").joinpath(number, "schema")))
    return SchemaSet(folder, {namespace: f"{prefix}.xsd" for prefix, namespace in known.namespaces.items()}, number)


def validate(element: etree._Element, *, number: str = ALBUM) -> list[SchemaProblem]:
    """Check a message (request, reply or header element) against our profile."""
    return album(number).validate(element)


def explain(element: etree._Element, *, number: str = ALBUM, limit: int = 20) -> list[SchemaProblem]:
    """Say in words what our profile has against a message."""
    return album(number).explain(element, limit)


def wsdl_path(service: str, *, number: str = ALBUM) -> Path:
    """The WSDL of a service (``bills``, ``house-management`` …): what zeep loads."""
    if service not in tables(number).services:
        raise KeyError(f"no service {service} in album {number}")
    return album(number).folder / f"{service}.wsdl"
