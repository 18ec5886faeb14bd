"""Banks: compact schema profiles of our own for camt.053/.054 and УФЭБС, one file for each message and version.

What the reader reads is as strict as the standard; what it does not read stands at its place as a lax element. ``generate`` writes the camt
files (their versions differ in a few places) and the УФЭБС files; the results are committed.
"""

from __future__ import annotations

import functools
import threading
from importlib import resources

from lxml import etree

__all__ = ["accepts", "schema_name"]

_UFEBS = "urn:cbr-ru:ed:v2.0"
_CAMT = "urn:iso:std:iso:20022:tech:xsd:"
_LOCK = threading.Lock()  # a compiled schema keeps its log, so it serves one thread at a time


def schema_name(element: etree._Element) -> str | None:
    """The schema of a root element, or None when there is none for its name, namespace and version."""
    tag = etree.QName(element)
    if tag.namespace == _UFEBS:
        name = f"ufebs-{tag.localname.lower()}"
    elif tag.localname == "Document" and (tag.namespace or "").startswith(_CAMT):
        name = str(tag.namespace).removeprefix(_CAMT)
    else:
        return None
    return name if resources.files(__name__).joinpath(f"{name}.xsd").is_file() else None


def accepts(element: etree._Element) -> bool:
    """Whether a root element passes the schema of its name and version."""
    name = schema_name(element)
    if name is None:
        return False
    with _LOCK:
        return bool(_schema(name).validate(element))


@functools.cache
def _schema(name: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    data = resources.files(__name__).joinpath(f"{name}.xsd").read_bytes()
    return etree.XMLSchema(etree.fromstring(data, parser))
